package syscmd

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type object struct{ Name, Kind string }

// objects finds names of one kind. Everything called "both" is of two kinds.
func objects(kind string, names ...string) Inspector {
	return func(_ context.Context, name string, size bool) (any, error) {
		for _, n := range names {
			if n == name || name == "" {
				return object{n, fmt.Sprint(kind, size)}, nil
			}
		}
		if name == "ambiguous" {
			return nil, errdefs.ErrAmbiguousID
		}
		return nil, errdefs.ErrNotFound
	}
}

func TestInspect(t *testing.T) {
	from := Inspectors{
		Find: map[string]Inspector{
			"container": objects("container", "c1", "all"), "image": objects("image", "i1", "all", "rest"), "volume": objects("volume", "v1", "all", "rest"),
			"network": objects("network", "n1", "all"), "pod": objects("pod", "p1", "all"),
		},
		Latest: map[string]Inspector{"container": objects("container", "c1"), "pod": objects("pod", "p1")},
	}
	const show = "--format={{.Name}} {{.Kind}}"
	failed := func(text string) cmdtest.Result { return cmdtest.Result{Code: 125, Stderr: "Error: " + text + "\n"} }
	none := func(text string) cmdtest.Result {
		return cmdtest.Result{Code: 125, Stdout: "[]\n", Stderr: "Error: " + text + "\n"}
	}
	tests := []struct {
		name string
		args []string
		want cmdtest.Result
	}{
		{"json", []string{"p1"}, cmdtest.Result{Stdout: "[\n     {\n          \"Name\": \"p1\",\n          \"Kind\": \"podfalse\"\n     }\n]\n"}},
		{"kinds_can_be_mixed", []string{show, "p1", "n1", "v1", "i1", "c1"}, cmdtest.Result{Stdout: "p1 podfalse\nn1 networkfalse\nv1 volumefalse\ni1 imagefalse\nc1 containerfalse\n"}},
		{"containers_come_first", []string{show, "all"}, cmdtest.Result{Stdout: "all containerfalse\n"}},
		{"images_come_before_volumes", []string{show, "rest"}, cmdtest.Result{Stdout: "rest imagefalse\n"}},
		{"type", []string{show, "--type", "pod", "all"}, cmdtest.Result{Stdout: "all podfalse\n"}},
		{"size", []string{show, "-s", "c1"}, cmdtest.Result{Stdout: "c1 containertrue\n"}},
		{"latest_container", []string{show, "-l"}, cmdtest.Result{Stdout: "c1 containerfalse\n"}},
		{"latest_pod", []string{show, "-l", "-t", "pod"}, cmdtest.Result{Stdout: "p1 podfalse\n"}},
		{"unknown", []string{"x", "y"}, cmdtest.Result{Code: 125, Stdout: "[]\n", Stderr: "no such object: \"y\"\nError: no such object: \"x\"\n"}},
		{"unknown_beside_known", []string{show, "x", "c1"}, cmdtest.Result{Code: 125, Stdout: "c1 containerfalse\n", Stderr: "Error: no such object: \"x\"\n"}},
		{"unknown_container", []string{"--type=container", "x"}, none(`no such container "x"`)},
		{"unknown_pod", []string{"--type=pod", "x"}, none("no such pod x")},
		{"unknown_image", []string{"--type=image", "x"}, none("x: image not known")},
		{"unknown_volume", []string{"--type=volume", "x"}, none("no such volume x")},
		{"unknown_network", []string{"--type=network", "x"}, none("network x: unable to find network with name or ID x: network not found")},
		{"no_artifacts", []string{"--type=artifact", "x"}, none("no such artifact x")},
		{"ambiguous_is_fatal", []string{"c1", "ambiguous"}, failed("container already exists")},
		{"bad_type", []string{"--type", "x", "c1"}, failed(`invalid type "x": must be "image", "container", "pod", "network", "volume", "artifact", or "all"`)},
		{"nothing", nil, failed("no names or ids specified")},
		{"latest_and_name", []string{"-l", "c1"}, failed("--latest and arguments cannot be used together")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			env := cmdtest.New(t)
			require.Equal(t, test.want, env.Run("", NewCmdInspect(env.Factory, from, nil), test.args...))
		})
	}
}

type fakeEvents struct{ got engine.EventOptions }

func (f *fakeEvents) Events(_ context.Context, opts engine.EventOptions, emit func(event.Event) error) error {
	f.got = opts
	return emit(event.Event{Type: event.Pod, Status: event.Create, ID: "0123456789abcdef", Name: "web", Time: time.Unix(1, 0)})
}

func TestEvents(t *testing.T) {
	at := time.Unix(1, 0).String()
	tests := []struct {
		name string
		args []string
		opts engine.EventOptions
		want cmdtest.Result
	}{
		{"lines", nil, engine.EventOptions{Stream: true}, cmdtest.Result{Stdout: at + " pod create 0123456789abcdef (image=, name=web)\n"}},
		{"short", []string{"--no-trunc=false", "--stream=false"}, engine.EventOptions{}, cmdtest.Result{Stdout: at + " pod create 0123456789ab (image=, name=web)\n"}},
		{
			"times", []string{"--since", "2026-01-02T03:04:05Z", "--until", "1767365880"},
			engine.EventOptions{Stream: true, Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Until: time.Unix(1767365880, 0)},
			cmdtest.Result{Stdout: at + " pod create 0123456789abcdef (image=, name=web)\n"},
		},
		{"json", []string{"--format", "json", "-f", "pod=web"}, engine.EventOptions{Stream: true, Filters: []string{"pod=web"}}, cmdtest.Result{
			Stdout: `{"ID":"0123456789abcdef","Name":"web","Status":"create","time":1,"timeNano":1000000000,"Type":"pod","Attributes":null}` + "\n",
		}},
		{"template", []string{"--format", "{{.Type}} {{.Time}}"}, engine.EventOptions{Stream: true}, cmdtest.Result{Stdout: "pod 1\n"}},
		{"bad_since", []string{"--since", "x"}, engine.EventOptions{}, cmdtest.Result{Code: 125, Stderr: "Error: unable to convert since time of x: unable to interpret time value\n"}},
		{"bad_until", []string{"--until", "x"}, engine.EventOptions{}, cmdtest.Result{Code: 125, Stderr: "Error: unable to convert until time of x: unable to interpret time value\n"}},
		{"bad_template_is_told_at_once", []string{"--format", "{{.X}}"}, engine.EventOptions{}, cmdtest.Result{
			Code: 125, Stderr: "Error: template: events:1:2: executing \"events\" at <.X>: can't evaluate field X in type event.Report\n",
		}},
		{"no_arguments", []string{"x"}, engine.EventOptions{}, cmdtest.Result{Code: 125, Stderr: "Error: `podctl events` takes no arguments\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fake := &fakeEvents{}
			env := cmdtest.New(t)
			cmd := NewCmdEvents(env.Factory, func(ctx context.Context, opts *eventsOptions) error {
				opts.Engine = func(context.Context) (eventSource, error) { return fake, nil }
				return eventsRun(ctx, opts)
			})
			require.Equal(t, test.want, env.Run("", cmd, test.args...))
			require.True(t, test.opts.Since.Equal(fake.got.Since) && test.opts.Until.Equal(fake.got.Until))
			fake.got.Since, fake.got.Until, test.opts.Since, test.opts.Until = time.Time{}, time.Time{}, time.Time{}, time.Time{}
			require.Equal(t, test.opts, fake.got)
		})
	}
}

type fakeInfo struct{}

func (fakeInfo) Info(context.Context) (*engine.Info, error) {
	return &engine.Info{
		Host:  &engine.HostInfo{CgroupManager: "cgroupfs", CgroupsVersion: "v2", OCIRuntime: engine.RuntimeInfo{Name: "crun"}},
		Store: &engine.StoreInfo{GraphRoot: "/root"}, Choices: map[string]engine.ChoiceInfo{"ociRuntime": {Value: "/usr/bin/crun", Why: "crun is preferred"}},
	}, nil
}

func TestInfo(t *testing.T) {
	run := func(t *testing.T, args ...string) cmdtest.Result {
		env := cmdtest.New(t)
		cmd := NewCmdInfo(env.Factory, func(ctx context.Context, opts *infoOptions) error {
			opts.Engine = func(context.Context) (describer, error) { return fakeInfo{}, nil }
			return infoRun(ctx, opts)
		})
		return env.Run("", cmd, args...)
	}
	got := run(t)
	require.Contains(t, got.Stdout, "choices:\n  ociRuntime:\n    value: /usr/bin/crun\n    why: crun is preferred\nhost:\n  arch: \"\"\n")
	require.Contains(t, got.Stdout, "\n  graphRoot: /root\n")
	require.Contains(t, run(t, "--format", "json").Stdout, "{\n  \"host\": {\n    \"arch\": \"\",")
	require.Equal(t, cmdtest.Result{Stdout: "cgroupfs v2 false crun /root\n"},
		run(t, "-f", "{{.Host.CgroupManager}} {{.Host.CgroupsVersion}} {{.Host.Security.Rootless}} {{.Host.OCIRuntime.Name}} {{.Store.GraphRoot}}"))
	require.Equal(t, cmdtest.Result{Code: 125, Stderr: "Error: `podctl info` takes no arguments\n"}, run(t, "x"))
}
