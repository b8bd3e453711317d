package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/syscmd"
)

// newRoot returns the complete command tree.
func newRoot(f *cmdutil.Factory) *cobra.Command {
	root := &cobra.Command{
		Use:   f.Program,
		Short: "Manage pods, containers and images",
		Long:  "Manage pods, containers and images.",
		Example: f.Program + ` pod create --name web -p 8080:80
` + f.Program + ` run -d --pod web nginx
` + f.Program + ` pod ps`,
		Annotations:      map[string]string{cobra.CommandDisplayNameAnnotation: f.Program},
		Version:          syscmd.CompatVersion,
		RunE:             cmdutil.RunGroup,
		TraverseChildren: true,
		SilenceErrors:    true,
		SilenceUsage:     true,
	}
	// Suggestions within edit distance 2 at the top level only.
	root.SuggestionsMinimumDistance = 2
	root.SetIn(f.IO.In)
	root.SetOut(f.IO.Out)
	root.SetErr(f.IO.ErrOut)
	root.SetFlagErrorFunc(cmdutil.FlagError)
	root.SetUsageTemplate(usageTemplate)
	f.Globals.Bind(root)
	addCommands(root, f)
	return root
}

// execute runs one command line, without the program's name.
func execute(ctx context.Context, f *cmdutil.Factory, args []string) error {
	root := newRoot(f)
	root.SetArgs(args)
	parsed := false
	cmdutil.CheckFirst(root, func(cmd *cobra.Command) error {
		parsed = true
		return f.Globals.Apply(cmd, f.IO)
	})
	err := root.ExecuteContext(ctx)
	if err == nil || parsed {
		return err
	}
	// Flags before a subcommand are parsed while it is searched for; cobra
	// hands out those errors as they are.
	if errors.Is(err, pflag.ErrHelp) {
		return root.Help()
	}
	var usage *cmdutil.UsageError
	if errors.As(err, &usage) {
		return err
	}
	return cmdutil.FlagError(root, err)
}

// usageTemplate is cobra's layout without its noise: the global options are
// listed by the root command only.
const usageTemplate = `Usage:{{if .HasAvailableSubCommands}}
  {{.CommandPath}} [options] COMMAND{{else}}
  {{.UseLine}}{{end}}{{if .Aliases}}

Aliases:
  {{.NameAndAliases}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Options:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasParent}}

Global options: {{.Root.Name}} --help{{end}}
`
