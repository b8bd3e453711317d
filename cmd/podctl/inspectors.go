package main

import (
	"context"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/syscmd"
	"github.com/podctl/podctl/cmd/podctl/volumecmd"
	"github.com/podctl/podctl/pkg/network"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// inspectors are how "podctl inspect" finds objects of every type.
func inspectors(f *cmdutil.Factory) syscmd.Inspectors {
	with := func(find func(context.Context, *engine.Runtime, string, bool) (any, error)) syscmd.Inspector {
		return func(ctx context.Context, name string, size bool) (any, error) {
			eng, err := f.Engine(ctx)
			if err != nil {
				return nil, err
			}
			return find(ctx, eng, name, size)
		}
	}
	return syscmd.Inspectors{
		Find: map[string]syscmd.Inspector{
			"container": with(func(ctx context.Context, eng *engine.Runtime, name string, size bool) (any, error) {
				return eng.InspectContainer(ctx, name, size)
			}),
			"image":   with(inspectImage),
			"volume":  with(inspectVolume),
			"network": with(inspectNetwork),
			"pod": with(func(ctx context.Context, eng *engine.Runtime, name string, _ bool) (any, error) {
				return eng.InspectPod(ctx, name)
			}),
		},
		Latest: map[string]syscmd.Inspector{
			"container": with(func(ctx context.Context, eng *engine.Runtime, _ string, size bool) (any, error) {
				return eng.InspectLatestContainer(ctx, size)
			}),
			"pod": with(func(ctx context.Context, eng *engine.Runtime, _ string, _ bool) (any, error) {
				return eng.InspectLatestPod(ctx)
			}),
		},
	}
}

func inspectVolume(ctx context.Context, eng *engine.Runtime, name string, _ bool) (any, error) {
	status, err := eng.InspectVolume(ctx, name)
	if err != nil {
		return nil, err
	}
	return volumecmd.Describe(status), nil
}

func inspectNetwork(ctx context.Context, eng *engine.Runtime, name string, _ bool) (any, error) {
	details, err := eng.InspectNetwork(ctx, name)
	if err == nil && details.Containers == nil {
		details.Containers = map[string]network.Member{} // JSON shows {}
	}
	return details, err
}
