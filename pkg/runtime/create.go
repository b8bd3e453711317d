package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// CreateContainer creates a container and returns its ID; with opts.NewPod the
// pod first. On error nothing is left of either. Errors: class ErrInvalidArgument
// for options that cannot be, ErrNotFound for a pod, image or dependency that is
// not there, ErrExists for a taken name.
func (r *Runtime) CreateContainer(ctx context.Context, opts CreateOptions) (string, error) {
	// Without conmon or OCI runtime nothing is created.
	if _, err := r.oci(); err != nil {
		return "", err
	}
	if err := r.recover(ctx); err != nil {
		return "", err
	}
	if opts.NewPod == nil {
		return r.createContainer(ctx, opts)
	}
	podID, err := r.CreatePod(ctx, *opts.NewPod)
	if err != nil {
		return "", err
	}
	opts.Pod = podID
	id, err := r.createContainer(ctx, opts)
	if err != nil {
		err = undo(ctx, err, func(ctx context.Context) error {
			return r.removePod(ctx, podID, RemoveOptions{})
		})
	}
	return id, err
}

func (r *Runtime) createContainer(ctx context.Context, opts CreateOptions) (string, error) {
	if opts.Replace {
		if err := r.replaceContainer(ctx, opts.Name); err != nil {
			return "", err
		}
	}
	c, err := r.planContainer(ctx, opts)
	if err != nil {
		return "", err
	}
	// Under its lock, so that who removes the pod meanwhile waits for it to be made.
	err = r.locked(ctx, c.ID, func() error {
		return r.inSlot(ctx, func() error { return r.recordAndMake(ctx, c, opts) })
	})
	if err != nil {
		return "", err
	}
	return c.ID, nil
}

// recordAndMake makes what was planned; on error nothing is left of it.
func (r *Runtime) recordAndMake(ctx context.Context, c *container.Container, opts CreateOptions) error {
	volumes, err := r.recordContainer(ctx, c, opts)
	if err != nil {
		return err
	}
	if err := r.makeContainer(ctx, c, volumes); err != nil {
		return undo(ctx, err, func(ctx context.Context) error { return r.unmakeContainer(ctx, c.ID) })
	}
	return nil
}

// planContainer completes the configuration. It reads, and pulls the image if
// need be, but records nothing.
func (r *Runtime) planContainer(ctx context.Context, opts CreateOptions) (*container.Container, error) {
	name := cleanName(opts.Name)
	if name != "" {
		if err := checkName(name); err != nil {
			return nil, fmt.Errorf("running container create option: %w", err)
		}
	}
	p, err := r.podContextOf(ctx, opts.Pod)
	if err != nil {
		return nil, err
	}
	if err := r.resolveReferences(ctx, opts.Config, opts.Requires); err != nil {
		return nil, err
	}
	if err := r.resolveVolumesFrom(ctx, &opts.Config.Storage); err != nil {
		return nil, err
	}
	if err := r.resolveSecrets(ctx, opts.Config); err != nil {
		return nil, err
	}
	if opts.Config.Image.ID == "" { // a copy's image is there
		opts.Pull.Policy = cmp.Or(opts.Pull.Policy, r.settings.Conf.Engine.PullPolicy)
	}
	img, err := r.ensureImage(ctx, opts.Config, opts.Pull)
	if err != nil {
		return nil, err
	}
	id := newID()
	cfg, err := complete(opts.Config, surroundings{id: id, settings: r.settings, image: img, pod: p, open: opts.Open})
	if err != nil {
		return nil, err
	}
	if err := r.resolveCgroupParent(cfg, p); err != nil {
		return nil, err
	}
	if err := r.resolveNetworks(ctx, cfg); err != nil {
		return nil, err
	}
	if err := r.resolveUserNS(ctx, cfg); err != nil {
		return nil, err
	}
	c := &container.Container{ID: id, Name: name, Config: cfg, State: container.Creating, DependsOn: dependencies(cfg)}
	if p != nil {
		c.PodID = p.pod.ID
	}
	r.claim(c, intentCreate)
	return c, nil
}

// podContextOf reads the pod a container is to join; nil for none.
func (r *Runtime) podContextOf(ctx context.Context, nameOrID string) (*podContext, error) {
	if nameOrID == "" {
		return nil, nil
	}
	p := new(podContext)
	return p, r.store.View(ctx, func(tx *store.Tx) error {
		id, err := tx.LookupPod(ctx, nameOrID)
		if err != nil {
			return err
		}
		if p.pod, err = tx.Pod(ctx, id); err != nil {
			return err
		}
		if p.pod.Damage != "" {
			return fmt.Errorf("pod %s: %s: %w", p.pod.Name, p.pod.Damage, errdefs.ErrInvalidState)
		}
		if p.pod.InfraID != "" {
			p.infra, err = tx.Container(ctx, p.pod.InfraID)
		}
		return err
	})
}

// resolveReferences turns the names of other containers into IDs: in namespaces
// (container:NAME) and in --requires, which it stores as dependencies.
func (r *Runtime) resolveReferences(ctx context.Context, cfg *container.Config, requires []string) error {
	return r.store.View(ctx, func(tx *store.Tx) error {
		for kind, ns := range cfg.Namespaces.ByKind() {
			if ns.Mode != container.ModeContainer {
				continue
			}
			id, err := tx.LookupContainer(ctx, ns.Value)
			if err != nil {
				return fmt.Errorf("looking up container to share %s namespace with: %w", kind, err)
			}
			if kind == "ipc" {
				if err := checkSharesIPC(ctx, tx, id); err != nil {
					return err
				}
			}
			ns.Value = id
		}
		cfg.Requires = nil
		for _, name := range requires {
			id, err := tx.LookupContainer(ctx, name)
			if err != nil {
				return fmt.Errorf("%q is not a valid container, cannot be used as a dependency: %w", name, err)
			}
			cfg.Requires = append(cfg.Requires, id)
		}
		return nil
	})
}

// checkSharesIPC refuses to join an IPC namespace that is its container's alone.
func checkSharesIPC(ctx context.Context, tx *store.Tx, id string) error {
	other, err := tx.Container(ctx, id)
	if err != nil || other.Config == nil || other.Config.Namespaces.IPC.Mode != container.ModePrivate {
		return err
	}
	return errdefs.As(errdefs.ErrInvalidArgument, fmt.Errorf(
		"joining IPC of container %s is not allowed: non-shareable IPC (hint: use IpcMode:shareable for the donor container)", id))
}

// dependencies are the containers that must run for this one to run: those
// whose namespaces it joins and those it requires. Sorted, each once.
func dependencies(cfg *container.Config) []string {
	deps := slices.Clone(cfg.Requires)
	for _, ns := range cfg.Namespaces.ByKind() {
		if ns.Mode == container.ModeContainer {
			deps = append(deps, ns.Value)
		}
	}
	slices.Sort(deps)
	return slices.Compact(deps)
}

// ensureImage finds or pulls the image; nil for a container without one.
func (r *Runtime) ensureImage(ctx context.Context, cfg *container.Config, pull PullOptions) (*image.Image, error) {
	if cfg.Image.RawName == "" {
		return nil, nil
	}
	opts, err := pull.library(r.notices)
	if err != nil {
		return nil, err
	}
	if cfg.Image.ID == "" {
		return r.findOrPull(ctx, cfg.Image.RawName, opts)
	}
	// A copy has the image of its source, whatever the name means by now.
	img, err := r.findOrPull(ctx, cfg.Image.ID, opts)
	if err == nil && slices.Contains(img.Names, cfg.Image.Name) {
		img.Name = cfg.Image.Name
	}
	return img, err
}

// EnsureImage finds an image or pulls it, as the policy says. Errors: class
// ErrNotFound; those of registries.
func (r *Runtime) EnsureImage(ctx context.Context, ref string, pull PullOptions) (*image.Image, error) {
	pull.Policy = cmp.Or(pull.Policy, r.settings.Conf.Engine.PullPolicy)
	opts, err := pull.library(r.notices)
	if err != nil {
		return nil, err
	}
	return r.findOrPull(ctx, ref, opts)
}

// findOrPull is the image that ref names. The library is asked only if it is not
// just there.
func (r *Runtime) findOrPull(ctx context.Context, ref string, opts image.PullOptions) (*image.Image, error) {
	if opts.LocalWillDo() {
		images, err := r.layers()
		if err != nil {
			return nil, err
		}
		if img, err := images.Find(ctx, ref); err != nil || img != nil {
			return img, err
		}
	}
	library, err := r.library()
	if err != nil {
		return nil, err
	}
	return library.Ensure(ctx, ref, opts)
}

// library translates the options; bars or lines go to notices.
func (p PullOptions) library(notices io.Writer) (image.PullOptions, error) {
	policy, err := image.ParsePullPolicy(p.Policy)
	if err != nil {
		return image.PullOptions{}, err
	}
	opts := image.PullOptions{
		Policy: policy, Arch: p.Arch, OS: p.OS, Variant: p.Variant,
		Registry: image.Registry{AuthFile: p.AuthFile, CertDir: p.CertDir, Creds: p.Creds, TLSVerify: p.TLSVerify, Retry: p.Retry},
	}
	if !p.Quiet {
		opts.Progress = notices
	}
	if p.RetryDelay != "" {
		d, err := time.ParseDuration(p.RetryDelay)
		if err != nil {
			return opts, fmt.Errorf("retry delay %q: %w", p.RetryDelay, err)
		}
		opts.Registry.RetryDelay = &d
	}
	return opts, nil
}

// resolveCgroupParent validates the user's parent or takes the default.
func (r *Runtime) resolveCgroupParent(cfg *container.Config, p *podContext) error {
	if cfg.Resources.CgroupMode == cgroupsDisabled {
		return nil
	}
	if err := refuseLimits(&cfg.Resources); err != nil {
		return err
	}
	if err := r.warnUndelegated("container", func() (*specs.LinuxResources, error) { return cgroupLimits(&cfg.Resources) }); err != nil {
		return err
	}
	inPod := p != nil && p.pod.Config.ShareParent && cfg.Resources.CgroupParent == p.pod.Config.CgroupPath
	if inPod && cfg.Resources.CgroupParent != "" {
		return nil
	}
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	if cfg.Resources.CgroupParent == "" {
		cfg.Resources.CgroupParent = m.DefaultParent()
		if cfg.Resources.CgroupParent == "" {
			// Nobody makes cgroups here.
			cfg.Resources.CgroupMode = cgroupsDisabled
			r.warnUnlimited("container", asksForLimits(&cfg.Resources))
		}
		return nil
	}
	return m.ValidateParent(cfg.Resources.CgroupParent)
}

// resolveNetworks checks that the networks joined exist, and turns IDs into names.
// The default network always exists, and is not asked for: that would open the
// network backend.
func (r *Runtime) resolveNetworks(ctx context.Context, cfg *container.Config) error {
	for _, name := range slices.Clone(cfg.Network.Order) {
		if name == r.settings.Conf.Network.DefaultNetwork {
			continue
		}
		nets, err := r.links()
		if err != nil {
			return err
		}
		found, err := nets.Inspect(ctx, name)
		if err != nil {
			return err
		}
		if found.Name != name {
			cfg.Network.Networks[found.Name] = cfg.Network.Networks[name]
			delete(cfg.Network.Networks, name)
			cfg.Network.Order[slices.Index(cfg.Network.Order, name)] = found.Name
		}
	}
	return nil
}

// recordContainer makes the decision: in one transaction it checks what the plan
// relied on, takes the name, and records container and volumes as being made.
func (r *Runtime) recordContainer(ctx context.Context, c *container.Container, opts CreateOptions) ([]string, error) {
	var volumes []string
	err := r.store.Update(ctx, func(tx *store.Tx) error {
		if err := r.checkPodOpen(ctx, tx, c); err != nil {
			return err
		}
		if err := checkDependencies(ctx, tx, c); err != nil {
			return err
		}
		if c.Name == "" {
			name, err := freeName(ctx, tx)
			if err != nil {
				return err
			}
			c.Name = name
		}
		c.CreatedAt = tx.Now()
		var err error
		if volumes, err = r.recordVolumes(ctx, tx, c); err != nil {
			return err
		}
		return tx.InsertContainer(ctx, c)
	})
	return volumes, err
}

// checkPodOpen refuses a pod that is going, and an init container in one that runs.
func (r *Runtime) checkPodOpen(ctx context.Context, tx *store.Tx, c *container.Container) error {
	if c.PodID == "" {
		return nil
	}
	p, err := tx.Pod(ctx, c.PodID)
	if err != nil {
		return err
	}
	if p.State == pod.Removing {
		return fmt.Errorf("pod %s is being removed and accepts no new container: %w", p.Name, errdefs.ErrPodRemoved)
	}
	if c.Config.InitType == "" {
		return nil
	}
	members, err := tx.PodContainers(ctx, p.ID)
	if err != nil {
		return err
	}
	if status := r.podStatus(members); status == pod.StatusRunning || status == pod.StatusDegraded {
		return errdefs.ErrPodRunsInit
	}
	return nil
}

// checkDependencies keeps edges within a pod, or outside of all.
func checkDependencies(ctx context.Context, tx *store.Tx, c *container.Container) error {
	for _, id := range c.DependsOn {
		dep, err := tx.Container(ctx, id)
		if err != nil {
			return fmt.Errorf("%q is not a valid container, cannot be used as a dependency: %w", id, err)
		}
		switch {
		case dep.PodID == c.PodID:
		case c.PodID != "":
			return fmt.Errorf("container has joined pod %s and dependency container %s is not a member of the pod: %w", c.PodID, id, errdefs.ErrInvalidArg)
		default:
			return fmt.Errorf("container dependency %s is part of a pod, but container is not: %w", id, errdefs.ErrInvalidArg)
		}
		if dep.State == container.Removing {
			return fmt.Errorf("dependency container %s is being removed: %w", id, errdefs.ErrCtrRemoved)
		}
	}
	return nil
}

// makeContainer makes on the host what the rows say, then marks them made. Every
// step is idempotent.
func (r *Runtime) makeContainer(ctx context.Context, c *container.Container, volumes []string) error {
	if err := r.makeVolumes(ctx, volumes); err != nil {
		return err
	}
	if err := r.makeLayer(c); err != nil {
		return err
	}
	if err := os.MkdirAll(r.settings.ContainerDir(c.ID), 0o700); err != nil {
		return err
	}
	if err := r.writeBlueprint(c); err != nil {
		return err
	}
	if err := r.keepSecrets(c); err != nil {
		return err
	}
	return r.store.Update(ctx, func(tx *store.Tx) error {
		if err := markVolumesReady(ctx, tx, volumes); err != nil {
			return err
		}
		return markCreated(ctx, tx, c)
	})
}

// markCreated ends the making of a container, with its event.
func markCreated(ctx context.Context, tx *store.Tx, c *container.Container) error {
	c.State = container.Created
	release(c)
	if err := tx.SaveContainer(ctx, c); err != nil {
		return err
	}
	if c.Config.AutoUserNS() { // the range is known by now
		if err := tx.SaveContainerConfig(ctx, c); err != nil {
			return err
		}
	}
	return tx.AddEvent(ctx, containerEvent(c, event.Create))
}

// unmakeContainer undoes a create that failed or was cut off: storage, files,
// row, and the volumes made for it.
func (r *Runtime) unmakeContainer(ctx context.Context, id string) error {
	var c *container.Container
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		c, err = tx.Container(ctx, id)
		return err
	})
	if errors.Is(err, errdefs.ErrNoSuchCtr) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := r.removeStorage(c); err != nil {
		return err
	}
	var orphans []string
	err = r.store.Update(ctx, func(tx *store.Tx) (err error) {
		if err := tx.DeleteContainer(ctx, id); err != nil {
			return err
		}
		orphans, err = r.claimOrphans(ctx, tx, c)
		return err
	})
	if err != nil {
		return err
	}
	return r.removeClaimedVolumes(ctx, orphans)
}

// replaceContainer force-removes the container of that name, if there is one.
func (r *Runtime) replaceContainer(ctx context.Context, name string) error {
	var id string
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		id, err = tx.ContainerNamed(ctx, cleanName(name))
		return err
	})
	if err != nil || id == "" {
		return err
	}
	return r.removeContainers(ctx, []string{id}, RemoveOptions{Force: true, Volumes: true, Ignore: true})
}

// containerEvent is an event about a container.
func containerEvent(c *container.Container, status event.Status) event.Event {
	e := event.Event{Type: event.Container, Status: status, ID: c.ID, Name: c.Name, PodID: c.PodID}
	if c.Config != nil {
		e.Image, e.Attributes = c.Config.Image.Name, c.Config.Labels
	}
	return e
}

// containersUsingImage and removeImageUser are what the image store asks before
// it removes an image.
func (r *Runtime) containersUsingImage(ctx context.Context, imageID string) (ids []string, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		ids, err = tx.ContainersUsingImage(ctx, imageID)
		return err
	})
	return ids, err
}

func (r *Runtime) removeImageUser(ctx context.Context, id string) error {
	return r.removeContainers(ctx, []string{id}, RemoveOptions{Force: true, Volumes: true, Depend: true})
}

// imageEvent records what the image store did. Images live outside our database,
// so this event follows its change instead of being part of it.
func (r *Runtime) imageEvent(ctx context.Context, e image.Event) {
	err := r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		return tx.AddEvent(ctx, event.Event{Type: event.Image, Status: event.Status(e.Status), ID: e.ID, Name: strings.TrimSpace(e.Name), Error: e.Error})
	})
	if err != nil {
		logrus.Warnf("image event %s of %s was not recorded: %v", e.Status, e.Name, err)
	}
}
