package runtime

import (
	"context"
	"fmt"
	"strings"

	"github.com/containers/storage/pkg/regexp"
	"github.com/containers/storage/pkg/stringid"
	"github.com/docker/docker/pkg/namesgenerator"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/store"
)

var namePattern = regexp.Delayed(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// newID is a fresh random ID of 64 hexadecimal digits.
func newID() string { return stringid.GenerateRandomID() }

// checkName refuses what cannot be a name.
func checkName(name string) error {
	if !namePattern.MatchString(name) {
		return errdefs.ErrBadName
	}
	return nil
}

// nameTries bounds the search for a free random name; there are some 25,000 of
// them, and later tries add a digit.
const nameTries = 64

// freeName returns a random name that neither a pod nor a container has.
func freeName(ctx context.Context, tx *store.Tx) (string, error) {
	for try := range nameTries {
		name := namesgenerator.GetRandomName(try / 8)
		taken, err := tx.NameTaken(ctx, name)
		if err != nil {
			return "", err
		}
		if !taken {
			return name, nil
		}
	}
	return "", fmt.Errorf("no free random name found, give one with --name: %w", errdefs.ErrExists)
}

// cleanName strips the leading slash Docker users write.
func cleanName(name string) string { return strings.TrimPrefix(name, "/") }
