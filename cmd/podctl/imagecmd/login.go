package imagecmd

import (
	"context"
	"errors"

	"github.com/containers/common/pkg/auth"
	"github.com/containers/image/v5/types"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type secretReader interface {
	// SecretData finds a secret by name, ID or ID prefix. ErrNoSuchSecret.
	SecretData(ctx context.Context, nameOrID string) (engine.Secret, []byte, error)
}

type loginOptions struct {
	IO      *iostreams.IOStreams
	Secrets func(context.Context) (secretReader, error)

	Args   []string
	Login  auth.LoginOptions
	Secret string
	// System is how registries are reached.
	System types.SystemContext
}

// NewCmdLogin returns "podctl login".
func NewCmdLogin(f *cmdutil.Factory, runF func(context.Context, *loginOptions) error) *cobra.Command {
	opts := &loginOptions{IO: f.IO, Secrets: func(ctx context.Context) (secretReader, error) { return f.Engine(ctx) }}
	var tlsVerify bool
	cmd := &cobra.Command{
		Use:   "login [options] [REGISTRY]",
		Short: "Log in to a registry",
		Long: `Try a user name and password at a registry, by default the first one of
registries.conf, and keep them in the authentication file, which podman, buildah
and skopeo read too. What is not given is asked for.

Exit codes: 0 success, 125 error.`,
		Example: `podctl login registry.example.com
podctl login --username me --password-stdin registry.example.com <password.txt`,
		Args: cmdutil.RangeArgs(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Args = args
			if opts.Secret != "" && (opts.Login.Password != "" || opts.Login.StdinPassword) {
				return errors.New("--secret can not be used with --password options")
			}
			opts.System.SystemRegistriesConfPath = f.Globals.RegistriesConf
			if cmd.Flags().Changed("tls-verify") {
				opts.System.DockerInsecureSkipTLSVerify = types.NewOptionalBool(!tlsVerify)
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return loginRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	bindAuthFiles(cmd, &opts.Login.AuthFile, &opts.Login.DockerCompatAuthFile)
	fs.StringVar(&opts.Login.CertDir, "cert-dir", "", "`Directory` with certificates")
	fs.BoolVar(&opts.Login.GetLoginSet, "get-login", false, "Show who is logged in instead")
	fs.StringVarP(&opts.Login.Password, "password", "p", "", "`Password`")
	fs.BoolVar(&opts.Login.StdinPassword, "password-stdin", false, "Read the password from standard input")
	fs.StringVar(&opts.Secret, "secret", "", "Read the password from this `secret`, whose name is the user's if none is given")
	fs.BoolVar(&tlsVerify, "tls-verify", true, "Require HTTPS and verify certificates")
	fs.StringVarP(&opts.Login.Username, "username", "u", "", "User `name`")
	fs.BoolVarP(&opts.Login.Verbose, "verbose", "v", false, "Show which file is written")
	return cmd
}

func bindAuthFiles(cmd *cobra.Command, file, compat *string) {
	cmd.Flags().StringVar(file, "authfile", "", "`Path` of the authentication file")
	cmd.Flags().StringVar(compat, "compat-auth-file", "", "`Path` of a Docker configuration to write to instead")
}

func loginRun(ctx context.Context, opts *loginOptions) error {
	if opts.Secret != "" {
		secrets, err := opts.Secrets(ctx)
		if err != nil {
			return err
		}
		_, password, err := secrets.SecretData(ctx, opts.Secret)
		if err != nil {
			return err
		}
		opts.Login.Password = string(password)
		if opts.Login.Username == "" {
			opts.Login.Username = opts.Secret
		}
	}
	opts.Login.Stdin, opts.Login.Stdout = opts.IO.In, opts.IO.Out
	opts.Login.AcceptRepositories, opts.Login.AcceptUnspecifiedRegistry = true, true
	return auth.Login(ctx, &opts.System, &opts.Login, opts.Args)
}
