package runtime

import (
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
)

// PullOptions say how an image that may be missing is obtained.
type PullOptions struct {
	// Policy is "always", "missing", "never" or "newer"; "" as configured.
	Policy            string
	Quiet             bool
	AuthFile          string
	Creds             string
	CertDir           string
	TLSVerify         *bool // nil: as configured
	Arch, OS, Variant string
	Retry             *uint
	RetryDelay        string
	DecryptionKeys    []string
}

// CreateOptions are what `create` and `run` hand to the engine.
type CreateOptions struct {
	// Name is the container's name; "" for a generated one.
	Name string
	// Config is what the user asked for. The image is Config.Image.RawName; the
	// engine completes the rest.
	Config *container.Config
	// Pod is the name, ID or ID prefix of the pod to join; "" for none.
	Pod string
	// NewPod, when set, is created first and joined; removed again if the
	// container cannot be created.
	NewPod *PodCreateOptions
	// Requires are names or IDs of further dependencies.
	Requires []string
	// Replace removes a container of the same name first.
	Replace bool
	Pull    PullOptions
	// Open are the switches the user left open: containers.conf(5) decides.
	Open Switches
}

// Switches name fields of a container's configuration, each with a key of
// containers.conf.
type Switches struct{ Init, ReadOnly, Privileged, HTTPProxy bool }

// PodCreateOptions are what `pod create` hands to the engine.
type PodCreateOptions struct {
	// Name is the pod's name; "" for a generated one.
	Name string
	// Config is what the user asked for; the engine adds the cgroup.
	Config *pod.Config
	// Infra is the infra container's configuration: namespaces, network,
	// volumes, security. Nil for a pod without one. An empty image name means the
	// built-in infra, which needs no image.
	Infra     *container.Config
	InfraName string // "" for <id12>-infra
	Replace   bool
}
