package library

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/containers/common/libimage"
	"github.com/containers/image/v5/manifest"
	"github.com/containers/image/v5/pkg/compression"
	"github.com/containers/ocicrypt/helpers"
	ociv1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
)

// PushOptions modify Push.
type PushOptions struct {
	// Format is the manifest type oci, v2s1 or v2s2; empty keeps the image'l.
	Format string
	// Compress the layers of a destination with the dir transport.
	Compress bool
	// CompressionFormat is gzip, zstd or zstd:chunked, CompressionLevel nil
	// for the default; ForceCompression does not reuse layers compressed
	// otherwise.
	CompressionFormat string
	CompressionLevel  *int
	ForceCompression  bool
	RemoveSignatures  bool
	// SignBy is a GPG key ID, SignBySigstorePrivateKey a file.
	SignBy, SignBySigstorePrivateKey string
	// EncryptionKeys are "protocol:file" of keys to encrypt for, and EncryptLayers
	// the layers that are encrypted for them, counted from 0 or, if negative, from
	// behind; all if there is none.
	EncryptionKeys []string
	EncryptLayers  []int
	Progress       io.Writer
	Registry       image.Registry
}

// Push copies a local image to a registry, or to where another transport says,
// and returns the digest of its manifest there. An empty destination means the
// image's own name.
func (l *Library) Push(ctx context.Context, ref, destination string, opts PushOptions) (string, error) {
	img, resolved, err := l.lookup(ref)
	if err != nil {
		return "", err
	}
	pushOpts, err := l.pushOptions(opts)
	if err != nil {
		return "", err
	}
	if destination == "" {
		destination = resolved
	}
	written, err := l.runtime.Push(ctx, ref, destination, pushOpts)
	if err != nil {
		return "", image.Classify(err)
	}
	l.Report(ctx, image.Event{Status: image.StatusPush, ID: img.ID(), Name: destination})
	sum, err := manifest.Digest(written)
	if err != nil {
		return "", fmt.Errorf("digest pushed manifest: %w", err)
	}
	return sum.String(), nil
}

func (l *Library) pushOptions(opts PushOptions) (*libimage.PushOptions, error) {
	out := &libimage.PushOptions{CopyOptions: copyOptions(opts.Registry, opts.Progress)}
	// The policy is about what comes in: the source is the store.
	out.SignaturePolicyPath = l.localPolicyPath()
	out.DirForceCompress = opts.Compress
	out.ForceCompressionFormat, out.CompressionLevel = opts.ForceCompression, opts.CompressionLevel
	out.RemoveSignatures = opts.RemoveSignatures
	out.SignBy, out.SignBySigstorePrivateKeyFile = opts.SignBy, opts.SignBySigstorePrivateKey
	var err error
	if out.ManifestMIMEType, err = manifestType(opts.Format); err != nil {
		return nil, err
	}
	if opts.CompressionFormat != "" {
		algorithm, err := compression.AlgorithmByName(opts.CompressionFormat)
		if err != nil {
			return nil, image.Classed(err, errdefs.ErrInvalidArg)
		}
		out.CompressionFormat = &algorithm
	}
	if len(opts.EncryptionKeys) > 0 {
		crypto, err := helpers.CreateCryptoConfig(opts.EncryptionKeys, nil)
		if err != nil {
			return nil, fmt.Errorf("unable to obtain encryption config: invalid encryption keys: %w", err)
		}
		out.OciEncryptConfig, out.OciEncryptLayers = crypto.EncryptConfig, &opts.EncryptLayers
	}
	return out, nil
}

// manifestType returns the media type of a word of --format.
func manifestType(format string) (string, error) {
	switch strings.ToLower(format) {
	case "":
		return "", nil
	case "oci":
		return ociv1.MediaTypeImageManifest, nil
	case "v2s1":
		return manifest.DockerV2Schema1SignedMediaType, nil
	case "v2s2", "docker":
		return manifest.DockerV2Schema2MediaType, nil
	}
	return "", fmt.Errorf("unknown format %q. Choose one of the supported formats: oci, v2s1, or v2s2: %w", format, errdefs.ErrInvalidArg)
}
