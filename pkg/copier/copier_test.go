package copier

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// tree is a directory with a file, a directory and links in it.
func tree(t *testing.T) string {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "src", "sub"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "src", "sub", "two"), []byte("two"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte("file"), 0o640))
	require.NoError(t, os.Symlink("file", filepath.Join(dir, "link")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "real"), 0o755))
	require.NoError(t, os.Symlink("real", filepath.Join(dir, "todir")))
	return dir
}

func TestNamesOfCopies(t *testing.T) {
	tests := map[string]struct {
		from, to string
		want     string // what is there then
	}{
		"a file into a directory":           {"file", "real", "real/file"},
		"a file with a slash behind it":     {"file", "real/", "real/file"},
		"a file to another name":            {"file", "new", "new"},
		"a file over a file":                {"file", "src/sub/two", "src/sub/two"},
		"a file through a link":             {"file", "todir/new", "real/new"},
		"a file to a link to a directory":   {"file", "todir", "real/file"},
		"a link is what it leads to":        {"link", "real", "real/link"},
		"a directory into a directory":      {"src", "real", "real/src/sub/two"},
		"a directory to a new name":         {"src", "new", "new/sub/two"},
		"what is in a directory":            {"src/.", "real", "real/sub/two"},
		"what is in a directory, to a name": {"src/.", "new", "new/sub/two"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := tree(t)
			info, content, err := Read(dir + "/" + test.from)
			require.NoError(t, err)
			defer content.Close()
			require.NoError(t, unpack(dir+"/"+test.to, info, content, Options{Chown: &Owner{os.Getuid(), os.Getgid()}}))
			stat, err := os.Lstat(filepath.Join(dir, test.want))
			require.NoError(t, err)
			require.True(t, stat.Mode().IsRegular())
		})
	}
}

func TestWhatCannotBeCopied(t *testing.T) {
	tests := map[string]struct {
		from, to string
		options  Options
		want     error
	}{
		"a directory to a file":            {"src", "file", Options{}, ErrNotDirectory},
		"into a directory that is missing": {"file", "none/new", Options{}, fs.ErrNotExist},
		"a stream to a file":               {"src", "file", Options{Unnamed: true}, ErrNoDirectory},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := tree(t)
			info, content, err := Read(dir + "/" + test.from)
			require.NoError(t, err)
			defer content.Close()
			err = unpack(dir+"/"+test.to, info, content, test.options)
			require.ErrorIs(t, err, test.want)
			require.ErrorIs(t, replyTo(Info{}, err).err(), test.want, "the error crosses the process boundary")
		})
	}
	_, _, err := Read(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestADirectoryReplacesAFileOnlyWhenAsked(t *testing.T) {
	for _, overwrite := range []bool{false, true} {
		dir := tree(t)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "real", "src"), nil, 0o644))
		info, content, err := Read(filepath.Join(dir, "src"))
		require.NoError(t, err)
		err = unpack(filepath.Join(dir, "real"), info, content, Options{Overwrite: overwrite, Chown: &Owner{os.Getuid(), os.Getgid()}})
		require.NoError(t, content.Close())
		require.Equal(t, overwrite, err == nil, err)
		stat, err := os.Lstat(filepath.Join(dir, "real", "src"))
		require.NoError(t, err)
		require.Equal(t, overwrite, stat.IsDir())
	}
}
