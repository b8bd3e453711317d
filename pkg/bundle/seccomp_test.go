package bundle

import (
	"errors"
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

func TestProfilesAreMadeOnce(t *testing.T) {
	var shared profiles
	times := 0
	load := func() (*specs.LinuxSeccomp, error) {
		times++
		return &specs.LinuxSeccomp{DefaultAction: specs.ActErrno}, nil
	}
	for range 2 {
		for _, key := range []string{"a", "b"} {
			got, err := shared.get(key, load)
			require.NoError(t, err)
			require.Equal(t, specs.ActErrno, got.DefaultAction)
			got.DefaultAction = specs.ActAllow // is not seen by the next
		}
	}
	require.Equal(t, 2, times)

	got, err := shared.get("none", func() (*specs.LinuxSeccomp, error) { return nil, nil })
	require.NoError(t, err)
	require.Nil(t, got)
	_, err = shared.get("fails", func() (*specs.LinuxSeccomp, error) { return nil, errors.New("no") })
	require.Error(t, err)
	_, err = shared.get("fails", load)
	require.NoError(t, err, "an error is not kept")
}
