package lock

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/stretchr/testify/require"
)

const deadline = 20 * time.Second

func tempDir(t *testing.T) *Dir {
	return Open(filepath.Join(t.TempDir(), "run", "locks"))
}

func mustLock(t *testing.T, d *Dir, name string) *Lock {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	l, err := d.Lock(ctx, name)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Unlock() })
	return l
}

// waiter starts a Lock that has to wait and returns once it does. Its dir
// notices waits after a moment, which is what tells.
func waiter(t *testing.T, ctx context.Context, d *Dir, name string) (<-chan error, Holder) {
	t.Helper()
	waits := make(chan Holder, 1)
	own := Open(d.path)
	own.noticeAfter = time.Millisecond
	own.OnWait = func(_ string, h Holder) { waits <- h }
	done := make(chan error, 1)
	go func() {
		l, err := own.Lock(ctx, name)
		if err == nil {
			err = l.Unlock()
		}
		done <- err
	}()
	return done, await(t, waits)
}

func await[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(deadline):
		t.Fatal("nothing happened")
		panic("unreachable")
	}
}

func TestOpenTouchesNothing(t *testing.T) {
	d := tempDir(t)
	holders, err := d.Holders()
	require.NoError(t, err)
	require.Empty(t, holders)
	_, err = os.Stat(d.path)
	require.ErrorIs(t, err, os.ErrNotExist)

	mustLock(t, d, "web")
	info, err := os.Stat(d.path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestLock(t *testing.T) {
	t.Run("excludes_goroutines_of_one_process", func(t *testing.T) {
		d := tempDir(t)
		l := mustLock(t, d, "web")
		_, ok, err := d.TryLock("web")
		require.NoError(t, err)
		require.False(t, ok)

		done, _ := waiter(t, t.Context(), d, "web")
		require.NoError(t, l.Unlock())
		require.NoError(t, await(t, done))
	})
	t.Run("of_one_object_leaves_others_alone", func(t *testing.T) {
		d := tempDir(t)
		mustLock(t, d, "web")
		l, ok, err := d.TryLock("db")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, "db", l.Name())
		require.NoError(t, l.Unlock())
	})
	t.Run("is_released_once", func(t *testing.T) {
		d := tempDir(t)
		first := mustLock(t, d, "web")
		require.NoError(t, first.Unlock())
		mustLock(t, d, "web")
		require.NoError(t, first.Unlock())
		require.NoError(t, first.Remove())
		_, ok, err := d.TryLock("web")
		require.NoError(t, err)
		require.False(t, ok, "the second holder still holds it")
	})
	t.Run("makes_its_directory_again", func(t *testing.T) {
		d := tempDir(t)
		require.NoError(t, mustLock(t, d, "web").Unlock())
		require.NoError(t, os.RemoveAll(d.path))
		mustLock(t, d, "web")
	})
	for _, name := range []string{"", ".", "..", "a/b", "a\x00b"} {
		_, err := tempDir(t).Lock(t.Context(), name)
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument, "%q", name)
		_, _, err = tempDir(t).TryLock(name)
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument, "%q", name)
	}
}

func TestWaitEnds(t *testing.T) {
	cancelled := func(t *testing.T, d *Dir) error {
		ctx, cancel := context.WithCancel(t.Context())
		done, _ := waiter(t, ctx, d, "web")
		cancel()
		return await(t, done)
	}
	t.Run("with_its_context_naming_the_holder", func(t *testing.T) {
		d := tempDir(t)
		mustLock(t, d, "web")
		err := cancelled(t, d)
		require.ErrorIs(t, err, context.Canceled)
		var held *HeldError
		require.True(t, errors.As(err, &held))
		require.Equal(t, os.Getpid(), held.Holder.PID)
		require.Equal(t, proc.Cmdline(os.Getpid()), held.Holder.Cmdline)
		require.Contains(t, err.Error(), "lock web: held by process ")
	})
	t.Run("after_the_timeout", func(t *testing.T) {
		d := tempDir(t)
		mustLock(t, d, "web")
		hasty := Open(d.path)
		hasty.Timeout = 10 * time.Millisecond
		_, err := hasty.Lock(t.Context(), "web")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	t.Run("before_it_began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := tempDir(t).Lock(ctx, "web")
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("and_what_was_given_up_is_not_held", func(t *testing.T) {
		d := tempDir(t)
		l := mustLock(t, d, "web")
		require.Error(t, cancelled(t, d))
		require.NoError(t, l.Unlock())
		mustLock(t, d, "web") // waits for the forsaken thread, if that was faster
	})
}

func TestOnWaitIsToldTheHolderOnce(t *testing.T) {
	d := tempDir(t)
	l := mustLock(t, d, "web")
	done, h := waiter(t, t.Context(), d, "web")
	require.Equal(t, "web", h.Name)
	require.Equal(t, os.Getpid(), h.PID)
	require.WithinDuration(t, time.Now(), h.Since, deadline)
	// The wait goes on over a new file; a second call would block the waiter.
	_, again := waiter(t, t.Context(), d, "web")
	require.Equal(t, os.Getpid(), again.PID)
	require.NoError(t, l.Remove())
	require.NoError(t, await(t, done))
}

func TestRemove(t *testing.T) {
	t.Run("takes_the_file_away", func(t *testing.T) {
		d := tempDir(t)
		require.NoError(t, mustLock(t, d, "web").Remove())
		_, err := os.Stat(filepath.Join(d.path, "web"))
		require.ErrorIs(t, err, os.ErrNotExist)
	})
	t.Run("lets_waiters_go_on_with_a_new_file", func(t *testing.T) {
		d := tempDir(t)
		l := mustLock(t, d, "web")
		done, _ := waiter(t, t.Context(), d, "web")
		require.NoError(t, l.Remove())
		require.NoError(t, await(t, done))
	})
	t.Run("spares_a_file_that_is_another_lock", func(t *testing.T) {
		d := tempDir(t)
		old := mustLock(t, d, "web")
		require.NoError(t, os.Remove(filepath.Join(d.path, "web")))
		mustLock(t, d, "web")
		require.NoError(t, old.Remove())
		_, ok, err := d.TryLock("web")
		require.NoError(t, err)
		require.False(t, ok)
	})
}

func TestHolders(t *testing.T) {
	d := tempDir(t)
	mustLock(t, d, "b")
	mustLock(t, d, "a")
	require.NoError(t, mustLock(t, d, "free").Unlock())
	require.NoError(t, os.Mkdir(filepath.Join(d.path, "dir"), 0o700))

	self, err := proc.Self()
	require.NoError(t, err)
	// A file that names a living process but is not locked is not held.
	stale, err := os.Create(filepath.Join(d.path, "stale"))
	require.NoError(t, err)
	writeHolder(stale, self)
	require.NoError(t, stale.Close())

	// A locked file that names a process which is gone has an unknown holder.
	self.StartTime++
	unknown := mustLock(t, d, "unknown")
	writeHolder(unknown.file, self)

	holders, err := d.Holders()
	require.NoError(t, err)
	require.Len(t, holders, 3)
	for i, name := range []string{"a", "b"} {
		require.Equal(t, name, holders[i].Name)
		require.Equal(t, os.Getpid(), holders[i].PID)
	}
	require.Equal(t, Holder{Name: "unknown"}, holders[2])
	require.Equal(t, "an unknown process", holders[2].describe())
}

func TestSweep(t *testing.T) {
	d := Open(t.TempDir())
	held, err := d.Lock(t.Context(), "held")
	require.NoError(t, err)
	idle, err := d.Lock(t.Context(), "idle")
	require.NoError(t, err)
	require.NoError(t, idle.Unlock())

	require.NoError(t, d.Sweep())

	require.FileExists(t, filepath.Join(d.path, "held"))
	require.NoFileExists(t, filepath.Join(d.path, "idle"))
	_, ok, err := d.TryLock("held")
	require.NoError(t, err)
	require.False(t, ok, "a lock that is held survives")
	require.NoError(t, held.Unlock())
	require.NoError(t, Open(filepath.Join(d.path, "never-made")).Sweep())
}
