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

// exposedPorts is --expose as images and inspect write it: "80/tcp"; nil for none.
func exposedPorts(cfg *container.Config) (ports map[string]struct{}) {
	for port, protos := range cfg.Network.Expose {
		for _, proto := range protos {
			if ports == nil {
				ports = map[string]struct{}{}
			}
			ports[fmt.Sprintf("%d/%s", port, proto)] = struct{}{}
		}
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

// signalName is "SIGTERM" for 15, "SIGRTMIN+3" for 37, "" for none.
func signalName(number uint) string {
	const rtmin = 34 // as the C library counts
	if number >= rtmin {
		if number == rtmin {
			return "SIGRTMIN"
		}
		return fmt.Sprintf("SIGRTMIN+%d", number-rtmin)
	}
	return unix.SignalName(unix.Signal(number))
}
