package image

import (
	"io"
	"time"

	"github.com/containers/common/pkg/config"
	"github.com/containers/image/v5/manifest"
	ociv1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/podctl/podctl/pkg/errdefs"
)

// What follows are the words in which package library is spoken to by who does
// not import it.

// PullPolicy says when a registry is asked for an image.
type PullPolicy string

// The pull policies. The empty policy means missing.
const (
	// PullMissing pulls what is not there.
	PullMissing PullPolicy = "missing"
	// PullAlways pulls and fails if that fails.
	PullAlways PullPolicy = "always"
	// PullNever uses local images only.
	PullNever PullPolicy = "never"
	// PullNewer pulls if the registry has another digest under the name;
	// a local image makes do if it cannot be pulled.
	PullNewer PullPolicy = "newer"
)

// ParsePullPolicy reads the words of --pull and --policy, in any case. The error
// is of class [errdefs.ErrInvalidArgument].
func ParsePullPolicy(word string) (PullPolicy, error) {
	policy, err := config.ParsePullPolicy(word)
	if err != nil {
		return "", Classed(err, errdefs.ErrInvalidArg)
	}
	return PullPolicy(policy.String()), nil
}

// Registry is how a registry is spoken to. The zero value leaves everything to
// the configuration files.
type Registry struct {
	AuthFile string
	CertDir  string
	// Creds is "user[:password]".
	Creds string
	// TLSVerify is nil for what registries.conf says.
	TLSVerify *bool
	// Retry and RetryDelay are nil for what containers.conf says.
	Retry      *uint
	RetryDelay *time.Duration
}

// PullOptions modify Pull and Ensure.
type PullOptions struct {
	Policy PullPolicy
	// Progress receives progress lines, or bars if it is a terminal's *os.File.
	Progress io.Writer
	// Arch, OS and Variant choose another platform than this machine's.
	Arch, OS, Variant string
	AllTags           bool
	// SignaturePolicy overrides policy.json for this pull.
	SignaturePolicy string
	// DecryptionKeys are "file[:password]" of keys for encrypted images.
	DecryptionKeys []string
	Registry       Registry
}

// LocalWillDo says whether a local image of the name ends the search. For another
// platform it does not: local images may declare a wrong one.
func (o PullOptions) LocalWillDo() bool {
	switch o.Policy {
	case "", PullMissing, PullNever:
		return o.Arch == "" && o.OS == "" && o.Variant == ""
	}
	return false
}

// RemoveOptions modify Remove.
type RemoveOptions struct {
	// All removes every image; names must be empty then.
	All bool
	// Force removes containers made from the images too, podctl's through
	// [Hooks.RemoveContainer], and ignores unknown images. A container that
	// another tool has mounted is in use all the same.
	Force bool
	// Ignore takes unknown images for removed.
	Ignore bool
	// NoPrune keeps untagged parents.
	NoPrune bool
}

// RemoveReport is what a removal did, in order.
type RemoveReport struct {
	// Untagged are full names, Deleted are image IDs.
	Untagged, Deleted []string
}

// PruneOptions modify Prune.
type PruneOptions struct {
	// All prunes every image without a container, else only dangling ones.
	All bool
	// External removes unmounted containers of other tools together with
	// their images.
	External bool
	// Filters as in the list of images.
	Filters []string
}

// Pruned is one image that was pruned.
type Pruned struct {
	ID string
	// Size is what the image took, in bytes.
	Size int64
}

// Usage is the disk space of one image under one of its names, in bytes.
type Usage struct {
	ID, Repository, Tag string
	Created             time.Time
	// Containers counts those made from the image.
	Containers int
	// SharedSize is what other images have too, UniqueSize the rest of Size.
	Size, SharedSize, UniqueSize int64
}

// CommitOptions describe the image that is made of a container.
type CommitOptions struct {
	// Name is the image's name, normalized as pull does it; "" for none.
	Name string
	// Docker makes an image in Docker's format instead of OCI's. Message is
	// only kept there.
	Docker          bool
	Author, Message string
	// CreatedBy is the history's word for what made the layer.
	CreatedBy string
	// Config is how the container runs, Changes are instructions of a
	// Dockerfile that are applied to it.
	Config  ociv1.ImageConfig
	Changes []string
	// Healthcheck is kept in Docker's format only.
	Healthcheck *manifest.Schema2HealthConfig
	// Squash is the whole root filesystem as a tar stream, which becomes the
	// only layer; nil for one layer above the image's.
	Squash io.Reader
}
