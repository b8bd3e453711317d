package bundle

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/opencontainers/selinux/go-selinux/label"
	"golang.org/x/sys/unix"
)

// Overlay is a writable layer over a directory.
type Overlay struct {
	// Lower is what is laid over. Dir receives the mount and, unless they are
	// given, the layer.
	Lower, Dir string
	// Upper and Work are directories of the user's; both or neither.
	Upper, Work string
	// Label is the SELinux label.
	Label string
	// Rootless keeps overlayfs's marks in attributes a user may write.
	Rootless bool
}

// Mount mounts the layer, empty unless it is the user's, and returns where. A
// mount left by an earlier call is replaced.
func (o Overlay) Mount() (string, error) {
	merged := filepath.Join(o.Dir, "merged")
	if err := detach(merged); err != nil {
		return "", err
	}
	if o.Upper == "" && o.Work == "" {
		o.Upper, o.Work = filepath.Join(o.Dir, "upper"), filepath.Join(o.Dir, "work")
		// What a killed call or an earlier run wrote is not to be seen.
		if err := os.RemoveAll(o.Dir); err != nil {
			return "", fmt.Errorf("clear overlay: %w", err)
		}
		if err := o.makeLayer(); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(merged, 0o700); err != nil {
		return "", fmt.Errorf("make overlay: %w", err)
	}
	data := "lowerdir=" + escape(o.Lower, `\:,`) + ",upperdir=" + escape(o.Upper, `\,`) + ",workdir=" + escape(o.Work, `\,`)
	if o.Rootless {
		data += ",userxattr"
	}
	data = label.FormatMountLabel(data, o.Label)
	if err := unix.Mount("overlay", merged, "overlay", 0, data); err != nil {
		return "", fmt.Errorf("mount overlay over %s: %w", o.Lower, err)
	}
	return merged, nil
}

// makeLayer makes the layer's directories; the root of the upper one is what
// the container sees of the owner and mode of the lower one.
func (o Overlay) makeLayer() error {
	var st unix.Stat_t
	if err := unix.Stat(o.Lower, &st); err != nil {
		return fmt.Errorf("overlay over %s: %w", o.Lower, err)
	}
	for _, dir := range []string{o.Upper, o.Work} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make overlay: %w", err)
		}
	}
	if err := unix.Chmod(o.Upper, st.Mode&0o7777); err != nil {
		return fmt.Errorf("make overlay: %w", err)
	}
	if err := os.Lchown(o.Upper, int(st.Uid), int(st.Gid)); err != nil {
		return fmt.Errorf("make overlay: %w", err)
	}
	return nil
}

// escape quotes what overlayfs would take for its own.
func escape(path, special string) string {
	var b strings.Builder
	for _, r := range path {
		if strings.ContainsRune(special, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
