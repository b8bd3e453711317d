package imagecmd

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/library"
)

type pusher interface {
	Push(ctx context.Context, ref, destination string, opts library.PushOptions) (string, error)
}

type pushOptions struct {
	IO     *iostreams.IOStreams
	Images func(context.Context) (pusher, error)

	Image, Destination string
	DigestFile         string
	Quiet              bool
	Push               library.PushOptions
}

// NewCmdPush returns "podctl push".
func NewCmdPush(f *cmdutil.Factory, open Open, runF func(context.Context, *pushOptions) error) *cobra.Command {
	opts := &pushOptions{IO: f.IO, Images: func(ctx context.Context) (pusher, error) { return open(ctx) }}
	flags := &registryFlags{}
	var level int
	cmd := &cobra.Command{
		Use:   "push [options] IMAGE [DESTINATION]",
		Short: "Push an image to a registry",
		Long: `Push a local image to a registry, or copy it to an archive or directory named
with its transport. Without a destination it goes where its name says.

Exit codes: 0 success, 125 error.`,
		Example: `podctl push registry.example.com/team/app:1
podctl push app oci-archive:/tmp/app.tar`,
		Args: cmdutil.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Image = args[0]
			if len(args) > 1 {
				opts.Destination = args[1]
			}
			if err := flags.apply(cmd, &opts.Push.Registry); err != nil {
				return err
			}
			if cmd.Flags().Changed("compression-level") {
				opts.Push.CompressionLevel = &level
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return pushRun(cmd.Context(), opts)
		},
	}
	flags.bind(cmd, &opts.Push.Registry)
	fs := cmd.Flags()
	fs.BoolVar(&opts.Push.Compress, "compress", false, "Compress the layers of a destination dir:PATH")
	fs.StringVar(&opts.Push.CompressionFormat, "compression-format", "", "Compress layers with this `format` (gzip, zstd, zstd:chunked)")
	fs.IntVar(&level, "compression-level", 0, "Compress layers at this `level`")
	fs.BoolVar(&opts.Push.ForceCompression, "force-compression", false, "Compress layers that are compressed otherwise again")
	fs.StringVarP(&opts.Push.Format, "format", "f", "", "Manifest `type` (oci, v2s1, v2s2)")
	fs.StringVar(&opts.DigestFile, "digestfile", "", "Write the digest of the pushed image to this `file`")
	fs.BoolVarP(&opts.Quiet, "quiet", "q", false, "Show no progress")
	fs.BoolVar(&opts.Push.RemoveSignatures, "remove-signatures", false, "Push no signatures of the image")
	fs.StringArrayVar(&opts.Push.EncryptionKeys, "encryption-key", nil, "Encrypt the image for this `protocol:file`, such as jwe:public.pem")
	fs.IntSliceVar(&opts.Push.EncryptLayers, "encrypt-layer", nil, "Encrypt this `layer` only, 0 for the first and -1 for the last")
	fs.StringVar(&opts.Push.SignBy, "sign-by", "", "Sign with this GPG `key`")
	fs.StringVar(&opts.Push.SignBySigstorePrivateKey, "sign-by-sigstore-private-key", "", "Sign with the sigstore key in this `file`")
	return cmd
}

func pushRun(ctx context.Context, opts *pushOptions) error {
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	if !opts.Quiet {
		opts.Push.Progress = opts.IO.ErrOut
	}
	digest, err := images.Push(ctx, opts.Image, opts.Destination, opts.Push)
	if err != nil || opts.DigestFile == "" {
		return err
	}
	if err := os.WriteFile(opts.DigestFile, []byte(digest), 0o644); err != nil {
		return fmt.Errorf("write digest: %w", err)
	}
	return nil
}
