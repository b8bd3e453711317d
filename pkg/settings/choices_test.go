package settings

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/stretchr/testify/require"
)

// program makes an executable file and returns its path.
func program(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755))
	return path
}

func TestCgroupManager(t *testing.T) {
	t.Run("the_flag_beats_containers.conf", func(t *testing.T) {
		s := load(t, "[engine]\ncgroup_manager = \"systemd\"\n", Flags{CgroupManager: ManagerCgroupfs})
		got, err := s.CgroupManager()
		require.NoError(t, err)
		require.Equal(t, Choice{ManagerCgroupfs, "set by --cgroup-manager"}, got)
	})
	t.Run("containers.conf_beats_the_host", func(t *testing.T) {
		got, err := load(t, "[engine]\ncgroup_manager = \"cgroupfs\"\n", Flags{}).CgroupManager()
		require.NoError(t, err)
		require.Equal(t, Choice{ManagerCgroupfs, "set in containers.conf"}, got)
	})
	t.Run("the_host_decides_else", func(t *testing.T) {
		got, err := load(t, "", Flags{}).CgroupManager()
		require.NoError(t, err)
		require.NotEmpty(t, got.Why)
		if !systemdIsInit() {
			require.Equal(t, ManagerCgroupfs, got.Value, "the library's default cannot work here")
		}
	})
	t.Run("no_other_word", func(t *testing.T) {
		const refusal = "unsupported Cgroup manager: none - cannot validate cgroup parent: invalid argument"
		_, err := Load(Flags{CgroupManager: "none"})
		require.EqualError(t, err, refusal, "even if no cgroup is made")
		_, err = load(t, "[engine]\ncgroup_manager = \"none\"\n", Flags{}).CgroupManager()
		require.EqualError(t, err, refusal)
	})
	t.Run("a_wish_that_cannot_be_is_refused_with_the_remedy", func(t *testing.T) {
		if systemdIsInit() {
			t.Skip("systemd is the init of this host")
		}
		for who, s := range map[string]*Settings{
			"set by --cgroup-manager": load(t, "", Flags{CgroupManager: ManagerSystemd}),
			"set in containers.conf":  load(t, "[engine]\ncgroup_manager = \"systemd\"\n", Flags{}),
		} {
			_, err := s.CgroupManager()
			require.ErrorIs(t, err, errdefs.ErrUnsupported)
			require.ErrorContains(t, err, who)
			require.ErrorContains(t, err, "use --cgroup-manager cgroupfs")
		}
	})
}

func TestOCIRuntime(t *testing.T) {
	dir := t.TempDir()
	mine, other := program(t, dir, "mine"), program(t, dir, "other")
	table := "[engine]\nruntime = \"other\"\n[engine.runtimes]\nother = [\"/nowhere/other\", \"" + other + "\"]\n"
	t.Run("the_flag_beats_containers.conf", func(t *testing.T) {
		got, err := load(t, table, Flags{Runtime: mine}).OCIRuntime()
		require.NoError(t, err)
		require.Equal(t, Choice{mine, "set by --runtime"}, got)
	})
	t.Run("containers.conf_beats_the_host_and_says_where_programs_are", func(t *testing.T) {
		got, err := load(t, table, Flags{}).OCIRuntime()
		require.NoError(t, err)
		require.Equal(t, Choice{other, "set in containers.conf"}, got)
	})
	t.Run("crun_is_preferred_where_it_works", func(t *testing.T) {
		bin := t.TempDir()
		crun, runc := program(t, bin, "crun"), program(t, bin, "runc")
		s := load(t, "[engine.runtimes]\ncrun = [\""+crun+"\"]\nrunc = [\""+runc+"\"]\n", Flags{})
		got, err := s.OCIRuntime()
		require.NoError(t, err)
		if crunRefusal() == "" {
			require.Equal(t, Choice{crun, "crun is preferred"}, got)
		} else {
			require.Equal(t, runc, got.Value)
			require.Contains(t, got.Why, "crun refuses this host")
		}
	})
	t.Run("a_missing_one_names_the_package", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := load(t, "", Flags{Runtime: "youki"}).OCIRuntime()
		require.ErrorIs(t, err, errdefs.ErrUnavailable)
		require.ErrorContains(t, err, `default OCI runtime "youki" not found: install the package youki`)
	})
	t.Run("a_path_must_be_a_program", func(t *testing.T) {
		plain := filepath.Join(t.TempDir(), "plain")
		require.NoError(t, os.WriteFile(plain, nil, 0o644))
		_, err := load(t, "", Flags{Runtime: plain}).OCIRuntime()
		require.ErrorContains(t, err, "no valid executable found for OCI runtime "+plain)
	})
}

func TestConmon(t *testing.T) {
	dir := t.TempDir()
	mine, theirs := program(t, dir, "mine"), program(t, dir, "conmon")
	inConf := "[engine]\nconmon_path = [\"/nowhere/conmon\", \"" + theirs + "\"]\n"
	got, err := load(t, inConf, Flags{Conmon: mine}).Conmon()
	require.NoError(t, err)
	require.Equal(t, mine, got)
	got, err = load(t, inConf, Flags{}).Conmon()
	require.NoError(t, err)
	require.Equal(t, theirs, got)
	t.Setenv("PATH", dir)
	got, err = load(t, "[engine]\nconmon_path = [\"/nowhere\"]\n", Flags{}).Conmon()
	require.NoError(t, err)
	require.Equal(t, theirs, got, "PATH comes last")
	t.Setenv("PATH", t.TempDir())
	_, err = load(t, "[engine]\nconmon_path = [\"/nowhere\"]\n", Flags{}).Conmon()
	require.ErrorContains(t, err, "conmon not found: install the package conmon")
	_, err = load(t, inConf, Flags{Conmon: "/nowhere"}).Conmon()
	require.ErrorContains(t, err, "conmon /nowhere is not an executable file")
}

func TestLogDriver(t *testing.T) {
	require.Equal(t, Choice{"none", "set in containers.conf"}, load(t, "[containers]\nlog_driver = \"none\"\n", Flags{}).LogDriver())
	if !systemdIsInit() {
		require.Equal(t, "k8s-file", load(t, "", Flags{}).LogDriver().Value, "the journal is for who asks")
	}
}

func TestInitBinary(t *testing.T) {
	got, err := load(t, "[containers]\ninit_path = \"/my/init\"\n", Flags{}).InitBinary()
	require.NoError(t, err)
	require.Equal(t, "/my/init", got, "the user's word is not second-guessed")
}
