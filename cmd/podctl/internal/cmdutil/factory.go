package cmdutil

import (
	"context"
	"path/filepath"
	"sync"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/image"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// Factory is what a command constructor gets. Its fields are cheap values or
// functions: building the whole command tree opens nothing.
type Factory struct {
	// IO are the streams. Always set.
	IO *iostreams.IOStreams
	// Globals are the flags of the root command. They hold their parsed
	// values once a run function is called, and not before.
	Globals *Globals
	// Program is the base name of argv[0]; messages name the program so.
	Program string
	// Argv is the whole command line, recorded with what a command creates.
	Argv []string
	// Engine opens the engine at its first call, from the parsed global flags,
	// and returns the same one after that.
	Engine func(ctx context.Context) (*engine.Runtime, error)
	// Close closes the engine if it was opened.
	Close func() error
	// Enter starts this program again inside the namespaces of the user who runs
	// it. It does nothing for root, or inside already.
	Enter func() error
	// Library opens the library of images for the engine; see [engine.Config].
	Library func(*image.Store) (engine.Library, error)
	// StopSignals keeps SIGINT and SIGTERM from canceling the context.
	// Commands that forward these signals to a container call it after
	// signal.Notify, so that there is no moment in which a signal kills.
	// Calling it again does nothing.
	StopSignals func()
}

// ThisProgram lets the factory start the program again, which a test is not.
func (f *Factory) ThisProgram() { f.Enter = f.enterNamespaces }

// NewFactory returns the factory for one command line. argv[0] names the
// program.
func NewFactory(argv []string, io *iostreams.IOStreams) *Factory {
	f := &Factory{
		IO:          io,
		Globals:     &Globals{},
		Program:     filepath.Base(argv[0]),
		Argv:        argv,
		Enter:       func() error { return nil },
		StopSignals: func() {},
	}
	var (
		once sync.Once
		eng  *engine.Runtime
		err  error
	)
	f.Engine = func(ctx context.Context) (*engine.Runtime, error) {
		once.Do(func() { eng, err = f.openEngine(ctx) })
		return eng, err
	}
	f.Close = func() error {
		if eng == nil {
			return nil
		}
		return eng.Close()
	}
	return f
}
