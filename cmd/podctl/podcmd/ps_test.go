package podcmd

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

func TestPsFlags(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want psOptions
		fail string
	}{
		{name: "none", want: psOptions{Sort: "created"}},
		{name: "filters_repeat", args: []string{"-f", "name=a,b", "--filter", "x"}, want: psOptions{Sort: "created", List: engine.PodListOptions{Filters: []string{"name=a,b", "x"}}}},
		{name: "aliases", args: []string{"--namespace", "--notruncate"}, want: psOptions{Sort: "created", Namespaces: true, NoTrunc: true}},
		{name: "short_forms", args: []string{"-nq", "-l"}, want: psOptions{Sort: "created", NoHeading: true, Quiet: true, List: engine.PodListOptions{Latest: true}}},
		{name: "quiet_with_format", args: []string{"-q", "--format", "json"}, fail: "Error: quiet and format cannot be used together\n"},
		{name: "sort", args: []string{"--sort", "size"}, fail: "Error: invalid option for --sort, options are: created, id, name, number, or status\n"},
		{name: "no_arguments", args: []string{"x"}, fail: "Error: `podctl pod ps` takes no arguments\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got *psOptions
			env := cmdtest.New(t)
			result := env.Run("pod", NewCmdPs(env.Factory, func(_ context.Context, opts *psOptions) error { got = opts; return nil }), test.args...)
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

// now is three hours after the newest pod was created.
var now = time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)

type fakeReader struct {
	pods []engine.PodListing
	opts engine.PodListOptions
}

func (f *fakeReader) ListPods(_ context.Context, opts engine.PodListOptions) ([]engine.PodListing, error) {
	f.opts = opts
	return f.pods, nil
}

func webAndJob() []engine.PodListing {
	id := func(c string) string { return strings.Repeat(c, 64) }
	return []engine.PodListing{
		{
			ID: id("b"), Name: "web", InfraID: id("c"), Status: "Degraded", Created: now.Add(-3 * time.Hour), Cgroup: "/parent",
			Labels: map[string]string{"app": "<web>"}, Networks: []string{"n1", "n2"},
			Containers: []engine.PodListContainer{{ID: id("c"), Name: "web-infra", Status: "running"}, {ID: id("d"), Name: "one", Status: "exited", RestartCount: 2}},
		},
		{ID: id("a"), Name: "job", Status: "Created", Created: now.Add(-50 * time.Hour), Containers: []engine.PodListContainer{}, Networks: []string{}, Labels: map[string]string{}},
	}
}

func TestPsOutput(t *testing.T) {
	long := strings.Repeat
	tests := []struct {
		name string
		opts psOptions
		pods []engine.PodListing
		want string
		fail string
	}{
		{name: "table", pods: webAndJob(), want: "" +
			"POD ID        NAME        STATUS      CREATED      INFRA ID      # OF CONTAINERS\n" +
			"bbbbbbbbbbbb  web         Degraded    3 hours ago  cccccccccccc  2\n" +
			"aaaaaaaaaaaa  job         Created     2 days ago                 0\n"},
		{name: "header_without_pods", want: "POD ID      NAME        STATUS      CREATED     INFRA ID    # OF CONTAINERS\n"},
		{name: "no_header", opts: psOptions{NoHeading: true}, pods: webAndJob()[:1], want: "bbbbbbbbbbbb  web         Degraded    3 hours ago  cccccccccccc  2\n"},
		{name: "containers", opts: psOptions{CtrIDs: true, CtrNames: true, CtrStatuses: true, NoHeading: true}, pods: webAndJob()[:1], want: "" +
			"bbbbbbbbbbbb  web         Degraded    3 hours ago  cccccccccccc  cccccccccccc,dddddddddddd  web-infra,one  running,exited\n"},
		{name: "container_columns", opts: psOptions{CtrNames: true, CtrStatuses: true}, want: "POD ID      NAME        STATUS      CREATED     INFRA ID    NAMES       STATUS\n"},
		{name: "namespaces", opts: psOptions{Namespaces: true}, want: "POD ID      NAME        STATUS      CREATED     INFRA ID    CGROUP      NAMESPACES  # OF CONTAINERS\n"},
		{name: "quiet_is_full", opts: psOptions{Quiet: true}, pods: webAndJob(), want: long("b", 64) + "\n" + long("a", 64) + "\n"},
		{name: "no_trunc", opts: psOptions{NoTrunc: true, Format: "{{.ID}} {{.InfraID}}"}, pods: webAndJob()[:1], want: long("b", 64) + " " + long("c", 64) + "\n"},
		{
			name: "placeholders", pods: webAndJob(),
			opts: psOptions{Format: `{{.Id}}|{{.Status}}|{{.Created}}|{{.InfraId}}|{{.NumberOfContainers}}|{{.ContainerIds}}|{{.ContainerNames}}|{{.ContainerStatuses}}|{{.Labels}}|{{.Label "app"}}|{{.Networks}}|{{.Restarts}}|{{.Cgroup}}|{{.Namespace}}`},
			want: "bbbbbbbbbbbb|Degraded|3 hours ago|cccccccccccc|2|cccccccccccc,dddddddddddd|web-infra,one|running,exited|map[app:<web>]|<web>|n1,n2|2|/parent|\n" +
				"aaaaaaaaaaaa|Created|2 days ago||0||||map[]|||0||\n",
		},
		{name: "table_template", opts: psOptions{Format: `table {{.Id}} {{.InfraID}}\t{{.ContainerIds}} {{.Restarts}} {{.Labels}}`}, want: "POD ID      INFRA ID    IDS         RESTARTS    LABELS\n"},
		{name: "sort_by_name", opts: psOptions{Sort: "name", Format: "{{.Name}}"}, pods: webAndJob(), want: "job\nweb\n"},
		{name: "sort_by_id", opts: psOptions{Sort: "id", Format: "{{.Name}}"}, pods: webAndJob(), want: "job\nweb\n"},
		{name: "sort_by_number", opts: psOptions{Sort: "number", Format: "{{.Name}}"}, pods: webAndJob(), want: "job\nweb\n"},
		{name: "sort_by_status", opts: psOptions{Sort: "status", Format: "{{.Name}}"}, pods: webAndJob(), want: "job\nweb\n"},
		{name: "json_without_pods", opts: psOptions{Format: "json"}, pods: []engine.PodListing{}, want: "[]\n"},
		{name: "json", opts: psOptions{Format: "json"}, pods: webAndJob()[:1], want: `[
  {
    "Cgroup": "/parent",
    "Containers": [
      {
        "Id": "` + long("c", 64) + `",
        "Names": "web-infra",
        "Status": "running",
        "RestartCount": 0
      },
      {
        "Id": "` + long("d", 64) + `",
        "Names": "one",
        "Status": "exited",
        "RestartCount": 2
      }
    ],
    "Created": "2026-01-02T12:00:00Z",
    "Id": "` + long("b", 64) + `",
    "InfraId": "` + long("c", 64) + `",
    "Name": "web",
    "Namespace": "",
    "Networks": [
      "n1",
      "n2"
    ],
    "Status": "Degraded",
    "Labels": {
      "app": "<web>"
    }
  }
]
`},
		{name: "unknown_placeholder", opts: psOptions{Format: "{{.Bogus}}"}, pods: webAndJob(), fail: `template: ps:1:13: executing "ps" at <.Bogus>: can't evaluate field Bogus in type podcmd.psRow`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ios, _, out, _ := iostreams.Test()
			opts := test.opts
			if opts.Sort == "" {
				opts.Sort = "created"
			}
			opts.IO, opts.Now = ios, func() time.Time { return now }
			opts.Engine = func(context.Context) (lister, error) { return &fakeReader{pods: test.pods}, nil }
			err := psRun(t.Context(), &opts)
			if test.fail != "" {
				require.EqualError(t, err, test.fail)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, out.String())
		})
	}
}

func (f *fakeReader) InspectPod(_ context.Context, name string) (*engine.PodInspect, error) {
	switch name {
	case "web":
		return &engine.PodInspect{ID: "abc", Name: "web", State: "Running", Created: now}, nil
	case "ab":
		return nil, errdefs.ErrAmbiguousID
	}
	return nil, errdefs.ErrNoSuchPod
}

func (f *fakeReader) InspectLatestPod(ctx context.Context) (*engine.PodInspect, error) {
	return f.InspectPod(ctx, "web")
}

func TestInspect(t *testing.T) {
	const web = `[
     {
          "Id": "abc",
          "Name": "web",
          "Created": "2026-01-02T15:00:00Z",
          "State": "Running",
          "Hostname": "",
          "CreateCgroup": false,
          "CreateInfra": false,
          "NumContainers": 0,
          "LockNumber": 0
     }
]
`
	tests := []struct {
		name string
		args []string
		want cmdtest.Result
	}{
		{"one_pod_is_an_array_too", []string{"web"}, cmdtest.Result{Stdout: web}},
		{"empty_format_is_json", []string{"--format", "", "web"}, cmdtest.Result{Stdout: web}},
		{"latest", []string{"-l"}, cmdtest.Result{Stdout: web}},
		{"missing_ones_are_told_after_those_found", []string{"x", "web", "y", "z"}, cmdtest.Result{Code: 125, Stdout: web, Stderr: "no such pod y\nno such pod z\nError: no such pod x\n"}},
		{"none_found", []string{"x"}, cmdtest.Result{Code: 125, Stdout: "[]\n", Stderr: "Error: no such pod x\n"}},
		{"none_found_for_a_template", []string{"-f", "{{.Name}}", "x"}, cmdtest.Result{Code: 125, Stderr: "Error: no such pod x\n"}},
		{"ambiguous_is_fatal", []string{"web", "ab"}, cmdtest.Result{Code: 125, Stderr: "Error: container already exists\n"}},
		{"template", []string{"-f", "{{.Id}} {{.ID}} {{.State}}", "web", "web"}, cmdtest.Result{Stdout: "abc abc Running\nabc abc Running\n"}},
		{"no_header_for_a_table", []string{"-f", "table {{.Name}}", "web"}, cmdtest.Result{Stdout: "web\n"}},
		{"nothing", nil, cmdtest.Result{Code: 125, Stderr: "Error: no names or ids specified\n"}},
		{"latest_and_name", []string{"-l", "web"}, cmdtest.Result{Code: 125, Stderr: "Error: --latest and arguments cannot be used together\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			env := cmdtest.New(t)
			cmd := NewCmdInspect(env.Factory, func(ctx context.Context, opts *inspectOptions) error {
				opts.Engine = func(context.Context) (inspector, error) { return &fakeReader{}, nil }
				return inspectRun(ctx, opts)
			})
			require.Equal(t, test.want, env.Run("pod", cmd, test.args...))
		})
	}
}
