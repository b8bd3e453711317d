package kubeplay

import (
	"context"
	"fmt"

	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/kube"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// Player is what [Play] needs of an engine.
type Player interface {
	Provider
	PodMaker
}

// Overlay is what is laid over all that descriptions say.
type Overlay interface {
	// NamesNetwork says whether Pod chooses the network.
	NamesNetwork() bool
	// Pod changes a pod. place counts the pods from 0; userNS is the mode of the
	// pod's user namespace, unless the overlay has one.
	Pod(opts *engine.PodCreateOptions, place int, userNS string) error
	// Container changes a container.
	Container(cfg *container.Config) error
	// Pull says how images are obtained under a policy of package kube.
	Pull(policy string) (engine.PullOptions, error)
}

// Options are what is decided beside the descriptions.
type Options struct {
	Kube kube.Options
	// Overlay is required.
	Overlay Overlay
	// Build: images are to be built where there is something to build them from,
	// which is in directories of their names below ContextDir, "" for the working
	// directory. An image for which there is, is refused.
	Build      bool
	ContextDir string
	// Start starts each pod once it is made.
	Start bool
	// Replace removes pods and containers that have the names of those to be made.
	Replace bool
}

// Made is what descriptions became, in their order: names of volumes, IDs of secrets.
type Made struct {
	Volumes, Secrets []string
	Pods             []Pod
}

// Pod is a pod that was made.
type Pod struct {
	ID string
	// InfraName is that of the infra container, "" for the usual one.
	InfraName string
	// Containers are the IDs of its containers but the init containers.
	Containers []string
	// StartErr is the error of starting it, joined from those of the containers that
	// could not be started; nil if all were, or none was to be.
	StartErr error
}

// Play makes what objects describe, and starts the pods. Pods refer to the ConfigMaps
// of objects, and to secrets of the engine. Replicas but the first are left out, with
// a warning.
//
// On error it returns what was made before, too. Errors: class ErrInUse for a secret
// that must stay as it is, ErrUnsupported for an image to be built; those of package
// kube, of the host's files and of the engine. That a container cannot be started is
// not one, see [Pod].
func Play(ctx context.Context, eng Player, objects *kube.Objects, opts Options) (*Made, error) {
	result := new(Made)
	for _, secret := range objects.Secrets {
		id, err := makeSecret(ctx, eng, &secret)
		if err != nil {
			return result, err
		}
		result.Secrets = append(result.Secrets, id)
	}
	for _, claim := range objects.Claims {
		name, err := makeVolume(ctx, eng, &claim)
		if err != nil {
			return result, err
		}
		result.Volumes = append(result.Volumes, name)
	}
	m := maker{opts: opts, eng: eng, sources: sourcesOf(ctx, eng, objects.ConfigMaps)}
	for place, w := range objects.Workloads {
		if w.Replicas > 1 {
			logrus.Warn("Limiting replica count to 1, more than one replica is not supported by podctl")
		}
		p, err := m.pod(ctx, w, place)
		if err != nil && w.Kind != "Pod" && w.Pod != "" {
			err = fmt.Errorf("encountered while bringing up pod %s: %w", w.Pod, err)
		}
		if err != nil {
			return result, err
		}
		result.Pods = append(result.Pods, *p)
	}
	return result, nil
}
