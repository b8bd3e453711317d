package ctrcmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// fakeRootfs has the containers a, which runs, and off. While bare is set, off has
// no root filesystem.
type fakeRootfs struct {
	fakeStats
	did  []string
	bare bool
}

func (e *fakeRootfs) ExportContainer(_ context.Context, id string, w io.Writer) error {
	_, err := io.WriteString(w, "tar of "+id)
	return err
}

func (e *fakeRootfs) DiffContainer(_ context.Context, name, _ string) ([]image.Change, error) {
	if name == "a" {
		return []image.Change{{Kind: image.ChangeModified, Path: "/etc"}, {Kind: image.ChangeAdded, Path: "/etc/x"}, {Kind: image.ChangeDeleted, Path: "/y"}}, nil
	}
	return nil, nil
}

func (e *fakeRootfs) MountContainer(_ context.Context, id string) (string, error) {
	if e.bare && id == "off" {
		return "", fmt.Errorf("container off has no root filesystem while it does not run: %w", errdefs.ErrInvalidState)
	}
	return "/mnt/" + id, nil
}

func (e *fakeRootfs) MountedContainers(context.Context) ([]engine.Mounted, error) {
	return []engine.Mounted{{ID: "0123456789abcdef", Name: "a", Path: "/mnt/a"}}, nil
}

func (e *fakeRootfs) UnmountContainer(_ context.Context, id string, force bool) (bool, error) {
	e.did = append(e.did, fmt.Sprint("unmount ", id, " ", force))
	return id != "a", nil
}

// rootfsCommand is one of the commands about root filesystems, on the engine.
func rootfsCommand(f *cmdutil.Factory, e *fakeRootfs, name string) *cobra.Command {
	switch name {
	case "export":
		return NewCmdExport(f, func(ctx context.Context, opts *exportOptions) error {
			opts.Engine = func(context.Context) (exporter, error) { return e, nil }
			return exportRun(ctx, opts)
		})
	case "diff":
		return NewCmdDiff(f, func(ctx context.Context, opts *diffOptions) error {
			opts.Engine = func(context.Context) (differ, error) { return e, nil }
			return diffRun(ctx, opts)
		})
	case "mount":
		return NewCmdMount(f, func(ctx context.Context, opts *mountOptions) error {
			opts.Engine = func(context.Context) (mounter, error) { return e, nil }
			return mountRun(ctx, opts)
		})
	}
	return NewCmdUnmount(f, func(ctx context.Context, opts *unmountOptions) error {
		opts.Engine = func(context.Context) (unmounter, error) { return e, nil }
		return unmountRun(ctx, opts)
	})
}

func TestMountAllSkipsWhatHasNothingToMount(t *testing.T) {
	env, eng := cmdtest.New(t), &fakeRootfs{bare: true}
	got := env.Run("", rootfsCommand(env.Factory, eng, "mount"), "--all")
	require.Equal(t, cmdtest.Result{Stdout: "/mnt/a\n"}, got)
	env = cmdtest.New(t)
	got = env.Run("", rootfsCommand(env.Factory, eng, "mount"), "a", "off")
	require.Equal(t, cmdtest.Result{Code: 125, Stdout: "/mnt/a\n", Stderr: "Error: container off has no root filesystem while it does not run: invalid state\n"}, got)
}

func TestRootfs(t *testing.T) {
	const missing = "Error: no container with name or ID \"b\" found: no such container\n"
	file := filepath.Join(t.TempDir(), "x.tar")
	for name, tc := range map[string]struct {
		args         []string
		did          []string
		out, failure string
	}{
		"export":              {args: []string{"export", "a"}, out: "tar of a"},
		"export_to_file":      {args: []string{"export", "-o", file, "a"}},
		"export_missing":      {args: []string{"export", "b"}, failure: missing},
		"export_two":          {args: []string{"export", "a", "b"}, failure: "Error: accepts 1 arg(s), received 2\n"},
		"diff":                {args: []string{"diff", "a"}, out: "C /etc\nA /etc/x\nD /y\n"},
		"diff_json":           {args: []string{"diff", "--format", "json", "a"}, out: "{\n     \"changed\": [\n          \"/etc\"\n     ],\n     \"added\": [\n          \"/etc/x\"\n     ],\n     \"deleted\": [\n          \"/y\"\n     ]\n}\n"},
		"diff_latest_nothing": {args: []string{"diff", "-l", "--format", "json"}, out: "{}\n"},
		"diff_other_format":   {args: []string{"diff", "--format", "yaml", "a"}, failure: "Error: only supported value for '--format' is 'json'\n"},
		"mount":               {args: []string{"mount", "a", "off"}, out: "/mnt/a\n/mnt/off\n"},
		"mount_missing":       {args: []string{"mount", "b"}, failure: missing},
		"mount_list":          {args: []string{"mount"}, out: "0123456789ab  /mnt/a\n"},
		"mount_list_in_full":  {args: []string{"mount", "--no-trunc"}, out: "0123456789abcdef  /mnt/a\n"},
		"mount_json":          {args: []string{"mount", "--format", "json"}, out: "[\n {\n  \"id\": \"0123456789abcdef\",\n  \"Names\": [\n   \"a\"\n  ],\n  \"mountpoint\": \"/mnt/a\"\n }\n]\n"},
		"mount_other_format":  {args: []string{"mount", "--format", "x"}, failure: "Error: unknown --format argument: \"x\"\n"},
		"mount_all_and_name":  {args: []string{"mount", "--all", "a"}, failure: "Error: no arguments are needed with --all\n"},
		"umount":              {args: []string{"umount", "a", "off"}, did: []string{"unmount a false", "unmount off false"}, out: "off\n"},
		"umount_force":        {args: []string{"umount", "-f", "-l"}, did: []string{"unmount off true"}, out: "off\n"},
		"umount_none":         {args: []string{"umount"}, failure: "Error: you must provide at least one name or id\n"},
	} {
		t.Run(name, func(t *testing.T) {
			env, eng := cmdtest.New(t), &fakeRootfs{}
			got := env.Run("", rootfsCommand(env.Factory, eng, tc.args[0]), tc.args[1:]...)
			require.Equal(t, tc.failure, got.Stderr)
			require.Equal(t, tc.out, got.Stdout)
			require.Equal(t, tc.did, eng.did)
		})
	}
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "tar of a", string(written))
}
