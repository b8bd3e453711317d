package runtime

import (
	"context"
	"errors"
	"strings"

	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// A lost pod has containers but no row of its own: a damaged database. Its
// containers are listed, and it can be removed by force.

// lookupLostPods finds lost pods by a prefix of their ID, or by the name in their
// blueprint.
func (r *Runtime) lookupLostPods(ctx context.Context, tx *store.Tx, nameOrID string) (found []string, err error) {
	lost, err := tx.LostPods(ctx)
	if err != nil || nameOrID == "" {
		return nil, err
	}
	for _, id := range lost {
		b, err := r.readPodBlueprint(id)
		if strings.HasPrefix(id, strings.ToLower(nameOrID)) || err == nil && b.Name == nameOrID {
			found = append(found, id)
		}
	}
	return found, nil
}

// restoreLostPod gives a lost pod a row again, by which it is removed. A pod that
// has no containers either is none.
func (r *Runtime) restoreLostPod(ctx context.Context, tx *store.Tx, id string) error {
	if has, err := tx.HasPod(ctx, id); err != nil || has {
		return err
	}
	members, err := tx.PodContainers(ctx, id)
	if err != nil || len(members) == 0 {
		return err
	}
	logrus.Warnf("pod %s is not in the database: removing its containers one by one", shortID(id))
	p := &pod.Pod{ID: id, Name: id, State: pod.Ready, CreatedAt: tx.Now(), Config: new(pod.Config)}
	if b, err := r.readPodBlueprint(id); err == nil {
		p.Config = b.Config
		taken, err := tx.PodNamed(ctx, b.Name)
		if err != nil {
			return err
		}
		if taken == "" {
			p.Name = b.Name
		}
		return tx.RestorePod(ctx, p)
	}
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	if p.Config.CgroupPath, err = m.PodPath(m.DefaultParent(), id); err != nil {
		return err
	}
	return tx.RestorePod(ctx, p)
}

// adoptLost adds to a pod that is removed by force the containers of lost pods
// that depend on its members: nobody else would ever remove them.
func (r *Runtime) adoptLost(ctx context.Context, tx *store.Tx, s *podSnapshot) error {
	for i := 0; i < len(s.members); i++ { // grows
		dependents, err := tx.Dependents(ctx, s.members[i].ID)
		if err != nil {
			return err
		}
		for _, id := range dependents {
			if s.byID[id] != nil {
				continue
			}
			c, err := tx.Container(ctx, id)
			if errors.Is(err, errdefs.ErrNoSuchCtr) {
				continue
			}
			if err != nil {
				return err
			}
			if c.PodID == "" {
				continue
			}
			has, err := tx.HasPod(ctx, c.PodID)
			if err != nil {
				return err
			}
			if has {
				continue
			}
			logrus.Warnf("pod %s of container %s is not in the database: removing it with pod %s", shortID(c.PodID), c.Name, s.pod.Name)
			r.observe(c)
			s.add(c)
		}
	}
	return nil
}
