package store

import (
	"testing"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/stretchr/testify/require"
)

// update runs fn in a transaction that must commit.
func update(t *testing.T, s *Store, fn func(*Tx)) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error { fn(tx); return nil }))
}

func view(t *testing.T, s *Store, fn func(*Tx)) {
	t.Helper()
	require.NoError(t, s.View(t.Context(), func(tx *Tx) error { fn(tx); return nil }))
}

// addPod and addContainer insert rows that say no more than they must; at is
// in seconds and orders them.
func addPod(t *testing.T, s *Store, id, name string, at int64) {
	t.Helper()
	update(t, s, func(tx *Tx) {
		require.NoError(t, tx.InsertPod(t.Context(), &pod.Pod{ID: id, Name: name, State: pod.Ready, Config: &pod.Config{}, CreatedAt: time.Unix(at, 0)}))
	})
}

func addContainer(t *testing.T, s *Store, podID, id, name string, at int64, deps ...string) {
	t.Helper()
	update(t, s, func(tx *Tx) {
		require.NoError(t, tx.InsertContainer(t.Context(), &container.Container{
			ID: id, Name: name, PodID: podID, State: container.Created, Config: &container.Config{}, CreatedAt: time.Unix(at, 0), DependsOn: deps,
		}))
	})
}

var someOwner = container.Owner{PID: 7, StartTime: 1<<63 + 1, BootID: "boot"}

func TestContainerRowKeepsEverything(t *testing.T) {
	s, ctx := open(t), t.Context()
	addPod(t, s, "aa", "web", 1)
	addContainer(t, s, "aa", "c0", "dep", 1)
	want := &container.Container{
		ID: "c1", Name: "one", PodID: "aa", State: container.Creating, Intent: "create", Owner: someOwner,
		CreatedAt: time.Unix(5, 6).UTC(), DependsOn: []string{"c0"},
		Config: &container.Config{InitType: "once", Image: container.Image{ID: "img"}, Labels: map[string]string{"a": "b"}, Process: container.Process{Command: []string{"sh"}}},
	}
	update(t, s, func(tx *Tx) { require.NoError(t, tx.InsertContainer(ctx, want)) })
	got := func() (c *container.Container) {
		view(t, s, func(tx *Tx) {
			var err error
			c, err = tx.Container(ctx, "c1")
			require.NoError(t, err)
		})
		return c
	}
	require.Equal(t, want, got())
	want.State, want.Intent, want.Owner = container.Exited, "", container.Owner{}
	want.Runtime = container.RunState{
		Process: container.Owner{PID: 1, StartTime: 2, BootID: "boot"}, Conmon: container.Owner{PID: 3, StartTime: 4, BootID: "boot"},
		StartedAt: time.Unix(7, 0).UTC(), FinishedAt: time.Unix(8, 0).UTC(), ExitCode: -1, Exited: true, OOMKilled: true, StoppedByUser: true,
		RestartCount: 9, Error: "why", Mountpoint: "/m", NetNS: "/n", NetStatus: map[string]types.StatusBlock{"podman": {DNSSearchDomains: []string{"dns"}}},
	}
	update(t, s, func(tx *Tx) { require.NoError(t, tx.SaveContainer(ctx, want)) })
	require.Equal(t, want, got())
	want.Name, want.Config.Labels = "two", map[string]string{"c": "d"}
	update(t, s, func(tx *Tx) { require.NoError(t, tx.SaveContainerConfig(ctx, want)) })
	require.Equal(t, want, got())
	want.Runtime = container.RunState{}
	update(t, s, func(tx *Tx) { require.NoError(t, tx.SaveContainer(ctx, want)) })
	require.Equal(t, want, got(), "and forgets everything")
}

func TestPodRowKeepsEverything(t *testing.T) {
	s, ctx := open(t), t.Context()
	want := &pod.Pod{
		ID: "aa", Name: "web", InfraID: "c1", State: pod.Creating, Owner: someOwner, CreatedAt: time.Unix(5, 6).UTC(),
		Config: &pod.Config{Labels: map[string]string{"a": "b"}, Share: []string{"net"}, CgroupPath: "/p"},
	}
	update(t, s, func(tx *Tx) { require.NoError(t, tx.InsertPod(ctx, want)) })
	check := func() {
		view(t, s, func(tx *Tx) {
			got, err := tx.Pod(ctx, "aa")
			require.NoError(t, err)
			require.Equal(t, want, got)
			all, err := tx.Pods(ctx)
			require.NoError(t, err)
			require.Equal(t, []*pod.Pod{want}, all)
		})
	}
	check()
	want.Name, want.InfraID, want.State, want.Owner = "web2", "c2", pod.Ready, container.Owner{}
	want.Config.ExitPolicy = "stop"
	update(t, s, func(tx *Tx) { require.NoError(t, tx.SavePod(ctx, want)) })
	check()
	require.Equal(t, map[string]string{"a": "b"}, want.Config.Labels, "saving must not change what is saved")
	update(t, s, func(tx *Tx) {
		require.NoError(t, tx.DeletePod(ctx, "aa"))
		require.NoError(t, tx.DeletePod(ctx, "aa"), "gone already is no error")
	})
}

func TestConstraints(t *testing.T) {
	ctx := t.Context()
	ctr := func(id, name, podID string, deps ...string) *container.Container {
		return &container.Container{ID: id, Name: name, PodID: podID, State: container.Created, Config: &container.Config{}, DependsOn: deps}
	}
	for name, tc := range map[string]struct {
		do   func(*Tx) error
		is   error
		says string
	}{
		"a_pod_name_is_taken_once": {func(tx *Tx) error {
			return tx.InsertPod(ctx, &pod.Pod{ID: "ff", Name: "web", State: pod.Ready, Config: &pod.Config{}})
		}, errdefs.ErrPodExists, `name "web" is in use: pod already exists`},
		"a_container_name_is_taken_once": {func(tx *Tx) error { return tx.InsertContainer(ctx, ctr("ff", "one", "")) },
			errdefs.ErrNameInUse, `creating container storage: the container name "one" is already in use by c1. You have to remove that container to be able to reuse that name: that name is already in use`},
		"a_pod_may_have_a_container's_name": {func(tx *Tx) error {
			return tx.InsertPod(ctx, &pod.Pod{ID: "ff", Name: "one", State: pod.Ready, Config: &pod.Config{}})
		}, nil, ""},
		"an_id_of_a_pod_is_no_id_for_a_container": {func(tx *Tx) error { return tx.InsertContainer(ctx, ctr("aa", "new", "")) },
			errdefs.ErrExists, "ID aa was used before"},
		"an_id_of_what_is_gone_is_not_used_again": {func(tx *Tx) error {
			require.NoError(t, tx.DeleteContainer(ctx, "c2"))
			return tx.InsertContainer(ctx, ctr("c2", "new", ""))
		}, errdefs.ErrExists, "ID c2 was used before"},
		"a_pod_stays_while_it_has_containers": {func(tx *Tx) error { return tx.DeletePod(ctx, "aa") }, errdefs.ErrInUse, "pod aa still has containers"},
		"a_dependency_stays_while_it_is_needed": {func(tx *Tx) error { return tx.DeleteContainer(ctx, "c1") },
			errdefs.ErrDependents, "container c1 has dependent containers which must be removed before it: c2: container already exists"},
		"no_container_joins_a_pod_that_is_gone": {func(tx *Tx) error { return tx.InsertContainer(ctx, ctr("ff", "new", "bb")) },
			errdefs.ErrNoSuchPod, "no pod with name or ID bb found: no such pod"},
		"no_container_depends_on_what_is_gone": {func(tx *Tx) error { return tx.InsertContainer(ctx, ctr("ff", "new", "", "c9")) },
			errdefs.ErrNoSuchCtr, `"c9" is not a valid container, cannot be used as a dependency: no such container`},
		"no_container_mounts_a_volume_that_is_gone": {func(tx *Tx) error {
			c := ctr("ff", "new", "")
			c.Config.Storage.Volumes = []container.VolumeMount{{Name: "v"}}
			return tx.InsertContainer(ctx, c)
		}, errdefs.ErrNoSuchVolume, `no volume with name "v" found: no such volume`},
		"a_rename_to_a_taken_name": {func(tx *Tx) error { return tx.SaveContainerConfig(ctx, ctr("c2", "one", "")) }, errdefs.ErrCtrExists, `name "one" is in use`},
		"saving_a_container_that_is_gone": {func(tx *Tx) error { return tx.SaveContainer(ctx, ctr("c9", "x", "")) },
			errdefs.ErrNoSuchCtr, `no container with name or ID "c9" found`},
		"saving_a_pod_that_is_gone": {func(tx *Tx) error { return tx.SavePod(ctx, &pod.Pod{ID: "bb"}) }, errdefs.ErrNoSuchPod, "no pod with name or ID bb found"},
		"reading_a_container_that_is_gone": {func(tx *Tx) error { _, err := tx.Container(ctx, "c9"); return err },
			errdefs.ErrNoSuchCtr, `no container with name or ID "c9" found: no such container`},
		"reading_a_pod_that_is_gone": {func(tx *Tx) error { _, err := tx.Pod(ctx, "bb"); return err },
			errdefs.ErrNoSuchPod, "no pod with name or ID bb found: no such pod"},
		"deleting_a_container_that_is_gone": {func(tx *Tx) error { return tx.DeleteContainer(ctx, "c9") }, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			addPod(t, s, "aa", "web", 1)
			addContainer(t, s, "aa", "c1", "one", 1)
			addContainer(t, s, "aa", "c2", "two", 2, "c1")
			err := s.Update(ctx, tc.do)
			if tc.is == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, tc.is)
			require.ErrorContains(t, err, tc.says)
		})
	}
}

func TestContainerQueries(t *testing.T) {
	s, ctx := open(t), t.Context()
	addPod(t, s, "aa", "web", 1)
	addPod(t, s, "bb", "db", 2)
	addContainer(t, s, "aa", "c3", "infra", 1)
	addContainer(t, s, "aa", "c1", "one", 2, "c3")
	addContainer(t, s, "bb", "c2", "two", 3)
	addContainer(t, s, "", "c4", "alone", 4, "c2")
	update(t, s, func(tx *Tx) {
		c, err := tx.Container(ctx, "c1")
		require.NoError(t, err)
		c.Intent, c.Owner = "start", someOwner
		require.NoError(t, tx.SaveContainer(ctx, c))
		require.NoError(t, tx.SetContainerNetworks(ctx, "c3", []string{"n1", "n2"}))
		require.NoError(t, tx.SetContainerNetworks(ctx, "c3", []string{"n2", "n3"}))
	})
	ids := func(list []*container.Container, err error) (out []string) {
		require.NoError(t, err)
		for _, c := range list {
			out = append(out, c.ID)
		}
		return out
	}
	view(t, s, func(tx *Tx) {
		require.Equal(t, []string{"c3", "c1", "c2", "c4"}, ids(tx.Containers(ctx)), "oldest first")
		require.Equal(t, []string{"c3", "c1"}, ids(tx.PodContainers(ctx, "aa")))
		require.Empty(t, ids(tx.PodContainers(ctx, "cc")))
		busy, err := tx.ContainersBusy(ctx)
		require.NoError(t, err)
		require.Equal(t, []Busy{{ID: "c1", PodID: "aa", Owner: someOwner}}, busy)
		deps, err := tx.Dependents(ctx, "c2")
		require.NoError(t, err)
		require.Equal(t, []string{"c4"}, deps)
		on, err := tx.ContainersOnNetwork(ctx, "n2")
		require.NoError(t, err)
		require.Equal(t, []string{"c3"}, on)
		on, err = tx.ContainersOnNetwork(ctx, "n1")
		require.NoError(t, err)
		require.Empty(t, on)
		counts, err := tx.Counts(ctx)
		require.NoError(t, err)
		require.Equal(t, map[container.State]int{container.Created: 4}, counts)
	})
	update(t, s, func(tx *Tx) { require.NoError(t, tx.DropEdges(ctx, "c2")) })
	view(t, s, func(tx *Tx) {
		all, err := tx.Containers(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"c3"}, all[1].DependsOn, "the edges of others stay")
		require.Empty(t, all[3].DependsOn, "an edge to it is dropped too")
	})
}

func TestContainersUsingImage(t *testing.T) {
	s, ctx := open(t), t.Context()
	update(t, s, func(tx *Tx) {
		for id, image := range map[string]string{"c2": "img", "c1": "img", "c3": "other", "c4": ""} {
			require.NoError(t, tx.InsertContainer(ctx, &container.Container{ID: id, Name: id, State: container.Created,
				Config: &container.Config{Image: container.Image{ID: image}}}))
		}
		ids, err := tx.ContainersUsingImage(ctx, "img")
		require.NoError(t, err)
		require.Equal(t, []string{"c1", "c2"}, ids)
	})
}

// TestContainersUp: it is read by every command that changes something, so it must
// not cost a look at each container's configuration.
func TestContainersUp(t *testing.T) {
	s, ctx := open(t), t.Context()
	process, conmon := container.Owner{PID: 7, StartTime: 70, BootID: "boot"}, container.Owner{PID: 8, StartTime: 80, BootID: "boot"}
	for i, state := range []container.State{container.Created, container.Running, container.Paused, container.Exited, container.Stopping} {
		id := string(rune('a' + i))
		addContainer(t, s, "", id, "name-"+id, 1)
		update(t, s, func(tx *Tx) {
			c, err := tx.Container(ctx, id)
			require.NoError(t, err)
			c.State, c.Runtime.Process, c.Runtime.Conmon = state, process, conmon
			require.NoError(t, tx.SaveContainer(ctx, c))
		})
	}
	view(t, s, func(tx *Tx) {
		up, err := tx.ContainersUp(ctx)
		require.NoError(t, err)
		require.Equal(t, []Up{{"b", process, conmon}, {"c", process, conmon}}, up)
		plan, err := collect(ctx, tx, func(row scanner) (detail string, err error) {
			var a, b, c int
			return detail, row.Scan(&a, &b, &c, &detail)
		}, "EXPLAIN QUERY PLAN "+upQuery)
		require.NoError(t, err)
		require.Contains(t, plan[0], "COVERING INDEX containers_up")
	})
}
