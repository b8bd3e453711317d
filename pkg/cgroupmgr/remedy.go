package cgroupmgr

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/containers/storage/pkg/regexp"
	"golang.org/x/sys/unix"
)

// refusals are the control files a kernel refuses values for, and what to do then.
var refusals = []struct {
	file   regexp.Regexp
	remedy func() string
}{
	{regexp.Delayed(`\bcpuset\.cpus\b`), func() string {
		return "--cpuset-cpus takes CPUs that are online (" + online("/sys/devices/system/cpu/online") + ") and that the cgroups above have"
	}},
	{regexp.Delayed(`\bcpuset\.mems\b`), func() string {
		return "--cpuset-mems takes memory nodes that are online (" + online("/sys/devices/system/node/online") + ") and that the cgroups above have"
	}},
	{regexp.Delayed(`\bcpu\.rt_`), always("real-time run time has to be given to every cgroup above first, in its cpu.rt_runtime_us, and exists on cgroup v1 only: do so or leave out --cpu-rt-runtime and --cpu-rt-period")},
	{regexp.Delayed(`\bcpu\.(max|cfs_quota_us|cfs_period_us)\b`), always("a container has at least 1ms of CPU time a period and, on cgroup v1, no greater share than its pod: change --cpus or --cpu-quota and --cpu-period")},
	{regexp.Delayed(`\bcpu\.(weight|shares)\b`), always("--cpu-shares takes 2 to 262144")},
	{regexp.Delayed(`\bmemory\.(memsw\.limit_in_bytes|swap\.max)\b`), always("--memory-swap is memory and swap together, not less than --memory, and needs a kernel that counts swap")},
	{regexp.Delayed(`\bmemory\.(max|limit_in_bytes)\b|unable to set memory limit`), always("more memory is used already: raise --memory")},
	{regexp.Delayed(`\bmemory\.(low|soft_limit_in_bytes)\b`), always("change --memory-reservation")},
	{regexp.Delayed(`\bmemory\.swappiness\b`), always("--memory-swappiness takes 0 to 100, and exists on cgroup v1 only")},
	{regexp.Delayed(`\b(blkio|io)\.(bfq\.)?weight(_device)?\b`), always("the device's I/O scheduler weighs nobody: choose bfq in /sys/block/DEVICE/queue/scheduler or leave out --blkio-weight and --blkio-weight-device")},
	{regexp.Delayed(`\bblkio\.throttle\.|\bio\.max\b`), always("rates are limited for whole block devices, not for partitions or others: change --device-read-bps and the like")},
	{regexp.Delayed(`\bpids\.max\b`), always("change --pids-limit")},
}

func always(text string) func() string { return func() string { return text } }

// Remedy says what to do about a refusal that names a control file, whoever
// reports it; "" for one that names none, or one nothing is known of.
func Remedy(message string) string {
	for _, r := range refusals {
		if r.file.MatchString(message) {
			return r.remedy()
		}
	}
	return ""
}

// online is a list such as "0-3".
func online(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "see " + file
	}
	return strings.TrimSpace(string(text))
}

// remedyOfMkdir says what to do about a cgroup that cannot be made.
func remedyOfMkdir(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return " (not delegated to this user: leave out --cgroup-parent, or name one that is)"
	case errors.Is(err, unix.EROFS):
		return " (cgroups are mounted read-only here: leave out --cgroup-parent and limits, or have them mounted writable)"
	}
	return ""
}
