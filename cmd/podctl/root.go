package main

import (
	"context"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/syscmd"
)

// execute runs one command line on the complete command tree.
func execute(ctx context.Context, f *cmdutil.Factory, args []string) error {
	root := cmdutil.NewRoot(f, syscmd.CompatVersion)
	addCommands(root, f)
	return cmdutil.Execute(ctx, f, root, args)
}
