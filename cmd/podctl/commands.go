package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/ctrcmd"
	"github.com/podctl/podctl/cmd/podctl/imagecmd"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/networkcmd"
	"github.com/podctl/podctl/cmd/podctl/podcmd"
	"github.com/podctl/podctl/cmd/podctl/secretcmd"
	"github.com/podctl/podctl/cmd/podctl/syscmd"
	"github.com/podctl/podctl/cmd/podctl/volumecmd"
)

// addCommands is the one list of all commands. A verb that exists at the top
// level and in a group is constructed twice: a command has one parent.
func addCommands(root *cobra.Command, f *cmdutil.Factory) {
	images := openImages(f)
	root.AddCommand(imagecmd.TopLevel(f, images)...)
	root.AddCommand(
		cmdutil.NewGroup("container", "Manage containers",
			ctrcmd.NewCmdClone(f, nil),
			ctrcmd.NewCmdAttach(f, nil),
			ctrcmd.NewCmdCleanup(f, nil),
			ctrcmd.NewCmdCopy(f, nil),
			ctrcmd.NewCmdCreate(f, nil),
			ctrcmd.NewCmdExists(f),
			ctrcmd.NewCmdInit(f, nil),
			ctrcmd.NewCmdKill(f, nil),
			ctrcmd.NewCmdPause(f, nil),
			ctrcmd.NewCmdPort(f, nil),
			ctrcmd.NewCmdPrune(f, nil),
			ctrcmd.NewCmdRemove(f, nil),
			ctrcmd.NewCmdRename(f, nil),
			ctrcmd.NewCmdRestart(f, nil),
			ctrcmd.NewCmdStart(f, nil),
			ctrcmd.NewCmdStop(f, nil),
			ctrcmd.NewCmdUnpause(f, nil),
			ctrcmd.NewCmdWait(f, nil),
			ctrcmd.NewCmdExec(f, nil),
			ctrcmd.NewCmdLogs(f, nil),
			ctrcmd.NewCmdRun(f, nil),
			ctrcmd.NewCmdTop(f, nil),
			ctrcmd.NewCmdDiff(f, nil),
			ctrcmd.NewCmdExport(f, nil),
			ctrcmd.NewCmdMount(f, nil),
			ctrcmd.NewCmdStats(f, nil),
			ctrcmd.NewCmdUnmount(f, nil),
			ctrcmd.NewCmdUpdate(f, nil),
			withAliases(ctrcmd.NewCmdPs(f, nil), "list", "ls"),
			ctrcmd.NewCmdInspect(f, nil),
		),
		cmdutil.NewGroup("healthcheck", "Manage health checks", ctrcmd.NewCmdHealthcheckRun(f, nil)),
		imagecmd.NewGroup(f, images),
		networkcmd.NewGroup(f, func(ctx context.Context) (networkcmd.Engine, error) { return f.Engine(ctx) }),
		cmdutil.NewGroup("pod", "Manage pods",
			podcmd.NewCmdClone(f, nil),
			podcmd.NewCmdCreate(f, nil),
			podcmd.NewCmdExists(f),
			podcmd.NewCmdKill(f, nil),
			podcmd.NewCmdLogs(f, nil),
			podcmd.NewCmdPause(f, nil),
			podcmd.NewCmdPrune(f, nil),
			podcmd.NewCmdInspect(f, nil),
			podcmd.NewCmdPs(f, nil),
			podcmd.NewCmdRemove(f, nil),
			podcmd.NewCmdRestart(f, nil),
			podcmd.NewCmdStart(f, nil),
			podcmd.NewCmdStats(f, nil),
			podcmd.NewCmdStop(f, nil),
			podcmd.NewCmdTop(f, nil),
			podcmd.NewCmdUnpause(f, nil),
		),
		secretcmd.NewGroup(f, func(ctx context.Context) (secretcmd.Engine, error) { return f.Engine(ctx) }),
		cmdutil.NewGroup("system", "Manage podctl",
			syscmd.NewCmdDf(f, nil),
			syscmd.NewCmdEvents(f, nil),
			syscmd.NewCmdInfo(f, nil),
			syscmd.NewCmdMigrate(f, nil),
			syscmd.NewCmdPrune(f, nil),
			syscmd.NewCmdRenumber(f, nil),
			syscmd.NewCmdReset(f, nil),
		),
		volumecmd.NewGroup(f, func(ctx context.Context) (volumecmd.Engine, error) { return f.Engine(ctx) }),

		ctrcmd.NewCmdAttach(f, nil),
		ctrcmd.NewCmdCopy(f, nil),
		ctrcmd.NewCmdCreate(f, nil),
		ctrcmd.NewCmdInit(f, nil),
		ctrcmd.NewCmdKill(f, nil),
		ctrcmd.NewCmdPause(f, nil),
		ctrcmd.NewCmdPort(f, nil),
		ctrcmd.NewCmdRemove(f, nil),
		ctrcmd.NewCmdRename(f, nil),
		ctrcmd.NewCmdRestart(f, nil),
		ctrcmd.NewCmdStart(f, nil),
		ctrcmd.NewCmdStop(f, nil),
		ctrcmd.NewCmdUnpause(f, nil),
		ctrcmd.NewCmdWait(f, nil),
		ctrcmd.NewCmdExec(f, nil),
		ctrcmd.NewCmdLogs(f, nil),
		ctrcmd.NewCmdRun(f, nil),
		ctrcmd.NewCmdTop(f, nil),
		ctrcmd.NewCmdDiff(f, nil),
		ctrcmd.NewCmdExport(f, nil),
		ctrcmd.NewCmdMount(f, nil),
		ctrcmd.NewCmdStats(f, nil),
		ctrcmd.NewCmdUnmount(f, nil),
		ctrcmd.NewCmdUpdate(f, nil),
		ctrcmd.NewCmdPs(f, nil),
		syscmd.NewCmdDoctor(f, nil),
		syscmd.NewCmdLocks(f, nil),
		syscmd.NewCmdEvents(f, nil),
		syscmd.NewCmdInfo(f, nil),
		syscmd.NewCmdInspect(f, inspectors(f), nil),
		syscmd.NewCmdVersion(f, nil),
	)
}

// withAliases gives a command further names where it stands.
func withAliases(cmd *cobra.Command, names ...string) *cobra.Command {
	cmd.Aliases = names
	return cmd
}
