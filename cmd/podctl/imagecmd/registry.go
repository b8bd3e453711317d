package imagecmd

import (
	"fmt"
	"time"

	"github.com/containers/common/pkg/auth"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/pkg/image"
)

// registryFlags are the flags about a registry whose values need reading.
type registryFlags struct {
	retryDelay string
	retry      uint
	tlsVerify  bool
}

func (r *registryFlags) bind(cmd *cobra.Command, registry *image.Registry) {
	r.bindAccess(cmd, registry)
	fs := cmd.Flags()
	fs.UintVar(&r.retry, "retry", 0, "How `often` to try again (default from containers.conf)")
	fs.StringVar(&r.retryDelay, "retry-delay", "", "`Duration` between tries")
}

// bindAccess defines the flags that every request to a registry has.
func (r *registryFlags) bindAccess(cmd *cobra.Command, registry *image.Registry) {
	fs := cmd.Flags()
	fs.StringVar(&registry.AuthFile, "authfile", "", "`Path` of the authentication file")
	fs.StringVar(&registry.CertDir, "cert-dir", "", "`Directory` with certificates")
	fs.StringVar(&registry.Creds, "creds", "", "`Credentials` (user:password) for the registry")
	fs.BoolVar(&r.tlsVerify, "tls-verify", true, "Require HTTPS and verify certificates")
}

// apply sets what was given; the rest stays with the configuration.
func (r *registryFlags) apply(cmd *cobra.Command, registry *image.Registry) error {
	if err := auth.CheckAuthFile(registry.AuthFile); err != nil {
		return err
	}
	fs := cmd.Flags()
	if fs.Changed("tls-verify") {
		registry.TLSVerify = &r.tlsVerify
	}
	if fs.Changed("retry") {
		registry.Retry = &r.retry
	}
	if r.retryDelay != "" {
		delay, err := time.ParseDuration(r.retryDelay)
		if err != nil {
			return fmt.Errorf("unable to parse value provided %q for --retry-delay: %w", r.retryDelay, err)
		}
		registry.RetryDelay = &delay
	}
	return nil
}
