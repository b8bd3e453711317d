package kubecmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/kube"
	"github.com/podctl/podctl/pkg/kubeplay"
)

// player makes what files describe, and removes it.
type player interface {
	kubeplay.Player
	kubeplay.Waiter
	kubeplay.Remover
}

func playRun(ctx context.Context, opts *playOptions) error {
	objects, err := readObjects(ctx, opts.IO, opts.Files)
	if err != nil {
		return err
	}
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	if opts.Down {
		return takeDown(ctx, opts.IO, eng, objects, kubeplay.DownOptions{Volumes: opts.Force})
	}
	if err := objects.Check(); err != nil {
		return err
	}
	if err := addConfigMaps(objects, opts.ConfigMaps); err != nil {
		return err // before anything is taken down
	}
	objects.Annotate(opts.Annotations)
	if opts.Play.Replace {
		if err := takeDown(ctx, opts.IO, eng, objects, kubeplay.DownOptions{}); err != nil {
			return err
		}
	}
	if opts.Wait {
		return playAndWait(ctx, opts, eng, objects)
	}
	_, err = playAll(ctx, opts, eng, objects)
	return err
}

// playAll makes and prints everything. On error what was made before stays.
func playAll(ctx context.Context, opts *playOptions, eng player, objects *kube.Objects) ([]kubeplay.Pod, error) {
	play := opts.Play
	play.Overlay = overlay{&opts.Flags, opts.Env}
	made, err := kubeplay.Play(ctx, eng, objects, play)
	failed := printMade(opts.IO, made)
	if err == nil && failed > 0 {
		err = fmt.Errorf("failed to start %d containers", failed)
	}
	return made.Pods, err
}

// addConfigMaps adds those of files.
func addConfigMaps(objects *kube.Objects, files []string) error {
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		more, err := kube.ReadConfigMaps(data)
		if err != nil {
			return fmt.Errorf("%q: %w", file, err)
		}
		for _, m := range more {
			if slices.ContainsFunc(objects.ConfigMaps, func(other kube.ConfigMap) bool { return other.Name == m.Name }) {
				return errdefs.As(errdefs.ErrInvalidArgument, fmt.Errorf(
					"ambiguous configuration: the same config map %s is present in YAML and in --configmaps %s file", m.Name, file))
			}
		}
		objects.ConfigMaps = append(objects.ConfigMaps, more...)
	}
	return nil
}

// printMade prints what was made and returns how many containers did not start.
func printMade(ios *iostreams.IOStreams, m *kubeplay.Made) (failed int) {
	block := func(heading string, lines []string) {
		if len(lines) == 0 {
			return
		}
		fmt.Fprintln(ios.Out, heading)
		for _, line := range lines {
			fmt.Fprintln(ios.Out, line)
		}
	}
	block("Volumes:", m.Volumes)
	block("Secrets:", m.Secrets)
	for _, p := range m.Pods {
		block("Pod:", []string{p.ID})
		heading := "Containers:"
		if len(p.Containers) == 1 {
			heading = "Container:"
		}
		block(heading, p.Containers)
		if p.StartErr != nil {
			fmt.Fprintln(ios.Out)
			failures := cmdutil.Sentences(p.StartErr)
			for _, failure := range failures {
				fmt.Fprintln(ios.ErrOut, failure)
			}
			failed += len(failures)
		}
		if len(p.Containers) > 0 {
			fmt.Fprintln(ios.Out)
		}
	}
	return failed
}

// playAndWait is playAll for pods that are there only as long as the command is: it
// ends with them, or with a signal, and leaves nothing.
func playAndWait(ctx context.Context, opts *playOptions, eng player, objects *kube.Objects) error {
	fmt.Fprintln(opts.IO.Out, "Use ctrl+c to clean up or wait for pods to exit")
	pods, err := playAll(ctx, opts, eng, objects)
	if err == nil {
		err = kubeplay.Wait(ctx, eng, pods)
	}
	if ctx.Err() != nil {
		fmt.Fprintln(opts.IO.Out)
		err = nil // a signal is how this is meant to end
	}
	fmt.Fprintln(opts.IO.Out, "Cleaning up containers, pods, and volumes...")
	return errors.Join(err, takeDown(context.WithoutCancel(ctx), opts.IO, eng, objects, kubeplay.DownOptions{Volumes: true}))
}
