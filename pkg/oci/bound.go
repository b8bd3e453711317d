package oci

import (
	"context"
	"time"

	"github.com/podctl/podctl/pkg/proc"
)

// bounded is a context that ends after Config.Timeout, with a
// *proc.TimeoutError for its cause.
func (r *Runtime) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.cfg.Timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, r.cfg.Timeout, &proc.TimeoutError{After: r.cfg.Timeout})
}

// abandonTime bounds the end of what was killed.
const abandonTime = 5 * time.Second

// abandon ends a conmon we no longer wait for, and with it the OCI runtime it may
// be waiting for, and what that has made so far: a conmon that was told to end
// waits for them first, and for ever if they hang.
func abandon(pid int) {
	conmon, err := proc.Of(pid)
	if err != nil {
		return // there is none
	}
	ctx, cancel := context.WithTimeout(context.Background(), abandonTime)
	defer cancel()
	_ = proc.KillTree(ctx, conmon) // what resists is the caller's to find: it is in the container's cgroup
}
