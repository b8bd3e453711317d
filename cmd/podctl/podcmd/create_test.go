package podcmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

func TestCreateCommandLine(t *testing.T) {
	tests := map[string]struct {
		args []string
		want cmdtest.Result
	}{
		"flags_end_at_the_name": {[]string{"web", "--infra=false"}, cmdtest.Result{Code: 125, Stderr: "Error: accepts at most 1 arg(s), received 2\n"}},
		"two_names":             {[]string{"--name", "a", "b"}, cmdtest.Result{Code: 125, Stderr: "Error: cannot specify --name and NAME at the same time\n"}},
		"h_is_the_hostname":     {[]string{"-h"}, cmdtest.Result{Code: 125, Stderr: "Error: flag needs an argument: 'h' in -h\nSee 'podctl pod create --help'\n"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := cmdtest.New(t)
			none := func(context.Context, *createOptions) error { t.Fatal("ran"); return nil }
			require.Equal(t, tt.want, e.Run("pod", NewCmdCreate(e.Factory, none), tt.args...))
		})
	}
}

func TestCreateHandsOverOptions(t *testing.T) {
	e := cmdtest.New(t)
	var got *createOptions
	result := e.Run("pod", NewCmdCreate(e.Factory, func(_ context.Context, opts *createOptions) error { got = opts; return nil }),
		"--replace", "--pod-id-file", "id", "-h", "box", "web")
	require.Equal(t, cmdtest.Result{}, result)
	require.Equal(t, "id", got.IDFile)
	require.Equal(t, "web", got.Create.Name)
	require.True(t, got.Create.Replace)
	require.Equal(t, "box", got.Create.Config.Hostname)
	require.Equal(t, e.Factory.Argv, got.Create.Config.CreateCommand)
}

// fakeCreator makes pods named web and no others.
type fakeCreator struct{}

func (fakeCreator) CreatePod(_ context.Context, opts engine.PodCreateOptions) (string, error) {
	if opts.Name != "web" {
		return "", errors.New("no such name")
	}
	return "0123", nil
}

func TestCreateRun(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old")
	require.NoError(t, os.WriteFile(old, []byte("longer than an ID"), 0o600))
	tests := map[string]struct {
		name, file, out, err string
	}{
		"prints_the_id":                   {name: "web", out: "0123\n"},
		"writes_the_id_without_a_newline": {name: "web", file: filepath.Join(dir, "new"), out: "0123\n"},
		"empties_an_existing_file":        {name: "web", file: old, out: "0123\n"},
		"says_that_a_file_is_not_writable": {
			name: "web", file: filepath.Join(dir, "no", "id"),
			err: "failed to write pod ID to file: creating idfile: open " + filepath.Join(dir, "no", "id") + ": no such file or directory",
		},
		"prints_nothing_on_failure": {name: "x", err: "no such name"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ios, _, out, _ := iostreams.Test()
			err := createRun(t.Context(), &createOptions{
				IO: ios, Engine: func(context.Context) (creator, error) { return fakeCreator{}, nil },
				Create: &engine.PodCreateOptions{Name: tt.name}, IDFile: tt.file,
			})
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, tt.out, out.String())
			if tt.file != "" && tt.err == "" {
				data, err := os.ReadFile(tt.file)
				require.NoError(t, err)
				require.Equal(t, "0123", string(data))
			}
		})
	}
}
