package oci

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Config says which programs to run and where they keep their files. All paths
// are absolute. It is not changed after [New].
type Config struct {
	// RuntimePath is the OCI runtime's program. Required.
	RuntimePath string
	// RuntimeFlags are global flags of the OCI runtime, dashes included,
	// given before every subcommand.
	RuntimeFlags []string
	// RuntimeRoot is the OCI runtime's state directory. Required.
	RuntimeRoot string
	// ConmonPath is conmon's program. Required.
	ConmonPath string
	// ConmonEnv is added, as NAME=VALUE, to the environment of conmon, and so
	// of the OCI runtime and the exit command. See [Runtime.environ].
	ConmonEnv []string
	// ExitDir receives the exit files. Required; made when first needed.
	ExitDir string
	// PersistDir holds a directory per container for what conmon records
	// besides the exit code. Empty: conmon records nothing there.
	PersistDir string
	// Rootless hands the address of the user's session bus on: it is the
	// user's systemd that makes the cgroups.
	Rootless bool
	// Scratch is a directory of a container's own, below which the OCI runtime may
	// mount something for as long as it runs. Whoever removes it unmounts what was
	// left there by one that was killed. nil: it takes /tmp, where nobody looks.
	Scratch func(id string) string
	// LogLevel is conmon's log level in logrus words. Empty: warn.
	LogLevel string
	// ExitCommand is the program, with its arguments, that conmon runs when
	// the container has ended; the container's ID is appended. Empty: none.
	ExitCommand []string
	// Timeout bounds each call of the OCI runtime, and the time conmon may take
	// until the process it watches is there; 0: as long as it takes. One that
	// takes longer is killed.
	Timeout time.Duration
	// NoPivot makes the OCI runtime use chroot instead of pivot_root.
	NoPivot bool
	// Keyring gives each container a new session keyring.
	Keyring bool
}

// Runtime runs conmon and one OCI runtime. See the package comment for what
// may be done concurrently.
type Runtime struct {
	cfg Config
}

// New returns a Runtime for cfg. It touches neither programs nor files.
// A missing required field is errdefs.ErrInvalidArgument.
func New(cfg Config) (*Runtime, error) {
	for _, f := range []struct{ name, path string }{
		{"OCI runtime", cfg.RuntimePath},
		{"OCI runtime state directory", cfg.RuntimeRoot},
		{"conmon", cfg.ConmonPath},
		{"exit file directory", cfg.ExitDir},
	} {
		if !filepath.IsAbs(f.path) {
			return nil, fmt.Errorf("path of %s %q is not absolute: %w", f.name, f.path, errdefs.ErrInvalidArgument)
		}
	}
	return &Runtime{cfg: cfg}, nil
}

// Name is the OCI runtime's name as it stands in error messages: the last
// element of its path.
func (r *Runtime) Name() string { return filepath.Base(r.cfg.RuntimePath) }

// Path is the OCI runtime's program.
func (r *Runtime) Path() string { return r.cfg.RuntimePath }

// environ is the environment of conmon and the OCI runtime. It is not simply
// ours: NOTIFY_SOCKET and LISTEN_FDS, for instance, change what an OCI runtime
// does, and what we were started with would stay readable in conmon's /proc
// entry for as long as the container lives. What names directories and
// configuration stays, as the exit command must see the same podctl as we do.
//
// root may have a session too, but containers of root's belong to the host's
// systemd, as pods and conmons do. crun asks root's own if it can find it (1.8.1),
// and the container would escape the limits of its pod.
//
// Before it does anything crun runs itself again from a read-only bind mount of its
// program, as runc does, for containers not to write to it (CVE-2019-5736). Where it
// mounts that is for runc to say, and both take the same variable.
func (r *Runtime) environ(id string, extra ...string) []string {
	keep := []string{"PATH", "HOME", "USER", "LANG", "TMPDIR"}
	session := []string{"XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"}
	prefixes := []string{"XDG_", "CONTAINERS_", "_CONTAINERS_", "PODCTL_", "STORAGE_"}
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		inherited := slices.Contains(keep, name) ||
			slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
		if slices.Contains(session, name) {
			inherited = r.cfg.Rootless
		}
		if inherited {
			env = append(env, kv)
		}
	}
	if r.cfg.Scratch != nil && id != "" {
		env = append(env, "_LIBCONTAINER_STATEDIR="+r.cfg.Scratch(id))
	}
	return slices.Concat(env, r.cfg.ConmonEnv, extra)
}
