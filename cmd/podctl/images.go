package main

import (
	"context"

	"github.com/podctl/podctl/cmd/podctl/imagecmd"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/image"
)

// openImages returns how image commands get at the engine's image store.
func openImages(f *cmdutil.Factory) imagecmd.Open {
	return func(ctx context.Context) (*image.Store, error) {
		eng, err := f.Engine(ctx)
		if err != nil {
			return nil, err
		}
		return eng.Images()
	}
}
