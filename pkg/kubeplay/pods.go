package kubeplay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containers/common/libnetwork/types"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/kube"
	"github.com/podctl/podctl/pkg/network"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// PodMaker makes pods and what is in them.
type PodMaker interface {
	// CreateNetwork makes a network, or finds the one that has the name.
	CreateNetwork(ctx context.Context, opts network.CreateOptions) (types.Network, error)
	// EnsureImage finds an image or pulls it.
	EnsureImage(ctx context.Context, ref string, pull engine.PullOptions) (*image.Image, error)
	// CreatePod makes a pod and returns its ID; on error nothing is left.
	CreatePod(ctx context.Context, opts engine.PodCreateOptions) (string, error)
	// CreateContainer makes a container and returns its ID; on error nothing is left.
	CreateContainer(ctx context.Context, opts engine.CreateOptions) (string, error)
	// StartPod starts a pod's containers.
	StartPod(ctx context.Context, id string) error
	// RemovePod removes a pod with its containers.
	RemovePod(ctx context.Context, id string, opts engine.RemoveOptions) error
}

// defaultNetwork is the network of pods for which nobody chose one: they find each
// other there by name. podman has the same.
const defaultNetwork = "podman-default-kube-network"

// maker makes pods.
type maker struct {
	opts    Options
	eng     Player
	sources kube.Sources
}

// pod makes one pod and starts it. A pod that is not complete is removed again.
func (m *maker) pod(ctx context.Context, w kube.Workload, place int) (*Pod, error) {
	p, err := kube.NewPlay(w, m.opts.Kube, m.sources)
	if err != nil {
		return nil, err
	}
	if err := m.provide(ctx, p); err != nil {
		return nil, err
	}
	create, err := m.podOptions(ctx, p, place)
	if err != nil {
		return nil, err
	}
	id, err := m.eng.CreatePod(ctx, *create)
	if err != nil {
		return nil, err
	}
	result := &Pod{ID: id, InfraName: p.InfraName}
	if err := m.members(ctx, p, result); err != nil {
		undo := m.eng.RemovePod(context.WithoutCancel(ctx), id, engine.RemoveOptions{Force: true, Ignore: true})
		return nil, errors.Join(err, undo)
	}
	if m.opts.Start {
		result.StartErr = m.eng.StartPod(ctx, id)
	}
	return result, nil
}

// provide makes what the pod's volumes are.
func (m *maker) provide(ctx context.Context, p *kube.Play) error {
	if err := makeHostPaths(p.HostPaths); err != nil {
		return err
	}
	for _, v := range p.Images {
		policy, err := kube.PullPolicy(v.Reference, v.PullPolicy)
		if err != nil {
			return err
		}
		if _, err := m.image(ctx, v.Reference, policy); err != nil {
			return err
		}
	}
	return makeFiles(ctx, m.eng, p.Files)
}

// podOptions completes the pod with what the overlay says.
func (m *maker) podOptions(ctx context.Context, p *kube.Play, place int) (*engine.PodCreateOptions, error) {
	opts := &engine.PodCreateOptions{Name: p.Name, Config: p.Pod, Infra: p.Infra, InfraName: p.InfraName, Replace: m.opts.Replace}
	own := p.Infra.Network.Ports
	p.Infra.Network.Ports = nil
	onDefault := !m.opts.Overlay.NamesNetwork() && !p.Infra.Namespaces.Net.IsHost()
	if onDefault {
		if err := m.makeNetwork(ctx); err != nil {
			return nil, err
		}
		p.Infra.Namespaces.Net = container.Namespace{Mode: container.ModeBridge}
		p.Infra.Network.Networks = map[string]types.PerNetworkOptions{defaultNetwork: {}}
		p.Infra.Network.Order = []string{defaultNetwork}
	}
	if err := m.opts.Overlay.Pod(opts, place, p.UserNS); err != nil {
		return nil, err
	}
	p.Infra.Network.Ports = kube.MergePorts(p.Infra.Network.Ports, own)
	for name, options := range p.Infra.Network.Networks {
		options.Aliases = append(options.Aliases, p.Aliases()...)
		p.Infra.Network.Networks[name] = options
	}
	return opts, nil
}

func (m *maker) makeNetwork(ctx context.Context) error {
	_, err := m.eng.CreateNetwork(ctx, network.CreateOptions{Network: types.Network{Name: defaultNetwork, DNSEnabled: true}, IgnoreIfExists: true})
	return err
}

// members makes the containers.
func (m *maker) members(ctx context.Context, p *kube.Play, result *Pod) error {
	for _, member := range p.Members {
		id, err := m.member(ctx, p, member, result.ID)
		if err != nil {
			return err
		}
		if !member.Init {
			result.Containers = append(result.Containers, id)
		}
	}
	return nil
}

func (m *maker) member(ctx context.Context, p *kube.Play, member kube.Member, podID string) (string, error) {
	img, err := m.image(ctx, member.Image, member.PullPolicy)
	if err != nil {
		return "", err
	}
	cfg, err := p.Container(member, podID, img.Config.Env)
	if err != nil {
		return "", err
	}
	if err := m.automount(ctx, member, cfg); err != nil {
		return "", err
	}
	if err := m.opts.Overlay.Container(cfg); err != nil {
		return "", err
	}
	// It was pulled, if that was to be done.
	pull, err := m.opts.Overlay.Pull("missing")
	if err != nil {
		return "", err
	}
	return m.eng.CreateContainer(ctx, engine.CreateOptions{
		Name: member.Name, Config: cfg, Pod: podID, Replace: m.opts.Replace, Pull: pull,
		Open: engine.Switches{Init: true, ReadOnly: !cfg.Storage.ReadOnly, Privileged: !cfg.Security.Privileged, HTTPProxy: true},
	})
}

// image finds or pulls an image.
func (m *maker) image(ctx context.Context, ref, policy string) (*image.Image, error) {
	if m.opts.Build {
		if file := buildFile(m.opts.ContextDir, ref); file != "" {
			return nil, errdefs.As(errdefs.ErrUnsupported, fmt.Errorf(
				"image %s is to be built from %s, and podctl builds no images: build it with buildah, and play without --build", ref, file))
		}
	}
	pull, err := m.opts.Overlay.Pull(policy)
	if err != nil {
		return nil, err
	}
	return m.eng.EnsureImage(ctx, ref, pull)
}

// buildFile is the file an image would be built from: in a directory that is called
// like the image. "" for none.
func buildFile(dir, ref string) string {
	name := ref[strings.LastIndex(ref, "/")+1:]
	name, _, _ = strings.Cut(name, "@")
	name, _, _ = strings.Cut(name, ":")
	for _, file := range []string{"Containerfile", "Dockerfile"} {
		path := filepath.Join(dir, name, file)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// automount mounts from images what they declare as volumes.
func (m *maker) automount(ctx context.Context, member kube.Member, cfg *container.Config) error {
	for _, ref := range member.Automount {
		img, err := m.image(ctx, ref, "never")
		if err != nil {
			return fmt.Errorf("image %s from container %s does not exist in local storage, cannot automount: %w", ref, member.Name, err)
		}
		for _, path := range slices.Sorted(maps.Keys(img.Config.Volumes)) {
			if err := cfg.Storage.AddMount(container.Mount{Type: "image", Source: img.Name, Destination: path, SubPath: path}); err != nil {
				return err
			}
		}
	}
	return nil
}
