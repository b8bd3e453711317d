package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/containers/common/libnetwork/types"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
	"github.com/podctl/podctl/pkg/userns"
)

// What the engine needs of its neighbours to carry containers through their
// lives. Everything it changes outside of files of its own goes through these:
// a test can stand in for a host, and stop the engine after any of its steps.

// database is the store's two kinds of transaction.
type database interface {
	Update(ctx context.Context, fn func(*store.Tx) error) error
	View(ctx context.Context, fn func(*store.Tx) error) error
}

// ociRuntime creates and ends containers. See package oci.
type ociRuntime interface {
	Name() string
	Create(ctx context.Context, opts oci.CreateOptions) (oci.Created, error)
	Start(ctx context.Context, id string) error
	Delete(ctx context.Context, id string, opts oci.DeleteOptions) error
	State(ctx context.Context, id string) (*specs.State, error)
	Pause(ctx context.Context, id string) error
	Resume(ctx context.Context, id string) error
	Update(ctx context.Context, id string, resources *specs.LinuxResources) error
	monitor
}

// monitor is conmon and what it leaves behind.
type monitor interface {
	Attach(ctx context.Context, opts oci.AttachOptions) error
	Exec(ctx context.Context, opts oci.ExecOptions) (oci.ExecResult, error)
	WaitExit(ctx context.Context, id string, conmon proc.Process) (oci.Exit, error)
	RemoveFiles(id string) error
	Relieve(id string, by proc.Process) error
	RelievedBy(id string, by proc.Process) bool
}

// imageLayers makes containers' root filesystems from images.
type imageLayers interface {
	Find(ctx context.Context, ref string) (*image.Image, error)
	CreateContainer(id, imageID string, opts image.CreateOptions) error
	Mappings(id string) (*container.IDMappings, error)
	Mount(id, label string) (string, error)
	Unmount(id string, force bool) (still bool, err error)
	DeleteContainer(id string) error
}

// ErrNoLibrary is the error of a verb that needs the library of images where there
// is none (see [Config]). The verb has then done nothing that counts.
var ErrNoLibrary = errors.New("this takes the library of images, which this program was built without")

// Library is what is done with images beyond that. Package library says what each
// method does.
type Library interface {
	Ensure(ctx context.Context, ref string, opts image.PullOptions) (*image.Image, error)
	Commit(ctx context.Context, id string, opts image.CommitOptions) (string, error)
	Remove(ctx context.Context, names []string, opts image.RemoveOptions) (image.RemoveReport, []error)
	Prune(ctx context.Context, opts image.PruneOptions) ([]image.Pruned, error)
	DiskUsage(ctx context.Context) ([]image.Usage, int64, error)
}

// networkLinks attaches containers to networks that exist.
type networkLinks interface {
	Inspect(ctx context.Context, nameOrID string) (types.Network, error)
	Setup(ctx context.Context, a network.Attachment) (map[string]types.StatusBlock, error)
	Teardown(ctx context.Context, a network.Attachment) error
	Connect(ctx context.Context, u network.Uplink) (map[string]types.StatusBlock, error)
	Disconnect(ctx context.Context, nsPath string) error
	Forward(nsPath string, ports []types.PortMapping, exit *os.File) error
	Forget(a network.Attachment) error
	Reload(ctx context.Context, a network.Attachment, status map[string]types.StatusBlock) (map[string]types.StatusBlock, error)
	HostIP(status map[string]types.StatusBlock) string
}

// processes tells processes apart, signals them and waits for them.
type processes interface {
	Of(pid int) (proc.Process, error)
	Alive(p proc.Process) bool
	Killed(p proc.Process) bool
	Signal(p proc.Process, sig unix.Signal) error
	Wait(ctx context.Context, p proc.Process) error
	// KillTree kills a process with all that descends from it, and waits.
	KillTree(ctx context.Context, p proc.Process) error
	// Cmdline is a process's command line, InCgroup whether a word is part of
	// its cgroup's path: what a pid read from a file is recognized by.
	Cmdline(pid int) string
	InCgroup(pid int, word string) bool
}

// processTable is this host's processes.
type processTable struct{ proc.Source }

func (processTable) InCgroup(pid int, word string) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	return err == nil && strings.Contains(string(b), word)
}

// heldNS is a user namespace, and a network namespace that belongs to it, that are
// kept until a container is in them.
type heldNS interface {
	UserNS() string
	NetNS() string
	Release()
}

// host is what is neither anybody's store nor a container's process: mounts in
// the run directory, and programs of ours that outlive us. Every method but Detach
// is idempotent.
type host interface {
	Detach(argv []string) (pid int, err error)
	// CreateNS makes a network namespace, or keeps the one that is at from.
	CreateNS(path, from string) error
	// HoldUserNS makes a user namespace, JoinUserNS a network namespace that
	// belongs to one there is. They go when they are released and not in use.
	HoldUserNS(maps *container.IDMappings, withNet bool) (heldNS, error)
	JoinUserNS(path string) (heldNS, error)
	RemoveNS(path string) error
	WriteBundle(ctx context.Context, in bundle.Input) error
	RemoveBundle(dir string) error
}

// thisHost is the host podctl runs on.
type thisHost struct{}

func (thisHost) Detach(argv []string) (int, error) { return oci.Detach(argv) }

func (thisHost) CreateNS(path, from string) error { return network.CreateNS(path, from) }
func (thisHost) RemoveNS(path string) error       { return network.RemoveNS(path) }
func (thisHost) RemoveBundle(dir string) error    { return bundle.Remove(dir) }

func (thisHost) HoldUserNS(maps *container.IDMappings, withNet bool) (heldNS, error) {
	return asHeld(userns.New(maps, withNet))
}

func (thisHost) JoinUserNS(path string) (heldNS, error) { return asHeld(userns.Join(path, true)) }

// asHeld keeps a nil from becoming an interface.
func asHeld(h *userns.Held, err error) (heldNS, error) {
	if err != nil {
		return nil, err
	}
	return h, nil
}

func (thisHost) WriteBundle(ctx context.Context, in bundle.Input) error {
	_, err := bundle.Write(ctx, in)
	return err
}
