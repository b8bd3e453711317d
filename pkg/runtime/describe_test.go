package runtime

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// A container is described by what was asked for, and nothing else.
func TestDescribe(t *testing.T) {
	b := newBench(t)
	podID := b.pod("p")
	ask := func(o *CreateOptions) {
		o.Config.Env = []string{"A=b"}
		o.Config.User = "7"
		o.Config.Storage.Volumes = []container.VolumeMount{{Name: "p-dir", Anonymous: true, Destination: "/data"}}
	}
	id := b.ctr("web", "p", ask)
	plain := b.ctr("plain", "p")
	p, members, err := b.open().DescribePod(b.ctx, "p")
	require.NoError(t, err)
	require.Equal(t, podID, p.ID)
	require.Equal(t, []string{p.InfraID, id, plain}, []string{members[0].ID, members[1].ID, members[2].ID}, "as they were made")
	c := members[1].Config
	require.Equal(t, []string{"A=b"}, c.Env)
	require.Equal(t, "7", c.User)
	require.Equal(t, "p-dir", c.Storage.Volumes[0].Name)
	require.Empty(t, c.Namespaces.Net, "the pod's")
	require.Empty(t, c.Resources.CgroupParent)
	require.Nil(t, c.StopTimeout)
	require.Zero(t, c.StopSignal)
	c = members[2].Config
	require.Empty(t, c.Env)
	require.Empty(t, c.User)
	require.Empty(t, c.Storage.Volumes)

	d, err := b.open().DescribeContainer(b.ctx, "web")
	require.NoError(t, err)
	require.Equal(t, podID, d.PodID)
	_, err = b.open().DescribeContainer(b.ctx, "nosuch")
	require.ErrorIs(t, err, errdefs.ErrNoSuchCtr)
	_, _, err = b.open().DescribePod(b.ctx, "nosuch")
	require.ErrorIs(t, err, errdefs.ErrNoSuchPod)
}
