package specflags

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/container"
)

// UpdateFlags are the flags of update: what can be changed of a container
// that exists. The zero value is ready to be bound.
type UpdateFlags struct {
	env, unset []string

	restart restartFlag
	health  healthFlags
	limits  containerLimitFlags
}

// Bind defines the flags on cmd.
func (f *UpdateFlags) Bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	cmdutil.AliasFlags(cmd, healthAliases())
	for _, group := range []interface{ bind(*pflag.FlagSet) }{&f.restart, &f.health} {
		group.bind(fs)
	}
	f.limits.bindChangeable(fs)
	fs.StringArrayVarP(&f.env, "env", "e", nil, "Variable `NAME=VALUE`, or NAME or NAME* of the host")
	fs.StringArrayVar(&f.unset, "unsetenv", nil, "Take this `variable` out of the environment")
}

// Apply lays the flags over the complete configuration of a container, in
// place: hand in a copy of your own. On error it may be half changed.
func (f *UpdateFlags) Apply(c *container.Config, env Env) error {
	if f.restart.has("restart") {
		policy, err := f.restart.parse("container")
		if err != nil {
			return err
		}
		c.Restart, c.RestartSet = policy, true
	}
	if err := f.health.apply(&c.Health, env); err != nil {
		return err
	}
	if err := f.limits.apply(&c.Resources, env); err != nil {
		return err
	}
	for _, name := range f.unset {
		unsetVariable(&c.Env, name)
	}
	var variables []string
	if err := addVariables(&variables, f.env, env); err != nil {
		return err
	}
	for _, variable := range variables {
		name, _, _ := strings.Cut(variable, "=")
		unsetVariable(&c.Env, name)
		c.Env = append(c.Env, variable)
	}
	return nil
}

func unsetVariable(list *[]string, name string) {
	*list = slices.DeleteFunc(*list, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
}
