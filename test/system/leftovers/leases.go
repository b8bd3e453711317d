package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// leases returns the addresses that netavark networks have handed out, one "network
// address container" each, from the database at path; none if there is no database. It
// walks network buckets, their subnet buckets, and in those the
// pairs of address and container ID. What is in the "ids" bucket of a network
// says the same the other way round.
func leases(path string) ([]string, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: 5 * time.Second})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer db.Close()
	var list []string
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(network []byte, bucket *bbolt.Bucket) error {
			return bucket.ForEachBucket(func(subnet []byte) error {
				if string(subnet) == "ids" {
					return nil
				}
				return bucket.Bucket(subnet).ForEach(func(key, container []byte) error {
					// Besides addresses there is the last one used.
					if len(key) == net.IPv4len || len(key) == net.IPv6len {
						list = append(list, fmt.Sprintf("%s %s %s", network, net.IP(key), container))
					}
					return nil
				})
			})
		})
	})
	return list, err
}
