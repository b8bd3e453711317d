package container

import (
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// Config is everything that was decided when a container was created. The
// command line fills in what the user asked for; the engine completes it once,
// at create time, from the image, the pod and containers.conf; after that it
// never changes except through rename and update. The zero value of a field
// means "not asked for". ID, name and pod are columns of the row, not here.
type Config struct {
	// Image is what the root filesystem is made from; empty with Rootfs or Infra.
	Image Image `json:",omitzero"`
	// Rootfs is a directory to use as root filesystem; RootfsOverlay puts a
	// writable layer above it.
	Rootfs        string `json:",omitempty"`
	RootfsOverlay bool   `json:",omitempty"`
	// Infra marks the container that holds a pod's namespaces. Without an image
	// its root filesystem is an empty directory with only the init binary.
	Infra bool `json:",omitempty"`
	// InitType makes it an init container: "once" or "always".
	InitType string `json:",omitempty"`
	// Requires are the IDs of the containers --requires named.
	Requires []string `json:",omitempty"`
	// CreateCommand is the argv of the creating call.
	CreateCommand []string `json:",omitempty"`

	Process
	Lifecycle
	Namespaces Namespaces
	// IDMappings are the IDs of the user namespace, once they are decided; nil
	// in the host's.
	IDMappings *IDMappings `json:",omitempty"`
	Network    Network
	Storage    Storage
	Security   Security
	Resources  Resources
	Log        Log
	// Health is the health check; nil without one.
	Health *Health `json:",omitempty"`

	Labels      map[string]string `json:",omitempty"`
	Annotations map[string]string `json:",omitempty"`
}

// Image names the image of a container.
type Image struct {
	// ID is the full image ID, resolved by the engine.
	ID string `json:",omitempty"`
	// Name is the image's full reference; RawName is what the user typed.
	Name    string `json:",omitempty"`
	RawName string `json:",omitempty"`
	Digest  string `json:",omitempty"`
}

// Process is what runs and how it sees its surroundings.
type Process struct {
	// Entrypoint and Command make the argv once resolved. EntrypointSet tells an
	// explicit empty entrypoint from none given.
	Entrypoint    []string `json:",omitempty"`
	EntrypointSet bool     `json:",omitempty"`
	Command       []string `json:",omitempty"`
	// Env is the complete environment as K=V once resolved. What the command
	// line hands in here are the explicit --env-file and --env values, in order;
	// the fields below say what else to mix in.
	Env         []string `json:",omitempty"`
	EnvHost     *bool    `json:",omitempty"` // nil: as containers.conf says
	EnvMerge    []string `json:",omitempty"`
	UnsetEnv    []string `json:",omitempty"`
	UnsetEnvAll bool     `json:",omitempty"`
	HTTPProxy   bool     `json:",omitempty"`
	WorkDir     string   `json:",omitempty"`
	// UserGiven: the user named it, and not the image. WorkDirGiven: the user
	// named it, so a missing one is an error.
	UserGiven    bool   `json:",omitempty"`
	WorkDirGiven bool   `json:",omitempty"`
	User         string `json:",omitempty"`
	// UserName and GroupName are what the host calls the numbers of User that are
	// the same inside; empty for others.
	UserName  string   `json:",omitempty"`
	GroupName string   `json:",omitempty"`
	Groups    []string `json:",omitempty"` // --group-add
	Hostname  string   `json:",omitempty"`
	Terminal  bool     `json:",omitempty"`
	// Stdin keeps standard input open.
	Stdin bool `json:",omitempty"`
	// StdinOnce closes standard input when the first attached client is done.
	StdinOnce   bool   `json:",omitempty"`
	Umask       string `json:",omitempty"` // four octal digits
	Timezone    string `json:",omitempty"` // zone name or "local"
	Init        bool   `json:",omitempty"` // run under an init at /run/podman-init
	InitPath    string `json:",omitempty"`
	Systemd     string `json:",omitempty"` // "true", "false", "always"
	Personality string `json:",omitempty"`
	// NoPasswd: do not add the user to /etc/passwd and /etc/group.
	NoPasswd    bool     `json:",omitempty"`
	PasswdEntry string   `json:",omitempty"`
	GroupEntry  string   `json:",omitempty"`
	HostUsers   []string `json:",omitempty"`
	// PreserveFDs is how many descriptors above stderr are passed on (run only).
	PreserveFDs uint `json:",omitempty"`
	// PreserveFD are single descriptors passed on, instead of the first few.
	PreserveFD []uint `json:",omitempty"`
}

// RestartPolicy says what happens after the process exited by itself.
type RestartPolicy struct {
	// Name is "", "no", "on-failure", "always" or "unless-stopped".
	Name string `json:",omitempty"`
	// MaxRetries bounds on-failure; 0 means no limit.
	MaxRetries uint `json:",omitempty"`
}

// Lifecycle is how a container is stopped, restarted and removed.
type Lifecycle struct {
	StopSignal uint `json:",omitempty"` // signal number; resolved: never 0
	// StopTimeout is seconds between the stop signal and SIGKILL; nil: the default.
	StopTimeout *uint `json:",omitempty"`
	// Timeout kills the container after so many seconds of run time; 0: never.
	Timeout uint `json:",omitempty"`
	// Restart is the restart policy; RestartSet: given for this container, so
	// the pod's does not apply.
	Restart         RestartPolicy `json:",omitzero"`
	RestartSet      bool          `json:",omitempty"`
	AutoRemove      bool          `json:",omitempty"`
	AutoRemoveImage bool          `json:",omitempty"`
	SDNotify        string        `json:",omitempty"` // "container", "conmon", "healthy", "ignore"
	// CIDFile is removed together with the container.
	CIDFile       string `json:",omitempty"`
	ConmonPidFile string `json:",omitempty"`
	PidFile       string `json:",omitempty"`
}

// Mode is how a container gets one kind of namespace.
type Mode string

// Modes of a namespace. Default is resolved by the engine and never stored.
const (
	ModeDefault   Mode = ""
	ModePrivate   Mode = "private"
	ModeHost      Mode = "host"
	ModeContainer Mode = "container" // Value: container ID
	ModePath      Mode = "ns"        // Value: path
	ModePod       Mode = "pod"       // join the pod's infra container
	ModeShareable Mode = "shareable" // ipc only
	ModeNone      Mode = "none"      // ipc: no /dev/shm; net: no interfaces
	ModeBridge    Mode = "bridge"    // net only
	ModePasta     Mode = "pasta"     // net only
	ModeSlirp     Mode = "slirp4netns"
	ModeAuto      Mode = "auto"    // user only, Value: options
	ModeKeepID    Mode = "keep-id" // user only, Value: options
	ModeNoMap     Mode = "nomap"   // user only
)

// Namespace is a mode with its argument.
type Namespace struct {
	Mode  Mode   `json:",omitempty"`
	Value string `json:",omitempty"`
}

// Shares reports whether the namespace is another container's.
func (n Namespace) Shares() bool { return n.Mode == ModeContainer || n.Mode == ModePod }

// IsHost reports whether the namespace is the host's.
func (n Namespace) IsHost() bool { return n.Mode == ModeHost }

// String is the mode as inspect shows it: "private", "host", "ns:<path>", "container:<id>".
func (n Namespace) String() string {
	if n.Value == "" {
		return string(n.Mode)
	}
	return string(n.Mode) + ":" + n.Value
}

// Namespaces has one entry a kind of namespace.
type Namespaces struct {
	IPC    Namespace `json:",omitzero"`
	Net    Namespace `json:",omitzero"`
	PID    Namespace `json:",omitzero"`
	UTS    Namespace `json:",omitzero"`
	User   Namespace `json:",omitzero"`
	Cgroup Namespace `json:",omitzero"`
	// UIDMap and GIDMap are "CTR:HOST:LEN" as given.
	UIDMap     []string `json:",omitempty"`
	GIDMap     []string `json:",omitempty"`
	SubUIDName string   `json:",omitempty"`
	SubGIDName string   `json:",omitempty"`
}

// ByKind returns the six namespaces under the words --share uses for them.
func (n *Namespaces) ByKind() map[string]*Namespace {
	return map[string]*Namespace{
		"ipc": &n.IPC, "net": &n.Net, "pid": &n.PID, "uts": &n.UTS, "user": &n.User, "cgroup": &n.Cgroup,
	}
}

// DefaultNetwork stands for the default network, whose name the command line
// does not know. The engine puts in the name.
const DefaultNetwork = "default"

// Network is a container's own network set-up; empty when it joins another's.
type Network struct {
	// Networks are the networks joined in bridge mode, by name; Order keeps the
	// order on the command line. Empty in bridge mode: the default network. The
	// key [DefaultNetwork] stands for it where it has options of its own.
	Networks map[string]types.PerNetworkOptions `json:",omitempty"`
	Order    []string                           `json:",omitempty"`
	// Options are the pasta or slirp4netns options, by mode word.
	Options map[string][]string `json:",omitempty"`
	Ports   []types.PortMapping `json:",omitempty"`
	// Expose maps port number to protocols; PublishAll publishes them all.
	Expose     map[uint16][]string `json:",omitempty"`
	PublishAll bool                `json:",omitempty"`
	DNSServers []string            `json:",omitempty"`
	DNSSearch  []string            `json:",omitempty"`
	DNSOptions []string            `json:",omitempty"`
	// NoResolvConf, NoHosts, NoHostname leave the image's file alone. NoHosts is
	// nil until completed: as the pod or else containers.conf says.
	NoResolvConf bool     `json:",omitempty"`
	NoHosts      *bool    `json:",omitempty"`
	NoHostname   bool     `json:",omitempty"`
	HostAdd      []string `json:",omitempty"` // "name[;name…]:ip"
	// HostsFile is the base of /etc/hosts: a path, "none" or "image".
	HostsFile string `json:",omitempty"`
}

// LeavesHosts reports whether /etc/hosts is the image's.
func (n *Network) LeavesHosts() bool { return n.NoHosts != nil && *n.NoHosts }

// Storage is what is mounted.
type Storage struct {
	// Mounts are bind, tmpfs, ramfs, devpts, image, glob, artifact and overlay mounts.
	Mounts []Mount `json:",omitempty"`
	// Volumes are named and anonymous volumes.
	Volumes []VolumeMount `json:",omitempty"`
	// VolumesFrom are "CTR[:OPTS]" as given; resolved into the above at create.
	VolumesFrom []string `json:",omitempty"`
	// ImageVolumes is "anonymous", "tmpfs" or "ignore".
	ImageVolumes  string `json:",omitempty"`
	ReadOnly      bool   `json:",omitempty"`
	ReadOnlyTmpfs bool   `json:",omitempty"`
	// ShmSize is the size of /dev/shm in bytes; nil: default, 0: unlimited.
	ShmSize        *int64   `json:",omitempty"`
	ShmSizeSystemd *int64   `json:",omitempty"`
	Secrets        []Secret `json:",omitempty"`
	ChrootDirs     []string `json:",omitempty"`
}

// Mount is one mount that is not a volume.
type Mount struct {
	// Type is "bind", "tmpfs", "ramfs", "devpts", "image", "glob", "artifact" or
	// "overlay". The destination of a glob may be empty: then it is the source's.
	Type        string   `json:",omitempty"`
	Source      string   `json:",omitempty"`
	Destination string   `json:",omitempty"`
	Options     []string `json:",omitempty"`
	SubPath     string   `json:",omitempty"`
	// Inherited: the mount came with the pod and is not the container's own.
	Inherited bool `json:",omitempty"`
}

// VolumeMount mounts a volume. Name is empty for an anonymous one until the
// engine has made it.
type VolumeMount struct {
	Name        string   `json:",omitempty"`
	Destination string   `json:",omitempty"`
	Options     []string `json:",omitempty"`
	SubPath     string   `json:",omitempty"`
	Anonymous   bool     `json:",omitempty"`
	Inherited   bool     `json:",omitempty"`
}

// Secret is a secret passed as file or environment variable.
type Secret struct {
	Name string
	// Type is "mount" or "env"; Target the path or variable.
	Type   string `json:",omitempty"`
	Target string `json:",omitempty"`
	UID    uint32 `json:",omitempty"`
	GID    uint32 `json:",omitempty"`
	Mode   uint32 `json:",omitempty"`
	ID     string `json:",omitempty"`
}

// Security confines a container.
type Security struct {
	Privileged bool     `json:",omitempty"`
	CapAdd     []string `json:",omitempty"`
	CapDrop    []string `json:",omitempty"`
	NoNewPrivs bool     `json:",omitempty"`
	// Seccomp is a profile path, "unconfined", or "" for the default profile.
	Seccomp       string   `json:",omitempty"`
	SeccompPolicy string   `json:",omitempty"`
	AppArmor      string   `json:",omitempty"`
	LabelOpts     []string `json:",omitempty"`
	Mask          []string `json:",omitempty"`
	Unmask        []string `json:",omitempty"`
	ProcOpts      []string `json:",omitempty"`
	// Opts are the --security-opt values as given, for inspect.
	Opts []string `json:",omitempty"`
	// Sysctls are kernel parameters of the container's own namespaces.
	Sysctls map[string]string `json:",omitempty"`
	// Devices are "HOST[:CTR][:PERM]"; DeviceRules are cgroup rules "c 1:3 rwm".
	Devices     []string `json:",omitempty"`
	DeviceRules []string `json:",omitempty"`
}

// Resources are the limits of one container.
type Resources struct {
	// Linux are the cgroup limits; nil without any.
	Linux *specs.LinuxResources `json:",omitempty"`
	// CPUs is the --cpus value that became a quota, for inspect.
	CPUs        float64             `json:",omitempty"`
	PidsLimit   *int64              `json:",omitempty"` // nil: default, <=0: unlimited
	Rlimits     []specs.POSIXRlimit `json:",omitempty"`
	RlimitsHost bool                `json:",omitempty"`
	OOMScoreAdj *int                `json:",omitempty"`
	CgroupConf  map[string]string   `json:",omitempty"`
	RdtClass    string              `json:",omitempty"` // resource director technology class
	// CgroupParent as resolved; CgroupMode is "enabled", "disabled", "no-conmon", "split".
	CgroupParent string `json:",omitempty"`
	CgroupMode   string `json:",omitempty"`
	// Devices by path, resolved to major:minor when the OCI spec is made.
	BlkioWeightDevice []string   `json:",omitempty"` // "PATH:WEIGHT"
	ReadBPS           []Throttle `json:",omitempty"`
	WriteBPS          []Throttle `json:",omitempty"`
	ReadIOPS          []Throttle `json:",omitempty"`
	WriteIOPS         []Throttle `json:",omitempty"`
}

// Throttle limits the rate of one device, bytes or operations a second.
type Throttle struct {
	Path string
	Rate uint64
}

// Log is where the output goes.
type Log struct {
	// Driver is "k8s-file", "journald", "none", "passthrough".
	Driver  string            `json:",omitempty"`
	Path    string            `json:",omitempty"`
	SizeMax int64             `json:",omitempty"`
	Tag     string            `json:",omitempty"`
	Options map[string]string `json:",omitempty"`
}

// Health is a health check.
type Health struct {
	Test          []string
	Interval      time.Duration
	Timeout       time.Duration
	StartPeriod   time.Duration
	Retries       uint
	OnFailure     string        `json:",omitempty"`
	LogDest       string        `json:",omitempty"`
	MaxLogCount   uint          `json:",omitempty"`
	MaxLogSize    uint          `json:",omitempty"`
	StartupTest   []string      `json:",omitempty"`
	StartupEvery  time.Duration `json:",omitempty"`
	StartupLimit  time.Duration `json:",omitempty"`
	StartupTries  uint          `json:",omitempty"`
	StartupPasses uint          `json:",omitempty"`
	// Disabled: --no-healthcheck, so the image's check does not apply.
	Disabled bool `json:",omitempty"`
}
