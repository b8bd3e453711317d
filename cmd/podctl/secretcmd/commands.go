package secretcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

// Engine is what the commands need.
type Engine interface {
	creator
	inspector
	remover
}

// Open returns the engine. It is called once a command runs, when the global
// flags are parsed, and not by --help or completion.
type Open func(context.Context) (Engine, error)

// NewGroup returns "podctl secret" with its subcommands.
func NewGroup(f *cmdutil.Factory, open Open) *cobra.Command {
	return cmdutil.NewGroup("secret", "Manage secrets",
		NewCmdCreate(f, open, nil),
		NewCmdExists(open),
		NewCmdInspect(f, open, nil),
		NewCmdList(f, open, nil),
		NewCmdRemove(f, open, nil),
	)
}
