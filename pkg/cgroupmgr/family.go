package cgroupmgr

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// callerFamily lists this process and its ancestors below init. conmon starts
// the exit command in its own cgroup and waits for it: if the exit command is
// to remove that cgroup, both have to leave it.
func callerFamily() []int {
	var pids []int
	for pid := os.Getpid(); pid > 1; {
		pids = append(pids, pid)
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			break
		}
		// "pid (comm) state ppid ...", and comm may hold anything.
		_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
		fields := strings.Fields(rest)
		if len(fields) < 2 {
			break
		}
		if pid, err = strconv.Atoi(fields[1]); err != nil {
			break
		}
	}
	return pids
}
