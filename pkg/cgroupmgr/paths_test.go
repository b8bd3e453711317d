package cgroupmgr

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/stretchr/testify/require"
)

func TestPodPath(t *testing.T) {
	const notSlice = "did not receive systemd slice as cgroup parent when using systemd to manage cgroups: invalid argument"
	const isSlice = "systemd slice received as cgroup parent when using cgroupfs: invalid argument"
	root, user := &systemd{}, &systemd{rootless: true, uid: 1000}
	fsRoot, fsUser := &cgroupfs{defaultParent: "/podctl_parent"}, &cgroupfs{rootless: true, defaultParent: "/podctl_parent"}
	for _, c := range []struct {
		name    string
		m       Manager
		parent  string
		want    string
		wantErr string
	}{
		{"systemd default", root, "", "machine.slice/machine-podctl_pod_abc.slice", ""},
		{"systemd parent", root, "web.slice", "web.slice/web-podctl_pod_abc.slice", ""},
		{"systemd nested parent", root, "a-b.slice", "a-b.slice/a-b-podctl_pod_abc.slice", ""},
		{"systemd rootless", user, "", "user.slice/user-1000.slice/user@1000.service/user.slice/user-podctl_pod_abc.slice", ""},
		{"systemd path", root, "/podctl_parent", "", notSlice},
		{"systemd too short", root, "slice", "", notSlice},
		{"cgroupfs default", fsRoot, "", "/podctl_parent/abc", ""},
		{"cgroupfs parent", fsRoot, "/web", "/web/abc", ""},
		{"cgroupfs relative parent", fsRoot, "web", "web/abc", ""},
		{"cgroupfs rootless", fsUser, "", "", ""},
		{"cgroupfs rootless parent", fsUser, "/mine", "/mine/abc", ""},
		{"cgroupfs slice", fsRoot, "machine.slice", "", isSlice},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.m.PodPath(c.parent, "abc")
			if c.wantErr != "" {
				require.EqualError(t, err, c.wantErr)
				require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
				require.EqualError(t, c.m.ValidateParent(c.parent), c.wantErr)
				return
			}
			require.NoError(t, err)
			require.NoError(t, c.m.ValidateParent(c.parent))
			require.Equal(t, c.want, got)
		})
	}
	for _, id := range []string{"", ".", "..", "a/b"} {
		_, err := fsRoot.PodPath("", id)
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument, "id %q", id)
	}
}

func TestContainerPath(t *testing.T) {
	root, user := &systemd{}, &systemd{rootless: true, uid: 1000}
	fsRoot, fsUser := &cgroupfs{defaultParent: "/podctl_parent"}, &cgroupfs{rootless: true, defaultParent: "/podctl_parent"}
	for _, c := range []struct {
		name, parent, oci, cgroup string
		m                         Manager
	}{
		{"systemd in a pod", "machine.slice/machine-podctl_pod_p.slice", "machine-podctl_pod_p.slice:podctl:c",
			"/machine.slice/machine-podctl_pod_p.slice/podctl-c.scope", root},
		{"systemd alone", "", "machine.slice:podctl:c", "/machine.slice/podctl-c.scope", root},
		{"systemd in a nested slice", "a-b.slice", "a-b.slice:podctl:c", "/a.slice/a-b.slice/podctl-c.scope", root},
		{"systemd rootless", "", "user.slice:podctl:c", "/user.slice/user-1000.slice/user@1000.service/user.slice/podctl-c.scope", user},
		{"cgroupfs in a pod", "/podctl_parent/p", "/podctl_parent/p/podctl-c", "/podctl_parent/p/podctl-c", fsRoot},
		{"cgroupfs alone", "", "/podctl_parent/podctl-c", "/podctl_parent/podctl-c", fsRoot},
		{"cgroupfs below a relative parent", "web/p", "/web/p/podctl-c", "/web/p/podctl-c", fsRoot},
		{"cgroupfs parent cannot leave the tree", "../../etc", "/etc/podctl-c", "/etc/podctl-c", fsRoot},
		{"cgroupfs rootless has none", "", "", "", fsUser},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.oci, c.m.ContainerPath(c.parent, "c"))
			require.Equal(t, c.cgroup, c.m.ContainerCgroup(c.parent, "c"))
		})
	}
}

func TestSlices(t *testing.T) {
	for slice, want := range map[string]struct{ parent, cgroup string }{
		"-.slice":     {"-.slice", ""},
		"a.slice":     {"-.slice", "a.slice"},
		"a-b.slice":   {"a.slice", "a.slice/a-b.slice"},
		"a-b-c.slice": {"a-b.slice", "a.slice/a-b.slice/a-b-c.slice"},
	} {
		require.Equal(t, want.cgroup, expandSlice(slice), slice)
		require.Equal(t, want.parent, parentSlice(slice), slice)
	}
	require.Equal(t, "x.slice", childSlice("-.slice", "x"))
	require.Equal(t, "a-b-x.slice", childSlice("a-b.slice", "x"))
}

// systemd refuses these names, or starts a slice without a cgroup.
func TestNamesOfSlices(t *testing.T) {
	m := newHost(t, Systemd, V2)
	for _, name := range []string{"a--b.slice", "-a.slice", "a-.slice", ".slice", "a b.slice", "a@b.slice", "ä.slice", strings.Repeat("a", 174) + ".slice"} {
		err := m.ValidateParent(name)
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument, name)
		require.ErrorContains(t, err, "is no name of a slice: use", name)
		_, err = m.PodPath(name, "web")
		require.Error(t, err, name)
	}
	for _, name := range []string{"-.slice", "a.slice", "a-b_c.d-e.slice", "some/a.slice", strings.Repeat("a", 173) + ".slice"} {
		require.NoError(t, m.ValidateParent(name), name)
	}
	// One that was recorded all the same can be removed.
	require.NoError(t, m.RemovePod(t.Context(), "a b.slice/a b-podctl_pod_web.slice"))
	require.Empty(t, m.bus.calls)
}

func TestNew(t *testing.T) {
	_, err := New("fancy", Config{})
	require.EqualError(t, err, "unsupported Cgroup manager: fancy - cannot validate cgroup parent: invalid argument")
	require.ErrorIs(t, err, errdefs.ErrInvalidArgument)

	_, err = New(Cgroupfs, Config{Root: t.TempDir()})
	require.ErrorIs(t, err, errdefs.ErrUnsupported)

	root := newKernel(t, Hybrid).root
	for name, parents := range map[string][2]string{Cgroupfs: {"/podctl_parent", ""}, Systemd: {"machine.slice", "user.slice"}} {
		for i, rootless := range []bool{false, true} {
			m, err := New(name, Config{Root: root, Rootless: rootless, UID: 1000})
			require.NoError(t, err)
			require.Equal(t, name, m.Name())
			require.Equal(t, parents[i], m.DefaultParent())
		}
	}
}

func TestDetect(t *testing.T) {
	for _, kind := range []Kind{V1, Hybrid, V2} {
		t.Run(string(kind), func(t *testing.T) {
			k := newKernel(t, kind)
			l, err := Detect(k.root)
			require.NoError(t, err)
			require.Equal(t, kind, l.Kind)
			require.True(t, kind == V2 || l.SwapAccounting())

			cpu, ok := l.hierarchy("cpu", "cpu")
			require.True(t, ok)
			require.Equal(t, kind == V2, cpu.Unified)
			if kind != V2 {
				require.Equal(t, filepath.Join(k.root, "cpu,cpuacct"), cpu.Dir, "not the link to it")
			}
			_, ok = l.hierarchy("systemd", "systemd")
			require.False(t, ok, "a named hierarchy has no controller")
		})
	}
	t.Run("v2 accounts swap if any cgroup shows it", func(t *testing.T) {
		k := newKernel(t, V2)
		l, err := Detect(k.root)
		require.NoError(t, err)
		require.False(t, l.SwapAccounting())
		k.run("/a")
		require.True(t, l.SwapAccounting())
	})
	t.Run("v1 without swap accounting", func(t *testing.T) {
		k := newKernel(t, V1)
		require.NoError(t, os.Remove(filepath.Join(k.root, "memory", "memory.memsw.limit_in_bytes")))
		l, err := Detect(k.root)
		require.NoError(t, err)
		require.False(t, l.SwapAccounting())
	})
}

func TestCallerFamily(t *testing.T) {
	family := callerFamily()
	require.GreaterOrEqual(t, len(family), 2)
	require.Equal(t, os.Getpid(), family[0])
	require.Equal(t, os.Getppid(), family[1])
}
