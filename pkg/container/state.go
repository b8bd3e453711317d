package container

import (
	"fmt"

	"github.com/podctl/podctl/pkg/errdefs"
)

// State is where a container is in its life. The same word is the Go constant,
// the column value and the text on screen.
//
//	           create          init             start
//	(creating) ------> created -----> initialized -----> running <---> paused
//	                      ^                                 |             |
//	                      | start (again)                   | stop        |
//	                      |                                 v             |
//	                   exited <----- stopped <---------- stopping <-------+
//	                      |  cleanup     process gone           (forced rm)
//	                      v
//	                   removing ----> (row gone)
//
// Creating, stopping and removing are transitional: each carries its owner (see
// Container.Owner), counts only while the owner lives, and is finished or undone by
// the next command that meets it without one.
type State string

// The states.
const (
	// Creating: the name and ID are taken, the storage is being made. Never listed.
	Creating State = "creating"
	// Created: configured, nothing in the OCI runtime.
	Created State = "created"
	// Initialized: created in the OCI runtime, conmon is up, the process is not started.
	Initialized State = "initialized"
	// Running: the process runs.
	Running State = "running"
	// Paused: the process is frozen.
	Paused State = "paused"
	// Stopping: the stop signal was sent, its sender waits.
	Stopping State = "stopping"
	// Stopped: the process is gone, its mounts and network may still be there.
	Stopped State = "stopped"
	// Exited: the process is gone and cleaned up after.
	Exited State = "exited"
	// Removing: being deleted.
	Removing State = "removing"
	// Unknown: the row cannot be interpreted.
	Unknown State = "unknown"
)

// Valid reports whether s is a state a row may have.
func (s State) Valid() bool {
	switch s {
	case Creating, Created, Initialized, Running, Paused, Stopping, Stopped, Exited, Removing:
		return true
	}
	return false
}

// HasProcess reports whether a container in this state should have a live
// process (the container's own, or the OCI runtime's init waiting for start).
func (s State) HasProcess() bool {
	return s == Initialized || s == Running || s == Paused || s == Stopping
}

// Operation is what a verb wants to do to a container.
type Operation string

// The operations whose legality depends on the state.
const (
	OpInit    Operation = "init"
	OpStart   Operation = "start"
	OpStartIn Operation = "start in a pod, or for a container that depends on it"
	OpStop    Operation = "stop"
	OpRestart Operation = "restart"
	OpKill    Operation = "kill"
	OpPause   Operation = "pause"
	OpUnpause Operation = "unpause"
	OpExec    Operation = "exec"
	OpAttach  Operation = "attach"
	OpTop     Operation = "top"
	OpRemove  Operation = "remove"
	OpCleanup Operation = "cleanup"
)

// Verdict is the answer to "may this operation act in this state?".
type Verdict int

const (
	// Refuse: the operation is an error in this state.
	Refuse Verdict = iota
	// Act: the operation has work to do.
	Act
	// Nothing: the operation is already fulfilled; success without effect.
	Nothing
)

// transitions is the whole table; what is not listed is refused.
var transitions = map[Operation]map[State]Verdict{
	OpInit:    {Created: Act, Stopped: Act, Exited: Act},
	OpStart:   {Created: Act, Initialized: Act, Stopped: Act, Exited: Act, Running: Nothing},
	OpStartIn: {Created: Act, Initialized: Act, Stopped: Act, Exited: Act, Running: Nothing},
	OpStop:    {Initialized: Act, Running: Act, Stopping: Act, Stopped: Act, Created: Nothing, Exited: Nothing},
	OpRestart: {Created: Act, Initialized: Act, Running: Act, Stopped: Act, Exited: Act},
	OpKill:    {Running: Act, Stopping: Act, Paused: Act},
	OpPause:   {Running: Act},
	OpUnpause: {Paused: Act},
	OpExec:    {Running: Act},
	OpAttach:  {Running: Act},
	OpTop:     {Running: Act},
	OpRemove:  {Created: Act, Initialized: Act, Stopped: Act, Exited: Act, Removing: Act},
	OpCleanup: {Created: Nothing, Initialized: Act, Stopping: Act, Stopped: Act, Exited: Nothing},
}

// Check says whether op acts on a container in state s, has nothing to do, or is
// refused, in which case the error (class [errdefs.ErrInvalidState]) is the text
// the user sees.
func Check(op Operation, id string, s State) (Verdict, error) {
	if v := transitions[op][s]; v != Refuse {
		return v, nil
	}
	return Refuse, refusal(op, id, s)
}

func refusal(op Operation, id string, s State) error {
	if s == Removing {
		return fmt.Errorf("container %s is being removed: %w", id, errdefs.ErrCtrState)
	}
	switch op {
	case OpInit:
		return fmt.Errorf("container %s has already been created in runtime: %w", id, errdefs.ErrCtrState)
	case OpStart, OpStartIn:
		if s == Paused && op == OpStartIn {
			return fmt.Errorf("cannot start paused container %s: %w", id, errdefs.ErrCtrState)
		}
		return fmt.Errorf("container %s must be in Created or Stopped state to be started: %w", id, errdefs.ErrCtrState)
	case OpRestart:
		return fmt.Errorf("unable to restart a container in a paused or unknown state: %w", errdefs.ErrCtrState)
	case OpKill:
		return fmt.Errorf("can only kill running containers. %s is in state %s: %w", id, s, errdefs.ErrCtrState)
	case OpPause:
		if s == Paused {
			return fmt.Errorf("%q is already paused: %w", id, errdefs.ErrCtrState)
		}
		return fmt.Errorf("%q is not running, can't pause: %w", string(s), errdefs.ErrCtrState)
	case OpUnpause:
		return fmt.Errorf("%q is not paused, can't unpause: %w", id, errdefs.ErrCtrState)
	case OpExec:
		return fmt.Errorf("can only create exec sessions on running containers: %w", errdefs.ErrCtrState)
	case OpAttach:
		return errdefs.ErrAttachNotRunning
	case OpTop:
		return errdefs.ErrTopNotRunning
	case OpRemove:
		return fmt.Errorf("cannot remove container %s as it is %s - running or paused containers cannot be removed without force: %w", id, s, errdefs.ErrCtrState)
	}
	return fmt.Errorf("container %s is running or paused, refusing to clean up: %w", id, errdefs.ErrCtrState)
}
