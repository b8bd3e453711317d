// Command leases prints the addresses that netavark networks have handed out,
// one "network address container" a line, from the database named by its only
// argument. A database that does not exist holds none.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: leases DATABASE")
		os.Exit(2)
	}
	if err := printLeases(os.Stdout, os.Args[1]); err != nil && !errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(os.Stderr, "leases:", err)
		os.Exit(1)
	}
}

// printLeases walks network buckets, their subnet buckets, and in those the
// pairs of address and container ID. What is in the "ids" bucket of a network
// says the same the other way round.
func printLeases(out io.Writer, path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: 5 * time.Second})
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer db.Close()
	return db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(network []byte, bucket *bbolt.Bucket) error {
			return bucket.ForEachBucket(func(subnet []byte) error {
				if string(subnet) == "ids" {
					return nil
				}
				return bucket.Bucket(subnet).ForEach(func(key, container []byte) error {
					// Besides addresses there is the last one used.
					if len(key) == net.IPv4len || len(key) == net.IPv6len {
						fmt.Fprintln(out, string(network), net.IP(key), string(container))
					}
					return nil
				})
			})
		})
	})
}
