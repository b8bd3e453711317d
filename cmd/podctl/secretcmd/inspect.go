package secretcmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type inspector interface {
	// Secret finds a secret by name, ID or ID prefix. ErrNoSuchSecret.
	Secret(ctx context.Context, nameOrID string) (engine.Secret, error)
	// SecretData is Secret and the data.
	SecretData(ctx context.Context, nameOrID string) (engine.Secret, []byte, error)
}

type inspectOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (inspector, error)

	Names      []string
	Format     string
	Pretty     bool
	ShowSecret bool
}

// NewCmdInspect returns "podctl secret inspect".
func NewCmdInspect(f *cmdutil.Factory, open Open, runF func(context.Context, *inspectOptions) error) *cobra.Command {
	opts := &inspectOptions{IO: f.IO, Engine: func(ctx context.Context) (inspector, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "inspect [options] SECRET [SECRET...]",
		Short: "Show what is known of secrets",
		Long: `Show what is known of secrets; their data only with --showsecret.

Exit codes: 0 success, 125 error.`,
		Example: `podctl secret inspect password
podctl secret inspect --showsecret --format '{{.SecretData}}' password`,
		Args: cmdutil.MinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Names = args
			if opts.Pretty && cmd.Flags().Changed("format") {
				return errors.New("--pretty and --format cannot be used together")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return inspectRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&opts.Format, "format", "f", "json", "Print as json or with a Go `template`")
	fs.BoolVar(&opts.Pretty, "pretty", false, "Print for people")
	fs.BoolVar(&opts.ShowSecret, "showsecret", false, "Show the data too")
	return cmd
}

// details are a secret as inspect shows it.
type details struct {
	ID         string
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Spec       spec
	SecretData string `json:",omitempty"`
}

type spec struct {
	Name   string
	Driver driver
	Labels map[string]string
}

type driver struct {
	Name    string
	Options map[string]string
}

const prettyFormat = `ID:              {{.ID}}
Name:            {{.Spec.Name}}
{{- if .Spec.Labels}}
Labels:
{{- range $key, $value := .Spec.Labels}}
 - {{$key}}{{if $value}}={{$value}}{{end}}
{{- end}}{{end}}
Driver:          {{.Spec.Driver.Name}}
{{- if .SecretData}}
Secret:          {{.SecretData}}
{{- end}}
Created at:      {{.CreatedAt}}
Updated at:      {{.UpdatedAt}}`

// jsonIndent is the number of blanks per level of JSON.
const jsonIndent = 4

func inspectRun(ctx context.Context, opts *inspectOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	var (
		found []details
		errs  []error
	)
	for _, name := range opts.Names {
		d, err := opts.inspect(ctx, eng, name)
		if err != nil {
			errs = append(errs, fmt.Errorf("inspecting secret: %w", err))
			continue
		}
		found = append(found, d)
	}
	format := opts.Format
	if opts.Pretty {
		format = prettyFormat
	}
	err = cmdutil.RenderInspected(opts.IO.Out, cmdutil.ListFormat{Command: "inspect", Format: format, Indent: jsonIndent}, found)
	return errors.Join(append(errs, err)...)
}

func (opts *inspectOptions) inspect(ctx context.Context, eng inspector, name string) (details, error) {
	var (
		s    engine.Secret
		data []byte
		err  error
	)
	if opts.ShowSecret {
		s, data, err = eng.SecretData(ctx, name)
	} else {
		s, err = eng.Secret(ctx, name)
	}
	if s.Labels == nil {
		s.Labels = map[string]string{}
	}
	return details{
		ID: s.ID, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, SecretData: string(data),
		Spec: spec{Name: s.Name, Driver: driver{Name: s.Driver, Options: s.DriverOptions}, Labels: s.Labels},
	}, err
}
