package image

import (
	"strings"
	"time"

	"github.com/containers/image/v5/manifest"
	ociv1 "github.com/opencontainers/image-spec/specs-go/v1"
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

// NameOf is the name to show for an image found as resolved. An ID, or a
// storage reference (resolved is empty then), is no name: the first one counts.
func NameOf(id, resolved string, names []string) string {
	if resolved != "" && !strings.HasPrefix(id, strings.TrimPrefix(resolved, "sha256:")) {
		return resolved
	}
	if len(names) > 0 {
		return names[0]
	}
	return ""
}
