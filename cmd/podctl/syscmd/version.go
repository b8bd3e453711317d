package syscmd

import (
	"context"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/version"
)

type versionOptions struct {
	IO    *iostreams.IOStreams
	Build version.Info

	Format string
}

// NewCmdVersion returns "podctl version". A test gives runF to see the
// options instead of running the command.
func NewCmdVersion(f *cmdutil.Factory, runF func(context.Context, *versionOptions) error) *cobra.Command {
	opts := &versionOptions{IO: f.IO, Build: version.Get()}
	cmd := &cobra.Command{
		Use:   "version [options]",
		Short: "Show the version",
		Long: `Show the version of the command line that podctl speaks, and of podctl itself.

Exit codes: 0 success, 125 error.`,
		Example: `podctl version
podctl version --format '{{.Client.Version}}'`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return versionRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVarP(&opts.Format, "format", "f", "", "Print as json or with a Go `template`")
	return cmd
}

func versionRun(_ context.Context, opts *versionOptions) error {
	built := opts.Build.Built
	if built.IsZero() {
		built = time.Unix(0, 0).UTC()
	}
	client := &clientVersion{
		APIVersion: opts.Build.Version,
		Version:    opts.Build.Version,
		GoVersion:  runtime.Version(),
		GitCommit:  opts.Build.Commit,
		BuiltTime:  built.Format(time.ANSIC),
		Built:      built.Unix(),
		OsArch:     runtime.GOOS + "/" + runtime.GOARCH,
		Os:         runtime.GOOS,
	}
	return cmdutil.RenderOne(opts.IO.Out, "version", opts.Format, versionTemplate, 0,
		versionReport{clientVersion: client, Client: client, Server: client})
}

// versionReport is what --format sees: the client's version, also by the name of a
// server's, which is the same where there is none, and by none at all.
type versionReport struct {
	*clientVersion `json:"-"`

	Client *clientVersion
	Server *clientVersion `json:"-"`
}

type clientVersion struct {
	APIVersion  string
	Version     string
	GoVersion   string
	GitCommit   string
	BuiltTime   string
	Built       int64  // Unix seconds
	BuildOrigin string `json:",omitempty"`
	OsArch      string
	Os          string
}

const versionTemplate = "{{with .Client -}}" +
	"Client:\tpodctl\n" +
	"Version:\t{{.Version}}\n" +
	"API Version:\t{{.APIVersion}}\n" +
	"Go Version:\t{{.GoVersion}}\n" +
	"{{if .GitCommit}}Git Commit:\t{{.GitCommit}}\n{{end}}" +
	"Built:\t{{.BuiltTime}}\n" +
	"OS/Arch:\t{{.OsArch}}\n{{end -}}"
