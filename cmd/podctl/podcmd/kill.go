package podcmd

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

type podKiller interface {
	resolver
	// KillPod signals every running container at once.
	KillPod(ctx context.Context, id string, sig syscall.Signal) error
}

type killOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (podKiller, error)

	Targets cmdutil.Targets
	Signal  syscall.Signal
}

// NewCmdKill returns "podctl pod kill".
func NewCmdKill(f *cmdutil.Factory, runF func(context.Context, *killOptions) error) *cobra.Command {
	opts := &killOptions{IO: f.IO, Engine: func(ctx context.Context) (podKiller, error) { return f.Engine(ctx) }}
	var signal string
	cmd := &cobra.Command{
		Use:   "kill [options] POD [POD...]",
		Short: "Send a signal to the containers of pods",
		Long: `Send a signal to every running container of pods, the infra container included,
and print the pods' IDs. Their restart policies do not apply after that.

Exit codes: 0 success, also if nothing ran, 125 error.`,
		Example: `podctl pod kill web
podctl pod kill --signal HUP web`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			opts.Signal, err = cmdutil.ParseSignal(signal)
			if errors.Is(err, cmdutil.ErrSignalRange) {
				err = fmt.Errorf("invalid signal: %s", signal) // in words of its own, unlike kill of a container
			}
			if err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return killRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Pods})
	cmd.Flags().StringVarP(&signal, "signal", "s", "KILL", "The `signal`, by name or number")
	return cmd
}

func killRun(ctx context.Context, opts *killOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	return onEach(ctx, opts.IO, eng, &opts.Targets, printID, func(ctx context.Context, id string) error {
		return eng.KillPod(ctx, id, opts.Signal)
	})
}
