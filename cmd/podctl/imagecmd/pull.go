package imagecmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/image"
)

type puller interface {
	Pull(ctx context.Context, ref string, opts image.PullOptions) ([]string, error)
}

type pullOptions struct {
	IO     *iostreams.IOStreams
	Images func(context.Context) (puller, error)

	Refs  []string
	Quiet bool
	Pull  image.PullOptions
}

// NewCmdPull returns "podctl pull".
func NewCmdPull(f *cmdutil.Factory, open Open, runF func(context.Context, *pullOptions) error) *cobra.Command {
	opts := &pullOptions{IO: f.IO, Images: func(ctx context.Context) (puller, error) { return open(ctx) }}
	flags := &pullFlags{}
	cmd := &cobra.Command{
		Use:   "pull [options] IMAGE [IMAGE...]",
		Short: "Pull images",
		Long: `Pull images from a registry, or copy them from an archive or directory
named with its transport, and print their IDs.

Exit codes: 0 success, 125 error.`,
		Example: `podctl pull docker.io/library/busybox
podctl pull docker-archive:/tmp/busybox.tar`,
		Args: cmdutil.MinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Refs = args
			if err := flags.apply(cmd, &opts.Pull); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return pullRun(cmd.Context(), opts)
		},
	}
	flags.bind(cmd, &opts.Pull)
	cmd.Flags().BoolVarP(&opts.Pull.AllTags, "all-tags", "a", false, "Pull every tag of the repository")
	cmd.Flags().BoolVarP(&opts.Quiet, "quiet", "q", false, "Show no progress")
	return cmd
}

func pullRun(ctx context.Context, opts *pullOptions) error {
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	if !opts.Quiet {
		opts.Pull.Progress = opts.IO.ErrOut
	}
	var errs []error
	for _, ref := range opts.Refs {
		ids, err := images.Pull(ctx, ref, opts.Pull)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, id := range ids {
			fmt.Fprintln(opts.IO.Out, id)
		}
	}
	return errors.Join(errs...)
}

// pullFlags are the flags about pulling whose values need reading.
type pullFlags struct {
	registryFlags
	platform, policy string
}

func (p *pullFlags) bind(cmd *cobra.Command, opts *image.PullOptions) {
	p.registryFlags.bind(cmd, &opts.Registry)
	fs := cmd.Flags()
	fs.StringVar(&opts.Arch, "arch", "", "Use the image for this `architecture`")
	fs.StringVar(&opts.OS, "os", "", "Use the image for this operating `system`")
	fs.StringVar(&opts.Variant, "variant", "", "Use the image for this `variant` of the architecture")
	fs.StringVar(&p.platform, "platform", "", "Use the image for this `os/arch[/variant]`")
	fs.StringSliceVar(&opts.DecryptionKeys, "decryption-key", nil, "Decrypt the image with the `key` in this file")
	fs.StringVar(&p.policy, "policy", string(image.PullAlways), "`When` to pull (always, missing, never, newer)")
	fs.StringVar(&opts.SignaturePolicy, "signature-policy", "", "`Path` of policy.json")
	fs.Bool("disable-content-trust", false, "Does nothing")
	fs.Lookup("signature-policy").Hidden = true
	fs.Lookup("disable-content-trust").Hidden = true
}

func (p *pullFlags) apply(cmd *cobra.Command, opts *image.PullOptions) error {
	var err error
	if opts.Policy, err = image.ParsePullPolicy(p.policy); err != nil {
		return err
	}
	if p.platform != "" {
		if opts.Arch != "" || opts.OS != "" {
			return errors.New("--platform option can not be specified with --arch or --os")
		}
		parts := append(strings.SplitN(p.platform, "/", 3), "", "")
		opts.OS, opts.Arch = parts[0], parts[1]
		if parts[2] != "" {
			opts.Variant = parts[2]
		}
	}
	return p.registryFlags.apply(cmd, &opts.Registry)
}
