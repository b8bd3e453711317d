package ctrcmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/docker/go-units"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/container"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// psRow is a container as tables and templates see it.
type psRow struct {
	cmdutil.Raw
	// The namespaces can be named directly, or below Namespaces.
	engine.ContainerNamespaces
	Namespaces engine.ContainerNamespaces

	AutoRemove     bool
	CIDFile        string
	Command        string
	Created        time.Time
	CreatedAt      string
	CreatedHuman   string
	ExitCode       int
	Exited         bool
	ExitedAt       int64
	ExposedPorts   map[uint16][]string
	ID             string
	Image, ImageID string
	IsInfra        bool
	Labels         map[string]string
	Mounts         string
	Names          string
	Networks       string
	Pid            int
	Pod, PodName   string
	Ports          string
	Restarts       uint
	RunningFor     string
	Size           string
	StartedAt      int64
	State          string
	Status         string
}

// Label is one label.
func (r psRow) Label(key string) string { return r.Labels[key] }

// USERNS and CGROUPNS are what podman calls two of the namespaces here.
func (r psRow) USERNS() string   { return r.User }
func (r psRow) CGROUPNS() string { return r.Cgroup }

func psHeaders() map[string]string {
	return map[string]string{
		"ID": "CONTAINER ID", "CreatedHuman": "CREATED", "Pod": "POD ID", "PodName": "PODNAME",
		"Cgroup": "CGROUPNS", "IPC": "IPC", "MNT": "MNT", "NET": "NET", "PIDNS": "PIDNS", "User": "USERNS", "UTS": "UTS",
		"USERNS": "USERNS", "CGROUPNS": "CGROUPNS",
	}
}

// psJSON is a container as JSON shows it.
type psJSON struct {
	AutoRemove   bool
	Command      []string
	CreatedAt    string // relative
	CIDFile      string
	Exited       bool
	ExitedAt     int64
	ExitCode     int
	ExposedPorts map[uint16][]string
	ID           string `json:"Id"`
	Image        string
	ImageID      string
	IsInfra      bool
	Labels       map[string]string
	Mounts       []string
	Names        []string
	Namespaces   engine.ContainerNamespaces
	Networks     []string
	Pid          int
	Pod          string
	PodName      string
	Ports        []types.PortMapping
	Restarts     uint
	Size         *psSize
	StartedAt    int64
	State        string
	Status       string
	Created      int64
}

type psSize struct {
	RootFS int64 `json:"rootFsSize"`
	RW     int64 `json:"rwSize"`
}

func (opts *psOptions) json(now time.Time, list []engine.ContainerListing) []psJSON {
	all := make([]psJSON, 0, len(list))
	for _, c := range list {
		j := psJSON{
			AutoRemove: c.AutoRemove, Command: c.Command, CreatedAt: cmdutil.Ago(now, c.Created), CIDFile: c.CIDFile, Exited: c.Exited,
			ExitedAt: c.ExitedAt.Unix(), ExitCode: c.ExitCode, ExposedPorts: c.ExposedPorts, ID: c.ID, Image: c.Image, ImageID: c.ImageID,
			IsInfra: c.IsInfra, Labels: c.Labels, Mounts: c.Mounts, Names: []string{c.Name}, Namespaces: c.Namespaces, Networks: c.Networks,
			Pid: c.Pid, Pod: c.Pod, Ports: c.Ports, Restarts: c.Restarts, StartedAt: c.StartedAt.Unix(), State: string(c.State),
			Status: status(now, c), Created: c.Created.Unix(),
		}
		if opts.Pod {
			j.PodName = c.PodName
		}
		if c.Size != nil {
			j.Size = &psSize{RootFS: c.Size.RootFS, RW: c.Size.RW}
		}
		all = append(all, j)
	}
	return all
}

func (opts *psOptions) rows(now time.Time, list []engine.ContainerListing) []psRow {
	rows := make([]psRow, 0, len(list))
	for _, c := range list {
		row := psRow{
			ContainerNamespaces: c.Namespaces, Namespaces: c.Namespaces,
			AutoRemove: c.AutoRemove, CIDFile: c.CIDFile, Command: opts.command(c.Command), Created: c.Created, CreatedAt: c.Created.String(),
			CreatedHuman: cmdutil.Ago(now, c.Created), ExitCode: c.ExitCode, Exited: c.Exited, ExitedAt: c.ExitedAt.Unix(),
			ExposedPorts: c.ExposedPorts, ID: opts.short(c.ID), Image: c.Image, ImageID: opts.short(c.ImageID), IsInfra: c.IsInfra, Labels: c.Labels,
			Mounts: strings.Join(c.Mounts, ","), Names: c.Name, Networks: strings.Join(c.Networks, ","), Pid: c.Pid, Pod: opts.short(c.Pod),
			Ports: ports(c.Ports, c.ExposedPorts), Restarts: c.Restarts, StartedAt: c.StartedAt.Unix(), State: string(c.State), Status: status(now, c),
		}
		row.RunningFor = row.CreatedHuman
		if opts.Pod {
			row.PodName = c.PodName
		}
		if c.Size != nil {
			row.Size = fmt.Sprintf("%s (virtual %s)", units.HumanSizeWithPrecision(float64(c.Size.RW), 3), units.HumanSizeWithPrecision(float64(c.Size.RootFS), 3))
		}
		rows = append(rows, row)
	}
	return rows
}

// status words the state, "Up 3 minutes (healthy)", and marks a container that the
// database describes wrongly.
func status(now time.Time, c engine.ContainerListing) string {
	var text string
	switch c.State {
	case container.Running:
		text = "Up " + cmdutil.HumanDuration(now.Sub(c.StartedAt))
	case container.Stopped, container.Exited:
		text = fmt.Sprintf("Exited (%d) %s", c.ExitCode, cmdutil.Ago(now, c.ExitedAt))
	default:
		text = strings.ToUpper(string(c.State[:1])) + string(c.State[1:])
	}
	if c.Health != "" {
		text += " (" + c.Health + ")"
	}
	if c.Damage != "" && c.State != container.Unknown { // which says it already
		text += " (damaged)"
	}
	return text
}

const (
	shortLen   = 12
	commandLen = 17
)

func (opts *psOptions) short(id string) string {
	if opts.NoTrunc || len(id) <= shortLen {
		return id
	}
	return id[:shortLen]
}

func (opts *psOptions) command(words []string) string {
	text := strings.Join(words, " ")
	if runes := []rune(text); !opts.NoTrunc && len(runes) > commandLen {
		return string(runes[:commandLen]) + "..."
	}
	return text
}
