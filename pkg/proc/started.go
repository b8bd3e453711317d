package proc

import (
	"time"

	"golang.org/x/sys/unix"
)

// ticksPerSecond is the unit of start times: USER_HZ, 100 on every architecture
// Go runs on.
const ticksPerSecond = 100

// Started is when p was started, in UTC, to a hundredth of a second; the zero time
// if that cannot be told. Only for a process of this boot.
func (p Process) Started() time.Time {
	var up unix.Timespec
	if p.PID == 0 || unix.ClockGettime(unix.CLOCK_BOOTTIME, &up) != nil {
		return time.Time{}
	}
	age := time.Duration(up.Nano()) - time.Duration(p.StartTime)*(time.Second/ticksPerSecond)
	return time.Now().Add(-age).UTC()
}
