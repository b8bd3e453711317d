package depgraph

import (
	"context"
	"fmt"
	"testing"
)

// large returns 10,000 nodes with up to three dependencies each.
func large() []Node {
	nodes := make([]Node, 10_000)
	id := func(n int) string { return fmt.Sprintf("node%05d", n) }
	for i := range nodes {
		nodes[i].ID = id(i)
		for _, back := range []int{1, i / 2, i - i/3} {
			if i%10 != 0 && back > 0 && back <= i {
				nodes[i].DependsOn = append(nodes[i].DependsOn, id(i-back))
			}
		}
	}
	return nodes
}

func BenchmarkBuild(b *testing.B) {
	nodes := large()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Build(nodes); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOrder(b *testing.B) {
	g := mustBuild(b, large()...)
	b.ReportAllocs()
	for b.Loop() {
		g.Order(Inwards)
	}
}

func BenchmarkWalk(b *testing.B) {
	g := mustBuild(b, large()...)
	b.ReportAllocs()
	for b.Loop() {
		g.Walk(b.Context(), WalkOptions{Workers: 8}, func(context.Context, string) error { return nil })
	}
}
