package imagecmd

import (
	"errors"

	"github.com/containers/common/pkg/auth"
	"github.com/containers/image/v5/types"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

// NewCmdLogout returns "podctl logout".
func NewCmdLogout(f *cmdutil.Factory) *cobra.Command {
	opts := auth.LogoutOptions{Stdout: f.IO.Out, AcceptRepositories: true, AcceptUnspecifiedRegistry: true}
	cmd := &cobra.Command{
		Use:   "logout [options] [REGISTRY]",
		Short: "Log out of a registry",
		Long: `Take the user name and password of a registry, by default the first one of
registries.conf, out of the authentication file.

Exit codes: 0 success, 125 error.`,
		Example: `podctl logout registry.example.com
podctl logout --all`,
		RunE: func(_ *cobra.Command, args []string) error {
			if opts.All && len(args) > 0 {
				return errors.New("--all takes no arguments")
			}
			return auth.Logout(&types.SystemContext{SystemRegistriesConfPath: f.Globals.RegistriesConf}, &opts, args)
		},
	}
	bindAuthFiles(cmd, &opts.AuthFile, &opts.DockerCompatAuthFile)
	cmd.Flags().BoolVarP(&opts.All, "all", "a", false, "Log out of all registries")
	return cmd
}
