package cmdutil

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
)

// Globals are the flags of the root command. An empty string, nil slice or
// zero means that the flag was not given and the configuration decides.
type Globals struct {
	CDISpecDirs      []string
	CgroupManager    string
	Conmon           string
	EventsBackend    string
	HooksDirs        []string
	ImageStore       string
	NetworkBackend   string
	NetworkConfigDir string
	LockTimeout      time.Duration
	NetworkCmdPath   string
	ProgramTimeout   time.Duration
	Root             string
	RunRoot          string
	Runtime          string
	RuntimeFlags     []string // without leading dashes
	StorageDriver    string
	StorageOpts      []string
	TmpDir           string
	TransientStore   bool
	VolumePath       string

	ConfigDir         string   // directory holding config.json
	Modules           []string // containers.conf modules
	RegistriesConf    string
	DefaultMountsFile string
	Namespace         string
	DBBackend         string
	MaxWorkers        int
	PullOptions       []string

	LogLevel string // lower case once checked
	Debug    bool
	Syslog   bool
	Trace    bool

	Out   string
	NoOut bool

	CPUProfile    string
	MemoryProfile string

	remote remoteFlags
}

// remoteFlags choose a remote engine. podctl has none; the flags exist so
// that the refusal can say so.
type remoteFlags struct {
	remote                         bool
	connection, url, identity, ssh string
	tlsCA, tlsCert, tlsKey         string
}

const defaultLogLevel = "warn"

func logLevels() []string {
	return []string{"trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"}
}

// Bind defines the flags on the root command: persistent ones, which may
// stand anywhere, and local ones, which must stand before the subcommand.
func (g *Globals) Bind(root *cobra.Command) {
	g.bindPersistent(root)
	g.bindHidden(root)
	g.bindLocal(root)
	g.bindRemote(root)
}

// defaultProgramTimeout is far above what a step takes on a busy host, hooks of
// the OCI runtime included; it is as long as kubelet waits for a container runtime.
const defaultProgramTimeout = 2 * time.Minute

func (g *Globals) bindPersistent(root *cobra.Command) {
	p := root.PersistentFlags()
	p.StringArrayVar(&g.CDISpecDirs, "cdi-spec-dir", nil, "`Directory` with CDI specification files")
	p.StringVar(&g.CgroupManager, "cgroup-manager", "", "Cgroup `manager` to use (cgroupfs, systemd)")
	p.StringVar(&g.Conmon, "conmon", "", "`Path` of the conmon binary")
	p.StringVar(&g.EventsBackend, "events-backend", "", "Events `backend` to use (file, journald, none)")
	p.StringArrayVar(&g.HooksDirs, "hooks-dir", nil, "`Directory` with OCI hooks")
	p.StringVar(&g.ImageStore, "imagestore", "", "`Directory` of a separate image store")
	p.DurationVar(&g.LockTimeout, "lock-timeout", 0, "Give up waiting for another podctl at work on the same object after this `time` (0: never)")
	p.StringVar(&g.LogLevel, "log-level", defaultLogLevel, "Log messages above this `level` ("+strings.Join(logLevels(), ", ")+")")
	p.StringVar(&g.NetworkCmdPath, "network-cmd-path", "", "`Path` of the slirp4netns binary (deprecated)")
	p.StringVar(&g.NetworkConfigDir, "network-config-dir", "", "`Directory` of the network configuration")
	p.DurationVar(&g.ProgramTimeout, "program-timeout", defaultProgramTimeout, "Kill conmon, the OCI runtime or netavark when one step of it takes longer than this `time` (0: never)")
	p.StringVar(&g.Root, "root", "", "`Directory` of images, containers and volumes")
	p.StringVar(&g.RunRoot, "runroot", "", "`Directory` of state that is lost at reboot")
	p.StringVar(&g.Runtime, "runtime", "", "`Name` or path of the OCI runtime")
	p.StringArrayVar(&g.RuntimeFlags, "runtime-flag", nil, "`Flag` for the OCI runtime, without leading dashes")
	p.StringVar(&g.StorageDriver, "storage-driver", "", "Storage `driver`")
	p.StringArrayVar(&g.StorageOpts, "storage-opt", nil, "`Option` of the storage driver")
	p.BoolVar(&g.Syslog, "syslog", false, "Log to syslog too")
	p.StringVar(&g.TmpDir, "tmpdir", "", "`Directory` of podctl's own run state")
	p.BoolVar(&g.TransientStore, "transient-store", false, "Keep container state in the run root")
	p.StringVar(&g.VolumePath, "volumepath", "", "`Directory` of volumes")
}

func (g *Globals) bindHidden(root *cobra.Command) {
	p := root.PersistentFlags()
	p.StringVar(&g.NetworkConfigDir, "cni-config-dir", "", "Alias of --network-config-dir")
	p.StringVar(&g.CPUProfile, "cpu-profile", "", "`Path` for a CPU profile")
	p.StringVar(&g.MemoryProfile, "memory-profile", "", "`Path` for a memory profile")
	p.StringVar(&g.DBBackend, "db-backend", "", "Database `backend`")
	p.StringVar(&g.DefaultMountsFile, "default-mounts-file", "", "`Path` of the default mounts file")
	p.IntVar(&g.MaxWorkers, "max-workers", 0, "Workers for parallel operations")
	p.StringVar(&g.Namespace, "namespace", "", "Namespace of containers and pods")
	p.StringVar(&g.NetworkBackend, "network-backend", "", "Network `backend`")
	p.StringArrayVar(&g.PullOptions, "pull-option", nil, "`Option` for pulling images")
	p.StringVar(&g.RegistriesConf, "registries-conf", "", "`Path` of registries.conf")
	p.BoolVar(&g.Trace, "trace", false, "Trace calls")
	for _, name := range []string{"cni-config-dir", "cpu-profile", "memory-profile", "db-backend", "default-mounts-file",
		"max-workers", "namespace", "network-backend", "pull-option", "registries-conf", "trace"} {
		p.Lookup(name).Hidden = true
	}
}

func (g *Globals) bindLocal(root *cobra.Command) {
	l := root.Flags()
	l.StringVar(&g.ConfigDir, "config", "", "`Directory` holding config.json")
	l.StringArrayVar(&g.Modules, "module", nil, "containers.conf `module` to load")
	l.StringVar(&g.Out, "out", "", "Write output to this `file`, except that of containers")
	l.BoolVarP(&g.Debug, "debug", "D", false, "Same as --log-level=debug")
	l.BoolVar(&g.NoOut, "noout", false, "Write no output")
	l.Lookup("debug").Hidden = true
	l.Lookup("noout").Hidden = true
}

func (g *Globals) bindRemote(root *cobra.Command) {
	l, r := root.Flags(), &g.remote
	l.BoolVarP(&r.remote, "remote", "r", false, "Use a remote engine")
	l.StringVarP(&r.connection, "connection", "c", "", "Remote connection")
	l.StringVar(&r.url, "url", "", "Remote URL")
	l.StringVar(&r.identity, "identity", "", "Remote SSH key")
	l.StringVar(&r.ssh, "ssh", "", "Remote SSH mode")
	l.StringVar(&r.tlsCA, "tls-ca", "", "Remote TLS authority")
	l.StringVar(&r.tlsCert, "tls-cert", "", "Remote TLS certificate")
	l.StringVar(&r.tlsKey, "tls-key", "", "Remote TLS key")
	for _, name := range []string{"remote", "connection", "url", "identity", "ssh", "tls-ca", "tls-cert", "tls-key"} {
		l.Lookup(name).Hidden = true
	}
}

// Apply checks the parsed flags and puts into effect those that concern the
// process and not the engine: log level, output file, directory of
// credentials. It runs before the arguments of a command are looked at.
func (g *Globals) Apply(cmd *cobra.Command, io *iostreams.IOStreams) error {
	if err := g.applyLogLevel(io); err != nil {
		return err
	}
	g.applyDiagnosis()
	if err := g.applyOut(cmd, io); err != nil {
		return err
	}
	if err := g.applyConfigDir(); err != nil {
		return err
	}
	if f := cmd.Flags().Lookup("max-workers"); f != nil && f.Changed && g.MaxWorkers <= 0 {
		return fmt.Errorf("maximum workers must be set to a positive number (got %d)", g.MaxWorkers)
	}
	if b := g.EventsBackend; b != "" && b != "file" && b != "journald" && b != "none" {
		return fmt.Errorf("configuring runtime: %q is not a valid events backend: %w", b, errdefs.ErrInvalidArg)
	}
	if b := g.DBBackend; b != "" && b != "sqlite" && b != "boltdb" {
		return fmt.Errorf("configuring runtime: unsupported database backend: %q", b)
	}
	if n := g.NetworkBackend; n != "" && n != "netavark" {
		return fmt.Errorf("could not get runtime: cni support is not enabled in this build, only netavark. Got unsupported network backend %q", n)
	}
	if g.LockTimeout < 0 {
		return fmt.Errorf("lock timeout must not be negative (got %s)", g.LockTimeout)
	}
	if g.ProgramTimeout < 0 {
		return fmt.Errorf("program timeout must not be negative (got %s)", g.ProgramTimeout)
	}
	if g.remote != (remoteFlags{}) {
		return fmt.Errorf("podctl runs containers on this host only, remote engines are not supported: %w", errdefs.ErrUnsupported)
	}
	return nil
}

func (g *Globals) applyLogLevel(io *iostreams.IOStreams) error {
	typed := g.LogLevel
	g.LogLevel = strings.ToLower(typed)
	if !slices.Contains(logLevels(), g.LogLevel) {
		return bare("Log Level %q is not supported, choose from: %s", typed, strings.Join(logLevels(), ", "))
	}
	if g.Debug {
		g.LogLevel = "debug"
	}
	level, err := logrus.ParseLevel(g.LogLevel)
	if err != nil {
		return err
	}
	logrus.SetLevel(level)
	logrus.SetOutput(io.ErrOut)
	return nil
}

// applyOut points Out, and cobra's own output, at the file of --out.
// The file stays open until the process ends.
func (g *Globals) applyOut(cmd *cobra.Command, io *iostreams.IOStreams) error {
	path := g.Out
	if g.NoOut {
		path = os.DevNull
	}
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return bare("unable to open file for standard output: %v", err)
	}
	io.Out = f
	cmd.Root().SetOut(f)
	return nil
}

func (g *Globals) applyConfigDir() error {
	if g.ConfigDir == "" {
		return nil
	}
	if st, err := os.Stat(g.ConfigDir); err != nil {
		return bare("unable to use config directory: %v", err)
	} else if !st.IsDir() {
		return bare("unable to use config directory: %s is not a directory", g.ConfigDir)
	}
	abs, err := filepath.Abs(g.ConfigDir)
	if err != nil {
		return bare("unable to use config directory: %v", err)
	}
	// The image libraries find credentials through this variable alone.
	return os.Setenv("DOCKER_CONFIG", abs)
}
