package cmdutil

import (
	"context"
	"slices"

	"github.com/podctl/podctl/pkg/handover"
	engine "github.com/podctl/podctl/pkg/runtime"
	"github.com/podctl/podctl/pkg/settings"
)

// openEngine opens the engine with the parsed global flags.
func (f *Factory) openEngine(ctx context.Context) (*engine.Runtime, error) {
	cfg, err := f.EngineConfig()
	if err != nil {
		return nil, err
	}
	return engine.Open(ctx, cfg)
}

// EngineConfig is what the engine is opened with. Only a command for which the
// engine may be beyond opening calls it; all others call Engine.
func (f *Factory) EngineConfig() (engine.Config, error) {
	s, err := settings.Load(f.Globals.settings())
	if err != nil {
		return engine.Config{}, err
	}
	self, err := f.selfCommand()
	return engine.Config{
		Settings:      s,
		ExitCommand:   slices.Concat(self, []string{"container", "cleanup", "--stopped-only"}),
		HealthCommand: slices.Concat(self, []string{"healthcheck", "watch"}),
		Notices:       f.IO.ErrOut,
		Enter:         f.Enter,
		Library:       f.Library,
	}, err
}

// settings are the global flags the engine's settings are made from.
func (g *Globals) settings() settings.Flags {
	return settings.Flags{
		Root: g.Root, RunRoot: g.RunRoot, TmpDir: g.TmpDir, VolumePath: g.VolumePath, ImageStore: g.ImageStore,
		NetworkConfigDir: g.NetworkConfigDir, StorageDriver: g.StorageDriver, StorageOpts: g.StorageOpts, TransientStore: g.TransientStore,
		CgroupManager: g.CgroupManager, Runtime: g.Runtime, RuntimeFlags: g.RuntimeFlags, Conmon: g.Conmon, EventsBackend: g.EventsBackend,
		HooksDirs: g.HooksDirs, CDISpecDirs: g.CDISpecDirs, PullOptions: g.PullOptions, Modules: g.Modules, RegistriesConf: g.RegistriesConf, DefaultMountsFile: g.DefaultMountsFile, LogLevel: g.LogLevel,
		LockTimeout: g.LockTimeout, ProgramTimeout: g.ProgramTimeout,
	}
}

// selfCommand is this program with the same global flags, for what runs when we
// have ended.
func (f *Factory) selfCommand() ([]string, error) {
	self, err := handover.Program()
	if err != nil {
		return nil, err
	}
	argv := []string{self}
	g := f.Globals
	for _, flag := range []struct{ name, value string }{
		{"root", g.Root}, {"runroot", g.RunRoot}, {"tmpdir", g.TmpDir}, {"volumepath", g.VolumePath}, {"imagestore", g.ImageStore},
		{"network-config-dir", g.NetworkConfigDir}, {"storage-driver", g.StorageDriver}, {"cgroup-manager", g.CgroupManager},
		{"runtime", g.Runtime}, {"conmon", g.Conmon}, {"events-backend", g.EventsBackend}, {"log-level", g.LogLevel},
	} {
		if flag.value != "" {
			argv = append(argv, "--"+flag.name, flag.value)
		}
	}
	if g.ProgramTimeout != defaultProgramTimeout {
		argv = append(argv, "--program-timeout", g.ProgramTimeout.String())
	}
	for _, opt := range g.StorageOpts {
		argv = append(argv, "--storage-opt", opt)
	}
	for _, opt := range g.RuntimeFlags {
		argv = append(argv, "--runtime-flag", opt)
	}
	for _, m := range g.Modules {
		argv = append(argv, "--module", m)
	}
	for _, dir := range g.HooksDirs {
		argv = append(argv, "--hooks-dir", dir)
	}
	for _, dir := range g.CDISpecDirs {
		argv = append(argv, "--cdi-spec-dir", dir)
	}
	if g.Syslog {
		argv = append(argv, "--syslog")
	}
	if g.TransientStore {
		argv = append(argv, "--transient-store")
	}
	return argv, nil
}
