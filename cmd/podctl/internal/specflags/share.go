package specflags

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/podctl/podctl/pkg/container"
)

// defaultShare are the namespaces a pod shares unless --share says otherwise.
func defaultShare() []string { return []string{"ipc", "net", "uts"} }

const defaultShareText = "ipc,net,uts"

// parseShare reads the value of --share and returns the kinds, sorted. A
// leading + adds to the default.
func parseShare(text string, shareParent bool) ([]string, error) {
	list, add := strings.CutPrefix(text, "+")
	if add {
		list = defaultShareText + "," + list
	}
	var kinds []string
	for kind := range strings.SplitSeq(list, ",") {
		switch kind {
		case "none":
			return nil, nil
		case "", "user":
		case "cgroup":
			if shareParent {
				return nil, fmt.Errorf("cannot define the pod as the cgroup parent at the same time as joining the infra container's cgroupNS: %w", errInvalid)
			}
			kinds = append(kinds, kind)
		case "ipc", "net", "pid", "uts":
			kinds = append(kinds, kind)
		case "mnt":
			return nil, errors.New("mount sharing functionality not supported on pod level")
		default:
			return nil, fmt.Errorf("invalid kernel namespace to share: %s. Options are: cgroup, ipc, net, pid, uts or none", kind)
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds), nil
}

// withUser adds the user namespace to the shared ones where the pod has one.
func withUser(share []string, user container.Namespace) []string {
	if user.Mode == container.ModeDefault || user.IsHost() || slices.Contains(share, "user") {
		return share
	}
	share = append(slices.Clone(share), "user")
	slices.Sort(share)
	return share
}
