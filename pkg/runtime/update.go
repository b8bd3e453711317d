package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/cgroupmgr"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/store"
)

// UpdateContainer changes the configuration of a container, in any state; apply
// is handed a copy. Changed limits hold at once for one that runs, a changed
// environment for what is executed in it; all else that concerns the process from
// its next start. On error nothing has changed, unless
// it is the database's: then limits may have. Errors: ErrNoSuchCtr, class
// ErrInvalidState for a damaged container.
func (r *Runtime) UpdateContainer(ctx context.Context, id string, apply func(*container.Config) error) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	return r.locked(ctx, id, func() error {
		c, err := r.container(ctx, id)
		if err != nil {
			return err
		}
		if c.Config == nil {
			return fmt.Errorf("container %s: %s: it cannot be updated: %w", c.Name, c.Damage, errdefs.ErrInvalidState)
		}
		cfg, err := copyConfig(c.Config)
		if err != nil {
			return err
		}
		if err := apply(cfg); err != nil {
			return err
		}
		if err := r.limit(ctx, c, &cfg.Resources); err != nil {
			return err
		}
		before := c.Config.Env
		c, err = r.change(ctx, id, func(tx *store.Tx, row *container.Container) error {
			row.Config = cfg
			if err := tx.SaveContainerConfig(ctx, row); err != nil {
				return err
			}
			return tx.AddEvent(ctx, containerEvent(row, event.Update))
		})
		if err != nil {
			return err
		}
		if !slices.Equal(before, cfg.Env) {
			err = bundle.ChangeEnv(r.settings.BundleDir(id), before, cfg.Env)
		}
		return errors.Join(err, r.writeBlueprint(c))
	})
}

// copyConfig is a copy that shares nothing with c.
func copyConfig(c *container.Config) (*container.Config, error) {
	var out container.Config
	b, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("copy configuration: %w", err)
	}
	return &out, nil
}

// limit gives a container that has a process other limits, if they are others.
func (r *Runtime) limit(ctx context.Context, c *container.Container, to *container.Resources) error {
	switch c.State {
	case container.Initialized, container.Running, container.Paused:
	default:
		return nil
	}
	before, err := cgroupLimits(&c.Config.Resources)
	if err != nil {
		return err
	}
	after, err := cgroupLimits(to)
	if err != nil || reflect.DeepEqual(before, after) {
		return err
	}
	if to.CgroupMode == "disabled" {
		return fmt.Errorf("cannot update without using Cgroups: %w", errdefs.ErrNoCgroup)
	}
	if err := r.warnUndelegated("container", func() (*specs.LinuxResources, error) { return after, nil }); err != nil {
		return err
	}
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	before, _ = m.Delegated(before)
	after, _ = m.Delegated(after)
	engine, err := r.oci()
	if err != nil {
		return err
	}
	cgroup := m.ContainerCgroup(to.CgroupParent, c.ID)
	if err := setLimits(ctx, engine, m, c.ID, cgroup, after); err != nil {
		// Some limits were set before the one that was refused.
		return undo(ctx, withRemedy(err), func(ctx context.Context) error {
			return setLimits(ctx, engine, m, c.ID, cgroup, lifted(before, after, r.pidsLimit(c.Config)))
		})
	}
	return nil
}

// setLimits changes the limits of a container that has a process.
func setLimits(ctx context.Context, engine ociRuntime, m cgroupmgr.Manager, id, cgroup string, limits *specs.LinuxResources) error {
	var lift *specs.LinuxResources
	if engine.Name() == "crun" {
		limits, lift = withoutLifted(limits)
	}
	if err := engine.Update(ctx, id, limits); err != nil || lift == nil {
		return err
	}
	return m.Update(ctx, cgroup, lift)
}

// withoutLifted takes out of the limits those that are to be none and that crun
// (1.8.1) cannot take back: it writes them as a number which the kernel refuses.
// It does not remember limits, so that nobody has to tell it. lift is nil if there
// are none.
func withoutLifted(limits *specs.LinuxResources) (rest, lift *specs.LinuxResources) {
	rest = limits
	take := func() {
		if lift == nil {
			out := *limits
			rest, lift = &out, new(specs.LinuxResources)
		}
	}
	if limits.CPU != nil && limits.CPU.Quota != nil && *limits.CPU.Quota < 0 {
		take()
		cpu := *limits.CPU
		lift.CPU = &specs.LinuxCPU{Quota: cpu.Quota, Period: cpu.Period}
		cpu.Quota, cpu.Period = nil, nil
		rest.CPU = &cpu
	}
	if limits.Pids != nil && limits.Pids.Limit < 0 {
		take()
		lift.Pids, rest.Pids = limits.Pids, nil
	}
	return rest, lift
}

// withRemedy adds what to do about a limit that was refused. Its class, which
// the text of err ends with, ends the new text too.
func withRemedy(err error) error {
	remedy := cgroupmgr.Remedy(err.Error())
	if remedy == "" {
		return err
	}
	var failed *oci.CommandError
	if errors.As(err, &failed) {
		return fmt.Errorf("%s: %s: %w", strings.TrimSuffix(err.Error(), ": "+failed.Class.Error()), remedy, failed.Class)
	}
	return fmt.Errorf("%w: %s", err, remedy)
}

// lifted are the limits before and, for those that only after has, what the kernel
// takes for none. processes is how many a container may have that was not limited.
func lifted(before, after *specs.LinuxResources, processes int64) *specs.LinuxResources {
	out := *before
	if after.CPU != nil {
		cpu := specs.LinuxCPU{}
		if before.CPU != nil {
			cpu = *before.CPU
		}
		orDefault(&cpu.Shares, after.CPU.Shares, 1024)
		orDefault(&cpu.Quota, after.CPU.Quota, -1)
		orDefault(&cpu.Period, after.CPU.Period, 100000)
		out.CPU = &cpu
	}
	if after.Memory != nil {
		memory := specs.LinuxMemory{}
		if before.Memory != nil {
			memory = *before.Memory
		}
		orDefault(&memory.Limit, after.Memory.Limit, -1)
		orDefault(&memory.Swap, after.Memory.Swap, -1)
		orDefault(&memory.Reservation, after.Memory.Reservation, -1)
		out.Memory = &memory
	}
	if after.Pids != nil && before.Pids == nil {
		if processes <= 0 {
			processes = -1
		}
		out.Pids = &specs.LinuxPids{Limit: processes}
	}
	return &out
}

// orDefault sets what is not there, but was set.
func orDefault[T any](field **T, set *T, value T) {
	if *field == nil && set != nil {
		*field = &value
	}
}

// cgroupLimits are the limits as the OCI runtime takes them.
func cgroupLimits(res *container.Resources) (*specs.LinuxResources, error) {
	limits := specs.LinuxResources{}
	if res.Linux != nil {
		limits = *res.Linux
	}
	limits.Devices = nil // access to devices is not up for change
	if res.PidsLimit != nil {
		limit := *res.PidsLimit
		if limit <= 0 {
			limit = -1
		}
		limits.Pids = &specs.LinuxPids{Limit: limit}
	}
	devices, err := bundle.BlockIO(res)
	if err != nil {
		return nil, err
	}
	if devices != nil {
		if limits.BlockIO != nil {
			devices.Weight, devices.LeafWeight = limits.BlockIO.Weight, limits.BlockIO.LeafWeight
		}
		limits.BlockIO = devices
	}
	return &limits, nil
}
