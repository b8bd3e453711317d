package runtime

import (
	"errors"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/cgroupmgr"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// warnUnlimited says why limits that were asked for have no effect, and how they
// could have: nothing is delegated to the user, so the object has no cgroup.
func (r *Runtime) warnUnlimited(what string, asked bool) {
	if !asked {
		return
	}
	layout, err := cgroupmgr.Detect(cgroupmgr.DefaultRoot)
	if err == nil && layout.Kind != cgroupmgr.V2 {
		logrus.Warnf("The limits of this %s are ignored: this host has cgroups %s, of which nothing can be delegated to a user: boot with systemd.unified_cgroup_hierarchy=1, or run podctl as root", what, layout.Kind)
		return
	}
	logrus.Warnf("The limits of this %s are ignored: no cgroup is delegated to this user: log in through systemd (as root: loginctl enable-linger USER), so that --cgroup-manager systemd can be used", what)
}

// asksForLimits reports whether any limit was given that a cgroup would enforce.
func asksForLimits(res *container.Resources) bool {
	return res.Linux != nil || res.PidsLimit != nil && *res.PidsLimit > 0 || len(res.CgroupConf) > 0 ||
		len(res.BlkioWeightDevice)+len(res.ReadBPS)+len(res.WriteBPS)+len(res.ReadIOPS)+len(res.WriteIOPS) > 0
}

// refuseLimits refuses what only cgroup v2 has, and what v1 cannot do.
func refuseLimits(res *container.Resources) error {
	if len(res.CgroupConf) == 0 && res.Linux == nil {
		return nil
	}
	layout, err := cgroupmgr.Detect(cgroupmgr.DefaultRoot)
	switch {
	case err != nil:
		return err
	case layout.Kind == cgroupmgr.V2:
		return nil
	case len(res.CgroupConf) > 0:
		return errdefs.As(errdefs.ErrInvalidArgument, errors.New("cannot use --cgroup-conf without cgroup v2"))
	}
	return cgroupmgr.RefuseV1(res.Linux)
}

// warnUndelegated names the controllers that this user was not given, if the limits
// need one. Root has all there are, and is not made to look devices up for this.
func (r *Runtime) warnUndelegated(what string, limits func() (*specs.LinuxResources, error)) error {
	if !r.settings.Rootless {
		return nil
	}
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	asked, err := limits()
	if err != nil {
		return err
	}
	if _, missing := m.Delegated(asked); len(missing) > 0 {
		logrus.Warnf("The limits of this %s that need the controller %s are ignored: it is not delegated to this user: have root put [Service] and Delegate=cpu cpuset io memory pids into /etc/systemd/system/user@.service.d/delegate.conf, run systemctl daemon-reload, and log in anew",
			what, strings.Join(missing, " or "))
	}
	return nil
}
