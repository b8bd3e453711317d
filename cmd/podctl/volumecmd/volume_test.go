package volumecmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/volume"
)

// fakeEngine has the volumes db (used by a container) and cache.
type fakeEngine struct {
	created volume.CreateOptions
	filters []map[string][]string
	removed []string
	options volume.RemoveOptions
	empty   bool
}

func (e *fakeEngine) all() []volume.Status {
	made := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if e.empty {
		return nil
	}
	return []volume.Status{
		{Volume: &volume.Volume{Name: "cache", CreatedAt: made, Config: volume.Config{
			Driver: "local", Mountpoint: "/v/cache/_data", NeedsCopyUp: true, NeedsChown: true,
		}}},
		{Volume: &volume.Volume{Name: "db", CreatedAt: made, Anonymous: true, Config: volume.Config{
			Driver: "local", Mountpoint: "/v/db/_data", UID: 7, Labels: map[string]string{"a": "<1>"}, Options: map[string]string{"o": "uid=7", "UID": "7"},
		}}, Users: []string{"c1"}, MountCount: 1},
	}
}

func (e *fakeEngine) find(name string) (volume.Status, error) {
	for _, s := range e.all() {
		if s.Name == name {
			return s, nil
		}
	}
	return volume.Status{}, fmt.Errorf("no volume with name %q found: %w", name, errdefs.ErrNoSuchVolume)
}

func (e *fakeEngine) CreateVolume(_ context.Context, opts volume.CreateOptions) (*volume.Volume, error) {
	e.created = opts
	if opts.Name == "db" {
		return nil, fmt.Errorf("volume with name db already exists: %w", errdefs.ErrVolumeExists)
	}
	return &volume.Volume{Name: opts.Name}, nil
}

func (e *fakeEngine) ListVolumes(_ context.Context, filters map[string][]string) ([]volume.Status, error) {
	e.filters = append(e.filters, filters)
	if slices.Equal(filters["dangling"], []string{"true"}) && !e.empty {
		return e.all()[:1], nil
	}
	return e.all(), nil
}

func (e *fakeEngine) InspectVolume(_ context.Context, name string) (volume.Status, error) {
	return e.find(name)
}

func (e *fakeEngine) RemoveVolume(_ context.Context, name string, opts volume.RemoveOptions) error {
	e.options = opts
	s, err := e.find(name)
	if err != nil {
		return err
	}
	if len(s.Users) > 0 && !opts.Force {
		return fmt.Errorf("volume db is being used by the following container(s): c1: %w", errdefs.ErrVolumeInUse)
	}
	e.removed = append(e.removed, name)
	return nil
}

func (e *fakeEngine) PruneVolumes(_ context.Context, filters map[string][]string) ([]volume.Pruned, error) {
	e.filters = append(e.filters, filters)
	return []volume.Pruned{{Name: "cache"}, {Name: "stuck", Err: errors.New("remove volume stuck: busy")}}, nil
}

func (e *fakeEngine) VolumeExists(_ context.Context, name string) (bool, error) {
	_, err := e.find(name)
	return err == nil, nil
}

func (e *fakeEngine) MountVolume(_ context.Context, name string) (string, error) {
	s, err := e.find(name)
	if err != nil {
		return "", err
	}
	return s.Mountpoint, nil
}

func (e *fakeEngine) UnmountVolume(_ context.Context, name string) (string, error) {
	s, err := e.find(name)
	if err != nil {
		return "", err
	}
	return s.Name, nil
}

// run runs one command of the group on the engine; input is what is typed.
func run(t *testing.T, e *fakeEngine, input string, args ...string) cmdtest.Result {
	t.Helper()
	env := cmdtest.New(t)
	env.In.WriteString(input)
	group := NewGroup(env.Factory, func(context.Context) (Engine, error) { return e, nil })
	cmd, _, err := group.Find(args[:1])
	require.NoError(t, err)
	group.RemoveCommand(cmd)
	if cmd.Name() != args[0] {
		cmd.Use = args[0] // an alias, run by its name
	}
	return env.Run("volume", cmd, args[1:]...)
}

const (
	prunePrompt = "WARNING! This will remove all volumes not used by at least one container. The following volumes will be removed:\n"
	question    = "Are you sure you want to continue? [y/N] "
	missing     = "Error: no volume with name \"nope\" found: no such volume\n"
	inUse       = "Error: volume db is being used by the following container(s): c1: volume is being used\n"
)

func TestVolume(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		input string
		want  cmdtest.Result
	}{
		{name: "create_prints_the_name", args: []string{"create", "new"}, want: cmdtest.Result{Stdout: "new\n"}},
		{name: "create_taken", args: []string{"create", "db"}, want: cmdtest.Result{Code: 125, Stderr: "Error: volume with name db already exists: volume already exists\n"}},
		{name: "create_two", args: []string{"create", "a", "b"}, want: cmdtest.Result{Code: 125, Stderr: "Error: accepts at most 1 arg(s), received 2\n"}},
		{name: "ls", args: []string{"ls"}, want: cmdtest.Result{Stdout: "DRIVER      VOLUME NAME\nlocal       cache\nlocal       db\n"}},
		{name: "list_is_ls", args: []string{"list", "-n"}, want: cmdtest.Result{Stdout: "local       cache\nlocal       db\n"}},
		{name: "ls_quiet", args: []string{"ls", "-q"}, want: cmdtest.Result{Stdout: "cache\ndb\n"}},
		{name: "ls_template", args: []string{"ls", "--format", "{{.Name}} {{.Anonymous}} {{.UID}} {{.MountCount}} {{.Scope}} {{.LockNumber}}"}, want: cmdtest.Result{Stdout: "cache false 0 0 local 0\ndb true 7 1 local 0\n"}},
		{name: "ls_quiet_and_format", args: []string{"ls", "-q", "--format", "json"}, want: cmdtest.Result{Code: 125, Stderr: "Error: quiet and format flags cannot be used together\n"}},
		{name: "ls_bad_filter", args: []string{"ls", "--filter", "x"}, want: cmdtest.Result{Code: 125, Stderr: "Error: filter input must be in the form of filter=value: x is invalid\n"}},
		{name: "inspect_none", args: []string{"inspect"}, want: cmdtest.Result{Code: 125, Stderr: "Error: provide one or more volume names or use --all\n"}},
		{name: "inspect_all_and_one", args: []string{"inspect", "--all", "db"}, want: cmdtest.Result{Code: 125, Stderr: "Error: provide one or more volume names or use --all\n"}},
		{name: "inspect_template", args: []string{"inspect", "-f", "{{.Mountpoint}}", "db", "cache"}, want: cmdtest.Result{Stdout: "/v/db/_data\n/v/cache/_data\n"}},
		{name: "inspect_missing", args: []string{"inspect", "nope", "gone"}, want: cmdtest.Result{Code: 125, Stdout: "[]\n", Stderr: "no such volume gone\nError: no such volume nope\n"}},
		{name: "rm_prints_the_name", args: []string{"rm", "cache"}, want: cmdtest.Result{Stdout: "cache\n"}},
		{name: "rm_none", args: []string{"rm"}, want: cmdtest.Result{Code: 125, Stderr: "Error: choose either one or more volumes or all\n"}},
		{name: "rm_both", args: []string{"rm", "-a", "db"}, want: cmdtest.Result{Code: 125, Stderr: "Error: choose either one or more volumes or all\n"}},
		{name: "rm_missing_is_1", args: []string{"rm", "nope"}, want: cmdtest.Result{Code: 1, Stderr: missing}},
		{name: "rm_in_use_is_2_and_goes_on", args: []string{"rm", "db", "cache"}, want: cmdtest.Result{Code: 2, Stdout: "cache\n", Stderr: inUse}},
		{name: "rm_both_failures_are_1", args: []string{"rm", "db", "nope"}, want: cmdtest.Result{Code: 1, Stderr: missing + inUse}},
		{name: "rm_force_ignores_missing", args: []string{"rm", "-f", "nope", "db"}, want: cmdtest.Result{Stdout: "db\n"}},
		{name: "rm_all", args: []string{"rm", "--all", "--force", "-t", "3"}, want: cmdtest.Result{Stdout: "cache\ndb\n"}},
		{name: "rm_time_wants_force", args: []string{"rm", "-t", "3", "db"}, want: cmdtest.Result{Code: 125, Stderr: "Error: --force option must be specified to use the --time option\n"}},
		{name: "prune_asks", args: []string{"prune"}, input: "n\n", want: cmdtest.Result{Stdout: prunePrompt + "cache\n" + question}},
		{name: "prune_yes_reports_failures", args: []string{"prune"}, input: "y\n", want: cmdtest.Result{Code: 125, Stdout: prunePrompt + "cache\n" + question + "cache\n", Stderr: "Error: remove volume stuck: busy\n"}},
		{name: "prune_without_an_answer", args: []string{"prune"}, want: cmdtest.Result{Code: 125, Stdout: prunePrompt + "cache\n" + question, Stderr: "Error: EOF\n"}},
		{name: "prune_force_does_not_ask", args: []string{"prune", "-f"}, want: cmdtest.Result{Code: 125, Stdout: "cache\n", Stderr: "Error: remove volume stuck: busy\n"}},
		{name: "exists", args: []string{"exists", "db"}},
		{name: "exists_not", args: []string{"exists", "nope"}, want: cmdtest.Result{Code: 1}},
		{name: "exists_two", args: []string{"exists", "a", "b"}, want: cmdtest.Result{Code: 125, Stderr: "Error: accepts 1 arg(s), received 2\n"}},
		{name: "mount", args: []string{"mount", "db", "cache"}, want: cmdtest.Result{Stdout: "/v/db/_data\n/v/cache/_data\n"}},
		{name: "unmount", args: []string{"unmount", "db"}, want: cmdtest.Result{Stdout: "db\n"}},
		{name: "reload", args: []string{"reload"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, run(t, &fakeEngine{}, test.input, test.args...))
		})
	}
}

func TestCreateOptions(t *testing.T) {
	e := &fakeEngine{}
	run(t, e, "", "create", "--ignore", "-d", "local", "-l", "a=1", "--label", "b", "-o", "type=tmpfs", "--opt", "o=size=1m,uid=3", "--uid", "0", "v")
	zero := 0
	require.Equal(t, volume.CreateOptions{
		Name: "v", Driver: "local", Labels: map[string]string{"a": "1", "b": ""},
		Options: map[string]string{"type": "tmpfs", "o": "size=1m,uid=3"}, UID: &zero, IgnoreIfExists: true,
	}, e.created)
}

func TestFilterFlags(t *testing.T) {
	t.Run("list_passes_them_on", func(t *testing.T) {
		e := &fakeEngine{}
		run(t, e, "", "ls", "-f", "name=a", "--filter", "name=b", "-f", "label=k=v")
		require.Equal(t, []map[string][]string{{"name": {"a", "b"}, "label": {"k=v"}}}, e.filters)
	})
	t.Run("prune_shows_what_it_would_remove", func(t *testing.T) {
		e := &fakeEngine{}
		run(t, e, "y", "prune", "--filter", "label=k")
		require.Equal(t, map[string][]string{"label": {"k"}, "dangling": {"true"}}, e.filters[0])
	})
	t.Run("prune_with_nothing_to_remove_does_not_ask", func(t *testing.T) {
		got := run(t, &fakeEngine{empty: true}, "", "prune")
		require.Equal(t, cmdtest.Result{Stdout: prunePrompt + "No dangling volumes found\n"}, got)
	})
}

func TestInspectJSON(t *testing.T) {
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Local().Format(time.RFC3339Nano)
	got := run(t, &fakeEngine{}, "", "inspect", "--all")
	require.Equal(t, cmdtest.Result{Stdout: `[
     {
          "Name": "cache",
          "Driver": "local",
          "Mountpoint": "/v/cache/_data",
          "CreatedAt": "` + created + `",
          "Labels": {},
          "Scope": "local",
          "Options": {},
          "MountCount": 0,
          "NeedsCopyUp": true,
          "NeedsChown": true,
          "LockNumber": 0
     },
     {
          "Name": "db",
          "Driver": "local",
          "Mountpoint": "/v/db/_data",
          "CreatedAt": "` + created + `",
          "Labels": {
               "a": "<1>"
          },
          "Scope": "local",
          "Options": {
               "UID": "7",
               "o": "uid=7"
          },
          "UID": 7,
          "Anonymous": true,
          "MountCount": 1,
          "LockNumber": 0
     }
]
`}, got)
}

func TestExportRefusesATerminal(t *testing.T) {
	env := cmdtest.New(t)
	env.Factory.IO.ForceTerminals(false, true, false, 80)
	cmd := NewCmdExport(env.Factory, func(context.Context) (Engine, error) { return &fakeEngine{}, nil }, nil)
	got := env.Run("volume", cmd, "db")
	require.Equal(t, "Error: cannot write to terminal, use command-line redirection or the --output flag\n", got.Stderr)
	require.Equal(t, cmdutil.ExitFailure, got.Code)
}
