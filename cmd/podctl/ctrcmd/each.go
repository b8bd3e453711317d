package ctrcmd

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/container"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// resolver finds the containers a verb is about.
type resolver interface {
	// ResolveContainers finds all of a selection or fails.
	ResolveContainers(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
}

// selection is what the arguments and flags select. The files of --cidfile are
// read.
func selection(t *cmdutil.Targets) (engine.Selection, error) {
	ids, err := t.ReadIDFiles()
	if err != nil {
		return engine.Selection{}, err
	}
	names := append(append([]string{}, t.Names...), ids...)
	return engine.Selection{Names: names, All: t.All, Latest: t.Latest, Filters: t.Filters, Ignore: t.Ignore}, nil
}

// resolve finds the containers selected.
func resolve(ctx context.Context, eng resolver, t *cmdutil.Targets) ([]engine.Target, error) {
	sel, err := selection(t)
	if err != nil {
		return nil, err
	}
	return eng.ResolveContainers(ctx, sel)
}

// resolveToChange finds the containers selected for a verb that changes them.
func resolveToChange(ctx context.Context, eng resolver, t *cmdutil.Targets) ([]engine.Target, error) {
	sel, err := selection(t)
	if err != nil {
		return nil, err
	}
	sel.Mend = true
	return eng.ResolveContainers(ctx, sel)
}

// tell prints what the user typed, or the ID, for each success, and returns all
// errors, both in the order of the containers.
func tell(io *iostreams.IOStreams, targets []engine.Target, errs []error) error {
	for i, t := range targets {
		if errs[i] == nil {
			fmt.Fprintln(io.Out, t.Typed())
		}
	}
	return errors.Join(errs...)
}

// printSteps shows what a verb would do.
func printSteps(io *iostreams.IOStreams, steps []engine.Step) {
	for _, s := range steps {
		fmt.Fprintln(io.Out, s)
	}
}

// dryRunHelp describes the output of --dry-run.
const dryRunHelp = `

With --dry-run nothing is done. What would be is printed, a step a line: the number
of its wave, what is done, and to what. The steps of a wave are done at the same
time, after those of the waves before.`

// seconds is the value of a --time flag that was given; a negative one waits for
// ever.
func seconds(n int) *time.Duration {
	d := time.Duration(math.MaxInt64)
	if n >= 0 {
		d = time.Duration(n) * time.Second
	}
	return &d
}

// inState keeps the containers that were found in one of the states.
func inState(targets []engine.Target, states ...container.State) []engine.Target {
	return slices.DeleteFunc(targets, func(t engine.Target) bool { return !slices.Contains(states, t.State) })
}

// notInState leaves out those that were found in one of the states.
func notInState(targets []engine.Target, states ...container.State) []engine.Target {
	return slices.DeleteFunc(targets, func(t engine.Target) bool { return slices.Contains(states, t.State) })
}
