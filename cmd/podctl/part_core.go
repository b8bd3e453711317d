//go:build podctl_core

package main

import (
	"context"
	_ "embed"

	"github.com/podctl/podctl/pkg/handover"
	"github.com/podctl/podctl/pkg/image"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// wholeProgram is podctl built without the tag podctl_core; the Makefile does
// that first.
//
//go:embed whole
var wholeProgram string

var (
	imagesAtTop = withLibrary(verb{names: imageVerbs})
	imageGroup  = withLibrary(verb{names: "image"})
	kubeVerbs   = []verb{withLibrary(verb{names: "kube play generate"})}
)

// becomeWhole replaces this process by the whole program. It returns only when it
// fails.
func becomeWhole(argv []string) error { return handover.Become(wholeProgram, argv) }

// openLibrary is none.
var openLibrary func(*image.Store) (engine.Library, error)

func inspectImage(context.Context, *engine.Runtime, string, bool) (any, error) {
	return nil, engine.ErrNoLibrary
}

func imageNames(context.Context, *engine.Runtime) ([]string, error) { return nil, engine.ErrNoLibrary }
