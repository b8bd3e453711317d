package bundle

import (
	"cmp"
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

// inOrder puts the names of each rule into the order in which the OCI runtime makes
// a filter of them soonest: libseccomp keeps system calls in a list in the order of
// their numbers and looks from its beginning for the place of each that comes, so
// that one in front of all others costs it nothing. With the default profile this
// saves 2 of the 33 ms of CPU that runc create takes (libseccomp 2.5.4), and the filter is the
// same: all names of a rule have one action.
func inOrder(profile *specs.LinuxSeccomp) {
	type numbered struct {
		number int
		name   string
	}
	var list []numbered
	profile.Syscalls = slices.Clone(profile.Syscalls)
	for i, rule := range profile.Syscalls {
		list = list[:0]
		for _, name := range rule.Names {
			list = append(list, numbered{numberOf(name), name})
		}
		slices.SortStableFunc(list, func(a, b numbered) int { return cmp.Compare(b.number, a.number) })
		names := make([]string, len(list))
		for k, n := range list {
			names[k] = n.name
		}
		profile.Syscalls[i].Names = names
	}
}

// ownProfiles are the default profiles that were made, by the capabilities that they
// were made for: most containers of a pod have the same.
var ownProfiles profiles

// profiles are profiles that are made once and shared. It may be used by several
// goroutines at a time.
type profiles struct {
	mu   sync.Mutex
	made map[string]*specs.LinuxSeccomp
}

// get returns the profile of that key, a shallow copy: what its lists have is shared.
func (p *profiles) get(key string, load func() (*specs.LinuxSeccomp, error)) (*specs.LinuxSeccomp, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	profile, ok := p.made[key]
	if !ok {
		var err error
		if profile, err = load(); err != nil {
			return nil, err
		}
		if p.made == nil {
			p.made = map[string]*specs.LinuxSeccomp{}
		}
		p.made[key] = profile
	}
	if profile == nil {
		return nil, nil
	}
	shared := *profile
	return &shared, nil
}
