package errdefs

import "errors"

// The classes. Every sentinel below belongs to exactly one of them.
var (
	// ErrNotFound: the named object does not exist.
	ErrNotFound = errors.New("not found")
	// ErrExists: the name or ID is taken.
	ErrExists = errors.New("already exists")
	// ErrInvalidArgument: what the user asked for cannot mean anything.
	ErrInvalidArgument = errors.New("invalid argument")
	// ErrInvalidState: the object exists but its state forbids the operation.
	ErrInvalidState = errors.New("invalid state")
	// ErrInUse: something else still needs the object.
	ErrInUse = errors.New("in use")
	// ErrAmbiguous: an ID prefix matches more than one object.
	ErrAmbiguous = errors.New("ambiguous")
	// ErrUnavailable: a helper program, file or kernel feature is missing or failing.
	ErrUnavailable = errors.New("unavailable")
	// ErrUnsupported: podctl does not do this on this host.
	ErrUnsupported = errors.New("unsupported")
)

// sentinel is an error of a class with fixed words.
type sentinel struct {
	class error
	text  string
}

func (e *sentinel) Error() string        { return e.text }
func (e *sentinel) Is(target error) bool { return target == e.class }

func of(class error, text string) error { return &sentinel{class: class, text: text} }

// classed is an error that was given a class.
type classed struct{ error, class error }

func (e *classed) Error() string        { return e.error.Error() }
func (e *classed) Unwrap() error        { return e.error }
func (e *classed) Is(target error) bool { return target == e.class }

// As gives err a class and leaves its words as they are. nil stays nil.
func As(class, err error) error {
	if err == nil {
		return nil
	}
	return &classed{error: err, class: class}
}

// Sentinels of class [ErrNotFound].
var (
	ErrNoSuchCtr         = of(ErrNotFound, "no such container")
	ErrNoSuchPod         = of(ErrNotFound, "no such pod")
	ErrNoSuchVolume      = of(ErrNotFound, "no such volume")
	ErrNoSuchNetwork     = of(ErrNotFound, "network not found")
	ErrNoSuchImage       = of(ErrNotFound, "image not known")
	ErrNoSuchSecret      = of(ErrNotFound, "no such secret")
	ErrNoSuchExecSession = of(ErrNotFound, "no such exec session")
	ErrNoSuchExitCode    = of(ErrNotFound, "no such exit code")
)

// Sentinels of class [ErrExists].
var (
	ErrCtrExists        = of(ErrExists, "container already exists")
	ErrPodExists        = of(ErrExists, "pod already exists")
	ErrVolumeExists     = of(ErrExists, "volume already exists")
	ErrNetworkExists    = of(ErrExists, "network already exists")
	ErrNetworkConnected = of(ErrExists, "network is already connected")
	ErrNameInUse        = of(ErrExists, "that name is already in use")
)

// Sentinels of class [ErrAmbiguous]. Their words are those of the "exists"
// family: the command-line contract spells ambiguous prefixes that way.
var (
	ErrAmbiguousID     = of(ErrAmbiguous, "container already exists")
	ErrAmbiguousVolume = of(ErrAmbiguous, "volume already exists")
)

// Sentinels of class [ErrInvalidState].
var (
	ErrCtrState         = of(ErrInvalidState, "container state improper")
	ErrPodRunsInit      = of(ErrInvalidState, "cannot add init-ctr to a running pod")
	ErrAttachNotRunning = of(ErrInvalidState, "you can only attach to running containers")
	ErrTopNotRunning    = of(ErrInvalidState, "top can only be used on running containers")
	ErrCtrStopped       = of(ErrInvalidState, "container is stopped")
	ErrCtrRemoved       = of(ErrInvalidState, "container has already been removed")
	ErrPodRemoved       = of(ErrInvalidState, "pod has already been removed")
	ErrNoCgroup         = of(ErrInvalidState, "this container does not have a cgroup")
	ErrNoLogs           = of(ErrInvalidState, "this container is not logging output")
	ErrRemovingPod      = of(ErrInvalidState, "removing pod containers")
)

// Sentinels of class [ErrInUse].
var (
	ErrVolumeInUse  = of(ErrInUse, "volume is being used")
	ErrNetworkInUse = of(ErrInUse, "network is being used")
	ErrImageInUse   = of(ErrInUse, "image is in use by a container")
	ErrDependents   = of(ErrInUse, "container already exists")
)

// Sentinels of class [ErrInvalidArgument].
var (
	ErrEmptyName       = of(ErrInvalidArgument, "name or ID cannot be empty")
	ErrInvalidArg      = of(ErrInvalidArgument, "invalid argument")
	ErrInvalidConfig   = of(ErrInvalidArgument, "invalid configuration")
	ErrInvalidPodSpec  = of(ErrInvalidArgument, "invalid pod spec")
	ErrDuplicateDest   = of(ErrInvalidArgument, "duplicate mount destination")
	ErrNetworkOnPodCtr = of(ErrInvalidArgument, "network cannot be configured when it is shared with a pod")
	ErrBadName         = of(ErrInvalidArgument, "names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument")
)

// Sentinels of class [ErrUnavailable].
var (
	ErrOCIRuntime          = of(ErrUnavailable, "OCI runtime error")
	ErrOCIPermission       = of(ErrUnavailable, "OCI permission denied")
	ErrOCICommandNotFound  = of(ErrUnavailable, "OCI runtime attempted to invoke a command that was not found")
	ErrConmonDead          = of(ErrUnavailable, "conmon process killed")
	ErrInternal            = of(ErrUnavailable, "internal error")
	ErrHealthcheckTimeout  = of(ErrUnavailable, "healthcheck command exceeded timeout")
	ErrDetached            = of(ErrInvalidState, "detached from container")
	ErrMissingPlugin       = of(ErrUnsupported, "required plugin missing")
	ErrRequiresRoot        = of(ErrUnsupported, "operation requires root privileges")
	ErrNetworkModeUnusable = of(ErrInvalidArgument, "invalid network mode")
)
