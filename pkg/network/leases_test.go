package network

import (
	"encoding/json"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// leaseFile writes a database as libnetwork does: owner by address in one
// subnet of network "web", and the list of addresses under "ids".
func leaseFile(t *testing.T, owners map[string]string, ids map[string][]string) leaseDB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ipam.db")
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		network, err := tx.CreateBucket([]byte("web"))
		require.NoError(t, err)
		subnet, err := network.CreateBucket([]byte("10.89.0.0/24"))
		require.NoError(t, err)
		require.NoError(t, subnet.Put([]byte("lastIP"), net.ParseIP("10.89.0.9").To4()))
		for ip, id := range owners {
			require.NoError(t, subnet.Put(net.ParseIP(ip).To4(), []byte(id)))
		}
		list, err := network.CreateBucket(idsBucket)
		require.NoError(t, err)
		for id, ips := range ids {
			raw, err := json.Marshal(ips)
			require.NoError(t, err)
			require.NoError(t, list.Put([]byte(id), raw))
		}
		return nil
	}))
	return leaseDB{path: path}
}

func held(t *testing.T, l leaseDB, id string) []string {
	t.Helper()
	all, err := l.of(id)
	require.NoError(t, err)
	var ips []string
	for _, ip := range all["web"].ips {
		ips = append(ips, ip.String())
	}
	return ips
}

func TestLeases(t *testing.T) {
	t.Run("no database means no leases and nothing to free", func(t *testing.T) {
		l := leaseDB{path: filepath.Join(t.TempDir(), "ipam.db")}
		require.Empty(t, held(t, l, "a"))
		require.NoError(t, l.free("a", []string{"web"}))
		kept, err := l.keep("a", "web", []net.IP{net.ParseIP("10.89.0.2")})
		require.NoError(t, err)
		require.False(t, kept)
		require.NoFileExists(t, l.path)
	})
	t.Run("an address without a list entry still counts", func(t *testing.T) {
		l := leaseFile(t, map[string]string{"10.89.0.2": "a"}, nil)
		require.Equal(t, []string{"10.89.0.2"}, held(t, l, "a"))
	})
	t.Run("free drops addresses that an interrupted setup lost, and no one else's", func(t *testing.T) {
		l := leaseFile(t,
			map[string]string{"10.89.0.2": "a", "10.89.0.3": "a", "10.89.0.4": "b"},
			map[string][]string{"a": {"10.89.0.3"}, "b": {"10.89.0.4"}})
		require.NoError(t, l.free("a", []string{"web", "gone"}))
		require.Empty(t, held(t, l, "a"))
		require.Equal(t, []string{"10.89.0.4"}, held(t, l, "b"))
		require.NoError(t, l.free("a", []string{"web"}), "twice is fine")
	})
	t.Run("keep takes a free address", func(t *testing.T) {
		l := leaseFile(t, nil, nil)
		kept, err := l.keep("a", "web", []net.IP{net.ParseIP("10.89.0.7")})
		require.NoError(t, err)
		require.True(t, kept)
		require.Equal(t, []string{"10.89.0.7"}, held(t, l, "a"))
	})
	t.Run("keep leaves an address that has a new owner", func(t *testing.T) {
		l := leaseFile(t, map[string]string{"10.89.0.7": "b"}, map[string][]string{"b": {"10.89.0.7"}})
		kept, err := l.keep("a", "web", []net.IP{net.ParseIP("10.89.0.7")})
		require.NoError(t, err)
		require.False(t, kept)
		require.Equal(t, []string{"10.89.0.7"}, held(t, l, "b"))
	})
}
