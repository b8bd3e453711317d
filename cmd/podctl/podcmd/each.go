package podcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// resolver finds the pods a verb is about.
type resolver interface {
	// ResolvePods finds all of a selection or fails.
	ResolvePods(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
}

// onEach does something to all pods selected, prints a line for each success and
// returns all errors, both in the order of the pods.
func onEach(ctx context.Context, io *iostreams.IOStreams, eng resolver, t *cmdutil.Targets, line func(engine.Target) string, do func(context.Context, string) error) error {
	sel, err := t.Selection()
	if err != nil {
		return err
	}
	sel.Mend = true
	pods, err := eng.ResolvePods(ctx, sel)
	if err != nil {
		return err
	}
	errs := engine.Each(ctx, pods, do)
	for i, pod := range pods {
		if errs[i] == nil {
			fmt.Fprintln(io.Out, line(pod))
		}
	}
	return errors.Join(errs...)
}

// printPlan shows what a verb would do to the pods selected.
func printPlan(ctx context.Context, io *iostreams.IOStreams, eng resolver, t *cmdutil.Targets, plan func(context.Context, []engine.Target) ([]engine.Step, error)) error {
	sel, err := t.Selection()
	if err != nil {
		return err
	}
	pods, err := eng.ResolvePods(ctx, sel)
	if err != nil {
		return err
	}
	steps, err := plan(ctx, pods)
	cmdutil.PrintSteps(io, steps)
	return err
}

// printName and printID are the two lines a verb may print.
func printName(t engine.Target) string { return t.Name }
func printID(t engine.Target) string   { return t.ID }
