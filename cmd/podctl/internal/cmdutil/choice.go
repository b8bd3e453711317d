package cmdutil

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// choice is a flag value that takes one of a few words.
type choice struct {
	value   *string
	allowed []string
}

// ChoiceFlag defines a flag that takes one of the allowed words, stored in
// p, and completes them. The default need not be one of them. The flag is
// --name or, if short is not empty, also -short.
func ChoiceFlag(cmd *cobra.Command, p *string, name, short, value, usage string, allowed ...string) {
	*p = value
	cmd.Flags().VarP(&choice{p, allowed}, name, short, usage+" ("+strings.Join(allowed, ", ")+")")
	// The only error is a flag that is not defined or already completed.
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(allowed, cobra.ShellCompDirectiveNoFileComp))
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return "string" }

func (c *choice) Set(word string) error {
	if !slices.Contains(c.allowed, word) {
		return fmt.Errorf("%q is not a valid value.  Choose from: %q", word, strings.Join(c.allowed, ", "))
	}
	*c.value = word
	return nil
}
