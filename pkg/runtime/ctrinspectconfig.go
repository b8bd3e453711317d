package runtime

import (
	"fmt"

	"github.com/containers/image/v5/manifest"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/container"
)

func (r *Runtime) inspectConfig(in *inspected) *InspectConfig {
	cfg := in.cfg
	d := &InspectConfig{
		User: cfg.User, Tty: cfg.Terminal, OpenStdin: cfg.Stdin, StdinOnce: cfg.StdinOnce, Env: cfg.Env, Cmd: cfg.Command,
		Image: cfg.Image.Name, WorkingDir: cfg.WorkDir, Entrypoint: cfg.Entrypoint, Labels: cfg.Labels,
		Annotations: annotations(cfg), StopSignal: signalName(cfg.StopSignal), CreateCommand: cfg.CreateCommand, Timezone: cfg.Timezone,
		SystemdMode: cfg.SystemdMode(), Umask: cfg.Umask, Timeout: cfg.Timeout, StopTimeout: uint(in.StopTimeout().Seconds()),
		ChrootDirs: cfg.Storage.ChrootDirs, SdNotifyMode: cfg.SDNotify,
	}
	if in.Config != nil && in.uts.Config != nil {
		d.Hostname = r.hostname(in.uts)
	}
	if in.spec != nil {
		// HOME and HOSTNAME are known once there is a root filesystem.
		d.Env = in.spec.Process.Env
	}
	if !cfg.Infra {
		d.Passwd = new(!cfg.NoPasswd)
	}
	for _, s := range cfg.Storage.Secrets {
		d.Secrets = append(d.Secrets, InspectSecret{Name: s.Name, ID: s.ID, UID: s.UID, GID: s.GID, Mode: s.Mode})
	}
	d.ExposedPorts = exposedPorts(cfg)
	d.addHealth(cfg.Health)
	return d
}

// exposedPorts are the ports of a container as images and inspect write them,
// "80/tcp": those it exposes and those it publishes; nil for none.
func exposedPorts(cfg *container.Config) map[string]struct{} {
	ports := map[string]struct{}{}
	for published := range portBindings(cfg.Network.Ports) {
		ports[published] = struct{}{}
	}
	for port, protos := range cfg.Network.Expose {
		for _, proto := range protos {
			ports[fmt.Sprintf("%d/%s", port, proto)] = struct{}{}
		}
	}
	if len(ports) == 0 {
		return nil
	}
	return ports
}

func (d *InspectConfig) addHealth(h *container.Health) {
	d.HealthcheckOnFailureAction, d.HealthLogDestination, d.HealthMaxLogCount, d.HealthMaxLogSize = "none", "local", defaultHealthLogCount, defaultHealthLogSize
	if h == nil {
		return
	}
	if h.Disabled {
		d.Healthcheck = &manifest.Schema2HealthConfig{Test: []string{"NONE"}}
		return
	}
	d.Healthcheck = &manifest.Schema2HealthConfig{Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, StartPeriod: h.StartPeriod, Retries: int(h.Retries)}
	d.HealthcheckOnFailureAction, d.HealthLogDestination, d.HealthMaxLogCount, d.HealthMaxLogSize = h.OnFailure, h.LogDest, h.MaxLogCount, h.MaxLogSize
	if len(h.StartupTest) > 0 {
		d.StartupHealthCheck = &InspectStartupCheck{
			Schema2HealthConfig: manifest.Schema2HealthConfig{Test: h.StartupTest, Interval: h.StartupEvery, Timeout: h.StartupLimit, Retries: int(h.StartupTries)},
			Successes:           int(h.StartupPasses),
		}
	}
}

// annotations are the container's own and the one every bundle has.
func annotations(cfg *container.Config) map[string]string {
	return overlay(map[string]string{container.ManagerAnnotation: "podctl"}, cfg.Annotations)
}

// signalName is "SIGTERM" for 15, "SIGRTMIN+3" for 37, "SIGRTMAX-1" for 63, ""
// for none. A real-time signal is counted from the end it is nearer to, as in
// the only names that podman and Docker read.
func signalName(number uint) string {
	const rtmin, rtmax, nearer = 34, 64, 15 // as the C library counts
	switch {
	case number == rtmin:
		return "SIGRTMIN"
	case number == rtmax:
		return "SIGRTMAX"
	case number > rtmin+nearer:
		return fmt.Sprintf("SIGRTMAX-%d", rtmax-number)
	case number > rtmin:
		return fmt.Sprintf("SIGRTMIN+%d", number-rtmin)
	}
	return unix.SignalName(unix.Signal(number))
}
