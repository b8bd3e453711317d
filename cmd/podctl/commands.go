package main

import (
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/imagecmd"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/syscmd"
)

// addCommands is the one list of all commands. A verb that exists at the top
// level and in a group is constructed twice: a command has one parent.
func addCommands(root *cobra.Command, f *cmdutil.Factory) {
	images := openImages(f)
	root.AddCommand(imagecmd.TopLevel(f, images)...)
	root.AddCommand(
		cmdutil.NewGroup("container", "Manage containers"),
		imagecmd.NewGroup(f, images),
		cmdutil.NewGroup("network", "Manage networks"),
		cmdutil.NewGroup("pod", "Manage pods"),
		cmdutil.NewGroup("system", "Manage podctl"),
		cmdutil.NewGroup("volume", "Manage volumes"),

		syscmd.NewCmdVersion(f, nil),
	)
}
