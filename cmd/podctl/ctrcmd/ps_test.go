package ctrcmd

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	engine "github.com/podctl/podctl/pkg/runtime"
)

func TestPsFlags(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want psOptions
		fail string
	}{
		{name: "none", want: psOptions{Sort: "created", List: engine.ContainerListOptions{Last: -1}}},
		{name: "short_forms", args: []string{"-aps"}, want: psOptions{Sort: "created", Pod: true, List: engine.ContainerListOptions{All: true, Size: true, Last: -1}}},
		{name: "latest_is_the_last_one", args: []string{"-l"}, want: psOptions{Sort: "created", Latest: true, List: engine.ContainerListOptions{Last: 1}}},
		{name: "alias", args: []string{"--namespace"}, want: psOptions{Sort: "created", List: engine.ContainerListOptions{Namespaces: true, Last: -1}}},
		{name: "a_format_with_podname_wants_pods", args: []string{"--format", "{{.PodName}}"}, want: psOptions{Sort: "created", Format: "{{.PodName}}", Pod: true, List: engine.ContainerListOptions{Namespaces: true, Last: -1}}},
		{name: "sorting_by_size_measures", args: []string{"--sort=size"}, want: psOptions{Sort: "size", List: engine.ContainerListOptions{Size: true, Last: -1}}},
		{name: "last_and_latest", args: []string{"-l", "-n", "3"}, fail: "Error: last and latest are mutually exclusive\n"},
		{name: "quiet_and_size", args: []string{"-qs"}, fail: "Error: quiet conflicts with size and namespace\n"},
		{name: "size_and_namespace", args: []string{"-s", "--ns"}, fail: "Error: size and namespace options conflict\n"},
		{name: "watch_and_latest", args: []string{"-w1", "-l"}, fail: "Error: the watch and latest flags cannot be used together\n"},
		{name: "sort", args: []string{"--sort", "x"}, fail: "Error: invalid argument \"x\" for \"--sort\" flag: \"x\" is not a valid value.  Choose from: \"command, created, id, image, names, runningfor, size, status\"\nSee 'podctl ps --help'\n"},
		{name: "no_arguments", args: []string{"x"}, fail: "Error: `podctl ps` takes no arguments\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got *psOptions
			env := cmdtest.New(t)
			result := env.Run("", NewCmdPs(env.Factory, func(_ context.Context, opts *psOptions) error { got = opts; return nil }), test.args...)
			require.Equal(t, test.fail, result.Stderr)
			if test.fail != "" {
				require.Equal(t, 125, result.Code)
				return
			}
			got.IO, got.Engine, got.Now = nil, nil, nil
			require.Equal(t, &test.want, got)
		})
	}
}

type fakeReader struct{ list []engine.ContainerListing }

func (f *fakeReader) ListContainers(context.Context, engine.ContainerListOptions) ([]engine.ContainerListing, error) {
	return f.list, nil
}

// psNow is when a test lists containers.
var psNow = time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)

func oneAndJob() []engine.ContainerListing {
	id := func(c string) string { return strings.Repeat(c, 64) }
	return []engine.ContainerListing{
		{
			ID: id("a"), Name: "one", Image: "localhost/busybox:latest", ImageID: id("e"), Command: []string{"sleep", "infinity", "x"}, State: "running", Health: "starting",
			Created: psNow.Add(-3 * time.Hour), StartedAt: psNow.Add(-2 * time.Minute), Pid: 42, Pod: id("d"), PodName: "web", Mounts: []string{"/a", "/b"}, Networks: []string{"n1"},
			Labels: map[string]string{"app": "web"}, Ports: []types.PortMapping{{HostIP: "127.0.0.1", HostPort: 8080, ContainerPort: 80, Range: 1, Protocol: "tcp"}},
			ExposedPorts: map[uint16][]string{80: {"tcp"}, 90: {"udp"}}, Namespaces: engine.ContainerNamespaces{MNT: "1", NET: "2"}, Size: &image.Sizes{RW: 12, RootFS: 1980000},
		},
		{
			ID: id("b"), Name: "job", State: "stopped", Created: psNow.Add(-time.Hour), StartedAt: psNow.Add(-30 * time.Minute), ExitedAt: psNow.Add(-20 * time.Second),
			Exited: true, ExitCode: 137, Mounts: []string{}, Networks: []string{},
		},
	}
}

func TestPsOutput(t *testing.T) {
	tests := []struct {
		name string
		opts psOptions
		list []engine.ContainerListing
		want string
	}{
		{name: "table", list: oneAndJob(), want: "" +
			"CONTAINER ID  IMAGE                     COMMAND           CREATED            STATUS                       PORTS                           NAMES\n" +
			"aaaaaaaaaaaa  localhost/busybox:latest  sleep infinity x  3 hours ago        Up 2 minutes (starting)      127.0.0.1:8080->80/tcp, 90/udp  one\n" +
			"bbbbbbbbbbbb                                              About an hour ago  Exited (137) 20 seconds ago                                  job\n"},
		{name: "header_without_containers", want: "CONTAINER ID  IMAGE       COMMAND     CREATED     STATUS      PORTS       NAMES\n"},
		{name: "pods_and_size", opts: psOptions{Pod: true, List: engine.ContainerListOptions{Size: true}}, want: "CONTAINER ID  IMAGE       COMMAND     CREATED     STATUS      PORTS       NAMES       POD ID      PODNAME     SIZE\n"},
		{name: "namespaces", opts: psOptions{List: engine.ContainerListOptions{Namespaces: true}}, want: "CONTAINER ID  NAMES       PID         CGROUPNS    IPC         MNT         NET         PIDNS       USERNS      UTS\n"},
		{name: "quiet", opts: psOptions{Quiet: true}, list: oneAndJob(), want: "aaaaaaaaaaaa\nbbbbbbbbbbbb\n"},
		{name: "quiet_in_full", opts: psOptions{Quiet: true, NoTrunc: true}, list: oneAndJob()[:1], want: strings.Repeat("a", 64) + "\n"},
		{
			name: "placeholders", list: oneAndJob()[:1],
			opts: psOptions{Pod: true, Format: `{{.Command}}|{{.CreatedAt}}|{{.CreatedHuman}}|{{.RunningFor}}|{{.ExitCode}} {{.Exited}} {{.ExitedAt}}|{{.ExposedPorts}}|{{.ImageID}}|{{.IsInfra}}|{{.Label "app"}}|{{.Mounts}}|{{.Namespaces.MNT}}|{{.NET}}|{{.Networks}}|{{.Pid}}|{{.Pod}}|{{.PodName}}|{{.Restarts}}|{{.Size}}|{{.StartedAt}}|{{.State}}|{{.Status}}`},
			want: "sleep infinity x|2026-01-02 12:00:00 +0000 UTC|3 hours ago|3 hours ago|0 false -62135596800|map[80:[tcp] 90:[udp]]|eeeeeeeeeeee|false|web|/a,/b|1|2|n1|42|dddddddddddd|web|0|12B (virtual 1.98MB)|1767365880|running|Up 2 minutes (starting)\n",
		},
		{name: "sorted_by_names", opts: psOptions{Sort: "names", Format: "{{.Names}}"}, list: oneAndJob(), want: "job\none\n"},
		{name: "sorted_by_running_time", opts: psOptions{Sort: "runningfor", Format: "{{.Names}}"}, list: oneAndJob(), want: "job\none\n"},
		{name: "sorted_by_creation", opts: psOptions{Sort: "created", Format: "{{.Names}}"}, list: oneAndJob(), want: "one\njob\n"},
		{name: "sorted_by_size", opts: psOptions{Sort: "size", Format: "{{.Names}}"}, list: oneAndJob(), want: "job\none\n"},
		{name: "json_without_containers", opts: psOptions{Format: "json"}, want: "[]\n"},
		{name: "json", opts: psOptions{Format: "json"}, list: oneAndJob()[1:], want: `[
  {
    "AutoRemove": false,
    "Command": null,
    "CreatedAt": "About an hour ago",
    "CIDFile": "",
    "Exited": true,
    "ExitedAt": 1767365980,
    "ExitCode": 137,
    "ExposedPorts": null,
    "Id": "` + strings.Repeat("b", 64) + `",
    "Image": "",
    "ImageID": "",
    "IsInfra": false,
    "Labels": null,
    "Mounts": [],
    "Names": [
      "job"
    ],
    "Namespaces": {},
    "Networks": [],
    "Pid": 0,
    "Pod": "",
    "PodName": "",
    "Ports": null,
    "Restarts": 0,
    "Size": null,
    "StartedAt": 1767364200,
    "State": "stopped",
    "Status": "Exited (137) 20 seconds ago",
    "Created": 1767362400
  }
]
`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ios, _, out, _ := iostreams.Test()
			opts := test.opts
			opts.IO, opts.Now = ios, func() time.Time { return psNow }
			opts.Engine = func(context.Context) (lister, error) { return &fakeReader{test.list}, nil }
			require.NoError(t, psRun(t.Context(), &opts))
			require.Equal(t, test.want, out.String())
		})
	}
}

func TestPsWatchEndsWithItsContext(t *testing.T) {
	ios, _, out, _ := iostreams.Test()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	opts := psOptions{IO: ios, Now: func() time.Time { return psNow }, Watch: 1000, Format: "{{.Names}}"}
	opts.Engine = func(context.Context) (lister, error) { return &fakeReader{oneAndJob()}, nil }
	require.NoError(t, psRun(ctx, &opts))
	require.Equal(t, "\x1b[2J\x1b[1;1Hone\njob\n", out.String())
}

func TestStatusWords(t *testing.T) {
	for state, want := range map[container.State]string{
		"created": "Created", "initialized": "Initialized", "paused": "Paused", "stopping": "Stopping", "removing": "Removing", "unknown": "Unknown",
		"running": "Up 5 seconds", "exited": "Exited (0) 4 seconds ago",
	} {
		c := engine.ContainerListing{State: state, StartedAt: psNow.Add(-5 * time.Second), ExitedAt: psNow.Add(-4 * time.Second)}
		require.Equal(t, want, status(psNow, c))
	}
}

func TestCommandIsCut(t *testing.T) {
	opts := &psOptions{}
	require.Equal(t, "12345678901234567", opts.command([]string{"12345678901234567"}))
	require.Equal(t, "1234567 901234567...", opts.command([]string{"1234567", "9012345678"}))
	opts.NoTrunc = true
	require.Equal(t, "1234567 9012345678", opts.command([]string{"1234567", "9012345678"}))
}

func TestPorts(t *testing.T) {
	for _, test := range []struct {
		name      string
		published []types.PortMapping
		exposed   map[uint16][]string
		want      string
	}{
		{"none", nil, nil, ""},
		{"any_address", []types.PortMapping{{HostPort: 80, ContainerPort: 8080, Protocol: "tcp"}}, nil, "0.0.0.0:80->8080/tcp"},
		{"range", []types.PortMapping{{HostIP: "::1", HostPort: 80, ContainerPort: 90, Range: 3, Protocol: "tcp,udp"}}, nil, "::1:80-82->90-92/tcp, ::1:80-82->90-92/udp"},
		{"exposed_ranges_by_protocol", nil, map[uint16][]string{81: {"tcp"}, 80: {"tcp", "udp"}, 90: {"tcp"}}, "80-81/tcp, 90/tcp, 80/udp"},
		{"exposed_and_published", []types.PortMapping{{HostPort: 80, ContainerPort: 80, Range: 2, Protocol: "tcp"}}, map[uint16][]string{80: {"tcp"}, 82: {"tcp"}}, "0.0.0.0:80-81->80-81/tcp, 82/tcp"},
	} {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, ports(test.published, test.exposed)) })
	}
}

func (f *fakeReader) InspectContainer(_ context.Context, name string, size bool) (*engine.ContainerInspect, error) {
	c := &engine.ContainerInspect{ID: "abc", Name: "one", Image: "img", State: &engine.InspectState{Status: "running"}}
	if size {
		bytes := int64(7)
		c.SizeRw = &bytes
	}
	switch name {
	case "one":
		return c, nil
	case "ab":
		return nil, errdefs.ErrAmbiguousID
	}
	return nil, errdefs.ErrNoSuchCtr
}

func (f *fakeReader) InspectLatestContainer(ctx context.Context, size bool) (*engine.ContainerInspect, error) {
	return f.InspectContainer(ctx, "one", size)
}

func TestInspect(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want cmdtest.Result
	}{
		{"template", []string{"-f", "{{.Id}} {{.ID}} {{.ImageID}} {{.State.Status}}", "one", "one"}, cmdtest.Result{Stdout: "abc abc img running\nabc abc img running\n"}},
		{"size", []string{"-s", "-f", "{{.SizeRw}}", "-l"}, cmdtest.Result{Stdout: "7\n"}},
		{"missing", []string{"x", "y"}, cmdtest.Result{Code: 125, Stdout: "[]\n", Stderr: "no such container \"y\"\nError: no such container \"x\"\n"}},
		{"ambiguous_is_fatal", []string{"one", "ab"}, cmdtest.Result{Code: 125, Stderr: "Error: container already exists\n"}},
		{"nothing", nil, cmdtest.Result{Code: 125, Stderr: "Error: no names or ids specified\n"}},
		{"latest_and_name", []string{"-l", "one"}, cmdtest.Result{Code: 125, Stderr: "Error: --latest and arguments cannot be used together\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			env := cmdtest.New(t)
			cmd := NewCmdInspect(env.Factory, func(ctx context.Context, opts *inspectOptions) error {
				opts.Engine = func(context.Context) (inspector, error) { return &fakeReader{}, nil }
				return inspectRun(ctx, opts)
			})
			require.Equal(t, test.want, env.Run("container", cmd, test.args...))
		})
	}
}
