package bundle

import (
	"errors"
	"slices"
	"sync"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// withoutX32 takes the x32 calls out of a profile where the kernel has none, as
// most distributions' do not. A filter for them is what the OCI runtime takes
// longest to make of all it does for a container, each time: 12 ms of CPU for the
// default profile with it, 6 without (libseccomp 2.5.4). A program that makes such
// a call can do nothing without it; now it is killed, before it was told ENOSYS.
func withoutX32(profile *specs.LinuxSeccomp) {
	if slices.Contains(profile.Architectures, specs.ArchX32) && !kernelHasX32() {
		profile.Architectures = slices.DeleteFunc(slices.Clone(profile.Architectures), func(a specs.Arch) bool { return a == specs.ArchX32 })
	}
}

// kernelHasX32 says whether x32 calls may be known to the kernel. To be called on
// amd64 only.
var kernelHasX32 = sync.OnceValue(func() bool {
	// In a filter without x32, such as that of a container of ours, the question
	// would be our end.
	if mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0); err != nil || mode != 0 {
		return true
	}
	const x32Bit, getpid = 0x40000000, 39
	_, _, errno := unix.RawSyscall(x32Bit|getpid, 0, 0, 0)
	return !errors.Is(errno, unix.ENOSYS)
})
