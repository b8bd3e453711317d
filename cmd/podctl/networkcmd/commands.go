package networkcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

// Engine is all that network commands ask of the engine; each command declares
// the part it uses.
type Engine interface {
	creator
	lister
	inspector
	remover
	pruner
	// NetworkExists looks for a name, ID or ID prefix.
	NetworkExists(ctx context.Context, nameOrID string) (bool, error)
	updater
	connector
	disconnector
	reloader
}

// Open returns the engine. It is called once a command runs, when the global
// flags are parsed, and not by --help or completion.
type Open func(context.Context) (Engine, error)

// NewGroup returns "podctl network" with its subcommands.
func NewGroup(f *cmdutil.Factory, open Open) *cobra.Command {
	return cmdutil.NewGroup("network", "Manage networks",
		NewCmdConnect(f, open, nil),
		NewCmdCreate(f, open, nil),
		NewCmdDisconnect(f, open, nil),
		NewCmdExists(open),
		NewCmdInspect(f, open, nil),
		NewCmdList(f, open, nil),
		NewCmdPrune(f, open, nil),
		NewCmdReload(f, open, nil),
		NewCmdRemove(f, open, nil),
		NewCmdUpdate(f, open, nil),
	)
}
