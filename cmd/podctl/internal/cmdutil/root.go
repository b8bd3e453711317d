package cmdutil

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// NewRoot returns the command that all others stand below, with the global
// flags and the layout of help, but without any subcommand.
func NewRoot(f *Factory, version string) *cobra.Command {
	root := &cobra.Command{
		Use:   f.Program,
		Short: "Manage pods, containers and images",
		Long:  "Manage pods, containers and images.",
		Example: `podctl pod create --name web -p 8080:80
podctl run -d --pod web nginx
podctl pod ps`,
		Annotations:      map[string]string{cobra.CommandDisplayNameAnnotation: f.Program},
		Version:          version,
		RunE:             RunGroup,
		TraverseChildren: true,
		SilenceErrors:    true,
		SilenceUsage:     true,
		// Groups have none: they suggest by prefix only.
		SuggestionsMinimumDistance: 2,
	}
	root.SetIn(f.IO.In)
	root.SetOut(f.IO.Out)
	root.SetErr(f.IO.ErrOut)
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(usageTemplate)
	f.Globals.Bind(root)
	return root
}

// Execute runs one command line, without the program's name, on a tree to
// which nothing will be added. The error is for [Report].
func Execute(ctx context.Context, f *Factory, root *cobra.Command, args []string) error {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd(args...)
	parsed := false
	stopProfiles := func() error { return nil }
	finish(root, func(cmd *cobra.Command) error {
		parsed = true
		if err := f.Globals.Apply(cmd, f.IO); err != nil {
			return err
		}
		stop, err := f.Globals.startProfiles()
		if err == nil {
			stopProfiles = stop
		}
		return err
	}, f.enterFor)
	// A copy: to complete, cobra writes over the last of them, and a user's command
	// runs again with the same words inside the user namespace.
	root.SetArgs(slices.Clone(args))
	err := root.ExecuteContext(ctx)
	if profiles := stopProfiles(); profiles != nil {
		err = errors.Join(err, profiles)
	}
	if err == nil || parsed {
		return err
	}
	// Flags before a subcommand are parsed while it is searched for; cobra
	// hands out those errors as they are.
	if errors.Is(err, pflag.ErrHelp) {
		return helpFor(root, args)
	}
	var usage *UsageError
	if errors.As(err, &usage) {
		return err
	}
	return flagError(root, err)
}

// helpFor shows the help of the command that args name: "--help pod rm".
func helpFor(root *cobra.Command, args []string) error {
	words := slices.DeleteFunc(slices.Clone(args), func(word string) bool { return word == "--help" || word == "-h" })
	cmd, _, err := root.Find(words)
	if err != nil {
		cmd = root
	}
	return cmd.Help()
}

// finish gives every command of the tree the common layout, and makes it run
// check after its flags are parsed and before its arguments are looked at:
// errors in flags are told first. When all of them are right, enter is run.
func finish(cmd *cobra.Command, check func(*cobra.Command) error, enter func(*cobra.Command, []string) error) {
	cmd.DisableFlagsInUseLine = true
	cmd.Example = indent(cmd.Example)
	args := cmd.Args
	cmd.Args = func(cmd *cobra.Command, list []string) error {
		if err := check(cmd); err != nil {
			return err
		}
		if args != nil {
			if err := args(cmd, list); err != nil {
				return err
			}
		}
		return enter(cmd, list)
	}
	for _, sub := range cmd.Commands() {
		finish(sub, check, enter)
	}
}

func indent(text string) string {
	if text = strings.Trim(text, "\n"); text == "" {
		return ""
	}
	return "  " + strings.ReplaceAll(text, "\n", "\n  ")
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

Global options: {{.Root.DisplayName}} --help{{end}}
`
