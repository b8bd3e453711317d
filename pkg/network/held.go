package network

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/podctl/podctl/pkg/errdefs"
)

// heldWait bounds how long [Held] waits for a call that works on the leases.
const heldWait = 2 * time.Second

// Held returns, by container ID, the names of the networks on which an address is
// leased to it: by anybody who uses the same networks. It needs no backend and
// changes nothing. errdefs.ErrUnavailable while the leases are being worked on.
func Held(cfg Config) (map[string][]string, error) {
	path := filepath.Join(cfg.withDefaults().RunDir, "ipam.db")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: heldWait, ReadOnly: true})
	if errors.Is(err, bbolterrors.ErrTimeout) {
		return nil, fmt.Errorf("address leases %s are being worked on: %w", path, errdefs.ErrUnavailable)
	}
	if err != nil {
		return nil, fmt.Errorf("open address leases %s: %w", path, err)
	}
	defer db.Close()
	held := map[string][]string{}
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, network *bbolt.Bucket) error {
			for _, id := range holdersIn(network) {
				held[id] = append(held[id], string(name))
			}
			return nil
		})
	})
	return held, err
}

// holdersIn returns the containers with an address on the network, each once.
func holdersIn(network *bbolt.Bucket) (ids []string) {
	if bucket := network.Bucket(idsBucket); bucket != nil {
		_ = bucket.ForEach(func(id, _ []byte) error { // the function returns no error
			ids = append(ids, string(id))
			return nil
		})
	}
	for _, subnet := range subnetsOf(network) {
		cursor := subnet.Cursor()
		for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
			if _, err := hex.DecodeString(string(v)); err == nil && len(v) == 64 && !bytes.Equal(k, []byte("lastIP")) {
				ids = append(ids, string(v))
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
