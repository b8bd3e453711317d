package runtime

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/store"
)

// TestReboot: no process of another boot is alive; what was created stays, and
// exit codes known before are kept.
func TestReboot(t *testing.T) {
	b := newBench(t)
	twoInPod(true)(b)
	podID := b.podNamed("p")
	idle := b.ctr("idle", "")
	ended := b.ctr("ended", "")
	require.NoError(t, b.look().StartContainer(b.ctx, ended))
	b.exit(ended, 7)
	require.NoError(t, b.look().CleanupContainer(b.ctx, ended, CleanupOptions{}))
	half := b.open()
	half.cut = 6
	require.Error(t, half.StartContainer(b.ctx, idle), "one is starting when the power goes")
	seq := b.now()
	b.reboot()
	require.NoError(t, os.RemoveAll(b.settings.TmpDir))

	e := b.open()
	expect(container.Exited, "web", "sql", "ended")(b)
	require.Equal(t, -1, b.row(b.idOf("web")).Runtime.ExitCode, "nobody saw its end")
	require.Equal(t, 7, b.row(ended).Runtime.ExitCode)
	require.Equal(t, []string{"system refresh "}, b.events(seq))
	require.NoError(t, e.StartPod(b.ctx, podID))
	require.NoError(t, e.StartContainer(b.ctx, idle))
	e.kill()
	b.sound()
	expect(container.Running, "web", "sql", "idle")(b)
	for id := range b.leases {
		require.NotNil(t, b.snapshot().ctrs[id])
	}
	require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true}))
	b.sound()
}

func TestRowsOfTheLivingAreLeftAlone(t *testing.T) {
	b := newBench(t)
	id := b.ctr("web", "")
	owner := b.open()
	require.NoError(t, owner.db.Update(b.ctx, func(tx *store.Tx) error {
		c, err := tx.Container(b.ctx, id)
		require.NoError(t, err)
		owner.claim(c, intentStart)
		return tx.SaveContainer(b.ctx, c)
	}))
	_, err := b.open().CreatePod(b.ctx, podOptions("p"))
	require.NoError(t, err)
	require.Equal(t, intentStart, b.row(id).Intent, "its owner lives")
	owner.kill()
	_, err = b.open().CreatePod(b.ctx, podOptions("q"))
	require.NoError(t, err)
	require.Empty(t, b.row(id).Intent)
	b.sound()
	_, err = os.Stat(filepath.Join(b.settings.ContainerDir(id), blueprintName))
	require.NoError(t, err)
}

// TestRemovalOfWhatSomebodyWasStarting: the removal is decided while the start is
// under way, and its process is killed before it can say what it set up.
func TestRemovalOfWhatSomebodyWasStarting(t *testing.T) {
	for _, step := range []string{"create-ns", "attach-network", "oci-create", "oci-start"} {
		t.Run("until_"+step, func(t *testing.T) {
			b := newBench(t)
			id := b.ctr("web", "")
			starter := b.open()
			reached, claimed := make(chan struct{}), make(chan struct{})
			b.at[step+" "+id] = func() {
				close(reached)
				<-claimed
				starter.kill()
			}
			started := make(chan error, 1)
			go func() { started <- starter.StartContainer(b.ctx, id) }()
			<-reached
			removed := make(chan error, 1)
			remover := b.open()
			go func() { removed <- remove(RemoveOptions{}, "web")(b, remover) }()
			require.Eventually(t, func() bool { return isRemoval(b.snapshot().ctrs[id].Intent) }, soon, time.Millisecond)
			close(claimed)
			require.ErrorIs(t, <-started, errKilled)
			require.NoError(t, <-removed)
			remover.kill()
			b.sound()
			b.noLocks()
			require.Empty(t, b.snapshot().ctrs)
		})
	}
}

// TestTwoRecoverAtOnce: whoever comes first mends it, and neither fails.
func TestTwoRecoverAtOnce(t *testing.T) {
	for steps := 1; steps < 30; steps += 3 {
		b := newBench(t)
		twoInPod(true)(b)
		half := b.open()
		half.cut = steps
		require.Error(t, half.RemovePod(b.ctx, b.podNamed("p"), RemoveOptions{Force: true}))
		errs := make(chan error)
		one, two := b.open(), b.open()
		for i, e := range []*engine{one, two} {
			go func() {
				_, err := e.CreatePod(b.ctx, podOptions([]string{"q", "r"}[i]))
				errs <- err
			}()
		}
		require.NoError(t, <-errs)
		require.NoError(t, <-errs)
		one.kill()
		two.kill()
		b.sound()
		require.Len(t, b.snapshot().pods, 2)
	}
}
