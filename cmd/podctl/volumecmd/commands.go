package volumecmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

// Engine is all that volume commands ask of the engine; each command declares
// the part it uses.
type Engine interface {
	creator
	lister
	inspector
	remover
	pruner
	// VolumeExists looks for exactly this name.
	VolumeExists(ctx context.Context, name string) (bool, error)
	mounter
}

// Open returns the engine. It is called once a command runs, when the global
// flags are parsed, and not by --help or completion.
type Open func(context.Context) (Engine, error)

// NewGroup returns "podctl volume" with its subcommands.
func NewGroup(f *cmdutil.Factory, open Open) *cobra.Command {
	return cmdutil.NewGroup("volume", "Manage volumes",
		NewCmdCreate(f, open, nil),
		NewCmdExists(open),
		NewCmdExport(f, open, nil),
		NewCmdImport(f, open, nil),
		NewCmdInspect(f, open, nil),
		NewCmdList(f, open, nil),
		NewCmdMount(f, open, nil),
		NewCmdPrune(f, open, nil),
		NewCmdReload(f, nil),
		NewCmdRemove(f, open, nil),
		NewCmdUnmount(f, open, nil),
	)
}
