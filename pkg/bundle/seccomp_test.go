package bundle

import (
	"runtime"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
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
	if numberOf("read") < 0 {
		t.Skip("requires the build tag seccomp")
	}
	given := []string{"accept", "read", "nonesuch", "write", "clone3"}
	rules := []specs.LinuxSyscall{{Names: given, Action: specs.ActAllow}, {Names: []string{"ptrace"}, Action: specs.ActErrno}}
	profile := &specs.LinuxSeccomp{Syscalls: rules}
	inOrder(profile)
	require.Equal(t, []specs.LinuxSyscall{
		{Names: []string{"clone3", "accept", "write", "read", "nonesuch"}, Action: specs.ActAllow},
		{Names: []string{"ptrace"}, Action: specs.ActErrno},
	}, profile.Syscalls)
	require.Equal(t, "accept", given[0], "the library's own list is left alone")
	require.Equal(t, "accept", rules[0].Names[0], "nor is a list of rules that others have")
}
