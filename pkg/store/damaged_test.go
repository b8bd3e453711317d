package store

import (
	"testing"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/stretchr/testify/require"
)

// breakRows runs statements behind the schema's back.
func breakRows(t *testing.T, s *Store, statements ...string) {
	t.Helper()
	db := raw(t, s.Path()) // the driver's default: foreign keys off
	for _, stmt := range statements {
		_, err := db.Exec(stmt)
		require.NoError(t, err)
	}
}

// TestDamagedRowsAreListed: whatever stands in a row, the others are read, and
// the bad one is there with its name and the reason.
func TestDamagedRowsAreListed(t *testing.T) {
	for name, tc := range map[string]struct {
		stmt             string
		podSays, ctrSays string
	}{
		"a_container's_configuration":    {"UPDATE containers SET config = '{' WHERE id = 'c1'", "", "configuration cannot be read"},
		"a_configuration_of_other_types": {`UPDATE containers SET config = '{"Labels": 3}' WHERE id = 'c1'`, "", "configuration cannot be read"},
		"a_container's_addresses":        {"UPDATE containers SET net_status = '[]' WHERE id = 'c1'", "", "configuration cannot be read"},
		"a_container's_state_word":       {"UPDATE containers SET state = 'walking' WHERE id = 'c1'", "", `unknown state word "walking"`},
		"a_pod's_configuration":          {"UPDATE pods SET config = '{' WHERE id = 'aa'", "configuration cannot be read", ""},
		"a_pod's_labels":                 {"UPDATE pods SET labels = '7' WHERE id = 'aa'", "cannot be read", ""},
		"a_pod's_state_word":             {"UPDATE pods SET state = 'walking' WHERE id = 'aa'", "unknown state word", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, ctx := open(t), t.Context()
			addPod(t, s, "aa", "web", 1)
			addPod(t, s, "bb", "db", 2)
			addContainer(t, s, "aa", "c1", "one", 1)
			addContainer(t, s, "aa", "c2", "two", 2, "c1")
			breakRows(t, s, tc.stmt)
			view(t, s, func(tx *Tx) {
				pods, err := tx.Pods(ctx)
				require.NoError(t, err)
				require.Len(t, pods, 2)
				require.Equal(t, "web", pods[0].Name)
				damage(t, tc.podSays, pods[0].Damage)
				require.Empty(t, pods[1].Damage)

				list, err := tx.Containers(ctx)
				require.NoError(t, err)
				require.Len(t, list, 2)
				require.Equal(t, "one", list[0].Name)
				require.Equal(t, "aa", list[0].PodID)
				damage(t, tc.ctrSays, list[0].Damage)
				require.Equal(t, tc.ctrSays != "", list[0].State == container.Unknown)
				require.Empty(t, list[1].Damage)
				require.Equal(t, []string{"c1"}, list[1].DependsOn)

				sum, err := tx.PodSummaries(ctx, "")
				require.NoError(t, err)
				require.Len(t, sum, 2)
				require.Equal(t, "web", sum[1].Name)
				damage(t, tc.podSays, sum[1].Damage)
				require.Len(t, sum[1].Containers, 2)
			})
		})
	}
}

func damage(t *testing.T, want, got string) {
	t.Helper()
	if want == "" {
		require.Empty(t, got)
		return
	}
	require.Contains(t, got, want)
}

func TestSavingADamagedRowKeepsItsConfiguration(t *testing.T) {
	s, ctx := open(t), t.Context()
	addPod(t, s, "aa", "web", 1)
	addContainer(t, s, "aa", "c1", "one", 1)
	breakRows(t, s, "UPDATE pods SET config = '{pod'", "UPDATE containers SET config = '{ctr'")
	update(t, s, func(tx *Tx) {
		p, err := tx.Pod(ctx, "aa")
		require.NoError(t, err)
		p.State, p.Owner = pod.Removing, someOwner
		require.NoError(t, tx.SavePod(ctx, p))
		c, err := tx.Container(ctx, "c1")
		require.NoError(t, err)
		require.Nil(t, c.Config)
		c.State = container.Removing
		require.NoError(t, tx.SaveContainer(ctx, c))
	})
	view(t, s, func(tx *Tx) {
		var podConfig, ctrConfig, state string
		require.NoError(t, tx.tx.QueryRowContext(t.Context(), "SELECT p.config, c.config, c.state FROM pods p, containers c").Scan(&podConfig, &ctrConfig, &state))
		require.Equal(t, []string{"{pod", "{ctr", "removing"}, []string{podConfig, ctrConfig, state})
	})
	update(t, s, func(tx *Tx) {
		require.NoError(t, tx.DeleteContainer(ctx, "c1"))
		require.NoError(t, tx.DeletePod(ctx, "aa"))
	})
}

func TestEdgesThatCannotBeAreRead(t *testing.T) {
	s, ctx := open(t), t.Context()
	addContainer(t, s, "", "c1", "one", 1)
	addContainer(t, s, "", "c2", "two", 2, "c1")
	breakRows(t, s, "INSERT INTO container_deps VALUES ('c1', 'c2'), ('c1', 'gone')")
	view(t, s, func(tx *Tx) {
		c, err := tx.Container(ctx, "c1")
		require.NoError(t, err)
		require.Equal(t, []string{"c2", "gone"}, c.DependsOn)
		require.NoError(t, tx.Integrity(ctx), "broken references are no broken file")
	})
}
