package kubecmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/kube"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// player makes what files describe.
type player interface {
	remover
	provider
	podMaker
	// WaitContainers waits until containers have ended.
	WaitContainers(ctx context.Context, sel engine.Selection, opts engine.WaitOptions) ([]engine.Wait, error)
}

// made is what a file became.
type made struct {
	Volumes, Secrets []string
	Pods             []madePod
}

// madePod is a pod with its containers but the init containers.
type madePod struct {
	ID, Infra  string
	Containers []string
	Failures   []string // of containers that could not be started
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
		return takeDown(ctx, opts.IO, eng, objects, opts.Force)
	}
	if err := objects.Check(); err != nil {
		return err
	}
	objects.Annotate(opts.Annotations)
	if opts.Replace {
		if err := takeDown(ctx, opts.IO, eng, objects, false); err != nil {
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
func playAll(ctx context.Context, opts *playOptions, eng player, objects *kube.Objects) (*made, error) {
	result := new(made)
	err := makeAll(ctx, opts, eng, objects, result)
	failed := printMade(opts.IO, result)
	if err == nil && failed > 0 {
		err = fmt.Errorf("failed to start %d containers", failed)
	}
	return result, err
}

func makeAll(ctx context.Context, opts *playOptions, eng player, objects *kube.Objects, result *made) error {
	maps, err := allConfigMaps(opts.ConfigMaps, objects.ConfigMaps)
	if err != nil {
		return err
	}
	for _, secret := range objects.Secrets {
		id, err := makeSecret(ctx, eng, &secret)
		if err != nil {
			return err
		}
		result.Secrets = append(result.Secrets, id)
	}
	for _, claim := range objects.Claims {
		name, err := makeVolume(ctx, eng, &claim)
		if err != nil {
			return err
		}
		result.Volumes = append(result.Volumes, name)
	}
	m := maker{opts: opts, eng: eng, sources: sourcesOf(ctx, eng, maps)}
	for place, w := range objects.Workloads {
		if w.Replicas > 1 {
			logrus.Warn("Limiting replica count to 1, more than one replica is not supported by podctl")
		}
		p, err := m.pod(ctx, w, place)
		if p != nil {
			result.Pods = append(result.Pods, *p)
		}
		if err != nil && w.Kind != "Pod" && w.Pod != "" {
			err = fmt.Errorf("encountered while bringing up pod %s: %w", w.Pod, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// allConfigMaps adds those of files.
func allConfigMaps(files []string, maps []kube.ConfigMap) ([]kube.ConfigMap, error) {
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		more, err := kube.ReadConfigMaps(data)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", file, err)
		}
		for _, m := range more {
			if slices.ContainsFunc(maps, func(other kube.ConfigMap) bool { return other.Name == m.Name }) {
				return nil, errdefs.As(errdefs.ErrInvalidArgument, fmt.Errorf(
					"ambiguous configuration: the same config map %s is present in YAML and in --configmaps %s file", m.Name, file))
			}
		}
		maps = append(maps, more...)
	}
	return maps, nil
}

// printMade prints what was made and returns how many containers did not start.
func printMade(ios *iostreams.IOStreams, m *made) (failed int) {
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
		if len(p.Failures) > 0 {
			fmt.Fprintln(ios.Out)
		}
		for _, err := range p.Failures {
			fmt.Fprintln(ios.ErrOut, err)
		}
		failed += len(p.Failures)
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
	result, err := playAll(ctx, opts, eng, objects)
	if err == nil {
		err = waitForPods(ctx, eng, result.Pods)
	}
	if ctx.Err() != nil {
		fmt.Fprintln(opts.IO.Out)
		err = nil // a signal is how this is meant to end
	}
	fmt.Fprintln(opts.IO.Out, "Cleaning up containers, pods, and volumes...")
	return errors.Join(err, takeDown(context.WithoutCancel(ctx), opts.IO, eng, objects, true))
}

// waitForPods waits until pods have ended: the infra container goes last.
func waitForPods(ctx context.Context, eng player, pods []madePod) error {
	var names []string
	for _, p := range pods {
		names = append(names, cmp.Or(p.Infra, p.ID[:12]+"-infra"))
	}
	waits, err := eng.WaitContainers(ctx, engine.Selection{Names: names, Ignore: true}, engine.WaitOptions{})
	for _, w := range waits {
		if !errors.Is(w.Err, errdefs.ErrNoSuchCtr) {
			err = errors.Join(err, w.Err)
		}
	}
	return err
}
