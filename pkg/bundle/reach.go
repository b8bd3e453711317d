package bundle

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sirupsen/logrus"
)

// reach lets the container's root get to its root file system: in a user namespace
// of its own it is nobody on the host, and the OCI runtime mounts in its name. It
// may then pass through the directories above; what is in them is not shown.
func (w *writer) reach(context.Context) error {
	if len(w.Spec.UIDMappings) == 0 {
		return nil
	}
	if w.Spec.Rootless {
		return w.makeWay()
	}
	for dir := filepath.Dir(w.Spec.Rootfs); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return fmt.Errorf("look at the directories above the root file system: %w", err)
		}
		const pass = 0o001
		if info.Mode().Perm()&pass != 0 {
			continue
		}
		if err := os.Chmod(dir, info.Mode()|pass); err != nil {
			return fmt.Errorf("let container %s, which has a user namespace, pass through %s: %w", w.Container.ID, dir, err)
		}
		if !w.isOurs(dir) {
			logrus.Warnf("directory %s now lets everybody pass (chmod o+x): the user namespace of container %s needs a way to its root file system", dir, w.Container.Name)
		}
	}
	return nil
}

// isOurs reports whether a directory is in one of podctl's.
func (w *writer) isOurs(dir string) bool {
	for _, own := range w.OwnDirs {
		if dir == own || strings.HasPrefix(dir, strings.TrimSuffix(own, "/")+"/") {
			return true
		}
	}
	return false
}
