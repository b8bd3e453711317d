package podcmd

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// fakeCloner has the pod web, whose copy is named web-clone.
type fakeCloner struct {
	did   []string
	fails string // the step that fails
}

func (e *fakeCloner) step(format string, args ...any) error {
	e.did = append(e.did, fmt.Sprintf(format, args...))
	if e.fails != "" && e.did[len(e.did)-1] == e.fails {
		return errors.New("boom")
	}
	return nil
}

func (e *fakeCloner) PreparePodClone(_ context.Context, name string) (*engine.PodClone, error) {
	if name != "web" {
		return nil, fmt.Errorf("no pod with name or ID %s found: %w", name, errdefs.ErrNoSuchPod)
	}
	return &engine.PodClone{SourceID: "w1", Pod: engine.PodCreateOptions{Name: "web-clone", Config: &pod.Config{Labels: map[string]string{"a": "1"}}}}, nil
}

func (e *fakeCloner) ClonePod(_ context.Context, clone *engine.PodClone) (string, error) {
	return "c1", e.step("clone as %s %v", clone.Pod.Name, clone.Pod.Config.Labels)
}

func (e *fakeCloner) StartPod(_ context.Context, id string) error { return e.step("start %s", id) }

func (e *fakeCloner) RemovePod(_ context.Context, id string, opts engine.RemoveOptions) error {
	return e.step("remove %s %t", id, opts.Force)
}

func TestClone(t *testing.T) {
	const clone = "clone as web-clone map[a:1]"
	for name, tc := range map[string]struct {
		args         []string
		fails        string
		did          []string
		want, stderr string
	}{
		"named_by_the_engine":          {args: []string{"web"}, did: []string{clone}, want: "c1\n"},
		"named_by_flag":                {args: []string{"-n", "x", "web"}, did: []string{"clone as x map[a:1]"}, want: "c1\n"},
		"named_by_argument_above_all":  {args: []string{"--name", "x", "web", "y"}, did: []string{"clone as y map[a:1]"}, want: "c1\n"},
		"flags_are_laid_over":          {args: []string{"--label", "b=2", "web"}, did: []string{"clone as web-clone map[a:1 b:2]"}, want: "c1\n"},
		"source_goes_before_the_start": {args: []string{"--start", "--destroy", "web"}, did: []string{clone, "remove w1 true", "start c1"}, want: "c1\n"},
		"failed_start": {
			args: []string{"--start", "web"}, fails: "start c1", did: []string{clone, "start c1"},
			want: "pod c1 created but error after creation\n", stderr: "Error: boom\n",
		},
		"failed_clone": {args: []string{"--start", "web"}, fails: clone, did: []string{clone}, stderr: "Error: boom\n"},
		"missing":      {args: []string{"db"}, stderr: "Error: no pod with name or ID db found: no such pod\n"},
		"no_pod":       {args: nil, stderr: "Error: accepts between 1 and 2 arg(s), received 0\n"},
		"three_names":  {args: []string{"a", "b", "c"}, stderr: "Error: accepts between 1 and 2 arg(s), received 3\n"},
	} {
		t.Run(name, func(t *testing.T) {
			env, eng := cmdtest.New(t), &fakeCloner{fails: tc.fails}
			cmd := NewCmdClone(env.Factory, func(ctx context.Context, opts *cloneOptions) error {
				opts.Engine = func(context.Context) (cloner, error) { return eng, nil }
				return cloneRun(ctx, opts)
			})
			got := env.Run("pod", cmd, tc.args...)
			require.Equal(t, tc.stderr, got.Stderr)
			require.Equal(t, tc.want, got.Stdout)
			require.Equal(t, tc.did, eng.did)
			require.Equal(t, tc.stderr != "", got.Code == 125)
		})
	}
}
