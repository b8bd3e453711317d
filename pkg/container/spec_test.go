package container

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

const testID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// sample is a container of an image, and what is looked up for it.
func sample() (*Container, SpecInput) {
	cfg := &Config{Image: Image{ID: "feed"}}
	cfg.Entrypoint, cfg.Command = []string{"serve"}, []string{"--all"}
	cfg.Env = []string{"PATH=/bin", "A=1"}
	return &Container{ID: testID, Config: cfg}, SpecInput{
		Rootfs: "/rootfs", CgroupsPath: "/pod/ctr", CgroupV2: true,
		User:          ExecUser{Home: "/root"},
		DefaultCaps:   []string{"CAP_CHOWN", "CAP_KILL"},
		BoundingCaps:  []string{"CAP_CHOWN", "CAP_KILL", "CAP_NET_ADMIN", "CAP_SYS_ADMIN"},
		MaskedPaths:   []string{"/proc/kcore", "/sys/firmware"},
		ReadonlyPaths: []string{"/proc/sys"},
		PidsLimit:     2048,
	}
}

// specOf is the spec of a changed sample.
func specOf(t *testing.T, change func(*Config, *SpecInput)) *specs.Spec {
	t.Helper()
	c, in := sample()
	change(c.Config, &in)
	spec, err := Spec(c, in)
	require.NoError(t, err)
	return spec
}

func refusalOf(t *testing.T, change func(*Config, *SpecInput)) error {
	t.Helper()
	c, in := sample()
	change(c.Config, &in)
	_, err := Spec(c, in)
	require.Error(t, err)
	return err
}

// mounts shows mounts as "TYPE SOURCE DESTINATION OPTION,OPTION".
func mounts(spec *specs.Spec, destinations ...string) (out []string) {
	for _, m := range spec.Mounts {
		if len(destinations) == 0 || slices.Contains(destinations, m.Destination) {
			out = append(out, strings.Join([]string{m.Type, m.Source, m.Destination, strings.Join(m.Options, ",")}, " "))
		}
	}
	return out
}

func TestSpecProcess(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*Config, *SpecInput)
		args   []string
		env    []string
	}{
		{"entrypoint_then_command", func(*Config, *SpecInput) {}, []string{"serve", "--all"},
			[]string{"PATH=/bin", "A=1", "container=podman", "HOME=/root", "HOSTNAME=0123456789ab"}},
		{"what_is_set_is_kept", func(c *Config, in *SpecInput) {
			c.Env = []string{"container=other", "HOME=/h", "HOSTNAME=n", "TERM=vt100"}
			c.Terminal = true
		}, []string{"serve", "--all"}, []string{"container=other", "HOME=/h", "HOSTNAME=n", "TERM=vt100"}},
		{"nothing_is_added_where_all_is_unset", func(c *Config, _ *SpecInput) { c.UnsetEnvAll, c.Env = true, []string{"A=1"} },
			[]string{"serve", "--all"}, []string{"A=1", "HOME=/root", "HOSTNAME=0123456789ab"}},
		{"a_terminal_has_a_type", func(c *Config, in *SpecInput) { c.Terminal, c.Hostname = true, "web" },
			[]string{"serve", "--all"}, []string{"PATH=/bin", "A=1", "TERM=xterm", "container=podman", "HOME=/root", "HOSTNAME=web"}},
		{"secrets_go_over_the_environment", func(c *Config, in *SpecInput) { in.Env = []string{"A=2", "B=3"} },
			[]string{"serve", "--all"}, []string{"PATH=/bin", "A=2", "B=3", "container=podman", "HOME=/root", "HOSTNAME=0123456789ab"}},
		{"the_name_of_a_joined_uts_namespace_counts", func(c *Config, in *SpecInput) {
			c.Hostname, in.Hostname = "own", "pod"
		}, []string{"serve", "--all"}, []string{"PATH=/bin", "A=1", "container=podman", "HOME=/root", "HOSTNAME=pod"}},
		{"an_init_goes_before", func(c *Config, in *SpecInput) { c.Init = true },
			[]string{"/run/podman-init", "--", "serve", "--all"},
			[]string{"PATH=/bin", "A=1", "container=podman", "HOME=/root", "HOSTNAME=0123456789ab"}},
		{"systemd_learns_its_machine", func(c *Config, in *SpecInput) { c.Systemd = "always" }, []string{"serve", "--all"},
			[]string{"PATH=/bin", "A=1", "container=podman", "container_uuid=" + testID[:32], "HOME=/root", "HOSTNAME=0123456789ab"}},
		{"infra_without_image_is_its_init", func(c *Config, in *SpecInput) {
			*c = Config{Infra: true}
		}, []string{"/catatonit", "-P"}, []string{"container=podman", "HOME=/root", "HOSTNAME=0123456789ab"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			spec := specOf(t, tc.change)
			require.Equal(t, tc.args, spec.Process.Args)
			require.Equal(t, tc.env, spec.Process.Env)
		})
	}
	t.Run("nothing_to_run_is_refused", func(t *testing.T) {
		err := refusalOf(t, func(c *Config, _ *SpecInput) { c.Entrypoint, c.Command = nil, nil })
		require.EqualError(t, err, "no command or entrypoint provided, and no CMD or ENTRYPOINT from image")
	})
	t.Run("an_impossible_oom_score_is_refused", func(t *testing.T) {
		least, low, high := -5, -6, -5
		err := refusalOf(t, func(c *Config, in *SpecInput) { c.Resources.OOMScoreAdj, in.MinOOMScoreAdj = &low, &least })
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
		spec := specOf(t, func(c *Config, in *SpecInput) { c.Resources.OOMScoreAdj, in.MinOOMScoreAdj = &high, &least })
		require.Equal(t, -5, *spec.Process.OOMScoreAdj)
	})
	t.Run("does_not_change_what_it_was_given", func(t *testing.T) {
		c, in := sample()
		in.Env = []string{"A=2"}
		_, err := Spec(c, in)
		require.NoError(t, err)
		want, _ := sample()
		require.Equal(t, want, c)
	})
}

func TestSystemdMode(t *testing.T) {
	for _, tc := range []struct {
		mode string
		argv []string
		want bool
	}{
		{"true", []string{"/sbin/init"}, true},
		{"true", []string{"/usr/local/sbin/init", "--x"}, true},
		{"true", []string{"/lib/systemd/systemd"}, true},
		{"true", []string{"init"}, false},
		{"true", []string{"sh", "/sbin/init"}, false},
		{"true", nil, false},
		{"false", []string{"/sbin/init"}, false},
		{"", []string{"/sbin/init"}, false},
		{"always", []string{"sh"}, true},
	} {
		cfg := &Config{Process: Process{Command: tc.argv, Systemd: tc.mode}}
		require.Equal(t, tc.want, cfg.SystemdMode(), "%s %v", tc.mode, tc.argv)
	}
}

func TestSpecVersion(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		change     func(*Config, *SpecInput)
	}{
		{"is_the_lowest", "1.0.0", func(*Config, *SpecInput) {}},
		{"rises_with_a_umask", "1.0.2", func(c *Config, _ *SpecInput) { c.Umask = "0022" }},
		{"rises_with_cgroup_v2_files", "1.0.2", func(c *Config, _ *SpecInput) { c.Resources.CgroupConf = map[string]string{"memory.high": "1"} }},
		{"stays_with_mapped_mounts_made_on_the_host", "1.0.0", func(c *Config, in *SpecInput) {
			c.Namespaces.User.Mode = ModePrivate
			in.UIDMappings = []specs.LinuxIDMapping{{HostID: 1000, Size: 10}}
			c.Storage.Mounts = []Mount{{Type: "bind", Source: "/a", Destination: "/b", Options: []string{"idmap"}}}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, specOf(t, tc.change).Version) })
	}
}

func TestSpecNamespaces(t *testing.T) {
	show := func(spec *specs.Spec) (out []string) {
		for _, ns := range spec.Linux.Namespaces {
			out = append(out, strings.TrimSuffix(string(ns.Type)+":"+ns.Path, ":"))
		}
		return out
	}
	for _, tc := range []struct {
		name     string
		change   func(*Config, *SpecInput)
		want     []string
		hostname string
	}{
		{"private_by_default", func(*Config, *SpecInput) {}, []string{"pid", "network", "ipc", "uts", "cgroup", "mount"}, "0123456789ab"},
		{"cgroup_of_the_host_with_v1", func(_ *Config, in *SpecInput) { in.CgroupV2 = false },
			[]string{"pid", "network", "ipc", "uts", "mount"}, "0123456789ab"},
		{"member_joins_infra", func(c *Config, in *SpecInput) {
			c.Namespaces.Net.Mode, c.Namespaces.IPC.Mode, c.Namespaces.UTS.Mode = ModePod, ModePod, ModePod
			in.Namespaces = map[string]string{"net": "/run/netns/x", "ipc": "/proc/7/ns/ipc", "uts": "/proc/7/ns/uts"}
		}, []string{"pid", "network:/run/netns/x", "ipc:/proc/7/ns/ipc", "uts:/proc/7/ns/uts", "cgroup", "mount"}, ""},
		{"host_is_no_namespace", func(c *Config, in *SpecInput) {
			c.Namespaces.Net.Mode, c.Namespaces.PID.Mode, c.Namespaces.UTS.Mode = ModeHost, ModeHost, ModeHost
		}, []string{"ipc", "cgroup", "mount"}, ""},
		{"made_beforehand", func(c *Config, in *SpecInput) {
			c.Namespaces.Net.Mode, in.Namespaces = ModeBridge, map[string]string{"net": "/run/netns/x"}
		}, []string{"pid", "network:/run/netns/x", "ipc", "uts", "cgroup", "mount"}, "0123456789ab"},
		{"a_path_is_joined", func(c *Config, in *SpecInput) { c.Namespaces.PID = Namespace{Mode: ModePath, Value: "/ns/pid"} },
			[]string{"pid:/ns/pid", "network", "ipc", "uts", "cgroup", "mount"}, "0123456789ab"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			spec := specOf(t, tc.change)
			require.Equal(t, tc.want, show(spec))
			require.Equal(t, tc.hostname, spec.Hostname)
		})
	}
	t.Run("nothing_to_join_is_refused", func(t *testing.T) {
		err := refusalOf(t, func(c *Config, _ *SpecInput) { c.Namespaces.IPC.Mode = ModePod })
		require.ErrorContains(t, err, "no ipc namespace to join (pod): internal error")
	})
}

func TestSpecSysctls(t *testing.T) {
	defaults := func(in *SpecInput) {
		in.DefaultSysctls = map[string]string{"net.ipv4.ping_group_range": "0 0", "kernel.msgmax": "9", "vm.x": "1"}
	}
	require.Equal(t, map[string]string{"net.ipv4.ping_group_range": "0 0", "kernel.msgmax": "1"}, specOf(t, func(c *Config, in *SpecInput) {
		defaults(in)
		c.Security.Sysctls = map[string]string{"kernel.msgmax": "1"}
	}).Linux.Sysctl)
	require.Empty(t, specOf(t, func(c *Config, in *SpecInput) {
		defaults(in)
		c.Namespaces.Net.Mode, c.Namespaces.IPC.Mode = ModeHost, ModePod
		in.Namespaces = map[string]string{"ipc": "/proc/7/ns/ipc"}
	}).Linux.Sysctl, "defaults are for namespaces of the container's own")
	err := refusalOf(t, func(c *Config, _ *SpecInput) {
		c.Namespaces.Net.Mode = ModeHost
		c.Security.Sysctls = map[string]string{"net.core.somaxconn": "1"}
	})
	require.EqualError(t, err, `sysctl net.core.somaxconn=1 can't be set since Network Namespace set to host: invalid argument`)
	require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
}

func TestSpecCapabilities(t *testing.T) {
	all := []string{"CAP_CHOWN", "CAP_KILL", "CAP_NET_ADMIN", "CAP_SYS_ADMIN"}
	for _, tc := range []struct {
		name                         string
		change                       func(*Config, *SpecInput)
		bounding, effective, ambient []string
	}{
		{"root_has_the_defaults", func(*Config, *SpecInput) {}, all[:2], all[:2], nil},
		{"add_and_drop", func(c *Config, _ *SpecInput) {
			c.Security.CapAdd, c.Security.CapDrop = []string{"net_admin"}, []string{"CAP_KILL"}
		}, []string{"CAP_CHOWN", "CAP_NET_ADMIN"}, []string{"CAP_CHOWN", "CAP_NET_ADMIN"}, nil},
		{"drop_all_leaves_what_is_added", func(c *Config, _ *SpecInput) {
			c.Security.CapAdd, c.Security.CapDrop = []string{"NET_ADMIN"}, []string{"all"}
		}, []string{"CAP_NET_ADMIN"}, []string{"CAP_NET_ADMIN"}, nil},
		{"add_all_is_what_podctl_has", func(c *Config, _ *SpecInput) {
			c.Security.CapAdd, c.Security.CapDrop = []string{"ALL"}, []string{"CAP_SYS_ADMIN"}
		}, all[:3], all[:3], nil},
		{"privileged_is_what_podctl_has", func(c *Config, _ *SpecInput) { c.Security.Privileged = true }, all, all, nil},
		{"a_user_has_none", func(_ *Config, in *SpecInput) { in.User.UID = 7 }, all[:2], nil, nil},
		{"a_user_has_what_was_added", func(c *Config, in *SpecInput) {
			in.User.UID, c.Security.CapAdd = 7, []string{"NET_ADMIN"}
		}, all[:3], []string{"CAP_NET_ADMIN"}, []string{"CAP_NET_ADMIN"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			caps := specOf(t, tc.change).Process.Capabilities
			require.Equal(t, tc.bounding, caps.Bounding)
			require.ElementsMatch(t, tc.effective, caps.Effective)
			require.ElementsMatch(t, tc.effective, caps.Permitted)
			require.ElementsMatch(t, tc.ambient, caps.Ambient)
			require.ElementsMatch(t, tc.ambient, caps.Inheritable)
		})
	}
	err := refusalOf(t, func(c *Config, _ *SpecInput) { c.Security.CapAdd = []string{"CAP_FLY"} })
	require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
}

func TestSpecMaskedPaths(t *testing.T) {
	for _, tc := range []struct {
		name             string
		security         Security
		masked, readonly []string
	}{
		{"defaults", Security{}, []string{"/proc/kcore", "/sys/firmware"}, []string{"/proc/sys"}},
		{"mask_adds", Security{Mask: []string{"/a:/b", "/proc/kcore"}}, []string{"/proc/kcore", "/sys/firmware", "/a", "/b"}, []string{"/proc/sys"}},
		{"unmask_takes_patterns", Security{Unmask: []string{"/proc/*"}}, []string{"/sys/firmware"}, nil},
		{"unmask_all", Security{Unmask: []string{"ALL"}, Mask: []string{"/a"}}, []string{"/a"}, nil},
		{"privileged_sees_all", Security{Privileged: true}, nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			spec := specOf(t, func(c *Config, _ *SpecInput) { c.Security = tc.security })
			require.ElementsMatch(t, tc.masked, spec.Linux.MaskedPaths)
			require.ElementsMatch(t, tc.readonly, spec.Linux.ReadonlyPaths)
		})
	}
}

func TestSpecRlimits(t *testing.T) {
	maximum := map[string]uint64{"RLIMIT_NOFILE": 20000, "RLIMIT_NPROC": 9000, "RLIMIT_CORE": unlimited}
	show := func(kind string, soft, hard uint64) specs.POSIXRlimit {
		return specs.POSIXRlimit{Type: kind, Soft: soft, Hard: hard}
	}
	for _, tc := range []struct {
		name   string
		change func(*Config, *SpecInput)
		want   []specs.POSIXRlimit
	}{
		{"many_by_default", func(*Config, *SpecInput) {},
			[]specs.POSIXRlimit{show("RLIMIT_NOFILE", 1048576, 1048576), show("RLIMIT_NPROC", 1048576, 1048576)}},
		{"defaults_are_lowered_to_what_is_possible", func(_ *Config, in *SpecInput) { in.MaxRlimits = maximum },
			[]specs.POSIXRlimit{show("RLIMIT_NOFILE", 20000, 20000), show("RLIMIT_NPROC", 9000, 9000)}},
		{"own_go_over_containers_conf", func(c *Config, in *SpecInput) {
			in.Rlimits = []specs.POSIXRlimit{show("nofile", 1, 2), show("core", 0, 0)}
			c.Resources.Rlimits = []specs.POSIXRlimit{show("RLIMIT_NOFILE", 3, 4)}
		}, []specs.POSIXRlimit{show("RLIMIT_CORE", 0, 0), show("RLIMIT_NOFILE", 3, 4), show("RLIMIT_NPROC", 1048576, 1048576)}},
		{"unlimited_is_as_much_as_possible", func(c *Config, in *SpecInput) {
			in.MaxRlimits = maximum
			c.Resources.Rlimits = []specs.POSIXRlimit{show("nofile", unlimited, unlimited), show("core", unlimited, unlimited)}
		}, []specs.POSIXRlimit{show("RLIMIT_CORE", unlimited, unlimited), show("RLIMIT_NOFILE", 20000, 20000), show("RLIMIT_NPROC", 9000, 9000)}},
		{"host_sets_none", func(c *Config, _ *SpecInput) { c.Resources.RlimitsHost = true }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, specOf(t, tc.change).Process.Rlimits) })
	}
	err := refusalOf(t, func(c *Config, in *SpecInput) {
		in.MaxRlimits = maximum
		c.Resources.Rlimits = []specs.POSIXRlimit{show("nofile", 1, 30000)}
	})
	require.EqualError(t, err, "ulimit nofile=30000 is above 20000, the most podctl may set here: raise podctl's own limit, "+
		"ask for less, or use -1 for the most possible: invalid argument")
}

func TestSpecResources(t *testing.T) {
	t.Run("pids", func(t *testing.T) {
		number := func(n int64) *int64 { return &n }
		for _, tc := range []struct {
			own, updated *int64
			want         int64
		}{{nil, nil, 2048}, {number(5), nil, 5}, {number(0), nil, 0}, {number(-1), nil, 0}, {nil, number(7), 7}} {
			res := specOf(t, func(c *Config, _ *SpecInput) {
				c.Resources.PidsLimit = tc.own
				if tc.updated != nil {
					c.Resources.Linux = &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: *tc.updated}}
				}
			}).Linux.Resources
			if tc.want == 0 {
				require.Nil(t, res.Pids)
				continue
			}
			require.Equal(t, tc.want, res.Pids.Limit)
		}
	})
	t.Run("devices_are_denied_first", func(t *testing.T) {
		res := specOf(t, func(_ *Config, in *SpecInput) {
			in.DeviceRules = []specs.LinuxDeviceCgroup{{Allow: true, Type: "c", Access: "r"}}
		}).Linux.Resources
		require.Equal(t, []specs.LinuxDeviceCgroup{{Access: "rwm"}, {Allow: true, Type: "c", Access: "r"}}, res.Devices)
		require.True(t, specOf(t, func(c *Config, _ *SpecInput) { c.Security.Privileged = true }).Linux.Resources.Devices[0].Allow)
		require.Empty(t, specOf(t, func(_ *Config, in *SpecInput) { in.Rootless = true }).Linux.Resources.Devices)
	})
	t.Run("no_cgroup_no_limits", func(t *testing.T) {
		spec := specOf(t, func(c *Config, _ *SpecInput) { c.Resources.CgroupMode = "disabled" })
		require.Nil(t, spec.Linux.Resources)
		require.Empty(t, spec.Linux.CgroupsPath)
	})
	t.Run("files_of_v2_are_refused_on_v1", func(t *testing.T) {
		err := refusalOf(t, func(c *Config, in *SpecInput) {
			in.CgroupV2, c.Resources.CgroupConf = false, map[string]string{"memory.high": "1"}
		})
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
	})
}

func BenchmarkSpec(b *testing.B) {
	c, in := sample()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Spec(c, in); err != nil {
			b.Fatal(err)
		}
	}
}
