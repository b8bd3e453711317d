package volume

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/docker/go-units"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Keys of the local driver's options. Those of the second group are recorded
// when found inside o, with the words scripts look for.
const (
	optType   = "type"
	optDevice = "device"
	optO      = "o"
	optImage  = "image"

	optUID     = "UID"
	optGID     = "GID"
	optSize    = "SIZE"
	optInodes  = "INODES"
	optNoQuota = "NOQUOTA"
	optNoCopy  = "NOCOPY"
	optCopy    = "COPY"
	optTimeout = "TIMEOUT"
)

// parseOptions checks driver options and fills in the fields they set.
func (v *Volume) parseOptions(options map[string]string) error {
	if err := ValidateOptions(v.Driver, options); err != nil {
		return err
	}
	if len(options) > 0 {
		v.Options = make(map[string]string, len(options))
	}
	for key, value := range options {
		if key != optO {
			v.Options[key] = value
			continue
		}
		if err := v.parseO(value); err != nil {
			return err
		}
	}
	return nil
}

// ValidateOptions refuses option keys the driver does not have. The words of
// its errors are part of the command-line contract.
func ValidateOptions(driver string, options map[string]string) error {
	switch driver {
	case DriverLocal:
		return validateLocal(options)
	case DriverImage:
		return validateImage(options)
	}
	return missingDriver(driver)
}

func validateImage(options map[string]string) error {
	for key := range options {
		if key != optImage {
			return fmt.Errorf("invalid mount option %s for driver 'image': %w", key, errdefs.ErrInvalidArg)
		}
	}
	if options[optImage] == "" {
		return fmt.Errorf("must provide an image name when creating a volume with the image driver: %w", errdefs.ErrInvalidArg)
	}
	return nil
}

func validateLocal(options map[string]string) error {
	for key, value := range options {
		switch strings.ToLower(key) {
		case optType, optO, "uid", "gid", "size", "inodes", "noquota", "copy", "nocopy", "timeout":
		case optDevice:
			if strings.EqualFold(options[optType], typeBind) {
				if _, err := os.Stat(value); err != nil {
					return fmt.Errorf("invalid volume option %s for driver 'local': %w", key, &invalid{err})
				}
			}
		default:
			return fmt.Errorf("invalid mount option %s for driver 'local': %w", key, errdefs.ErrInvalidArg)
		}
	}
	return nil
}

// parseO reads the comma-separated mount options. Those that mean something to
// us are recorded under their own key too; nocopy and noquota mean nothing to
// the kernel and are taken out.
func (v *Volume) parseO(value string) error {
	var rest []string
	for option := range strings.SplitSeq(value, ",") {
		key, arg, hasArg := strings.Cut(option, "=")
		key = strings.ToLower(key)
		if needsArg(key) && !hasArg {
			return fmt.Errorf("%s option must provide a value: %w", key, errdefs.ErrInvalidArg)
		}
		kernel, err := v.setO(key, arg)
		if err != nil {
			return err
		}
		if kernel {
			rest = append(rest, option)
		}
	}
	if len(rest) > 0 {
		v.Options[optO] = strings.Join(rest, ",")
	}
	return nil
}

func needsArg(key string) bool {
	switch key {
	case "uid", "gid", "size", "inodes", "timeout":
		return true
	}
	return false
}

// setO records one mount option; kernel tells whether mount(8) gets it too.
func (v *Volume) setO(key, arg string) (kernel bool, err error) {
	switch key {
	case "uid":
		v.NeedsChown, v.Options[optUID] = false, arg
		v.UID, err = number(key, arg)
	case "gid":
		v.NeedsChown, v.Options[optGID] = false, arg
		v.GID, err = number(key, arg)
	case "size":
		v.Options[optSize] = arg
		var size int64
		if size, err = units.FromHumanSize(arg); err != nil {
			err = fmt.Errorf("cannot convert size %s to integer: %w", arg, &invalid{err})
		}
		v.Size = uint64(size)
	case "inodes":
		v.Options[optInodes] = arg
		var n int
		n, err = number(key, arg)
		v.Inodes = uint64(n)
	case "timeout":
		v.Options[optTimeout] = arg
		var n int
		n, err = number(key, arg)
		v.Timeout = uint(n)
		return false, err
	case "noquota":
		v.Options[optNoQuota] = "true"
		return false, nil
	case "nocopy":
		v.NeedsCopyUp, v.Options[optNoCopy] = false, ""
		return false, nil
	case "copy":
		v.NeedsCopyUp, v.Options[optCopy] = true, ""
		return false, nil
	}
	return true, err
}

func number(key, arg string) (int, error) {
	n, err := strconv.Atoi(arg)
	if err == nil && n < 0 {
		err = errors.New("it is negative")
	}
	if err != nil {
		return 0, fmt.Errorf("cannot convert %s %s to integer: %w", strings.ToUpper(key), arg, &invalid{err})
	}
	return n, nil
}

// invalid keeps an error's words and gives it the class ErrInvalidArgument.
type invalid struct{ error }

func (e *invalid) Unwrap() []error { return []error{e.error, errdefs.ErrInvalidArgument} }

// checkLimits: limits of a volume that is a plain directory are project quotas.
func (v *Volume) checkLimits() error {
	if !v.limited() {
		return nil
	}
	if _, off := v.Options[optNoQuota]; off {
		return fmt.Errorf("volume options size and inodes cannot be used without quota: %w", errdefs.ErrInvalidArg)
	}
	return nil
}

func (v *Volume) limited() bool {
	return v.Driver == DriverLocal && !v.NeedsMount() && (v.Size > 0 || v.Inodes > 0)
}
