package runtime

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"strings"
	"time"

	"github.com/containers/common/pkg/cgroupv2"
	helpers "github.com/containers/common/pkg/version"
	"github.com/containers/storage/pkg/system"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/cgroupmgr"
	"github.com/podctl/podctl/pkg/settings"
)

// hostFacts reads what the kernel and /etc say. What cannot be read stays zero.
func hostFacts() *HostInfo {
	h := &HostInfo{
		Arch: goruntime.GOARCH, OS: goruntime.GOOS, CPUs: goruntime.NumCPU(), CPUUtilization: cpuTimes(), Distribution: distribution(),
		IDMappings: idMappings(), Uptime: uptime(), Linkmode: "dynamic",
	}
	h.Hostname, _ = os.Hostname()
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		h.Kernel = unix.ByteSliceToString(uts.Release[:])
	}
	if m, err := system.ReadMemInfo(); err == nil {
		h.MemFree, h.MemTotal, h.SwapFree, h.SwapTotal = m.MemFree, m.MemTotal, m.SwapFree, m.SwapTotal
	}
	return h
}

// helper asks a program for its version and its package.
func helper(path string, err error) HelperInfo {
	if err != nil {
		return HelperInfo{Version: "missing: " + err.Error()}
	}
	h := HelperInfo{Path: path, Package: helpers.Package(path)}
	if h.Version, err = helpers.Program(path); err != nil {
		h.Version = "unknown: " + err.Error()
	}
	h.Version = strings.TrimSpace(h.Version)
	return h
}

// networkProgram is a program rootless networks need; empty if it is missing.
func (r *Runtime) networkProgram(name string) ExecutableInfo {
	path, err := r.settings.Conf.FindHelperBinary(name, true)
	if err != nil {
		if path, err = exec.LookPath(name); err != nil {
			return ExecutableInfo{}
		}
	}
	h := helper(path, nil)
	return ExecutableInfo{Executable: h.Path, Package: h.Package, Version: h.Version}
}

func cgroupVersion() settings.Choice {
	v2, err := cgroupv2.Enabled()
	switch {
	case err != nil:
		return settings.Choice{Value: "unknown", Why: err.Error()}
	case v2:
		return settings.Choice{Value: "v2", Why: cgroupmgr.DefaultRoot + " is a cgroup2 file system"}
	}
	return settings.Choice{Value: "v1", Why: "controllers are mounted one by one below " + cgroupmgr.DefaultRoot}
}

// cgroupControllers are those of the root group; with cgroup v1 the mounted ones.
func cgroupControllers(version string) []string {
	if version == "v2" {
		b, _ := os.ReadFile(filepath.Join(cgroupmgr.DefaultRoot, "cgroup.controllers"))
		return list(strings.Fields(string(b)))
	}
	names := []string{}
	b, _ := os.ReadFile("/proc/cgroups")
	for line := range strings.SplitSeq(string(b), "\n") {
		// name, hierarchy, number of groups, enabled
		if f := strings.Fields(line); len(f) == 4 && !strings.HasPrefix(line, "#") && f[1] != "0" && f[3] == "1" {
			names = append(names, f[0])
		}
	}
	return names
}

// cpuTimes reads the first line of /proc/stat, see proc(5).
func cpuTimes() CPUInfo {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return CPUInfo{}
	}
	line, _, _ := strings.Cut(string(b), "\n")
	var total, user, sys, idle float64
	for i, f := range strings.Fields(line) {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			continue
		}
		switch total += n; i {
		case 1:
			user = n
		case 3:
			sys = n
		case 4:
			idle = n
		}
	}
	if total == 0 {
		return CPUInfo{}
	}
	percent := func(n float64) float64 { return float64(int(n*10000/total)) / 100 }
	return CPUInfo{UserPercent: percent(user), SystemPercent: percent(sys), IdlePercent: percent(idle)}
}

// distribution reads os-release(5).
func distribution() DistributionInfo {
	d := DistributionInfo{Distribution: "unknown", Version: "unknown"}
	f, err := os.Open("/etc/os-release")
	if err != nil {
		return d
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, text, _ := strings.Cut(lines.Text(), "=")
		text = strings.Trim(text, `"'`)
		switch key {
		case "ID":
			d.Distribution = text
		case "VARIANT_ID":
			d.Variant = text
		case "VERSION_CODENAME":
			d.Codename = text
		case "VERSION_ID":
			d.Version = text
		}
	}
	return d
}

// idMappings reads the user namespace of this process; empty for the host's.
func idMappings() IDMappingInfo {
	info := IDMappingInfo{GIDMap: readIDMap("/proc/self/gid_map"), UIDMap: readIDMap("/proc/self/uid_map")}
	if len(info.UIDMap) == 1 && info.UIDMap[0].ContainerID == info.UIDMap[0].HostID {
		return IDMappingInfo{}
	}
	return info
}

func readIDMap(path string) []IDMap {
	b, _ := os.ReadFile(path)
	var maps []IDMap
	for line := range strings.SplitSeq(strings.TrimSpace(string(b)), "\n") {
		var m IDMap
		if _, err := fmt.Sscan(line, &m.ContainerID, &m.HostID, &m.Size); err == nil {
			maps = append(maps, m)
		}
	}
	return maps
}

// uptime words the time since boot: "5h 6m 7.00s (Approximately 0.21 days)".
func uptime() string {
	var si unix.Sysinfo_t
	if unix.Sysinfo(&si) != nil {
		return ""
	}
	up := time.Duration(si.Uptime) * time.Second //nolint:unconvert // its type depends on the architecture
	text := fmt.Sprintf("%dh %dm %.2fs", int(up.Hours()), int(up.Minutes())%60, up.Seconds()-60*float64(int(up.Minutes())))
	if up >= time.Hour {
		text += fmt.Sprintf(" (Approximately %.2f days)", up.Hours()/24)
	}
	return text
}
