package specflags

import (
	"encoding/csv"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-units"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

var (
	errNoDestination = errors.New("must set volume destination")
	errMountFormat   = errors.New("incorrect mount format: should be --mount type=<bind|glob|tmpfs|volume>,[src=<host-dir|volume-name>,]target=<ctr-dir>[,options]")
	errMountOption   = errors.New("invalid mount option")
	errMountArgument = errors.New("must provide an argument for option")
	errMountRepeated = errors.New("duplicate mount option passed")
)

// alternatives are options of which a mount has one at most, in the words of errors.
var alternatives = [][2]string{{"noexec", "exec"}, {"nodev", "dev"}, {"nosuid", "suid"}}

// repeated reports whether a list has more than one of two words.
func repeated(options []string, one, other string) bool {
	n := 0
	for _, option := range options {
		if option == one || option == other {
			n++
		}
	}
	return n > 1
}

// mountSpec is a --mount value before its type says what it means.
type mountSpec struct {
	kind, source, destination, subPath string
	options                            []string
}

// addMountFlag reads type=TYPE,src=SRC,dst=DEST,OPTION,… .
func addMountFlag(s *container.Storage, text string, env Env) error {
	words, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return fmt.Errorf("%w: %w", errMountFormat, err)
	}
	spec := mountSpec{kind: "volume"}
	var options []string
	typed := false
	for _, word := range words {
		if kind, ok := strings.CutPrefix(word, "type="); ok && !typed {
			spec.kind, typed = kind, true
			continue
		}
		options = append(options, word)
	}
	switch spec.kind {
	case "bind", "volume", "tmpfs", "ramfs", "image", "glob", "devpts", "artifact":
	default:
		return fmt.Errorf("invalid filesystem type %q", spec.kind)
	}
	for _, word := range options {
		if err := spec.option(word); err != nil {
			return err
		}
	}
	if err := spec.refuseRepeated(); err != nil {
		return err
	}
	// The same mount twice is one that -v and the like may repeat, and --mount may not.
	there := len(s.Mounts) + len(s.Volumes)
	if err := spec.add(s, env); err != nil {
		return err
	}
	if len(s.Mounts)+len(s.Volumes) == there {
		return fmt.Errorf("%s: %w", path.Clean(spec.destination), errdefs.ErrDuplicateDest)
	}
	return nil
}

// refuseRepeated refuses options that are given twice or contradict each other.
func (m *mountSpec) refuseRepeated() error {
	if repeated(m.options, "ro", "rw") {
		return fmt.Errorf("cannot pass 'readonly', 'ro', or 'rw' options more than once: %w", errMountArgument)
	}
	for _, pair := range alternatives {
		if repeated(m.options, pair[0], pair[1]) {
			return fmt.Errorf("cannot pass '%s' and '%s' options more than once: %w", pair[0], pair[1], errMountArgument)
		}
	}
	return nil
}

// add turns the value into a mount or volume.
func (m *mountSpec) add(s *container.Storage, env Env) error {
	if m.destination == "" && m.kind != "glob" {
		return errNoDestination
	}
	if m.destination != "" && !strings.HasPrefix(m.destination, "/") {
		return fmt.Errorf("invalid container path %q, must be an absolute path", m.destination)
	}
	mount := container.Mount{Type: m.kind, Source: m.source, Destination: m.destination, Options: m.options, SubPath: m.subPath}
	switch m.kind {
	case "volume":
		return s.AddVolumeMount(container.VolumeMount{
			Name: m.source, Destination: m.destination, Options: m.options, SubPath: m.subPath, Anonymous: m.source == "",
		})
	case "bind":
		if m.source == "" {
			m.source = m.destination
		}
		mount.Source = env.abs(m.source)
	case "glob":
		if m.source == "" {
			return errors.New("must set source for glob mounts")
		}
		mount.Source = env.abs(m.source)
	case "image", "artifact":
		if m.source == "" {
			return fmt.Errorf("must set source for %s mounts", m.kind)
		}
	default:
		if m.source != "" {
			return fmt.Errorf("%q option not supported for %q mount types", "source", m.kind)
		}
		mount.Source = m.kind
	}
	return s.AddMount(mount)
}

// option reads one KEY[=VALUE] that is not the type.
func (m *mountSpec) option(word string) error {
	key, value, hasValue := strings.Cut(word, "=")
	switch key {
	case "src", "source":
		return argument(&m.source, key, value)
	case "dst", "dest", "destination", "target":
		return argument(&m.destination, key, value)
	case "subpath", "volume-subpath", "image-subpath":
		return argument(&m.subPath, key, value)
	case "ro", "readonly", "rw", "readwrite":
		return m.readOnly(key, value, hasValue)
	case "consistency":
		return nil // of no meaning on Linux
	}
	option, err := m.special(key, value, hasValue)
	if err != nil {
		return err
	}
	if slices.Contains(option, "U") && slices.Contains(m.options, "U") {
		return fmt.Errorf("cannot pass 'U' or 'chown' option more than once: %w", errMountArgument)
	}
	m.options = append(m.options, option...)
	return nil
}

func argument(field *string, key, value string) error {
	if value == "" {
		return fmt.Errorf("%s: %w", key, errMountArgument)
	}
	*field = value
	return nil
}

// readOnly reads ro, ro=false and their like.
func (m *mountSpec) readOnly(key, value string, hasValue bool) error {
	on := true
	if hasValue {
		var err error
		if on, err = strconv.ParseBool(value); err != nil {
			return fmt.Errorf("%s: %w", key, errMountOption)
		}
	}
	if (key == "ro" || key == "readonly") == on {
		m.options = append(m.options, "ro")
	} else {
		m.options = append(m.options, "rw")
	}
	return nil
}

// propagations are how later mounts are shared, as mount(8) has them.
func propagations() []string {
	return []string{"private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"}
}

// flagOptions are the options without a value, by mount type.
func flagOptions(kind string) []string {
	access := []string{"exec", "noexec", "dev", "nodev", "suid", "nosuid"}
	propagation := propagations()
	switch kind {
	case "bind", "glob":
		return slices.Concat(access, propagation, []string{"bind", "rbind", "z", "Z", "no-dereference"})
	case "volume":
		return slices.Concat(access, propagation, []string{"copy", "nocopy", "O", "z", "Z"})
	case "tmpfs", "ramfs":
		return slices.Concat(access, propagation, []string{"tmpcopyup", "notmpcopyup"})
	}
	return nil
}

// special reads the options that only some types have.
func (m *mountSpec) special(key, value string, hasValue bool) ([]string, error) {
	if !hasValue && slices.Contains(flagOptions(m.kind), key) {
		return []string{key}, nil
	}
	switch m.kind {
	case "bind", "glob", "volume":
		return bindOption(key, value, hasValue)
	case "tmpfs", "ramfs":
		return tmpfsOption(key, value)
	case "devpts":
		if slices.Contains([]string{"uid", "gid", "mode", "ptmxmode", "max"}, key) && value != "" {
			return []string{key + "=" + value}, nil
		}
	case "artifact":
		if slices.Contains([]string{"title", "digest", "name"}, key) && value != "" {
			return []string{key + "=" + value}, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", key, errMountOption)
}

func bindOption(key, value string, hasValue bool) ([]string, error) {
	switch key {
	case "bind-propagation":
		if value == "" {
			return nil, fmt.Errorf("%s: %w", key, errMountArgument)
		}
		if !slices.Contains(propagations(), value) {
			return nil, fmt.Errorf("unknown mount option %q: %w", value, errMountOption)
		}
		return []string{value}, nil
	case "bind-nonrecursive":
		if on, err := flagValue(value, hasValue); err != nil || !on {
			return []string{"rbind"}, err
		}
		return []string{"bind"}, nil
	case "U", "chown":
		on, err := flagValue(value, hasValue)
		if err != nil || !on {
			return nil, err
		}
		return []string{"U"}, nil
	case "relabel":
		switch value {
		case "private":
			return []string{"Z"}, nil
		case "shared":
			return []string{"z"}, nil
		}
		return nil, fmt.Errorf("relabel mount option must be 'private' or 'shared': %w", errMountOption)
	case "idmap":
		if hasValue {
			return []string{"idmap=" + value}, nil
		}
		return []string{"idmap"}, nil
	case "volume-opt":
		return []string{"volume-opt=" + value}, nil
	}
	return nil, fmt.Errorf("%s: %w", key, errMountOption)
}

func flagValue(text string, given bool) (bool, error) {
	if !given {
		return true, nil
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%q: %w", text, errMountOption)
	}
	return on, nil
}

func tmpfsOption(key, value string) ([]string, error) {
	switch key {
	case "tmpfs-size", "size":
		if value == "" {
			return nil, fmt.Errorf("%s: %w", key, errMountArgument)
		}
		if _, err := units.RAMInBytes(strings.TrimSuffix(value, "%")); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		return []string{"size=" + value}, nil
	case "tmpfs-mode", "mode":
		if value == "" {
			return nil, fmt.Errorf("%s: %w", key, errMountArgument)
		}
		return []string{"mode=" + value}, nil
	case "U", "chown":
		return []string{"U"}, nil
	case "uid", "gid", "nr_inodes", "nr_blocks":
		return []string{key + "=" + value}, nil
	}
	return nil, fmt.Errorf("%s: %w", key, errMountOption)
}

// tmpfsOptions are the names that --tmpfs takes, as mount(8) and tmpfs(5) have
// them, and those of the OCI runtimes.
func tmpfsOptions() []string {
	return append(flagOptions("tmpfs"), "", "ro", "rw", "U", "sync", "async", "dirsync", "atime", "noatime", "diratime", "nodiratime",
		"relatime", "norelatime", "strictatime", "nostrictatime", "symfollow", "nosymfollow", "size", "nr_blocks", "nr_inodes", "mode", "uid", "gid", "huge",
		"mpol", "noswap", "inode32", "inode64")
}

// addTmpfs reads DEST[:OPTS].
func addTmpfs(s *container.Storage, text string) error {
	destination, list, hasOptions := strings.Cut(text, ":")
	if destination == "" {
		return errors.New("container directory cannot be empty")
	}
	if !strings.HasPrefix(destination, "/") {
		return fmt.Errorf("invalid container path %q, must be an absolute path", destination)
	}
	options := []string{"rw", "noexec", "nosuid", "nodev"}
	if hasOptions {
		options = strings.Split(list, ",")
	}
	for _, option := range options {
		if key, _, _ := strings.Cut(option, "="); !slices.Contains(tmpfsOptions(), key) {
			return fmt.Errorf("unknown mount option %q: %w", option, errMountOption)
		}
	}
	for _, pair := range append(slices.Clone(alternatives), [2]string{"rw", "ro"}) {
		if repeated(options, pair[0], pair[1]) {
			return fmt.Errorf("only one of '%s' and '%s' can be used: %w", pair[0], pair[1], errMountRepeated)
		}
	}
	return s.AddMount(container.Mount{Type: "tmpfs", Source: "tmpfs", Destination: destination, Options: options})
}
