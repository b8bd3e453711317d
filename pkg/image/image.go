package image

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containers/common/libimage"
	"github.com/containers/image/v5/manifest"
	"github.com/containers/storage"
	ociv1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Image is what a container needs to know of the image it is made from. It is
// a snapshot: it does not follow later tagging or removal.
type Image struct {
	// ID is the full image ID, 64 hexadecimal digits.
	ID string
	// Name is the full name the lookup resolved to; for a lookup by ID the
	// image's first name, "" if it has none.
	Name string
	// Names are all names of the image.
	Names []string
	// Digest is the manifest digest the image was stored with.
	Digest string
	// Created is when the image was built.
	Created time.Time
	// OS, Architecture as the image declares them.
	OS, Architecture string
	// Config is the image's container configuration, never nil.
	Config *ociv1.ImageConfig
	// Healthcheck is the health check of Docker format images, nil without.
	Healthcheck *manifest.Schema2HealthConfig
	// Annotations of the manifest, OCI format only.
	Annotations map[string]string
}

// Lookup finds a local image by full or short name, by ID or by ID prefix. The
// error is [errdefs.ErrNoSuchImage] if there is none.
func (s *Store) Lookup(ctx context.Context, ref string) (*Image, error) {
	img, resolved, err := s.lookup(ref)
	if err != nil {
		return nil, err
	}
	return newImage(ctx, img, resolved)
}

// Exists says whether Lookup would find the image, without reading it.
func (s *Store) Exists(_ context.Context, ref string) (bool, error) {
	_, _, err := s.lookup(ref)
	if errors.Is(err, errdefs.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// lookup is Lookup on the library's terms: it returns the resolved name too.
func (s *Store) lookup(ref string) (*libimage.Image, string, error) {
	if ref == "" {
		return nil, "", errdefs.ErrEmptyName
	}
	img, resolved, err := s.runtime.LookupImage(ref, nil)
	if errors.Is(err, storage.ErrImageUnknown) && err.Error() == storage.ErrImageUnknown.Error() {
		return nil, "", fmt.Errorf("%s: %w", ref, errdefs.ErrNoSuchImage)
	}
	if err != nil {
		return nil, "", classify(err)
	}
	return img, resolved, nil
}

func newImage(ctx context.Context, img *libimage.Image, resolved string) (*Image, error) {
	data, err := img.Inspect(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("read image %s: %w", img.ID(), classify(err))
	}
	out := &Image{
		ID: img.ID(), Name: nameOf(img.ID(), resolved, img.Names()), Names: img.Names(),
		Digest: img.Digest().String(), OS: data.Os, Architecture: data.Architecture,
		Config: data.Config, Healthcheck: data.HealthCheck, Annotations: data.Annotations,
	}
	if data.Created != nil {
		out.Created = *data.Created
	}
	return out, nil
}

// nameOf is the name to show for an image found as resolved. An ID, or a
// storage reference (resolved is empty then), is no name: the first one counts.
func nameOf(id, resolved string, names []string) string {
	if resolved != "" && !strings.HasPrefix(id, strings.TrimPrefix(resolved, "sha256:")) {
		return resolved
	}
	if len(names) > 0 {
		return names[0]
	}
	return ""
}
