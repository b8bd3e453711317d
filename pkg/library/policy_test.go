package library

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/containers/image/v5/signature"
	"github.com/stretchr/testify/require"
)

func TestPolicyFile(t *testing.T) {
	dir := t.TempDir()
	home := filepath.Join(dir, "home")
	require.NoError(t, os.MkdirAll(filepath.Join(home, ".config/containers"), 0o700))
	system := filepath.Join(dir, "policy.json")

	require.Empty(t, policyFile("", home, system))
	writeFile(t, dir, "policy.json", "{}")
	require.Equal(t, system, policyFile("", home, system))
	user := writeFile(t, filepath.Join(home, ".config/containers"), "policy.json", "{}")
	require.Equal(t, user, policyFile("", home, system), "the user's own comes first")
	require.Equal(t, "/x", policyFile("/x", home, system), "an explicit one need not exist: the library reports it")
}

func TestBuiltinPolicy_rejects_registries(t *testing.T) {
	policy, err := signature.NewPolicyFromBytes([]byte(builtinPolicy))
	require.NoError(t, err)
	require.Equal(t, signature.PolicyRequirements{signature.NewPRReject()}, policy.Default)
	require.NotContains(t, policy.Transports, "docker")
	require.Contains(t, policy.Transports, "docker-archive")
}

func TestNamesTransport(t *testing.T) {
	for ref, want := range map[string]bool{
		"busybox": false, "busybox:latest": false, "docker:latest": false, "docker://busybox": false,
		"localhost:5000/a:1": false, "oci:/x": true, "docker-archive:/x.tar": true, "dir:/x": true,
	} {
		require.Equal(t, want, namesTransport(ref), ref)
	}
}
