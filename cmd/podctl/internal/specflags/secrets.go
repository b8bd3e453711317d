package specflags

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/podctl/podctl/pkg/container"
)

// errSecret ends the text of every error about --secret.
var errSecret = errors.New("parsing secret")

const defaultSecretMode = 0o444

// secretFlags is --secret.
type secretFlags struct{ secrets []string }

func (f *secretFlags) bind(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.secrets, "secret", nil, "`Secret` to pass: NAME[,type=mount|env,target=,uid=,gid=,mode=]")
}

func (f *secretFlags) apply(list *[]container.Secret) error {
	for _, text := range f.secrets {
		secret, err := parseSecret(text)
		if err != nil {
			return err
		}
		*list = append(*list, secret)
	}
	return nil
}

func parseSecret(text string) (container.Secret, error) {
	secret := container.Secret{Type: "mount", Mode: defaultSecretMode}
	forMount := false
	for i, word := range strings.Split(text, ",") {
		key, value, ok := strings.Cut(word, "=")
		if !ok {
			if i > 0 {
				return secret, fmt.Errorf("option %s must be in form option=value: %w", word, errSecret)
			}
			secret.Name = word
			continue
		}
		forMount = forMount || key == "uid" || key == "gid" || key == "mode"
		if err := secretOption(&secret, key, value); err != nil {
			return secret, err
		}
	}
	if secret.Name == "" {
		return secret, fmt.Errorf("no secret found %s: %w", text, errSecret)
	}
	if secret.Type == "env" {
		if forMount {
			return secret, fmt.Errorf("UID, GID, Mode options cannot be set with secret type env: %w", errSecret)
		}
		secret.Mode = 0
		if secret.Target == "" {
			secret.Target = secret.Name
		}
	}
	return secret, nil
}

func secretOption(secret *container.Secret, key, value string) error {
	switch key {
	case "source":
		secret.Name = value
	case "type":
		if value != "mount" && value != "env" {
			return fmt.Errorf("type %s is invalid: %w", value, errSecret)
		}
		secret.Type = value
	case "target":
		secret.Target = value
	case "uid":
		return secretNumber(&secret.UID, "UID", value, 10)
	case "gid":
		return secretNumber(&secret.GID, "GID", value, 10)
	case "mode":
		return secretNumber(&secret.Mode, "mode", value, 8)
	default:
		return fmt.Errorf("option %s=%s invalid: %w", key, value, errSecret)
	}
	return nil
}

func secretNumber(field *uint32, name, value string, base int) error {
	n, err := strconv.ParseUint(value, base, 32)
	if err != nil {
		return fmt.Errorf("%s %s invalid: %w", name, value, errSecret)
	}
	*field = uint32(n)
	return nil
}
