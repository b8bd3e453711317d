package kubeplay

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/containers/common/libnetwork/types"
	ociv1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/network"
	engine "github.com/podctl/podctl/pkg/runtime"
	"github.com/podctl/podctl/pkg/volume"
)

// fake notes what is asked of it. Names of what it makes are their IDs.
type fake struct {
	mutex sync.Mutex // pods are stopped and removed at the same time
	calls []string
	// fails has errors by the beginning of a call.
	fails map[string]error
	dir   string // of all volumes
	data  map[string][]byte
	waits []engine.Wait
}

func (f *fake) call(format string, args ...any) error {
	call := fmt.Sprintf(format, args...)
	f.mutex.Lock()
	f.calls = append(f.calls, call)
	f.mutex.Unlock()
	for beginning, err := range f.fails {
		if strings.HasPrefix(call, beginning) {
			return err
		}
	}
	return nil
}

func (f *fake) ResolvePods(_ context.Context, sel engine.Selection) (targets []engine.Target, err error) {
	for _, name := range sel.Names {
		targets = append(targets, engine.Target{ID: "id-" + name, Name: name})
	}
	return targets, nil
}

func (f *fake) StopPod(_ context.Context, id string, _ engine.StopOptions) error {
	return f.call("stop %s", id)
}

func (f *fake) RemovePod(_ context.Context, id string, _ engine.RemoveOptions) error {
	return f.call("rm %s", id)
}

func (f *fake) RemoveSecret(_ context.Context, name string) (string, error) {
	return "id-" + name, f.call("secret rm %s", name)
}

func (f *fake) RemoveVolume(_ context.Context, name string, _ volume.RemoveOptions) error {
	return f.call("volume rm %s", name)
}

func (f *fake) CreateSecret(_ context.Context, name string, data []byte, _ engine.SecretOptions) (string, error) {
	if f.data == nil {
		f.data = map[string][]byte{}
	}
	f.data[name] = data
	return "id-" + name, f.call("secret create %s", name)
}

func (f *fake) SecretData(_ context.Context, name string) (engine.Secret, []byte, error) {
	data, ok := f.data[name]
	if !ok {
		return engine.Secret{}, nil, errdefs.ErrNoSuchSecret
	}
	s := engine.Secret{Name: name}
	if strings.Contains(string(data), "immutable: true") {
		s.Metadata = map[string]string{"immutable": "true"}
	}
	return s, data, nil
}

func (f *fake) CreateVolume(_ context.Context, opts volume.CreateOptions) (*volume.Volume, error) {
	return &volume.Volume{Name: opts.Name}, f.call("volume create %s", opts.Name)
}
func (f *fake) MountVolume(context.Context, string) (string, error)          { return f.dir, nil }
func (f *fake) UnmountVolume(_ context.Context, name string) (string, error) { return name, nil }

func (f *fake) CreateNetwork(_ context.Context, opts network.CreateOptions) (types.Network, error) {
	return opts.Network, f.call("network create %s", opts.Network.Name)
}

func (f *fake) EnsureImage(_ context.Context, ref string, _ engine.PullOptions) (*image.Image, error) {
	return &image.Image{Name: ref, Config: &ociv1.ImageConfig{}}, f.call("image %s", ref)
}

func (f *fake) CreatePod(_ context.Context, opts engine.PodCreateOptions) (string, error) {
	return "0123456789abcdef-" + opts.Name, f.call("pod create %s on %s", opts.Name, strings.Join(opts.Infra.Network.Order, " "))
}

func (f *fake) CreateContainer(_ context.Context, opts engine.CreateOptions) (string, error) {
	return "id-" + opts.Name, f.call("create %s", opts.Name)
}
func (f *fake) StartPod(_ context.Context, id string) error { return f.call("start %s", id) }

func (f *fake) WaitContainers(_ context.Context, sel engine.Selection, _ engine.WaitOptions) ([]engine.Wait, error) {
	return f.waits, f.call("wait %s", strings.Join(sel.Names, " "))
}

// choices are an overlay that notes what is laid over what.
type choices struct {
	network string
	calls   []string
	fail    error // of what is done to containers
}

func (c *choices) NamesNetwork() bool { return c.network != "" }

func (c *choices) Pod(opts *engine.PodCreateOptions, place int, userNS string) error {
	c.calls = append(c.calls, fmt.Sprintf("pod %s %d %s", opts.Name, place, userNS))
	if c.network != "" {
		opts.Infra.Network.Networks = map[string]types.PerNetworkOptions{c.network: {}}
		opts.Infra.Network.Order = []string{c.network}
	}
	return nil
}

func (c *choices) Container(cfg *container.Config) error {
	c.calls = append(c.calls, "container of "+cfg.Image.RawName)
	return c.fail
}

func (c *choices) Pull(policy string) (engine.PullOptions, error) {
	return engine.PullOptions{Policy: policy}, nil
}
