package kube

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/podctl/podctl/pkg/container"
)

// What Kubernetes takes where a probe does not say.
const (
	probePeriod    = 10
	probeTimeout   = 1
	probeThreshold = 3
)

// health turns the probes that restart a container into its health check; nil
// without any. restart: the pod's restart policy would start it again.
func health(c *Container, restart bool) (*container.Health, error) {
	live, err := probeCommand(c.LivenessProbe, c.Ports)
	if err != nil {
		return nil, fmt.Errorf("failed to configure livenessProbe: %w", err)
	}
	startup, err := probeCommand(c.StartupProbe, c.Ports)
	if err != nil {
		return nil, fmt.Errorf("failed to configure startupProbe: %w", err)
	}
	if live == nil && startup == nil {
		return nil, nil
	}
	h := &container.Health{OnFailure: "none", LogDest: "local", MaxLogCount: 5, MaxLogSize: 500}
	if restart {
		h.OnFailure = "restart"
	}
	probe := c.LivenessProbe
	if live == nil {
		// There is no startup check without a health check.
		live, probe = []string{"CMD-SHELL", "exit 0"}, c.StartupProbe
	}
	h.Test = live
	h.Interval, h.Timeout, h.Retries = probe.timing()
	h.StartPeriod = time.Duration(max(probe.InitialDelaySeconds, 0)) * time.Second
	if startup != nil {
		h.StartupTest = startup
		h.StartupEvery, h.StartupLimit, h.StartupTries = c.StartupProbe.timing()
		h.StartupPasses = uint(max(c.StartupProbe.SuccessThreshold, 0))
	}
	return h, nil
}

func (p *Probe) timing() (interval, timeout time.Duration, retries uint) {
	positive := func(n int32, otherwise int32) int32 { return cmp.Or(max(n, 0), otherwise) }
	return time.Duration(positive(p.PeriodSeconds, probePeriod)) * time.Second,
		time.Duration(positive(p.TimeoutSeconds, probeTimeout)) * time.Second,
		uint(positive(p.FailureThreshold, probeThreshold))
}

// probeCommand is the check of a probe, as images have it; nil for none. It runs in
// the container, so what asks a server needs a program there.
func probeCommand(p *Probe, ports []ContainerPort) ([]string, error) {
	switch {
	case p == nil:
		return nil, nil
	case p.Exec != nil:
		if len(p.Exec.Command) == 0 {
			return nil, errors.New("must define a healthcheck command for all healthchecks")
		}
		return append([]string{"CMD"}, p.Exec.Command...), nil
	case p.HTTPGet != nil:
		get := p.HTTPGet
		port, err := portNumber(get.Port, ports)
		return []string{"CMD-SHELL", fmt.Sprintf("curl -f %s://%s:%d%s || exit 1",
			cmp.Or(get.Scheme, "HTTP"), cmp.Or(get.Host, "localhost"), port, cmp.Or(get.Path, "/"))}, err
	case p.TCPSocket != nil:
		port, err := portNumber(p.TCPSocket.Port, ports)
		return []string{"CMD-SHELL", fmt.Sprintf("nc -z -v %s %d || exit 1", cmp.Or(p.TCPSocket.Host, "localhost"), port)}, err
	}
	return nil, nil
}

// portNumber is a port given by its number or the name a container has for it.
func portNumber(port IntOrString, ports []ContainerPort) (int, error) {
	if port.Name == "" {
		return port.Int, nil
	}
	i := slices.IndexFunc(ports, func(p ContainerPort) bool { return p.Name == port.Name })
	if i < 0 {
		return 0, fmt.Errorf("unknown port: %s", strconv.Quote(port.Name))
	}
	return int(ports[i].ContainerPort), nil
}

// probes are the probes for a health check that a container was given.
func probes(h *container.Health) (live, startup *Probe) {
	if h == nil || h.Disabled {
		return nil, nil
	}
	if command := execOf(h.Test); command != nil {
		live = &Probe{
			Exec: command, InitialDelaySeconds: seconds(h.StartPeriod), PeriodSeconds: seconds(h.Interval),
			TimeoutSeconds: seconds(h.Timeout), FailureThreshold: int32(h.Retries),
		}
	}
	if command := execOf(h.StartupTest); command != nil {
		startup = &Probe{
			Exec: command, PeriodSeconds: seconds(h.StartupEvery), TimeoutSeconds: seconds(h.StartupLimit),
			FailureThreshold: int32(h.StartupTries), SuccessThreshold: int32(h.StartupPasses),
		}
	}
	return live, startup
}

// execOf is a check as a command; nil for none.
func execOf(test []string) *ExecAction {
	switch {
	case len(test) < 2:
		return nil
	case test[0] == "CMD-SHELL":
		return &ExecAction{Command: []string{"/bin/sh", "-c", test[1]}}
	case test[0] == "CMD":
		return &ExecAction{Command: slices.Clone(test[1:])}
	}
	return nil
}

// seconds are whole ones, at least one of what is not nothing.
func seconds(d time.Duration) int32 {
	if d <= 0 {
		return 0
	}
	return int32(max((d+time.Second-1)/time.Second, 1))
}
