package ctrcmd

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// fakeCloner has the container a, whose copy is named a-clone.
type fakeCloner struct {
	did   []string
	fails string // the step that fails
}

func (e *fakeCloner) step(format string, args ...any) error {
	e.did = append(e.did, fmt.Sprintf(format, args...))
	if e.did[len(e.did)-1] == e.fails {
		return errors.New("boom")
	}
	return nil
}

func (e *fakeCloner) PrepareContainerClone(_ context.Context, name, pod string) (*engine.ContainerClone, error) {
	if name != "a" {
		return nil, fmt.Errorf("no container with name or ID %q found: %w", name, errdefs.ErrNoSuchCtr)
	}
	cfg := &container.Config{Image: container.Image{ID: "i", RawName: "x"}}
	return &engine.ContainerClone{SourceID: "a1", Create: engine.CreateOptions{Name: "a-clone", Pod: pod, Config: cfg}}, nil
}

func (e *fakeCloner) CreateContainer(_ context.Context, opts engine.CreateOptions) (string, error) {
	pids := int64(0)
	if p := opts.Config.Resources.PidsLimit; p != nil {
		pids = *p
	}
	return "c1", e.step("create %s of %s%s in %q, pids %d", opts.Name, opts.Config.Image.ID, opts.Config.Image.RawName, opts.Pod, pids)
}

func (e *fakeCloner) StartContainer(_ context.Context, id string) error {
	return e.step("start %s", id)
}

func (e *fakeCloner) RemoveContainers(_ context.Context, sel engine.Selection, opts engine.RemoveOptions) ([]engine.Removal, error) {
	return []engine.Removal{{Err: e.step("remove %s %t", sel.Names[0], opts.Force)}}, nil
}

func TestClone(t *testing.T) {
	const create = `create a-clone of ix in "", pids 0`
	for name, tc := range map[string]struct {
		args         []string
		fails        string
		did          []string
		out, failure string
	}{
		"named_after_the_source":      {args: []string{"a"}, did: []string{create}, out: "c1\n"},
		"named_by_flag":               {args: []string{"--name", "b", "a"}, did: []string{`create b of ix in "", pids 0`}, out: "c1\n"},
		"name_and_image":              {args: []string{"a", "b", "other"}, did: []string{`create b of other in "", pids 0`}, out: "c1\n"},
		"limits_and_pod":              {args: []string{"--pids-limit", "7", "--pod", "p", "a"}, did: []string{`create a-clone of ix in "p", pids 7`}, out: "c1\n"},
		"source_goes_before_the_run":  {args: []string{"--destroy", "-f", "--run", "a"}, did: []string{create, "remove a1 true", "start c1"}, out: "c1\n"},
		"source_stays_if_it_must":     {args: []string{"--destroy", "--run", "a"}, fails: "remove a1 false", did: []string{create, "remove a1 false"}, failure: "Error: boom\n"},
		"force_is_about_destroying":   {args: []string{"--force", "a"}, failure: "Error: cannot set --force without --destroy: invalid argument\n"},
		"missing":                     {args: []string{"b"}, failure: "Error: no container with name or ID \"b\" found: no such container\n"},
		"none":                        {failure: "Error: accepts between 1 and 3 arg(s), received 0\n"},
		"a_copy_that_cannot_be_keeps": {args: []string{"--destroy", "a"}, fails: create, did: []string{create}, failure: "Error: boom\n"},
	} {
		t.Run(name, func(t *testing.T) {
			env, eng := cmdtest.New(t), &fakeCloner{fails: tc.fails}
			cmd := NewCmdClone(env.Factory, func(ctx context.Context, opts *cloneOptions) error {
				opts.Engine = func(context.Context) (cloner, error) { return eng, nil }
				return cloneRun(ctx, opts)
			})
			got := env.Run("container", cmd, tc.args...)
			require.Equal(t, tc.failure, got.Stderr)
			require.Equal(t, tc.out, got.Stdout)
			require.Equal(t, tc.did, eng.did)
			require.Equal(t, tc.failure != "", got.Code == 125)
		})
	}
}
