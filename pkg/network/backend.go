package network

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/containers/common/libnetwork/netavark"
	"github.com/containers/common/libnetwork/types"
	"github.com/containers/common/pkg/config"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Where the networks and leases of root are. They do not move with --root: all
// engines share the host's one network namespace, so they share these too.
const (
	RootConfigDir = "/etc/containers/networks"
	RootRunDir    = "/run/containers/networks"
)

// Config says where networks live.
type Config struct {
	// ConfigDir holds one JSON file per network. Empty: what containers.conf
	// says, else RootConfigDir, or GraphRoot/networks when rootless.
	ConfigDir string
	// RunDir holds leases and DNS records; lost at reboot. Empty: RootRunDir,
	// or RunRoot/networks when rootless.
	RunDir string
	// GraphRoot and RunRoot are used for the rootless defaults only.
	GraphRoot, RunRoot string
	// Containers is the loaded containers.conf. Required.
	Containers *config.Config
	// Rootless: the caller is an unprivileged user's process.
	Rootless bool
	// Timeout bounds each run of netavark; 0: as long as it takes. One that takes
	// longer is killed.
	Timeout time.Duration
}

// Backend creates networks and attaches containers to them.
// It is safe for concurrent use.
type Backend struct {
	net    types.ContainerNetwork
	conf   *config.Config
	leases leaseDB
	// configDir holds the networks' files.
	configDir string
	netavark  string // empty when the program was not found
	missing   error  // why it was not found
	rootless  bool
	user      userNet
	patience  patience
}

// Open prepares the backend. It reads no network and runs nothing, and it
// succeeds where netavark is not installed: only Setup and Teardown need it.
func Open(cfg Config) (*Backend, error) {
	cfg = cfg.withDefaults()
	binary, missing := cfg.Containers.FindHelperBinary("netavark", false)
	dns, err := cfg.Containers.FindHelperBinary("aardvark-dns", false)
	if err != nil {
		dns = "" // containers still start; libnetwork warns where a network wants DNS
	}
	backend, err := netavark.NewNetworkInterface(&netavark.InitConfig{
		Config:           cfg.Containers,
		NetworkConfigDir: cfg.ConfigDir,
		NetworkRunDir:    cfg.RunDir,
		NetavarkBinary:   binary,
		AardvarkBinary:   dns,
	})
	if err != nil {
		return nil, fmt.Errorf("open network backend: %w", err)
	}
	return &Backend{
		net:       backend,
		conf:      cfg.Containers,
		leases:    leaseDB{path: filepath.Join(cfg.RunDir, "ipam.db")},
		configDir: cfg.ConfigDir,
		netavark:  binary,
		missing:   missing,
		rootless:  cfg.Rootless,
		user:      newUserNet(cfg),
		patience:  patience{limit: cfg.Timeout},
	}, nil
}

func (c Config) withDefaults() Config {
	if c.ConfigDir == "" {
		c.ConfigDir = c.Containers.Network.NetworkConfigDir
	}
	if c.ConfigDir == "" {
		c.ConfigDir = RootConfigDir
		if c.Rootless {
			c.ConfigDir = filepath.Join(c.GraphRoot, "networks")
		}
	}
	if c.RunDir == "" {
		c.RunDir = RootRunDir
		if c.Rootless {
			c.RunDir = filepath.Join(c.RunRoot, "networks")
		}
	}
	return c
}

// DefaultNetwork is the name of the network a container joins when none is named.
func (b *Backend) DefaultNetwork() string { return b.net.DefaultNetworkName() }

// Drivers lists the network drivers that can be used on this host.
func (b *Backend) Drivers() []string { return b.net.Drivers() }

// Info names the backend programs and their versions. It runs them: slow.
func (b *Backend) Info() types.NetworkInfo { return b.net.NetworkInfo() }

// requireNetavark refuses work that cannot be done without the program.
func (b *Backend) requireNetavark() error {
	if b.netavark != "" {
		return nil
	}
	return fmt.Errorf("find netavark (install the Debian package netavark): %w: %w", b.missing, errdefs.ErrUnavailable)
}

// classed gives an error one of our classes and keeps its words, which are part
// of the command-line contract; the text is made one line (netavark's end in a
// line break).
type classed struct {
	err   error
	class error
}

func (c *classed) Unwrap() []error { return []error{c.err, c.class} }
func (c *classed) Error() string {
	return strings.ReplaceAll(strings.TrimSpace(c.err.Error()), "\n", "; ")
}

func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, types.ErrNoSuchNetwork):
		return &classed{err, errdefs.ErrNoSuchNetwork}
	case errors.Is(err, types.ErrNetworkExists):
		return &classed{err, errdefs.ErrNetworkExists}
	case errors.Is(err, types.ErrInvalidArg):
		return &classed{err, errdefs.ErrInvalidArg}
	}
	return err
}

// attachError is classify for setup and teardown: what has no class there is
// the backend's failure.
func attachError(err error) error {
	err = classify(err)
	var known *classed
	if err == nil || errors.As(err, &known) {
		return err
	}
	// All that netavark says where the program it wants is missing.
	if strings.Contains(err.Error(), "No such file or directory (os error 2)") && !hasIptables() {
		err = fmt.Errorf("find iptables (install the Debian package iptables): %w", err)
	}
	return &classed{err, errdefs.ErrUnavailable}
}

func hasIptables() bool {
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin") {
		if info, err := os.Stat(filepath.Join(dir, "iptables")); err == nil && !info.IsDir() {
			return true
		}
	}
	return false
}
