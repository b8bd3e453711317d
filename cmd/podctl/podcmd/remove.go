package podcmd

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type podRemover interface {
	resolver
	// RemovePod removes a pod with its containers. ErrNoSuchPod if it is gone.
	RemovePod(ctx context.Context, id string, opts engine.RemoveOptions) error
	// PlanRemovePods tells what RemovePod would do.
	PlanRemovePods(ctx context.Context, pods []engine.Target, opts engine.RemoveOptions) ([]engine.Step, error)
}

type removeOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (podRemover, error)

	Targets cmdutil.Targets
	DryRun  bool
	Remove  engine.RemoveOptions
}

// NewCmdRemove returns "podctl pod rm".
func NewCmdRemove(f *cmdutil.Factory, runF func(context.Context, *removeOptions) error) *cobra.Command {
	opts := &removeOptions{IO: f.IO, Engine: func(ctx context.Context) (podRemover, error) { return f.Engine(ctx) }}
	var timeout int
	cmd := &cobra.Command{
		Use:   "rm [options] POD [POD...]",
		Short: "Remove pods",
		Long: `Remove pods with their containers and anonymous volumes, and print the pods' IDs.
A pod with a container that runs or is paused, other than its infra container, is
removed with --force only. --force implies --ignore. The file of --pod-id-file is
deleted when its pod was removed.` + cmdutil.DryRunHelp + `

Exit codes: 0 success, 1 no such pod, 125 other error.`,
		Example: `podctl pod rm web
podctl pod rm --force --time 2 --all`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("time") {
				if !opts.Remove.Force {
					return errors.New("--force option must be specified to use the --time option")
				}
				opts.Remove.Timeout = cmdutil.Seconds(timeout)
			}
			opts.Targets.Ignore = opts.Targets.Ignore || opts.Remove.Force
			opts.Remove.Ignore = opts.Targets.Ignore
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return removeRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Pods, IDFile: true, Ignore: true})
	fs := cmd.Flags()
	fs.BoolVarP(&opts.Remove.Force, "force", "f", false, "Stop containers that run")
	fs.IntVarP(&timeout, "time", "t", 10, "`Seconds` to wait before SIGKILL, with --force")
	fs.BoolVar(&opts.DryRun, "dry-run", false, "Print what would be done, and do nothing")
	return cmd
}

func removeRun(ctx context.Context, opts *removeOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	if opts.DryRun {
		err = printPlan(ctx, opts.IO, eng, &opts.Targets, func(ctx context.Context, pods []engine.Target) ([]engine.Step, error) {
			return eng.PlanRemovePods(ctx, pods, opts.Remove)
		})
	} else {
		err = removeAll(ctx, opts, eng)
	}
	if errors.Is(err, errdefs.ErrNoSuchPod) {
		return cmdutil.WithCode(cmdutil.ExitNotFound, err)
	}
	return err
}

// removeAll removes the pods selected, then those that files name.
func removeAll(ctx context.Context, opts *removeOptions, eng podRemover) error {
	errs := []error{removePods(ctx, opts, eng)}
	for _, file := range opts.Targets.IDFiles {
		errs = append(errs, removeByFile(ctx, opts, eng, file))
	}
	return errors.Join(errs...)
}

// removePods removes the pods named by arguments or selected by flags.
func removePods(ctx context.Context, opts *removeOptions, eng podRemover) error {
	t := opts.Targets
	pods, err := eng.ResolvePods(ctx, engine.Selection{Names: t.Names, All: t.All, Latest: t.Latest, Ignore: t.Ignore, Lost: opts.Remove.Force})
	if err != nil {
		return err
	}
	errs := engine.Each(ctx, pods, func(ctx context.Context, id string) error {
		err := eng.RemovePod(ctx, id, opts.Remove)
		if t.Ignore && errors.Is(err, errdefs.ErrNoSuchPod) {
			return nil // somebody else removed it since we looked
		}
		return err
	})
	for i, pod := range pods {
		if errs[i] == nil {
			fmt.Fprintln(opts.IO.Out, pod.ID)
		}
	}
	return errors.Join(errs...)
}

// removeByFile removes the pod a file names, and then the file.
func removeByFile(ctx context.Context, opts *removeOptions, eng podRemover, file string) error {
	id, err := cmdutil.Pods.ReadIDFile(file)
	if err != nil {
		return err
	}
	one := *opts
	one.Targets = cmdutil.Targets{Names: []string{id}, Ignore: opts.Targets.Ignore}
	if err := removePods(ctx, &one, eng); err != nil {
		return err
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing pod ID file: %w", err)
	}
	return nil
}
