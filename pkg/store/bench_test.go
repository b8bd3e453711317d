package store

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
)

// benchContainers are in the database of the benchmarks, in pods of four.
const benchContainers, benchPodSize = 10_000, 4

func benchID(kind string, i int) string { return fmt.Sprintf("%s%060x", kind, i) }

// filled is a store with all of them.
func filled(b *testing.B) *Store {
	b.Helper()
	ctx := context.Background()
	s, err := Open(ctx, filepath.Join(b.TempDir(), "podctl.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	err = s.Update(ctx, func(tx *Tx) error {
		for i := range benchContainers {
			podID := benchID("aaaa", i/benchPodSize)
			if i%benchPodSize == 0 {
				p := &pod.Pod{ID: podID, Name: fmt.Sprint("pod", i), State: pod.Ready, CreatedAt: time.Unix(int64(i), 0), Config: &pod.Config{Labels: map[string]string{"app": "web"}}}
				if err := tx.InsertPod(ctx, p); err != nil {
					return err
				}
			}
			if err := tx.InsertContainer(ctx, benchContainer(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func benchContainer(i int) *container.Container {
	c := &container.Container{
		ID: benchID("cccc", i), Name: fmt.Sprint("ctr", i), PodID: benchID("aaaa", i/benchPodSize), State: container.Created, CreatedAt: time.Unix(int64(i), 1),
		Config: &container.Config{Image: container.Image{ID: "feed", RawName: "busybox"}, Process: container.Process{Command: []string{"sleep", "1000"}, Env: []string{"PATH=/bin"}}},
	}
	if first := i - i%benchPodSize; i != first {
		c.DependsOn = []string{benchID("cccc", first)}
	}
	return c
}

// benchView times one kind of read among all containers.
func benchView(b *testing.B, read func(context.Context, *Tx) error) {
	b.Helper()
	s, ctx := filled(b), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if err := s.View(ctx, func(tx *Tx) error { return read(ctx, tx) }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPodSummaries(b *testing.B) {
	benchView(b, func(ctx context.Context, tx *Tx) error {
		list, err := tx.PodSummaries(ctx, "")
		if err == nil && len(list) != benchContainers/benchPodSize {
			err = fmt.Errorf("%d pods", len(list))
		}
		return err
	})
}

func BenchmarkContainers(b *testing.B) {
	benchView(b, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Containers(ctx)
		return err
	})
}

func BenchmarkContainer(b *testing.B) {
	benchView(b, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Container(ctx, benchID("cccc", benchContainers/2))
		return err
	})
}

func BenchmarkLookupContainer(b *testing.B) {
	benchView(b, func(ctx context.Context, tx *Tx) error {
		_, err := tx.LookupContainer(ctx, "ctr5000")
		return err
	})
}

func BenchmarkInsertAndDeleteContainer(b *testing.B) {
	s, ctx := filled(b), context.Background()
	b.ReportAllocs()
	n := benchContainers
	for b.Loop() {
		c := benchContainer(n)
		c.PodID, c.DependsOn = benchID("aaaa", 0), nil
		n++
		if err := s.Update(ctx, func(tx *Tx) error { return tx.InsertContainer(ctx, c) }); err != nil {
			b.Fatal(err)
		}
		if err := s.Update(ctx, func(tx *Tx) error { return tx.DeleteContainer(ctx, c.ID) }); err != nil {
			b.Fatal(err)
		}
	}
}
