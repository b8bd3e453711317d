package library

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containers/storage/pkg/homedir"
	"golang.org/x/sys/unix"
)

// systemPolicyFile is where containers-policy.json(5) puts the host's policy.
const systemPolicyFile = "/etc/containers/policy.json"

// builtinPolicy lets images in that are on this machine already. A fresh machine
// has no policy.json; that must not keep anyone from loading an archive, yet
// whom to trust on the network is not for a program to decide.
const builtinPolicy = `{
  "default": [{"type": "reject"}],
  "transports": {
    "containers-storage": {"": [{"type": "insecureAcceptAnything"}]},
    "dir": {"": [{"type": "insecureAcceptAnything"}]},
    "docker-archive": {"": [{"type": "insecureAcceptAnything"}]},
    "oci": {"": [{"type": "insecureAcceptAnything"}]},
    "oci-archive": {"": [{"type": "insecureAcceptAnything"}]},
    "tarball": {"": [{"type": "insecureAcceptAnything"}]}
  }
}
`

// policyHint is appended to the library's complaint about a missing policy.
const policyHint = "install the package golang-github-containers-common, which brings one"

// policyFile returns the policy file in force: the explicit one, the user's, or
// the system's; "" if there is none.
func policyFile(explicit, home, system string) string {
	if explicit != "" {
		return explicit
	}
	for _, path := range []string{filepath.Join(home, ".config", "containers", "policy.json"), system} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// localPolicyFor returns the built-in policy as a file in memory if the host
// has no policy, else nil. The library wants a path; a file in memory has one
// and is gone with the process.
func localPolicyFor(explicit string) (*os.File, error) {
	if policyFile(explicit, homedir.Get(), systemPolicyFile) != "" {
		return nil, nil
	}
	fd, err := unix.MemfdCreate("podctl-policy.json", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create built-in policy: %w", err)
	}
	file := os.NewFile(uintptr(fd), fmt.Sprintf("/proc/self/fd/%d", fd))
	if _, err := file.WriteString(builtinPolicy); err != nil {
		return nil, errors.Join(fmt.Errorf("write built-in policy: %w", err), file.Close())
	}
	return file, nil
}

// localPolicyPath is the policy to copy between local transports with; ""
// means the host's own.
func (l *Library) localPolicyPath() string {
	if l.localPolicy == nil {
		return ""
	}
	return l.localPolicy.Name()
}

// explainPolicy adds the image and the remedy to the library's error about a
// missing policy, which names neither.
func (l *Library) explainPolicy(ref string, err error) error {
	if err == nil || l.localPolicy == nil || !strings.Contains(err.Error(), "no policy.json file found") {
		return err
	}
	return fmt.Errorf("pull image %s: %w: %s", ref, err, policyHint)
}
