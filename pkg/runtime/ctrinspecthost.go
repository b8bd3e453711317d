package runtime

import (
	"slices"
	"strings"

	"github.com/containers/common/pkg/capabilities"
	"github.com/docker/go-units"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/container"
)

func (r *Runtime) hostConfig(in *inspected) *InspectHostConfig {
	cfg := in.cfg
	l := limitsOf(cfg.Resources.Linux)
	h := &InspectHostConfig{
		Binds: binds(cfg), ContainerIDFile: cfg.CIDFile, LogConfig: inspectLog(cfg.Log), PortBindings: portBindings(cfg.Network.Ports),
		RestartPolicy: &InspectRestart{Name: cfg.Restart.Name, MaximumRetryCount: cfg.Restart.MaxRetries},
		AutoRemove:    cfg.AutoRemove, AutoRemoveImage: cfg.AutoRemoveImage, Annotations: annotations(cfg), VolumesFrom: cfg.Storage.VolumesFrom,
		CapAdd: capNames(cfg.Security.CapAdd), CapDrop: capNames(cfg.Security.CapDrop),
		Dns: list(cfg.Network.DNSServers), DnsOptions: list(cfg.Network.DNSOptions), DnsSearch: list(cfg.Network.DNSSearch),
		ExtraHosts: list(cfg.Network.HostAdd), HostsFile: cfg.Network.HostsFile, GroupAdd: list(cfg.Groups),
		Privileged: cfg.Security.Privileged, PublishAllPorts: cfg.Network.PublishAll, ReadonlyRootfs: cfg.Storage.ReadOnly,
		SecurityOpt: securityOpts(&cfg.Security), Tmpfs: tmpfs(cfg), ShmSize: value(cfg.Storage.ShmSize), Runtime: "oci", ConsoleSize: []uint{0, 0},
		CpuShares: l.shares, Memory: l.memory, NanoCpus: int64(cfg.Resources.CPUs * 1e9), CpuPeriod: l.period, CpuQuota: l.quota,
		CpuRealtimePeriod: l.rtPeriod, CpuRealtimeRuntime: l.rtRuntime, CpusetCpus: l.cpus, CpusetMems: l.mems,
		MemoryReservation: l.reserve, MemorySwap: l.swap, MemorySwappiness: l.swappiness, OomKillDisable: l.oomKillDisable, BlkioWeight: l.weight,
		BlkioDeviceReadBps: throttles(cfg.Resources.ReadBPS), BlkioDeviceWriteBps: throttles(cfg.Resources.WriteBPS),
		BlkioDeviceReadIOps: throttles(cfg.Resources.ReadIOPS), BlkioDeviceWriteIOps: throttles(cfg.Resources.WriteIOPS),
		OomScoreAdj: value(cfg.Resources.OOMScoreAdj), Init: cfg.Init, PidsLimit: r.pidsLimit(cfg), CgroupConf: cfg.Resources.CgroupConf,
		Devices: []InspectDevice{}, Ulimits: []InspectUlimit{},
	}
	if h.RestartPolicy.Name == "" {
		h.RestartPolicy.Name = "no"
	}
	for _, d := range cfg.Security.Devices {
		h.Devices = append(h.Devices, inspectDevice(d))
	}
	for _, u := range r.effectiveRlimits(cfg) {
		h.Ulimits = append(h.Ulimits, InspectUlimit{Name: u.Type, Soft: int64(u.Soft), Hard: int64(u.Hard)})
	}
	h.addModes(cfg)
	r.addCgroup(h, cfg)
	return h
}

// securityOpts are the options as given, but for no-new-privileges: it shows
// when it holds, also when it is the pod's.
func securityOpts(s *container.Security) []string {
	opts := []string{}
	if s.NoNewPrivs {
		opts = append(opts, noNewPrivileges)
	}
	for _, opt := range s.Opts {
		if !strings.HasPrefix(opt, noNewPrivileges) {
			opts = append(opts, opt)
		}
	}
	return opts
}

const noNewPrivileges = "no-new-privileges"

// effectiveRlimits are those that were asked for, and the default ones of other kinds.
func (r *Runtime) effectiveRlimits(cfg *container.Config) []specs.POSIXRlimit {
	limits := slices.Clone(cfg.Resources.Rlimits)
	if cfg.Resources.RlimitsHost {
		return limits
	}
	defaults, _ := confRlimits(r.settings.Conf.Ulimits()) // what is wrong with them a start says
	for _, d := range defaults {
		if !slices.ContainsFunc(limits, func(l specs.POSIXRlimit) bool { return l.Type == d.Type }) {
			limits = append(limits, d)
		}
	}
	return limits
}

// addModes words the namespaces.
func (h *InspectHostConfig) addModes(cfg *container.Config) {
	ns := cfg.Namespaces
	h.NetworkMode, h.IpcMode, h.PidMode, h.UTSMode, h.CgroupMode = ns.Net.String(), ns.IPC.String(), ns.PID.String(), ns.UTS.String(), ns.Cgroup.String()
	if !ns.User.IsHost() {
		h.UsernsMode = userMode(cfg)
	}
	if maps := cfg.IDMappings; maps != nil {
		h.IDMappings = &InspectIDMappings{UIDMap: rangesText(maps.UID), GIDMap: rangesText(maps.GID)}
	}
}

// userMode words the user namespace: how it came to be the container's own is not said.
func userMode(cfg *container.Config) string {
	if cfg.OwnsUserNS() {
		return string(container.ModePrivate)
	}
	return cfg.Namespaces.User.String()
}

func rangesText(maps []container.IDMap) []string {
	out := make([]string, 0, len(maps))
	for _, m := range maps {
		out = append(out, m.String())
	}
	return out
}

// addCgroup says where the cgroup is. A parent that is the manager's default is
// not shown.
func (r *Runtime) addCgroup(h *InspectHostConfig, cfg *container.Config) {
	h.Cgroups, h.CgroupParent = cfg.Resources.CgroupMode, cfg.Resources.CgroupParent
	if h.Cgroups == "" || h.Cgroups == "enabled" {
		h.Cgroups = "default"
	}
	if h.Cgroups == cgroupsDisabled {
		return
	}
	if m, err := r.cgroups(); err == nil {
		h.CgroupManager = m.ManagerOf(h.CgroupParent)
		if h.CgroupParent == m.DefaultParent() {
			h.CgroupParent = ""
		}
	}
}

// pidsLimit is the limit in force; 0 for none.
func (r *Runtime) pidsLimit(cfg *container.Config) int64 {
	if cfg.Resources.PidsLimit != nil {
		return *cfg.Resources.PidsLimit
	}
	return r.settings.Conf.Containers.PidsLimit
}

func inspectLog(l container.Log) *InspectLog {
	return &InspectLog{Type: l.Driver, Config: l.Options, Path: l.Path, Tag: l.Tag, Size: units.HumanSize(float64(max(l.SizeMax, 0)))}
}

// binds are volumes and bind mounts as "source:destination:options".
func binds(cfg *container.Config) []string {
	out := []string{}
	for _, v := range cfg.Storage.Volumes {
		out = append(out, v.Name+":"+v.Destination+":"+strings.Join(mountOptions(v.Options, "nosuid", "nodev"), ","))
	}
	for _, m := range cfg.Storage.Mounts {
		if m.Type == "bind" {
			out = append(out, m.Source+":"+m.Destination+":"+strings.Join(mountOptions(m.Options), ","))
		}
	}
	return out
}

func tmpfs(cfg *container.Config) map[string]string {
	out := map[string]string{}
	for _, m := range cfg.Storage.Mounts {
		if m.Type == "tmpfs" {
			out[m.Destination] = strings.Join(m.Options, ",")
		}
	}
	if cfg.Storage.ReadOnly && !cfg.SystemdMode() {
		for _, destination := range cfg.Scratch() {
			if !cfg.Storage.Has(destination) {
				out[destination] = "rw," + strings.Join(container.ScratchOptions(), ",")
			}
		}
	}
	return out
}

// inspectDevice reads "HOST[:CTR][:PERM]".
func inspectDevice(text string) InspectDevice {
	parts := strings.SplitN(text, ":", 3)
	d := InspectDevice{PathOnHost: parts[0], PathInContainer: parts[0], CgroupPermissions: "rwm"}
	for _, p := range parts[1:] {
		if strings.HasPrefix(p, "/") {
			d.PathInContainer = p
		} else if p != "" {
			d.CgroupPermissions = p
		}
	}
	return d
}

// capNames are capabilities as the kernel calls them.
func capNames(given []string) []string {
	names, err := capabilities.NormalizeCapabilities(given)
	if err != nil {
		return list(given)
	}
	return list(names)
}

// list is never nil: JSON shows [] and not null.
func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}
