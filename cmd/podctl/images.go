package main

import (
	"context"

	"github.com/podctl/podctl/cmd/podctl/imagecmd"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/image"
)

// openImages returns how image commands get at the store the global flags name.
// This store has no hooks: it sees containers in the store, but no records of
// the engine, and writes no events.
func openImages(f *cmdutil.Factory) imagecmd.Open {
	return func(context.Context) (*image.Store, error) {
		g := f.Globals
		return image.Open(image.Config{
			Root: g.Root, RunRoot: g.RunRoot, Driver: g.StorageDriver, DriverOptions: g.StorageOpts,
			ImageStore: g.ImageStore, TransientStore: g.TransientStore, RegistriesConf: g.RegistriesConf,
		})
	}
}
