package specflags

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/pkg/container"
)

// firstExtraFD is the descriptor after standard error.
const firstExtraFD = 3

// RunFlags are the flags of run that create does not have.
type RunFlags struct {
	given
	// Detach leaves the container in the background.
	Detach bool
	// SigProxy forwards signals to the container.
	SigProxy bool

	detachKeys  string
	rmi, passwd bool
	preserveFDs uint
	preserveFD  []uint
}

// Bind defines the flags on cmd.
func (f *RunFlags) Bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	f.fs = fs
	fs.BoolVarP(&f.Detach, "detach", "d", false, "Run in the background and print the container ID")
	fs.StringVar(&f.detachKeys, "detach-keys", "ctrl-p,ctrl-q", "`Keys` that detach; empty for none")
	fs.BoolVar(&f.SigProxy, "sig-proxy", true, "Forward signals to the container")
	fs.BoolVar(&f.rmi, "rmi", false, "Remove the image after the container, if nothing uses it")
	fs.BoolVar(&f.passwd, "passwd", true, "Add entries to /etc/passwd and /etc/group")
	fs.UintVar(&f.preserveFDs, "preserve-fds", 0, "Pass this `number` of file descriptors after standard error")
	fs.UintSliceVar(&f.preserveFD, "preserve-fd", nil, "Pass this file `descriptor`")
}

// DetachKeys returns the keys, or nil if the configuration decides.
func (f *RunFlags) DetachKeys() *string {
	if !f.has("detach-keys") {
		return nil
	}
	return &f.detachKeys
}

// Apply fills in what the flags ask for.
func (f *RunFlags) Apply(c *container.Config, env Env) error {
	if f.rmi {
		if f.has("rm") && !c.AutoRemove {
			return errors.New("the --rmi option does not work without --rm")
		}
		c.AutoRemove, c.AutoRemoveImage = true, true
	}
	if f.Detach {
		c.StdinOnce = false // nobody is attached yet
	}
	c.NoPasswd = !f.passwd
	if f.has("preserve-fds") && f.has("preserve-fd") {
		return errors.New("cannot specify both --preserve-fds and --preserve-fd")
	}
	wanted := f.preserveFD
	for i := range f.preserveFDs {
		wanted = append(wanted[:len(wanted):len(wanted)], firstExtraFD+i)
	}
	for _, fd := range wanted {
		if !env.FDOpen(fd) {
			return fmt.Errorf("file descriptor %d is not available - the preserve-fds option requires that file descriptors must be passed", fd)
		}
	}
	c.PreserveFDs, c.PreserveFD = f.preserveFDs, f.preserveFD
	return nil
}
