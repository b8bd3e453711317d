package bundle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"
)

// Remove unmounts what is mounted below dir and removes it. It is idempotent. As
// long as anything stays mounted nothing is deleted: it may be the user's.
func Remove(dir string) error {
	if !filepath.IsAbs(dir) || filepath.Clean(dir) == "/" {
		return fmt.Errorf("remove bundle %q: not an absolute path", dir)
	}
	// Only in a user's mount namespace are there any; elsewhere the directory is
	// not ours.
	if hasWays() {
		if err := removeWay(filepath.Join(wayDir, filepath.Base(dir))); err != nil {
			return fmt.Errorf("remove bundle %s: %w", dir, err)
		}
	}
	if _, err := os.Lstat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := unmountBelow(dir); err != nil {
		return fmt.Errorf("remove bundle %s: %w", dir, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove bundle %s: %w", dir, err)
	}
	return nil
}

// unmountBelow detaches the mounts below dir, innermost first.
func unmountBelow(dir string) error {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	mounts, err := mountinfo.GetMounts(mountinfo.PrefixFilter(real))
	if err != nil {
		return err
	}
	slices.SortFunc(mounts, func(a, b *mountinfo.Info) int {
		return strings.Count(b.Mountpoint, "/") - strings.Count(a.Mountpoint, "/")
	})
	var errs []error
	for _, m := range mounts {
		errs = append(errs, detach(m.Mountpoint))
	}
	return errors.Join(errs...)
}
