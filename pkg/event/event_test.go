package event

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWordsOfTheEnd pins the words that other tools spell otherwise
// (podman-events(1)): a script that filters by them must keep working.
func TestWordsOfTheEnd(t *testing.T) {
	require.Equal(t, Status("died"), Died)
	require.Equal(t, Status("remove"), Remove)
	require.Equal(t, Status("exec_died"), ExecDied)
	require.Equal(t, Status("health_status"), HealthStatus)
	require.Equal(t, Status("pull-error"), PullError)
	require.Equal(t, Status("loadfromarchive"), LoadFromArchive)
}
