package settings

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Choice is what was chosen for this host, and why.
type Choice struct {
	Value string
	Why   string
}

// Names of cgroup managers.
const (
	ManagerSystemd  = "systemd"
	ManagerCgroupfs = "cgroupfs"
)

// CgroupManager chooses who makes cgroups: systemd where it is the init, else
// the file system itself.
func (s *Settings) CgroupManager() (Choice, error) {
	if m := s.Flags.CgroupManager; m != "" {
		return s.wantManager(m, "set by --cgroup-manager")
	}
	if s.isSet("engine", "cgroup_manager") {
		return s.wantManager(s.Conf.Engine.CgroupManager, "set in containers.conf")
	}
	if !systemdIsInit() {
		return Choice{ManagerCgroupfs, "systemd is not the init of this host"}, nil
	}
	if s.Rootless && os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" {
		return Choice{ManagerCgroupfs, "the user has no systemd session"}, nil
	}
	return Choice{ManagerSystemd, "systemd is the init of this host"}, nil
}

func (s *Settings) wantManager(name, why string) (Choice, error) {
	switch name {
	case ManagerCgroupfs:
		return Choice{name, why}, nil
	case ManagerSystemd:
		if !systemdIsInit() {
			return Choice{}, fmt.Errorf("cgroup manager systemd (%s) needs systemd as init, which it is not here: use --cgroup-manager cgroupfs: %w", why, errdefs.ErrUnsupported)
		}
		return Choice{name, why}, nil
	}
	return Choice{}, noManagerError(name)
}

func noManagerError(name string) error {
	return fmt.Errorf("unsupported Cgroup manager: %s - cannot validate cgroup parent: %w", name, errdefs.ErrInvalidArg)
}

// systemdIsInit is sd_booted(3).
func systemdIsInit() bool {
	st, err := os.Lstat("/run/systemd/system")
	return err == nil && st.IsDir()
}

// OCIRuntime chooses the OCI runtime's program: crun, but runc where crun would
// refuse the cgroup layout or is missing. Value is its path.
func (s *Settings) OCIRuntime() (Choice, error) {
	if name := s.Flags.Runtime; name != "" {
		return s.wantRuntime(name, "set by --runtime")
	}
	if s.isSet("engine", "runtime") {
		return s.wantRuntime(s.Conf.Engine.OCIRuntime, "set in containers.conf")
	}
	refusal := crunRefusal()
	crun, crunErr := s.findRuntime("crun")
	if crunErr == nil && refusal == "" {
		return Choice{crun, "crun is preferred"}, nil
	}
	runc, runcErr := s.findRuntime("runc")
	switch {
	case runcErr == nil && crunErr == nil:
		return Choice{runc, "crun refuses this host: " + refusal}, nil
	case runcErr == nil:
		return Choice{runc, "crun is not installed"}, nil
	case crunErr == nil:
		return Choice{}, fmt.Errorf("crun refuses this host (%s) and runc is not installed: install the package runc: %w", refusal, errdefs.ErrUnavailable)
	}
	return Choice{}, fmt.Errorf("no OCI runtime found: install the package crun or runc: %w", errdefs.ErrUnavailable)
}

func (s *Settings) wantRuntime(name, why string) (Choice, error) {
	path, err := s.findRuntime(name)
	if err != nil {
		return Choice{}, err
	}
	if refusal := crunRefusal(); refusal != "" && filepath.Base(path) == "crun" {
		return Choice{}, fmt.Errorf("OCI runtime crun (%s) refuses this host (%s): use --runtime runc: %w", why, refusal, errdefs.ErrUnsupported)
	}
	return Choice{path, why}, nil
}

// KnowsRuntime says whether the OCI runtime of that name or path is on this host.
func (s *Settings) KnowsRuntime(name string) bool {
	_, err := s.findRuntime(name)
	return err == nil
}

// findRuntime resolves a name or path through containers.conf and PATH.
func (s *Settings) findRuntime(name string) (string, error) {
	if strings.Contains(name, "/") {
		if !isExecutable(name) {
			return "", errdefs.As(errdefs.ErrUnavailable, fmt.Errorf("no valid executable found for OCI runtime %s: %w", name, errdefs.ErrInvalidArg))
		}
		return filepath.Abs(name)
	}
	for _, p := range s.Conf.Engine.OCIRuntimes[name] {
		if isExecutable(p) {
			return p, nil
		}
	}
	p, err := exec.LookPath(name)
	if err != nil {
		return "", errdefs.As(errdefs.ErrUnavailable, fmt.Errorf("default OCI runtime %q not found: install the package %s: %w", name, name, errdefs.ErrInvalidArg))
	}
	return p, nil
}

// crunRefusal says why crun would not run here, "" if it would. crun reads one
// cgroup hierarchy: v1 controllers together with a v2 mount that has
// controllers of its own end in an error.
func crunRefusal() string {
	b, err := os.ReadFile("/sys/fs/cgroup/unified/cgroup.controllers")
	if err == nil && len(strings.TrimSpace(string(b))) > 0 {
		return "cgroups are v1 with controllers on the v2 side"
	}
	return ""
}

// Conmon finds the monitor. The library's own search runs each candidate to ask
// its version; every conmon Debian ships is new enough.
func (s *Settings) Conmon() (string, error) {
	if p := s.Flags.Conmon; p != "" {
		if !isExecutable(p) {
			return "", fmt.Errorf("conmon %s is not an executable file: %w", p, errdefs.ErrUnavailable)
		}
		return filepath.Abs(p)
	}
	for _, p := range s.Conf.Engine.ConmonPath.Get() {
		if isExecutable(p) {
			return p, nil
		}
	}
	p, err := exec.LookPath("conmon")
	if err != nil {
		return "", fmt.Errorf("conmon not found: install the package conmon: %w", errdefs.ErrUnavailable)
	}
	return p, nil
}

// LogDriver is the log driver for containers that ask for none. A file works on
// every host and is read without anybody's help; the journal is for who asks.
func (s *Settings) LogDriver() Choice {
	if s.isSet("containers", "log_driver") {
		return Choice{s.Conf.Containers.LogDriver, "set in containers.conf"}
	}
	return Choice{"k8s-file", "a file works on every host"}
}

// EventsNone is the backend that keeps no events.
const EventsNone = "none"

// EventsBackend says whether events are kept. They are rows of the database,
// whatever the backend's name, except for [EventsNone].
func (s *Settings) EventsBackend() Choice {
	if b := s.Flags.EventsBackend; b != "" {
		return Choice{b, "set by --events-backend"}
	}
	if s.isSet("engine", "events_logger") {
		return Choice{s.Conf.Engine.EventsLogger, "set in containers.conf"}
	}
	return Choice{"file", "events are rows of the database, a file"}
}

// UserNetwork chooses the network of an ordinary user's pods and containers that
// ask for none: pasta, but slirp4netns where only that is installed.
func (s *Settings) UserNetwork() Choice {
	if s.isSet("network", "default_rootless_network_cmd") {
		return Choice{s.Conf.Network.DefaultRootlessNetworkCmd, "set in containers.conf"}
	}
	const pasta, slirp = "pasta", "slirp4netns"
	if _, err := s.Conf.FindHelperBinary(pasta, true); err != nil {
		if _, err := s.Conf.FindHelperBinary(slirp, true); err == nil {
			return Choice{slirp, "pasta is not installed"}
		}
	}
	return Choice{pasta, "pasta is preferred"}
}

// PidsLimit is the number of processes that containers.conf gives a container;
// nil if it says nothing.
func (s *Settings) PidsLimit() *int64 {
	if !s.isSet("containers", "pids_limit") {
		return nil
	}
	limit := s.Conf.Containers.PidsLimit
	return &limit
}

// Sysctls are the kernel parameters, "name=value", of namespaces that are a
// container's own. What containers.conf(5) gives as the default is in no file on
// many hosts: that root in a container may ping, which needs no capability then.
func (s *Settings) Sysctls() []string {
	if s.isSet("containers", "default_sysctls") {
		return s.Conf.Containers.DefaultSysctls.Get()
	}
	return []string{"net.ipv4.ping_group_range=0 0"}
}
