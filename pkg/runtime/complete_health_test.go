package runtime

import (
	"testing"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/containers/image/v5/manifest"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/image"
)

func TestCompleteHealth(t *testing.T) {
	own := []string{"CMD", "true"}
	img := &image.Image{Healthcheck: &manifest.Schema2HealthConfig{Test: own, Interval: time.Second, Timeout: time.Minute}}
	tests := map[string]struct {
		user *container.Health
		img  *image.Image
		sd   string
		want *container.Health
		err  string
	}{
		"none_stays_none":          {},
		"the_image's_has_defaults": {img: img, want: &container.Health{Test: own, Interval: time.Second, Timeout: time.Minute, Retries: 3, OnFailure: "none", LogDest: "local", MaxLogCount: 5, MaxLogSize: 500}},
		"the_user's_beats_the_image's": {
			user: &container.Health{Test: []string{"CMD", "x"}}, img: img, want: &container.Health{Test: []string{"CMD", "x"}},
		},
		"a_user's_word_on_the_image's_check_counts": {
			user: &container.Health{OnFailure: "kill", Interval: time.Hour}, img: img,
			want: &container.Health{Test: own, Interval: time.Hour, Timeout: time.Minute, Retries: 3, OnFailure: "kill"},
		},
		"disabled_stays_disabled":       {user: &container.Health{Disabled: true, OnFailure: "none"}, img: img, want: &container.Health{Disabled: true, OnFailure: "none"}},
		"settings_of_no_check_are_none": {user: &container.Health{OnFailure: "none", MaxLogCount: 7}},
		"an_action_needs_a_check":       {user: &container.Health{OnFailure: "stop"}, err: "cannot set on-failure action to stop without a health check"},
		"a_startup_check_needs_a_check": {user: &container.Health{StartupTest: own}, err: "cannot set a startup healthcheck when there is no regular healthcheck: invalid argument"},
		"healthy_needs_a_check":         {sd: "healthy", err: `invalid argument: sdnotify policy "healthy" requires a healthcheck to be set`},
		"healthy_with_a_check":          {sd: "healthy", user: &container.Health{Test: own}, want: &container.Health{Test: own}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := &container.Config{Health: tt.user, Lifecycle: container.Lifecycle{SDNotify: tt.sd}}
			err := completeHealth(c, tt.img)
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, c.Health)
		})
	}
}

func TestNameDefaultNetwork(t *testing.T) {
	alias := types.PerNetworkOptions{Aliases: []string{"x"}}
	tests := map[string]struct{ given, want container.Network }{
		"none": {container.Network{}, container.Network{Networks: map[string]types.PerNetworkOptions{"net": {}}, Order: []string{"net"}}},
		"the_placeholder_keeps_its_options": {
			container.Network{Networks: map[string]types.PerNetworkOptions{"a": {}, "default": alias}, Order: []string{"a", "default"}},
			container.Network{Networks: map[string]types.PerNetworkOptions{"a": {}, "net": alias}, Order: []string{"a", "net"}},
		},
		"others_stay": {
			container.Network{Networks: map[string]types.PerNetworkOptions{"a": alias}, Order: []string{"a"}},
			container.Network{Networks: map[string]types.PerNetworkOptions{"a": alias}, Order: []string{"a"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			nameDefaultNetwork(&tt.given, "net")
			require.Equal(t, tt.want, tt.given)
		})
	}
}
