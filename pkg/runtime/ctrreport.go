package runtime

import (
	"time"

	"github.com/containers/image/v5/manifest"
)

// ContainerInspect is everything known of a container: field names are those of
// templates, JSON keys those of podman-container-inspect(1).
type ContainerInspect struct {
	ID          string `json:"Id"`
	Created     time.Time
	Path        string
	Args        []string
	State       *InspectState
	Image       string // ID
	ImageDigest string
	ImageName   string
	Rootfs      string
	Pod         string // ID

	ResolvConfPath, HostnamePath, HostsPath string
	// StaticDir is where podctl keeps what outlives a run, the log for one.
	StaticDir               string
	OCIConfigPath           string `json:",omitempty"`
	OCIRuntime              string `json:",omitempty"`
	ConmonPidFile           string
	PidFile                 string
	Name                    string
	RestartCount            uint
	Driver                  string
	MountLabel              string
	ProcessLabel            string
	AppArmorProfile         string
	EffectiveCaps           []string
	BoundingCaps            []string
	ExecIDs                 []string
	GraphDriver             *InspectDriver
	SizeRw                  *int64 `json:",omitempty"`
	SizeRootFs              *int64 `json:",omitempty"`
	Mounts                  []InspectMount
	Dependencies            []string
	NetworkSettings         *InspectNetworkSettings
	Namespace               string
	IsInfra                 bool
	IsService               bool
	KubeExitCodePropagation string
	LockNumber              uint32 `json:"lockNumber"` // always 0: podctl's locks have no numbers
	Config                  *InspectConfig
	HostConfig              *InspectHostConfig
	UseImageHosts           bool
	UseImageHostname        bool
}

// Id is ID under the name JSON has for it.
func (c ContainerInspect) Id() string { return c.ID } //nolint:revive // templates are written with either

// ImageID is the image's ID under the name `ps` has for it.
func (c ContainerInspect) ImageID() string { return c.Image }

// InspectState is where a container is in its life. A time that never came is
// the zero time.
type InspectState struct {
	OciVersion     string
	Status         string
	Running        bool
	Paused         bool
	Restarting     bool
	OOMKilled      bool
	Dead           bool
	Pid            int
	ConmonPid      int `json:",omitempty"`
	ExitCode       int
	Error          string
	StartedAt      time.Time
	FinishedAt     time.Time
	Health         *InspectHealth `json:",omitempty"`
	Checkpointed   bool           `json:",omitempty"`
	CgroupPath     string         `json:",omitempty"`
	CheckpointedAt time.Time
	RestoredAt     time.Time
	StoppedByUser  bool `json:",omitempty"`
}

// Healthcheck is Health under its older name.
func (s InspectState) Healthcheck() *InspectHealth { return s.Health }

// InspectHealth is what the health check found.
type InspectHealth struct {
	Status        string
	FailingStreak int
	Log           []InspectHealthLog
}

// InspectHealthLog is one run of the health check.
type InspectHealthLog struct {
	Start, End string
	ExitCode   int
	Output     string
}

// InspectDriver says where the storage driver keeps the root filesystem.
type InspectDriver struct {
	Name string
	Data map[string]string
}

// InspectConfig is the part of a container's configuration that does not depend
// on the host.
type InspectConfig struct {
	Hostname                   string
	DomainName                 string `json:"Domainname"`
	User                       string
	AttachStdin                bool
	AttachStdout               bool
	AttachStderr               bool
	Tty                        bool
	OpenStdin                  bool
	StdinOnce                  bool
	Env                        []string
	Cmd                        []string
	Image                      string
	Volumes                    map[string]struct{}
	WorkingDir                 string
	Entrypoint                 []string
	OnBuild                    *string
	Labels                     map[string]string
	Annotations                map[string]string
	StopSignal                 string
	Healthcheck                *manifest.Schema2HealthConfig `json:",omitempty"`
	StartupHealthCheck         *InspectStartupCheck          `json:",omitempty"`
	HealthcheckOnFailureAction string                        `json:",omitempty"`
	HealthLogDestination       string                        `json:",omitempty"`
	HealthMaxLogCount          uint                          `json:"HealthcheckMaxLogCount,omitempty"`
	HealthMaxLogSize           uint                          `json:"HealthcheckMaxLogSize,omitempty"`
	CreateCommand              []string                      `json:",omitempty"`
	Timezone                   string                        `json:",omitempty"`
	SystemdMode                bool                          `json:",omitempty"`
	Umask                      string                        `json:",omitempty"`
	Secrets                    []InspectSecret               `json:",omitempty"`
	Timeout                    uint
	StopTimeout                uint
	Passwd                     *bool               `json:",omitempty"`
	ChrootDirs                 []string            `json:",omitempty"`
	SdNotifyMode               string              `json:"sdNotifyMode,omitempty"`
	SdNotifySocket             string              `json:"sdNotifySocket,omitempty"`
	ExposedPorts               map[string]struct{} `json:",omitempty"`
}

// InspectStartupCheck is the health check that runs until it passed.
type InspectStartupCheck struct {
	manifest.Schema2HealthConfig
	Successes int `json:",omitempty"`
}

// InspectSecret is a secret given to a container.
type InspectSecret struct {
	Name     string
	ID       string
	UID, GID uint32
	Mode     uint32
}

// InspectHostConfig is the part of a container's configuration that depends on
// the host.
type InspectHostConfig struct {
	Binds                []string
	CgroupManager        string `json:",omitempty"`
	CgroupMode           string
	ContainerIDFile      string
	LogConfig            *InspectLog
	NetworkMode          string
	PortBindings         map[string][]InspectHostPort
	RestartPolicy        *InspectRestart
	AutoRemove           bool
	AutoRemoveImage      bool
	Annotations          map[string]string
	VolumeDriver         string
	VolumesFrom          []string
	CapAdd               []string
	CapDrop              []string
	Dns                  []string //nolint:revive // the name templates have for it
	DnsOptions           []string //nolint:revive // likewise
	DnsSearch            []string //nolint:revive // likewise
	ExtraHosts           []string
	HostsFile            string
	GroupAdd             []string
	IpcMode              string
	Cgroup               string
	Cgroups              string
	Links                []string
	OomScoreAdj          int
	PidMode              string
	Privileged           bool
	PublishAllPorts      bool
	ReadonlyRootfs       bool
	SecurityOpt          []string
	Tmpfs                map[string]string
	UTSMode              string
	UsernsMode           string
	IDMappings           *InspectIDMappings `json:",omitempty"`
	ShmSize              int64
	Runtime              string
	ConsoleSize          []uint
	Isolation            string
	CpuShares            uint64 //nolint:revive // the name templates have for it
	Memory               int64
	NanoCpus             int64
	CgroupParent         string
	BlkioWeight          uint16
	BlkioWeightDevice    []InspectWeight
	BlkioDeviceReadBps   []InspectThrottle
	BlkioDeviceWriteBps  []InspectThrottle
	BlkioDeviceReadIOps  []InspectThrottle
	BlkioDeviceWriteIOps []InspectThrottle
	CpuPeriod            uint64 //nolint:revive // likewise
	CpuQuota             int64  //nolint:revive // likewise
	CpuRealtimePeriod    uint64 //nolint:revive // likewise
	CpuRealtimeRuntime   int64  //nolint:revive // likewise
	CpusetCpus           string
	CpusetMems           string
	Devices              []InspectDevice
	DiskQuota            uint64
	KernelMemory         int64
	MemoryReservation    int64
	MemorySwap           int64
	MemorySwappiness     int64
	OomKillDisable       bool
	Init                 bool
	PidsLimit            int64
	Ulimits              []InspectUlimit
	CpuCount             uint64 //nolint:revive // likewise
	CpuPercent           uint64 //nolint:revive // likewise
	IOMaximumIOps        uint64
	IOMaximumBandwidth   uint64
	CgroupConf           map[string]string
}

// InspectLog says where the output goes.
type InspectLog struct {
	Type   string
	Config map[string]string
	Path   string
	Tag    string
	Size   string
}

// InspectRestart is the restart policy.
type InspectRestart struct {
	Name              string
	MaximumRetryCount uint
}

// InspectIDMappings are the ranges of a user namespace, "CTR:HOST:LEN".
type InspectIDMappings struct {
	UIDMap []string `json:"UidMap"`
	GIDMap []string `json:"GidMap"`
}

// InspectUlimit is one resource limit of the process.
type InspectUlimit struct {
	Name       string
	Soft, Hard int64
}

// InspectNetworkSettings are the networks of a container, or of the one whose
// network namespace it joined.
type InspectNetworkSettings struct {
	InspectAddresses
	Bridge                 string
	SandboxID              string
	HairpinMode            bool
	LinkLocalIPv6Address   string
	LinkLocalIPv6PrefixLen int
	// Ports are published ports, and with null those exposed only.
	Ports      map[string][]InspectHostPort
	SandboxKey string
	Networks   map[string]*InspectNetwork `json:",omitempty"`
}

// InspectAddresses are the addresses on one network.
type InspectAddresses struct {
	EndpointID             string
	Gateway                string
	IPAddress              string
	IPPrefixLen            int
	SecondaryIPAddresses   []InspectAddress `json:",omitempty"`
	IPv6Gateway            string
	GlobalIPv6Address      string
	GlobalIPv6PrefixLen    int
	SecondaryIPv6Addresses []InspectAddress `json:",omitempty"`
	MacAddress             string
	AdditionalMacAddresses []string `json:"AdditionalMACAddresses,omitempty"`
}

// InspectAddress is a further address on a network.
type InspectAddress struct {
	Addr         string
	PrefixLength int
}

// InspectNetwork is a container's place in one network.
type InspectNetwork struct {
	InspectAddresses
	NetworkID  string `json:",omitempty"`
	DriverOpts map[string]string
	IPAMConfig map[string]string
	Links      []string
	Aliases    []string `json:",omitempty"`
}
