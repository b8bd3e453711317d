package cmdutil

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/rootless"
	"github.com/podctl/podctl/pkg/settings"
)

// outsideKey marks commands that work outside the user namespace.
const outsideKey = "podctl.outside"

// Outside marks a command that an ordinary user's podctl carries out without
// entering the user namespace, which costs a second start: it reads the database
// and /proc, or nothing. If it comes to need the image store after all, it is
// started again inside.
func Outside(cmd *cobra.Command) {
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[outsideKey] = "true"
}

// insideKey marks commands whose result is seen inside the user namespace only.
const insideKey = "podctl.inside"

// Inside marks a command that, given arguments, makes no sense to an ordinary user
// outside the user namespace: what it does is not seen there.
func Inside(cmd *cobra.Command) {
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[insideKey] = "true"
}

// enterFor starts the program again inside the user's namespaces if the command
// needs that; it returns if not, or with an error.
func (f *Factory) enterFor(cmd *cobra.Command, args []string) error {
	if cmd.HasSubCommands() || cmd.Annotations[outsideKey] != "" {
		return nil
	}
	switch cmd.Name() {
	case "help", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
		return nil
	}
	if p := cmd.Parent(); p != nil && p.Name() == "completion" {
		return nil
	}
	if cmd.Annotations[insideKey] != "" && len(args) > 0 && rootless.Needed() {
		return fmt.Errorf("cannot run command %q in rootless mode, must execute `%s unshare` first: only what runs in there sees the mounts: %w", cmd.CommandPath(), f.Program, errdefs.ErrUnsupported)
	}
	return f.Enter()
}

// enterNamespaces starts this program again inside the user's namespaces. It
// returns nil where there is no need, and else only with an error.
func (f *Factory) enterNamespaces() error {
	if !rootless.Needed() {
		return nil
	}
	s, err := settings.Load(f.Globals.settings())
	if err != nil {
		return err
	}
	pause, err := s.InitBinary()
	if err != nil {
		return err
	}
	dir, err := settings.UserRunDir()
	if err != nil {
		return err
	}
	home, err := rootless.Home()
	if err != nil {
		return err
	}
	return rootless.Enter(rootless.Config{
		Dir: filepath.Join(dir, "podctl"), PauseProgram: pause, Env: []string{"HOME=" + home},
	})
}
