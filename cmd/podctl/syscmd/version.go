package syscmd

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

const (
	// CompatVersion is the version of the command line that podctl speaks.
	// Scripts compare it, so it is what --version prints.
	CompatVersion = "5.8.2"
	// ownVersion is podctl's own.
	ownVersion = "0.1.0"
)

type versionOptions struct {
	IO    *iostreams.IOStreams
	Build func() buildInfo // what the linker recorded

	Format string
}

// NewCmdVersion returns "podctl version". A test gives runF to see the
// options instead of running the command.
func NewCmdVersion(f *cmdutil.Factory, runF func(context.Context, *versionOptions) error) *cobra.Command {
	opts := &versionOptions{IO: f.IO, Build: readBuildInfo}
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
	build := opts.Build()
	report := versionReport{Client: &clientVersion{
		APIVersion: CompatVersion,
		Version:    CompatVersion,
		GoVersion:  runtime.Version(),
		GitCommit:  build.Commit,
		BuiltTime:  build.Time.Format(time.ANSIC),
		Built:      build.Time.Unix(),
		OsArch:     runtime.GOOS + "/" + runtime.GOARCH,
		Os:         runtime.GOOS,
	}}
	return cmdutil.RenderOne(opts.IO.Out, "version", opts.Format, versionTemplate, 0, report)
}

// versionReport is what --format sees.
type versionReport struct {
	Client *clientVersion
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
	"Client:\tpodctl " + ownVersion + "\n" +
	"Version:\t{{.Version}}\n" +
	"API Version:\t{{.APIVersion}}\n" +
	"Go Version:\t{{.GoVersion}}\n" +
	"{{if .GitCommit}}Git Commit:\t{{.GitCommit}}\n{{end}}" +
	"Built:\t{{.BuiltTime}}\n" +
	"OS/Arch:\t{{.OsArch}}\n{{end -}}"

// buildInfo is which source the program was made of. Commit is empty and Time
// the Unix epoch when it was built outside a repository.
type buildInfo struct {
	Commit string
	Time   time.Time
}

func readBuildInfo() buildInfo {
	build := buildInfo{Time: time.Unix(0, 0)}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return build
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			build.Commit = s.Value
		case "vcs.time":
			if t, err := time.Parse(time.RFC3339, s.Value); err == nil {
				build.Time = t
			}
		}
	}
	return build
}
