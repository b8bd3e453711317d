package runtime

import (
	"context"
	"fmt"
	"io"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containers/storage/pkg/unshare"

	"github.com/podctl/podctl/pkg/cgroupmgr"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/lock"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/settings"
	"github.com/podctl/podctl/pkg/store"
)

// Config is what the engine is given by its caller.
type Config struct {
	Settings *settings.Settings
	// ExitCommand is the argv conmon runs at a container's end; the container's
	// ID is appended. Only the command line knows it.
	ExitCommand []string
	// HealthCommand is the argv that runs WatchHealth; the container's ID is
	// appended. Without it no health check runs by itself.
	HealthCommand []string
	// Notices receives what the user should know while a verb waits: who holds a
	// lock, how far a pull is. Never results; what goes wrong on the side is a
	// warning of the log.
	Notices io.Writer
	// Enter is called before the image store is opened: an ordinary user's podctl
	// that was not inside the user's namespaces begins again there. nil: there is
	// no need.
	Enter func() error
	// Library opens all that can be done with the images in the store. nil: what needs
	// it fails with ErrNoLibrary.
	Library func(*image.Store) (Library, error)
}

// Runtime is the engine. It is safe for concurrent use. Opening it opens the
// database and nothing else; the other parts are opened when first needed.
type Runtime struct {
	settings      *settings.Settings
	exitCommand   []string
	healthCommand []string
	notices       io.Writer
	enter         func() error
	store         database
	locks         *lock.Dir
	slots         *lock.Dir
	self          container.Owner

	host      host
	processes processes
	cgroups   func() (cgroupmgr.Manager, error)
	oci       func() (ociRuntime, error)
	images    func() (*image.Store, error)
	library   func() (Library, error)
	networks  func() (*network.Backend, error)
	// layers and links are the parts of images and networks a container's life
	// needs.
	layers func() (imageLayers, error)
	links  func() (networkLinks, error)
	// finished has the IDs of pods and containers whose removal this process
	// completed for one that was killed.
	finished sync.Map
	// lookPause is the time between the two looks of Examine.
	lookPause time.Duration
	// imagesOpen says that images was called, imagesStuck that it may not have
	// returned.
	imagesOpen, imagesStuck atomic.Bool
}

// Open opens the database and brings it up to this boot.
func Open(ctx context.Context, cfg Config) (*Runtime, error) {
	st, err := store.Open(ctx, cfg.Settings.Database())
	if err != nil {
		return nil, err
	}
	r, err := assemble(cfg, st)
	if err != nil {
		return nil, err
	}
	if err := r.enterBoot(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// assemble makes an engine on a database. It opens nothing else.
func assemble(cfg Config, st *store.Store) (*Runtime, error) {
	self, err := proc.Self()
	if err != nil {
		return nil, fmt.Errorf("identify this process: %w", err)
	}
	st.DiscardEvents = cfg.Settings.EventsBackend().Value == settings.EventsNone
	r := &Runtime{
		settings:      cfg.Settings,
		exitCommand:   cfg.ExitCommand,
		healthCommand: cfg.HealthCommand,
		notices:       cfg.Notices,
		enter:         cfg.Enter,
		store:         st,
		locks:         lock.Open(cfg.Settings.LockDir()),
		slots:         lock.Open(cfg.Settings.SlotDir()),
		self:          container.Owner(self),
		host:          thisHost{},
		lookPause:     lookPause,
		processes:     processTable{proc.Source{Boot: self.BootID}},
	}
	if r.notices == nil {
		r.notices = io.Discard
	}
	r.locks.OnWait, r.locks.Timeout = r.reportWait, cfg.Settings.Flags.LockTimeout
	r.cgroups = sync.OnceValues(r.openCgroups)
	r.oci = sync.OnceValues(r.openOCI)
	r.images = sync.OnceValues(r.openImages)
	r.library = sync.OnceValues(func() (Library, error) { return r.openLibrary(cfg.Library) })
	r.networks = sync.OnceValues(r.openNetworks)
	r.layers = func() (imageLayers, error) { return r.images() }
	r.links = func() (networkLinks, error) { return r.networks() }
	return r, nil
}

// Settings are what the engine was opened with.
func (r *Runtime) Settings() *settings.Settings { return r.settings }

// Images opens the image store.
func (r *Runtime) Images() (*image.Store, error) { return r.images() }

// readTime is how long a command that only reads waits for the image store, whose
// locks are held by whoever works on a layer, and for as long as that is stopped.
const readTime = 3 * time.Second

// PeekImages reads something of the image store without waiting for it longer
// than a moment. Errors: class ErrUnavailable if it is locked; then read may still
// be running.
func PeekImages[T any](r *Runtime, read func(*image.Store) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		images, err := r.images()
		if a.err = err; err == nil {
			a.value, a.err = read(images)
		}
		answers <- a
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-time.After(readTime):
		r.imagesStuck.Store(true)
		var none T
		return none, fmt.Errorf("the image store is locked by another process: %w", errdefs.ErrUnavailable)
	}
}

// Networks opens the network backend.
func (r *Runtime) Networks() (*network.Backend, error) { return r.networks() }

// Close puts down what was opened and would leave a trace on the host: the image
// store's driver keeps a mount for as long as it is open. The database is left
// as it is (see package store).
func (r *Runtime) Close() error {
	if !r.imagesOpen.Load() || r.imagesStuck.Load() {
		return nil
	}
	images, err := r.images()
	if err != nil {
		return nil //nolint:nilerr // it was not opened: nothing to close
	}
	// It waits for locks, and what is not taken away now the next command takes.
	closed := make(chan error, 1)
	go func() { closed <- images.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(readTime):
		return nil
	}
}

func (r *Runtime) openCgroups() (cgroupmgr.Manager, error) {
	choice, err := r.settings.CgroupManager()
	if err != nil {
		return nil, err
	}
	return cgroupmgr.New(choice.Value, cgroupmgr.Config{Rootless: r.settings.Rootless, UID: unshare.GetRootlessUID()})
}

func (r *Runtime) openOCI() (ociRuntime, error) {
	choice, err := r.settings.OCIRuntime()
	if err != nil {
		return nil, err
	}
	conmon, err := r.settings.Conmon()
	if err != nil {
		return nil, err
	}
	flags := make([]string, 0, len(r.settings.Flags.RuntimeFlags))
	for _, f := range r.settings.Flags.RuntimeFlags {
		flags = append(flags, "--"+f)
	}
	return oci.New(oci.Config{
		RuntimePath:  choice.Value,
		RuntimeFlags: flags,
		RuntimeRoot:  r.settings.RuntimeRoot(),
		ConmonPath:   conmon,
		ConmonEnv:    r.settings.Conf.Engine.ConmonEnvVars.Get(),
		ExitDir:      r.settings.ExitDir(),
		PersistDir:   r.settings.PersistDir(),
		Scratch:      r.settings.BundleDir,
		Rootless:     r.settings.Rootless,
		LogLevel:     r.settings.Flags.LogLevel,
		ExitCommand:  r.exitCommand,
		NoPivot:      r.settings.Conf.Engine.NoPivotRoot,
		Keyring:      r.settings.Conf.Containers.EnableKeyring,
		Timeout:      r.settings.Flags.ProgramTimeout,
	})
}

func (r *Runtime) openImages() (*image.Store, error) {
	if r.enter != nil {
		if err := r.enter(); err != nil {
			return nil, err
		}
	}
	r.imagesOpen.Store(true)
	return image.Open(image.Config{
		Root:           r.settings.GraphRoot,
		RunRoot:        r.settings.RunRoot,
		Driver:         r.settings.Flags.StorageDriver,
		DriverOptions:  r.settings.Flags.StorageOpts,
		ImageStore:     r.settings.Flags.ImageStore,
		PullOptions:    r.settings.Flags.PullOptions,
		TransientStore: r.settings.Flags.TransientStore,
		RegistriesConf: r.settings.Flags.RegistriesConf,
		Hooks: image.Hooks{
			InUse:           r.containersUsingImage,
			RemoveContainer: r.removeImageUser,
			OnEvent:         r.imageEvent,
		},
	})
}

// openLibrary opens the library of the images in the store.
func (r *Runtime) openLibrary(open func(*image.Store) (Library, error)) (Library, error) {
	if open == nil {
		return nil, ErrNoLibrary
	}
	images, err := r.images()
	if err != nil {
		return nil, err
	}
	return open(images)
}

func (r *Runtime) openNetworks() (*network.Backend, error) {
	return network.Open(r.networkConfig())
}

func (r *Runtime) networkConfig() network.Config {
	return network.Config{
		ConfigDir:  r.settings.Flags.NetworkConfigDir,
		GraphRoot:  r.settings.GraphRoot,
		RunRoot:    r.settings.RunRoot,
		Containers: r.settings.Conf,
		Rootless:   r.settings.Rootless,
		Timeout:    r.settings.Flags.ProgramTimeout,
	}
}

// workers is how many steps that burn CPU run at once. A step that waits for a
// process to stop gives its worker up meanwhile.
func workers() int { return 2*goruntime.NumCPU() + 1 }

const shortLen = 12

// shortID is the first twelve characters of an ID, as shown to users.
func shortID(id string) string {
	if len(id) > shortLen {
		return id[:shortLen]
	}
	return id
}
