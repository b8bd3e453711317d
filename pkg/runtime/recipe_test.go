package runtime

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
)

func TestRecipe(t *testing.T) {
	size := int64(64)
	from := origin{
		dir: "/state/a",
		pod: &pod.Pod{ID: "p", Config: &pod.Config{CgroupPath: "/parent/p"}},
		infra: &container.Container{ID: "i", Config: &container.Config{
			Storage:  container.Storage{ShmSize: &size},
			Security: container.Security{Devices: []string{"/dev/x"}, Seccomp: "unconfined", NoNewPrivs: true},
		}},
	}
	member := func() *container.Config {
		return &container.Config{
			Image:     container.Image{ID: "img", Name: "localhost/x:1", RawName: "x:1"},
			Process:   container.Process{Entrypoint: []string{"/e"}, Command: []string{"c"}, WorkDir: "/w"},
			Lifecycle: container.Lifecycle{CIDFile: "/c", PidFile: "/p", ConmonPidFile: "/m"},
			Log:       container.Log{Driver: "k8s-file", Path: "/state/a/ctr.log"},
			Storage: container.Storage{
				ShmSize:     &size,
				Mounts:      []container.Mount{{Type: "bind", Source: "/s", Destination: "/own"}, {Type: "bind", Source: "/s", Destination: "/pod", Inherited: true}},
				Volumes:     []container.VolumeMount{{Name: "data", Destination: "/data"}, {Name: "0a", Destination: "/anon", Anonymous: true}, {Name: "v", Destination: "/podvol", Inherited: true}},
				VolumesFrom: []string{"gone"},
			},
			Namespaces: container.Namespaces{
				Net: container.Namespace{Mode: container.ModeContainer, Value: "i"}, PID: container.Namespace{Mode: container.ModeContainer, Value: "b"},
			},
			Security:  container.Security{Devices: []string{"/dev/own", "/dev/x"}, Seccomp: "unconfined", NoNewPrivs: true},
			Resources: container.Resources{CgroupParent: "/parent/p"},
		}
	}
	t.Run("a_member_asks_for_what_is_its_own", func(t *testing.T) {
		source := member()
		got, err := recipe(source, from)
		require.NoError(t, err)
		want := member()
		want.Entrypoint, want.WorkDir, want.Lifecycle, want.Log.Path, want.Resources.CgroupParent = nil, "", container.Lifecycle{}, "", ""
		want.Storage = container.Storage{
			Mounts:  want.Storage.Mounts[:1],
			Volumes: []container.VolumeMount{{Name: "data", Destination: "/data"}, {Destination: "/anon", Anonymous: true}},
		}
		want.Namespaces.Net = container.Namespace{Mode: container.ModePod}
		want.Security = container.Security{Devices: []string{"/dev/own"}}
		require.Equal(t, want, got)
		require.Equal(t, member(), source, "the source must not change")
	})
	t.Run("what_the_user_gave_stays", func(t *testing.T) {
		source := member()
		source.EntrypointSet, source.WorkDirGiven, source.Log.Path, source.Resources.CgroupParent = true, true, "/var/log/x", "/mine"
		source.Security = container.Security{Devices: []string{"/dev/own"}, Seccomp: "/profile"}
		got, err := recipe(source, from)
		require.NoError(t, err)
		require.Equal(t, []string{"/e"}, got.Entrypoint)
		require.Equal(t, "/w", got.WorkDir)
		require.Equal(t, "/var/log/x", got.Log.Path)
		require.Equal(t, "/mine", got.Resources.CgroupParent)
		require.Equal(t, source.Security, got.Security)
	})
	t.Run("outside_pods_namespaces_stay", func(t *testing.T) {
		got, err := recipe(member(), origin{dir: "/state/a"})
		require.NoError(t, err)
		require.Equal(t, member().Namespaces, got.Namespaces)
	})
}

func TestCloneName(t *testing.T) {
	for source, tc := range map[string]struct {
		taken []string
		want  string
	}{
		"web":        {nil, "web-clone"},
		"db":         {[]string{"db-clone"}, "db-clone1"},
		"x":          {[]string{"x-clone", "x-clone1", "x-clone3"}, "x-clone2"},
		"web-clone":  {nil, "web-clone1"},
		"web-clone3": {[]string{"web-clone"}, "web-clone4"},
		"clone":      {nil, "clone-clone"},
	} {
		t.Run(source, func(t *testing.T) {
			got, err := cloneName(source, func(name string) (bool, error) {
				for _, n := range tc.taken {
					if n == name {
						return true, nil
					}
				}
				return false, nil
			})
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}
