package userns

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/containers/storage/pkg/idtools"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// Subordinate are the ranges of /etc/subuid and /etc/subgid under these names, the
// first ID in the container being 0. Without one of the names the other counts for
// both. Errors: class ErrNotFound, with what to do.
func Subordinate(uidName, gidName string) (*container.IDMappings, error) {
	if uidName == "" {
		uidName = gidName
	}
	if gidName == "" {
		gidName = uidName
	}
	found, err := idtools.NewIDMappings(uidName, gidName)
	if err != nil {
		return nil, fmt.Errorf("%w: give the name ranges in /etc/subuid and /etc/subgid, with usermod --add-subuids and --add-subgids: %w", err, errdefs.ErrNotFound)
	}
	return &container.IDMappings{UID: fromLibrary(found.UIDs()), GID: fromLibrary(found.GIDs())}, nil
}

func fromLibrary(maps []idtools.IDMap) (out []container.IDMap) {
	for _, m := range maps {
		out = append(out, container.IDMap{ContainerID: uint32(m.ContainerID), HostID: uint32(m.HostID), Size: uint32(m.Size)})
	}
	return out
}

// Within are ranges of the host's IDs as podctl's own user namespace, own, knows
// them: the same in the host's. IDs it does not have are class ErrInvalidArgument.
func Within(own, ranges container.IDMappings) (in container.IDMappings, err error) {
	if len(own.UID) == 0 {
		return ranges, nil
	}
	if in.UID, err = within(own.UID, ranges.UID); err != nil {
		return in, err
	}
	in.GID, err = within(own.GID, ranges.GID)
	return in, err
}

func within(own, ranges []container.IDMap) ([]container.IDMap, error) {
	out := make([]container.IDMap, 0, len(ranges))
	for _, r := range ranges {
		i := slices.IndexFunc(own, func(o container.IDMap) bool {
			return r.HostID >= o.HostID && r.HostID+r.Size <= o.HostID+o.Size
		})
		if i < 0 {
			return nil, fmt.Errorf("IDs %d to %d are not among those of this user: %w", r.HostID, r.HostID+r.Size-1, errdefs.ErrInvalidArg)
		}
		r.HostID = own[i].ContainerID + r.HostID - own[i].HostID
		out = append(out, r)
	}
	return out, nil
}

// Check refuses ranges with IDs that podctl's own user namespace, own, has not: the
// kernel would only say that this is not permitted. Class ErrInvalidArgument.
func Check(own, ranges container.IDMappings) error {
	if err := check(own.UID, ranges.UID); err != nil {
		return fmt.Errorf("UIDs: %w", err)
	}
	if err := check(own.GID, ranges.GID); err != nil {
		return fmt.Errorf("GIDs: %w", err)
	}
	return nil
}

func check(own, ranges []container.IDMap) error {
	if len(own) == 0 {
		return nil
	}
	for _, r := range ranges {
		for id, end := uint64(r.HostID), uint64(r.HostID)+uint64(r.Size); id < end; {
			i := slices.IndexFunc(own, func(o container.IDMap) bool {
				return id >= uint64(o.ContainerID) && id < uint64(o.ContainerID)+uint64(o.Size)
			})
			if i < 0 {
				return fmt.Errorf("%d to %d: this user has %d, of which %d is none: map fewer, or have root add to the user's ranges in /etc/subuid and /etc/subgid: %w",
					r.HostID, end-1, Count(own), id, errdefs.ErrInvalidArg)
			}
			id = uint64(own[i].ContainerID) + uint64(own[i].Size)
		}
	}
	return nil
}

// Split cuts ranges where one of podctl's own user namespace, own, ends: the kernel
// maps no range to more than one.
func Split(own, ranges container.IDMappings) container.IDMappings {
	return container.IDMappings{UID: split(own.UID, ranges.UID), GID: split(own.GID, ranges.GID)}
}

func split(own, ranges []container.IDMap) (out []container.IDMap) {
	for _, r := range ranges {
		for r.Size > 0 {
			piece := r
			for _, o := range own {
				if r.HostID >= o.ContainerID && r.HostID-o.ContainerID < o.Size {
					piece.Size = min(r.Size, o.Size-(r.HostID-o.ContainerID))
				}
			}
			out = append(out, piece)
			r.ContainerID, r.HostID, r.Size = r.ContainerID+piece.Size, r.HostID+piece.Size, r.Size-piece.Size
		}
	}
	return out
}

// Own are the ranges of the user namespace podctl itself is in; none in the
// host's, where every ID is what it is.
func Own() (container.IDMappings, error) {
	uids, err := ReadMap("/proc/self/uid_map")
	if err != nil {
		return container.IDMappings{}, err
	}
	gids, err := ReadMap("/proc/self/gid_map")
	if err != nil || len(uids) == 1 && uids[0] == (container.IDMap{Size: math.MaxUint32}) {
		return container.IDMappings{}, err
	}
	return container.IDMappings{UID: uids, GID: gids}, nil
}

// Count is how many IDs ranges have.
func Count(maps []container.IDMap) (n uint32) {
	for _, m := range maps {
		n += m.Size
	}
	return n
}

// ReadMap reads a uid_map or gid_map of /proc.
func ReadMap(path string) ([]container.IDMap, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read ranges of user namespace: %w", err)
	}
	var maps []container.IDMap
	for line := range strings.Lines(string(text)) {
		var m container.IDMap
		if _, err := fmt.Sscan(line, &m.ContainerID, &m.HostID, &m.Size); err != nil {
			return nil, fmt.Errorf("read ranges of user namespace: %s: line %q: %w", path, strings.TrimSpace(line), errdefs.ErrInternal)
		}
		maps = append(maps, m)
	}
	return maps, nil
}
