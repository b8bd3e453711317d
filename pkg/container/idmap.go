package container

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/errdefs"
)

// IDMap is a range of IDs in a user namespace: Size of them from ContainerID on
// are those from HostID on, as podctl itself sees them.
type IDMap struct{ ContainerID, HostID, Size uint32 }

// String is the range as --uidmap takes it.
func (m IDMap) String() string { return fmt.Sprintf("%d:%d:%d", m.ContainerID, m.HostID, m.Size) }

// IDMappings are the ranges of a user namespace.
type IDMappings struct{ UID, GID []IDMap }

// HostUID and HostGID are the host's IDs of IDs in the container; an ID that has
// none is itself, as all are in the host's namespace.
func (m *IDMappings) HostUID(id uint32) uint32 { return toHost(m.ranges().UID, id) }
func (m *IDMappings) HostGID(id uint32) uint32 { return toHost(m.ranges().GID, id) }

// ranges are empty for nil.
func (m *IDMappings) ranges() IDMappings {
	if m == nil {
		return IDMappings{}
	}
	return *m
}

func toHost(maps []IDMap, id uint32) uint32 {
	for _, m := range maps {
		if overlap(id, 1, m.ContainerID, m.Size) {
			return m.HostID + id - m.ContainerID
		}
	}
	return id
}

// OCI are the ranges as the OCI runtime takes them; none for the host's namespace.
func (m *IDMappings) OCI() (uids, gids []specs.LinuxIDMapping) {
	if m == nil {
		return nil, nil
	}
	return toOCI(m.UID), toOCI(m.GID)
}

func toOCI(maps []IDMap) (out []specs.LinuxIDMapping) {
	for _, m := range maps {
		out = append(out, specs.LinuxIDMapping{ContainerID: m.ContainerID, HostID: m.HostID, Size: m.Size})
	}
	return out
}

// OwnsUserNS reports whether the container has a user namespace of its own.
func (c *Config) OwnsUserNS() bool {
	switch c.Namespaces.User.Mode {
	case ModePrivate, ModeAuto, ModeKeepID, ModeNoMap:
		return true
	}
	return false
}

// AutoUserNS reports whether the container's IDs are a range that is picked for it
// and that no other container has: --userns auto, or private without mappings.
func (c *Config) AutoUserNS() bool {
	ns := &c.Namespaces
	return ns.User.Mode == ModeAuto ||
		ns.User.Mode == ModePrivate && len(ns.UIDMap)+len(ns.GIDMap) == 0 && ns.SubUIDName+ns.SubGIDName == ""
}

// HasLayer reports whether the image store keeps a layer for the container: over
// its image, or empty, to hold a range that was picked for it.
func (c *Config) HasLayer() bool { return c.Image.ID != "" || c.AutoUserNS() }

// AutoOptions are those of --userns auto.
type AutoOptions struct {
	// Size is the number of IDs, 0 for what the image needs.
	Size uint32
	// Additional are ranges to include.
	Additional IDMappings
}

// ParseAutoOptions reads "size=N,uidmapping=CTR:HOST:LEN,gidmapping=CTR:HOST:LEN".
func ParseAutoOptions(text string) (AutoOptions, error) {
	var opts AutoOptions
	for name, value := range userNSOptions(text) {
		var err error
		switch name {
		case "size":
			opts.Size, err = parseID(value)
		case "uidmapping":
			err = appendRange(&opts.Additional.UID, value)
		case "gidmapping":
			err = appendRange(&opts.Additional.GID, value)
		default:
			err = errors.New("no such option")
		}
		if err != nil {
			return opts, fmt.Errorf("option %q of user namespace mode auto: %w: %w", joinOption(name, value), err, errdefs.ErrInvalidArg)
		}
	}
	return opts, nil
}

func appendRange(maps *[]IDMap, text string) error {
	e, err := parseIDEntry(text)
	*maps = append(*maps, e.IDMap)
	return err
}

// KeepIDOptions are those of --userns keep-id; nil and 0 where not given.
type KeepIDOptions struct {
	// UID and GID are what the user is in the container.
	UID, GID *uint32
	// Size is the number of IDs of the namespace.
	Size uint32
}

// ParseKeepIDOptions reads "uid=N,gid=N,size=N".
func ParseKeepIDOptions(text string) (KeepIDOptions, error) {
	var opts KeepIDOptions
	for name, value := range userNSOptions(text) {
		n, err := parseID(value)
		switch name {
		case "uid":
			opts.UID = &n
		case "gid":
			opts.GID = &n
		case "size":
			opts.Size = n
		default:
			err = errors.New("no such option")
		}
		if err != nil {
			return opts, fmt.Errorf("option %q of user namespace mode keep-id: %w: %w", joinOption(name, value), err, errdefs.ErrInvalidArg)
		}
	}
	return opts, nil
}

// userNSOptions yields the pairs of "name=value,name=value".
func userNSOptions(text string) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		if text == "" {
			return
		}
		for pair := range strings.SplitSeq(text, ",") {
			name, value, _ := strings.Cut(pair, "=")
			if !yield(name, value) {
				return
			}
		}
	}
}

func joinOption(name, value string) string {
	if value == "" {
		return name
	}
	return name + "=" + value
}

// KeepID are the ranges, of one kind, of a namespace in which own is what podctl's
// root is outside, and the other IDs podctl has, which are those below available,
// keep their order around it. A size of 0 takes all.
func KeepID(own, available, size uint32) []IDMap {
	if size > 0 {
		available = min(available, size)
	}
	var maps []IDMap
	if below := min(own, available-1); below > 0 {
		maps = append(maps, IDMap{0, 1, below})
	}
	maps = append(maps, IDMap{own, 0, 1})
	if available > own+1 {
		maps = append(maps, IDMap{own + 1, own + 1, available - own - 1})
	}
	return maps
}

// NoMap are the ranges of a namespace in which podctl's own root is nobody.
func NoMap(available uint32) []IDMap { return []IDMap{{0, 1, available - 1}} }

// IDRanges are the host's side of a parsed --uidmap and --gidmap.
type IDRanges struct {
	// Base is what mappings with a plus sign are added to, and what counts
	// without any: those of --subuidname and --subgidname. Empty: every ID podctl has.
	Base IDMappings
	// Parent are the ranges of podctl's own namespace, by which IDs with an "@"
	// are translated; empty for the host's own.
	Parent IDMappings
}

// ParseIDMaps reads what --uidmap and --gidmap were given, in podman's syntax:
// [FLAGS]CTR:[@]HOST[:LEN]. Of the flags "+" adds to the base, "u" and "g" keep to
// IDs of users or groups. Where one list is empty it takes the other's entries.
// Errors: class ErrInvalidArgument.
func ParseIDMaps(uidMap, gidMap []string, in IDRanges) (*IDMappings, error) {
	uids, err := parseIDEntries("uidmap", uidMap)
	if err != nil {
		return nil, err
	}
	gids, err := parseIDEntries("gidmap", gidMap)
	if err != nil {
		return nil, err
	}
	var out IDMappings
	if out.UID, err = composeIDs("uidmap", pickIDs('u', uids, gids), in.Base.UID, in.Parent.UID); err != nil {
		return nil, err
	}
	if out.GID, err = composeIDs("gidmap", pickIDs('g', gids, uids), in.Base.GID, in.Parent.GID); err != nil {
		return nil, err
	}
	for flag, maps := range map[string][]IDMap{"uidmap": out.UID, "gidmap": out.GID} {
		if !slices.ContainsFunc(maps, func(m IDMap) bool { return m.ContainerID == 0 }) {
			return nil, fmt.Errorf("%s: the container's ID 0 is not mapped: add 0:HOST: %w", flag, errdefs.ErrInvalidArg)
		}
	}
	return &out, nil
}

// idEntry is one parsed mapping.
type idEntry struct {
	IDMap
	text   string
	add    bool // "+"
	parent bool // "@"
	kinds  string
}

func parseIDEntries(flag string, texts []string) ([]idEntry, error) {
	var out []idEntry
	for _, text := range texts {
		e, err := parseIDEntry(text)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w: %w", flag, text, err, errdefs.ErrInvalidArg)
		}
		out = append(out, e)
	}
	return out, nil
}

func parseIDEntry(text string) (idEntry, error) {
	numbers := strings.TrimLeft(text, "+ug")
	flags := text[:len(text)-len(numbers)]
	e := idEntry{text: text, add: strings.Contains(flags, "+"), kinds: strings.ReplaceAll(flags, "+", "")}
	parts := strings.Split(numbers, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return e, errors.New("want CTR:HOST[:LEN]")
	}
	parts[1], e.parent = strings.TrimPrefix(parts[1], "@"), strings.HasPrefix(parts[1], "@")
	e.Size = 1
	for i, field := range []*uint32{&e.ContainerID, &e.HostID, &e.Size}[:len(parts)] {
		n, err := parseID(parts[i])
		if err != nil {
			return e, err
		}
		*field = n
	}
	if e.Size == 0 {
		return e, errors.New("the length is 0")
	}
	if end := uint64(max(e.ContainerID, e.HostID)) + uint64(e.Size); end > math.MaxUint32 {
		return e, errors.New("the range ends above the highest ID")
	}
	return e, nil
}

func parseID(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of IDs", text)
	}
	return uint32(n), nil
}

// pickIDs are the entries that count for a kind: its own, or the other's if it has
// none, and whichever say so.
func pickIDs(kind byte, own, other []idEntry) []idEntry {
	var out []idEntry
	for _, e := range own {
		if e.kinds == "" || strings.IndexByte(e.kinds, kind) >= 0 {
			out = append(out, e)
		}
	}
	for _, e := range other {
		if e.kinds == "" && len(own) == 0 || strings.IndexByte(e.kinds, kind) >= 0 {
			out = append(out, e)
		}
	}
	return out
}

// composeIDs makes one list of ranges: the entries, over the base if any of them adds.
func composeIDs(flag string, entries []idEntry, base, parent []IDMap) ([]IDMap, error) {
	if len(entries) == 0 {
		return base, nil
	}
	var out []IDMap
	adds := false
	for _, e := range entries {
		ranges := []IDMap{e.IDMap}
		if e.parent && len(parent) > 0 {
			if ranges = translate(e.IDMap, parent); ranges == nil {
				return nil, fmt.Errorf("%s %q: not all of these IDs are yours to map: %w", flag, e.text, errdefs.ErrInvalidArg)
			}
		}
		for _, m := range ranges {
			for _, other := range out {
				if overlap(m.ContainerID, m.Size, other.ContainerID, other.Size) || overlap(m.HostID, m.Size, other.HostID, other.Size) {
					return nil, fmt.Errorf("%s: the ranges %s and %s overlap: %w", flag, other, m, errdefs.ErrInvalidArg)
				}
			}
			out = append(out, m)
		}
		adds = adds || e.add
	}
	if adds {
		if len(base) == 0 {
			base = everyID(parent)
		}
		out = append(out, without(base, out)...)
	}
	slices.SortFunc(out, func(a, b IDMap) int { return cmp.Compare(a.ContainerID, b.ContainerID) })
	return out, nil
}

// everyID maps each ID podctl has to itself.
func everyID(parent []IDMap) []IDMap {
	if len(parent) == 0 {
		return []IDMap{{0, 0, math.MaxUint32}}
	}
	var out []IDMap
	for _, m := range parent {
		out = append(out, IDMap{m.ContainerID, m.ContainerID, m.Size})
	}
	return out
}

// translate turns IDs of the host into those podctl has for them; nil if it lacks one.
func translate(m IDMap, parent []IDMap) []IDMap {
	var out []IDMap
	for left := m; left.Size > 0; {
		i := slices.IndexFunc(parent, func(p IDMap) bool { return overlap(left.HostID, 1, p.HostID, p.Size) })
		if i < 0 {
			return nil
		}
		p := parent[i]
		n := min(left.Size, p.HostID+p.Size-left.HostID)
		out = append(out, IDMap{left.ContainerID, p.ContainerID + left.HostID - p.HostID, n})
		left = IDMap{left.ContainerID + n, left.HostID + n, left.Size - n}
	}
	return out
}

// without are the parts of base whose IDs, on either side, nothing in taken has.
func without(base, taken []IDMap) []IDMap {
	for _, t := range taken {
		var rest []IDMap
		for _, b := range base {
			for _, part := range cut(b, b.ContainerID, t.ContainerID, t.Size) {
				rest = append(rest, cut(part, part.HostID, t.HostID, t.Size)...)
			}
		}
		base = rest
	}
	return base
}

// cut takes out of b, whose first ID on one side is start, those from on.
func cut(b IDMap, start, from, size uint32) []IDMap {
	if !overlap(start, b.Size, from, size) {
		return []IDMap{b}
	}
	var out []IDMap
	if from > start {
		out = append(out, IDMap{b.ContainerID, b.HostID, from - start})
	}
	if gone := uint64(from) + uint64(size) - uint64(start); gone < uint64(b.Size) {
		n := uint32(gone)
		out = append(out, IDMap{b.ContainerID + n, b.HostID + n, b.Size - n})
	}
	return out
}

func overlap(a, aSize, b, bSize uint32) bool {
	return uint64(a) < uint64(b)+uint64(bSize) && uint64(b) < uint64(a)+uint64(aSize)
}
