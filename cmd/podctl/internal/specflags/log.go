package specflags

import (
	"fmt"
	"strings"

	"github.com/docker/go-units"
	"github.com/spf13/pflag"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// logFlags say where the output goes.
type logFlags struct {
	driver  string
	options []string
}

func (f *logFlags) bind(fs *pflag.FlagSet) {
	fs.StringVar(&f.driver, "log-driver", "", "Log `driver`: k8s-file, json-file, journald, none, passthrough or passthrough-tty")
	fs.StringArrayVar(&f.options, "log-opt", nil, "Log `option`: path=, max-size= or tag=")
}

func (f *logFlags) apply(l *container.Log, env Env) error {
	driver := f.driver
	for _, option := range f.options {
		key, value, ok := strings.Cut(option, "=")
		if !ok {
			return fmt.Errorf("invalid log option %q", option)
		}
		switch strings.ToLower(key) {
		case "driver":
			driver = value
		case "path":
			l.Path = env.abs(value)
		case "max-size":
			size, err := units.FromHumanSize(value)
			if err != nil {
				return fmt.Errorf("invalid log option %q: %w", option, err)
			}
			l.SizeMax = size
		case "tag":
			l.Tag = value
		default:
			mergeInto(&l.Options, map[string]string{key: value})
		}
	}
	switch driver {
	case "":
	case "json-file":
		l.Driver = "k8s-file"
	case "passthrough-tty":
		l.Driver = "passthrough"
	case "k8s-file", "journald", "none", "passthrough":
		l.Driver = driver
	default:
		return fmt.Errorf("running container create option: invalid log driver: %w", errdefs.ErrInvalidArg)
	}
	return nil
}
