package container

import (
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestSpecDefaultMounts(t *testing.T) {
	const (
		proc   = "proc proc /proc nosuid,noexec,nodev"
		dev    = "tmpfs tmpfs /dev nosuid,strictatime,mode=755,size=65536k"
		sys    = "sysfs sysfs /sys nosuid,noexec,nodev,ro"
		pts    = "devpts devpts /dev/pts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"
		mqueue = "mqueue mqueue /dev/mqueue nosuid,noexec,nodev"
		cgroup = "cgroup cgroup /sys/fs/cgroup rprivate,nosuid,noexec,nodev,relatime,ro"
		shm    = "tmpfs shm /dev/shm nosuid,noexec,nodev,mode=1777,rw,size=67108864"
	)
	require.Equal(t, []string{proc, dev, sys, pts, mqueue, shm, cgroup}, mounts(specOf(t, func(*Config, *SpecInput) {})))

	number := func(n int64) *int64 { return &n }
	for _, tc := range []struct {
		name   string
		change func(*Config, *SpecInput)
		at     []string
		want   []string
	}{
		{"shm_is_bound_where_it_is_shared", func(_ *Config, in *SpecInput) { in.ShmPath = "/b/shm" },
			[]string{"/dev/shm"}, []string{"bind /b/shm /dev/shm bind,rprivate,nosuid,noexec,nodev,rw"}},
		{"shm_of_the_host", func(c *Config, _ *SpecInput) { c.Namespaces.IPC.Mode = ModeHost },
			[]string{"/dev/shm"}, []string{"bind /dev/shm /dev/shm bind,rprivate,nosuid,noexec,nodev,rw"}},
		{"no_shm", func(c *Config, _ *SpecInput) { c.Namespaces.IPC.Mode = ModeNone }, []string{"/dev/shm"}, nil},
		{"shm_without_limit", func(c *Config, _ *SpecInput) { c.Storage.ShmSize = number(0) },
			[]string{"/dev/shm"}, []string{"tmpfs shm /dev/shm nosuid,noexec,nodev,mode=1777,rw"}},
		{"privileged_may_write", func(c *Config, _ *SpecInput) { c.Security.Privileged = true }, []string{"/sys", "/sys/fs/cgroup"},
			[]string{"sysfs sysfs /sys nosuid,noexec,nodev,rw", "cgroup cgroup /sys/fs/cgroup rprivate,nosuid,noexec,nodev,relatime,rw"}},
		{"proc_options", func(c *Config, _ *SpecInput) { c.Security.ProcOpts = []string{"hidepid=2"} }, []string{"/proc"}, []string{proc + ",hidepid=2"}},
		{"a_user_namespace_cannot_mount_what_is_the_hosts", func(c *Config, in *SpecInput) {
			c.Namespaces.User.Mode, c.Namespaces.Net.Mode, c.Namespaces.PID.Mode, c.Namespaces.IPC.Mode = ModePrivate, ModeHost, ModeHost, ModeHost
			in.GIDMappings = []specs.LinuxIDMapping{{HostID: 1000, Size: 5}}
		}, []string{"/proc", "/sys", "/dev/mqueue", "/dev/pts"}, []string{
			"bind /proc /proc rbind,rprivate,nosuid,noexec,nodev", "bind /sys /sys rprivate,nosuid,noexec,nodev,ro,rbind",
			"devpts devpts /dev/pts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620",
			"bind /dev/mqueue /dev/mqueue bind,nosuid,noexec,nodev"}},
		{"nor_one_joined_what_was_made_outside", func(c *Config, in *SpecInput) {
			c.Namespaces.User.Mode, c.Namespaces.Net.Mode = ModePod, ModePod
			in.Namespaces = map[string]string{"user": "/proc/7/ns/user", "net": "/run/netns/x"}
			in.Foreign = map[string]bool{"net": true}
		}, []string{"/sys"}, []string{"bind /sys /sys rprivate,nosuid,noexec,nodev,ro,rbind"}},
		{"but_one_that_belongs_to_its_own", func(c *Config, in *SpecInput) {
			c.Namespaces.User.Mode, c.Namespaces.Net.Mode = ModePod, ModePod
			in.Namespaces = map[string]string{"user": "/proc/7/ns/user", "net": "/proc/7/ns/net"}
		}, []string{"/sys"}, []string{"sysfs sysfs /sys nosuid,noexec,nodev,ro"}},
		{"no_queues_of_a_host_without", func(c *Config, in *SpecInput) {
			c.Namespaces.User.Mode, c.Namespaces.IPC.Mode, in.NoHostMqueue = ModePrivate, ModeHost, true
		}, []string{"/dev/mqueue"}, nil},
		{"read_only_leaves_places_to_write", func(c *Config, _ *SpecInput) { c.Storage.ReadOnly, c.Storage.ReadOnlyTmpfs = true, true },
			[]string{"/run", "/tmp", "/var/tmp", "/dev"}, []string{"tmpfs tmpfs /run rprivate,nosuid,nodev,tmpcopyup", dev,
				"tmpfs tmpfs /tmp rprivate,nosuid,nodev,tmpcopyup", "tmpfs tmpfs /var/tmp rprivate,nosuid,nodev,tmpcopyup"}},
		{"read_only_without_them", func(c *Config, _ *SpecInput) { c.Storage.ReadOnly = true },
			[]string{"/run", "/tmp", "/dev", "/dev/shm"}, []string{dev + ",ro", "tmpfs shm /dev/shm nosuid,noexec,nodev,mode=1777,ro,size=67108864"}},
		{"systemd_v2", func(c *Config, _ *SpecInput) { c.Systemd, c.Storage.ShmSizeSystemd = "always", number(9) },
			[]string{"/run", "/run/lock", "/var/log/journal", "/sys/fs/cgroup"}, []string{
				"tmpfs tmpfs /run rprivate,nosuid,nodev,tmpcopyup,size=9", "tmpfs tmpfs /run/lock rprivate,nosuid,nodev,tmpcopyup,size=9",
				"cgroup cgroup /sys/fs/cgroup rprivate,nosuid,noexec,nodev,relatime,rw",
				"tmpfs tmpfs /var/log/journal rprivate,nosuid,nodev,tmpcopyup,size=9"}},
		{"systemd_v1", func(c *Config, in *SpecInput) { c.Systemd, in.CgroupV2 = "always", false },
			[]string{"/sys/fs/cgroup", "/sys/fs/cgroup/systemd"}, []string{
				cgroup, "bind /sys/fs/cgroup/systemd /sys/fs/cgroup/systemd bind,rprivate,nosuid,noexec,nodev"}},
		{"init_program", func(c *Config, in *SpecInput) { c.Init, in.InitPath = true, "/usr/bin/catatonit" },
			[]string{"/run/podman-init"}, []string{"bind /usr/bin/catatonit /run/podman-init bind,rprivate,ro"}},
		{"init_program_of_infra", func(c *Config, in *SpecInput) { *c, in.InitPath = Config{Infra: true}, "/usr/bin/catatonit" },
			[]string{"/catatonit", "/run/podman-init"}, []string{"bind /usr/bin/catatonit /catatonit bind,rprivate,ro"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.ElementsMatch(t, tc.want, mounts(specOf(t, tc.change), tc.at...))
		})
	}
}

func TestSpecUserMounts(t *testing.T) {
	for _, tc := range []struct {
		name   string
		mounts []Mount
		volume []VolumeMount
		at     []string
		want   []string
	}{
		{"binds_are_recursive_and_private", []Mount{{Type: "bind", Source: "/a", Destination: "/b"}}, nil,
			[]string{"/b"}, []string{"bind /a /b rbind,rprivate"}},
		{"options_of_the_user_stay", []Mount{{Type: "bind", Source: "/a", Destination: "/b/", Options: []string{"bind", "ro", "slave", "noexec"}}}, nil,
			[]string{"/b"}, []string{"bind /a /b bind,ro,slave,noexec"}},
		{"options_of_podctl_go", []Mount{{Type: "bind", Source: "/a", Destination: "/b", Options: []string{"z", "Z", "U", "copy", "nocopy", "idmap", "rw", "volume-opt=a=b"}}}, nil,
			[]string{"/b"}, []string{"bind /a /b rw,rbind,rprivate"}},
		{"tmpfs", []Mount{{Type: "tmpfs", Destination: "/b", Options: []string{"size=1k", "noexec"}}}, nil,
			[]string{"/b"}, []string{"tmpfs tmpfs /b size=1k,noexec,nosuid,nodev,tmpcopyup,rprivate"}},
		{"tmpfs_as_asked_for", []Mount{{Type: "tmpfs", Destination: "/b", Options: []string{"dev", "suid", "notmpcopyup", "U"}}}, nil,
			[]string{"/b"}, []string{"tmpfs tmpfs /b dev,suid,uid=0,gid=0,rprivate"}},
		{"volumes_have_no_devices", nil, []VolumeMount{{Name: "v", Destination: "/b", Options: []string{"ro", "suid"}}},
			[]string{"/b"}, []string{"bind /volumes/v /b ro,suid,nodev,rbind,rprivate"}},
		{"defaults_give_way", []Mount{{Type: "tmpfs", Destination: "/dev/shm"}, {Type: "bind", Source: "/h", Destination: "/etc/hosts"}}, nil,
			[]string{"/dev/shm", "/etc/hosts"}, []string{"tmpfs tmpfs /dev/shm nosuid,nodev,tmpcopyup,rprivate", "bind /h /etc/hosts rbind,rprivate"}},
		{"own_dev_brings_all_below", []Mount{{Type: "bind", Source: "/dev", Destination: "/dev"}}, nil,
			[]string{"/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"}, []string{"bind /dev /dev rbind,rprivate"}},
		{"own_go_over_the_pods", []Mount{{Type: "bind", Source: "/own", Destination: "/b"}, {Type: "bind", Source: "/pods", Destination: "/b", Inherited: true}}, nil,
			[]string{"/b"}, []string{"bind /own /b rbind,rprivate"}},
		{"parents_before_children", []Mount{{Type: "bind", Source: "/1", Destination: "/x/y/z"}, {Type: "bind", Source: "/2", Destination: "/x"}}, nil,
			[]string{"/x", "/x/y/z"}, []string{"bind /2 /x rbind,rprivate", "bind /1 /x/y/z rbind,rprivate"}},
		{"generated_files_stand_in_a_users_tmpfs", []Mount{{Type: "tmpfs", Destination: "/run"}}, nil,
			[]string{"/run", "/run/.containerenv"}, []string{"tmpfs tmpfs /run nosuid,nodev,tmpcopyup,rprivate", "bind /e /run/.containerenv bind,rprivate"}},
		{"the_hosts_run_is_not_marked_a_container", []Mount{{Type: "bind", Source: "/run", Destination: "/run"}}, nil,
			[]string{"/run", "/run/.containerenv"}, []string{"bind /run /run rbind,rprivate"}},
		{"prepared_ones_replace", []Mount{{Type: "glob", Source: "/lib/*", Destination: "/prepared"}}, nil,
			[]string{"/prepared", "/prepared/a", "/prepared/b"}, []string{"bind /lib/a /prepared/a ro,rbind,rprivate", "bind /lib/b /prepared/b rbind,rprivate"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			spec := specOf(t, func(c *Config, in *SpecInput) {
				c.Storage.Mounts, c.Storage.Volumes = tc.mounts, tc.volume
				in.Volumes = map[string]string{"v": "/volumes/v"}
				in.Files = []Mount{{Source: "/b/hosts", Destination: "/etc/hosts"}, {Source: "/e", Destination: "/run/.containerenv"}}
				in.Prepared = map[string][]Mount{"/prepared": {
					{Source: "/lib/a", Destination: "/prepared/a", Options: []string{"ro", "O"}}, {Source: "/lib/b", Destination: "/prepared/b"},
				}}
			})
			require.Equal(t, tc.want, mounts(spec, tc.at...))
		})
	}
	t.Run("what_was_not_prepared_is_refused", func(t *testing.T) {
		for _, m := range []Mount{{Type: "image", Source: "i", Destination: "/b"}, {Type: "glob", Destination: "/b"}} {
			require.ErrorIs(t, refusalOf(t, func(c *Config, _ *SpecInput) { c.Storage.Mounts = []Mount{m} }), errdefs.ErrInternal)
		}
	})
	t.Run("propagation_reaches_the_root", func(t *testing.T) {
		for option, want := range map[string]string{"rshared": "shared", "slave": "rslave", "rprivate": ""} {
			spec := specOf(t, func(c *Config, _ *SpecInput) {
				c.Storage.Mounts = []Mount{{Type: "bind", Source: "/a", Destination: "/b", Options: []string{option}}}
			})
			require.Equal(t, want, spec.Linux.RootfsPropagation, option)
		}
	})
}
