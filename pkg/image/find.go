package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/containers/image/v5/docker/reference"
	"github.com/containers/image/v5/manifest"
	"github.com/containers/image/v5/pkg/shortnames"
	storagetransport "github.com/containers/image/v5/storage"
	imagetypes "github.com/containers/image/v5/types"
	"github.com/containers/storage"
	ociv1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// Find finds a local image in the plain case: by a full or short name, by ID or by
// ID prefix, with one manifest that can be read. It returns nil for everything else:
// then package library says what ref means, and whether it can be had. What both
// find is the same; Find knows less, and is there in every podctl.
func (s *Store) Find(ctx context.Context, ref string) (*Image, error) {
	img, resolved, err := s.find(ref)
	if err != nil || img == nil {
		return nil, err
	}
	found, err := s.read(ctx, img)
	if err != nil || found == nil {
		return nil, ctx.Err() // damaged, or a list: the library's affair
	}
	found.Name = NameOf(img.ID, resolved, img.Names)
	return found, nil
}

// find is Find without reading the image: names are tried in the order in which
// libimage tries them.
func (s *Store) find(ref string) (*storage.Image, string, error) {
	// With a transport in front, or what may be one, or a digest behind.
	if ref == "" || strings.Contains(ref, "@") || transportLike(ref) {
		return nil, "", nil
	}
	if id := strings.TrimPrefix(ref, "sha256:"); id != ref || reference.IsFullIdentifier(id) {
		if !reference.IsFullIdentifier(id) {
			return nil, "", nil
		}
		img, err := s.stored(id)
		return img, ref, err
	}
	names, err := shortnames.ResolveLocally(s.sys, ref)
	if err != nil {
		return nil, "", nil //nolint:nilerr // not a name: the library says why
	}
	if docker, err := reference.ParseDockerRef(ref); err == nil {
		names = append(names, docker)
	}
	for _, name := range names {
		img, err := s.named(reference.TagNameOnly(name))
		if err != nil || img != nil {
			return img, name.String(), err
		}
	}
	img, err := s.stored(ref)
	return img, ref, err
}

// transportLike says that ref could begin with a transport (containers-transports(5)).
// A name of two parts such as oci:latest could be either.
func transportLike(ref string) bool {
	first, _, found := strings.Cut(ref, ":")
	if !found {
		return false
	}
	switch first {
	case "atomic", "containers-storage", "dir", "docker", "docker-archive", "docker-daemon", "oci", "oci-archive", "ostree", "sif", "tarball":
		return true
	}
	return false
}

// named is the image of a full name, nil if there is none.
func (s *Store) named(name reference.Named) (*storage.Image, error) {
	ref, err := storagetransport.Transport.NewStoreReference(s.store, name, "")
	if err != nil {
		return nil, fmt.Errorf("look up image %s: %w", name, err)
	}
	_, img, err := storagetransport.ResolveReference(ref)
	if errors.Is(err, storagetransport.ErrNoSuchImage) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up image %s: %w", name, Classify(err))
	}
	return img, nil
}

// stored is the image of an ID, or of what an ID begins with; nil if there is none.
func (s *Store) stored(id string) (*storage.Image, error) {
	img, err := s.store.Image(id)
	if errors.Is(err, storage.ErrImageUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up image %s: %w", id, Classify(err))
	}
	return img, nil
}

// read reads an image, but for its name; nil for one of another kind than a
// container is made of.
func (s *Store) read(ctx context.Context, img *storage.Image) (*Image, error) {
	ref, err := storagetransport.Transport.ParseStoreReference(s.store, img.ID)
	if err != nil {
		return nil, err
	}
	stored, err := ref.NewImage(ctx, s.sys)
	if err != nil {
		return nil, err
	}
	defer stored.Close()
	text, kind, err := stored.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	out := &Image{ID: img.ID, Names: img.Names, Digest: img.Digest.String()}
	switch kind {
	case ociv1.MediaTypeImageManifest:
		var m ociv1.Manifest
		if err := json.Unmarshal(text, &m); err != nil {
			return nil, err
		}
		out.Annotations = m.Annotations
	case manifest.DockerV2Schema2MediaType:
		if out.Healthcheck, err = healthcheck(ctx, stored); err != nil {
			return nil, err
		}
	default:
		return nil, nil
	}
	config, err := stored.OCIConfig(ctx)
	if err != nil {
		return nil, err
	}
	out.OS, out.Architecture, out.Config = config.OS, config.Architecture, &config.Config
	if config.Created != nil {
		out.Created = *config.Created
	}
	if out.Annotations == nil {
		out.Annotations = map[string]string{}
	}
	return out, nil
}

// healthcheck is a Docker image's: the one of the container it was committed from,
// or else its own.
func healthcheck(ctx context.Context, img imagetypes.Image) (*manifest.Schema2HealthConfig, error) {
	text, err := img.ConfigBlob(ctx)
	if err != nil {
		return nil, err
	}
	var docker manifest.Schema2V1Image
	if err := json.Unmarshal(text, &docker); err != nil {
		return nil, err
	}
	if h := docker.ContainerConfig.Healthcheck; h != nil || docker.Config == nil {
		return h, nil
	}
	return docker.Config.Healthcheck, nil
}
