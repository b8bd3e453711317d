package ctrcmd

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCopyEnds(t *testing.T) {
	for arg, want := range map[string]copyEnd{
		"web:/etc":      {Container: "web", Path: "/etc"},
		"web:etc:hosts": {Container: "web", Path: "etc:hosts"},
		"/etc:hosts":    {Path: "/etc:hosts"},
		"./web:/etc":    {Path: "./web:/etc"},
		"dir/web:/etc":  {Path: "dir/web:/etc"},
		":/etc":         {Path: ":/etc"},
		"file":          {Path: "file"},
		"-":             {Path: "-"},
	} {
		require.Equal(t, want, parseCopyEnd(arg), arg)
	}
}

func TestHostPathsKeepTheirEnd(t *testing.T) {
	here, err := os.Getwd()
	require.NoError(t, err)
	for path, want := range map[string]string{
		"/":       "/.",
		"/a/../b": "/b",
		"/a/":     "/a/",
		"/a/.":    "/a/.",
		".":       here + "/.",
		"a":       filepath.Join(here, "a"),
		"a/.":     filepath.Join(here, "a") + "/.",
	} {
		got, err := hostPath(path)
		require.NoError(t, err)
		require.Equal(t, want, got, path)
	}
}
