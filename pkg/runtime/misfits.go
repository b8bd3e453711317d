package runtime

import (
	"errors"
	"fmt"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// misfits are the containers whose row is damaged or does not fit the others, by
// ID, with what is wrong: what no verb makes, and a damaged database may have. all
// is every container there is, podNames every pod.
func misfits(all []*container.Container, podNames map[string]string) map[string]string {
	found := map[string]string{}
	byID := make(map[string]bool, len(all))
	for _, c := range all {
		byID[c.ID] = true
	}
	nodes := make([]depgraph.Node, 0, len(all))
	for _, c := range all {
		_, hasPod := podNames[c.PodID]
		n := depgraph.Node{ID: c.ID}
		for _, dep := range c.DependsOn {
			if byID[dep] {
				n.DependsOn = append(n.DependsOn, dep)
			} else {
				found[c.ID] = fmt.Sprintf("it depends on container %s, which does not exist", dep)
			}
		}
		if c.PodID != "" && !hasPod {
			found[c.ID] = fmt.Sprintf("its pod %s does not exist", c.PodID)
		}
		if c.Damage != "" {
			found[c.ID] = c.Damage
		}
		nodes = append(nodes, n)
	}
	var cycle *depgraph.CycleError
	if _, err := depgraph.Build(nodes); errors.As(err, &cycle) {
		for _, id := range cycle.Members {
			found[id] = "it depends on itself: " + joinCycle(cycle.Members)
		}
	}
	return found
}

// misfit reports whether a pod's row or its members' edges are not what a verb
// would have made of them.
func misfit(s *store.PodSummary) bool {
	if s.Damage != "" {
		return true
	}
	nodes := make([]depgraph.Node, 0, len(s.Containers))
	infra := s.InfraID == "" || s.State == pod.Removing // or gone already
	for _, c := range s.Containers {
		nodes = append(nodes, depgraph.Node{ID: c.ID, DependsOn: c.DependsOn})
		infra = infra || c.ID == s.InfraID
	}
	_, err := depgraph.Build(nodes)
	return err != nil || !infra
}
