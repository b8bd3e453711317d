package image

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/containers/common/libimage"
	"github.com/containers/common/pkg/config"
	registry "github.com/containers/image/v5/docker"
	"github.com/containers/image/v5/transports/alltransports"
	imagetypes "github.com/containers/image/v5/types"
	"github.com/containers/ocicrypt/helpers"

	"github.com/podctl/podctl/pkg/errdefs"
)

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
		return "", classed{err, errdefs.ErrInvalidArg}
	}
	return PullPolicy(policy.String()), nil
}

// library returns the library's value. Unknown words cannot come from
// ParsePullPolicy and are an error.
func (p PullPolicy) library() (config.PullPolicy, error) {
	policy, err := config.ParsePullPolicy(string(p))
	if err != nil {
		return policy, classed{err, errdefs.ErrInvalidArg}
	}
	return policy, nil
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

// Ensure returns the image ref names, pulling it as the policy demands. With
// [PullNever] and no local image the error is [errdefs.ErrNoSuchImage].
func (s *Store) Ensure(ctx context.Context, ref string, opts PullOptions) (*Image, error) {
	if opts.prefersLocal(ref) {
		if img, resolved, err := s.lookup(ref); err == nil {
			found, err := newImage(ctx, img, resolved)
			// An image that cannot be read is pulled again.
			if err == nil || opts.Policy == PullNever {
				return found, err
			}
		}
	}
	pulled, err := s.pull(ctx, ref, opts)
	if err != nil {
		return nil, err
	}
	if len(pulled) == 0 {
		return nil, fmt.Errorf("%s: %w", ref, errdefs.ErrNoSuchImage)
	}
	img := pulled[0]
	resolved := ""
	if !namesTransport(ref) {
		if named, name, err := s.lookup(ref); err == nil && named.ID() == img.ID() {
			resolved = name
		}
	}
	return newImage(ctx, img, resolved)
}

// prefersLocal says whether a local image of the name ends the search. For
// another platform it does not: local images may declare a wrong one.
func (o PullOptions) prefersLocal(ref string) bool {
	platform := o.Arch != "" || o.OS != "" || o.Variant != ""
	switch o.Policy {
	case "", PullMissing, PullNever:
		return !platform && !namesTransport(ref)
	}
	return false
}

// Pull pulls what ref names, which may begin with a transport such as
// docker-archive:, and returns the IDs of the images, several with AllTags.
func (s *Store) Pull(ctx context.Context, ref string, opts PullOptions) ([]string, error) {
	pulled, err := s.pull(ctx, ref, opts)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, img := range pulled {
		// An archive may hold one image under several names.
		if !slices.Contains(ids, img.ID()) {
			ids = append(ids, img.ID())
		}
	}
	return ids, nil
}

func (s *Store) pull(ctx context.Context, ref string, opts PullOptions) ([]*libimage.Image, error) {
	if ref == "" {
		return nil, errdefs.ErrEmptyName
	}
	policy, err := opts.Policy.library()
	if err != nil {
		return nil, err
	}
	pullOpts := &libimage.PullOptions{AllTags: opts.AllTags, CopyOptions: opts.Registry.copyOptions(opts.Progress)}
	pullOpts.Architecture, pullOpts.OS, pullOpts.Variant = opts.Arch, opts.OS, opts.Variant
	pullOpts.SignaturePolicyPath = opts.SignaturePolicy
	if pullOpts.SignaturePolicyPath == "" && namesTransport(ref) {
		pullOpts.SignaturePolicyPath = s.localPolicyPath()
	}
	if len(opts.DecryptionKeys) > 0 {
		crypto, err := helpers.CreateDecryptCryptoConfig(opts.DecryptionKeys, nil)
		if err != nil {
			return nil, fmt.Errorf("read decryption keys: %w", err)
		}
		pullOpts.OciDecryptConfig = crypto.DecryptConfig
	}
	pulled, err := s.runtime.Pull(ctx, ref, policy, pullOpts)
	if err != nil {
		err = s.explainPolicy(ref, classify(err))
		if policy != config.PullPolicyNever {
			s.event(ctx, Event{Status: StatusPullError, Name: ref, Error: err.Error()})
		}
		return nil, err
	}
	for _, img := range pulled {
		s.event(ctx, Event{Status: StatusPull, ID: img.ID(), Name: ref})
	}
	return pulled, nil
}

// copyOptions is what every copy that may speak to a registry has in common.
func (r Registry) copyOptions(progress io.Writer) libimage.CopyOptions {
	opts := libimage.CopyOptions{
		AuthFilePath: r.AuthFile, CertDirPath: r.CertDir, Credentials: r.Creds,
		MaxRetries: r.Retry, RetryDelay: r.RetryDelay, Writer: progress,
	}
	if r.TLSVerify != nil {
		opts.InsecureSkipTLSVerify = imagetypes.NewOptionalBool(!*r.TLSVerify)
	}
	return opts
}

// namesTransport says whether ref begins with a transport other than a
// registry's, as in oci:/path. A name such as docker:latest does not.
func namesTransport(ref string) bool {
	if !strings.Contains(ref, ":") {
		return false
	}
	parsed, err := alltransports.ParseImageName(ref)
	return err == nil && parsed.Transport().Name() != registry.Transport.Name()
}
