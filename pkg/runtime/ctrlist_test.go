package runtime

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
)

// someContainers are a pod with two members, one container that has ended and
// one that joined its network.
func someContainers(t testing.TB) (r *Runtime, web *pod.Pod) {
	t.Helper()
	r = reader(t)
	web = podRow("ab1", "web", 0)
	ports := []types.PortMapping{{HostPort: 8080, ContainerPort: 80, Range: 1, Protocol: "tcp"}}
	infra := ctrRow("e1", "web-infra", 1, container.Running, asInfra(web), living(r), withConfig(func(c *container.Config) { c.Network.Ports = ports }))
	member := ctrRow("e2", "one", 2, container.Running, in(web), living(r), withConfig(func(c *container.Config) {
		c.Command, c.Labels = []string{"sleep", "60"}, map[string]string{"app": "web"}
		c.Image = container.Image{ID: hexID("beef"), Name: "localhost/busybox:latest"}
		c.Namespaces.Net = container.Namespace{Mode: container.ModeContainer, Value: infra.ID}
		c.Storage.Mounts = []container.Mount{{Type: "bind", Source: "/srv", Destination: "/data"}}
		c.Restart.Name = "always"
		c.Health = &container.Health{Test: []string{"CMD", "true"}}
	}))
	ended := ctrRow("f3", "job", 3, container.Exited, func(c *container.Container) {
		c.Config.Network.Networks = map[string]types.PerNetworkOptions{"net2": {}}
		c.Config.Image = container.Image{ID: hexID("cafe"), Name: "registry.example/tool:v2"}
		c.Runtime.Exited, c.Runtime.ExitCode, c.Runtime.FinishedAt = true, 3, c.CreatedAt.Add(time.Minute)
		c.Config.Restart.Name, c.Runtime.StoppedByUser = "unless-stopped", true
	})
	friend := ctrRow("f4", "friend", 4, container.Created, withConfig(func(c *container.Config) {
		c.Namespaces.Net = container.Namespace{Mode: container.ModeContainer, Value: ended.ID}
		c.Restart.Name = "no"
	}))
	insertRows(t, r, web, infra, member, ended, friend, ctrRow("f5", "new", 5, container.Creating))
	return r, web
}

func listed(list []ContainerListing) []string {
	names := []string{}
	for _, c := range list {
		names = append(names, c.Name)
	}
	return names
}

func TestListContainers(t *testing.T) {
	ctx := context.Background()
	r, web := someContainers(t)
	for _, test := range []struct {
		name string
		opts ContainerListOptions
		want []string
	}{
		{"running_ones_only", ContainerListOptions{}, []string{"web-infra", "one"}},
		{"all_but_those_being_made", ContainerListOptions{All: true}, []string{"web-infra", "one", "job", "friend"}},
		{"a_status_filter_implies_all", ContainerListOptions{Filters: []string{"status=exited"}}, []string{"job"}},
		{"other_filters_do_not", ContainerListOptions{Filters: []string{"name=job"}}, []string{}},
		{"the_last_ones_in_any_state", ContainerListOptions{Last: 2}, []string{"job", "friend"}},
		{"the_last_of_those_that_match", ContainerListOptions{Last: 1, Filters: []string{"pod=web"}}, []string{"one"}},
		{"more_than_there_are", ContainerListOptions{Last: 9}, []string{"web-infra", "one", "job", "friend"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			list, err := r.ListContainers(ctx, test.opts)
			require.NoError(t, err)
			require.Equal(t, test.want, listed(list))
		})
	}
	t.Run("everything_a_list_shows", func(t *testing.T) {
		list, err := r.ListContainers(ctx, ContainerListOptions{Filters: []string{"name=^one$"}})
		require.NoError(t, err)
		created := epoch.Add(2 * time.Minute).Local()
		require.Equal(t, []ContainerListing{{
			ID: hexID("e2"), Name: "one", Pod: web.ID, PodName: "web", Image: "localhost/busybox:latest", ImageID: hexID("beef"),
			Command: []string{"sleep", "60"}, State: "running", Health: "starting", Created: created, StartedAt: created.Add(time.Second),
			Pid: r.self.PID, Labels: map[string]string{"app": "web"}, Mounts: []string{"/data"}, Networks: []string{},
			Ports: []types.PortMapping{{HostPort: 8080, ContainerPort: 80, Range: 1, Protocol: "tcp"}},
		}}, list)
	})
	t.Run("namespaces_on_request", func(t *testing.T) {
		list, err := r.ListContainers(ctx, ContainerListOptions{Namespaces: true, Last: 4})
		require.NoError(t, err)
		require.Equal(t, namespacesOf(r.self.PID), list[1].Namespaces)
		require.Regexp(t, "^[0-9]+$", list[1].Namespaces.NET)
		require.Empty(t, list[2].Namespaces)
	})
	t.Run("a_damaged_row_is_unknown", func(t *testing.T) {
		damage(t, r, "UPDATE containers SET config = '{' WHERE name = 'one'")
		list, err := r.ListContainers(ctx, ContainerListOptions{All: true})
		require.NoError(t, err)
		require.Equal(t, []string{"web-infra", "one", "job", "friend"}, listed(list))
		require.Equal(t, container.Unknown, list[1].State)
	})
}

func TestContainerFilters(t *testing.T) {
	ctx := context.Background()
	r, web := someContainers(t)
	damaged := ctrRow("f6", "broken", 6, container.Created)
	insertRows(t, r, damaged)
	damage(t, r, "UPDATE containers SET config = 'x' WHERE name = 'broken'")
	all := map[string]string{hexID("e1"): "infra", hexID("e2"): "one", hexID("f3"): "job", hexID("f4"): "friend", damaged.ID: "broken"}
	for _, test := range []struct {
		filters []string
		want    []string
	}{
		{nil, []string{"infra", "one", "job", "friend", "broken"}},
		{[]string{"id=e"}, []string{"infra", "one"}},
		{[]string{"id=^f[34]"}, []string{"job", "friend"}},
		{[]string{"name=o"}, []string{"one", "job", "broken"}},
		{[]string{"name=/one"}, []string{"one"}},
		{[]string{"name=[", "name=job"}, []string{"job"}}, // no expression: no match
		{[]string{"status=running"}, []string{"infra", "one"}},
		{[]string{"status=stopped"}, []string{"job"}},
		{[]string{"status=unknown"}, []string{"broken"}},
		{[]string{"status=created", "status=exited"}, []string{"job", "friend"}},
		{[]string{"exited=3"}, []string{"job"}},
		{[]string{"exited=0"}, []string{}},
		{[]string{"pod=web"}, []string{"infra", "one"}},
		{[]string{"pod=" + web.ID[:3]}, []string{"infra", "one"}},
		{[]string{"pod=nosuch"}, []string{}},
		{[]string{"pod=web", "status=created"}, []string{}},
		{[]string{"before=job"}, []string{"infra", "one"}},
		{[]string{"since=job"}, []string{"friend", "broken"}},
		{[]string{"since=job", "since=one"}, []string{"job", "friend", "broken"}},
		{[]string{"until=" + epoch.Add(90*time.Second).Format(time.RFC3339)}, []string{"infra"}},
		{[]string{"network=net1"}, []string{"infra"}},
		{[]string{"network=net1", "network=net2"}, []string{"infra", "job"}},
		{[]string{"network=container:job"}, []string{"friend"}},
		{[]string{"network=container:nosuch"}, []string{}},
		{[]string{"ancestor=busybox"}, []string{"one"}},
		{[]string{"ancestor=busybox$"}, []string{"one"}}, // without the tag latest
		{[]string{"ancestor=tool$"}, []string{}},
		{[]string{"ancestor=caf"}, []string{"job"}},
		{[]string{"command=^sleep"}, []string{"one"}},
		{[]string{"label=app=web"}, []string{"one"}},
		{[]string{"label!=app"}, []string{"infra", "job", "friend"}},
		{[]string{"volume=/data"}, []string{"one"}},
		{[]string{"volume=/data/"}, []string{"one"}},
		{[]string{"volume=/srv:/data"}, []string{"one"}},
		{[]string{"volume=/srv:/other"}, []string{}},
		{[]string{"health=starting"}, []string{"one"}},
		{[]string{"health=healthy"}, []string{}},
		{[]string{"restart-policy=none"}, []string{"infra"}},
		{[]string{"restart-policy=no", "restart-policy=always"}, []string{"one", "friend"}},
		{[]string{"should-start-on-boot=true"}, []string{"one"}},
		{[]string{"should-start-on-boot=false"}, []string{"infra", "job", "friend"}},
		{[]string{"should-start-on-boot=perhaps"}, []string{}},
	} {
		t.Run(fmt.Sprint(test.filters), func(t *testing.T) {
			ids, err := r.FilterContainers(ctx, test.filters)
			require.NoError(t, err)
			got := []string{}
			for _, id := range ids {
				got = append(got, all[id])
			}
			require.Equal(t, test.want, got)
		})
	}
	for filter, want := range map[string]string{
		"name":               `invalid filter "name"`,
		"bogus=1":            "bogus is an invalid filter",
		"status=up":          "unknown container state: up: invalid argument",
		"status=stopping":    "unknown container state: stopping: invalid argument",
		"restart-policy=yes": "yes invalid restart policy",
		"exited=soon":        `exited code out of range "soon": strconv.ParseInt: parsing "soon": invalid syntax`,
		"before=nosuch":      `no container with name or ID "nosuch" found: no such container`,
	} {
		t.Run("refusal_"+filter, func(t *testing.T) {
			_, err := r.FilterContainers(ctx, []string{filter})
			require.EqualError(t, err, want)
			_, listErr := r.ListContainers(ctx, ContainerListOptions{Filters: []string{filter}})
			require.EqualError(t, listErr, want)
		})
	}
	_, err := r.FilterContainers(ctx, []string{"bogus=1"})
	require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
}
