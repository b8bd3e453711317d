package volumecmd

import (
	"time"

	"github.com/podctl/podctl/pkg/volume"
)

// row is a volume as listings, templates and JSON show it.
type row struct {
	Name        string
	Driver      string
	Mountpoint  string
	CreatedAt   time.Time
	Status      map[string]string `json:",omitempty"` // of a volume plugin
	Labels      map[string]string
	Scope       string
	Options     map[string]string
	UID         int  `json:",omitempty"`
	GID         int  `json:",omitempty"`
	Anonymous   bool `json:",omitempty"`
	MountCount  uint
	NeedsCopyUp bool   `json:",omitempty"`
	NeedsChown  bool   `json:",omitempty"`
	Timeout     uint   `json:",omitempty"`
	StorageID   string `json:",omitempty"`
	LockNumber  uint32 // always 0: podctl's locks have no numbers
}

func newRow(s volume.Status) row {
	return row{
		Name: s.Name, Driver: s.Driver, Mountpoint: s.Mountpoint, CreatedAt: s.CreatedAt.Local(),
		Labels: notNil(s.Labels), Scope: volume.ScopeLocal, Options: notNil(s.Options),
		UID: s.UID, GID: s.GID, Anonymous: s.Anonymous, MountCount: s.MountCount,
		NeedsCopyUp: s.NeedsCopyUp, NeedsChown: s.NeedsChown, Timeout: s.Timeout, StorageID: s.StorageID,
	}
}

func rows(list []volume.Status) []row {
	all := make([]row, 0, len(list))
	for _, s := range list {
		all = append(all, newRow(s))
	}
	return all
}

// notNil: JSON shows an empty map and not null.
func notNil(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// Describe returns what inspect commands show of a volume.
func Describe(s volume.Status) any { return newRow(s) }
