package specflags

import (
	"io/fs"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// testEnv is a host with four CPUs, a few variables and files, and only the
// descriptors up to 3.
func testEnv() Env {
	files := map[string]string{
		"labels": "from=file\n# comment\n\n  both=file\n",
		"vars":   "A=1\n#C=3\nHOME\nB=2 # kept\n",
		"pod.id": "abc123\nrest\n",
		"bad":    "=x\n",
	}
	return Env{
		Argv:    []string{"podctl", "create"},
		Environ: []string{"HOME=/root", "LC_ALL=C", "LC_TIME=de", "EMPTY="},
		Dir:     "/here",
		ReadFile: func(path string) ([]byte, error) {
			data, ok := files[path]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
			}
			return []byte(data), nil
		},
		FDOpen: func(fd uint) bool { return fd <= 3 },
		CPUs:   4,
	}
}

// parsed runs a command line through cobra, as a command would, and hands the
// arguments to read.
func parsed(t *testing.T, bind func(*cobra.Command), read func(args []string) error, args ...string) error {
	t.Helper()
	cmd := &cobra.Command{Use: "test", SilenceErrors: true, SilenceUsage: true}
	bind(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error { return read(args) }
	cmd.SetArgs(args)
	return cmd.Execute()
}

func createIn(t *testing.T, env Env, args ...string) (*engine.CreateOptions, error) {
	t.Helper()
	var flags ContainerFlags
	var opts *engine.CreateOptions
	err := parsed(t, func(cmd *cobra.Command) { flags.Bind(cmd); flags.BindInit(cmd) }, func(args []string) (err error) {
		opts, err = flags.Options(env, args)
		return err
	}, args...)
	return opts, err
}

// create returns the options of a container with the given flags and the image img.
func create(t *testing.T, args ...string) (*engine.CreateOptions, error) {
	t.Helper()
	return createIn(t, testEnv(), append(args, "img")...)
}

func podCreateIn(t *testing.T, env Env, args ...string) (*engine.PodCreateOptions, error) {
	t.Helper()
	var flags PodFlags
	var opts *engine.PodCreateOptions
	err := parsed(t, flags.Bind, func(args []string) (err error) {
		opts, err = flags.Options(env, args)
		return err
	}, args...)
	return opts, err
}

func podCreate(t *testing.T, args ...string) (*engine.PodCreateOptions, error) {
	t.Helper()
	return podCreateIn(t, testEnv(), args...)
}

// plain is the configuration of create without any flag.
func plain() container.Config {
	return container.Config{
		Image:         container.Image{RawName: "img"},
		CreateCommand: []string{"podctl", "create"},
		Process:       container.Process{HTTPProxy: true, Systemd: "true"},
		Lifecycle:     container.Lifecycle{SDNotify: "container"},
		Storage:       container.Storage{ReadOnlyTmpfs: true},
	}
}

func ptr[T any](v T) *T { return &v }

// failure is a command line and the exact text of its error.
type failure struct {
	args []string
	text string
}

func requireFailures(t *testing.T, run func(args ...string) error, failures []failure) {
	t.Helper()
	for _, f := range failures {
		t.Run(f.text, func(t *testing.T) {
			require.EqualError(t, run(f.args...), f.text)
		})
	}
}
