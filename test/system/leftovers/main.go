// Command leftovers prints a line "KIND WHAT" for everything on the host that is of
// a kind podctl makes, sorted by bytes: the system tests compare what it prints
// before and after each test.
//
//	leftovers ROOT RUNROOT TMPDIR TESTDIR
//
// The first three are the directories that podctl is used with, TESTDIR has all of
// them in it. PODCTL_TEST_ISOLATED=1 says that nobody else makes anything here
// (hack/isolate.sh); else only what is seen to be ours is printed. It is a program
// and no script, since a virtual machine takes 50 ms for each that a script would run.
//
// What comes and goes while it is looked at is no error. Exit codes: 1 something
// could not be looked at, 2 usage.
package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// host is what is looked at.
type host struct {
	root, runRoot, tmpDir string
	testDir               string
	isolated              bool
	// pause is the process that keeps an ordinary user's namespaces, which stays; 0
	// for none.
	pause int
	found []string
}

// kinds are all there are.
var kinds = []func(*host) error{
	(*host).processes, (*host).mounts, (*host).links, (*host).firewall, (*host).networkFiles, (*host).cgroups, (*host).files, (*host).rows,
}

func main() {
	const args = 4
	if len(os.Args) != 1+args {
		fmt.Fprintln(os.Stderr, "usage: leftovers ROOT RUNROOT TMPDIR TESTDIR")
		os.Exit(2)
	}
	h := &host{
		root: os.Args[1], runRoot: os.Args[2], tmpDir: os.Args[3], testDir: os.Args[4],
		isolated: os.Getenv("PODCTL_TEST_ISOLATED") == "1",
		pause:    pausePID(),
	}
	var errs error
	for _, look := range kinds {
		errs = errors.Join(errs, look(h))
	}
	slices.Sort(h.found)
	for _, line := range h.found {
		fmt.Println(line)
	}
	if errs != nil {
		fmt.Fprintln(os.Stderr, "leftovers:", errs)
		os.Exit(1)
	}
}

func (h *host) add(kind, what string) { h.found = append(h.found, kind+" "+what) }
