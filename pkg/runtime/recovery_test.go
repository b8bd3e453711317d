package runtime

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
	"github.com/podctl/podctl/pkg/volume"
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
	for lease := range b.leases {
		id, _, _ := strings.Cut(lease, " ")
		require.NotNil(t, b.snapshot().ctrs[id])
	}
	require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true}))
	b.sound()
}

// TestRebootWithRunFiles: the run directory is on a disk, so that a boot does not
// empty it. What is left of each kind is in nobody's way.
func TestRebootWithRunFiles(t *testing.T) {
	for name, lose := range map[string]func(b *bench) string{
		"all":                       func(*bench) string { return "" },
		"without_bundles":           func(b *bench) string { clear(b.bundles); return filepath.Dir(b.settings.BundleDir("x")) },
		"without_the_OCI_runtime's": func(b *bench) string { clear(b.ctrs); return b.settings.RuntimeRoot() },
		"without_namespaces":        func(b *bench) string { clear(b.netns); return filepath.Dir(b.settings.NetNSPath("x")) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			web, idle, ready, ended := b.ctr("web", ""), b.ctr("idle", ""), b.ctr("ready", ""), b.ctr("ended", "")
			require.NoError(t, b.look().StartContainer(b.ctx, web))
			require.NoError(t, b.look().InitContainer(b.ctx, ready))
			require.NoError(t, b.look().StartContainer(b.ctx, ended))
			b.exit(ended, 7)                                 // and its exit command does not come to run
			for _, id := range []string{web, ready, ended} { // the fakes keep these in memory
				for _, path := range []string{b.settings.NetNSPath(id), filepath.Join(b.settings.RuntimeRoot(), id, "state.json")} {
					require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
					require.NoError(t, os.WriteFile(path, nil, 0o600))
				}
			}
			b.rebootKeepingRun()
			require.NoError(t, os.RemoveAll(lose(b)))

			e := b.open()
			expect(container.Exited, "web", "ended")(b)
			expect(container.Created, "idle", "ready")(b)
			require.Equal(t, 7, b.row(ended).Runtime.ExitCode, "conmon wrote it down")
			require.NoError(t, e.StartContainer(b.ctx, web))
			e.kill()
			b.sound()
			expect(container.Running, "web")(b)
			for _, id := range []string{web, idle, ready, ended} {
				require.NoError(t, b.open().removeContainers(b.ctx, []string{id}, RemoveOptions{Force: true}))
			}
			b.sound()
		})
	}
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
	_, err = os.Stat(b.look().blueprintPath(id))
	require.NoError(t, err)
}

// TestEndedBeforeItWasStarted: process and conmon of a container that waited to be
// started were killed.
func TestEndedBeforeItWasStarted(t *testing.T) {
	b := newBench(t)
	id := b.ctr("web", "")
	require.NoError(t, b.look().InitContainer(b.ctx, id))
	b.mu.Lock()
	close(b.ctrs[id].conmon.done)
	b.end(b.ctrs[id].main, 137)
	b.mu.Unlock()
	b.ctr("other", "")
	expect(container.Created, "web")(b)
	b.sound()
}

// TestRecoveryEndsWithTheFirstThatHangs: a verb has its own work to do, and a
// program that hung once would hang again.
func TestRecoveryEndsWithTheFirstThatHangs(t *testing.T) {
	b := newBench(t)
	said := warnings(t)
	web, sql := b.ctr("web", ""), b.ctr("sql", "")
	first, second := b.open(), b.open()
	b.at["oci-start "+web] = func() {
		b.at["oci-start "+sql] = second.kill
		require.Error(t, second.StartContainer(b.ctx, sql))
		first.kill()
	}
	require.Error(t, first.StartContainer(b.ctx, web))
	tried := 0
	for _, id := range []string{web, sql} {
		b.at["oci-delete "+id] = func() { tried++ }
	}
	b.fail["oci-delete"] = &proc.TimeoutError{After: time.Second}
	b.ctr("other", "")
	require.Equal(t, 1, tried)
	require.Contains(t, said.String(), "it did not end in 1s and was killed (--program-timeout)")
	clear(b.fail)
	b.ctr("another", "")
	require.Equal(t, 2, tried)
	b.sound()
	expect(container.Created, "web", "sql", "other", "another")(b)
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

// TestUndoneRemovalOfWhatSomebodyWasStarting: who removes a pod and who starts its
// infra container are both killed, and the next one that comes to the container
// waited for its lock and did not recover before.
func TestUndoneRemovalOfWhatSomebodyWasStarting(t *testing.T) {
	b := newBench(t)
	twoInPod(false)(b)
	podID := b.podNamed("p")
	infra := b.snapshot().pods[podID].InfraID
	starter, remover := b.open(), b.open()
	reached, claimed := make(chan struct{}), make(chan struct{})
	b.at["oci-start "+infra] = func() {
		close(reached)
		<-claimed
		starter.kill()
	}
	started := make(chan error, 1)
	go func() { started <- starter.StartContainer(b.ctx, infra) }()
	<-reached
	_, _, err := remover.claimPodRemoval(b.ctx, podID, RemoveOptions{Force: true, ofPod: true})
	require.NoError(t, err)
	remover.kill()
	close(claimed)
	require.ErrorIs(t, <-started, errKilled)

	waited := b.open()
	require.NoError(t, waited.stopOne(b.ctx, infra, StopOptions{}))
	waited.kill()
	require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true}))
	b.sound()
	require.Empty(t, b.snapshot().ctrs)
}

// TestNothingToInherit: what recovery read of a pod is older than the end of its
// owner, who got it done.
func TestNothingToInherit(t *testing.T) {
	for _, read := range []pod.State{pod.Creating, pod.Removing} {
		b := newBench(t)
		twoInPod(true)(b)
		id := b.podNamed("p")
		e := b.open()
		old := *b.snapshot().pods[id]
		old.State = read
		require.NoError(t, e.settleAll(b.ctx, abandoned{pods: []*pod.Pod{&old}}))
		e.kill()
		b.sound()
		require.Contains(t, b.snapshot().pods, id, string(read))
		expect(container.Running, "web", "sql")(b)
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

// stubborn heeds no stop signal and is given an hour to change its mind.
func stubborn(o *CreateOptions) {
	hour := uint(3600)
	o.Config.StopTimeout = &hour
}

// TestInterruptedRemovalKeepsItsTime: who carries it on waits as long as the user
// said, not as long as the container says.
func TestInterruptedRemovalKeepsItsTime(t *testing.T) {
	brief := time.Millisecond
	for name, verb := range map[string]func(*bench, *engine) error{
		"of_a_container": remove(RemoveOptions{Timeout: &brief}, "web"),
		"of_a_pod": onPod("p", func(b *bench, e *engine, id string) error {
			return e.RemovePod(b.ctx, id, RemoveOptions{Force: true, Timeout: &brief})
		}),
	} {
		t.Run(name, func(t *testing.T) {
			for steps := 1; ; steps++ {
				b := newBench(t)
				id := b.pod("p")
				b.ctr("web", "p", stubborn)
				b.startPod(id)
				b.deaf[b.idOf("web")] = true
				half := b.open()
				half.cut = steps
				err := verb(b, half)
				half.kill()
				_, again := b.open().CreateVolume(b.ctx, volume.CreateOptions{Name: "other"})
				require.NoError(t, again, "after %d steps", steps)
				b.sound()
				if err == nil {
					require.Greater(t, steps, 5)
					return
				}
			}
		})
	}
}

// TestKilledStartForgetsNothing: what is known of the last run stays known until
// there is another one.
func TestKilledStartForgetsNothing(t *testing.T) {
	for steps := 1; ; steps++ {
		b := newBench(t)
		oneAlone(true)(b)
		require.NoError(t, onCtr("web", stop)(b, b.look()))
		require.True(t, b.row(b.idOf("web")).Runtime.StoppedByUser)
		half := b.open()
		half.cut = steps
		err := onCtr("web", start)(b, half)
		half.kill()
		_, again := b.open().CreateVolume(b.ctx, volume.CreateOptions{Name: "other"})
		require.NoError(t, again)
		c := b.row(b.idOf("web"))
		require.Equal(t, c.State == container.Exited, c.Runtime.StoppedByUser, "after %d steps", steps)
		if err == nil {
			require.Equal(t, container.Running, c.State)
			return
		}
	}
}

// TestAnyCommandFinishesWhatAnExitCommandBegan: it was killed, or there was none
// because conmon was killed too.
func TestAnyCommandFinishesWhatAnExitCommandBegan(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*CreateOptions)
		want   container.State
	}{
		"and_cleans_up": {func(*CreateOptions) {}, container.Exited},
		"and_restarts":  {restartAlways, container.Running},
		"and_removes":   {autoRemove, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for steps := 0; ; steps++ {
				b := newBench(t)
				ended(oneAlone(true, tc.change), "web")(b)
				var err error
				if steps > 0 {
					half := b.open()
					half.cut = steps
					err = onCtr("web", cleanup)(b, half)
					half.kill()
				}
				_, again := b.open().CreateVolume(b.ctx, volume.CreateOptions{Name: "other"})
				require.NoError(t, again)
				b.sound()
				require.Equal(t, tc.want, b.state("web"), "after %d steps", steps)
				if want := uint(1); tc.want == container.Running {
					require.Equal(t, want, b.row(b.idOf("web")).Runtime.RestartCount)
				}
				if steps > 0 && err == nil {
					return
				}
			}
		})
	}
}

// TestNothingRestartsByItselfAfterABoot: not even what was being restarted when
// the power went.
func TestNothingRestartsByItselfAfterABoot(t *testing.T) {
	b := newBench(t)
	ended(oneAlone(true, restartAlways), "web")(b)
	for steps := 1; b.row(b.idOf("web")).Intent != intentStartAgain; steps++ {
		half := b.open()
		half.cut = steps
		require.Error(t, onCtr("web", cleanup)(b, half))
		half.kill()
	}
	b.reboot()
	require.NoError(t, os.RemoveAll(b.settings.TmpDir))
	_, err := b.open().CreateVolume(b.ctx, volume.CreateOptions{Name: "other"})
	require.NoError(t, err)
	b.sound()
	expect(container.Exited, "web")(b)
}

// TestDeadSessions: of a session nobody ended, the next command forgets the row
// and the files, or finds the process that still runs.
func TestDeadSessions(t *testing.T) {
	b := newBench(t)
	oneAlone(true)(b)
	id := b.idOf("web")
	half := b.open()
	for _, session := range []string{"never", "ran", "runs"} {
		_, err := half.recordSession(b.ctx, id, session, ExecOptions{Command: []string{"true"}})
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(half.sessionDir(id, session), 0o700))
	}
	pid := b.row(id).Runtime.Process.PID
	b.write(filepath.Join(half.sessionDir(id, "runs"), "pidfile"), fmt.Sprint(pid))
	b.write(filepath.Join(half.sessionDir(id, "ran"), "pidfile"), "1")
	b.write(filepath.Join(half.sessionDir(id, "ran"), "exit", id), "7")
	half.kill()

	seq := b.now()
	_, err := b.open().CreateVolume(b.ctx, volume.CreateOptions{Name: "other"})
	require.NoError(t, err)
	b.view(func(tx *store.Tx) error {
		left, err := tx.ExecSessions(b.ctx, "")
		require.Len(t, left, 1)
		require.Equal(t, "runs", left[0].ID)
		require.Equal(t, pid, left[0].Process.PID)
		return err
	})
	require.Contains(t, b.events(seq), "container exec_died web")
	require.NoDirExists(t, half.sessionDir(id, "never"))
	require.NoDirExists(t, half.sessionDir(id, "ran"))
	require.DirExists(t, half.sessionDir(id, "runs"))
}
