package runtime

import (
	"context"
	"errors"
	"time"

	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/volume"
)

// ResetSystem removes all pods, containers, volumes, secrets and networks but the
// default one, and then everything in the image store, which other programs
// share. Containers get no time to stop. It goes on after failures and returns all of them, joined.
func (r *Runtime) ResetSystem(ctx context.Context) error {
	return errors.Join(
		r.resetContainers(ctx),
		r.resetVolumes(ctx),
		r.resetSecrets(ctx),
		r.resetNetworks(ctx),
		r.resetImages(),
	)
}

func (r *Runtime) resetContainers(ctx context.Context) error {
	opts := RemoveOptions{Force: true, Ignore: true, Volumes: true, Depend: true, Timeout: new(time.Duration)}
	pods, err := r.ResolvePods(ctx, Selection{All: true})
	if err != nil {
		return err
	}
	errs := Each(ctx, pods, func(ctx context.Context, id string) error {
		return r.RemovePod(ctx, id, opts)
	})
	removed, err := r.RemoveContainers(ctx, Selection{All: true}, opts)
	for _, rm := range removed {
		errs = append(errs, rm.Err)
	}
	return errors.Join(append(errs, err)...)
}

func (r *Runtime) resetVolumes(ctx context.Context) error {
	list, err := r.ListVolumes(ctx, nil)
	for _, v := range list {
		rmErr := r.RemoveVolume(ctx, v.Name, volume.RemoveOptions{Force: true})
		err = errors.Join(err, rmErr)
	}
	return err
}

func (r *Runtime) resetSecrets(ctx context.Context) error {
	list, err := r.ListSecrets(ctx)
	for _, s := range list {
		_, rmErr := r.RemoveSecret(ctx, s.ID)
		err = errors.Join(err, rmErr)
	}
	return err
}

func (r *Runtime) resetNetworks(ctx context.Context) error {
	list, err := r.ListNetworks(ctx, nil)
	for _, n := range list {
		if n.Name != r.settings.Conf.Network.DefaultNetwork {
			err = errors.Join(err, r.RemoveNetwork(ctx, n.Name, network.RemoveOptions{Force: true}))
		}
	}
	return err
}

func (r *Runtime) resetImages() error {
	images, err := r.images()
	if err != nil {
		return err
	}
	return images.Wipe()
}
