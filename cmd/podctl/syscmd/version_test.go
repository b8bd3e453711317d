package syscmd

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/version"
)

func TestVersionFlags(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want versionOptions
		fail string
	}{
		{name: "none", want: versionOptions{}},
		{name: "format", args: []string{"--format", "json"}, want: versionOptions{Format: "json"}},
		{name: "format_is_short_too", args: []string{"-f", "{{.Client}}"}, want: versionOptions{Format: "{{.Client}}"}},
		{name: "no_arguments", args: []string{"x"}, fail: "Error: `podctl version` takes no arguments\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got *versionOptions
			env := cmdtest.New(t)
			cmd := NewCmdVersion(env.Factory, func(_ context.Context, opts *versionOptions) error {
				got = opts
				return nil
			})
			result := env.Run("", cmd, test.args...)
			require.Equal(t, test.fail, result.Stderr)
			if test.fail != "" {
				require.Equal(t, 125, result.Code)
				require.Nil(t, got)
				return
			}
			require.Equal(t, test.want.Format, got.Format)
		})
	}
}

func TestVersionOutput(t *testing.T) {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	full := version.Info{Version: "5.8.2", Commit: "0123abcd", Built: time.Unix(1700000000, 0).UTC()}
	tests := []struct {
		name   string
		build  version.Info
		format string
		want   string
		fail   string
	}{
		{name: "default", build: full, want: "" +
			"Client:       podctl\n" +
			"Version:      5.8.2\n" +
			"API Version:  5.8.2\n" +
			"Go Version:   " + runtime.Version() + "\n" +
			"Git Commit:   0123abcd\n" +
			"Built:        Tue Nov 14 22:13:20 2023\n" +
			"OS/Arch:      " + platform + "\n"},
		{name: "built_by_go_build_alone", build: version.Info{Version: "5.8.2"}, want: "" +
			"Client:       podctl\n" +
			"Version:      5.8.2\n" +
			"API Version:  5.8.2\n" +
			"Go Version:   " + runtime.Version() + "\n" +
			"Built:        Thu Jan  1 00:00:00 1970\n" +
			"OS/Arch:      " + platform + "\n"},
		{name: "json_is_one_line", build: full, format: "json", want: `{"Client":{"APIVersion":"5.8.2","Version":"5.8.2","GoVersion":"` + runtime.Version() +
			`","GitCommit":"0123abcd","BuiltTime":"Tue Nov 14 22:13:20 2023","Built":1700000000,"OsArch":"` + platform + `","Os":"` + runtime.GOOS + `"}}` + "\n"},
		{name: "template", build: full, format: "{{.Client.Version}} {{.Client.Built}}", want: "5.8.2 1700000000\n"},
		{name: "template_of_the_server", format: "{{if .Server}}{{.Server.Version}}{{end}} .Server.", build: full, want: "5.8.2 .Server.\n"},
		{name: "template_of_the_client", build: full, format: "{{.Version}} {{.Server.Os}}", want: "5.8.2 " + runtime.GOOS + "\n"},
		{name: "table", build: full, format: "table {{.Client.Version}}", want: "5.8.2\n"},
		{name: "unknown_field", build: full, format: "{{.Nope}}", fail: `template: version:1:2: executing "version" at <.Nope>: can't evaluate field Nope in type syscmd.versionReport`},
		{name: "bad_template", build: full, format: "{{.Client", fail: "template: version:1: unclosed action"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ios, _, out, _ := iostreams.Test()
			err := versionRun(t.Context(), &versionOptions{IO: ios, Build: test.build, Format: test.format})
			if test.fail != "" {
				require.EqualError(t, err, test.fail)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, out.String())
		})
	}
}
