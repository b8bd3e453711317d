package main

import (
	"context"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/version"
)

// execute runs one command line on as much of the command tree as it calls.
func execute(ctx context.Context, f *cmdutil.Factory, args []string) error {
	root := cmdutil.NewRoot(f, version.Get().Version)
	addCommands(root, f, cmdutil.Words(root, args))
	return cmdutil.Execute(ctx, f, root, args)
}
