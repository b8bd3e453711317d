package bundle

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// Input is what a bundle is made from.
type Input struct {
	// Container is whose bundle it is. Required.
	Container *container.Container
	// Dir is the bundle directory; it is made if need be. Required.
	Dir string
	// KeepDir is where secrets stay across reboots. Empty: Dir.
	KeepDir string

	// Spec is what the engine knows already. Write fills in User, Files,
	// Prepared, Devices, DeviceRules, BlockIO, BoundingCaps, Seccomp, AppArmor,
	// MaskedPaths, ReadonlyPaths, MaxRlimits and MinOOMScoreAdj, and what is said below; Files,
	// Devices and DeviceRules are added to, the rest is overwritten.
	//
	// ShmPath is filled in, with a tmpfs mounted in Dir, for a container whose
	// IPC namespace others may join, unless it is set.
	Spec container.SpecInput

	// Hosts, ResolvConf and Hostname are the files of these names in /etc.
	Hosts, ResolvConf, Hostname File

	// WorkDirGiven: the working directory is the user's word. A missing one is
	// then an error; the image's is made.
	WorkDirGiven bool
	// Engine is podctl's name and version, for a privileged container to read.
	Engine string
	// SeccompProfile is the default profile's path or "unconfined"; empty: the
	// file of containers.conf(5) or the built-in one.
	SeccompProfile string
	// AppArmorProfile is the default profile's name; empty: the library's.
	AppArmorProfile string
	// SecretsDir is where secrets are kept.
	SecretsDir string
	// DefaultMountsFile replaces mounts.conf(5).
	DefaultMountsFile string
	// Devices are those of containers.conf, as in [container.Security].
	Devices []string
	// CDISpecDirs are where devices named vendor/class=name are described.
	CDISpecDirs []string
	// HooksDirs have OCI hooks; Given: the user named them, so all must exist.
	HooksDirs      []string
	HooksDirsGiven bool
	// OwnDirs are the directories podctl keeps containers in: those in them may be
	// opened to a user namespace without a word.
	OwnDirs []string
	// ImageMount mounts an image read-only and returns where. Nil: image
	// mounts are errdefs.ErrUnsupported.
	ImageMount func(ctx context.Context, ref string) (string, error)
}

// File says where one file bound into the container comes from: the zero value
// leaves the image's alone.
type File struct {
	// From is another container's file to bind.
	From string
	// Write writes the container's own; it is called each time. An existing
	// file's inode is to be kept. Ignored with From.
	Write func(path string) error
}

// Result says what was made.
type Result struct {
	// Spec is what stands in config.json.
	Spec *specs.Spec
	// HostsPath, ResolvConfPath and HostnamePath are the bound files, "" where
	// the image's are used.
	HostsPath, ResolvConfPath, HostnamePath string
	// ShmPath is the tmpfs others bind at /dev/shm, "" for none.
	ShmPath string
}

// ConfigName is the name of the OCI runtime spec in a bundle.
const ConfigName = "config.json"

// Write makes the bundle. It is idempotent. What the user asked for and cannot
// have is an error of class errdefs.ErrInvalidArgument or errdefs.ErrNotFound.
func Write(ctx context.Context, in Input) (*Result, error) {
	if in.Container.Config == nil || in.Dir == "" || in.Spec.Rootfs == "" {
		return nil, fmt.Errorf("make bundle of container %s: config, directory or root file system missing: %w", in.Container.ID, errdefs.ErrInternal)
	}
	if in.KeepDir == "" {
		in.KeepDir = in.Dir
	}
	w := &writer{Input: in, cfg: in.Container.Config, result: &Result{}}
	if err := w.makeDir(); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{
		w.reach, w.user, w.etc, w.workdir, w.secrets, w.prepare, w.shm, w.devices, w.blockIO, w.host, w.confine,
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	spec, err := container.Spec(in.Container, w.Spec)
	if err != nil {
		return nil, err
	}
	w.keepGroups(spec)
	if err := w.inject(spec); err != nil {
		return nil, err
	}
	if err := w.hooks(ctx, spec); err != nil {
		return nil, err
	}
	w.result.Spec = spec
	return w.result, writeConfig(in.Dir, spec)
}

// writer carries one Write from step to step.
type writer struct {
	Input
	cfg    *container.Config
	result *Result
	// overlays and idmaps count those mounted.
	overlays, idmaps int
	// cdi are the devices that CDI specifications describe.
	cdi []string
	// userName is the user's name in the image, "" if it has none.
	userName string
}

func (w *writer) makeDir() error {
	// With a user namespace the OCI runtime looks the files up as a user
	// that is nobody on the host.
	mode := os.FileMode(0o700)
	if len(w.Spec.UIDMappings) > 0 {
		mode = 0o711
	}
	err := os.MkdirAll(w.Dir, mode)
	if err == nil {
		err = os.Chmod(w.Dir, mode) // whatever the umask
	}
	if err != nil {
		return fmt.Errorf("make bundle of container %s: %w", w.Container.ID, err)
	}
	return nil
}

func writeConfig(dir string, spec *specs.Spec) error {
	text, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("encode OCI runtime spec: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, ConfigName), text, 0o600); err != nil {
		return fmt.Errorf("write OCI runtime spec: %w", err)
	}
	return nil
}
