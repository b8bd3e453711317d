package depgraph

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// node is short for a Node literal.
func node(id string, dependsOn ...string) Node { return Node{ID: id, DependsOn: dependsOn} }

// pod is an infra container, two members, and one that needs both.
func pod() []Node {
	return []Node{node("web", "infra", "db", "cache"), node("infra"), node("db", "infra"), node("cache", "infra")}
}

func mustBuild(t testing.TB, nodes ...Node) *Graph {
	t.Helper()
	g, err := Build(nodes)
	require.NoError(t, err)
	return g
}

func TestBuildRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		nodes   []Node
		missing []Edge
		cycles  [][]string
		text    string
	}{
		"every_missing_dependency_at_once": {
			nodes:   []Node{node("b", "y", "x", "y"), node("a", "x", "b")},
			missing: []Edge{{"a", "x"}, {"b", "x"}, {"b", "y"}},
			text:    "missing dependencies: a depends on x, b depends on x, b depends on y",
		},
		"a_node_that_depends_on_itself": {
			nodes:  []Node{node("a"), node("b", "a", "b")},
			cycles: [][]string{{"b"}},
			text:   "dependency cycle: b -> b",
		},
		"a_cycle_naming_its_members_in_order": {
			nodes:  []Node{node("d", "b"), node("c", "d"), node("b", "c"), node("a", "b"), node("e")},
			cycles: [][]string{{"b", "c", "d"}},
			text:   "dependency cycle: b -> c -> d -> b",
		},
		"a_cycle_by_its_shortest_way": {
			nodes:  []Node{node("a", "b"), node("b", "c"), node("c", "a", "d"), node("d", "a")},
			cycles: [][]string{{"a", "b", "c"}},
			text:   "dependency cycle: a -> b -> c -> a",
		},
		"each_group_of_circular_nodes": {
			nodes:  []Node{node("z", "y"), node("y", "z"), node("b", "a", "y"), node("a", "b")},
			cycles: [][]string{{"a", "b"}, {"y", "z"}},
			text:   "dependency cycle: a -> b -> a\ndependency cycle: y -> z -> y",
		},
		"missing_nodes_and_cycles_together": {
			nodes:   []Node{node("a", "b", "gone"), node("b", "a")},
			missing: []Edge{{"a", "gone"}},
			cycles:  [][]string{{"a", "b"}},
			text:    "missing dependencies: a depends on gone\ndependency cycle: a -> b -> a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := Build(tc.nodes)
			require.Nil(t, g)
			require.EqualError(t, err, tc.text)

			var missing *MissingError
			require.Equal(t, tc.missing != nil, errors.As(err, &missing))
			if missing != nil {
				require.Equal(t, tc.missing, missing.Missing)
			}
			require.Equal(t, tc.cycles, cyclesIn(err))

			require.Equal(t, len(BuildWithoutEdges(tc.nodes).IDs()), len(BuildWithoutEdges(tc.nodes).Waves(Inwards)[0]))
		})
	}
}

// cyclesIn returns the members of every cycle err reports.
func cyclesIn(err error) [][]string {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	var out [][]string
	for _, e := range all {
		var cycle *CycleError
		if errors.As(e, &cycle) {
			out = append(out, cycle.Members)
		}
	}
	return out
}

func TestBuildFolds(t *testing.T) {
	g := mustBuild(t, node("b", "a", "a"), node("a"), node("b", "a", "c"), node("c"))
	require.Equal(t, []string{"a", "b", "c"}, g.IDs())
	require.Equal(t, []string{"a", "c"}, g.DependsOn("b"))
	require.Equal(t, []string{"b"}, g.Dependents("a"))
	require.Nil(t, g.DependsOn("nobody"))
	require.Nil(t, g.Dependents("b"))
	require.Equal(t, 3, g.Len())
	require.True(t, g.Has("a"))
	require.False(t, g.Has("nobody"))
}

func TestOrder(t *testing.T) {
	for name, tc := range map[string]struct {
		nodes []Node
		dir   Direction
		waves [][]string
		order []string
	}{
		"outwards_starts_with_what_depends_on_nothing": {
			nodes: pod(), dir: Outwards,
			waves: [][]string{{"infra"}, {"cache", "db"}, {"web"}},
			order: []string{"infra", "cache", "db", "web"},
		},
		"inwards_starts_with_what_nothing_depends_on": {
			nodes: pod(), dir: Inwards,
			waves: [][]string{{"web"}, {"cache", "db"}, {"infra"}},
			order: []string{"web", "cache", "db", "infra"},
		},
		"every_node_is_in_the_earliest_wave_it_can_be": {
			nodes: []Node{node("c", "b"), node("b", "a"), node("a"), node("x", "a")}, dir: Inwards,
			waves: [][]string{{"c", "x"}, {"b"}, {"a"}},
			order: []string{"c", "x", "b", "a"},
		},
		"nothing_has_no_waves": {waves: [][]string{}, order: []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			g := mustBuild(t, tc.nodes...)
			require.Equal(t, tc.waves, g.Waves(tc.dir))
			require.Equal(t, tc.order, g.Order(tc.dir))
		})
	}
}

func TestSubgraph(t *testing.T) {
	g := mustBuild(t, pod()...)
	t.Run("keeps_the_edges_between_its_nodes", func(t *testing.T) {
		sub := g.Subgraph([]string{"web", "db", "nobody"})
		require.Equal(t, []string{"db", "web"}, sub.IDs())
		require.Equal(t, []string{"db"}, sub.DependsOn("web"))
		require.Equal(t, []string{"web"}, sub.Dependents("db"))
	})
	t.Run("forgets_relations_through_nodes_left_out", func(t *testing.T) {
		chain := mustBuild(t, node("a"), node("b", "a"), node("c", "b"))
		require.Equal(t, [][]string{{"a", "c"}}, chain.Subgraph([]string{"a", "c"}).Waves(Outwards))
	})
	t.Run("without_edges_all_is_one_wave", func(t *testing.T) {
		require.Equal(t, [][]string{{"cache", "db", "infra", "web"}}, g.WithoutEdges().Waves(Inwards))
		require.Len(t, g.Waves(Inwards), 3, "the graph itself is left alone")
	})
}
