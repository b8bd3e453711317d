package specflags

import (
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/pkg/container"
)

// CloneFlags are the limits container clone can give a copy. The zero value is
// ready to be bound.
type CloneFlags struct{ limits containerLimitFlags }

// Bind defines the flags on cmd.
func (f *CloneFlags) Bind(cmd *cobra.Command) { f.limits.bindChangeable(cmd.Flags()) }

// Apply lays the flags over a configuration. On error it may be half changed.
func (f *CloneFlags) Apply(c *container.Config, env Env) error {
	return f.limits.apply(&c.Resources, env)
}
