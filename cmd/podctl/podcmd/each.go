package podcmd

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// resolver finds the pods a verb is about.
type resolver interface {
	// ResolvePods finds all of a selection or fails.
	ResolvePods(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
}

// selection is what the arguments and flags select. The files of --pod-id-file
// are read.
func selection(t *cmdutil.Targets) (engine.Selection, error) {
	ids, err := t.ReadIDFiles()
	if err != nil {
		return engine.Selection{}, err
	}
	names := append(append([]string{}, t.Names...), ids...)
	return engine.Selection{Names: names, All: t.All, Latest: t.Latest, Ignore: t.Ignore}, nil
}

// onEach does something to all pods selected, prints a line for each success and
// returns all errors, both in the order of the pods.
func onEach(ctx context.Context, io *iostreams.IOStreams, eng resolver, t *cmdutil.Targets, line func(engine.Target) string, do func(context.Context, string) error) error {
	sel, err := selection(t)
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
	sel, err := selection(t)
	if err != nil {
		return err
	}
	pods, err := eng.ResolvePods(ctx, sel)
	if err != nil {
		return err
	}
	steps, err := plan(ctx, pods)
	for _, s := range steps {
		fmt.Fprintln(io.Out, s)
	}
	return err
}

// dryRunHelp describes the output of --dry-run.
const dryRunHelp = `

With --dry-run nothing is done. What would be is printed, a step a line: the number
of its wave, what is done, and to what. The steps of a wave are done at the same
time, after those of the waves before.`

// printName and printID are the two lines a verb may print.
func printName(t engine.Target) string { return t.Name }
func printID(t engine.Target) string   { return t.ID }

// seconds is the value of a --time flag that was given; a negative one waits for
// ever.
func seconds(n int) *time.Duration {
	d := time.Duration(math.MaxInt64)
	if n >= 0 {
		d = time.Duration(n) * time.Second
	}
	return &d
}
