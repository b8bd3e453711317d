package cmdutil

import (
	"path/filepath"

	"github.com/spf13/cobra"

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

// enterFor starts the program again inside the user's namespaces if the command
// needs that; it returns if not, or with an error.
func (f *Factory) enterFor(cmd *cobra.Command) error {
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
