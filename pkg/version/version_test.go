package version

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGet(t *testing.T) {
	t.Run("an unstamped build has a version but no commit and no time", func(t *testing.T) {
		info := Get()
		require.Regexp(t, `^\d+\.\d+\.\d+$`, info.Version)
		require.Empty(t, info.Commit)
		require.True(t, info.Built.IsZero())
	})
}
