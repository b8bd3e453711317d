package runtime

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containers/common/libnetwork/types"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// PodInspect is everything known of a pod: field names are those of templates,
// JSON keys those of podman-pod-inspect(1).
type PodInspect struct {
	ID                  string `json:"Id"`
	Name                string
	Namespace           string `json:",omitempty"`
	Created             time.Time
	CreateCommand       []string `json:",omitempty"`
	ExitPolicy          string   `json:",omitempty"`
	State               string
	Hostname            string
	Labels              map[string]string `json:",omitempty"`
	CreateCgroup        bool
	CgroupParent        string `json:",omitempty"`
	CgroupPath          string `json:",omitempty"`
	CreateInfra         bool
	InfraContainerID    string          `json:",omitempty"`
	InfraConfig         *PodInfraConfig `json:",omitempty"`
	SharedNamespaces    []string        `json:",omitempty"`
	NumContainers       uint
	Containers          []PodInspectContainer `json:",omitempty"`
	CPUPeriod           uint64                `json:"cpu_period,omitempty"`
	CPUQuota            int64                 `json:"cpu_quota,omitempty"`
	CPUShares           uint64                `json:"cpu_shares,omitempty"`
	CPUSetCPUs          string                `json:"cpuset_cpus,omitempty"`
	CPUSetMems          string                `json:"cpuset_mems,omitempty"`
	Mounts              []InspectMount        `json:"mounts,omitempty"`
	Devices             []InspectDevice       `json:"devices,omitempty"` // never filled
	BlkioDeviceReadBps  []InspectThrottle     `json:"device_read_bps,omitempty"`
	BlkioDeviceWriteBps []InspectThrottle     `json:"device_write_bps,omitempty"`
	VolumesFrom         []string              `json:"volumes_from,omitempty"`
	SecurityOpts        []string              `json:"security_opt,omitempty"`
	MemoryLimit         uint64                `json:"memory_limit,omitempty"`
	MemorySwap          uint64                `json:"memory_swap,omitempty"`
	BlkioWeight         uint64                `json:"blkio_weight,omitempty"`
	BlkioWeightDevice   []InspectWeight       `json:"blkio_weight_device,omitempty"` // never filled
	RestartPolicy       string                `json:",omitempty"`
	LockNumber          uint32                // always 0: podctl's locks have no numbers
}

// Id is ID under the name JSON has for it.
func (p PodInspect) Id() string { return p.ID } //nolint:revive // templates are written with either

// PodInspectContainer is a container of an inspected pod.
type PodInspectContainer struct {
	ID    string `json:"Id"`
	Name  string
	State string
}

// Id is ID under the name JSON has for it.
func (c PodInspectContainer) Id() string { return c.ID } //nolint:revive // templates are written with either

// PodInfraConfig is what the infra container decides for the pod.
type PodInfraConfig struct {
	PortBindings       map[string][]InspectHostPort
	HostNetwork        bool
	StaticIP           net.IP
	StaticMAC          string
	NoManageResolvConf bool
	DNSServer          []string
	DNSSearch          []string
	DNSOption          []string
	NoManageHostname   bool
	NoManageHosts      bool
	HostAdd            []string
	HostsFile          string
	Networks           []string
	NetworkOptions     map[string][]string
	CPUPeriod          uint64 `json:"cpu_period,omitempty"`
	CPUQuota           int64  `json:"cpu_quota,omitempty"`
	CPUSetCPUs         string `json:"cpuset_cpus,omitempty"`
	PidNS              string `json:"pid_ns,omitempty"`
	UserNS             string `json:"userns,omitempty"`
	UtsNS              string `json:"uts_ns,omitempty"`
}

// InspectPod returns everything known of a pod by name, ID or ID prefix. It takes
// no lock and writes nothing; of a damaged pod it tells what can be read.
// Errors: ErrNoSuchPod, ErrAmbiguousID.
func (r *Runtime) InspectPod(ctx context.Context, nameOrID string) (*PodInspect, error) {
	return r.inspectPod(ctx, func(tx *store.Tx) (string, error) { return tx.LookupPod(ctx, nameOrID) })
}

// InspectLatestPod is InspectPod of the pod created last.
func (r *Runtime) InspectLatestPod(ctx context.Context) (*PodInspect, error) {
	return r.inspectPod(ctx, func(tx *store.Tx) (string, error) { return tx.NewestPod(ctx) })
}

func (r *Runtime) inspectPod(ctx context.Context, find func(*store.Tx) (string, error)) (*PodInspect, error) {
	var (
		p       *pod.Pod
		members []*container.Container
		volumes map[string]string
	)
	err := r.store.View(ctx, func(tx *store.Tx) error {
		id, err := find(tx)
		if err != nil {
			return err
		}
		if p, err = tx.Pod(ctx, id); err != nil {
			return err
		}
		if members, err = tx.PodContainers(ctx, id); err != nil {
			return err
		}
		if i := slices.IndexFunc(members, func(c *container.Container) bool { return c.ID == p.InfraID }); i >= 0 {
			volumes, err = volumePaths(ctx, tx, members[i])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	members = slices.DeleteFunc(members, hidden)
	d := &PodInspect{
		ID: p.ID, Name: p.Name, Created: p.CreatedAt.Local(), State: string(r.podStatus(members)),
		CreateInfra: p.InfraID != "", InfraContainerID: p.InfraID, NumContainers: uint(len(members)),
	}
	slices.SortFunc(members, func(a, b *container.Container) int { return strings.Compare(a.ID, b.ID) })
	for _, c := range members {
		r.observe(c)
		d.Containers = append(d.Containers, PodInspectContainer{ID: c.ID, Name: c.Name, State: string(c.State)})
	}
	s := &podSnapshot{pod: p, byID: map[string]*container.Container{}}
	for _, c := range members {
		s.add(c)
	}
	if _, err := s.graph(); err != nil || p.Damage != "" {
		d.State = string(pod.StatusError)
	}
	if p.Config != nil {
		d.addConfig(p.Config)
	}
	for _, c := range members {
		if c.ID == p.InfraID && c.Config != nil {
			d.addInfra(c, volumes)
		}
	}
	return d, nil
}

func (d *PodInspect) addConfig(cfg *pod.Config) {
	d.CreateCommand, d.ExitPolicy, d.Hostname, d.Labels = cfg.CreateCommand, cfg.ExitPolicy, cfg.Hostname, cfg.Labels
	d.CreateCgroup, d.CgroupParent, d.CgroupPath = cfg.ShareParent, cfg.CgroupParent, cfg.CgroupPath
	d.SharedNamespaces = slices.Sorted(slices.Values(cfg.Share))
	d.SecurityOpts, d.VolumesFrom, d.RestartPolicy = cfg.SecurityOpts, cfg.VolumesFrom, cfg.Restart.Name
	d.BlkioDeviceReadBps, d.BlkioDeviceWriteBps = throttles(cfg.ReadBPS), throttles(cfg.WriteBPS)
	l := limitsOf(cfg.Resources)
	d.CPUPeriod, d.CPUQuota, d.CPUShares, d.CPUSetCPUs, d.CPUSetMems = l.period, l.quota, l.shares, l.cpus, l.mems
	d.MemoryLimit, d.MemorySwap, d.BlkioWeight = uint64(max(l.memory, 0)), uint64(max(l.swap, 0)), uint64(l.weight)
}

func (d *PodInspect) addInfra(infra *container.Container, volumes map[string]string) {
	cfg := infra.Config
	n, ns := cfg.Network, cfg.Namespaces
	d.Mounts = inspectMounts(cfg, volumes)
	d.InfraConfig = &PodInfraConfig{
		PortBindings: portBindings(n.Ports), HostNetwork: ns.Net.IsHost(),
		NoManageResolvConf: n.NoResolvConf, DNSServer: n.DNSServers, DNSSearch: n.DNSSearch, DNSOption: n.DNSOptions,
		NoManageHostname: n.NoHostname, NoManageHosts: n.LeavesHosts(), HostAdd: n.HostAdd, HostsFile: n.HostsFile,
		NetworkOptions: n.Options, CPUPeriod: d.CPUPeriod, CPUQuota: d.CPUQuota, CPUSetCPUs: d.CPUSetCPUs,
		PidNS: ns.PID.String(), UserNS: userMode(cfg), UtsNS: ns.UTS.String(),
	}
	if len(n.Networks) > 0 {
		d.InfraConfig.Networks = networksOf(infra)
	}
	for _, name := range networksOf(infra) {
		opts := n.Networks[name]
		if len(opts.StaticIPs) > 0 && d.InfraConfig.StaticIP == nil {
			d.InfraConfig.StaticIP = opts.StaticIPs[0]
		}
		if len(opts.StaticMAC) > 0 && d.InfraConfig.StaticMAC == "" {
			d.InfraConfig.StaticMAC = opts.StaticMAC.String()
		}
	}
}

// InspectHostPort is where on the host a container's port is published.
type InspectHostPort struct {
	HostIP   string `json:"HostIp"`
	HostPort string
}

// portBindings are the published ports by "<container port>/<protocol>", one
// entry a port of a range.
func portBindings(ports []types.PortMapping) map[string][]InspectHostPort {
	bindings := map[string][]InspectHostPort{}
	for _, p := range ports {
		ip := p.HostIP
		if ip == "" {
			ip = "0.0.0.0"
		}
		for proto := range strings.SplitSeq(p.Protocol, ",") {
			for i := range max(p.Range, 1) {
				key := strconv.Itoa(int(p.ContainerPort+i)) + "/" + proto
				bindings[key] = append(bindings[key], InspectHostPort{HostIP: ip, HostPort: strconv.Itoa(int(p.HostPort + i))})
			}
		}
	}
	return bindings
}
