package runtime

import (
	"context"
	goruntime "runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/lock"
)

// Who finds all slots taken waits until one is free, or its context ends.
func TestSlots(t *testing.T) {
	dir := t.TempDir()
	r, others := &Runtime{slots: lock.Open(dir)}, lock.Open(dir)
	var taken []*lock.Lock
	for i := range slotsPerCPU * goruntime.NumCPU() {
		l, err := others.Lock(t.Context(), slotName(i))
		require.NoError(t, err)
		taken = append(taken, l)
	}
	never := func() error { t.Error("got a slot that was taken"); return nil }
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, r.inSlot(ctx, never), context.DeadlineExceeded)

	done := make(chan error)
	go func() { done <- r.inSlot(t.Context(), func() error { return nil }) }()
	require.NoError(t, taken[0].Unlock())
	require.NoError(t, <-done)
	for _, l := range taken {
		require.NoError(t, l.Unlock())
	}
}
