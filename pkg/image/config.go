package image

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containers/common/pkg/config"
	imagetypes "github.com/containers/image/v5/types"
	"github.com/containers/storage/types"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Config says which store to open and how registries are spoken to. Every
// field may be left empty: then storage.conf(5), containers-registries.conf(5)
// and the other files decide, as they do for the user's other tools.
type Config struct {
	// Root and RunRoot are the persistent and the volatile directory.
	Root, RunRoot string
	// Driver is the storage driver. Naming another one than storage.conf
	// does drops the driver options written there: they belong to that driver.
	Driver string
	// DriverOptions replace those of storage.conf; one empty string clears them.
	DriverOptions []string
	// ImageStore is a separate directory for images.
	ImageStore string
	// PullOptions are K=V pairs over those of storage.conf.
	PullOptions []string
	// TransientStore keeps container layers' metadata in RunRoot.
	TransientStore bool

	// RegistriesConf, RegistriesConfDir, SignaturePolicy, AuthFile and CertDir
	// override the files of those names.
	RegistriesConf, RegistriesConfDir, SignaturePolicy, AuthFile, CertDir string
	// BigFilesTemporaryDir is where layers are put while they are copied;
	// empty: image_copy_tmp_dir of containers.conf(5).
	BigFilesTemporaryDir string

	// Hooks are how the store learns of podctl's containers and reports events.
	Hooks Hooks
}

// storeOptions lays cfg over base, which is what storage.conf and the
// environment say.
func (cfg Config) storeOptions(base types.StoreOptions) (types.StoreOptions, error) {
	opts := base
	opts.GraphDriverOptions = slices.Clone(base.GraphDriverOptions)
	// The library reads STORAGE_DRIVER and STORAGE_OPTS together with
	// storage.conf only, and a fresh machine has no such file.
	if driver := os.Getenv("STORAGE_DRIVER"); driver != "" {
		opts.GraphDriverName = driver
	}
	if driverOpts := os.Getenv("STORAGE_OPTS"); driverOpts != "" {
		opts.GraphDriverOptions = strings.Split(driverOpts, ",")
	}
	if cfg.Root != "" {
		opts.GraphRoot = cfg.Root
	}
	if cfg.RunRoot != "" {
		opts.RunRoot = cfg.RunRoot
	}
	if cfg.Driver != "" {
		if cfg.Driver != opts.GraphDriverName {
			opts.GraphDriverOptions = nil
		}
		opts.GraphDriverName = cfg.Driver
	}
	if cfg.DriverOptions != nil {
		opts.GraphDriverOptions = slices.DeleteFunc(slices.Clone(cfg.DriverOptions), func(o string) bool { return o == "" })
	}
	if opts.GraphDriverName == "" && exists(filepath.Join(opts.GraphRoot, "overlay")) {
		// The library picks this one by itself too, but none at all once a command
		// has asked for another one here.
		opts.GraphDriverName = "overlay"
	}
	if cfg.ImageStore != "" {
		opts.ImageStore = cfg.ImageStore
	}
	if opts.ImageStore != "" && opts.ImageStore == opts.GraphRoot {
		return opts, fmt.Errorf("imagestore %s must either be not set or be a different than graphroot", opts.ImageStore)
	}
	opts.PullOptions = maps.Clone(base.PullOptions)
	for _, option := range cfg.PullOptions {
		name, value, found := strings.Cut(option, "=")
		if !found || name == "" {
			return opts, fmt.Errorf("pull option %q: want NAME=VALUE: %w", option, errdefs.ErrInvalidArg)
		}
		if opts.PullOptions == nil {
			opts.PullOptions = map[string]string{}
		}
		opts.PullOptions[name] = value
	}
	opts.TransientStore = opts.TransientStore || cfg.TransientStore
	return opts, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// systemContext is what containers/image is told about registries and files.
func (cfg Config) systemContext() (*imagetypes.SystemContext, error) {
	sys := &imagetypes.SystemContext{
		SystemRegistriesConfPath:    cfg.RegistriesConf,
		SystemRegistriesConfDirPath: cfg.RegistriesConfDir,
		SignaturePolicyPath:         cfg.SignaturePolicy,
		AuthFilePath:                cfg.AuthFile,
		DockerCertPath:              cfg.CertDir,
		BigFilesTemporaryDir:        cfg.BigFilesTemporaryDir,
		DockerRegistryUserAgent:     "podctl",
	}
	// The libraries that read registries.conf know its path from the context only;
	// the variables are the tools' own, see containers-registries.conf(5).
	for _, name := range []string{"CONTAINERS_REGISTRIES_CONF", "REGISTRIES_CONFIG_PATH"} {
		if path, ok := os.LookupEnv(name); ok && sys.SystemRegistriesConfPath == "" {
			sys.SystemRegistriesConfPath = path
		}
	}
	if sys.BigFilesTemporaryDir == "" {
		conf, err := config.Default()
		if err != nil {
			return nil, fmt.Errorf("read containers.conf: %w", err)
		}
		if sys.BigFilesTemporaryDir, err = conf.ImageCopyTmpDir(); err != nil {
			return nil, fmt.Errorf("read containers.conf: %w", err)
		}
	}
	return sys, nil
}
