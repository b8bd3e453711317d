package pod

import "github.com/podctl/podctl/pkg/container"

// Status is a pod's state as users see it, derived from its containers.
type Status string

// The statuses.
const (
	StatusCreated  Status = "Created"
	StatusRunning  Status = "Running"
	StatusDegraded Status = "Degraded"
	StatusPaused   Status = "Paused"
	StatusExited   Status = "Exited"
	StatusStopped  Status = "Stopped"
	StatusError    Status = "Error"
)

// StatusOf derives a pod's status from the states of its containers, the infra
// container included and init containers left out (podman-pod-ps(1)).
func StatusOf(states []container.State) Status {
	var running, paused, stopped, errored int
	for _, s := range states {
		switch s {
		case container.Running:
			running++
		case container.Paused:
			paused++
		case container.Stopped, container.Exited:
			stopped++
		case container.Created, container.Initialized:
		default:
			errored++
		}
	}
	n := len(states)
	switch {
	case n == 0:
		return StatusCreated
	case running == n:
		return StatusRunning
	case running > 0:
		return StatusDegraded
	case paused == n:
		return StatusPaused
	case stopped == n:
		return StatusExited
	case stopped > 0:
		return StatusStopped
	case errored > 0:
		return StatusError
	}
	return StatusCreated
}
