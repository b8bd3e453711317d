//go:build !podctl_core

package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/imagecmd"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/kubecmd"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/library"
	engine "github.com/podctl/podctl/pkg/runtime"
)

var (
	imagesAtTop = withLibrary(verb{
		names: imageVerbs,
		build: func(f *cmdutil.Factory, _ []string) []*cobra.Command { return imagecmd.TopLevel(f, imagesOf(f)) },
	})
	imageGroup = withLibrary(verb{
		names: "image",
		build: func(f *cmdutil.Factory, _ []string) []*cobra.Command {
			return []*cobra.Command{imagecmd.NewGroup(f, imagesOf(f))}
		},
	})
	kubeVerbs = []verb{
		newGroup("kube", "Make and describe pods in the terms of Kubernetes",
			withLibrary(newVerb("down", kubecmd.NewCmdDown)),
			withLibrary(newVerb("generate", kubecmd.NewCmdGenerate)),
			withLibrary(newVerb("play", kubecmd.NewCmdPlay)),
		),
		newGroup("play", "Make pods from Kubernetes YAML", withLibrary(newVerb("kube", kubecmd.NewCmdPlayKube))),
		newGroup("generate", "Describe pods as Kubernetes YAML", withLibrary(newVerb("kube", kubecmd.NewCmdGenerateKube))),
	}
)

// becomeWhole has nothing to become.
func becomeWhole([]string) error { return engine.ErrNoLibrary }

// imagesOf returns how image commands get at the library of the engine's store.
func imagesOf(f *cmdutil.Factory) imagecmd.Open {
	return func(ctx context.Context) (*library.Library, error) {
		eng, err := f.Engine(ctx)
		if err != nil {
			return nil, err
		}
		images, err := eng.Images()
		if err != nil {
			return nil, err
		}
		return library.Open(images)
	}
}

// openLibrary is how the engine gets at it.
var openLibrary = func(images *image.Store) (engine.Library, error) {
	lib, err := library.Open(images)
	if err != nil {
		return nil, err // not as an interface that holds nothing
	}
	return lib, nil
}

// inspectedImage is an image whose ID goes by the name JSON has for it, too.
type inspectedImage struct{ *library.Details }

// Id is ID.
func (i inspectedImage) Id() string { return i.ID } //nolint:revive // templates are written with either

func inspectImage(ctx context.Context, eng *engine.Runtime, name string, _ bool) (any, error) {
	details, err := engine.PeekImages(eng, func(images *image.Store) (*library.Details, error) {
		lib, err := library.Open(images)
		if err != nil {
			return nil, err
		}
		return lib.Inspect(ctx, name)
	})
	return inspectedImage{details}, err
}

func imageNames(ctx context.Context, eng *engine.Runtime) ([]string, error) {
	images, err := eng.Images()
	if err != nil {
		return nil, err
	}
	lib, err := library.Open(images)
	if err != nil {
		return nil, err
	}
	list, err := lib.List(ctx, library.ListOptions{})
	var names []string
	for _, img := range list {
		names = append(names, img.Names...)
	}
	return names, err
}
