package runtime

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/lock"
	"github.com/podctl/podctl/pkg/proc"
)

func TestLocks(t *testing.T) {
	s := testSettings(t)
	r, _ := testEngine(t, s)
	insert(t, r, aPod('a', "web"), aContainer('c', "one", fullID('a')))
	others := lock.Open(s.LockDir()) // as another process would hold them
	for _, id := range []string{fullID('a'), fullID('c'), fullID('f')} {
		l, err := others.Lock(t.Context(), id)
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Unlock() })
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := r.lock(ctx, fullID('c'))
		done <- err
	}()
	var list []LockEntry
	require.Eventually(t, func() bool {
		var err error
		list, err = r.Locks(t.Context())
		require.NoError(t, err)
		return len(list) == 4
	}, 10*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)

	var got []string
	for _, e := range list {
		got = append(got, fmt.Sprintf("%s %s %s", e.Object, e.Name, e.State))
		require.Equal(t, os.Getpid(), e.PID)
		require.Equal(t, proc.Cmdline(os.Getpid()), e.Command)
		require.WithinDuration(t, time.Now(), e.Since, time.Minute)
	}
	require.Equal(t, []string{" ffffffffffff holder", "container one holder", "container one waiter", "pod web holder"}, got)
}

func TestLockTimeout(t *testing.T) {
	s := testSettings(t)
	s.Flags.LockTimeout = 10 * time.Millisecond
	r, _ := testEngine(t, s)
	insert(t, r, aPod('a', "web"))
	l, err := lock.Open(s.LockDir()).Lock(t.Context(), fullID('a'))
	require.NoError(t, err)
	defer l.Unlock() //nolint:errcheck // the lock dies with the descriptor
	_, err = r.lock(t.Context(), fullID('a'))
	require.ErrorIs(t, err, errdefs.ErrUnavailable)
	require.ErrorContains(t, err, fmt.Sprintf("pod web is locked by process %d (%s) for ", os.Getpid(), proc.Cmdline(os.Getpid())))
	require.ErrorContains(t, err, "gave up after 10ms (--lock-timeout); run the command again when that process is done, or end it with kill")
}

func TestWaitNotice(t *testing.T) {
	r, said := testEngine(t, testSettings(t))
	insert(t, r, aPod('a', "web"), aContainer('c', "one", fullID('a')))
	since := time.Now().Add(-3 * time.Second)
	r.reportWait(fullID('c'), lock.Holder{PID: 7, Cmdline: "podctl stop one", Since: since})
	r.reportWait(fullID('a'), lock.Holder{PID: 8, Cmdline: "podctl pod rm web", Since: since})
	r.reportWait(fullID('f'), lock.Holder{})
	require.Equal(t, "waiting for container one, locked by process 7 (podctl stop one) for 3s\n"+
		"waiting for pod web, locked by process 8 (podctl pod rm web) for 3s\n"+
		"waiting for ffffffffffff, locked by a process that cannot be told\n", said.String())
}
