package specflags

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/containers/storage/pkg/unshare"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
)

// Env is what flags read of the host. All fields are required; [HostEnv]
// fills them.
type Env struct {
	// Argv is the whole command line, recorded with what is created.
	Argv []string
	// Environ is the environment as K=V.
	Environ []string
	// Dir is the working directory; relative paths are relative to it.
	Dir string
	// ReadFile reads a file that a flag names.
	ReadFile func(path string) ([]byte, error)
	// FDOpen says whether a file descriptor was passed to this process.
	FDOpen func(fd uint) bool
	// CPUs is the number of processors.
	CPUs int
	// Rootless: this process does not run as root, or only inside a user
	// namespace of its user, so pasta is the network and keep-id has a meaning.
	Rootless bool
}

// HostEnv returns the environment of this process.
func HostEnv(argv []string) (Env, error) {
	dir, err := os.Getwd()
	if err != nil {
		return Env{}, err
	}
	return Env{
		Argv:     argv,
		Environ:  os.Environ(),
		Dir:      dir,
		ReadFile: os.ReadFile,
		FDOpen: func(fd uint) bool {
			flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
			// What survived our own exec does not have the flag; what we
			// opened ourselves does.
			return err == nil && flags&unix.FD_CLOEXEC == 0
		},
		CPUs:     runtime.NumCPU(),
		Rootless: unshare.IsRootless(),
	}, nil
}

// lookup returns a variable of the environment.
func (e Env) lookup(name string) (string, bool) {
	for _, kv := range e.Environ {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			return v, true
		}
	}
	return "", false
}

// abs makes a path absolute and clean.
func (e Env) abs(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(e.Dir, path)
}

// given tells flags that were given from those left at their default.
type given struct{ fs *pflag.FlagSet }

// has reports whether any of the flags was given. A flag that this command
// does not have was not.
func (g given) has(names ...string) bool {
	for _, name := range names {
		if g.fs.Changed(name) {
			return true
		}
	}
	return false
}

// one returns the first of the flags that was given, or "".
func (g given) one(names ...string) string {
	for _, name := range names {
		if g.fs.Changed(name) {
			return name
		}
	}
	return ""
}
