package bundle

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/containers/common/pkg/secrets"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

const testID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// input is a bundle over a root file system with a few files in /etc.
func input(t *testing.T) Input {
	t.Helper()
	dir := t.TempDir()
	in := Input{
		Container: &container.Container{ID: testID, Name: "web", Config: &container.Config{Image: container.Image{ID: "feed"}}},
		Dir:       filepath.Join(dir, "bundle"),
		Spec:      container.SpecInput{Rootfs: filepath.Join(dir, "rootfs")},
		// Not to depend on what the host gives its containers.
		DefaultMountsFile: os.DevNull,
	}
	in.Container.Config.Command = []string{"true"}
	if uid, gid := uint32(os.Getuid()), uint32(os.Getgid()); uid != 0 {
		// Only to oneself may files be given without privileges.
		in.Spec.UIDMappings = []specs.LinuxIDMapping{{HostID: uid, Size: 1}}
		in.Spec.GIDMappings = []specs.LinuxIDMapping{{HostID: gid, Size: 1}}
	}
	makeRootfs(t, in.Spec.Rootfs)
	return in
}

func write(t *testing.T, in Input) *Result {
	t.Helper()
	result, err := Write(t.Context(), in)
	require.NoError(t, err)
	return result
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

func sourceOf(spec *specs.Spec, destination string) string {
	for _, m := range spec.Mounts {
		if m.Destination == destination {
			return m.Source
		}
	}
	return ""
}

func TestWrite(t *testing.T) {
	t.Run("may_be_repeated", func(t *testing.T) {
		in := input(t)
		in.Container.Config.User = "4321"
		in.Hostname = HostnameFile("web")
		first := write(t, in)
		second := write(t, in)
		require.Equal(t, first, second)
		var stored specs.Spec
		require.NoError(t, json.Unmarshal([]byte(text(t, filepath.Join(in.Dir, ConfigName))), &stored))
		require.Equal(t, second.Spec.Mounts, stored.Mounts)
		require.Equal(t, "web\n", text(t, second.HostnamePath))
		require.NoError(t, Remove(in.Dir))
		require.NoError(t, Remove(in.Dir))
	})
	t.Run("members_bind_the_files_of_infra", func(t *testing.T) {
		in := input(t)
		in.Hosts, in.ResolvConf = File{From: "/infra/hosts"}, File{From: "/infra/resolv.conf"}
		result := write(t, in)
		require.Equal(t, "/infra/hosts", sourceOf(result.Spec, "/etc/hosts"))
		require.Equal(t, "/infra/resolv.conf", result.ResolvConfPath)
		require.Empty(t, sourceOf(result.Spec, "/etc/hostname"))
	})
	t.Run("a_missing_volume_is_refused", func(t *testing.T) {
		in := input(t)
		in.Container.Config.Storage.Volumes = []container.VolumeMount{{Name: "v", Destination: "/v"}}
		_, err := Write(t.Context(), in)
		require.EqualError(t, err, "volume v at /v is not mounted: internal error")
	})
	t.Run("own_mounts_go_over_the_pods", func(t *testing.T) {
		in := input(t)
		data := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(data, "sub"), 0o755))
		in.Container.Config.Storage.Mounts = []container.Mount{
			{Type: "bind", Source: data, SubPath: "sub", Destination: "/d", Inherited: true},
			{Type: "bind", Source: data, Destination: "/d"},
			{Type: "bind", Source: data, SubPath: "sub", Destination: "/sub", Inherited: true},
		}
		spec := write(t, in).Spec
		require.Equal(t, data, sourceOf(spec, "/d"))
		require.Equal(t, filepath.Join(data, "sub"), sourceOf(spec, "/sub"))
	})
	t.Run("a_subpath_stays_in_its_volume", func(t *testing.T) {
		in := input(t)
		volume := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(volume, "etc"), 0o755))
		require.NoError(t, os.Symlink("/etc", filepath.Join(volume, "link")))
		in.Spec.Volumes = map[string]string{"v": volume}
		in.Container.Config.Storage.Volumes = []container.VolumeMount{{Name: "v", Destination: "/v", SubPath: "link"}}
		require.Equal(t, filepath.Join(volume, "etc"), sourceOf(write(t, in).Spec, "/v"))
		in.Container.Config.Storage.Volumes[0].SubPath = "none"
		_, err := Write(t.Context(), in)
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
	})
	t.Run("image_mounts_need_an_image_store", func(t *testing.T) {
		in := input(t)
		in.Container.Config.Storage.Mounts = []container.Mount{{Type: "image", Source: "i", Destination: "/i"}}
		_, err := Write(t.Context(), in)
		require.ErrorIs(t, err, errdefs.ErrUnsupported)
		image := t.TempDir()
		in.ImageMount = func(context.Context, string) (string, error) { return image, nil }
		spec := write(t, in).Spec
		require.Equal(t, image, sourceOf(spec, "/i"))
	})
}

func TestWorkDir(t *testing.T) {
	t.Run("of_the_image_is_made", func(t *testing.T) {
		in := input(t)
		in.Container.Config.WorkDir = "/srv/app"
		write(t, in)
		require.DirExists(t, filepath.Join(in.Spec.Rootfs, "srv/app"))
	})
	t.Run("of_the_user_must_be_there", func(t *testing.T) {
		in := input(t)
		in.Container.Config.WorkDir, in.WorkDirGiven = "/srv/app", true
		_, err := Write(t.Context(), in)
		require.EqualError(t, err, `workdir "/srv/app" does not exist on container `+testID)
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
	})
	t.Run("in_a_volume_is_not_looked_for", func(t *testing.T) {
		in := input(t)
		in.Container.Config.WorkDir, in.WorkDirGiven = "/v/app", true
		in.Container.Config.Storage.Mounts = []container.Mount{{Type: "tmpfs", Destination: "/v"}}
		write(t, in)
	})
	t.Run("stays_in_the_root_file_system", func(t *testing.T) {
		in := input(t)
		outside := t.TempDir()
		require.NoError(t, os.Symlink(outside, filepath.Join(in.Spec.Rootfs, "srv")))
		in.Container.Config.WorkDir = "/srv/app"
		_, err := Write(t.Context(), in)
		require.Error(t, err)
		require.NoDirExists(t, filepath.Join(outside, "app"))
	})
}

func TestLookupUser(t *testing.T) {
	rootfs := filepath.Join(t.TempDir(), "rootfs")
	makeRootfs(t, rootfs)
	for _, tc := range []struct {
		spec   string
		groups []string
		want   container.ExecUser
		name   string
	}{
		{"", nil, container.ExecUser{Home: "/root", Groups: []uint32{0}}, "root"},
		{"app", nil, container.ExecUser{UID: 1000, GID: 1000, Home: "/home/app", Groups: []uint32{10, 1000}}, "app"},
		{"1000:wheel", nil, container.ExecUser{UID: 1000, GID: 10, Home: "/home/app", Groups: []uint32{10}}, "app"},
		{"app", []string{"audio", "77", "audio"}, container.ExecUser{UID: 1000, GID: 1000, Home: "/home/app", Groups: []uint32{10, 29, 77, 1000}}, "app"},
		{"app", []string{"keep-groups"}, container.ExecUser{UID: 1000, GID: 1000, Home: "/home/app", Groups: []uint32{10, 1000}}, "app"},
		{"4321", nil, container.ExecUser{UID: 4321, Home: "/", Groups: []uint32{0}}, ""},
		{"4321:55", nil, container.ExecUser{UID: 4321, GID: 55, Home: "/", Groups: []uint32{55}}, ""},
	} {
		user, name, err := LookupUser(rootfs, tc.spec)
		require.NoError(t, err, tc.spec)
		require.NoError(t, supplement(rootfs, &user, tc.groups), tc.spec)
		require.Equal(t, tc.want, user, tc.spec)
		require.Equal(t, tc.name, name, tc.spec)
	}
	t.Run("unknown_names_are_not_found", func(t *testing.T) {
		_, _, err := LookupUser(rootfs, "nobody")
		require.EqualError(t, err, "unable to find user nobody: no matching entries in passwd file")
		require.ErrorIs(t, err, errdefs.ErrNotFound)
		_, _, err = LookupUser(rootfs, "app:none")
		require.EqualError(t, err, "unable to find group none: no matching entries in group file")
		err = supplement(rootfs, &container.ExecUser{}, []string{"none"})
		require.EqualError(t, err, "Unable to find group none: no matching entries in group file")
		require.ErrorIs(t, err, errdefs.ErrNotFound)
	})
	t.Run("links_mean_what_they_mean_inside", func(t *testing.T) {
		passwd := filepath.Join(rootfs, "etc/passwd")
		require.NoError(t, os.MkdirAll(filepath.Join(rootfs, "store"), 0o755))
		require.NoError(t, os.Rename(passwd, filepath.Join(rootfs, "store/passwd")))
		require.NoError(t, os.Symlink("/../../store/passwd", passwd))
		user, _, err := LookupUser(rootfs, "app")
		require.NoError(t, err)
		require.EqualValues(t, 1000, user.UID)
	})
	t.Run("an_empty_image_has_numbers", func(t *testing.T) {
		user, _, err := LookupUser(t.TempDir(), "5:6")
		require.NoError(t, err)
		require.Equal(t, container.ExecUser{UID: 5, GID: 6, Home: "/", Groups: []uint32{6}}, user)
	})
}

func TestAccounts(t *testing.T) {
	t.Run("an_unknown_user_is_added_once", func(t *testing.T) {
		in := input(t)
		in.Container.Config.User, in.Container.Config.WorkDir = "4321:55", "/tmp"
		write(t, in)
		spec := write(t, in).Spec
		passwd := text(t, filepath.Join(in.Spec.Rootfs, "etc/passwd"))
		require.Equal(t, "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n4321:*:4321:55:container user:/tmp:/bin/sh\n", passwd)
		require.Equal(t, "root:x:0:\napp:x:1000:\nwheel:x:10:app\naudio:x:29:\n55:x:55:4321\n", text(t, filepath.Join(in.Spec.Rootfs, "etc/group")))
		require.Empty(t, sourceOf(spec, "/etc/passwd"))
	})
	t.Run("an_image_without_any_is_left_alone", func(t *testing.T) {
		in := input(t)
		require.NoError(t, os.RemoveAll(filepath.Join(in.Spec.Rootfs, "etc")))
		write(t, in)
		require.NoFileExists(t, filepath.Join(in.Spec.Rootfs, "etc/passwd"))
		in.Container.Config.User = "0"
		write(t, in)
		require.Equal(t, "0:*:0:0:container user:/:/bin/sh\n", text(t, filepath.Join(in.Spec.Rootfs, "etc/passwd")))
	})
	t.Run("an_unknown_group_of_a_known_user_is_added", func(t *testing.T) {
		in := input(t)
		in.Container.Config.User = "app:55"
		write(t, in)
		require.Contains(t, text(t, filepath.Join(in.Spec.Rootfs, "etc/group")), "\n55:x:55:app\n")
		require.NotContains(t, text(t, filepath.Join(in.Spec.Rootfs, "etc/passwd")), "55")
	})
	t.Run("of_a_read_only_container_are_bound", func(t *testing.T) {
		in := input(t)
		in.Container.Config.User, in.Container.Config.Storage.ReadOnly = "4321", true
		spec := write(t, in).Spec
		require.NotContains(t, text(t, filepath.Join(in.Spec.Rootfs, "etc/passwd")), "4321")
		require.Contains(t, text(t, sourceOf(spec, "/etc/passwd")), "\n4321:*:4321:0:container user:/:/bin/sh\n")
	})
	t.Run("may_be_left_alone_or_worded", func(t *testing.T) {
		in := input(t)
		in.Container.Config.User, in.Container.Config.NoPasswd = "4321", true
		write(t, in)
		require.NotContains(t, text(t, filepath.Join(in.Spec.Rootfs, "etc/passwd")), "4321")
		in.Container.Config.NoPasswd, in.Container.Config.PasswdEntry = false, "me:x:$UID:$GID:$NAME:$HOME:/sh"
		in.Container.Config.GroupEntry = "us:x:$GID:me"
		in.Container.Config.User = "4321:56"
		write(t, in)
		require.Contains(t, text(t, filepath.Join(in.Spec.Rootfs, "etc/passwd")), "\nme:x:4321:56:container user:/:/sh\n")
		require.Contains(t, text(t, filepath.Join(in.Spec.Rootfs, "etc/group")), "\nus:x:56:me\n")
	})
}

func TestSecrets(t *testing.T) {
	in := input(t)
	in.SecretsDir = filepath.Join(t.TempDir(), "secrets")
	store, err := secrets.NewManager(in.SecretsDir)
	require.NoError(t, err)
	_, err = store.Store("password", []byte("hush"), "file", secrets.StoreOptions{DriverOpts: map[string]string{"path": in.SecretsDir}})
	require.NoError(t, err)
	in.Container.Config.Storage.Secrets = []container.Secret{
		{Name: "password", Type: "mount"}, {Name: "password", Type: "mount", Target: "/etc/pw", Mode: 0o400}, {Name: "password", Type: "env", Target: "PW"},
	}
	spec := write(t, in).Spec
	require.Equal(t, "hush", text(t, sourceOf(spec, "/run/secrets/password")))
	require.Equal(t, "hush", text(t, sourceOf(spec, "/etc/pw")))
	require.Contains(t, spec.Process.Env, "PW=hush")
	for destination, mode := range map[string]os.FileMode{"/run/secrets/password": 0o444, "/etc/pw": 0o400} {
		st, err := os.Stat(sourceOf(spec, destination))
		require.NoError(t, err)
		require.Equal(t, mode, st.Mode(), destination)
	}

	t.Run("stay_when_they_are_gone", func(t *testing.T) {
		_, err := store.Delete("password")
		require.NoError(t, err)
		write(t, in)
	})
	t.Run("unknown_ones_are_not_found", func(t *testing.T) {
		in.Container.Config.Storage.Secrets = []container.Secret{{Name: "other"}}
		_, err := Write(t.Context(), in)
		require.ErrorIs(t, err, errdefs.ErrNoSuchSecret)
	})
}

func TestDevices(t *testing.T) {
	t.Run("are_made_and_allowed", func(t *testing.T) {
		in := input(t)
		device, path := "/dev/null:/dev/nil:r", "/dev/nil"
		if os.Geteuid() != 0 {
			device, path = "/dev/null:r", "/dev/null" // nodes cannot be made, so they cannot be renamed
		}
		in.Container.Config.Security.Devices = []string{device}
		in.Container.Config.Security.DeviceRules = []string{"b 8:* rm"}
		linux := write(t, in).Spec.Linux
		require.Len(t, linux.Devices, 1)
		require.Equal(t, path, linux.Devices[0].Path)
		require.Equal(t, []int64{1, 3}, []int64{linux.Devices[0].Major, linux.Devices[0].Minor})
		one, three, eight := int64(1), int64(3), int64(8)
		require.Equal(t, []specs.LinuxDeviceCgroup{
			{Access: "rwm"},
			{Allow: true, Type: "c", Major: &one, Minor: &three, Access: "r"},
			{Allow: true, Type: "b", Major: &eight, Access: "rm"},
		}, linux.Resources.Devices)
	})
	t.Run("are_bound_without_root", func(t *testing.T) {
		in := input(t)
		in.Spec.Rootless = true
		in.Container.Config.Security.Devices = []string{"/dev/null"}
		spec := write(t, in).Spec
		require.Empty(t, spec.Linux.Devices)
		require.Equal(t, "/dev/null", sourceOf(spec, "/dev/null"))
	})
	for device, want := range map[string]string{
		"/dev/nonesuch": "stat /dev/nonesuch: no such file or directory", "nvidia.com/gpu=all": "setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=all",
		"/dev/null:x": "invalid device mode: x", "/etc/passwd": "not a device",
	} {
		in := input(t)
		in.Container.Config.Security.Devices = []string{device}
		_, err := Write(t.Context(), in)
		require.ErrorContains(t, err, want)
	}
	for _, rule := range []string{"", "c 1:3", "x 1:3 r", "c 1 r", "c 1:y r", "c 1:3 q"} {
		_, err := parseDeviceRule(rule)
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument, rule)
	}
}

func TestSeccomp(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "p.json")
	require.NoError(t, os.WriteFile(profile, []byte(`{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["chroot"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_CHROOT"]}}]}`), 0o600))
	for name, tc := range map[string]struct {
		security container.Security
		caps     []string
		want     string
		rules    int
	}{
		"a_file":                {container.Security{Seccomp: profile}, nil, "SCMP_ACT_LOG", 0},
		"depends_on_the_caps":   {container.Security{Seccomp: profile}, []string{"CAP_SYS_CHROOT"}, "SCMP_ACT_LOG", 1},
		"unconfined":            {container.Security{Seccomp: "unconfined"}, nil, "", 0},
		"privileged":            {container.Security{Privileged: true}, nil, "", 0},
		"privileged_but_wanted": {container.Security{Privileged: true, Seccomp: profile}, nil, "SCMP_ACT_LOG", -1},
		"default":               {container.Security{}, nil, "SCMP_ACT_ERRNO", -1},
	} {
		t.Run(name, func(t *testing.T) {
			in := input(t)
			in.Container.Config.Security, in.Spec.DefaultCaps = tc.security, tc.caps
			w := &writer{Input: in, cfg: in.Container.Config}
			got, err := w.seccompProfile()
			require.NoError(t, err)
			if tc.want == "" {
				require.Nil(t, got)
				return
			}
			require.EqualValues(t, tc.want, got.DefaultAction)
			if tc.rules >= 0 {
				require.Len(t, got.Syscalls, tc.rules)
			}
		})
	}
	in := input(t)
	in.Container.Config.Security.Seccomp = "/nonesuch"
	_, err := Write(t.Context(), in)
	require.ErrorContains(t, err, "opening seccomp profile failed: open /nonesuch: no such file or directory")
}

func TestEscape(t *testing.T) {
	require.Equal(t, `/a\:b\,c\\d`, escape(`/a:b,c\d`, `\:,`))
}

func TestRemoveRefusesTheRoot(t *testing.T) {
	require.Error(t, Remove("/"))
	require.Error(t, Remove("relative"))
}

func BenchmarkWrite(b *testing.B) {
	dir := b.TempDir()
	in := Input{
		Container: &container.Container{ID: testID, Config: &container.Config{Image: container.Image{ID: "feed"}}},
		Dir:       filepath.Join(dir, "bundle"), Spec: container.SpecInput{Rootfs: filepath.Join(dir, "rootfs")},
	}
	in.Container.Config.Command = []string{"true"}
	if err := os.MkdirAll(in.Spec.Rootfs, 0o755); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Write(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}
