package ctrcmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/container"
	engine "github.com/podctl/podctl/pkg/runtime"
)

func TestCreateCommandLine(t *testing.T) {
	tests := map[string]struct {
		args []string
		want cmdtest.Result
	}{
		"needs_an_image":    {nil, cmdtest.Result{Code: 125, Stderr: "Error: requires at least 1 arg(s), only received 0\n"}},
		"refuses_bad_flags": {[]string{"--pid", "x", "img"}, cmdtest.Result{Code: 125, Stderr: "Error: unrecognized namespace mode x passed\n"}},
		"has_no_detach":     {[]string{"-d", "img"}, cmdtest.Result{Code: 125, Stderr: "Error: unknown shorthand flag: 'd' in -d\nSee 'podctl create --help'\n"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := cmdtest.New(t)
			none := func(context.Context, *createOptions) error { t.Fatal("ran"); return nil }
			require.Equal(t, tt.want, e.Run("", NewCmdCreate(e.Factory, none), tt.args...))
		})
	}
}

func TestCreateHandsOverOptions(t *testing.T) {
	e := cmdtest.New(t)
	var got *engine.CreateOptions
	result := e.Run("", NewCmdCreate(e.Factory, func(_ context.Context, opts *createOptions) error { got = opts.Create; return nil }),
		"--name", "db", "--pod", "web", "--init-ctr", "once", "img", "sh", "-c", "x")
	require.Equal(t, cmdtest.Result{}, result)
	require.Equal(t, "db", got.Name)
	require.Equal(t, "web", got.Pod)
	require.Equal(t, "once", got.Config.InitType)
	require.Equal(t, []string{"sh", "-c", "x"}, got.Config.Command)
	require.Equal(t, e.Factory.Argv, got.Config.CreateCommand)
}

// fakeEngine makes containers named web and no others.
type fakeEngine struct{}

func (fakeEngine) CreateContainer(_ context.Context, opts engine.CreateOptions) (string, error) {
	if opts.Name != "web" {
		return "", errors.New("no such name")
	}
	return "0123", nil
}

func TestCreateRun(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old")
	require.NoError(t, os.WriteFile(old, nil, 0o600))
	gone := filepath.Join(dir, "gone")
	tests := map[string]struct {
		name, file, out, err string
	}{
		"prints_the_id": {name: "web", out: "0123\n"},
		"writes_the_id": {name: "web", file: filepath.Join(dir, "new"), out: "0123\n"},
		"refuses_an_id_file_that_exists": {
			name: "web", file: old,
			err: "container id file exists. Ensure another container is not using it or delete " + old,
		},
		"leaves_no_id_file_on_failure": {name: "x", file: gone, err: "no such name"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ios, _, out, _ := iostreams.Test()
			err := createRun(t.Context(), &createOptions{
				IO: ios, Engine: func(context.Context) (creator, error) { return fakeEngine{}, nil },
				Create: &engine.CreateOptions{Name: tt.name, Config: &container.Config{Lifecycle: container.Lifecycle{CIDFile: tt.file}}},
			})
			require.Equal(t, tt.out, out.String())
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
				require.NoFileExists(t, gone)
				return
			}
			require.NoError(t, err)
			if tt.file != "" {
				data, err := os.ReadFile(tt.file)
				require.NoError(t, err)
				require.Equal(t, "0123", string(data))
			}
		})
	}
}
