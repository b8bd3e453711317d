package main

import (
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/ctrcmd"
	"github.com/podctl/podctl/cmd/podctl/imagecmd"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/podcmd"
	"github.com/podctl/podctl/cmd/podctl/syscmd"
)

// addCommands is the one list of all commands. A verb that exists at the top
// level and in a group is constructed twice: a command has one parent.
func addCommands(root *cobra.Command, f *cmdutil.Factory) {
	images := openImages(f)
	root.AddCommand(imagecmd.TopLevel(f, images)...)
	root.AddCommand(
		cmdutil.NewGroup("container", "Manage containers",
			ctrcmd.NewCmdCreate(f, nil),
		),
		imagecmd.NewGroup(f, images),
		cmdutil.NewGroup("network", "Manage networks"),
		cmdutil.NewGroup("pod", "Manage pods",
			podcmd.NewCmdCreate(f, nil),
		),
		cmdutil.NewGroup("system", "Manage podctl"),
		cmdutil.NewGroup("volume", "Manage volumes"),

		ctrcmd.NewCmdCreate(f, nil),
		syscmd.NewCmdVersion(f, nil),
	)
}
