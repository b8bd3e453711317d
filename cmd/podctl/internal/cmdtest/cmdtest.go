// Package cmdtest runs single commands in tests as the program would: below
// a root command with the global flags, errors shown as text and exit code.
// It needs no engine and no host. It is for tests only.
package cmdtest

import (
	"bytes"
	"testing"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

// Env is one command line's surroundings.
type Env struct {
	Factory         *cmdutil.Factory
	In, Out, ErrOut *bytes.Buffer
	testing         *testing.T
}

// Result is what the user of a command sees.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// New returns fresh surroundings; the program is called podctl.
func New(t *testing.T) *Env {
	t.Helper()
	ios, in, out, errOut := iostreams.Test()
	f := cmdutil.NewFactory([]string{"/usr/bin/podctl"}, ios)
	return &Env{Factory: f, In: in, Out: out, ErrOut: errOut, testing: t}
}

// Run runs cmd, made with e.Factory, with args after its name. group is the
// command cmd stands below, such as "pod", or "" for the top level. Call it
// once for each Env.
func (e *Env) Run(group string, cmd *cobra.Command, args ...string) Result {
	e.testing.Helper()
	root := cmdutil.NewRoot(e.Factory, "0")
	line := append([]string{cmd.Name()}, args...)
	if group == "" {
		root.AddCommand(cmd)
	} else {
		root.AddCommand(cmdutil.NewGroup(group, "Group", cmd))
		line = append([]string{group}, line...)
	}
	e.Factory.Argv = append([]string{"podctl"}, line...)
	err := cmdutil.Execute(e.testing.Context(), e.Factory, root, line)
	code := cmdutil.Report(e.Factory.IO, err)
	return Result{Code: code, Stdout: e.Out.String(), Stderr: e.ErrOut.String()}
}
