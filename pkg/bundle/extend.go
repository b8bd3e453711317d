package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/containers/common/pkg/hooks"
	"github.com/containers/common/pkg/hooks/exec"
	"github.com/opencontainers/runtime-spec/specs-go"
	"tags.cncf.io/container-device-interface/pkg/cdi"
	"tags.cncf.io/container-device-interface/pkg/parser"

	"github.com/podctl/podctl/pkg/errdefs"
)

// isCDI reports whether a device is named as the Container Device Interface does,
// vendor/class=name, and not by its path.
func isCDI(device string) bool {
	kind, _, _ := strings.Cut(device, "=")
	vendor, class, _ := strings.Cut(kind, "/")
	// The parser panics at a name of one letter.
	return len(vendor) > 1 && len(class) > 1 && parser.IsQualifiedName(device)
}

// inject makes the changes to the spec that CDI specifications ask for with the
// devices the container is given.
func (w *writer) inject(spec *specs.Spec) error {
	if len(w.cdi) == 0 {
		return nil
	}
	cache, err := cdi.NewCache(cdi.WithSpecDirs(w.CDISpecDirs...), cdi.WithAutoRefresh(false))
	if err != nil {
		return fmt.Errorf("read CDI specifications: %w", err)
	}
	if _, err := cache.InjectDevices(spec, w.cdi...); err != nil {
		return fmt.Errorf("setting up CDI devices: %w: describe them in %s or name other directories with --cdi-spec-dir: %w",
			err, strings.Join(w.CDISpecDirs, " or "), errdefs.ErrInvalidArg)
	}
	return nil
}

// preCreate is the stage of hooks that change the spec: podctl runs them, all
// others are the OCI runtime's.
const preCreate = "precreate"

// hooks adds the OCI hooks of the hooks directories that match the container, and
// runs those that want to change its spec. Directories nobody named may be missing.
func (w *writer) hooks(ctx context.Context, spec *specs.Spec) error {
	dirs := w.HooksDirs
	for _, dir := range dirs {
		if _, err := os.Stat(dir); w.HooksDirsGiven && errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("hooks directory %s: %w: make it, or leave out --hooks-dir: %w", dir, err, errdefs.ErrInvalidArg)
		}
	}
	manager, err := hooks.New(ctx, dirs, []string{preCreate})
	if err != nil {
		return fmt.Errorf("read OCI hooks: %w: %w", err, errdefs.ErrInvalidArg)
	}
	bound := len(w.cfg.Storage.Mounts)+len(w.cfg.Storage.Volumes) > 0
	local, err := manager.Hooks(spec, spec.Annotations, bound)
	if err != nil {
		return fmt.Errorf("choose OCI hooks: %w: %w", err, errdefs.ErrInvalidArg)
	}
	if h := spec.Hooks; h != nil && len(h.CreateRuntime)+len(h.CreateContainer)+len(h.StartContainer) > 0 && spec.Version == "1.0.0" {
		spec.Version = "1.0.2" // which has these
	}
	if len(local[preCreate]) == 0 {
		return nil
	}
	hookErr, err := exec.RuntimeConfigFilterWithOptions(ctx, exec.RuntimeConfigFilterOptions{
		Hooks: local[preCreate], Dir: w.Dir, Config: spec, PostKillTimeout: hookKillTime,
	})
	if err = errors.Join(err, hookErr); err != nil {
		return fmt.Errorf("run OCI hook of stage %s: %w", preCreate, err)
	}
	return nil
}

// hookKillTime is how long a hook that ran out of time may take to go once killed.
const hookKillTime = 10 * time.Second
