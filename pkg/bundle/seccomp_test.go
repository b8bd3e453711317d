package bundle

import (
	"runtime"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestWithoutX32(t *testing.T) {
	other := &specs.LinuxSeccomp{Architectures: []specs.Arch{specs.ArchAARCH64, specs.ArchARM}}
	withoutX32(other)
	require.Equal(t, []specs.Arch{specs.ArchAARCH64, specs.ArchARM}, other.Architectures)

	if runtime.GOARCH != "amd64" {
		t.Skip("requires amd64")
	}
	given := []specs.Arch{specs.ArchX86_64, specs.ArchX32, specs.ArchX86}
	want := []specs.Arch{specs.ArchX86_64, specs.ArchX86}
	if kernelHasX32() {
		want = given
	}
	profile := &specs.LinuxSeccomp{Architectures: given}
	withoutX32(profile)
	require.Equal(t, want, profile.Architectures)
	require.Equal(t, specs.ArchX32, given[1], "the library's own list is left alone")
}

func TestInOrder(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("requires amd64")
	}
	given := []string{"accept", "read", "vm86", "write", "chown32", "clone3", "execve"}
	rules := []specs.LinuxSyscall{{Names: given, Action: specs.ActAllow}, {Names: []string{"ptrace"}, Action: specs.ActErrno}}
	profile := &specs.LinuxSeccomp{Syscalls: rules}
	inOrder(profile)
	require.Equal(t, []specs.LinuxSyscall{
		{Names: []string{"vm86", "chown32", "clone3", "execve", "accept", "write", "read"}, Action: specs.ActAllow},
		{Names: []string{"ptrace"}, Action: specs.ActErrno},
	}, profile.Syscalls)
	require.Equal(t, "accept", given[0], "the library's own list is left alone")
	require.Equal(t, "accept", rules[0].Names[0], "nor is a list of rules that others have")
}

// The first numbers have no gaps.
func TestSyscallNamesAreInOrder(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("requires amd64")
	}
	names := strings.Fields(syscallNames)
	for number, name := range map[int]string{unix.SYS_READ: "read", unix.SYS_EXECVE: "execve", unix.SYS_GETDENTS64: "getdents64", unix.SYS_BPF: "bpf", unix.SYS_RSEQ: "rseq"} {
		require.Equal(t, name, names[len(names)-1-number])
	}
	require.Len(t, places(), len(names), "a name twice")
}
