package pod

import (
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/podctl/podctl/pkg/container"
)

// State is what the row says about the pod itself; what users see is [Status].
type State string

// The states of a pod row. All but Ready carry an owner.
const (
	Creating State = "creating"
	Ready    State = "ready"
	Removing State = "removing"
)

// Pod is one pod.
type Pod struct {
	ID   string
	Name string
	// InfraID is the infra container, "" without one.
	InfraID   string
	Config    *Config // nil when the stored one cannot be read
	CreatedAt time.Time
	State     State
	Owner     container.Owner
	Damage    string
}

// Config is everything decided when the pod was created.
type Config struct {
	// Hostname is the --hostname value; "" when not given.
	Hostname      string            `json:",omitempty"`
	Labels        map[string]string `json:",omitempty"`
	CreateCommand []string          `json:",omitempty"`
	// Share are the shared namespaces, sorted: cgroup, ipc, net, pid, user, uts.
	Share []string `json:",omitempty"`
	// ShareParent: members are placed in the pod's cgroup.
	ShareParent bool `json:",omitempty"`
	// CgroupParent is where the pod's cgroup is made, CgroupPath the cgroup.
	CgroupParent string `json:",omitempty"`
	CgroupPath   string `json:",omitempty"`
	// CgroupManager is the manager the cgroup was made with.
	CgroupManager string                  `json:",omitempty"`
	ExitPolicy    string                  `json:",omitempty"` // "continue" or "stop"
	Restart       container.RestartPolicy `json:",omitzero"`
	// Resources are the limits on the pod's cgroup; CPUs and the throttles as given.
	Resources         *specs.LinuxResources `json:",omitempty"`
	ReadBPS           []container.Throttle  `json:",omitempty"`
	WriteBPS          []container.Throttle  `json:",omitempty"`
	BlkioWeightDevice []string              `json:",omitempty"`
	// SecurityOpts and VolumesFrom are as given, for inspect.
	SecurityOpts []string `json:",omitempty"`
	VolumesFrom  []string `json:",omitempty"`
	// ServiceID is the service container of `kube play`; "" without one.
	ServiceID string `json:",omitempty"`
}

// Shares reports whether members join the infra container's namespace of that kind.
func (c *Config) Shares(kind string) bool {
	for _, s := range c.Share {
		if s == kind {
			return true
		}
	}
	return false
}
