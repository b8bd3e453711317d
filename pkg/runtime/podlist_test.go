package runtime

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
)

func names(pods []PodListing) []string {
	list := []string{}
	for _, p := range pods {
		list = append(list, p.Name)
	}
	return list
}

func TestListPods(t *testing.T) {
	ctx := context.Background()
	t.Run("none_is_an_empty_list", func(t *testing.T) {
		list, err := reader(t).ListPods(ctx, PodListOptions{})
		require.NoError(t, err)
		require.Equal(t, []PodListing{}, list)
	})
	t.Run("newest_first_with_everything_json_shows", func(t *testing.T) {
		r := reader(t)
		web, job := podRow("a1", "web", 0, func(p *pod.Pod) { p.Config.Labels = map[string]string{"k": "v"} }), podRow("b1", "job", 1)
		infra := ctrRow("c1", "web-infra", 0, container.Running, asInfra(web), living(r))
		member := ctrRow("c2", "one", 2, container.Created, in(web), func(c *container.Container) { c.Runtime.RestartCount = 3 })
		insertRows(t, r, web, job, infra, member)
		list, err := r.ListPods(ctx, PodListOptions{})
		require.NoError(t, err)
		require.Equal(t, []PodListing{
			{
				Cgroup: "/parent", Containers: []PodListContainer{}, Created: job.CreatedAt.Local(), ID: job.ID, Name: "job",
				Networks: []string{}, Status: "Created", Labels: map[string]string{},
			},
			{
				Cgroup: "/parent", Created: web.CreatedAt.Local(), ID: web.ID, InfraID: infra.ID, Name: "web",
				Networks: []string{"net1"}, Status: "Degraded", Labels: map[string]string{"k": "v"},
				Containers: []PodListContainer{
					{ID: infra.ID, Name: "web-infra", Status: "running"},
					{ID: member.ID, Name: "one", Status: "created", RestartCount: 3},
				},
			},
		}, list)
	})
	t.Run("what_is_being_made_is_hidden", func(t *testing.T) {
		r := reader(t)
		p := podRow("a1", "web", 0)
		insertRows(t, r, p, podRow("b1", "new", 1, func(p *pod.Pod) { p.State = pod.Creating }), ctrRow("c1", "one", 1, container.Creating, in(p)))
		list, err := r.ListPods(ctx, PodListOptions{})
		require.NoError(t, err)
		require.Equal(t, []string{"web"}, names(list))
		require.Empty(t, list[0].Containers)
	})
	t.Run("damaged_rows_stand_beside_good_ones", func(t *testing.T) {
		r := reader(t)
		bad, half, good := podRow("a1", "bad", 2), podRow("a2", "half", 1), podRow("a3", "good", 0)
		insertRows(t, r, bad, half, good, ctrRow("c1", "one", 0, container.Created, in(half)), ctrRow("c2", "two", 1, container.Created, in(good)))
		damage(t, r, "UPDATE pods SET config = '{' WHERE name = 'bad'")
		damage(t, r, "UPDATE containers SET config = 'x' WHERE name = 'one'")
		list, err := r.ListPods(ctx, PodListOptions{})
		require.NoError(t, err)
		require.Equal(t, []string{"bad", "half", "good"}, names(list))
		require.Equal(t, []string{"Error", "Error", "Created"}, []string{list[0].Status, list[1].Status, list[2].Status})
		require.Equal(t, "unknown", list[1].Containers[0].Status)
	})
	t.Run("latest_is_the_newest_whatever_the_filters", func(t *testing.T) {
		r := reader(t)
		_, err := r.ListPods(ctx, PodListOptions{Latest: true})
		require.ErrorIs(t, err, errdefs.ErrNoSuchPod)
		require.EqualError(t, err, "no such pod")
		insertRows(t, r, podRow("a1", "old", 0), podRow("b1", "new", 1))
		list, err := r.ListPods(ctx, PodListOptions{Latest: true, Filters: []string{"name=old", "bad"}})
		require.NoError(t, err)
		require.Equal(t, []string{"new"}, names(list))
	})
}

// A row says what was; the process table and the exit file say what is.
func TestListPodsShowsTheTruth(t *testing.T) {
	r := reader(t)
	for _, test := range []struct {
		name  string
		state container.State
		with  func(*container.Container)
		exit  string
		want  string
	}{
		{"running", container.Running, living(r), "", "running"},
		{"gone_with_exit_file", container.Running, dead(r), "3", "stopped"},
		{"gone_without", container.Running, dead(r), "", "stopped"},
		{"paused", container.Paused, living(r), "", "paused"},
		{"stopping_while_the_stopper_lives", container.Stopping, func(c *container.Container) { living(r)(c); c.Owner = r.self }, "", "stopping"},
		{"stopping_by_the_dead_is_running", container.Stopping, living(r), "", "running"},
		{"removing_by_the_dead_was_never_started", container.Removing, func(*container.Container) {}, "", "created"},
		{"removing_by_the_dead_had_ended", container.Removing, func(c *container.Container) { c.Runtime.Exited = true }, "", "exited"},
		{"removing_by_the_dead_waited_to_be_started", container.Removing, func(c *container.Container) { living(r)(c); c.Intent = intentRemoveInitialized }, "", "initialized"},
		{"initialized_and_gone", container.Initialized, dead(r), "", "created"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := reader(t)
			p := podRow("a1", "web", 0)
			c := ctrRow("c1", "one", 1, test.state, in(p), test.with)
			insertRows(t, r, p, c)
			if test.exit != "" {
				require.NoError(t, os.WriteFile(filepath.Join(r.settings.ExitDir(), c.ID), []byte(test.exit), 0o600))
			}
			list, err := r.ListPods(context.Background(), PodListOptions{})
			require.NoError(t, err)
			require.Equal(t, test.want, list[0].Containers[0].Status)
			all, err := r.ListContainers(context.Background(), ContainerListOptions{All: true})
			require.NoError(t, err)
			require.Equal(t, test.want, string(all[0].State))
			if test.exit != "" {
				require.Equal(t, 3, all[0].ExitCode)
				require.True(t, all[0].Exited)
			}
		})
	}
}

func TestPodFilters(t *testing.T) {
	ctx := context.Background()
	r := reader(t)
	web := podRow("ab1", "web", 0, func(p *pod.Pod) { p.Config.Labels = map[string]string{"app": "web", "tier": "1"} })
	db := podRow("ab2", "db", 10, func(p *pod.Pod) { p.Config.Labels = map[string]string{"app": "db"} })
	empty := podRow("cd3", "web2", 20)
	infra := ctrRow("e1", "web-infra", 0, container.Running, asInfra(web), living(r))
	insertRows(
		t, r, web, db, empty, infra,
		ctrRow("e2", "one", 1, container.Running, in(web), living(r)),
		ctrRow("e3", "two", 2, container.Exited, in(db)),
		ctrRow("e4", "prep", 3, container.Paused, in(db), living(r), withConfig(func(c *container.Config) { c.InitType = "once" })),
	)
	for _, test := range []struct {
		filters []string
		want    []string
	}{
		{nil, []string{"web2", "db", "web"}},
		{[]string{"id=ab"}, []string{"db", "web"}},
		{[]string{"id=AB1"}, []string{"web"}},
		{[]string{"id=b1"}, []string{}}, // hexadecimal: a prefix
		{[]string{"id=^cd.*0$"}, []string{"web2"}},
		{[]string{"name=web"}, []string{"web2", "web"}},
		{[]string{"name=^web$", "name=db"}, []string{"db", "web"}},
		{[]string{"name=web", "id=ab"}, []string{"web"}},
		{[]string{"label=app"}, []string{"db", "web"}},
		{[]string{"label=app=web"}, []string{"web"}},
		{[]string{"label=app", "label=tier=1"}, []string{"web"}},
		{[]string{"label=t*r"}, []string{"web"}},
		{[]string{"label!=app=web"}, []string{"web2", "db"}},
		{[]string{"status=running"}, []string{"web"}},
		{[]string{"status=exited", "status=created"}, []string{"web2", "db"}},
		{[]string{"status=dead"}, []string{}},
		{[]string{"ctr-ids=e3"}, []string{"db"}},
		{[]string{"ctr-names=o"}, []string{"db", "web"}},
		{[]string{"ctr-number=2"}, []string{"db", "web"}},
		{[]string{"ctr-number=0"}, []string{"web2"}},
		{[]string{"ctr-number=two"}, []string{}},
		{[]string{"ctr-status=stopped"}, []string{"db"}},
		{[]string{"ctr-status=exited"}, []string{"db"}},
		{[]string{"ctr-status=paused"}, []string{}}, // only an init container is
		{[]string{"network=net1"}, []string{"web"}},
		{[]string{"network=nosuch"}, []string{}},
		{[]string{"until=" + epoch.Add(5*time.Minute).Format(time.RFC3339)}, []string{"web"}},
		{[]string{"until=soon"}, []string{}},
		{[]string{"until=1h", "until=2h"}, []string{}},
	} {
		t.Run(fmt.Sprint(test.filters), func(t *testing.T) {
			list, err := r.ListPods(ctx, PodListOptions{Filters: test.filters})
			require.NoError(t, err)
			require.Equal(t, test.want, names(list))
		})
	}
	for filter, want := range map[string]string{
		"name":              "filter input must be in the form of filter=value: name is invalid",
		"bogus=1":           "bogus is an invalid filter",
		"status=Running":    "Running is not a valid pod status",
		"ctr-status=paused": "",
		"ctr-status=dead":   "dead is not a valid status",
	} {
		t.Run("refusal_"+filter, func(t *testing.T) {
			_, err := r.ListPods(ctx, PodListOptions{Filters: []string{filter}})
			if want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, want)
			require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
		})
	}
}

// manyPods fills the database with pods of three running containers each.
func manyPods(tb testing.TB, r *Runtime, n int) {
	rows := make([]any, 0, 4*n)
	for i := range n {
		p := podRow(fmt.Sprintf("a%05x", i), fmt.Sprintf("pod%d", i), i, func(p *pod.Pod) { p.Config.Labels = map[string]string{"app": "web"} })
		infra := ctrRow(fmt.Sprintf("b%05x", i), fmt.Sprintf("pod%d-infra", i), i, container.Running, asInfra(p), living(r))
		rows = append(rows, p, infra)
		for m := range 2 {
			rows = append(rows, ctrRow(fmt.Sprintf("c%d%05x", m, i), fmt.Sprintf("pod%d-%d", i, m), i, container.Running, in(p), living(r), withConfig(func(c *container.Config) {
				c.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "container=podman", "HOME=/root"}
				c.Command, c.CreateCommand = []string{"sleep", "infinity"}, []string{"podctl", "create", "--pod", p.Name, "busybox", "sleep", "infinity"}
				c.Image.ID, c.Image.Name = hexID("d"), "localhost/busybox:latest"
				c.Network.Expose = map[uint16][]string{80: {"tcp"}}
			})))
		}
	}
	insertRows(tb, r, rows...)
}

func BenchmarkListPods(b *testing.B) {
	r := reader(b)
	manyPods(b, r, 1000)
	for b.Loop() {
		list, err := r.ListPods(context.Background(), PodListOptions{})
		require.NoError(b, err)
		require.Len(b, list, 1000)
	}
}

func BenchmarkListContainers(b *testing.B) {
	r := reader(b)
	manyPods(b, r, 1000)
	for b.Loop() {
		list, err := r.ListContainers(context.Background(), ContainerListOptions{})
		require.NoError(b, err)
		require.Len(b, list, 3000)
	}
}
