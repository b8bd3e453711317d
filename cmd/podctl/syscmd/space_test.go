package syscmd

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/image"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// fakeSpace measures and prunes one object of each kind and some more.
type fakeSpace struct{ did []string }

var then = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func (e *fakeSpace) DiskUsage(context.Context) (engine.DiskUsage, error) {
	return engine.DiskUsage{
		Images: []image.Usage{
			{ID: "0123456789abcdef", Repository: "localhost/x", Tag: "1", Containers: 1, Created: then, Size: 3000, SharedSize: 1000, UniqueSize: 2000},
			{ID: "0123456789abcdef", Repository: "localhost/x", Tag: "2", Containers: 1, Created: then, Size: 3000, SharedSize: 1000, UniqueSize: 2000},
			{ID: "fedcba", Repository: "localhost/y", Tag: "1", Created: then, Size: 1500, SharedSize: 1000, UniqueSize: 500},
		},
		ImagesSize: 3500,
		Containers: []engine.ContainerListing{
			{ID: "c1", Name: "a", Image: "localhost/x:1", Command: []string{"sleep", "1"}, State: container.Running, Created: then, Size: &image.Sizes{RW: 100}},
			{ID: "c2", Name: "b", State: container.Exited, Created: then, Size: &image.Sizes{RW: 300}},
		},
		Volumes: []engine.VolumeUsage{{Name: "data", Links: 1, Size: 10}, {Name: "old", Size: 30}},
	}, nil
}

func (e *fakeSpace) PruneSystem(_ context.Context, opts engine.SystemPruneOptions) (engine.SystemPruned, error) {
	e.did = append(e.did, fmt.Sprintf("%+v", opts))
	if len(opts.Filters) > 0 {
		return engine.SystemPruned{Containers: []string{"c1"}}, errors.New("boom")
	}
	return engine.SystemPruned{
		Pods: []string{"p1"}, Containers: []string{"c1", "c2"}, Images: []string{"i1"}, Networks: []string{"n"}, Volumes: []string{"v"}, Reclaimed: 1500,
	}, nil
}

func (e *fakeSpace) CollectGarbage(context.Context) error {
	e.did = append(e.did, "collect garbage")
	return nil
}

func spaceCommand(f *cmdutil.Factory, e *fakeSpace, name string) *cobra.Command {
	if name == "df" {
		return NewCmdDf(f, func(ctx context.Context, opts *dfOptions) error {
			opts.Engine = func(context.Context) (measurer, error) { return e, nil }
			opts.Now = func() time.Time { return then.Add(time.Hour) }
			return dfRun(ctx, opts)
		})
	}
	return NewCmdPrune(f, func(ctx context.Context, opts *pruneOptions) error {
		opts.Engine = func(context.Context) (pruner, error) { return e, nil }
		return pruneRun(ctx, opts)
	})
}

func TestSpace(t *testing.T) {
	const (
		plain = "{AllImages:false Volumes:false Filters:[] FilterMap:map[]}"
		all   = "Deleted Containers\nc1\nc2\nDeleted Pods\np1\nDeleted Volumes\nv\nDeleted Images\ni1\nDeleted Networks\nn\nTotal reclaimed space: 1.5kB\n"
		ask   = "WARNING! This command removes:\n\t- all stopped containers\n\t- all networks not used by at least one container\n"
		sure  = "\nAre you sure you want to continue? [y/N] "
	)
	for name, tc := range map[string]struct {
		args         []string
		in           string
		did          []string
		out, failure string
	}{
		"df": {args: []string{"df"}, out: "" +
			"TYPE           TOTAL       ACTIVE      SIZE        RECLAIMABLE\n" +
			"Images         2           1           3.5kB       500B (14%)\n" +
			"Containers     2           1           400B        300B (75%)\n" +
			"Local Volumes  2           1           40B         30B (75%)\n"},
		"df_template": {args: []string{"df", "--format", "{{.Type}} {{.RawSize}} {{.RawReclaimable}}"}, out: "Images 3500 500\nContainers 400 300\nLocal Volumes 40 30\n"},
		"df_details": {args: []string{"df", "-v"}, out: "Images space usage:\n\n" +
			"REPOSITORY   TAG         IMAGE ID      CREATED        SIZE        SHARED SIZE  UNIQUE SIZE  CONTAINERS\n" +
			"localhost/x  1           0123456789ab  About an hour  3kB         1kB          2kB          1\n" +
			"localhost/x  2           0123456789ab  About an hour  3kB         1kB          2kB          1\n" +
			"localhost/y  1           fedcba        About an hour  1.5kB       1kB          500B         0\n" +
			"\nContainers space usage:\n\n" +
			"CONTAINER ID  IMAGE          COMMAND     LOCAL VOLUMES  SIZE        CREATED        STATUS      NAMES\n" +
			"c1            localhost/x:1  sleep 1     0              100B        About an hour  running     a\n" +
			"c2                                       0              300B        About an hour  exited      b\n" +
			"\nLocal Volumes space usage:\n\n" +
			"VOLUME NAME  LINKS       SIZE\ndata         1           10B\nold          0           30B\n"},
		"df_contradiction": {args: []string{"df", "-v", "--format", "json"}, failure: "Error: cannot combine --format and --verbose flags\n"},

		"prune_by_force":    {args: []string{"prune", "-f"}, did: []string{plain}, out: all},
		"prune_confirmed":   {args: []string{"prune"}, in: "y\n", did: []string{plain}, out: ask + "\t- all dangling images\n\t- all dangling build cache\n" + sure + all},
		"prune_declined":    {args: []string{"prune", "--all", "--volumes"}, in: "n\n", out: ask + "\t- all volumes not used by at least one container\n\t- all images without at least one container associated with them\n\t- all build cache\n" + sure},
		"prune_all":         {args: []string{"prune", "-f", "-a", "--volumes"}, did: []string{"{AllImages:true Volumes:true Filters:[] FilterMap:map[]}"}, out: all},
		"prune_fails_midst": {args: []string{"prune", "-f", "--filter", "label=a"}, did: []string{"{AllImages:false Volumes:false Filters:[label=a] FilterMap:map[label:[a]]}"}, out: "Deleted Containers\nc1\n", failure: "Error: boom\n"},
		"prune_external":    {args: []string{"prune", "-f", "--external"}, did: []string{"collect garbage"}, out: "Total reclaimed space: 0B\n"},
		"prune_external_is_alone": {
			args: []string{"prune", "-f", "--external", "--volumes"}, failure: "Error: system prune --external cannot be combined with other options\n",
		},
		"prune_bad_filter": {args: []string{"prune", "--filter", "x"}, failure: "Error: filter input must be in the form of filter=value: x is invalid\n"},
	} {
		t.Run(name, func(t *testing.T) {
			env, eng := cmdtest.New(t), &fakeSpace{}
			env.In.WriteString(tc.in)
			got := env.Run("system", spaceCommand(env.Factory, eng, tc.args[0]), tc.args[1:]...)
			require.Equal(t, tc.failure, got.Stderr)
			require.Equal(t, tc.out, got.Stdout)
			require.Equal(t, tc.did, eng.did)
			require.Equal(t, tc.failure != "", got.Code == 125)
		})
	}
}
