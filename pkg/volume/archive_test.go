package volume

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/containers/storage/pkg/reexec"
	"github.com/stretchr/testify/require"
)

// Import unpacks in a child that is this program.
func TestMain(m *testing.M) {
	if reexec.Init() {
		return
	}
	os.Exit(m.Run())
}

func TestExportAndImport(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("requires root: chroot")
	}
	from, to := t.TempDir(), t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(from, "sub"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(from, "sub", "f"), []byte("x"), 0o640))
	require.NoError(t, os.WriteFile(filepath.Join(to, "old"), nil, 0o600))

	var tar bytes.Buffer
	require.NoError(t, Export(t.Context(), from, &tar))
	require.NoError(t, Import(t.Context(), to, &tar))
	text, err := os.ReadFile(filepath.Join(to, "sub", "f"))
	require.NoError(t, err)
	require.Equal(t, "x", string(text))
	require.FileExists(t, filepath.Join(to, "old"))

	t.Run("a cancelled context ends both", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, Export(ctx, from, &tar), context.Canceled)
		require.ErrorContains(t, Import(ctx, to, bytes.NewReader(make([]byte, 1<<20))), "import volume")
	})
}
