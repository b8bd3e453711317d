package runtime

import (
	"database/sql"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

// corrupt runs a statement on the database behind everybody's back; NAME in
// braces stands for the ID of the container, or pod, of that name.
func (b *bench) corrupt(statement string) {
	b.t.Helper()
	s := b.snapshot()
	for id, c := range s.ctrs {
		name := c.Name
		if c.IsInfra() {
			name = s.pods[c.PodID].Name + "-infra"
		}
		statement = strings.ReplaceAll(statement, "{"+name+"}", id)
	}
	for id, p := range s.pods {
		statement = strings.ReplaceAll(statement, "{"+p.Name+"}", id)
	}
	db, err := sql.Open("sqlite3", "file:"+b.settings.Database()) // foreign keys are off
	require.NoError(b.t, err)
	_, err = db.Exec(statement)
	require.NoError(b.t, err)
	require.NoError(b.t, db.Close())
}

type wrong struct {
	statement string
	// start is what a start of the pod says; "" where it goes well.
	start []string
	// rm is what removing the pod without force says beside that it runs.
	rm []string
	// status is what the pod list shows.
	status string
}

func damages() map[string]wrong {
	return map[string]wrong{
		"a_cycle": {
			statement: "INSERT INTO container_deps VALUES ('{sql}', '{web}')",
			start:     []string{" -> ", "cycle found in container dependency graph: internal error"},
			rm:        []string{"cycle found"}, status: "Error",
		},
		"a_dependency_that_is_gone": {
			statement: "INSERT INTO container_deps VALUES ('{sql}', 'feedfeedfeed')",
			start:     []string{"feedfeedfeed"}, rm: []string{"feedfeedfeed"}, status: "Error",
		},
		"an_infra_id_that_leads_nowhere": {
			statement: "UPDATE pods SET infra_id = 'feedfeedfeed' WHERE id = '{p}'",
			start:     []string{"missing infra container: feedfeedfeed"}, rm: []string{"feedfeedfeed"}, status: "Error",
		},
		"a_container's_configuration": {
			statement: "UPDATE containers SET config = '{' WHERE id = '{web}'",
			start:     []string{"web", "configuration cannot be read", "remove it with --force"}, rm: []string{"configuration cannot be read", "--force"}, status: "Degraded",
		},
		"a_container's_state_word": {
			statement: "UPDATE containers SET state = 'walking' WHERE id = '{web}'",
			start:     []string{"web", `unknown state word "walking"`, "remove it with --force"}, rm: []string{`unknown state word "walking"`}, status: "Degraded",
		},
		"the_infra_container's_configuration": {
			statement: "UPDATE containers SET config = '[' WHERE id = '{p-infra}'",
			start:     []string{"configuration cannot be read"}, rm: []string{"configuration cannot be read"}, status: "Degraded",
		},
		"the_pod's_configuration": {
			statement: "UPDATE pods SET config = '{' WHERE id = '{p}'",
			start:     []string{"pod p: configuration cannot be read", "pod rm --force"}, rm: []string{"pod p: configuration cannot be read", "--force"}, status: "Error",
		},
		"the_pod's_state_word": {
			statement: "UPDATE pods SET state = 'walking' WHERE id = '{p}'",
			start:     []string{"pod p: unknown state word", "pod rm --force"}, rm: []string{"pod p: unknown state word", "--force"}, status: "Error",
		},
	}
}

// damagedBench has a pod that runs, and is described wrongly, and another.
func damagedBench(t *testing.T, statement string) (b *bench, podID string) {
	t.Helper()
	b = newBench(t)
	twoInPod(true)(b)
	podID = b.podNamed("p")
	b.pod("fine")
	b.ctr("other", "fine")
	b.corrupt(statement)
	return b, podID
}

func (b *bench) podNamed(name string) string {
	b.t.Helper()
	ids, err := b.look().lookupPods(b.ctx, []string{name})
	require.NoError(b.t, err)
	return ids[0]
}

func TestDamagedPodIsListed(t *testing.T) {
	for name, d := range damages() {
		t.Run(name, func(t *testing.T) {
			b, podID := damagedBench(t, d.statement)
			pods, err := b.open().ListPods(b.ctx, PodListOptions{})
			require.NoError(t, err)
			require.Len(t, pods, 2)
			status := map[string]string{}
			for _, p := range pods {
				status[p.ID] = p.Status
			}
			require.Equal(t, d.status, status[podID])
			require.Equal(t, "Created", status[b.podNamed("fine")])
			list, err := b.open().ListContainers(b.ctx, ContainerListOptions{All: true})
			require.NoError(t, err)
			require.Len(t, list, 5)
		})
	}
}

func TestDamagedPodIsNotStarted(t *testing.T) {
	for name, d := range damages() {
		t.Run(name, func(t *testing.T) {
			b, podID := damagedBench(t, d.statement)
			b.forget()
			err := b.open().StartPod(b.ctx, podID)
			if d.start == nil {
				require.NoError(t, err)
				return
			}
			for _, text := range d.start {
				require.ErrorContains(t, err, text)
			}
			require.Empty(t, b.effects("oci-start", "oci-create", "mount"))
			require.NoError(t, b.open().StartPod(b.ctx, b.podNamed("fine")), "another pod has nothing to do with it")
		})
	}
}

func TestDamagedPodIsNotRemovedByItself(t *testing.T) {
	for name, d := range damages() {
		t.Run(name, func(t *testing.T) {
			b, podID := damagedBench(t, d.statement)
			_, err := b.open().CreatePod(b.ctx, podOptions("new")) // recovers first
			require.NoError(t, err)
			ok, err := b.open().PodExists(b.ctx, "p")
			require.NoError(t, err)
			require.True(t, ok, "recovering must not remove what it cannot read")
			before := len(b.ctrs)
			err = b.open().RemovePod(b.ctx, podID, RemoveOptions{})
			require.Error(t, err)
			for _, text := range d.rm {
				require.ErrorContains(t, err, text)
			}
			require.Len(t, b.ctrs, before, "a refusal touches nothing")
		})
	}
}

func TestDamagedPodIsRemovedByForce(t *testing.T) {
	for name, d := range damages() {
		t.Run(name, func(t *testing.T) {
			b, podID := damagedBench(t, d.statement)
			removeDamaged(t, b, podID)
		})
		t.Run(name+"_and_the_blueprints", func(t *testing.T) {
			b, podID := damagedBench(t, d.statement)
			for id, c := range b.snapshot().ctrs {
				if c.PodID == podID {
					require.NoError(t, os.Remove(b.look().blueprintPath(id)))
				}
			}
			require.NoError(t, os.Remove(b.look().podBlueprintPath(podID)))
			removeDamaged(t, b, podID)
		})
	}
}

func removeDamaged(t *testing.T, b *bench, podID string) {
	t.Helper()
	require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true}))
	b.sound()
	s := b.snapshot()
	require.Len(t, s.pods, 1)
	require.Len(t, s.ctrs, 2, "the other pod's")
	_, err := b.open().CreatePod(b.ctx, podOptions("p"))
	require.NoError(t, err, "the name is free")
}

func TestDamagedContainerIsRemovedByForce(t *testing.T) {
	for name, statement := range map[string]string{
		"configuration": "UPDATE containers SET config = '{' WHERE id = '{web}'",
		"addresses":     "UPDATE containers SET net_status = '{' WHERE id = '{web}'",
		"state_word":    "UPDATE containers SET state = 'walking' WHERE id = '{web}'",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			oneAlone(true)(b)
			b.corrupt(statement)
			e := b.open()
			removed, err := e.RemoveContainers(b.ctx, Selection{Names: []string{"web"}}, RemoveOptions{})
			require.NoError(t, err)
			require.ErrorIs(t, removed[0].Err, errdefs.ErrInvalidState)
			require.ErrorContains(t, removed[0].Err, "use --force to remove it")
			require.NoError(t, remove(RemoveOptions{}, "web")(b, e))
			e.kill()
			b.sound()
			require.Empty(t, b.snapshot().ctrs)
			require.Empty(t, b.leases, "its address is free")
		})
	}
}
