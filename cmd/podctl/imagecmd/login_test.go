package imagecmd

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type fakeSecrets map[string]string

func (f fakeSecrets) SecretData(_ context.Context, name string) (engine.Secret, []byte, error) {
	return engine.Secret{}, []byte(f[name]), nil
}

// registry is a server that knows one user, me with the password right.
func registry(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "right" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestLoginAndLogout(t *testing.T) {
	host := registry(t)
	file := filepath.Join(t.TempDir(), "auth.json")
	run := func(stdin string, args ...string) cmdtest.Result {
		env := cmdtest.New(t)
		env.Factory.IO.In = strings.NewReader(stdin)
		if args[0] == "logout" {
			return env.Run("", NewCmdLogout(env.Factory), args[1:]...)
		}
		return env.Run("", NewCmdLogin(env.Factory, func(ctx context.Context, o *loginOptions) error {
			o.Secrets = func(context.Context) (secretReader, error) { return fakeSecrets{"me": "right"}, nil }
			return loginRun(ctx, o)
		}), append(args[1:], "--tls-verify=false")...)
	}
	ok := cmdtest.Result{Stdout: "Login Succeeded!\n"}
	failed := func(text string) cmdtest.Result { return cmdtest.Result{Code: 125, Stderr: "Error: " + text + "\n"} }

	require.Equal(t, failed("not logged into "+host), run("", "login", "--authfile", file, "--get-login", host))
	require.Equal(t, failed(`logging into "`+host+`": invalid username/password`), run("", "login", "--authfile", file, "-u", "me", "-p", "wrong", host))
	require.Equal(t, ok, run("right", "login", "--authfile", file, "-u", "me", "--password-stdin", host))
	require.Equal(t, cmdtest.Result{Stdout: "me\n"}, run("", "login", "--authfile", file, "--get-login", host))
	require.Equal(t, cmdtest.Result{Stdout: "Removed login credentials for " + host + "\n"}, run("", "logout", "--authfile", file, host))
	require.Equal(t, failed("not logged into "+host), run("", "logout", "--authfile", file, host))
	require.Equal(t, ok, run("", "login", "--authfile", file, "--secret", "me", host))
	require.Equal(t, cmdtest.Result{Stdout: "Removed login credentials for all registries\n"}, run("", "logout", "--authfile", file, "--all"))

	require.Equal(t, failed("can't specify both --password-stdin and --password"), run("", "login", "--authfile", file, "-u", "me", "-p", "x", "--password-stdin", host))
	require.Equal(t, failed("must provide --username with --password-stdin"), run("right", "login", "--authfile", file, "--password-stdin", host))
	require.Equal(t, failed("--secret can not be used with --password options"), run("", "login", "--authfile", file, "-p", "x", "--secret", "me", host))
	require.Equal(t, failed("--all takes no arguments"), run("", "logout", "--all", host))
}
