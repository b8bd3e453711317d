package settings

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/containers/common/pkg/config"
	"github.com/containers/storage/types"
	"github.com/stretchr/testify/require"
)

// TestMain keeps the host's storage.conf out: the library reads it once a process.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "settings")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		conf := filepath.Join(dir, "storage.conf")
		text := "[storage]\ndriver = \"vfs\"\ngraphroot = \"" + defaultGraphRoot + "\"\nrunroot = \"/run/containers/storage\"\n"
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			panic(err)
		}
		os.Setenv("CONTAINERS_STORAGE_CONF", conf)
		return m.Run()
	}())
}

// conf makes text the only containers.conf.
func conf(t *testing.T, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "containers.conf")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	t.Setenv("CONTAINERS_CONF", path)
	t.Setenv("CONTAINERS_CONF_OVERRIDE", "")
}

func load(t *testing.T, text string, f Flags) *Settings {
	t.Helper()
	conf(t, text)
	s, err := Load(f)
	require.NoError(t, err)
	return s
}

func TestPlaces(t *testing.T) {
	type places struct{ graph, run, state, tmp, volumes string }
	standard := types.StoreOptions{GraphRoot: defaultGraphRoot, RunRoot: "/run/containers/storage"}
	for name, tc := range map[string]struct {
		flags Flags
		opts  types.StoreOptions
		want  places
	}{
		"nothing_given": {Flags{}, standard,
			places{defaultGraphRoot, "/run/containers/storage", "/var/lib/podctl", "/run/podctl", defaultGraphRoot + "/volumes"}},
		"root_moves_all_that_persists": {Flags{Root: "/r"}, standard,
			places{"/r", "/run/containers/storage", "/r/podctl", "/run/podctl", "/r/volumes"}},
		"runroot_moves_all_that_does_not": {Flags{RunRoot: "/rr"}, standard,
			places{defaultGraphRoot, "/rr", "/var/lib/podctl", "/rr/podctl", defaultGraphRoot + "/volumes"}},
		"tmpdir_moves_podctl's_run_state_alone": {Flags{RunRoot: "/rr", TmpDir: "/t"}, standard,
			places{defaultGraphRoot, "/rr", "/var/lib/podctl", "/t", defaultGraphRoot + "/volumes"}},
		"a_transient_store_keeps_nothing": {Flags{Root: "/r", RunRoot: "/rr", TransientStore: true}, standard,
			places{"/r", "/rr", "/rr/podctl-state", "/rr/podctl", "/r/volumes"}},
		"a_transient_store_of_storage.conf": {Flags{}, types.StoreOptions{GraphRoot: defaultGraphRoot, RunRoot: "/x", TransientStore: true},
			places{defaultGraphRoot, "/x", "/x/podctl-state", "/run/podctl", defaultGraphRoot + "/volumes"}},
		"storage.conf_moves_the_state_with_the_store": {Flags{}, types.StoreOptions{GraphRoot: "/g", RunRoot: "/x"},
			places{"/g", "/x", "/g/podctl", "/run/podctl", "/g/volumes"}},
		"root_beats_storage.conf": {Flags{Root: "/r"}, types.StoreOptions{GraphRoot: "/g", RunRoot: "/x"},
			places{"/r", "/x", "/r/podctl", "/run/podctl", "/r/volumes"}},
		"volumepath_beats_root": {Flags{Root: "/r", VolumePath: "/v"}, standard,
			places{"/r", "/run/containers/storage", "/r/podctl", "/run/podctl", "/v"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Settings{Flags: tc.flags, Conf: new(config.Config)}
			require.NoError(t, s.place(tc.opts))
			require.Equal(t, tc.want, places{s.GraphRoot, s.RunRoot, s.StateDir, s.TmpDir, s.VolumeDir})
		})
	}
	t.Run("a_relative_path_is_made_absolute", func(t *testing.T) {
		t.Chdir(t.TempDir())
		wd, err := os.Getwd()
		require.NoError(t, err)
		s := &Settings{Flags: Flags{Root: "r"}, Conf: new(config.Config)}
		require.NoError(t, s.place(standard))
		require.Equal(t, filepath.Join(wd, "r", "podctl"), s.StateDir)
	})
}

func TestVolumePath(t *testing.T) {
	const text = "[engine]\nvolume_path = \"/from/conf\"\n"
	require.Equal(t, "/from/conf", load(t, text, Flags{RunRoot: "/rr"}).VolumeDir)
	require.Equal(t, "/r/volumes", load(t, text, Flags{Root: "/r"}).VolumeDir, "--root makes an instance of its own")
	require.Equal(t, "/flag", load(t, text, Flags{Root: "/r", VolumePath: "/flag"}).VolumeDir)
}

func TestEverythingLiesBelowTheTwoDirectories(t *testing.T) {
	s := load(t, "", Flags{Root: "/r", RunRoot: "/rr"})
	for path, want := range map[string]string{
		s.Database():         "/r/podctl/podctl.db",
		s.ContainerDir("c1"): "/r/podctl/containers/c1",
		s.SecretsDir():       "/r/secrets",
		s.BundleDir("c1"):    "/rr/podctl/bundles/c1",
		s.NetNSPath("c1"):    "/rr/podctl/netns/c1",
		s.LockDir():          "/rr/podctl/locks",
		s.ExitDir():          "/rr/podctl/exits",
		s.PersistDir():       "/rr/podctl/persist",
		s.RuntimeRoot():      "/rr/podctl/oci",
		s.GraphRoot:          "/r",
		s.RunRoot:            "/rr",
		s.VolumeDir:          "/r/volumes",
	} {
		require.Equal(t, want, path)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Run("a_missing_file_the_environment_names", func(t *testing.T) {
		t.Setenv("CONTAINERS_CONF", "/nowhere/containers.conf")
		_, err := Load(Flags{})
		require.ErrorContains(t, err, "read containers.conf")
		require.ErrorContains(t, err, "/nowhere/containers.conf")
	})
	t.Run("a_missing_override", func(t *testing.T) {
		conf(t, "")
		t.Setenv("CONTAINERS_CONF_OVERRIDE", "/nowhere/override.conf")
		_, err := Load(Flags{})
		require.ErrorContains(t, err, "/nowhere/override.conf")
	})
	t.Run("what_is_no_TOML", func(t *testing.T) {
		conf(t, "[engine\n")
		_, err := Load(Flags{})
		require.ErrorContains(t, err, "read containers.conf")
	})
	t.Run("a_module_that_is_not_there", func(t *testing.T) {
		conf(t, "")
		_, err := Load(Flags{Modules: []string{"/nowhere/module.conf"}})
		require.ErrorContains(t, err, "/nowhere/module.conf")
	})
}

func TestExplicitKeys(t *testing.T) {
	s := load(t, "[engine]\ncgroup_manager = \"cgroupfs\"\n[containers]\nlog_driver = \"none\"\n[network]\n", Flags{})
	require.True(t, s.isSet("engine", "cgroup_manager"))
	require.True(t, s.isSet("containers", "log_driver"))
	require.False(t, s.isSet("engine", "runtime"), "a default is nobody's word")
	require.False(t, s.isSet("containers", "cgroup_manager"), "a key counts in its table")
	t.Run("in_an_override", func(t *testing.T) {
		conf(t, "")
		path := filepath.Join(t.TempDir(), "override.conf")
		require.NoError(t, os.WriteFile(path, []byte("[engine]\nruntime = \"runc\"\n"), 0o600))
		t.Setenv("CONTAINERS_CONF_OVERRIDE", path)
		s, err := Load(Flags{})
		require.NoError(t, err)
		require.True(t, s.isSet("engine", "runtime"))
	})
	t.Run("in_a_module", func(t *testing.T) {
		conf(t, "")
		path := filepath.Join(t.TempDir(), "module.conf")
		require.NoError(t, os.WriteFile(path, []byte("[engine]\nruntime = \"runc\"\n"), 0o600))
		s, err := Load(Flags{Modules: []string{path}})
		require.NoError(t, err)
		require.True(t, s.isSet("engine", "runtime"))
	})
}
