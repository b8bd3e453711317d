package kubeplay

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/kube"
)

func TestHostPaths(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, makeHostPaths([]kube.HostPath{
		{Path: filepath.Join(dir, "a/b"), Type: kube.DirectoryOrCreate}, {Path: filepath.Join(dir, "c"), Type: kube.FileOrCreate}, {Path: "/dev/null", Type: kube.CharDevice},
	}))
	require.DirExists(t, filepath.Join(dir, "a/b"))
	require.FileExists(t, filepath.Join(dir, "c"))
	for _, kind := range []string{kube.Socket, kube.BlockDevice, kube.CharDevice} {
		require.ErrorContains(t, makeHostPaths([]kube.HostPath{{Path: dir, Type: kind}}), "checking HostPath"+kind+": path "+dir+" is not a ")
		require.ErrorIs(t, makeHostPaths([]kube.HostPath{{Path: dir + "/x", Type: kind}}), os.ErrNotExist)
	}
}

func TestArchive(t *testing.T) {
	packed, err := archive(map[string]kube.FileContent{"d/f": {Data: []byte("x"), Mode: 0o600}, "a": {Mode: 0o644}})
	require.NoError(t, err)
	r := tar.NewReader(packed)
	for _, want := range []string{"a 644 ", "d/f 600 x"} {
		h, err := r.Next()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, want, fmt.Sprintf("%s %o %s", h.Name, h.Mode, data))
	}
}
