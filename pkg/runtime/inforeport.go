package runtime

import "github.com/containers/common/libnetwork/types"

// Info describes the host, the stores, and what was chosen for them: field names
// are those of templates, JSON and YAML keys those of podman-info(1).
type Info struct {
	Host       *HostInfo      `json:"host"`
	Store      *StoreInfo     `json:"store"`
	Registries map[string]any `json:"registries"`
	Plugins    PluginInfo     `json:"plugins"`
	Version    VersionInfo    `json:"version"`
	// Choices say why each helper and driver was chosen, or why there is none.
	Choices map[string]ChoiceInfo `json:"choices"`
}

// ChoiceInfo is one choice. Without a value, Why says what is missing.
type ChoiceInfo struct {
	Value string `json:"value"`
	Why   string `json:"why"`
}

// HostInfo describes the host.
type HostInfo struct {
	Arch               string            `json:"arch"`
	BuildahVersion     string            `json:"buildahVersion"` // always "": nothing is built
	CgroupManager      string            `json:"cgroupManager"`
	CgroupsVersion     string            `json:"cgroupVersion"` // "v1" or "v2"
	CgroupControllers  []string          `json:"cgroupControllers"`
	Conmon             HelperInfo        `json:"conmon"`
	CPUs               int               `json:"cpus"`
	CPUUtilization     CPUInfo           `json:"cpuUtilization"`
	DatabaseBackend    string            `json:"databaseBackend"`
	Distribution       DistributionInfo  `json:"distribution"`
	EventLogger        string            `json:"eventLogger"`
	FreeLocks          uint32            `json:"freeLocks"` // num_locks of containers.conf: podctl's locks do not run out
	Hostname           string            `json:"hostname"`
	IDMappings         IDMappingInfo     `json:"idMappings"`
	Kernel             string            `json:"kernel"`
	LogDriver          string            `json:"logDriver"`
	MemFree            int64             `json:"memFree"`
	MemTotal           int64             `json:"memTotal"`
	NetworkBackend     string            `json:"networkBackend"`
	NetworkBackendInfo types.NetworkInfo `json:"networkBackendInfo"`
	OCIRuntime         RuntimeInfo       `json:"ociRuntime"`
	OS                 string            `json:"os"`
	Pasta              ExecutableInfo    `json:"pasta"`
	RemoteSocket       SocketInfo        `json:"remoteSocket"`
	RootlessNetworkCmd string            `json:"rootlessNetworkCmd"`
	Security           SecurityInfo      `json:"security"`
	ServiceIsRemote    bool              `json:"serviceIsRemote"`
	Slirp4NetNS        ExecutableInfo    `json:"slirp4netns"`
	SwapFree           int64             `json:"swapFree"`
	SwapTotal          int64             `json:"swapTotal"`
	Uptime             string            `json:"uptime"`
	Variant            string            `json:"variant"`
	Linkmode           string            `json:"linkmode"`
}

// HelperInfo is a program podctl runs. Of a missing one only Version is set, and
// says so.
type HelperInfo struct {
	Package string `json:"package"`
	Path    string `json:"path"`
	Version string `json:"version"`
}

// RuntimeInfo is the OCI runtime.
type RuntimeInfo struct {
	Name string `json:"name"`
	HelperInfo
}

// ExecutableInfo is a network program.
type ExecutableInfo struct {
	Executable string `json:"executable"`
	Package    string `json:"package"`
	Version    string `json:"version"`
}

// CPUInfo is how the processors spent their time since boot.
type CPUInfo struct {
	UserPercent   float64 `json:"userPercent"`
	SystemPercent float64 `json:"systemPercent"`
	IdlePercent   float64 `json:"idlePercent"`
}

// DistributionInfo is os-release(5).
type DistributionInfo struct {
	Distribution string `json:"distribution"`
	Variant      string `json:"variant,omitempty"`
	Codename     string `json:"codename,omitempty"`
	Version      string `json:"version"`
}

// IDMappingInfo is the user namespace podctl itself is in; empty in the host's.
type IDMappingInfo struct {
	GIDMap []IDMap `json:"gidmap"`
	UIDMap []IDMap `json:"uidmap"`
}

// IDMap is one range of a user namespace.
type IDMap struct {
	ContainerID int64 `json:"container_id"`
	HostID      int64 `json:"host_id"`
	Size        int64 `json:"size"`
}

// SocketInfo is where a service would listen.
type SocketInfo struct {
	Path   string `json:"path"`
	Exists bool   `json:"exists"`
}

// SecurityInfo is what confines containers.
type SecurityInfo struct {
	AppArmorEnabled     bool   `json:"apparmorEnabled"`
	DefaultCapabilities string `json:"capabilities"`
	Rootless            bool   `json:"rootless"`
	SECCOMPEnabled      bool   `json:"seccompEnabled"`
	SECCOMPProfilePath  string `json:"seccompProfilePath"`
	SELinuxEnabled      bool   `json:"selinuxEnabled"`
}

// StoreInfo describes the image store and podctl's own containers.
type StoreInfo struct {
	ConfigFile         string             `json:"configFile"`
	ContainerStore     ContainerStoreInfo `json:"containerStore"`
	GraphDriverName    string             `json:"graphDriverName"`
	GraphOptions       map[string]string  `json:"graphOptions"`
	GraphRoot          string             `json:"graphRoot"`
	GraphRootAllocated uint64             `json:"graphRootAllocated"`
	GraphRootUsed      uint64             `json:"graphRootUsed"`
	GraphStatus        map[string]string  `json:"graphStatus"`
	ImageCopyTmpDir    string             `json:"imageCopyTmpDir"`
	ImageStore         ImageStoreInfo     `json:"imageStore"`
	RunRoot            string             `json:"runRoot"`
	VolumePath         string             `json:"volumePath"`
	TransientStore     bool               `json:"transientStore"`
	// Database is podctl's own state.
	Database string `json:"database"`
}

// ContainerStoreInfo counts containers.
type ContainerStoreInfo struct {
	Number  int `json:"number"`
	Paused  int `json:"paused"`
	Running int `json:"running"`
	Stopped int `json:"stopped"`
}

// ImageStoreInfo counts images.
type ImageStoreInfo struct {
	Number int `json:"number"`
}

// PluginInfo are the drivers there are.
type PluginInfo struct {
	Volume        []string `json:"volume"`
	Network       []string `json:"network"`
	Log           []string `json:"log"`
	Authorization []string `json:"authorization"`
}

// VersionInfo is what `version` shows.
type VersionInfo struct {
	APIVersion string
	Version    string
	GoVersion  string
	GitCommit  string
	BuiltTime  string
	Built      int64
	OsArch     string
	Os         string
}
