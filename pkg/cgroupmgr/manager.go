package cgroupmgr

import (
	"context"
	"fmt"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/podctl/podctl/pkg/errdefs"
)

// The names of the cgroup managers.
const (
	Cgroupfs = "cgroupfs"
	Systemd  = "systemd"
)

// DefaultRoot is where the cgroup tree is mounted.
const DefaultRoot = "/sys/fs/cgroup"

// Manager places pods, containers and conmon in the cgroup tree.
//
// A parent is what a user gives with --cgroup-parent, or the path of a pod's
// cgroup, which is the parent of its containers. A path is what PodPath or
// ContainerCgroup returned; the empty path means "no cgroup" and every method
// takes it for a success with nothing to do. Implementations are safe for
// concurrent use.
type Manager interface {
	// Name is [Cgroupfs] or [Systemd]: who makes what is new.
	Name() string

	// ManagerOf names the one that makes and removes what is in a parent, which may
	// have been another when a pod was made. All methods that take a parent or a
	// path but ValidateParent leave it to that one.
	ManagerOf(parent string) string

	// Ready says whether cgroups can be made at all: systemd must answer. Asked
	// before anything is recorded that only it could undo.
	Ready(ctx context.Context) error

	// DefaultParent is the cgroup parent used when none is given. It is empty
	// where the manager makes no cgroups by default (cgroupfs, rootless).
	DefaultParent() string

	// ValidateParent says whether parent can be a cgroup parent with this
	// manager; if not, the error is of class errdefs.ErrInvalidArgument. A user's
	// must be one that the user may write to. The empty parent is valid and means
	// the default.
	ValidateParent(parent string) error

	// PodPath returns the path of a pod's cgroup, as inspect shows it, empty if
	// the pod gets none. It touches nothing and gives the same answer after a
	// reboot.
	PodPath(parent, podID string) (string, error)

	// Delegated returns those of the limits that can be set, and the controllers
	// the others would need; a user has only what systemd was told to delegate.
	// It changes nothing in r. CreatePod and Update leave those out by themselves.
	Delegated(r *specs.LinuxResources) (settable *specs.LinuxResources, missing []string)

	// CreatePod makes the pod cgroup and sets the limits in r, which may be
	// nil. A cgroup that exists is kept and gets the limits. It takes about a
	// millisecond and leaves nothing when it fails. Rootless cgroupfs sets no
	// limits. Limits of r that pods have no flag for are not looked at.
	CreatePod(ctx context.Context, path string, r *specs.LinuxResources) error

	// Update sets the limits in r on a pod's or a container's cgroup that exists;
	// what r leaves out keeps its value. Of those of a container the OCI runtime
	// is told first: it may remember them, and has more than pods have.
	Update(ctx context.Context, path string, r *specs.LinuxResources) error

	// RemovePod removes the pod cgroup and all below it from every hierarchy.
	// It waits for processes to leave until ctx ends, or for twenty seconds if
	// ctx has no deadline, and then returns a [*BusyError]. Conmons are not
	// waited for: when nothing else is left they are moved out (cgroupfs) or
	// stopped (systemd). The calling process may be in the pod's conmon cgroup
	// (an exit command is) and is moved out too.
	RemovePod(ctx context.Context, path string) error

	// ContainerPath returns the linux.cgroupsPath of the OCI spec for a
	// container in parent.
	ContainerPath(parent, id string) string

	// ContainerCgroup returns where ContainerPath ends up: a path from the
	// root of each hierarchy.
	ContainerCgroup(parent, id string) string

	// RemoveContainer removes what the OCI runtime left of a container's
	// cgroup; it waits as RemovePod does. With the last container in a parent
	// it also removes the shared conmon cgroup and the default parent if they
	// are empty; the calling process, if it is an exit command in there, is
	// moved out.
	RemoveContainer(ctx context.Context, parent, id string) error

	// Leave moves the calling process, an exit command, and the conmon it works
	// for out of the conmon cgroup that containers share in parent, and removes
	// that, and the default parent, if they are empty then. The last thing an
	// exit command does: as long as it runs it keeps them in place.
	Leave(parent string)

	// Ahead has the kernel wait now for what it else waits for at the next move
	// of a process: the first one in 20 ms takes 8 to 16 ms, because its lock
	// waits until every CPU has seen it (kernel, cgroup-v2.rst on favordynmods).
	// Call it beside other work, a little before AddConmon and the OCI runtime
	// move processes.
	Ahead()

	// AddConmon moves conmon into its cgroup beside the container. Call it
	// before the OCI runtime creates the container: from then on the parent
	// cannot vanish, and the container starts inside the pod's limits.
	AddConmon(ctx context.Context, parent, id string, pid int) error

	// ConmonCgroup returns where AddConmon moves it, as ContainerCgroup does.
	ConmonCgroup(parent, id string) string

	// Processes returns the ids of all processes in the cgroup and below it,
	// in any hierarchy, in ascending order; none if there is no such cgroup.
	Processes(path string) ([]int, error)

	// OOMKills returns how many processes of the cgroup the kernel killed for
	// want of memory, whether it was the cgroup's limit or one above; known is
	// false where the kernel does not say.
	OOMKills(path string) (n uint64, known bool)

	// OOMKillsGone returns how many processes the kernel killed for want of memory
	// in cgroups of the cgroup parent that have been removed since. Known is false
	// where none is removed but by RemoveContainer, and where nothing counts them.
	OOMKillsGone(parent string) (n uint64, known bool)

	// Stats returns what the processes in the cgroup, as ContainerCgroup
	// returned it, and below it use. Without such a cgroup, or with the empty
	// path, it is errdefs.ErrNoCgroup.
	Stats(path string) (Stats, error)
}

// Config is what a manager needs to know of the host.
type Config struct {
	// Root is the mount point of the cgroup tree; empty means [DefaultRoot].
	Root string
	// Rootless says that podctl does not run as the host's root.
	Rootless bool
	// UID is the user's id on the host; it matters to rootless systemd only.
	UID int
}

// New returns the manager called name for what is new, which leaves what the other
// one made to that. It reads the layout of the tree and
// opens nothing else; systemd is connected to when it is first asked for
// something. An unknown name is errdefs.ErrInvalidArgument, a host without
// cgroups errdefs.ErrUnsupported.
func New(name string, cfg Config) (Manager, error) {
	if name != Cgroupfs && name != Systemd {
		return nil, fmt.Errorf("unsupported Cgroup manager: %s - cannot validate cgroup parent: %w", name, errdefs.ErrInvalidArg)
	}
	if cfg.Root == "" {
		cfg.Root = DefaultRoot
	}
	layout, err := Detect(cfg.Root)
	if err != nil {
		return nil, err
	}
	t := newTree(layout)
	return newBoth(name,
		&cgroupfs{tree: t, rootless: cfg.Rootless, defaultParent: "/podctl_parent", family: callerFamily},
		&systemd{tree: t, bus: newSystemBus(cfg), rootless: cfg.Rootless, uid: cfg.UID, family: callerFamily},
	), nil
}

// checkID refuses what cannot be one element of a cgroup path.
func checkID(id string) error {
	if id == "" || id == "." || id == ".." || strings.ContainsAny(id, "/\x00") {
		return fmt.Errorf("cgroup of pod %q: not an ID: %w", id, errdefs.ErrInvalidArg)
	}
	return nil
}
