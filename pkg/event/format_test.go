package event

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFormat(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	id := strings.Repeat("ab", 32)
	code := 3
	for _, test := range []struct {
		name  string
		event Event
		line  string // behind the time
		json  string // in front of the time and behind it
	}{
		{
			"pod", Event{Type: Pod, Status: Create, ID: id, Name: "web"},
			"pod create " + id + " (image=, name=web)",
			`{"ID":"` + id + `","Name":"web","Status":"create",TIME"Type":"pod","Attributes":null}`,
		},
		{
			"container_of_a_pod", Event{Type: Container, Status: Died, ID: id, Name: "one", Image: "busybox", PodID: "cd", ExitCode: &code, Attributes: map[string]string{"b": "2", "a": "1"}},
			"container died " + id + " (image=busybox, name=one, pod_id=cd, a=1, b=2)",
			`{"ContainerExitCode":3,"ID":"` + id + `","Image":"busybox","Name":"one","Status":"died",TIME"Type":"container","PodID":"cd","Attributes":{"a":"1","b":"2"}}`,
		},
		{
			"health", Event{Type: Container, Status: HealthStatus, ID: id, Name: "one", Health: "healthy", Attributes: map[string]string{"a": "1"}},
			"container health_status " + id + " (image=, name=one, health_status=healthy, health_failing_streak=0, health_log=, a=1)",
			`{"ID":"` + id + `","Name":"one","Status":"health_status",TIME"Type":"container","health_status":"healthy","Attributes":{"a":"1"}}`,
		},
		{
			"logged_health", Event{Type: Container, Status: HealthStatus, ID: id, Name: "one", Health: "unhealthy", HealthStreak: 3, HealthLog: `{"ExitCode":1}`},
			"container health_status " + id + ` (image=, name=one, health_status=unhealthy, health_failing_streak=3, health_log={"ExitCode":1})`,
			`{"ID":"` + id + `","Name":"one","Status":"health_status",TIME"Type":"container","health_status":"unhealthy","Attributes":null}`,
		},
		{
			"network", Event{Type: Network, Status: Create, ID: id, Name: "net1", Network: "net1", Attributes: map[string]string{"driver": "bridge"}},
			"network create " + id + " (name=net1, type=bridge)",
			`{"ID":"` + id + `","Name":"net1","network":"net1","Status":"create",TIME"Type":"network","Attributes":{"driver":"bridge"}}`,
		},
		{
			"network_of_a_container", Event{Type: Network, Status: Connect, ID: id, Network: "net1"},
			"network connect " + id + " (container=" + id + ", name=net1)",
			`{"ID":"` + id + `","network":"net1","Status":"connect",TIME"Type":"network","Attributes":null}`,
		},
		{
			"image", Event{Type: Image, Status: PullError, ID: "x", Name: "busybox", Error: "no route"},
			"image pull-error x busybox no route",
			`{"ID":"x","Name":"busybox","Status":"pull-error",TIME"Type":"image","Error":"no route","Attributes":null}`,
		},
		{
			"volume", Event{Type: Volume, Status: Remove, Name: "data"},
			"volume remove data",
			`{"Name":"data","Status":"remove",TIME"Type":"volume","Attributes":null}`,
		},
		{
			"system", Event{Type: System, Status: Refresh},
			"system refresh",
			`{"Status":"refresh",TIME"Type":"system","Attributes":null}`,
		},
		{
			"secret", Event{Type: Secret, Status: Create, ID: "s1"},
			"secret create s1",
			`{"ID":"s1","Status":"create",TIME"Type":"secret","Attributes":null}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.event.Time = at
			require.Equal(t, at.Local().String()+" "+test.line, test.event.Line())
			got, err := json.Marshal(test.event.Report())
			require.NoError(t, err)
			require.Equal(t, strings.ReplaceAll(test.json, "TIME", `"time":1767323045,"timeNano":1767323045000000006,`), string(got))
		})
	}
	short := Event{Type: Container, ID: id, PodID: "cd"}.Truncated()
	require.Equal(t, "abababababab", short.ID)
	require.Equal(t, "cd", short.PodID)
}
