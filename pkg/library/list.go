package library

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/containers/common/libimage"
	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/image"
)

// Summary is one image in a list. Details are filled if they were asked for.
type Summary struct {
	ID, ParentID string
	// Names are the image's names; with one full reference as a filter, those
	// that match it.
	Names       []string
	RepoDigests []string
	// NamesHistory are the names the image had, newest first.
	NamesHistory []string
	Digest       string
	Created      time.Time
	Size         int64
	// Containers counts the containers of every tool in the store.
	Containers         int
	ReadOnly, Dangling bool

	// Details.
	Labels           map[string]string
	OS, Architecture string
	IsManifestList   bool
}

// ListOptions modify List.
type ListOptions struct {
	// Filters are "key=value" and "key!=value": after, since, before,
	// containers, dangling, digest, id, intermediate, label, manifest,
	// readonly, reference, until. Different keys must all match.
	Filters []string
	// All includes untagged images other images are built on.
	All bool
	// Details reads each image's configuration too.
	Details bool
}

// List returns the images in the store that match, in no particular order. A
// damaged image is listed with what can be read of it, so that it can be
// removed.
func (l *Library) List(ctx context.Context, opts ListOptions) ([]Summary, error) {
	images, err := l.list(ctx, opts)
	if err != nil {
		return nil, image.Classify(err)
	}
	containers, err := l.ContainersByImage()
	if err != nil {
		return nil, err
	}
	summaries := make([]Summary, 0, len(images))
	for _, img := range images {
		summary, err := summarize(ctx, img, opts.Details)
		if err != nil {
			logrus.Warnf("Image %s cannot be read, remove it: %v", img.ID(), err)
		}
		summary.Containers = len(containers[img.ID()])
		summaries = append(summaries, summary)
	}
	return summaries, nil
}

func (l *Library) list(ctx context.Context, opts ListOptions) ([]*libimage.Image, error) {
	filters := slices.Clone(opts.Filters)
	if !opts.All {
		filters = append(filters, "intermediate=false")
	}
	listOpts := &libimage.ListImagesOptions{Filters: filters, SetListData: true, IsExternalContainerFunc: l.IsExternal(ctx)}
	images, err := l.runtime.ListImages(ctx, listOpts)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return images, err
	}
	// A file of some image is missing, and with it who is whose parent.
	logrus.Warnf("Parents of images cannot be told: %v", err)
	listOpts.Filters, listOpts.SetListData = opts.Filters, false
	return l.runtime.ListImages(ctx, listOpts)
}

func summarize(ctx context.Context, img *libimage.Image, details bool) (Summary, error) {
	out := Summary{
		ID: img.ID(), Names: img.Names(), NamesHistory: img.NamesHistory(), Digest: img.Digest().String(),
		Created: img.Created(), ReadOnly: img.IsReadOnly(),
	}
	if img.ListData.IsDangling != nil {
		out.Dangling = *img.ListData.IsDangling
	}
	if img.ListData.Parent != nil {
		out.ParentID = img.ListData.Parent.ID()
	}
	var err error
	if out.RepoDigests, err = img.RepoDigests(); err != nil {
		return out, err
	}
	if out.Size, err = img.Size(); err != nil {
		return out, err
	}
	if !details {
		return out, nil
	}
	if out.IsManifestList, err = img.IsManifestList(ctx); err != nil || out.IsManifestList {
		return out, err
	}
	data, err := img.Inspect(ctx, nil)
	if err != nil {
		return out, err
	}
	out.Labels, out.OS, out.Architecture = data.Labels, data.Os, data.Architecture
	return out, nil
}
