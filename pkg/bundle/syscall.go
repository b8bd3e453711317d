//go:build seccomp

package bundle

import (
	"sync"

	libseccomp "github.com/seccomp/libseccomp-golang"
)

// numbers are those numberOf has found, by name.
var numbers sync.Map

// numberOf is a system call's number on this architecture, negative for one that it
// does not have.
func numberOf(name string) int {
	if n, ok := numbers.Load(name); ok {
		return n.(int) //nolint:forcetypeassert // nothing else is in there
	}
	n := -1
	if call, err := libseccomp.GetSyscallFromName(name); err == nil {
		n = int(call)
	}
	numbers.Store(name, n)
	return n
}
