package imagecmd

import (
	"context"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/library"
)

// unopened fails the test if a command opens the store before it runs.
func unopened(t *testing.T) Open {
	return func(context.Context) (*library.Library, error) {
		t.Error("the image store was opened")
		return nil, nil
	}
}

// keep returns a run function that keeps the options it gets.
func keep[T any](into **T) func(context.Context, *T) error {
	return func(_ context.Context, opts *T) error {
		*into = opts
		return nil
	}
}

func TestUsageErrors(t *testing.T) {
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"pull"}, "requires at least 1 arg(s), only received 0"},
		{[]string{"pull", "--policy", "sometimes", "x"}, `unsupported pull policy "sometimes"`},
		{[]string{"pull", "--platform", "linux/arm64", "--os", "linux", "x"}, "--platform option can not be specified with --arch or --os"},
		{[]string{"push"}, "accepts between 1 and 2 arg(s), received 0"},
		{[]string{"push", "--retry-delay", "soon", "x"}, `unable to parse value provided "soon" for --retry-delay: time: invalid duration "soon"`},
		{[]string{"search"}, "accepts 1 arg(s), received 0"},
		{[]string{"search", "--list-tags", "-f", "stars=1", "x"}, "filters are not applicable to list tags result"},
		{[]string{"load", "x"}, "`podctl image load` takes no arguments"},
		{[]string{"save"}, "need at least 1 argument"},
		{[]string{"save", "--compress", "x"}, "--compress can only be set when --format is 'docker-dir'"},
		{[]string{"save", "--format", "zip", "x"}, "format value must be one of oci-dir oci-archive docker-dir docker-archive"},
		{[]string{"save", "--format", "oci-dir", "x"}, "format oci-dir is a directory. Use -o flag"},
		{[]string{"import"}, "accepts between 1 and 2 arg(s), received 0"},
		{[]string{"rm"}, "image name or ID must be specified"},
		{[]string{"rm", "--all", "x"}, "when using the --all switch, you may not pass any images names or IDs"},
		{[]string{"tag", "x"}, "requires at least 2 arg(s), only received 1"},
		{[]string{"untag"}, "requires at least 1 arg(s), only received 0"},
		{[]string{"exists"}, "accepts 1 arg(s), received 0"},
		{[]string{"history", "x", "y"}, "accepts 1 arg(s), received 2"},
		{[]string{"list", "x", "y"}, "accepts at most 1 arg(s), received 2"},
		{[]string{"list", "--filter", "x"}, "filter input must be in the form of filter=value: x is invalid"},
		{[]string{"prune", "--filter", "x"}, "filter input must be in the form of filter=value: x is invalid"},
		{[]string{"inspect"}, "no names or ids specified"},
	}
	for _, test := range tests {
		t.Run(test.want, func(t *testing.T) {
			env := cmdtest.New(t)
			result := env.Run("image", find(t, NewGroup(env.Factory, unopened(t)), test.args[0]), test.args[1:]...)
			require.Equal(t, cmdtest.Result{Code: 125, Stderr: "Error: " + test.want + "\n"}, result)
		})
	}
}

// find takes a command out of a group.
func find(t *testing.T, group *cobra.Command, name string) *cobra.Command {
	t.Helper()
	for _, cmd := range group.Commands() {
		if cmd.Name() == name {
			group.RemoveCommand(cmd)
			return cmd
		}
	}
	t.Fatalf("no command %q", name)
	return nil
}

func TestTerminals(t *testing.T) {
	t.Run("load does not read from one", func(t *testing.T) {
		env := cmdtest.New(t)
		env.Factory.IO.ForceTerminals(true, false, false, 80)
		result := env.Run("", NewCmdLoad(env.Factory, unopened(t), nil))
		require.Equal(t, "Error: cannot read from terminal, use command-line redirection or the --input flag\n", result.Stderr)
	})
	t.Run("save does not write to one", func(t *testing.T) {
		env := cmdtest.New(t)
		env.Factory.IO.ForceTerminals(false, true, false, 80)
		result := env.Run("", NewCmdSave(env.Factory, unopened(t), nil), "x")
		require.Equal(t, "Error: refusing to save to terminal. Use -o flag or redirect\n", result.Stderr)
	})
}

func TestPushFlags(t *testing.T) {
	var got *pushOptions
	env := cmdtest.New(t)
	result := env.Run("", NewCmdPush(env.Factory, unopened(t), keep(&got)),
		"--encryption-key", "jwe:a,b.pem", "--encryption-key", "jwe:c.pem", "--encrypt-layer", "0,-1", "img")
	require.Equal(t, cmdtest.Result{}, result)
	require.Equal(t, []string{"jwe:a,b.pem", "jwe:c.pem"}, got.Push.EncryptionKeys)
	require.Equal(t, []int{0, -1}, got.Push.EncryptLayers)
}

func TestPullFlags(t *testing.T) {
	run := func(t *testing.T, args ...string) *pullOptions {
		var got *pullOptions
		env := cmdtest.New(t)
		result := env.Run("", NewCmdPull(env.Factory, unopened(t), keep(&got)), args...)
		require.Empty(t, result.Stderr)
		return got
	}
	t.Run("defaults leave the registry to the configuration", func(t *testing.T) {
		got := run(t, "a", "b")
		require.Equal(t, []string{"a", "b"}, got.Refs)
		require.Equal(t, image.PullOptions{Policy: image.PullAlways}, got.Pull)
	})
	t.Run("all", func(t *testing.T) {
		got := run(t, "-q", "-a", "--platform", "linux/arm/v7", "--policy", "IfNotPresent", "--tls-verify=false",
			"--retry", "0", "--retry-delay", "2s", "--creds", "u:p", "--cert-dir", "/c", "a")
		no, retry, delay := false, uint(0), 2*time.Second
		require.True(t, got.Quiet)
		require.Equal(t, image.PullOptions{
			Policy: image.PullMissing, OS: "linux", Arch: "arm", Variant: "v7", AllTags: true,
			Registry: image.Registry{Creds: "u:p", CertDir: "/c", TLSVerify: &no, Retry: &retry, RetryDelay: &delay},
		}, got.Pull)
	})
}

func TestSaveFlags(t *testing.T) {
	for name, want := range map[string]struct {
		args        []string
		names, tags []string
	}{
		"further arguments are names": {[]string{"-o", "x", "a", "b", "c"}, []string{"a"}, []string{"b", "c"}},
		"or images":                   {[]string{"-o", "x", "-m", "a", "b"}, []string{"a", "b"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got *saveOptions
			env := cmdtest.New(t)
			env.Run("", NewCmdSave(env.Factory, unopened(t), keep(&got)), want.args...)
			require.Equal(t, want.names, got.Names)
			require.ElementsMatch(t, want.tags, got.Save.Tags)
			require.Equal(t, "docker-archive", got.Save.Format)
		})
	}
}

func TestListFlags(t *testing.T) {
	var got *listOptions
	env := cmdtest.New(t)
	env.Run("", NewCmdList(env.Factory, unopened(t), keep(&got)), "-f", "dangling=true", "--sort", "size", "busybox")
	require.Equal(t, []string{"dangling=true", "reference=busybox"}, got.List.Filters)
	require.Equal(t, sortSize, got.Sort)
}

// TestPlaces holds both places of each command together.
func TestPlaces(t *testing.T) {
	f := cmdtest.New(t).Factory
	names := func(cmds []*cobra.Command) (out []string) {
		for _, c := range cmds {
			out = append(out, c.Name())
		}
		return out
	}
	require.ElementsMatch(t, []string{"history", "images", "import", "load", "login", "logout", "pull", "push", "rmi", "save", "search", "tag", "untag"}, names(TopLevel(f, nil)))
	require.ElementsMatch(t, []string{"exists", "history", "import", "inspect", "list", "load", "prune", "pull", "push", "rm", "save", "search", "tag", "untag"},
		names(NewGroup(f, nil).Commands()))
}
