package library

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/containers/common/libimage"
	"github.com/containers/common/pkg/config"
	registry "github.com/containers/image/v5/docker"
	"github.com/containers/image/v5/transports/alltransports"
	imagetypes "github.com/containers/image/v5/types"
	"github.com/containers/ocicrypt/helpers"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
)

// Ensure returns the image ref names, pulling it as the policy demands. With
// [image.PullNever] and no local image the error is [errdefs.ErrNoSuchImage].
func (l *Library) Ensure(ctx context.Context, ref string, opts image.PullOptions) (*image.Image, error) {
	if opts.LocalWillDo() && !namesTransport(ref) {
		if img, resolved, err := l.lookup(ref); err == nil {
			found, err := newImage(ctx, img, resolved)
			// An image that cannot be read is pulled again.
			if err == nil || opts.Policy == image.PullNever {
				return found, err
			}
		}
	}
	pulled, err := l.pull(ctx, ref, opts)
	if err != nil {
		return nil, err
	}
	if len(pulled) == 0 {
		return nil, fmt.Errorf("%s: %w", ref, errdefs.ErrNoSuchImage)
	}
	img := pulled[0]
	resolved := ""
	if !namesTransport(ref) {
		if named, name, err := l.lookup(ref); err == nil && named.ID() == img.ID() {
			resolved = name
		}
	}
	return newImage(ctx, img, resolved)
}

// Pull pulls what ref names, which may begin with a transport such as
// docker-archive:, and returns the IDs of the images, several with AllTags.
func (l *Library) Pull(ctx context.Context, ref string, opts image.PullOptions) ([]string, error) {
	pulled, err := l.pull(ctx, ref, opts)
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

func (l *Library) pull(ctx context.Context, ref string, opts image.PullOptions) ([]*libimage.Image, error) {
	if ref == "" {
		return nil, errdefs.ErrEmptyName
	}
	policy, err := policyOf(opts.Policy)
	if err != nil {
		return nil, err
	}
	pullOpts := &libimage.PullOptions{AllTags: opts.AllTags, CopyOptions: copyOptions(opts.Registry, opts.Progress)}
	pullOpts.Architecture, pullOpts.OS, pullOpts.Variant = opts.Arch, opts.OS, opts.Variant
	pullOpts.SignaturePolicyPath = opts.SignaturePolicy
	if pullOpts.SignaturePolicyPath == "" && namesTransport(ref) {
		pullOpts.SignaturePolicyPath = l.localPolicyPath()
	}
	if len(opts.DecryptionKeys) > 0 {
		crypto, err := helpers.CreateDecryptCryptoConfig(opts.DecryptionKeys, nil)
		if err != nil {
			return nil, fmt.Errorf("read decryption keys: %w", err)
		}
		pullOpts.OciDecryptConfig = crypto.DecryptConfig
	}
	pulled, err := l.runtime.Pull(ctx, ref, policy, pullOpts)
	if err != nil {
		err = l.explainPolicy(ref, image.Classify(err))
		if policy != config.PullPolicyNever {
			l.Report(ctx, image.Event{Status: image.StatusPullError, Name: ref, Error: err.Error()})
		}
		return nil, err
	}
	for _, img := range pulled {
		l.Report(ctx, image.Event{Status: image.StatusPull, ID: img.ID(), Name: ref})
	}
	return pulled, nil
}

// copyOptions is what every copy that may speak to a registry has in common.
func copyOptions(r image.Registry, progress io.Writer) libimage.CopyOptions {
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

// policyOf returns the library's value. Unknown words cannot come from
// ParsePullPolicy and are an error.
func policyOf(p image.PullPolicy) (config.PullPolicy, error) {
	policy, err := config.ParsePullPolicy(string(p))
	if err != nil {
		return policy, image.Classed(err, errdefs.ErrInvalidArg)
	}
	return policy, nil
}
