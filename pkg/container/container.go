package container

import (
	"time"

	"github.com/containers/common/libnetwork/types"
)

// Owner identifies the podctl process that is carrying out a transitional
// state: a pid counts only together with its start time and the boot it was
// seen in. The zero Owner is nobody.
type Owner struct {
	PID       int    `json:",omitempty"`
	StartTime uint64 `json:",omitempty"` // clock ticks since boot, proc(5) field 22
	BootID    string `json:",omitempty"`
}

// IsZero reports whether nobody owns the object.
func (o Owner) IsZero() bool { return o == Owner{} }

// Container is one container: who it is, how it was configured, where it is in
// its life.
type Container struct {
	ID    string
	Name  string
	PodID string // "" outside pods
	// Config is nil when the stored one cannot be read; then State is Unknown
	// and Damage says why.
	Config    *Config
	CreatedAt time.Time
	State     State
	// Intent is what an owner is carrying out, a word of the engine's; "" when
	// nothing is under way.
	Intent  string
	Owner   Owner
	Runtime RunState
	// DependsOn are the IDs of the containers that must run for this one to run.
	DependsOn []string
	// Damage says what about the row could not be read; "" for a good row.
	Damage string
	// Health is what the last health check of a running container found, "" when
	// there was none. It is no column: the engine adds it when it looks.
	Health string
}

// RunState is what happened to a container since it was created. Every field is
// a column.
type RunState struct {
	// Process is the container's first process, Conmon its monitor.
	Process    Owner
	Conmon     Owner
	StartedAt  time.Time
	FinishedAt time.Time
	// ExitCode is valid when Exited; -1: conmon died and nobody knows.
	ExitCode int
	// Exited: the process ran and ended at least once since the last start.
	Exited        bool
	OOMKilled     bool
	StoppedByUser bool
	RestartCount  uint
	// Error is why the last start failed.
	Error string
	// Mountpoint is the mounted root filesystem, NetNS the network namespace's
	// path; "" when not set up.
	Mountpoint string
	NetNS      string
	// NetStatus is what the network backend answered, by network name.
	NetStatus map[string]types.StatusBlock
}

// IsInfra reports whether the container holds its pod's namespaces.
func (c *Container) IsInfra() bool { return c.Config != nil && c.Config.Infra }

// IsInit reports whether the container is an init container of its pod.
func (c *Container) IsInit() bool { return c.Config != nil && c.Config.InitType != "" }

// DefaultStopTimeout is seconds between stop signal and SIGKILL.
const DefaultStopTimeout = 10

// StopTimeout is how long a stop waits before SIGKILL.
func (c *Container) StopTimeout() time.Duration {
	if c.Config == nil || c.Config.StopTimeout == nil {
		return DefaultStopTimeout * time.Second
	}
	return time.Duration(*c.Config.StopTimeout) * time.Second
}
