package oci

import (
	"fmt"
	"strings"

	"github.com/podctl/podctl/pkg/errdefs"
)

// ParseDetachKeys turns a comma-separated list of keys, each a single
// character or ctrl-<c> with c one of a-z @ [ \ ] ^ _, into the bytes a terminal
// sends for them. The empty string is no keys: no detaching. Anything else is
// errdefs.ErrInvalidArgument.
func ParseDetachKeys(keys string) ([]byte, error) {
	if keys == "" {
		return nil, nil
	}
	var out []byte
	for key := range strings.SplitSeq(keys, ",") {
		b, ok := detachKey(key)
		if !ok {
			return nil, errdefs.As(errdefs.ErrInvalidArgument, fmt.Errorf("invalid detach keys: unknown character: '%s'", key))
		}
		out = append(out, b)
	}
	return out, nil
}

func detachKey(key string) (byte, bool) {
	if len(key) == 1 {
		return key[0], key[0] > ' ' && key[0] < 0x7f
	}
	c, isCtrl := strings.CutPrefix(strings.ToLower(key), "ctrl-")
	if !isCtrl || len(c) != 1 {
		return 0, false
	}
	switch b := c[0]; {
	case b >= 'a' && b <= 'z':
		return b - 'a' + 1, true
	case strings.IndexByte(`[\]^_`, b) >= 0:
		return b - '@', true
	case b == '@':
		return 0, true
	}
	return 0, false
}
