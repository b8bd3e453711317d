package bundle

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestChangeEnv(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, ChangeEnv(dir, nil, []string{"A=1"}), "no bundle")
	require.NoFileExists(t, filepath.Join(dir, ConfigName))

	env := []string{"PATH=/bin", "A=1", "B=2", "HOME=/root"}
	require.NoError(t, writeConfig(dir, &specs.Spec{Version: "1.0.2", Process: &specs.Process{Env: env, Cwd: "/tmp"}}))
	require.NoError(t, ChangeEnv(dir, []string{"PATH=/bin", "A=1", "B=2"}, []string{"PATH=/bin", "B=3", "C=a=b"}))
	text, err := os.ReadFile(filepath.Join(dir, ConfigName))
	require.NoError(t, err)
	var spec specs.Spec
	require.NoError(t, json.Unmarshal(text, &spec))
	require.Equal(t, specs.Spec{Version: "1.0.2", Process: &specs.Process{
		Env: []string{"PATH=/bin", "B=3", "HOME=/root", "C=a=b"}, Cwd: "/tmp",
	}}, spec)

	require.NoError(t, os.WriteFile(filepath.Join(dir, ConfigName), []byte("{}"), 0o600))
	require.ErrorIs(t, ChangeEnv(dir, nil, []string{"A=1"}), errdefs.ErrInternal)
}
