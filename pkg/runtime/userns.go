package runtime

import (
	"context"
	"fmt"

	"github.com/containers/storage/pkg/unshare"
	"github.com/moby/sys/user"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/userns"
)

// resolveUserNS decides which IDs the container's user namespace has, except
// where a range is to be picked for it: that is known once its layer is made.
func (r *Runtime) resolveUserNS(ctx context.Context, c *container.Config) (err error) {
	c.IDMappings = nil
	ns := c.Namespaces.User
	switch {
	case c.AutoUserNS():
		_, err = container.ParseAutoOptions(ns.Value)
	case ns.Mode == container.ModePrivate:
		c.IDMappings, err = givenMappings(c.Namespaces)
	case ns.Mode == container.ModeKeepID, ns.Mode == container.ModeNoMap:
		err = r.mapUser(c)
	case ns.Mode == container.ModeContainer:
		err = r.joinUserNS(ctx, c)
	case ns.Mode == container.ModePath:
		c.IDMappings, err = mappingsAt(ns.Value)
	}
	if err != nil {
		return fmt.Errorf("user namespace %q: %w", ns, err)
	}
	return nil
}

// givenMappings are those of --uidmap, --gidmap, --subuidname and --subgidname.
func givenMappings(ns container.Namespaces) (*container.IDMappings, error) {
	var (
		in  container.IDRanges
		err error
	)
	if in.Parent, err = userns.Own(); err != nil {
		return nil, err
	}
	if ns.SubUIDName+ns.SubGIDName != "" {
		sub, err := userns.Subordinate(ns.SubUIDName, ns.SubGIDName)
		if err != nil {
			return nil, err
		}
		if in.Base, err = userns.Within(in.Parent, *sub); err != nil {
			return nil, err
		}
	}
	maps, err := container.ParseIDMaps(ns.UIDMap, ns.GIDMap, in)
	if err != nil || maps == nil {
		return maps, err
	}
	if err := userns.Check(in.Parent, *maps); err != nil {
		return nil, err
	}
	return new(userns.Split(in.Parent, *maps)), nil
}

// mapUser maps the user who runs podctl to its own ID, or to none, and the other
// IDs it has around that. With keep-id the process is that user, unless told
// otherwise.
func (r *Runtime) mapUser(c *container.Config) error {
	mode := c.Namespaces.User.Mode
	if !r.settings.Rootless {
		return fmt.Errorf("%s is only supported in rootless mode: %w", mode, errdefs.ErrInvalidArg)
	}
	own, err := userns.Own()
	if err != nil {
		return err
	}
	uids, gids := userns.Count(own.UID), userns.Count(own.GID)
	if mode == container.ModeNoMap {
		c.IDMappings = &container.IDMappings{UID: container.NoMap(uids), GID: container.NoMap(gids)}
		return nil
	}
	opts, err := container.ParseKeepIDOptions(c.Namespaces.User.Value)
	if err != nil {
		return err
	}
	uid, gid := keptIDs(opts)
	c.IDMappings = &container.IDMappings{UID: container.KeepID(uid, uids, opts.Size), GID: container.KeepID(gid, gids, opts.Size)}
	if !c.UserGiven && !c.Infra {
		runAsKept(c, opts)
	}
	return nil
}

// keptIDs are the IDs that the user who runs podctl has inside.
func keptIDs(opts container.KeepIDOptions) (uid, gid uint32) {
	uid, gid = uint32(unshare.GetRootlessUID()), uint32(unshare.GetRootlessGID())
	if opts.UID != nil {
		uid = *opts.UID
	}
	if opts.GID != nil {
		gid = *opts.GID
	}
	return uid, gid
}

// runAsKept makes the user who runs podctl the container's, under the name it
// has outside unless it gets another ID.
func runAsKept(c *container.Config, opts container.KeepIDOptions) {
	uid, gid := keptIDs(opts)
	c.User = fmt.Sprintf("%d:%d", uid, gid)
	if opts.UID != nil || opts.GID != nil {
		return
	}
	if u, err := user.LookupUid(int(uid)); err == nil {
		c.UserName = u.Name
	}
	if g, err := user.LookupGid(int(gid)); err == nil {
		c.GroupName = g.Name
	}
}

// joinUserNS takes the IDs of another container, whose user namespace is joined.
// In a pod made with keep-id the members are its user too.
func (r *Runtime) joinUserNS(ctx context.Context, c *container.Config) error {
	id := c.Namespaces.User.Value
	other, err := r.container(ctx, id)
	if err != nil {
		return err
	}
	from := other.Config
	if from == nil {
		return fmt.Errorf("container %s: %s: %w", id, other.Damage, errdefs.ErrInvalidState)
	}
	c.IDMappings = from.IDMappings
	if !from.Infra || from.Namespaces.User.Mode != container.ModeKeepID || c.UserGiven {
		return nil
	}
	opts, err := container.ParseKeepIDOptions(from.Namespaces.User.Value)
	if err != nil {
		return err
	}
	runAsKept(c, opts)
	return nil
}

// mappingsAt are the IDs of the user namespace at a path; nil if that is ours.
func mappingsAt(path string) (*container.IDMappings, error) {
	held, err := userns.Join(path, false)
	if err != nil {
		return nil, err
	}
	defer held.Release()
	return held.Mappings()
}

// makeLayer makes the container's layer in the image store, and notes the range
// that was picked with it. Idempotent: the store keeps the range until the layer
// goes, so that none is lost with a killed podctl.
func (r *Runtime) makeLayer(c *container.Container) error {
	if !c.Config.HasLayer() {
		return nil
	}
	images, err := r.layers()
	if err != nil {
		return err
	}
	opts, err := layerOptions(c.Config)
	if err != nil {
		return err
	}
	// What removes itself need not survive a power cut: after one its row is all
	// that is looked for, and a layer that is not there is removed.
	opts.Volatile = c.Config.AutoRemove
	if err := images.CreateContainer(c.ID, c.Config.Image.ID, opts); err != nil {
		return fmt.Errorf("creating container storage: %w", err)
	}
	if !c.Config.AutoUserNS() {
		return nil
	}
	c.Config.IDMappings, err = images.Mappings(c.ID)
	return err
}

// imagelessRange is the number of IDs for an infra container, whose members may
// have any image: most have files of nobody, 65534.
const imagelessRange = 65536

// layerOptions say whose files a container's layer has.
func layerOptions(c *container.Config) (image.CreateOptions, error) {
	if !c.AutoUserNS() || c.IDMappings != nil {
		return image.CreateOptions{IDMappings: c.IDMappings}, nil
	}
	opts, err := container.ParseAutoOptions(c.Namespaces.User.Value)
	if c.Image.ID == "" && opts.Size == 0 {
		opts.Size = imagelessRange
	}
	return image.CreateOptions{AutoUserNS: &opts}, err
}

// joinsOthers reports whether the container, which has a user namespace of its own,
// joins other namespaces that belong to another one. An OCI runtime must then join
// those before it makes the user namespace: from inside it may not.
func joinsOthers(c *container.Config) bool {
	for kind, ns := range c.Namespaces.ByKind() {
		if kind != "user" && (ns.Mode == container.ModeContainer || ns.Mode == container.ModePath) {
			return true
		}
	}
	return false
}

// holdUserNS makes the user namespace the container is to be created in, with its
// network namespace; nil where there is none, or the OCI runtime has to make it.
func (r *Runtime) holdUserNS(ctx context.Context, c *container.Container) (heldNS, error) {
	cfg := c.Config
	withNet := ownsNetNS(cfg)
	switch mode := cfg.Namespaces.User.Mode; {
	case cfg.OwnsUserNS() && joinsOthers(cfg):
		return nil, nil
	case cfg.OwnsUserNS():
		return r.host.HoldUserNS(cfg.IDMappings, withNet)
	case mode == container.ModePath && withNet:
		return r.host.JoinUserNS(cfg.Namespaces.User.Value)
	case mode == container.ModeContainer && withNet && cfg.IDMappings != nil:
		other, err := r.runningOther(ctx, c, "user", cfg.Namespaces.User.Value)
		if err != nil {
			return nil, err
		}
		return r.host.JoinUserNS(namespacePath(other, "user"))
	}
	return nil, nil
}

// ownerOfUserNS names the user namespace a container is in, the same for all that
// are in the same: "" for the host's, the ID of the container that has it, or its path.
func (r *Runtime) ownerOfUserNS(ctx context.Context, c *container.Container) (string, error) {
	for c.Config.OwnsUserNS() || c.Config.Namespaces.User.Value != "" {
		user := c.Config.Namespaces.User
		if user.Mode != container.ModeContainer {
			if user.Mode == container.ModePath {
				return user.Value, nil
			}
			return c.ID, nil
		}
		var err error
		if c, err = r.container(ctx, user.Value); err != nil {
			return "", err
		}
	}
	return "", nil
}
