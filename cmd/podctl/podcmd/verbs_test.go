package podcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// fakeEngine has the pods db (ID d1, whose verbs fail) and web (ID w1).
type fakeEngine struct {
	mu     sync.Mutex
	acted  []string
	stop   engine.StopOptions
	remove engine.RemoveOptions
	sig    syscall.Signal
	empty  bool
}

func (e *fakeEngine) ResolvePods(_ context.Context, sel engine.Selection) ([]engine.Target, error) {
	all := []engine.Target{{ID: "d1", Name: "db"}, {ID: "w1", Name: "web"}}
	switch {
	case sel.All && e.empty:
		return nil, nil
	case sel.Latest && e.empty && sel.Ignore:
		return nil, nil
	case sel.Latest && e.empty:
		return nil, errdefs.ErrNoSuchPod
	case sel.All:
		return all, nil
	case sel.Latest:
		return all[1:], nil
	}
	var found []engine.Target
	for _, name := range sel.Names {
		i := slices.IndexFunc(all, func(t engine.Target) bool { return t.Name == name || t.ID == name })
		switch {
		case i >= 0:
			found = append(found, engine.Target{ID: all[i].ID, Name: all[i].Name, Given: name})
		case !sel.Ignore:
			return nil, fmt.Errorf("no pod with name or ID %s found: %w", name, errdefs.ErrNoSuchPod)
		}
	}
	return found, nil
}

func (e *fakeEngine) act(id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.acted = append(e.acted, id)
	if id == "d1" {
		return errors.Join(errors.New("acting on container c1: boom"), errors.New("acting on container c2: boom"))
	}
	return nil
}

func (e *fakeEngine) StartPod(_ context.Context, id string) error   { return e.act(id) }
func (e *fakeEngine) RestartPod(_ context.Context, id string) error { return e.act(id) }
func (e *fakeEngine) PausePod(_ context.Context, id string) error   { return e.act(id) }

func (e *fakeEngine) UnpausePod(_ context.Context, id string) (bool, error) {
	return !e.empty, e.act(id)
}

func (e *fakeEngine) StopPod(_ context.Context, id string, opts engine.StopOptions) error {
	e.stop = opts
	return e.act(id)
}

func (e *fakeEngine) KillPod(_ context.Context, id string, sig syscall.Signal) error {
	e.sig = sig
	return e.act(id)
}

func (e *fakeEngine) RemovePod(_ context.Context, id string, opts engine.RemoveOptions) error {
	e.remove = opts
	return e.act(id)
}

// plan is the same for every verb.
func plan(pods []engine.Target) ([]engine.Step, error) {
	var steps []engine.Step
	for _, p := range pods {
		steps = append(steps, engine.Step{Wave: 2, Action: "do", Kind: "pod", ID: p.ID, Name: p.Name})
	}
	return steps, nil
}

func (e *fakeEngine) PlanStartPods(_ context.Context, pods []engine.Target) ([]engine.Step, error) {
	return plan(pods)
}

func (e *fakeEngine) PlanStopPods(_ context.Context, pods []engine.Target) ([]engine.Step, error) {
	return plan(pods)
}

func (e *fakeEngine) PlanRemovePods(_ context.Context, pods []engine.Target, _ engine.RemoveOptions) ([]engine.Step, error) {
	return plan(pods)
}

func (e *fakeEngine) PodExists(_ context.Context, name string) (bool, error) {
	if name == "ambiguous" {
		return false, errdefs.ErrAmbiguousID
	}
	return name == "web", nil
}

func (e *fakeEngine) PrunePods(context.Context) ([]engine.Removal, error) {
	return []engine.Removal{{Target: engine.Target{ID: "w1"}}, {Target: engine.Target{ID: "d1"}, Err: errors.New("boom")}}, nil
}

// verb makes the command of that name with the fake engine behind it.
func verb(f *cmdutil.Factory, name string, e *fakeEngine) *cobra.Command {
	switch name {
	case "start":
		return NewCmdStart(f, func(ctx context.Context, o *startOptions) error {
			o.Engine = func(context.Context) (podStarter, error) { return e, nil }
			return startRun(ctx, o)
		})
	case "stop":
		return NewCmdStop(f, func(ctx context.Context, o *stopOptions) error {
			o.Engine = func(context.Context) (podStopper, error) { return e, nil }
			return stopRun(ctx, o)
		})
	case "restart":
		return NewCmdRestart(f, func(ctx context.Context, o *restartOptions) error {
			o.Engine = func(context.Context) (podRestarter, error) { return e, nil }
			return restartRun(ctx, o)
		})
	case "kill":
		return NewCmdKill(f, func(ctx context.Context, o *killOptions) error {
			o.Engine = func(context.Context) (podKiller, error) { return e, nil }
			return killRun(ctx, o)
		})
	case "pause":
		return NewCmdPause(f, func(ctx context.Context, o *pauseOptions) error {
			o.Engine = func(context.Context) (podPauser, error) { return e, nil }
			return pauseRun(ctx, o)
		})
	case "unpause":
		return NewCmdUnpause(f, func(ctx context.Context, o *unpauseOptions) error {
			o.Engine = func(context.Context) (podUnpauser, error) { return e, nil }
			return unpauseRun(ctx, o)
		})
	case "exists":
		return newCmdExists(func(context.Context) (podFinder, error) { return e, nil })
	case "prune":
		return NewCmdPrune(f, func(ctx context.Context, o *pruneOptions) error {
			o.Engine = func(context.Context) (podPruner, error) { return e, nil }
			return pruneRun(ctx, o)
		})
	}
	return NewCmdRemove(f, func(ctx context.Context, o *removeOptions) error {
		o.Engine = func(context.Context) (podRemover, error) { return e, nil }
		return removeRun(ctx, o)
	})
}

func TestOutputAndExitCode(t *testing.T) {
	const boom = "Error: acting on container c1: boom\nError: acting on container c2: boom\n"
	const missing = "Error: no pod with name or ID x found: no such pod\n"
	tests := []struct {
		name  string
		args  []string
		empty bool
		want  cmdtest.Result
		acted []string
	}{
		{"start_prints_names_whatever_was_typed", []string{"start", "w1"}, false, cmdtest.Result{Stdout: "web\n"}, []string{"w1"}},
		{"a_failure_keeps_no_other_pod_from_its_turn", []string{"start", "db", "web"}, false, cmdtest.Result{Code: 125, Stdout: "web\n", Stderr: boom}, []string{"d1", "w1"}},
		{"one_missing_pod_and_nothing_is_done", []string{"start", "web", "x"}, false, cmdtest.Result{Code: 125, Stderr: missing}, nil},
		{"all_of_none_is_fine", []string{"start", "--all"}, true, cmdtest.Result{}, nil},
		{"latest_of_none_is_not", []string{"start", "-l"}, true, cmdtest.Result{Code: 125, Stderr: "Error: no such pod\n"}, nil},
		{"stop_prints_names", []string{"stop", "-l"}, false, cmdtest.Result{Stdout: "web\n"}, []string{"w1"}},
		{"stop_ignores_missing_pods", []string{"stop", "-i", "x", "web"}, false, cmdtest.Result{Stdout: "web\n"}, []string{"w1"}},
		{"restart_prints_IDs", []string{"restart", "web"}, false, cmdtest.Result{Stdout: "w1\n"}, []string{"w1"}},
		{"kill_prints_IDs", []string{"kill", "web"}, false, cmdtest.Result{Stdout: "w1\n"}, []string{"w1"}},
		{"kill_of_no_signal", []string{"kill", "-s", "65", "x"}, false, cmdtest.Result{Code: 125, Stderr: "Error: invalid signal: 65\n"}, nil},
		{"kill_looks_at_the_signal_before_the_pods", []string{"kill", "-s", "foo", "x"}, false, cmdtest.Result{Code: 125, Stderr: "Error: invalid signal: foo\n"}, nil},
		{"pause_prints_IDs", []string{"pause", "-a"}, false, cmdtest.Result{Code: 125, Stdout: "w1\n", Stderr: boom}, []string{"d1", "w1"}},
		{"unpause_prints_IDs", []string{"unpause", "web"}, false, cmdtest.Result{Stdout: "w1\n"}, []string{"w1"}},
		{"unpause_is_silent_about_pods_left_alone", []string{"unpause", "web"}, true, cmdtest.Result{}, []string{"w1"}},
		{"rm_prints_IDs", []string{"rm", "web"}, false, cmdtest.Result{Stdout: "w1\n"}, []string{"w1"}},
		{"rm_of_a_missing_pod", []string{"rm", "web", "x"}, false, cmdtest.Result{Code: 1, Stderr: missing}, nil},
		{"rm_that_ignores_it", []string{"rm", "-i", "x"}, false, cmdtest.Result{}, nil},
		{"force_implies_ignore", []string{"rm", "-f", "x"}, false, cmdtest.Result{}, nil},
		{"rm_that_fails", []string{"rm", "db"}, false, cmdtest.Result{Code: 125, Stderr: boom}, []string{"d1"}},
		{"rm_latest_of_none", []string{"rm", "-l"}, true, cmdtest.Result{Code: 1, Stderr: "Error: no such pod\n"}, nil},
		{"rm_latest_of_none_by_force", []string{"rm", "-fl"}, true, cmdtest.Result{}, nil},
		{"rm_time_needs_force", []string{"rm", "-t", "1", "web"}, false, cmdtest.Result{Code: 125, Stderr: "Error: --force option must be specified to use the --time option\n"}, nil},
		{"start_shows_its_plan", []string{"start", "--dry-run", "web"}, false, cmdtest.Result{Stdout: "2 do pod w1 web\n"}, nil},
		{"stop_shows_its_plan", []string{"stop", "--dry-run", "web"}, false, cmdtest.Result{Stdout: "2 do pod w1 web\n"}, nil},
		{"rm_shows_its_plan", []string{"rm", "--dry-run", "-a"}, false, cmdtest.Result{Stdout: "2 do pod d1 db\n2 do pod w1 web\n"}, nil},
		{"rm_plans_nothing_for_a_missing_pod", []string{"rm", "--dry-run", "x"}, false, cmdtest.Result{Code: 1, Stderr: missing}, nil},
		{"exists", []string{"exists", "web"}, false, cmdtest.Result{}, nil},
		{"does_not_exist", []string{"exists", "x"}, false, cmdtest.Result{Code: 1}, nil},
		{"cannot_tell", []string{"exists", "ambiguous"}, false, cmdtest.Result{Code: 125, Stderr: "Error: container already exists\n"}, nil},
		{"prune_asks_and_fails_without_an_answer", []string{"prune"}, false, cmdtest.Result{Code: 125,
			Stdout: "WARNING! This will remove all stopped/exited pods..\nAre you sure you want to continue? [y/N] ", Stderr: "Error: EOF\n"}, nil},
		{"prune_takes_no_arguments", []string{"prune", "web"}, false, cmdtest.Result{Code: 125, Stderr: "Error: `podctl pod prune` takes no arguments\n"}, nil},
		{"prune", []string{"prune", "-f"}, false, cmdtest.Result{Code: 125, Stdout: "w1\n", Stderr: "Error: boom\n"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, env := &fakeEngine{empty: test.empty}, cmdtest.New(t)
			got := env.Run("pod", verb(env.Factory, test.args[0], e), test.args[1:]...)
			require.Equal(t, test.want, got)
			slices.Sort(e.acted)
			require.Equal(t, test.acted, e.acted)
		})
	}
}

func TestTimeIsHandedOnOnlyWhenGiven(t *testing.T) {
	seconds := func(n int) *time.Duration { d := time.Duration(n) * time.Second; return &d }
	for args, want := range map[string]*time.Duration{"": nil, "--time=0": seconds(0), "-t3": seconds(3)} {
		t.Run(args, func(t *testing.T) {
			line := []string{"web"}
			if args != "" {
				line = append(line, args)
			}
			e, env := &fakeEngine{}, cmdtest.New(t)
			require.Zero(t, env.Run("pod", verb(env.Factory, "stop", e), line...).Code)
			require.Equal(t, want, e.stop.Timeout)
			env = cmdtest.New(t)
			require.Zero(t, env.Run("pod", verb(env.Factory, "rm", e), append(line, "--force")...).Code)
			require.Equal(t, want, e.remove.Timeout)
			require.True(t, e.remove.Force)
		})
	}
}

func TestKillSignal(t *testing.T) {
	for text, want := range map[string]syscall.Signal{"": syscall.SIGKILL, "--signal=hup": syscall.SIGHUP, "-s15": syscall.SIGTERM} {
		line := []string{"web"}
		if text != "" {
			line = append(line, text)
		}
		e, env := &fakeEngine{}, cmdtest.New(t)
		require.Zero(t, env.Run("pod", verb(env.Factory, "kill", e), line...).Code)
		require.Equal(t, want, e.sig)
	}
}

func TestRemoveByFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, id string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(id+"\n"), 0o600))
		return path
	}
	web, db, gone := write("web", "w1"), write("db", "d1"), write("gone", "x")
	ios, _, out, _ := iostreams.Test()
	opts := &removeOptions{IO: ios, Targets: cmdutil.Targets{IDFiles: []string{gone, db, web, dir + "/none"}}}
	opts.Engine = func(context.Context) (podRemover, error) { return &fakeEngine{}, nil }

	err := removeRun(t.Context(), opts)
	require.Equal(t, "w1\n", out.String())
	require.NoFileExists(t, web, "the file of a removed pod goes")
	require.FileExists(t, db, "the file of a pod that is still there stays")
	require.FileExists(t, gone)
	var exit *cmdutil.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 1, exit.Code)
	require.ErrorContains(t, err, "no such pod")
	require.ErrorContains(t, err, "reading pod ID file: open "+dir+"/none: no such file or directory")
}
