package secretcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// fakeEngine has the secrets password (ID p1) and token (t1).
type fakeEngine struct {
	did []string
}

var created = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func all() []engine.Secret {
	return []engine.Secret{
		{ID: "p1", Name: "password", Driver: "file", DriverOptions: map[string]string{"path": "/s"}, CreatedAt: created, UpdatedAt: created.Add(time.Hour)},
		{ID: "t1", Name: "token", Driver: "file", Labels: map[string]string{"a": "1"}, CreatedAt: created, UpdatedAt: created},
	}
}

func (e *fakeEngine) CreateSecret(_ context.Context, name string, data []byte, opts engine.SecretOptions) (string, error) {
	e.did = append(e.did, fmt.Sprintf("%s=%s %+v", name, data, opts))
	if name == "password" && !opts.Replace {
		return "", errors.New("password: secret name in use")
	}
	return "n1", nil
}

func (e *fakeEngine) Secret(_ context.Context, name string) (engine.Secret, error) {
	for _, s := range all() {
		if s.Name == name || s.ID == name {
			return s, nil
		}
	}
	return engine.Secret{}, fmt.Errorf("no secret with name or id %q: %w", name, errdefs.ErrNoSuchSecret)
}

func (e *fakeEngine) SecretData(ctx context.Context, name string) (engine.Secret, []byte, error) {
	s, err := e.Secret(ctx, name)
	return s, []byte("data<" + s.ID + ">"), err
}

func (e *fakeEngine) ListSecrets(context.Context) ([]engine.Secret, error) { return all(), nil }

func (e *fakeEngine) RemoveSecret(ctx context.Context, name string) (string, error) {
	s, err := e.Secret(ctx, name)
	if err == nil {
		e.did = append(e.did, "rm "+s.ID)
	}
	return s.ID, err
}

func TestSecrets(t *testing.T) {
	t.Setenv("PODCTL_TEST_SECRET", "fromenv")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("fromfile"), 0o600))
	const (
		plain     = "{Driver: DriverOptions:map[] Labels:map[] Metadata:map[] Replace:false IgnoreIfExists:false}"
		needsArgs = "Error: `podman secret rm` requires one argument, or the --all flag\n"
		missing   = "no secret with name or id \"x\": no such secret\n"
	)
	for name, tc := range map[string]struct {
		args         []string
		did          []string
		want, stderr string
		code         int
	}{
		"create_from_a_file":         {args: []string{"create", "s", file}, did: []string{"s=fromfile " + plain}, want: "n1\n"},
		"create_from_standard_input": {args: []string{"create", "s", "-"}, did: []string{"s=fromstdin " + plain}, want: "n1\n"},
		"create_from_a_variable":     {args: []string{"create", "--env", "s", "PODCTL_TEST_SECRET"}, did: []string{"s=fromenv " + plain}, want: "n1\n"},
		"create_with_options": {
			args: []string{"create", "--driver", "shell", "--driver-opts", "a=b", "-l", "x=1", "--replace", "password", file},
			did:  []string{"password=fromfile {Driver:shell DriverOptions:map[a:b] Labels:map[x:1] Metadata:map[] Replace:true IgnoreIfExists:false}"}, want: "n1\n",
		},
		"create_taken_name":          {args: []string{"create", "password", file}, did: []string{"password=fromfile " + plain}, stderr: "Error: password: secret name in use\n", code: 125},
		"create_from_unset_variable": {args: []string{"create", "--env", "s", "PODCTL_TEST_UNSET"}, stderr: "Error: cannot create store secret data: environment variable PODCTL_TEST_UNSET is not set\n", code: 125},
		"create_from_missing_file":   {args: []string{"create", "s", "/nowhere/x"}, stderr: "Error: open /nowhere/x: no such file or directory\n", code: 125},
		"create_with_contradiction":  {args: []string{"create", "--ignore", "--replace", "s", "-"}, stderr: "Error: cannot use --ignore and --replace flags together\n", code: 125},
		"create_without_source":      {args: []string{"create", "s"}, stderr: "Error: accepts 2 arg(s), received 1\n", code: 125},

		"ls": {args: []string{"ls"}, want: "" +
			"ID          NAME        DRIVER      CREATED      UPDATED\n" +
			"p1          password    file        2 hours ago  About an hour ago\n" +
			"t1          token       file        2 hours ago  2 hours ago\n"},
		"ls_by_name":          {args: []string{"ls", "--filter", "name=^tok", "--format", "{{.Name}}"}, want: "token\n"},
		"ls_by_id":            {args: []string{"ls", "--filter", "id=p", "-q"}, want: "p1\n"},
		"ls_quiet_and_format": {args: []string{"ls", "-q", "--filter", "id=p", "--format", "{{.Name}}"}, want: "password\n"},
		"ls_by_both":          {args: []string{"ls", "--filter", "id=p", "--filter", "name=tok", "-q"}},
		"ls_unknown_filter":   {args: []string{"ls", "--filter", "driver=file"}, stderr: "Error: invalid filter \"driver\"\n", code: 125},
		"ls_bad_filter":       {args: []string{"ls", "--filter", "name"}, stderr: "Error: filter input must be in the form of filter=value: name is invalid\n", code: 125},

		"inspect": {args: []string{"inspect", "password"}, want: `[
    {
        "ID": "p1",
        "CreatedAt": "2026-01-02T03:04:05Z",
        "UpdatedAt": "2026-01-02T04:04:05Z",
        "Spec": {
            "Name": "password",
            "Driver": {
                "Name": "file",
                "Options": {
                    "path": "/s"
                }
            },
            "Labels": {}
        }
    }
]
`},
		"inspect_with_data": {args: []string{"inspect", "--showsecret", "-f", "{{.Spec.Name}} {{.SecretData}}", "token"}, want: "token data<t1>\n"},
		"inspect_pretty": {args: []string{"inspect", "--pretty", "token"}, want: "" +
			"ID:              t1\nName:            token\nLabels:\n - a=1\nDriver:          file\n" +
			"Created at:      2026-01-02 03:04:05 +0000 UTC\nUpdated at:      2026-01-02 03:04:05 +0000 UTC\n"},
		"inspect_missing":     {args: []string{"inspect", "-f", "{{.ID}}", "x", "token"}, want: "t1\n", stderr: "Error: inspecting secret: " + missing, code: 125},
		"inspect_without_any": {args: []string{"inspect"}, stderr: "Error: requires at least 1 arg(s), only received 0\n", code: 125},

		"rm":              {args: []string{"rm", "token", "password"}, did: []string{"rm t1", "rm p1"}, want: "t1\np1\n"},
		"rm_all":          {args: []string{"rm", "--all"}, did: []string{"rm p1", "rm t1"}, want: "p1\nt1\n"},
		"rm_missing":      {args: []string{"rm", "x", "token"}, did: []string{"rm t1"}, want: "t1\n", stderr: "Error: " + missing, code: 125},
		"rm_ignored":      {args: []string{"rm", "--ignore", "x"}},
		"rm_without_any":  {args: []string{"rm"}, stderr: needsArgs, code: 125},
		"rm_all_and_name": {args: []string{"rm", "--all", "x"}, stderr: needsArgs, code: 125},

		"exists":         {args: []string{"exists", "token"}},
		"exists_missing": {args: []string{"exists", "x"}, code: 1},
	} {
		t.Run(name, func(t *testing.T) {
			env, eng := cmdtest.New(t), &fakeEngine{}
			env.In.WriteString("fromstdin")
			got := env.Run("secret", command(env.Factory, eng, tc.args[0]), tc.args[1:]...)
			require.Equal(t, tc.stderr, got.Stderr)
			require.Equal(t, tc.want, got.Stdout)
			require.Equal(t, tc.did, eng.did)
			require.Equal(t, tc.code, got.Code)
		})
	}
}

// command is a command on a fake engine, a few hours after everything happened.
func command(f *cmdutil.Factory, eng Engine, name string) *cobra.Command {
	open := func(context.Context) (Engine, error) { return eng, nil }
	if name == "ls" {
		return NewCmdList(f, open, func(ctx context.Context, opts *listOptions) error {
			opts.Now = func() time.Time { return created.Add(2 * time.Hour) }
			return listRun(ctx, opts)
		})
	}
	for _, cmd := range NewGroup(f, open).Commands() {
		if cmd.Name() == name {
			return cmd
		}
	}
	return nil
}
