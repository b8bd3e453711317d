package network

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// leaseDB reads and repairs libnetwork's address database. Its layout: one
// bucket per network; in it a bucket "ids" (container ID -> JSON list of
// addresses) and one bucket per subnet (raw address -> container ID, and
// "lastIP"). libnetwork looks only at "ids": an allocation interrupted and made
// again loses the first address for good, and freeing what is not there is an
// error. These methods go by the owner of each address instead.
//
// bbolt locks the file; every method opens it for one transaction.
type leaseDB struct{ path string }

var idsBucket = []byte("ids")

const leaseLockWait = 60 * time.Second

// open returns nil where no lease was ever made.
func (l leaseDB) open() (*bbolt.DB, error) {
	if _, err := os.Stat(l.path); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	db, err := bbolt.Open(l.path, 0o600, &bbolt.Options{Timeout: leaseLockWait})
	if err != nil {
		return nil, fmt.Errorf("open address leases %s: %w", l.path, err)
	}
	return db, nil
}

// use runs fn with the database, unless no lease was ever made. Who finds it in use
// looks again after 50 ms, perhaps with libnetwork's lock: so this does not take long.
func (l leaseDB) use(fn func(*bbolt.DB) error) error {
	return inFront(func() error {
		db, err := l.open()
		if db == nil {
			return err
		}
		defer db.Close()
		return fn(db)
	})
}

// lease is what a network has given to a container.
type lease struct {
	ips []net.IP
	// listed: these are all, and libnetwork, which goes by "ids", knows them.
	listed bool
}

// of returns what each network has given to the container.
func (l leaseDB) of(id string) (map[string]lease, error) {
	var held map[string]lease
	err := l.use(func(db *bbolt.DB) error {
		return db.View(func(tx *bbolt.Tx) (err error) {
			held, err = heldIn(tx, id)
			return err
		})
	})
	return held, err
}

func heldIn(tx *bbolt.Tx, id string) (map[string]lease, error) {
	held := map[string]lease{}
	return held, tx.ForEach(func(name []byte, network *bbolt.Bucket) error {
		var found lease
		if ids := network.Bucket(idsBucket); ids != nil {
			if raw := ids.Get([]byte(id)); raw != nil {
				if err := json.Unmarshal(raw, &found.ips); err != nil {
					return fmt.Errorf("read leases of %s on network %s: %w", id, name, err)
				}
			}
		}
		owned := addressesOf(network, id)
		if len(found.ips) == 0 {
			found.ips = owned
		} else {
			found.listed = len(owned) == len(found.ips)
		}
		if len(found.ips) > 0 {
			held[string(name)] = found
		}
		return nil
	})
}

// free drops every address the container holds on the named networks.
func (l leaseDB) free(id string, networks []string) error {
	return l.update(func(tx *bbolt.Tx) error {
		for _, name := range networks {
			network := tx.Bucket([]byte(name))
			if network == nil {
				continue
			}
			if err := freeIn(network, id); err != nil {
				return fmt.Errorf("free the addresses of %s on network %s: %w", id, name, err)
			}
		}
		return nil
	})
}

func (l leaseDB) update(fn func(*bbolt.Tx) error) error {
	return l.use(func(db *bbolt.DB) error { return db.Update(fn) })
}

func freeIn(network *bbolt.Bucket, id string) error {
	for _, subnet := range subnetsOf(network) {
		for _, ip := range ownedBy(subnet, id) {
			if err := subnet.Delete(ip); err != nil {
				return err
			}
		}
	}
	if ids := network.Bucket(idsBucket); ids != nil {
		return ids.Delete([]byte(id))
	}
	return nil
}

// keep records that the container holds ips on the network, so that a teardown
// tried again finds them. It reports false, and changes nothing, where one of
// them belongs to another container by now.
func (l leaseDB) keep(id, network string, ips []net.IP) (kept bool, err error) {
	err = l.update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket([]byte(network))
		if bucket == nil {
			return nil
		}
		var kerr error
		kept, kerr = keepIn(bucket, id, ips)
		return kerr
	})
	return kept && err == nil, err
}

func keepIn(network *bbolt.Bucket, id string, ips []net.IP) (bool, error) {
	type place struct {
		subnet *bbolt.Bucket
		ip     net.IP
	}
	var places []place
	for _, ip := range ips {
		ip = normalize(ip)
		subnet := subnetOf(network, ip)
		if subnet == nil {
			return false, nil
		}
		if owner := subnet.Get(ip); owner != nil && string(owner) != id {
			return false, nil
		}
		places = append(places, place{subnet, ip})
	}
	for _, p := range places {
		if err := p.subnet.Put(p.ip, []byte(id)); err != nil {
			return false, err
		}
	}
	raw, err := json.Marshal(ips)
	if err != nil {
		return false, err
	}
	ids, err := network.CreateBucketIfNotExists(idsBucket)
	if err != nil {
		return false, err
	}
	return true, ids.Put([]byte(id), raw)
}

func normalize(ip net.IP) net.IP {
	if v4 := ip.To4(); v4 != nil {
		return v4
	}
	return ip
}

// subnetsOf lists a network's subnet buckets by CIDR.
func subnetsOf(network *bbolt.Bucket) map[string]*bbolt.Bucket {
	subnets := map[string]*bbolt.Bucket{}
	cursor := network.Cursor()
	for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
		if v == nil && !bytes.Equal(k, idsBucket) {
			subnets[string(k)] = network.Bucket(k)
		}
	}
	return subnets
}

func subnetOf(network *bbolt.Bucket, ip net.IP) *bbolt.Bucket {
	for cidr, bucket := range subnetsOf(network) {
		if _, subnet, err := net.ParseCIDR(cidr); err == nil && subnet.Contains(ip) {
			return bucket
		}
	}
	return nil
}

// ownedBy returns copies: bbolt's keys do not outlive a change.
func ownedBy(subnet *bbolt.Bucket, id string) (ips [][]byte) {
	cursor := subnet.Cursor()
	for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
		isAddress := len(k) == net.IPv4len || len(k) == net.IPv6len // "lastIP" is neither
		if isAddress && string(v) == id {
			ips = append(ips, bytes.Clone(k))
		}
	}
	return ips
}

func addressesOf(network *bbolt.Bucket, id string) (ips []net.IP) {
	for _, subnet := range subnetsOf(network) {
		for _, ip := range ownedBy(subnet, id) {
			ips = append(ips, net.IP(ip))
		}
	}
	return ips
}
