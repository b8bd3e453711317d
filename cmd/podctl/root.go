package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/version"
)

// execute runs one command line on as much of the command tree as it calls.
func execute(ctx context.Context, f *cmdutil.Factory, args []string) error {
	root := cmdutil.NewRoot(f, version.Get().Version)
	words := cmdutil.Words(root, args)
	if err := checkPart(words); err != nil {
		return err
	}
	addCommands(root, f, words)
	if len(words) > 0 && strings.HasPrefix(words[0], cobra.ShellCompRequestCmd) {
		completeNames(root, f)
	}
	return cmdutil.Execute(ctx, f, root, args)
}
