package kubecmd

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/specflags"
	"github.com/podctl/podctl/pkg/kube"
	"github.com/podctl/podctl/pkg/kubeplay"
)

func TestPlayFlags(t *testing.T) {
	tests := []struct {
		name string
		args []string
		fail string
		want func(*playOptions)
	}{
		{name: "none", args: []string{"f"}, want: func(o *playOptions) {}},
		{name: "several_files", args: []string{"f", "g"}, want: func(o *playOptions) { o.Files = []string{"f", "g"} }},
		{name: "annotations", args: []string{"--annotation", "a=b=c", "--annotation", "d=", "f"}, want: func(o *playOptions) {
			o.Annotations = map[string]string{"a": "b=c", "d": ""}
		}},
		{name: "annotation_without_value", args: []string{"--annotation", "a", "f"}, fail: `annotation "a" must include an '=' sign`},
		{name: "context_dir_needs_build", args: []string{"--context-dir", "/x", "f"}, fail: "--build must be specified when using --context-dir option"},
		{name: "context_dir", args: []string{"--build", "--context-dir", "/x", "f"}, want: func(o *playOptions) { o.Play.Build, o.Play.ContextDir = true, "/x" }},
		{name: "force_needs_down", args: []string{"--force", "f"}, fail: "--force may be specified only with --down"},
		{name: "down", args: []string{"--down", "--force", "f"}, want: func(o *playOptions) { o.Down, o.Force = true, true }},
		{name: "all_else", args: []string{
			"--configmap", "a,b", "--configmap", "c", "--no-pod-prefix", "--publish-all", "--replace", "--start=false", "--seccomp-profile-root", "/s", "f",
		}, want: func(o *playOptions) {
			o.ConfigMaps, o.Play.Replace, o.Play.Start = []string{"a", "b", "c"}, true, false
			o.Play.Kube.NoPodPrefix, o.Play.Kube.PublishAll, o.Play.Kube.SeccompRoot = true, true, "/s"
		}},
		{name: "hidden", args: []string{"--service-container", "--service-exit-code-propagation", "all", "--no-trunc", "f"}, want: func(o *playOptions) {}},
		{name: "wait", args: []string{"-w", "f"}, want: func(o *playOptions) { o.Wait = true }},
		{name: "wait_for_what_is_not_started", args: []string{"-w", "--start=false", "f"}, fail: "--wait requires starting the pod(s)"},
		{name: "service_that_is_not_started", args: []string{"--service-container", "--start=false", "f"}, fail: "--service-container does not work with --start=stop"},
		{name: "bad_mac", args: []string{"--mac-address", "x", "f"}, fail: "address x: invalid MAC address"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got *playOptions
			env := cmdtest.New(t)
			result := env.Run("kube", NewCmdPlay(env.Factory, func(_ context.Context, o *playOptions) error {
				got = o
				return nil
			}), test.args...)
			if test.fail != "" {
				require.Equal(t, "Error: "+test.fail+"\n", result.Stderr)
				require.Equal(t, 125, result.Code)
				return
			}
			require.Empty(t, result.Stderr)
			want := &playOptions{Files: []string{"f"}, Play: kubeplay.Options{Start: true, Kube: kube.Options{SeccompRoot: kube.DefaultSeccompRoot}}}
			test.want(want)
			want.IO, want.Flags, want.Play.Kube.CreateCommand = got.IO, got.Flags, got.Play.Kube.CreateCommand
			got.Engine, got.Env = nil, specflags.Env{}
			if len(want.ConfigMaps) == 0 {
				want.ConfigMaps = got.ConfigMaps
			}
			require.Equal(t, want, got)
		})
	}
}

func TestGenerateFlags(t *testing.T) {
	for _, test := range []struct {
		args []string
		fail string
	}{
		{args: []string{"x"}},
		{args: []string{"-t", "deployment", "-r", "3", "-s", "-f", "out", "--podman-only", "--no-trunc", "x", "y"}},
		{args: []string{"-r", "3", "x"}, fail: "--replicas can only be set when --type is set to deployment"},
		{args: []string{"-r", "0", "x"}, fail: "--replicas has to be greater than or equal to 1. By default, --replicas is set to 1"},
		{args: []string{"-t", "gadget", "x"}, fail: "invalid generation type - only pods, deployments, jobs, and daemonsets are currently supported: gadget"},
	} {
		env := cmdtest.New(t)
		result := env.Run("kube", NewCmdGenerate(env.Factory, func(context.Context, *generateOptions) error { return nil }), test.args...)
		if test.fail != "" {
			test.fail = "Error: " + test.fail + "\n"
		}
		require.Equal(t, test.fail, result.Stderr)
	}
}

func TestOtherNames(t *testing.T) {
	env := cmdtest.New(t)
	require.Equal(t, "kube", NewCmdPlayKube(env.Factory, nil).Name())
	require.Equal(t, "kube", NewCmdGenerateKube(env.Factory, nil).Name())
}
