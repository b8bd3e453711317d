package main

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// put writes a value the way netavark's address database is laid out.
func put(t *testing.T, db *bbolt.DB, network, bucket string, key, value []byte) {
	t.Helper()
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		outer, err := tx.CreateBucketIfNotExists([]byte(network))
		if err != nil {
			return err
		}
		inner, err := outer.CreateBucketIfNotExists([]byte(bucket))
		if err != nil {
			return err
		}
		return inner.Put(key, value)
	}))
}

func TestLeases(t *testing.T) {
	t.Run("an address in use is printed once with its network and container", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "ipam.db")
		db, err := bbolt.Open(path, 0o600, nil)
		require.NoError(t, err)
		address := net.IPv4(10, 89, 0, 2).To4()
		put(t, db, "web", "10.89.0.0/24", address, []byte("3f2a91"))
		put(t, db, "web", "10.89.0.0/24", []byte("lastIP"), address)
		put(t, db, "web", "ids", []byte("3f2a91"), []byte(`["10.89.0.2"]`))
		require.NoError(t, db.Close())

		list, err := leases(path)
		require.NoError(t, err)
		require.Equal(t, []string{"web 10.89.0.2 3f2a91"}, list)
	})
	t.Run("without a database there are none", func(t *testing.T) {
		list, err := leases(filepath.Join(t.TempDir(), "none"))
		require.NoError(t, err)
		require.Empty(t, list)
	})
}
