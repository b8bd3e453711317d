package store

import (
	"testing"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/stretchr/testify/require"
)

func TestVolumes(t *testing.T) {
	s, ctx := open(t), t.Context()
	want := &Volume{Name: "data", State: VolumeCreating, Owner: someOwner, Anonymous: true, CreatedAt: time.Unix(1, 2).UTC(), Config: []byte(`{"a":1}`)}
	update(t, s, func(tx *Tx) {
		require.NoError(t, tx.InsertVolume(ctx, want))
		for _, name := range []string{"db1", "db2", "used"} {
			require.NoError(t, tx.InsertVolume(ctx, &Volume{Name: name, State: VolumeReady, Config: []byte("{}")}))
		}
		c := &container.Container{ID: "c1", Name: "one", State: container.Created, Config: &container.Config{}}
		c.Config.Storage.Volumes = []container.VolumeMount{{Name: "used", Destination: "/a"}, {Name: "used", Destination: "/b"}}
		require.NoError(t, tx.InsertContainer(ctx, c))
	})
	view(t, s, func(tx *Tx) {
		got, err := tx.Volume(ctx, "data")
		require.NoError(t, err)
		require.Equal(t, want, got)
		busy, err := tx.VolumesInTransition(ctx)
		require.NoError(t, err)
		require.Equal(t, []*Volume{want}, busy)
		all, err := tx.Volumes(ctx)
		require.NoError(t, err)
		require.Len(t, all, 4)
		users, err := tx.VolumeUsers(ctx)
		require.NoError(t, err)
		require.Equal(t, map[string][]string{"used": {"c1"}}, users)
		ids, err := tx.ContainersUsingVolume(ctx, "used")
		require.NoError(t, err)
		require.Equal(t, []string{"c1"}, ids)
		for text, name := range map[string]string{"db1": "db1", "us": "used"} {
			got, err := tx.LookupVolume(ctx, text)
			require.NoError(t, err)
			require.Equal(t, name, got)
		}
		for text, is := range map[string]error{"": errdefs.ErrEmptyName, "db": errdefs.ErrAmbiguousVolume, "gone": errdefs.ErrNoSuchVolume, "data": errdefs.ErrNoSuchVolume} {
			_, err := tx.LookupVolume(ctx, text)
			require.ErrorIs(t, err, is, text)
		}
		_, err = tx.Volume(ctx, "gone")
		require.EqualError(t, err, `no volume with name "gone" found: no such volume`)
	})
	err := s.Update(ctx, func(tx *Tx) error { return tx.InsertVolume(ctx, want) })
	require.EqualError(t, err, "volume with name data already exists: volume already exists")
	err = s.Update(ctx, func(tx *Tx) error { return tx.DeleteVolume(ctx, "used") })
	require.EqualError(t, err, "volume used is being used by the following container(s): c1: volume is being used")
	err = s.Update(ctx, func(tx *Tx) error { return tx.SaveVolume(ctx, &Volume{Name: "gone"}) })
	require.ErrorIs(t, err, errdefs.ErrNoSuchVolume)
	want.State, want.Owner, want.Config = VolumeReady, container.Owner{}, []byte("{}")
	update(t, s, func(tx *Tx) {
		require.NoError(t, tx.SaveVolume(ctx, want))
		require.NoError(t, tx.DeleteContainer(ctx, "c1"), "its mounts go with it")
		require.NoError(t, tx.DeleteVolume(ctx, "used"))
		require.NoError(t, tx.DeleteVolume(ctx, "used"), "gone already is no error")
		busy, err := tx.VolumesInTransition(ctx)
		require.NoError(t, err)
		require.Empty(t, busy)
	})
}

func TestEvents(t *testing.T) {
	s, ctx := open(t), t.Context()
	clock := time.Unix(100, 0)
	s.now = func() time.Time { clock = clock.Add(time.Second); return clock }
	code := -1
	want := event.Event{Type: event.Container, Status: event.Died, ID: "c1", Name: "one", Image: "img", PodID: "aa", Network: "n",
		ExitCode: &code, Error: "why", Health: "healthy", HealthStreak: 2, HealthLog: "{}", Attributes: map[string]string{"a": "b"}}
	for range 3 {
		update(t, s, func(tx *Tx) { require.NoError(t, tx.AddEvent(ctx, want)) })
	}
	err := s.Update(ctx, func(tx *Tx) error {
		require.NoError(t, tx.AddEvent(ctx, want))
		return errdefs.ErrInUse
	})
	require.Error(t, err)
	view(t, s, func(tx *Tx) {
		all, err := tx.Events(ctx, EventQuery{})
		require.NoError(t, err)
		require.Len(t, all, 3, "an event of what did not happen is no event")
		want.Seq, want.Time = 1, time.Unix(101, 0).UTC()
		require.Equal(t, want, all[0])
		for name, tc := range map[string]struct {
			q    EventQuery
			seqs []int64
		}{
			"after":           {EventQuery{AfterSeq: 1}, []int64{2, 3}},
			"since_inclusive": {EventQuery{Since: time.Unix(102, 0)}, []int64{2, 3}},
			"until_inclusive": {EventQuery{Until: time.Unix(102, 0)}, []int64{1, 2}},
			"between":         {EventQuery{Since: time.Unix(102, 0), Until: time.Unix(102, 0)}, []int64{2}},
		} {
			list, err := tx.Events(ctx, tc.q)
			require.NoError(t, err)
			var seqs []int64
			for _, e := range list {
				seqs = append(seqs, e.Seq)
			}
			require.Equal(t, tc.seqs, seqs, name)
		}
		last, err := tx.LastEventSeq(ctx)
		require.NoError(t, err)
		require.Equal(t, int64(3), last)
	})
}

func TestExecSessions(t *testing.T) {
	s, ctx := open(t), t.Context()
	addContainer(t, s, "", "c1", "one", 1)
	want := &ExecSession{ID: "e1", ContainerID: "c1", CreatedAt: time.Unix(1, 0).UTC(), Config: []byte("{}")}
	update(t, s, func(tx *Tx) {
		require.NoError(t, tx.InsertExecSession(ctx, want))
		want.Process = someOwner
		require.NoError(t, tx.SaveExecSession(ctx, want))
		got, err := tx.ExecSession(ctx, "e1")
		require.NoError(t, err)
		require.Equal(t, want, got)
		for container, n := range map[string]int{"": 1, "c1": 1, "c2": 0} {
			list, err := tx.ExecSessions(ctx, container)
			require.NoError(t, err)
			require.Len(t, list, n)
		}
	})
	err := s.Update(ctx, func(tx *Tx) error { return tx.InsertExecSession(ctx, &ExecSession{ID: "e2", ContainerID: "c2"}) })
	require.ErrorIs(t, err, errdefs.ErrNoSuchCtr)
	update(t, s, func(tx *Tx) {
		require.NoError(t, tx.DeleteContainer(ctx, "c1"), "its sessions go with it")
		_, err := tx.ExecSession(ctx, "e1")
		require.EqualError(t, err, "no exec session with ID e1 found: no such exec session")
		require.NoError(t, tx.DeleteExecSession(ctx, "e1"))
	})
}

func TestExitCodesOutliveTheirContainersForAWhile(t *testing.T) {
	s, ctx := open(t), t.Context()
	clock := time.Unix(1000, 0)
	s.now = func() time.Time { return clock }
	addContainer(t, s, "", "c1", "stays", 1)
	addContainer(t, s, "", "c2", "goes", 1)
	code := func(id string) (n int, err error) {
		view(t, s, func(tx *Tx) { n, err = tx.ExitCode(ctx, id) })
		return n, err
	}
	update(t, s, func(tx *Tx) {
		require.NoError(t, tx.SaveExitCode(ctx, "c1", 1))
		require.NoError(t, tx.SaveExitCode(ctx, "c2", 2))
		require.NoError(t, tx.SaveExitCode(ctx, "c2", 3))
		require.NoError(t, tx.DeleteContainer(ctx, "c2"))
	})
	n, err := code("c2")
	require.NoError(t, err)
	require.Equal(t, 3, n)
	clock = clock.Add(exitCodeLifetime + time.Second)
	update(t, s, func(tx *Tx) { require.NoError(t, tx.SaveExitCode(ctx, "c3", 0)) })
	_, err = code("c2")
	require.EqualError(t, err, "exit code of container c2: no such exit code")
	n, err = code("c1")
	require.NoError(t, err, "that of a container that is there stays")
	require.Equal(t, 1, n)
}

func TestPodSummaries(t *testing.T) {
	s, ctx := open(t), t.Context()
	addPod(t, s, "aa", "old", 1)
	update(t, s, func(tx *Tx) {
		require.NoError(t, tx.InsertPod(ctx, &pod.Pod{ID: "bb", Name: "new", InfraID: "c1", State: pod.Removing, CreatedAt: time.Unix(2, 0),
			Config: &pod.Config{Labels: map[string]string{"a": "b"}, CgroupParent: "/parent"}}))
		require.NoError(t, tx.InsertPod(ctx, &pod.Pod{ID: "cc", Name: "half", State: pod.Creating, Config: &pod.Config{}, CreatedAt: time.Unix(3, 0)}))
		for _, c := range []*container.Container{
			{ID: "c2", Name: "member", PodID: "bb", State: container.Created, Config: &container.Config{InitType: "always"}, CreatedAt: time.Unix(4, 0)},
			{ID: "c1", Name: "infra", PodID: "bb", State: container.Created, Config: &container.Config{}, CreatedAt: time.Unix(3, 0)},
			{ID: "c3", Name: "half", PodID: "bb", State: container.Creating, Config: &container.Config{}, CreatedAt: time.Unix(5, 0)},
		} {
			require.NoError(t, tx.InsertContainer(ctx, c))
		}
		c, err := tx.Container(ctx, "c1")
		require.NoError(t, err)
		c.State, c.Runtime.Process, c.Runtime.RestartCount = container.Running, someOwner, 2
		require.NoError(t, tx.SaveContainer(ctx, c))
		require.NoError(t, tx.SetContainerNetworks(ctx, "c1", []string{"n2", "n1"}))
	})
	young := &PodSummary{ID: "bb", Name: "new", InfraID: "c1", State: pod.Removing, CreatedAt: time.Unix(2, 0).UTC(), Labels: map[string]string{"a": "b"},
		CgroupParent: "/parent", Networks: []string{"n1", "n2"}, Containers: []ContainerSummary{
			{ID: "c1", Name: "infra", State: container.Running, Process: someOwner, RestartCount: 2},
			{ID: "c2", Name: "member", State: container.Created, Init: true},
		}}
	old := &PodSummary{ID: "aa", Name: "old", State: pod.Ready, CreatedAt: time.Unix(1, 0).UTC()}
	view(t, s, func(tx *Tx) {
		for id, want := range map[string][]*PodSummary{"": {young, old}, "aa": {old}, "bb": {young}, "zz": nil} {
			got, err := tx.PodSummaries(ctx, id)
			require.NoError(t, err)
			require.Equal(t, want, got, id)
		}
		busy, err := tx.PodsInTransition(ctx)
		require.NoError(t, err)
		require.Len(t, busy, 2)
	})
}
