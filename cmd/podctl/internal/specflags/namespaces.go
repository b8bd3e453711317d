package specflags

import (
	"errors"

	"github.com/spf13/pflag"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// errInvalid ends the texts that end in "invalid argument".
var errInvalid = errdefs.ErrInvalidArg

// pidUTSFlags are --pid and --uts, of containers and of pods.
type pidUTSFlags struct {
	pid, uts string
	words    []container.Mode
}

func (f *pidUTSFlags) bind(fs *pflag.FlagSet, words ...container.Mode) {
	f.words = words
	fs.StringVar(&f.pid, "pid", "", "PID namespace `mode`")
	fs.StringVar(&f.uts, "uts", "", "UTS namespace `mode`")
}

func (f *pidUTSFlags) apply(n *container.Namespaces) error {
	return setNamespaces([]namespaceValue{{&n.PID, f.pid}, {&n.UTS, f.uts}}, f.words...)
}

type namespaceValue struct {
	field *container.Namespace
	text  string
}

func setNamespaces(values []namespaceValue, words ...container.Mode) error {
	for _, v := range values {
		ns, err := container.ParseNamespace(v.text, words...)
		if err != nil {
			return err
		}
		if ns.Mode != container.ModeDefault {
			*v.field = ns
		}
	}
	return nil
}

// userFlags are the flags about the user namespace.
type userFlags struct {
	given
	userns         string
	uidMap, gidMap []string
	subUID, subGID string
	noDefault      bool // the environment does not decide
}

func (f *userFlags) bind(fs *pflag.FlagSet) {
	f.fs = fs
	fs.StringVar(&f.userns, "userns", "", "User namespace `mode`")
	fs.StringSliceVar(&f.uidMap, "uidmap", nil, "UID `map` of the user namespace: CTR:HOST:LEN")
	fs.StringSliceVar(&f.gidMap, "gidmap", nil, "GID `map` of the user namespace: CTR:HOST:LEN")
	fs.StringVar(&f.subUID, "subuidname", "", "`Name` of the range in /etc/subuid")
	fs.StringVar(&f.subGID, "subgidname", "", "`Name` of the range in /etc/subgid")
}

func (f *userFlags) apply(n *container.Namespaces, env Env) error {
	mapped := f.has("uidmap", "gidmap", "subuidname", "subgidname")
	if mapped && f.has("userns") {
		return errors.New("--userns and --uidmap/--gidmap/--subuidname/--subgidname are mutually exclusive")
	}
	if mapped {
		n.User = container.Namespace{Mode: container.ModePrivate}
		n.UIDMap, n.GIDMap, n.SubUIDName, n.SubGIDName = f.uidMap, f.gidMap, f.subUID, f.subGID
		return nil
	}
	mode := f.userns
	if !f.has("userns") && !f.noDefault {
		mode, _ = env.lookup("PODMAN_USERNS")
	}
	user, err := container.ParseUserNamespace(mode, env.Rootless)
	if err != nil {
		return err
	}
	if user.Mode != container.ModeDefault {
		n.User = user
	}
	return nil
}

// namespaceFlags are those of a container but for the network's.
type namespaceFlags struct {
	pidUTS      pidUTSFlags
	user        userFlags
	ipc, cgroup string
}

func (f *namespaceFlags) bind(fs *pflag.FlagSet) {
	f.pidUTS.bind(fs, container.ModePrivate, container.ModeHost, container.ModeContainer, container.ModePod)
	f.user.bind(fs)
	fs.StringVar(&f.ipc, "ipc", "", "IPC namespace `mode`")
	fs.StringVar(&f.cgroup, "cgroupns", "", "Cgroup namespace `mode`")
}

func (f *namespaceFlags) apply(n *container.Namespaces, env Env) error {
	if err := f.pidUTS.apply(n); err != nil {
		return err
	}
	if err := f.user.apply(n, env); err != nil {
		return err
	}
	if err := setNamespaces([]namespaceValue{{&n.IPC, f.ipc}}, container.ModePrivate, container.ModeShareable,
		container.ModeNone, container.ModeHost, container.ModeContainer, container.ModePod); err != nil {
		return err
	}
	return setNamespaces([]namespaceValue{{&n.Cgroup, f.cgroup}}, container.ModePrivate, container.ModeHost,
		container.ModeContainer, container.ModePod)
}
