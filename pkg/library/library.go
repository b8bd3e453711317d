package library

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/containers/common/libimage"
	"github.com/containers/storage"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
)

// Library is all that can be done with images. It is safe for concurrent use.
type Library struct {
	*image.Store
	runtime *libimage.Runtime
	// localPolicy is the built-in policy as a file, nil when the host has a
	// policy.json of its own. It lives in memory, and goes with the process.
	localPolicy *os.File
}

// Open is the library of the images in the store. The store stays the caller's
// to close.
func Open(store *image.Store) (*Library, error) {
	sys := store.SystemContext()
	rt, err := libimage.RuntimeFromStore(store.Storage(), &libimage.RuntimeOptions{SystemContext: sys})
	if err != nil {
		return nil, fmt.Errorf("open image store: %w", err)
	}
	policy, err := localPolicyFor(sys.SignaturePolicyPath)
	if err != nil {
		return nil, err
	}
	return &Library{Store: store, runtime: rt, localPolicy: policy}, nil
}

// Lookup finds a local image by full or short name, by ID or by ID prefix. The
// error is [errdefs.ErrNoSuchImage] if there is none.
func (l *Library) Lookup(ctx context.Context, ref string) (*image.Image, error) {
	img, resolved, err := l.lookup(ref)
	if err != nil {
		return nil, err
	}
	return newImage(ctx, img, resolved)
}

// Exists says whether Lookup would find the image, without reading it.
func (l *Library) Exists(_ context.Context, ref string) (bool, error) {
	_, _, err := l.lookup(ref)
	if errors.Is(err, errdefs.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// lookup is Lookup on libimage's terms: it returns the resolved name too.
func (l *Library) lookup(ref string) (*libimage.Image, string, error) {
	if ref == "" {
		return nil, "", errdefs.ErrEmptyName
	}
	img, resolved, err := l.runtime.LookupImage(ref, nil)
	if errors.Is(err, storage.ErrImageUnknown) && err.Error() == storage.ErrImageUnknown.Error() {
		return nil, "", fmt.Errorf("%s: %w", ref, errdefs.ErrNoSuchImage)
	}
	if err != nil {
		return nil, "", image.Classify(err)
	}
	return img, resolved, nil
}

func newImage(ctx context.Context, img *libimage.Image, resolved string) (*image.Image, error) {
	data, err := img.Inspect(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("read image %s: %w", img.ID(), image.Classify(err))
	}
	out := &image.Image{
		ID: img.ID(), Name: image.NameOf(img.ID(), resolved, img.Names()), Names: img.Names(),
		Digest: img.Digest().String(), OS: data.Os, Architecture: data.Architecture,
		Config: data.Config, Healthcheck: data.HealthCheck, Annotations: data.Annotations,
	}
	if data.Created != nil {
		out.Created = *data.Created
	}
	return out, nil
}
