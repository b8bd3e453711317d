package secretcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type creator interface {
	// CreateSecret stores a secret and returns its ID.
	CreateSecret(ctx context.Context, name string, data []byte, opts engine.SecretOptions) (string, error)
}

type createOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (creator, error)

	Name string
	// Source is a file, "-" for standard input, or with Env a variable.
	Source string
	Env    bool
	Labels []string
	Create engine.SecretOptions
}

// NewCmdCreate returns "podctl secret create".
func NewCmdCreate(f *cmdutil.Factory, open Open, runF func(context.Context, *createOptions) error) *cobra.Command {
	opts := &createOptions{IO: f.IO, Engine: func(ctx context.Context) (creator, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "create [options] NAME FILE|-",
		Short: "Create a secret",
		Long: `Create a secret from a file, from standard input or, with --env, from a variable
of the environment, and print its ID.

Exit codes: 0 success, 125 error.`,
		Example: `podctl secret create password ./password.txt
printf %s "$TOKEN" | podctl secret create token -`,
		Args: cmdutil.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Name, opts.Source = args[0], args[1]
			if opts.Create.IgnoreIfExists && opts.Create.Replace {
				return errors.New("cannot use --ignore and --replace flags together")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return createRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&opts.Create.Driver, "driver", "d", "", "Where the data is kept: file, pass or shell")
	fs.StringToStringVar(&opts.Create.DriverOptions, "driver-opts", nil, "Set a driver `option`, key=value")
	fs.BoolVar(&opts.Env, "env", false, "Read the data from an environment variable")
	fs.BoolVar(&opts.Create.IgnoreIfExists, "ignore", false, "Do not fail if the secret exists")
	fs.StringArrayVarP(&opts.Labels, "label", "l", nil, "Set a `label`, key=value")
	fs.BoolVar(&opts.Create.Replace, "replace", false, "Replace a secret of the same name")
	return cmd
}

func createRun(ctx context.Context, opts *createOptions) error {
	var err error
	if opts.Create.Labels, err = cmdutil.KeyValues(opts.Labels); err != nil {
		return fmt.Errorf("unable to process labels: %w", err)
	}
	data, err := opts.read()
	if err != nil {
		return err
	}
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	id, err := eng.CreateSecret(ctx, opts.Name, data, opts.Create)
	if err != nil {
		return err
	}
	fmt.Fprintln(opts.IO.Out, id)
	return nil
}

// maxRead is more than any secret may have: what is longer is refused anyway.
const maxRead = 512000 + 1

func (opts *createOptions) read() ([]byte, error) {
	switch {
	case opts.Env:
		value, ok := os.LookupEnv(opts.Source)
		if !ok {
			return nil, fmt.Errorf("cannot create store secret data: environment variable %s is not set", opts.Source)
		}
		return []byte(value), nil
	case opts.Source == "-":
		if opts.IO.InIsTerminal() {
			return nil, errors.New("if `-` is used, data must be passed into stdin")
		}
		return io.ReadAll(io.LimitReader(opts.IO.In, maxRead))
	}
	f, err := os.Open(opts.Source)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxRead))
}
