package network

import (
	"os"
	"runtime"
	"testing"
)

// A network namespace is made on a thread that ends with its goroutine. The
// main thread cannot end: Go parks it, and with it the namespace is kept for as
// long as the process lives. So nothing else may run on it.
func TestMain(m *testing.M) {
	runtime.LockOSThread()
	os.Exit(m.Run())
}
