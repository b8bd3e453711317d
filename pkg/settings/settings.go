// Package settings decides, once per command, where state lives and which
// helpers are used: global flags over containers.conf(5) and storage.conf(5) over
// what this host can do. It reads configuration files and looks at paths; it
// runs no program and opens no store.
//
// What the user set explicitly is never overridden: where it cannot work the
// error names it and the remedy. What was left open is chosen by looking at the
// host first, and each [Choice] says why.
package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/containers/common/pkg/config"
	"github.com/containers/storage/pkg/homedir"
	"github.com/containers/storage/pkg/unshare"
	"github.com/containers/storage/types"
)

// Flags are the global flags that move or choose something. Empty: not given.
type Flags struct {
	Root, RunRoot, TmpDir, VolumePath string
	ImageStore                        string
	NetworkConfigDir                  string
	StorageDriver                     string
	StorageOpts                       []string
	TransientStore                    bool
	CgroupManager                     string
	Runtime                           string
	RuntimeFlags                      []string // without leading dashes
	Conmon                            string
	EventsBackend                     string
	HooksDirs                         []string
	CDISpecDirs                       []string
	PullOptions                       []string // NAME=VALUE
	Modules                           []string
	RegistriesConf                    string
	DefaultMountsFile                 string
	LogLevel                          string
	LockTimeout                       time.Duration // 0: wait for a lock as long as it takes
	ProgramTimeout                    time.Duration // of one call of conmon, OCI runtime or netavark; 0: as long as it takes
}

// Settings are where everything is. They do not change during a command.
type Settings struct {
	Flags Flags
	// Conf is containers.conf as merged; read only.
	Conf *config.Config
	// GraphRoot and RunRoot are containers/storage's directories, shared with
	// podman and buildah.
	GraphRoot, RunRoot string
	// StateDir is podctl's own persistent directory, TmpDir its run state.
	StateDir, TmpDir string
	// VolumeDir is where the local driver keeps volumes.
	VolumeDir string
	// Rootless: an unprivileged user's podctl.
	Rootless bool
	explicit explicitKeys
}

// Load reads the configuration files and applies the flags.
func Load(f Flags) (*Settings, error) {
	if unshare.IsRootless() {
		if _, err := UserRunDir(); err != nil {
			return nil, err
		}
	}
	if err := checkStorageConf(); err != nil {
		return nil, fmt.Errorf("read storage.conf: %w", err)
	}
	conf, err := config.New(&config.Options{Modules: f.Modules, SetDefault: true})
	if err != nil {
		return nil, fmt.Errorf("read containers.conf: %w", err)
	}
	s := &Settings{Flags: f, Conf: conf, Rootless: unshare.IsRootless()}
	if m := f.CgroupManager; m != "" && m != ManagerCgroupfs && m != ManagerSystemd {
		return nil, noManagerError(m) // also where none is needed
	}
	opts, err := types.DefaultStoreOptions()
	if err != nil {
		return nil, fmt.Errorf("read storage.conf: %w", err)
	}
	if s.explicit, err = readExplicit(conf.LoadedModules()); err != nil {
		return nil, err
	}
	if s.Rootless {
		// The library asks the configuration which program connects the namespace
		// that a user's networks are in.
		conf.Network.DefaultRootlessNetworkCmd = s.UserNetwork().Value
	}
	return s, s.place(opts)
}

// checkStorageConf refuses a storage.conf that is no TOML. The library would say
// so too, but without the file's name and more than once.
func checkStorageConf() error {
	path, err := types.DefaultConfigFile()
	if err != nil {
		return err
	}
	var tables map[string]any
	if _, err := toml.DecodeFile(path, &tables); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// place decides the directories. --root moves everything persistent, podctl's
// own state included, and --runroot everything volatile, so that two instances
// can live side by side.
func (s *Settings) place(opts types.StoreOptions) error {
	stateBase, runBase, err := s.defaultBases()
	if err != nil {
		return err
	}
	s.GraphRoot, s.RunRoot = opts.GraphRoot, opts.RunRoot
	s.StateDir, s.TmpDir = filepath.Join(stateBase, "podctl"), filepath.Join(runBase, "podctl")
	if !s.Rootless && s.GraphRoot != defaultGraphRoot {
		// storage.conf moved the store: our state goes with it, or two stores
		// would share one database.
		s.StateDir = filepath.Join(s.GraphRoot, "podctl")
	}
	abs := func(p string) string {
		if a, err := filepath.Abs(p); err == nil {
			return a
		}
		return p
	}
	if s.Flags.Root != "" {
		s.GraphRoot = abs(s.Flags.Root)
		s.StateDir = filepath.Join(s.GraphRoot, "podctl")
	}
	if s.Flags.RunRoot != "" {
		s.RunRoot = abs(s.Flags.RunRoot)
		s.TmpDir = filepath.Join(s.RunRoot, "podctl")
	}
	if s.Flags.TransientStore || opts.TransientStore {
		s.StateDir = filepath.Join(s.RunRoot, "podctl-state")
	}
	if s.Flags.TmpDir != "" {
		s.TmpDir = abs(s.Flags.TmpDir)
	}
	s.VolumeDir = filepath.Join(s.GraphRoot, "volumes")
	if v := s.explicitString("engine", "volume_path", s.Conf.Engine.VolumePath); v != "" && s.Flags.Root == "" {
		s.VolumeDir = v
	}
	if s.Flags.VolumePath != "" {
		s.VolumeDir = abs(s.Flags.VolumePath)
	}
	return nil
}

const defaultGraphRoot = "/var/lib/containers/storage"

func (s *Settings) defaultBases() (state, run string, err error) {
	if !s.Rootless {
		return "/var/lib", "/run", nil
	}
	if state, err = homedir.GetDataHome(); err != nil {
		return "", "", fmt.Errorf("find the user's data directory: %w", err)
	}
	run, err = UserRunDir()
	return state, run, err
}

// Database is the path of the database file.
func (s *Settings) Database() string { return filepath.Join(s.StateDir, "podctl.db") }

// ContainerDir is a container's persistent directory: its configuration and log.
func (s *Settings) ContainerDir(id string) string { return filepath.Join(s.StateDir, "containers", id) }

// BundleDir is a container's volatile directory: OCI bundle, hosts files, sockets.
func (s *Settings) BundleDir(id string) string { return filepath.Join(s.TmpDir, "bundles", id) }

// NetNSPath is where a container's network namespace is bound.
func (s *Settings) NetNSPath(id string) string { return filepath.Join(s.TmpDir, "netns", id) }

// SlotDir holds the lock files of the steps a host does few of at a time.
func (s *Settings) SlotDir() string { return filepath.Join(s.TmpDir, "slots") }

// LockDir holds the lock files of containers, pods and pod cgroups in use.
func (s *Settings) LockDir() string { return filepath.Join(s.TmpDir, "locks") }

// ExitDir receives the exit files, PersistDir what conmon records besides.
func (s *Settings) ExitDir() string { return filepath.Join(s.TmpDir, "exits") }

// PersistDir is where conmon records what else it learns (OOM kills).
func (s *Settings) PersistDir() string { return filepath.Join(s.TmpDir, "persist") }

// RuntimeRoot is the OCI runtime's state directory.
func (s *Settings) RuntimeRoot() string { return filepath.Join(s.TmpDir, "oci") }

// SecretsDir is where secrets live, shared with podman (containers.conf [secrets]).
func (s *Settings) SecretsDir() string { return filepath.Join(s.GraphRoot, "secrets") }

// InitBinary is the program that runs as an infra container's only process and
// as init of containers that asked for one.
func (s *Settings) InitBinary() (string, error) {
	//nolint:staticcheck // its replacement hides whether the user set it, and searches fewer places
	if p := s.Conf.Containers.InitPath; p != "" {
		return p, nil
	}
	for _, p := range []string{"/usr/libexec/podman/catatonit", "/usr/lib/podman/catatonit", "/usr/bin/catatonit", "/usr/local/bin/catatonit"} {
		if isExecutable(p) {
			return p, nil
		}
	}
	p, err := s.Conf.FindInitBinary()
	if err != nil {
		return "", fmt.Errorf("find catatonit, the init of infra containers: install the package catatonit (%w)", err)
	}
	return p, nil
}

func isExecutable(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular() && st.Mode().Perm()&0o111 != 0
}

// HooksDirs are the directories of OCI hooks: those of --hooks-dir, else of
// containers.conf.
func (s *Settings) HooksDirs() []string {
	return given(s.Flags.HooksDirs, s.Conf.Engine.HooksDir.Get())
}

// CDISpecDirs are the directories of CDI specifications.
func (s *Settings) CDISpecDirs() []string {
	return given(s.Flags.CDISpecDirs, s.Conf.Engine.CdiSpecDirs.Get())
}

func given(flag, conf []string) []string {
	if len(flag) > 0 {
		return flag
	}
	return conf
}
