package lock

import (
	"bufio"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWaiters(t *testing.T) {
	t.Run("names_who_waits_and_since_when", func(t *testing.T) {
		d := tempDir(t)
		l := mustLock(t, d, "web")
		mustLock(t, d, "db") // held, nobody waits
		before := time.Now().Truncate(time.Millisecond)
		done, _ := waiter(t, t.Context(), d, "web")

		waiters, err := d.Waiters()
		require.NoError(t, err)
		require.Len(t, waiters, 1)
		require.Equal(t, "web", waiters[0].Name)
		require.Equal(t, os.Getpid(), waiters[0].PID)
		require.Contains(t, waiters[0].Cmdline, "lock.test")
		require.False(t, waiters[0].Since.Before(before))

		require.NoError(t, l.Unlock())
		require.NoError(t, await(t, done))
		waiters, err = d.Waiters()
		require.NoError(t, err)
		require.Empty(t, waiters)
	})
	t.Run("that_got_the_lock_are_holders", func(t *testing.T) {
		d := tempDir(t)
		l := mustLock(t, d, "web")
		second := Open(d.path)
		second.noticeAfter = time.Millisecond
		waits := make(chan struct{}, 1)
		second.OnWait = func(string, Holder) { waits <- struct{}{} }
		got := make(chan *Lock, 1)
		go func() {
			next, err := second.Lock(t.Context(), "web")
			if err == nil {
				got <- next
			}
		}()
		await(t, waits)
		require.NoError(t, l.Unlock())
		next := await(t, got) // only now it holds the lock
		defer func() { require.NoError(t, next.Unlock()) }()
		waiters, err := d.Waiters()
		require.NoError(t, err)
		require.Empty(t, waiters)
		holders, err := d.Holders()
		require.NoError(t, err)
		require.Len(t, holders, 1)
	})
	t.Run("that_gave_up_are_none", func(t *testing.T) {
		d := tempDir(t)
		mustLock(t, d, "web")
		ctx, cancel := context.WithCancel(t.Context())
		done, _ := waiter(t, ctx, d, "web")
		cancel()
		require.Error(t, await(t, done))
		waiters, err := d.Waiters()
		require.NoError(t, err)
		require.Empty(t, waiters)
	})
	t.Run("that_were_killed_are_none", func(t *testing.T) {
		d := tempDir(t)
		mustLock(t, d, "web")
		cmd := part(partHold, d.path) // has to wait
		_, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool {
			waiters, err := d.Waiters()
			return err == nil && len(waiters) == 1 && waiters[0].PID == cmd.Process.Pid
		}, deadline, time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		_, err = bufio.NewReader(out).ReadString('\n')
		require.Error(t, err)
		require.Error(t, cmd.Wait())
		waiters, err := d.Waiters()
		require.NoError(t, err)
		require.Empty(t, waiters)
	})
}
