package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// membersOfSeeded are the containers of a seeded pod beside its infra container.
const membersOfSeeded = 2

// population returns the program with that many pods, none of them started, of
// three containers each: infra and two more.
func (b *bench) population(p *program, pods int) (*instance, error) {
	name := fmt.Sprintf("pods%d", pods)
	_, made := b.instances[p.name+"-"+name]
	in, err := b.instance(p, name)
	if err != nil || made {
		return in, err
	}
	if p == b.podctl {
		return in, seedRows(in, pods, membersOfSeeded)
	}
	return in, b.playPods(in, pods)
}

func seededName(i int) string { return fmt.Sprintf("seeded-%05d", i) }

// seedRows makes the pods as rows: one is made by podctl, the others are copies of
// its rows under new IDs and names. What is on the host of a pod that was
// never started, an empty cgroup, they do not have.
func seedRows(in *instance, pods, members int) error {
	if err := in.do("pod", "create", "--name", seededName(0)); err != nil {
		return err
	}
	for i := range members {
		if err := in.do("create", "--pod", seededName(0), "--name", fmt.Sprintf("%s-%d", seededName(0), i), imageName, "sleep", "1000"); err != nil {
			return err
		}
	}
	ctx := context.Background()
	db, err := store.Open(ctx, filepath.Join(in.root, "podctl", "podctl.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	var (
		first *pod.Pod
		ctrs  []*container.Container
	)
	err = db.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Pods(ctx)
		if err != nil {
			return err
		}
		first = all[len(all)-1]
		ctrs, err = tx.PodContainers(ctx, first.ID)
		return err
	})
	if err != nil {
		return err
	}
	const atOnce = 500
	for done := 1; done < pods; done += atOnce {
		err := db.Update(ctx, func(tx *store.Tx) error {
			for i := done; i < min(done+atOnce, pods); i++ {
				if err := copyPod(ctx, tx, i, *first, ctrs); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// copyPod inserts the pod and its containers as the i-th.
func copyPod(ctx context.Context, tx *store.Tx, i int, p pod.Pod, ctrs []*container.Container) error {
	oldPod := p.ID
	p.ID, p.Name = newID(), seededName(i)
	p.CreatedAt = p.CreatedAt.Add(time.Duration(i) * time.Microsecond)
	cfg := *p.Config
	cfg.CgroupPath = strings.ReplaceAll(cfg.CgroupPath, oldPod, p.ID)
	p.Config = &cfg
	ids := map[string]string{}
	for _, c := range ctrs {
		ids[c.ID] = newID()
	}
	p.InfraID = ids[p.InfraID]
	if err := tx.InsertPod(ctx, &p); err != nil {
		return err
	}
	for _, c := range ctrs {
		one := *c
		one.ID, one.PodID = ids[c.ID], p.ID
		one.Name = strings.NewReplacer(seededName(0), p.Name, oldPod[:12], p.ID[:12]).Replace(c.Name)
		one.CreatedAt = p.CreatedAt.Add(c.CreatedAt.Sub(ctrs[0].CreatedAt))
		one.DependsOn = make([]string, len(c.DependsOn))
		for k, dep := range c.DependsOn {
			one.DependsOn[k] = ids[dep]
		}
		config := *c.Config
		config.Resources.CgroupParent = strings.ReplaceAll(config.Resources.CgroupParent, oldPod, p.ID)
		one.Config = &config
		if err := tx.InsertContainer(ctx, &one); err != nil {
			return err
		}
	}
	return nil
}

func newID() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// playPods makes the pods from YAML, in one process: by single commands it
// would take podman many times as long.
func (b *bench) playPods(in *instance, pods int) error {
	var yaml strings.Builder
	for i := range pods {
		fmt.Fprintf(&yaml, "---\napiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec:\n  containers:\n", seededName(i))
		for m := range membersOfSeeded {
			fmt.Fprintf(&yaml, "  - {name: m%d, image: %q, imagePullPolicy: Never, command: [sleep, \"1000\"]}\n", m, imageName)
		}
	}
	file := filepath.Join(in.runRoot, "pods.yaml")
	if err := os.WriteFile(file, []byte(yaml.String()), 0o600); err != nil {
		return err
	}
	return in.do("play", "kube", "--start=false", file)
}
