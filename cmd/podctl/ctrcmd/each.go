package ctrcmd

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

// resolve finds the containers selected.
func resolve(ctx context.Context, eng resolver, t *cmdutil.Targets) ([]engine.Target, error) {
	sel, err := t.Selection()
	if err != nil {
		return nil, err
	}
	return eng.ResolveContainers(ctx, sel)
}

// resolveToChange finds the containers selected for a verb that changes them.
func resolveToChange(ctx context.Context, eng resolver, t *cmdutil.Targets) ([]engine.Target, error) {
	sel, err := t.Selection()
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

// inState keeps the containers that were found in one of the states.
func inState(targets []engine.Target, states ...container.State) []engine.Target {
	return slices.DeleteFunc(targets, func(t engine.Target) bool { return !slices.Contains(states, t.State) })
}

// notInState leaves out those that were found in one of the states.
func notInState(targets []engine.Target, states ...container.State) []engine.Target {
	return slices.DeleteFunc(targets, func(t engine.Target) bool { return slices.Contains(states, t.State) })
}
