package network

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/podctl/podctl/pkg/proc"
)

// orphanWait bounds how long a netavark whose caller was killed is waited for.
const orphanWait = 30 * time.Second

// waitOrphans waits until no netavark works on the namespace at nsPath, and kills
// one that takes longer than limit. The death of a process releases libnetwork's
// lock, but does not end the netavark it started: undoing a setup that still goes
// on would leave part of it.
func waitOrphans(ctx context.Context, nsPath string, limit time.Duration) error {
	soon, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	orphans, err := workingOn(nsPath, nsPath+standInSuffix)
	if err != nil {
		return err
	}
	for _, p := range orphans {
		err := p.Wait(soon)
		if err != nil && ctx.Err() == nil && soon.Err() != nil {
			err = proc.KillTree(ctx, p)
		}
		if err != nil {
			return fmt.Errorf("wait for netavark (pid %d) left by an interrupted call: %w", p.PID, err)
		}
	}
	return nil
}

// workingOn finds the netavark processes with one of the paths as last argument.
func workingOn(paths ...string) ([]proc.Process, error) {
	pids, err := proc.All()
	if err != nil {
		return nil, err
	}
	var found []proc.Process
	for _, pid := range pids {
		args := proc.Args(pid)
		if !isNetavark(args) || !slices.Contains(paths, args[len(args)-1]) {
			continue
		}
		if p, err := proc.Of(pid); err == nil {
			found = append(found, p)
		}
	}
	return found, nil
}
