package runtime

import (
	"context"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"time"

	"github.com/containers/common/pkg/apparmor"
	"github.com/containers/common/pkg/seccomp"
	"github.com/containers/image/v5/pkg/sysregistriesv2"
	imagetypes "github.com/containers/image/v5/types"
	"github.com/opencontainers/selinux/go-selinux"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/settings"
	"github.com/podctl/podctl/pkg/version"
)

// Info describes the host and what was chosen for it. It opens the image store
// and the network backend and runs helpers to ask their versions; what is missing
// is said in its place and is no error.
func (r *Runtime) Info(ctx context.Context) (*Info, error) {
	info := &Info{Host: hostFacts(), Plugins: r.plugins(), Version: versionInfo(), Choices: map[string]ChoiceInfo{}}
	counts, err := r.countContainers(ctx)
	if err != nil {
		return nil, err
	}
	r.addHelpers(info)
	r.addNetwork(info)
	r.addStore(info, counts)
	r.addSecurity(info.Host)
	info.Registries = r.registries()
	info.Host.DatabaseBackend, info.Host.FreeLocks = "sqlite", r.settings.Conf.Engine.NumLocks
	info.Host.RemoteSocket = SocketInfo{Path: filepath.Join(r.settings.TmpDir, "podctl.sock")}
	info.Host.RootlessNetworkCmd = r.settings.Conf.Network.DefaultRootlessNetworkCmd
	return info, nil
}

// choose notes a choice and returns its value.
func (i *Info) choose(key string, c settings.Choice, err error) string {
	why := c.Why
	if err != nil {
		why = err.Error()
	}
	i.Choices[key] = ChoiceInfo{Value: c.Value, Why: why}
	return c.Value
}

// addHelpers tells what was chosen to run containers with.
func (r *Runtime) addHelpers(info *Info) {
	host := info.Host
	manager, err := r.settings.CgroupManager()
	host.CgroupManager = info.choose("cgroupManager", manager, err)
	host.CgroupsVersion = info.choose("cgroupVersion", cgroupVersion(), nil)
	host.CgroupControllers = cgroupControllers(host.CgroupsVersion)
	program, err := r.settings.OCIRuntime()
	info.choose("ociRuntime", program, err)
	host.OCIRuntime = RuntimeInfo{HelperInfo: helper(program.Value, err)}
	if err == nil {
		host.OCIRuntime.Name = filepath.Base(program.Value)
	}
	conmon, err := r.settings.Conmon()
	info.choose("conmon", settings.Choice{Value: conmon, Why: "found by --conmon, containers.conf or PATH"}, err)
	host.Conmon = helper(conmon, err)
	host.LogDriver = info.choose("logDriver", r.settings.LogDriver(), nil)
	host.EventLogger = info.choose("eventLogger", r.settings.EventsBackend(), nil)
	host.Pasta, host.Slirp4NetNS = r.networkProgram("pasta"), r.networkProgram("slirp4netns")
}

func (r *Runtime) addNetwork(info *Info) {
	nets, err := r.networks()
	if err != nil {
		info.choose("networkBackend", settings.Choice{}, err)
		return
	}
	b := nets.Info()
	info.Host.NetworkBackend, info.Host.NetworkBackendInfo = string(b.Backend), b
	info.Plugins.Network = nets.Drivers()
	why := "netavark is the only backend"
	if b.Path == "" {
		why += "; it is not installed: install the package netavark"
	}
	info.choose("networkBackend", settings.Choice{Value: string(b.Backend), Why: why}, nil)
}

func (r *Runtime) addStore(info *Info, counts ContainerStoreInfo) {
	info.Store = &StoreInfo{
		ContainerStore: counts, GraphRoot: r.settings.GraphRoot, RunRoot: r.settings.RunRoot, VolumePath: r.settings.VolumeDir,
		GraphOptions: map[string]string{}, GraphStatus: map[string]string{}, Database: r.settings.Database(),
	}
	facts, err := PeekImages(r, (*image.Store).Info)
	if err != nil {
		info.choose("storageDriver", settings.Choice{Value: facts.Driver}, err)
		return
	}
	s := info.Store
	s.ConfigFile, s.GraphDriverName, s.GraphOptions, s.GraphStatus = facts.ConfigFile, facts.Driver, facts.DriverOptions, facts.DriverStatus
	s.GraphRootAllocated, s.GraphRootUsed, s.ImageCopyTmpDir = facts.RootAllocated, facts.RootUsed, facts.ImageCopyTmpDir
	s.ImageStore.Number, s.TransientStore = facts.Images, facts.TransientStore
	info.choose("storageDriver", settings.Choice{Value: facts.Driver, Why: r.whyDriver(facts.ConfigFile)}, nil)
}

// whyDriver says who chose the storage driver.
func (r *Runtime) whyDriver(configFile string) string {
	switch {
	case r.settings.Flags.StorageDriver != "":
		return "set by --storage-driver"
	case os.Getenv("STORAGE_DRIVER") != "":
		return "set by STORAGE_DRIVER"
	case !isGone(configFile):
		return "set in " + configFile + ", or in use in " + r.settings.GraphRoot
	}
	return "in use in " + r.settings.GraphRoot + ", or the first that works there"
}

func (r *Runtime) addSecurity(host *HostInfo) {
	conf := r.settings.Conf.Containers
	profile := conf.SeccompProfile
	for _, p := range []string{"/etc/containers/seccomp.json", "/usr/share/containers/seccomp.json"} {
		if profile == "" {
			profile = existing(p)
		}
	}
	host.Security = SecurityInfo{
		AppArmorEnabled: apparmor.IsEnabled(), DefaultCapabilities: strings.Join(conf.DefaultCapabilities.Get(), ","), Rootless: r.settings.Rootless,
		SECCOMPEnabled: seccomp.IsEnabled(), SECCOMPProfilePath: profile, SELinuxEnabled: selinux.GetEnabled(),
	}
}

func (r *Runtime) plugins() PluginInfo {
	return PluginInfo{
		Volume: []string{"local"}, Network: []string{}, Log: []string{"k8s-file", "none", "passthrough", "journald"},
	}
}

// registries are those of registries.conf by their prefix, and where short names
// are searched.
func (r *Runtime) registries() map[string]any {
	found := map[string]any{}
	sys := &imagetypes.SystemContext{SystemRegistriesConfPath: r.settings.Flags.RegistriesConf}
	list, err := sysregistriesv2.GetRegistries(sys)
	if err != nil {
		found["error"] = err.Error()
		return found
	}
	for _, reg := range list {
		found[reg.Prefix] = reg
	}
	if search, err := sysregistriesv2.UnqualifiedSearchRegistries(sys); err == nil && len(search) > 0 {
		found["search"] = search
	}
	return found
}

// countContainers counts them as they are now.
func (r *Runtime) countContainers(ctx context.Context) (ContainerStoreInfo, error) {
	all, err := r.visibleContainers(ctx)
	n := ContainerStoreInfo{Number: len(all)}
	for _, c := range all {
		switch c.State {
		case container.Running:
			n.Running++
		case container.Paused:
			n.Paused++
		default:
			n.Stopped++
		}
	}
	return n, err
}

func versionInfo() VersionInfo {
	v := version.Get()
	built := v.Built
	if built.IsZero() {
		built = time.Unix(0, 0).UTC()
	}
	return VersionInfo{
		APIVersion: v.Version, Version: v.Version, GoVersion: goruntime.Version(), GitCommit: v.Commit, BuiltTime: built.Format(time.ANSIC),
		Built: built.Unix(), OsArch: goruntime.GOOS + "/" + goruntime.GOARCH, Os: goruntime.GOOS,
	}
}
