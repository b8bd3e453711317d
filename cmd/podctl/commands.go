package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/ctrcmd"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/networkcmd"
	"github.com/podctl/podctl/cmd/podctl/podcmd"
	"github.com/podctl/podctl/cmd/podctl/secretcmd"
	"github.com/podctl/podctl/cmd/podctl/syscmd"
	"github.com/podctl/podctl/cmd/podctl/volumecmd"
)

// verb is a command that is built once a command line calls it: of the hundred
// there are, with their two thousand flags, a process needs one.
type verb struct {
	names string // what it is called by, separated by blanks, its name first
	build func(f *cmdutil.Factory, called []string) []*cobra.Command
	verbs []verb // those of a group
	// library says that the verb asks for the library of images at once.
	library bool
}

// newVerb is the verb that a constructor makes. R is the type of the function
// that takes the place of its run function in tests.
func newVerb[R any](names string, construct func(*cmdutil.Factory, R) *cobra.Command) verb {
	return verb{names: names, build: func(f *cmdutil.Factory, _ []string) []*cobra.Command {
		var none R
		return []*cobra.Command{construct(f, none)}
	}}
}

// withoutRun is a constructor that has no run function to replace in tests.
func withoutRun(construct func(*cmdutil.Factory) *cobra.Command) func(*cmdutil.Factory, any) *cobra.Command {
	return func(f *cmdutil.Factory, _ any) *cobra.Command { return construct(f) }
}

// outside is a verb that an ordinary user's podctl carries out without entering
// the user namespace.
func outside(v verb) verb { return marked(v, cmdutil.Outside) }

// inside is a verb whose result an ordinary user sees in the user namespace only.
func inside(v verb) verb { return marked(v, cmdutil.Inside) }

func marked(v verb, mark func(*cobra.Command)) verb {
	construct := v.build
	v.build = func(f *cmdutil.Factory, called []string) []*cobra.Command {
		cmds := construct(f, called)
		for _, cmd := range cmds {
			mark(cmd)
		}
		return cmds
	}
	return v
}

// withLibrary is a verb that is about images, at least among others.
func withLibrary(v verb) verb {
	v.library = true
	return v
}

// newGroup is a verb that holds others.
func newGroup(name, short string, verbs ...verb) verb {
	return verb{name, func(f *cmdutil.Factory, called []string) []*cobra.Command {
		return []*cobra.Command{cmdutil.NewGroup(name, short, build(f, verbs, called)...)}
	}, verbs, false}
}

// find is the verb that the first word calls.
func find(verbs []verb, called []string) (verb, bool) {
	if len(called) > 0 {
		for _, v := range verbs {
			if slices.Contains(strings.Fields(v.names), called[0]) {
				return v, true
			}
		}
	}
	return verb{}, false
}

// build makes the one verb that the first word calls, from the words after it; all
// of them if it calls none, for who is looking for one.
func build(f *cmdutil.Factory, verbs []verb, called []string) []*cobra.Command {
	if v, ok := find(verbs, called); ok {
		return v.build(f, called[1:])
	}
	var all []*cobra.Command
	for _, v := range verbs {
		all = append(all, v.build(f, nil)...)
	}
	return all
}

// addCommands adds the command that the words of a command line call, or all
// commands if they call none.
func addCommands(root *cobra.Command, f *cmdutil.Factory, called []string) {
	root.AddCommand(build(f, commands(), called)...)
}

// commands is the one list of all commands. A verb that exists at the top level
// and in a group stands here twice: a command has one parent.
func commands() []verb {
	return append([]verb{
		imagesAtTop,
		newGroup("container", "Manage containers",
			newVerb("clone", ctrcmd.NewCmdClone),
			newVerb("attach", ctrcmd.NewCmdAttach),
			newVerb("cleanup", ctrcmd.NewCmdCleanup),
			withLibrary(newVerb("commit", ctrcmd.NewCmdCommit)),
			newVerb("cp", ctrcmd.NewCmdCopy),
			newVerb("create", ctrcmd.NewCmdCreate),
			outside(newVerb("exists", withoutRun(ctrcmd.NewCmdExists))),
			newVerb("init", ctrcmd.NewCmdInit),
			newVerb("kill", ctrcmd.NewCmdKill),
			newVerb("pause", ctrcmd.NewCmdPause),
			outside(newVerb("port", ctrcmd.NewCmdPort)),
			newVerb("prune", ctrcmd.NewCmdPrune),
			newVerb("rm", ctrcmd.NewCmdRemove),
			newVerb("rename", ctrcmd.NewCmdRename),
			newVerb("restart", ctrcmd.NewCmdRestart),
			newVerb("start", ctrcmd.NewCmdStart),
			newVerb("stop", ctrcmd.NewCmdStop),
			newVerb("unpause", ctrcmd.NewCmdUnpause),
			newVerb("wait", ctrcmd.NewCmdWait),
			newVerb("exec", ctrcmd.NewCmdExec),
			newVerb("logs", ctrcmd.NewCmdLogs),
			newVerb("run", ctrcmd.NewCmdRun),
			newVerb("top", ctrcmd.NewCmdTop),
			withLibrary(newVerb("diff", ctrcmd.NewCmdDiff)),
			newVerb("export", ctrcmd.NewCmdExport),
			inside(newVerb("mount", ctrcmd.NewCmdMount)),
			newVerb("stats", ctrcmd.NewCmdStats),
			newVerb("umount unmount", ctrcmd.NewCmdUnmount),
			newVerb("update", ctrcmd.NewCmdUpdate),
			outside(newVerb("ps", ctrcmd.NewCmdPs)),
			outside(newVerb("list ls", withoutRun(func(f *cmdutil.Factory) *cobra.Command {
				cmd := withAliases(ctrcmd.NewCmdPs(f, nil), "ls")
				cmd.Use = strings.Replace(cmd.Use, "ps", "list", 1)
				return cmd
			}))),
			newVerb("inspect", ctrcmd.NewCmdInspect),
		),
		newGroup("healthcheck", "Manage health checks",
			newVerb("run", ctrcmd.NewCmdHealthcheckRun),
			newVerb("watch", withoutRun(ctrcmd.NewCmdHealthcheckWatch)),
		),
		imageGroup,
		{names: "network", build: func(f *cmdutil.Factory, _ []string) []*cobra.Command {
			return []*cobra.Command{networkcmd.NewGroup(f, func(ctx context.Context) (networkcmd.Engine, error) { return f.Engine(ctx) })}
		}},
		newGroup("pod", "Manage pods",
			newVerb("clone", podcmd.NewCmdClone),
			newVerb("create", podcmd.NewCmdCreate),
			outside(newVerb("exists", withoutRun(podcmd.NewCmdExists))),
			newVerb("kill", podcmd.NewCmdKill),
			newVerb("logs", podcmd.NewCmdLogs),
			newVerb("pause", podcmd.NewCmdPause),
			newVerb("prune", podcmd.NewCmdPrune),
			outside(newVerb("inspect", podcmd.NewCmdInspect)),
			outside(newVerb("ps ls list", podcmd.NewCmdPs)),
			newVerb("rm", podcmd.NewCmdRemove),
			newVerb("restart", podcmd.NewCmdRestart),
			newVerb("start", podcmd.NewCmdStart),
			newVerb("stats", podcmd.NewCmdStats),
			newVerb("stop", podcmd.NewCmdStop),
			newVerb("top", podcmd.NewCmdTop),
			newVerb("unpause", podcmd.NewCmdUnpause),
		),
		{names: "secret", build: func(f *cmdutil.Factory, _ []string) []*cobra.Command {
			return []*cobra.Command{secretcmd.NewGroup(f, func(ctx context.Context) (secretcmd.Engine, error) { return f.Engine(ctx) })}
		}},
		newGroup("system", "Manage podctl",
			newVerb("check", syscmd.NewCmdCheck),
			withLibrary(newVerb("df", syscmd.NewCmdDf)),
			outside(newVerb("events", syscmd.NewCmdEvents)),
			newVerb("info", syscmd.NewCmdInfo),
			newVerb("migrate", syscmd.NewCmdMigrate),
			withLibrary(newVerb("prune", syscmd.NewCmdPrune)),
			newVerb("renumber", syscmd.NewCmdRenumber),
			newVerb("reset", syscmd.NewCmdReset),
		),
		{names: "volume", build: func(f *cmdutil.Factory, _ []string) []*cobra.Command {
			return []*cobra.Command{volumecmd.NewGroup(f, func(ctx context.Context) (volumecmd.Engine, error) { return f.Engine(ctx) })}
		}},

		newVerb("attach", ctrcmd.NewCmdAttach),
		withLibrary(newVerb("commit", ctrcmd.NewCmdCommit)),
		newVerb("cp", ctrcmd.NewCmdCopy),
		newVerb("create", ctrcmd.NewCmdCreate),
		newVerb("init", ctrcmd.NewCmdInit),
		newVerb("kill", ctrcmd.NewCmdKill),
		newVerb("pause", ctrcmd.NewCmdPause),
		outside(newVerb("port", ctrcmd.NewCmdPort)),
		newVerb("rm", ctrcmd.NewCmdRemove),
		newVerb("rename", ctrcmd.NewCmdRename),
		newVerb("restart", ctrcmd.NewCmdRestart),
		newVerb("start", ctrcmd.NewCmdStart),
		newVerb("stop", ctrcmd.NewCmdStop),
		newVerb("unpause", ctrcmd.NewCmdUnpause),
		newVerb("wait", ctrcmd.NewCmdWait),
		newVerb("exec", ctrcmd.NewCmdExec),
		newVerb("logs", ctrcmd.NewCmdLogs),
		newVerb("run", ctrcmd.NewCmdRun),
		newVerb("top", ctrcmd.NewCmdTop),
		withLibrary(newVerb("diff", ctrcmd.NewCmdDiff)),
		newVerb("export", ctrcmd.NewCmdExport),
		inside(newVerb("mount", ctrcmd.NewCmdMount)),
		newVerb("stats", ctrcmd.NewCmdStats),
		newVerb("umount unmount", ctrcmd.NewCmdUnmount),
		newVerb("update", ctrcmd.NewCmdUpdate),
		outside(newVerb("ps", ctrcmd.NewCmdPs)),
		newVerb("doctor", syscmd.NewCmdDoctor),
		outside(newVerb("locks", syscmd.NewCmdLocks)),
		outside(newVerb("events", syscmd.NewCmdEvents)),
		newVerb("info", syscmd.NewCmdInfo),
		newVerb("inspect", withoutRun(func(f *cmdutil.Factory) *cobra.Command {
			return syscmd.NewCmdInspect(f, inspectors(f), nil)
		})),
		newVerb("unshare", syscmd.NewCmdUnshare),
		outside(newVerb("version", syscmd.NewCmdVersion)),
	}, kubeVerbs...)
}

// withAliases gives a command further names where it stands.
func withAliases(cmd *cobra.Command, names ...string) *cobra.Command {
	cmd.Aliases = names
	return cmd
}
