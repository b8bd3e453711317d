// Package event says what an event is: its types and statuses and how one is
// shown (podman-events(1)). Events are rows written in the transaction of the
// change they report; the package itself does no I/O.
package event

import "time"

// Type is the kind of object an event is about.
type Type string

// The types.
const (
	Container Type = "container"
	Pod       Type = "pod"
	Image     Type = "image"
	Volume    Type = "volume"
	Network   Type = "network"
	Secret    Type = "secret"
	System    Type = "system"
)

// Status is what happened.
type Status string

// The statuses podctl writes. A container's end is Died, its deletion Remove.
const (
	Attach          Status = "attach"
	Cleanup         Status = "cleanup"
	Commit          Status = "commit"
	Connect         Status = "connect"
	Create          Status = "create"
	Died            Status = "died"
	Disconnect      Status = "disconnect"
	Exec            Status = "exec"
	ExecDied        Status = "exec_died"
	Export          Status = "export"
	HealthStatus    Status = "health_status"
	Init            Status = "init"
	Kill            Status = "kill"
	LoadFromArchive Status = "loadfromarchive"
	Mount           Status = "mount"
	Pause           Status = "pause"
	Prune           Status = "prune"
	Pull            Status = "pull"
	PullError       Status = "pull-error"
	Push            Status = "push"
	Refresh         Status = "refresh"
	Remove          Status = "remove"
	Rename          Status = "rename"
	Renumber        Status = "renumber"
	Restart         Status = "restart"
	Save            Status = "save"
	Start           Status = "start"
	Stop            Status = "stop"
	Tag             Status = "tag"
	Unmount         Status = "unmount"
	Unpause         Status = "unpause"
	Untag           Status = "untag"
	Update          Status = "update"
)

// Event is one change that happened.
type Event struct {
	// Seq orders events and never repeats; set by the store.
	Seq     int64
	Time    time.Time
	Type    Type
	Status  Status
	ID      string
	Name    string
	Image   string
	PodID   string
	Network string
	// ExitCode is set for died, exec_died and remove.
	ExitCode *int
	Error    string
	// Health is the status of a health_status event, HealthStreak how often the
	// check has failed in a row, and HealthLog its last run as JSON, or "" where
	// events are not where that is logged.
	Health       string
	HealthStreak int
	HealthLog    string
	// Attributes are the object's labels.
	Attributes map[string]string
}
