package store

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Who is told to stop leaves the queue, and the next write finds it as it was.
func TestQueue(t *testing.T) {
	s := open(t)
	nothing := func(*Tx) error { return nil }
	other, err := os.Open(filepath.Dir(s.Path()))
	require.NoError(t, err)
	defer other.Close()
	require.NoError(t, unix.Flock(int(other.Fd()), unix.LOCK_EX))

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Update(ctx, nothing), context.DeadlineExceeded)

	done := make(chan error)
	go func() { done <- s.Update(t.Context(), nothing) }()
	select {
	case err := <-done:
		t.Fatalf("wrote before its turn: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	require.NoError(t, unix.Flock(int(other.Fd()), unix.LOCK_UN))
	require.NoError(t, <-done)
	// The turn was given back.
	require.NoError(t, unix.Flock(int(other.Fd()), unix.LOCK_EX))
}
