package volume

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"time"

	"github.com/containers/storage/pkg/regexp"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Drivers this program has.
const (
	DriverLocal = "local"
	DriverImage = "image"
)

// ScopeLocal is the scope of every volume: this host.
const ScopeLocal = "local"

// Volume is one volume.
type Volume struct {
	// Name is unique among volumes and immutable.
	Name string
	// CreatedAt is in UTC.
	CreatedAt time.Time
	// Anonymous: made for a container that asked for a volume without naming
	// it, and removed with that container.
	Anonymous bool
	Config
}

// Config is what a volume row keeps as JSON.
type Config struct {
	Driver  string
	Options map[string]string `json:",omitempty"`
	Labels  map[string]string `json:",omitempty"`
	// Mountpoint is the directory containers see.
	Mountpoint string
	// UID and GID own that directory.
	UID int `json:",omitempty"`
	GID int `json:",omitempty"`
	// Size in bytes and Inodes limit a volume without a file system of its own.
	Size   uint64 `json:",omitempty"`
	Inodes uint64 `json:",omitempty"`
	// NeedsCopyUp: the first container copies its image's content in.
	NeedsCopyUp bool `json:",omitempty"`
	// NeedsChown: the first container gives the directory the owner and mode
	// of the one it covers.
	NeedsChown bool `json:",omitempty"`
	// Timeout is for volume plugins, in seconds.
	Timeout uint `json:",omitempty"`
	// StorageID is never set: a volume of driver image is a copy of the image.
	StorageID string `json:",omitempty"`
}

// CreateOptions is what a user asks of a new volume.
type CreateOptions struct {
	// Name; empty for a random one.
	Name string
	// Driver; empty for local.
	Driver  string
	Options map[string]string
	Labels  map[string]string
	// UID and GID own the volume; nil for root and a change of owner at first use.
	UID, GID *int
	// IgnoreIfExists makes a taken name no error.
	IgnoreIfExists bool
	Anonymous      bool
}

var nameRule = regexp.Delayed(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// ValidateName refuses names that cannot be a volume's; ErrBadName.
func ValidateName(name string) error {
	if !nameRule.MatchString(name) {
		return errdefs.ErrBadName
	}
	return nil
}

// RandomName is the name of a volume nobody named: 64 hex digits.
func RandomName() string {
	var id [32]byte
	rand.Read(id[:]) // it never fails
	return hex.EncodeToString(id[:])
}

// New checks the options and makes the description of a volume below root, the
// volume path. It touches nothing. Errors are ErrInvalidArgument, or
// ErrUnsupported for a driver that is not there.
func New(root string, opts CreateOptions, now time.Time) (*Volume, error) {
	v := &Volume{Name: opts.Name, CreatedAt: now.UTC(), Anonymous: opts.Anonymous}
	if v.Name == "" {
		v.Name = RandomName()
	}
	if err := ValidateName(v.Name); err != nil {
		return nil, fmt.Errorf("running volume create option: %w", err)
	}
	v.Driver = opts.Driver
	if v.Driver == "" {
		v.Driver = DriverLocal
	}
	v.Labels = maps.Clone(opts.Labels)
	v.NeedsCopyUp, v.NeedsChown = true, true
	if err := v.parseOptions(opts.Options); err != nil {
		return nil, err
	}
	if opts.UID != nil {
		v.UID, v.NeedsChown = *opts.UID, false
	}
	if opts.GID != nil {
		v.GID, v.NeedsChown = *opts.GID, false
	}
	if v.Driver == DriverImage {
		v.NeedsCopyUp, v.NeedsChown = false, false
	}
	if err := v.checkLimits(); err != nil {
		return nil, err
	}
	v.Mountpoint = Mountpoint(root, v.Name)
	return v, nil
}

// Mountpoint is where a volume of that name keeps its data.
func Mountpoint(root, name string) string { return filepath.Join(root, name, "_data") }

// NeedsMount: the volume has a file system of its own, which must be mounted
// before use.
func (v *Volume) NeedsMount() bool {
	return v.Driver == DriverLocal && (v.Options[optType] != "" || v.Options[optDevice] != "")
}

// SourceImage is the image whose content the volume begins with, "" for none.
func (v *Volume) SourceImage() string {
	if v.Driver != DriverImage {
		return ""
	}
	return v.Options[optImage]
}

func missingDriver(name string) error {
	return fmt.Errorf("no volume plugin with name %s available: %w", name, errdefs.ErrMissingPlugin)
}
