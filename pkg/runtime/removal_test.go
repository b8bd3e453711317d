package runtime

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// chain is a pod that runs: top requires middle requires base; alone needs nobody.
func chain(b *bench) string {
	podID := b.pod("p")
	b.ctr("base", "p")
	b.ctr("middle", "p", requires("base"))
	b.ctr("top", "p", requires("middle"))
	b.ctr("alone", "p")
	b.startPod(podID)
	return podID
}

func TestFailedRemovalKeepsWhatTheContainerNeeds(t *testing.T) {
	busy := errors.New("device or resource busy")
	t.Run("of_a_pod", func(t *testing.T) {
		b := newBench(t)
		podID := chain(b)
		infra := b.infra(podID)
		top, middle, base := b.idOf("top"), b.idOf("middle"), b.idOf("base")
		b.fail["delete-layer "+top] = busy
		err := b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true})
		require.EqualError(t, err, "not all containers could be removed from pod "+podID+": removing pod containers\n"+
			"error removing container "+top+" from pod "+podID+": remove container top: device or resource busy\n"+
			"error removing containers "+middle+", "+base+", "+infra+" from pod "+podID+": a container that depends on each of them could not be stopped: container state improper")
		require.Equal(t, container.State(""), b.state("alone"), "what is independent of it is gone")
		expect(container.Running, "middle", "base")(b)
		expect(container.Exited, "top")(b)
		require.Equal(t, pod.Ready, b.podRow(podID).State)
		b.sound()
		clear(b.fail)
		require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true}))
		b.sound()
	})
	t.Run("with_--depend", func(t *testing.T) {
		b := newBench(t)
		podID := chain(b)
		b.fail["delete-layer "+b.idOf("top")] = busy
		e := b.open()
		err := remove(RemoveOptions{Depend: true}, "base")(b, e)
		require.ErrorContains(t, err, "remove container top: device or resource busy")
		require.ErrorContains(t, err, "containers "+b.idOf("middle")+", "+b.idOf("base")+" stay")
		e.kill()
		clear(b.fail)
		_, err = b.open().CreatePod(b.ctx, podOptions("another"))
		require.NoError(t, err)
		expect(container.Running, "middle", "base")(b)
		require.Empty(t, b.row(b.idOf("base")).Intent, "nobody is removing it any more")
		require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true}))
		b.sound()
	})
}

// TestAbandonedRemovalWaitsForDependents: the row says that the owner died while
// it removed the container, and yet one that depends on it is there.
func TestAbandonedRemovalWaitsForDependents(t *testing.T) {
	b := newBench(t)
	podID := chain(b)
	b.corrupt("UPDATE containers SET state = 'removing', intent = 'remove', owner_pid = 999999, owner_start = 1, owner_boot = 'x' WHERE id = '{base}'")
	b.forget()
	_, err := b.open().CreatePod(b.ctx, podOptions("another"))
	require.NoError(t, err)
	require.Empty(t, b.effects("kill", "oci-delete", "delete-layer", "unmount"))
	expect(container.Running, "base", "middle", "top")(b)
	require.Empty(t, b.row(b.idOf("base")).Intent)
	require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true}))
	b.sound()
}

// TestRemovalWaitsForWhatIsBeingMade: a pod is removed while a container joins it.
func TestRemovalWaitsForWhatIsBeingMade(t *testing.T) {
	b := newBench(t)
	podID := b.pod("p")
	maker, remover := b.open(), b.open()
	removed, made := make(chan error, 1), make(chan error, 1)
	b.at["commit "] = func() { // of the row, which is there now
		go func() { removed <- remover.RemovePod(b.ctx, podID, RemoveOptions{}) }()
		require.Eventually(t, func() bool { return b.podRow(podID).State == pod.Removing }, soon, time.Millisecond)
	}
	go func() {
		_, err := maker.CreateContainer(b.ctx, ctrOptions("web", "p", withVolumes))
		made <- err
	}()
	require.NoError(t, <-made)
	require.NoError(t, <-removed)
	maker.kill()
	remover.kill()
	b.sound()
	s := b.snapshot()
	require.Empty(t, s.ctrs)
	require.Empty(t, s.pods)
}

// TestReplacementWaitsForThePodThatIsBeingMade: both have the same name.
func TestReplacementWaitsForThePodThatIsBeingMade(t *testing.T) {
	b := newBench(t)
	maker, replacer := b.open(), b.open()
	type result struct {
		id  string
		err error
	}
	made, replaced := make(chan result, 1), make(chan result, 1)
	b.at["commit "] = func() { // of the row, which is there now
		go func() {
			opts := podOptions("p")
			opts.Replace = true
			id, err := replacer.CreatePod(b.ctx, opts)
			replaced <- result{id, err}
		}()
		time.Sleep(20 * time.Millisecond) // more than it would take
	}
	go func() {
		id, err := maker.CreatePod(b.ctx, podOptions("p"))
		made <- result{id, err}
	}()
	require.NoError(t, (<-made).err)
	second := <-replaced
	require.NoError(t, second.err)
	maker.kill()
	replacer.kill()
	b.sound()
	require.Equal(t, pod.Ready, b.podRow(second.id).State)
	require.Len(t, b.snapshot().pods, 1)
}

func TestStartInAPodThatIsBeingRemoved(t *testing.T) {
	b := newBench(t)
	podID := chain(b)
	top := b.idOf("top")
	var refused error
	b.at["oci-delete "+top] = func() { refused = b.look().StartContainer(b.ctx, top) }
	require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true}))
	require.EqualError(t, refused, "container "+top+" is being removed: container state improper")
}

func TestInfraContainerIsNoReasonToKeepItsPod(t *testing.T) {
	b := newBench(t)
	podID := b.pod("p")
	b.startPod(podID)
	require.NoError(t, b.look().PauseContainer(b.ctx, b.infra(podID)))
	require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{}))
	b.sound()
	require.Empty(t, b.snapshot().pods)
}

// owned makes pods that belong to one service container.
func owned(b *bench, names ...string) (service string) {
	service = b.ctr("service", "")
	require.NoError(b.t, b.look().StartContainer(b.ctx, service))
	for _, name := range names {
		b.pod(name, func(o *PodCreateOptions) { o.Config.ServiceID = service })
	}
	return service
}

func TestService(t *testing.T) {
	b := newBench(t)
	service := owned(b, "one", "two")
	one, two := b.podNamed("one"), b.podNamed("two")
	err := b.open().RemovePod(b.ctx, one, RemoveOptions{})
	require.ErrorContains(t, err, "pod "+one+" belongs to the service of container "+service)
	err = remove(RemoveOptions{}, "service")(b, b.open())
	require.ErrorContains(t, err, "is the service container of pod(s) ")
	require.NoError(t, b.open().RemovePod(b.ctx, one, RemoveOptions{Force: true}))
	expect(container.Running, "service")(b)
	require.NoError(t, b.open().RemovePod(b.ctx, two, RemoveOptions{Force: true}))
	b.sound()
	require.Empty(t, b.snapshot().ctrs, "the service container goes with the last pod")
}

// TestLostPod: its row is gone, its containers are not.
func TestLostPod(t *testing.T) {
	for name, forgotten := range map[string]bool{"with_its_blueprint": false, "without_it": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			podID := chain(b)
			b.ctr("other", "")
			if forgotten {
				require.NoError(t, b.look().removePodBlueprint(podID))
			}
			b.corrupt("DELETE FROM pods")
			list, err := b.open().ListContainers(b.ctx, ContainerListOptions{All: true})
			require.NoError(t, err)
			for _, c := range list {
				require.Equal(t, c.Name != "other", c.Damage == "its pod "+podID+" does not exist", c.Name)
			}
			targets, err := b.open().ResolvePods(b.ctx, Selection{Names: []string{podID[:12]}, Lost: true})
			require.NoError(t, err)
			require.Equal(t, []string{podID}, IDs(targets))
			targets, err = b.open().ResolvePods(b.ctx, Selection{All: true, Lost: true})
			require.NoError(t, err)
			require.Equal(t, []string{podID}, IDs(targets))
			_, err = b.open().ResolvePods(b.ctx, Selection{Names: []string{podID}})
			require.ErrorContains(t, err, "no such pod")
			err = b.open().RemovePod(b.ctx, podID, RemoveOptions{})
			require.ErrorContains(t, err, "no such pod")
			require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true}))
			b.sound()
			require.Len(t, b.snapshot().ctrs, 1)
		})
	}
}

func TestContainerOfALostPodGoesWithWhatItNeeds(t *testing.T) {
	b := newBench(t)
	podID := chain(b)
	b.corrupt("UPDATE containers SET pod_id = 'feedfeedfeed' WHERE id = '{top}'")
	err := b.open().RemovePod(b.ctx, podID, RemoveOptions{})
	require.ErrorContains(t, err, "has dependent containers which must be removed before it: "+b.idOf("top"))
	require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true}))
	b.sound()
	require.Empty(t, b.snapshot().ctrs)
}

func TestMisfitsAreMarked(t *testing.T) {
	for name, tc := range map[string]struct {
		statement string
		bad       map[string]string // by name: what the reason says
	}{
		"a_cycle":              {"INSERT INTO container_deps VALUES ('{base}', '{top}')", map[string]string{"base": "depends on itself", "middle": "depends on itself", "top": "depends on itself"}},
		"a_missing_dependency": {"INSERT INTO container_deps VALUES ('{base}', 'feedfeed')", map[string]string{"base": "depends on container feedfeed, which does not exist"}},
		"a_missing_pod":        {"UPDATE containers SET pod_id = 'feedfeed' WHERE id = '{alone}'", map[string]string{"alone": "its pod feedfeed does not exist"}},
		"a_state_word":         {"UPDATE containers SET state = 'walking' WHERE id = '{alone}'", map[string]string{"alone": `unknown state word "walking"`}},
		"nothing":              {"SELECT 1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			chain(b)
			b.corrupt(tc.statement)
			list, err := b.open().ListContainers(b.ctx, ContainerListOptions{All: true})
			require.NoError(t, err)
			require.Len(t, list, 5)
			for _, c := range list {
				if want, ok := tc.bad[c.Name]; ok {
					require.Contains(t, c.Damage, want)
				} else {
					require.Empty(t, c.Damage, c.Name)
				}
			}
		})
	}
}

// TestClaimsAreNotTakenFromTheLiving: who gave up a claim taken from another
// would leave that one at work on a container that anybody may use.
func TestClaimsAreNotTakenFromTheLiving(t *testing.T) {
	b := newBench(t)
	id := b.ctr("web", "")
	claim := func(e *engine) container.Owner {
		t.Helper()
		require.NoError(t, e.store.Update(b.ctx, func(tx *store.Tx) error {
			c, err := tx.Container(b.ctx, id)
			require.NoError(t, err)
			return e.claimRemoval(b.ctx, tx, c, RemoveOptions{})
		}))
		return b.snapshot().ctrs[id].Owner
	}
	first, second := b.open(), b.open()
	require.Equal(t, first.Runtime.self, claim(first))
	require.Equal(t, first.Runtime.self, claim(second))
	require.NoError(t, second.unclaimRemoval(b.ctx, id))
	require.Equal(t, first.Runtime.self, b.snapshot().ctrs[id].Owner)
	first.kill()
	require.Equal(t, second.Runtime.self, claim(second))
	require.NoError(t, second.removeOne(b.ctx, id, RemoveOptions{}))
	second.kill()
	b.sound()
	require.Empty(t, b.snapshot().ctrs)
}
