package cgroupmgr

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Delegated leaves out of a user's limits those whose controllers systemd was not
// told to hand to users: it delegates cpu, memory and pids by default, cpuset and
// io where an administrator says so.
func (m *systemd) Delegated(r *specs.LinuxResources) (*specs.LinuxResources, []string) {
	if !m.rootless || m.layout.Kind != V2 || r == nil {
		return r, nil
	}
	text, err := os.ReadFile(filepath.Join(m.layout.Hierarchies[0].Dir, m.userCgroup(), "cgroup.controllers"))
	if err != nil {
		return r, nil // no session: connecting to its systemd says so
	}
	return only(r, strings.Fields(string(text)))
}

// Delegated changes nothing: root has all controllers there are, and for users
// this manager makes no cgroups.
func (m *cgroupfs) Delegated(r *specs.LinuxResources) (*specs.LinuxResources, []string) {
	return r, nil
}

// only returns what of r the version 2 controllers can enforce, and the names of
// those that the rest would need, in the order of the alphabet. r is not changed.
func only(r *specs.LinuxResources, controllers []string) (*specs.LinuxResources, []string) {
	out := *r
	missing := map[string]bool{}
	lacks := func(controller string, asked bool) bool {
		if !asked || slices.Contains(controllers, controller) {
			return false
		}
		missing[controller] = true
		return true
	}
	if r.CPU != nil {
		sets := specs.LinuxCPU{Cpus: r.CPU.Cpus, Mems: r.CPU.Mems}
		cpu := *r.CPU
		if lacks("cpu", cpu != sets) {
			cpu = sets
		}
		if lacks("cpuset", sets != specs.LinuxCPU{}) {
			cpu.Cpus, cpu.Mems = "", ""
		}
		out.CPU = &cpu
	}
	if lacks("memory", r.Memory != nil) {
		out.Memory = nil
	}
	if lacks("io", r.BlockIO != nil) {
		out.BlockIO = nil
	}
	if lacks("pids", r.Pids != nil) {
		out.Pids = nil
	}
	out.Unified = maps.Clone(r.Unified)
	maps.DeleteFunc(out.Unified, func(file, _ string) bool {
		controller, _, _ := strings.Cut(file, ".")
		return controller != "cgroup" && lacks(controller, true)
	})
	return &out, slices.Sorted(maps.Keys(missing))
}
