package syscmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/image"
)

type storageChecker interface {
	// CheckStorage returns a line for each damage in the image store.
	CheckStorage(ctx context.Context, opts image.CheckOptions) ([]string, error)
	// RepairStorage removes what is damaged, containers too if asked, and returns
	// what was.
	RepairStorage(ctx context.Context, opts image.CheckOptions, containers bool) ([]string, error)
}

type checkOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (storageChecker, error)

	Check         image.CheckOptions
	Repair, Force bool
}

// NewCmdCheck returns "podctl system check".
func NewCmdCheck(f *cmdutil.Factory, runF func(context.Context, *checkOptions) error) *cobra.Command {
	opts := &checkOptions{IO: f.IO, Engine: func(ctx context.Context) (storageChecker, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "check [options]",
		Short: "Look for damage in the image store, and remove it",
		Long: `Look whether layers, images and containers in the image store are whole, and
print what is not. With --repair damaged images are removed, with --force damaged
containers too. The store is shared with other programs: theirs are looked at and
removed like podctl's own. What else podctl keeps is the business of doctor.

Exit codes: 0 nothing is damaged (any more), 125 damage or error.`,
		Example: `podctl system check --quick
podctl system check --repair`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return checkRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&opts.Check.Quick, "quick", "q", false, "Do not compare what is in layers with what should be")
	fs.BoolVarP(&opts.Repair, "repair", "r", false, "Remove damaged images")
	fs.BoolVarP(&opts.Force, "force", "f", false, "Remove damaged images and containers")
	fs.DurationVarP(&opts.Check.MaxAge, "max", "m", 24*time.Hour, "`Age` from which on a layer that nothing uses is damage")
	return cmd
}

func checkRun(ctx context.Context, opts *checkOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	repair := opts.Repair || opts.Force
	var lines []string
	if repair {
		lines, err = eng.RepairStorage(ctx, opts.Check, opts.Force)
	} else {
		lines, err = eng.CheckStorage(ctx, opts.Check)
	}
	for _, line := range lines {
		fmt.Fprintln(opts.IO.Out, line)
	}
	switch {
	case err != nil || len(lines) == 0:
		return err
	case !repair:
		return errors.New("damage detected in local storage")
	}
	if lines, err = eng.CheckStorage(ctx, opts.Check); err == nil && len(lines) > 0 {
		err = errors.New("damage in local storage still present after repair attempt")
	}
	return err
}
