package specflags

import (
	"errors"
	"fmt"
	"strings"

	"github.com/containers/common/pkg/config"
	"github.com/spf13/pflag"

	engine "github.com/podctl/podctl/pkg/runtime"
)

// pullFlags choose the image and how it is obtained.
type pullFlags struct {
	given
	policy                      string
	quiet                       bool
	arch, os, variant, platform string
	authFile, creds, certDir    string
	tlsVerify                   bool
	retry                       uint
	retryDelay                  string
	decryptionKeys              []string
}

func (f *pullFlags) bind(fs *pflag.FlagSet) {
	f.fs = fs
	fs.StringVar(&f.policy, "pull", "missing", "Pull `policy`: always, missing, never or newer")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "Show no progress when pulling")
	fs.StringVar(&f.arch, "arch", "", "`Architecture` of the image")
	fs.StringVar(&f.os, "os", "", "Operating `system` of the image")
	fs.StringVar(&f.variant, "variant", "", "Architecture `variant` of the image")
	fs.StringVar(&f.platform, "platform", "", "`OS/ARCH[/VARIANT]` of the image")
	fs.StringVar(&f.authFile, "authfile", "", "`File` with credentials for registries")
	fs.StringVar(&f.creds, "creds", "", "`user[:password]` for the registry")
	fs.StringVar(&f.certDir, "cert-dir", "", "`Directory` with certificates for the registry")
	fs.BoolVar(&f.tlsVerify, "tls-verify", true, "Ask the registry for HTTPS and verify its certificate")
	fs.UintVar(&f.retry, "retry", 3, "`Times` to try a pull again")
	fs.StringVar(&f.retryDelay, "retry-delay", "", "`Time` between tries")
	fs.StringSliceVar(&f.decryptionKeys, "decryption-key", nil, "`Key` to decrypt the image with")
	fs.Bool("disable-content-trust", false, "Accepted for compatibility, does nothing")
	fs.String("signature-policy", "", "Accepted for compatibility, does nothing")
	fs.Lookup("signature-policy").Hidden = true
}

func (f *pullFlags) apply(p *engine.PullOptions) error {
	if f.has("pull") {
		policy, err := config.ParsePullPolicy(f.policy)
		if err != nil {
			return err
		}
		p.Policy = policy.String()
	}
	if f.has("platform") {
		if f.has("arch", "os") {
			return errors.New("--platform option can not be specified with --arch or --os")
		}
		if err := parsePlatform(p, f.platform); err != nil {
			return err
		}
	}
	setString(&p.Arch, f.arch)
	setString(&p.OS, f.os)
	setString(&p.Variant, f.variant)
	p.Quiet, p.AuthFile, p.Creds, p.CertDir = f.quiet, f.authFile, f.creds, f.certDir
	p.RetryDelay, p.DecryptionKeys = f.retryDelay, f.decryptionKeys
	if f.has("tls-verify") {
		p.TLSVerify = &f.tlsVerify
	}
	if f.has("retry") {
		p.Retry = &f.retry
	}
	return nil
}

func parsePlatform(p *engine.PullOptions, text string) error {
	words := strings.Split(text, "/")
	if len(words) > 3 || words[0] == "" {
		return fmt.Errorf("invalid platform syntax for --platform=%q: use OS[/ARCH[/VARIANT]]", text)
	}
	words = append(words, "", "")
	p.OS, p.Arch, p.Variant = words[0], words[1], words[2]
	return nil
}
