package library

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/containers/common/libimage"
	"github.com/containers/image/v5/manifest"
	"github.com/containers/storage"
	"github.com/containers/storage/pkg/archive"
	"github.com/opencontainers/go-digest"
	ociv1 "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
)

// format is what is written of an image: its options, and what only Docker's format
// has of the changes.
type format struct {
	image.CommitOptions
	onBuild []string
}

// Commit makes an image of what container id has changed, and returns its ID.
// Errors: ErrNoSuchCtr, for a container without an image in the store, and what
// is wrong with the name or the changes.
func (l *Library) Commit(ctx context.Context, id string, opts image.CommitOptions) (string, error) {
	container, err := l.Storage().Container(id)
	if err != nil {
		return "", fmt.Errorf("container %s has no layer to commit: %w", id, errdefs.ErrNoSuchCtr)
	}
	var names []string
	if opts.Name != "" {
		named, err := libimage.NormalizeName(opts.Name)
		if err != nil {
			return "", image.Classify(err)
		}
		names = []string{named.String()}
	}
	changes, err := libimage.ImageConfigFromChanges(opts.Changes)
	if err != nil {
		return "", err
	}
	if len(changes.OnBuild) > 0 && !opts.Docker {
		logrus.Warnf("An image in OCI format has no ONBUILD, %q is left out: use --format docker to keep it", changes.OnBuild)
	}
	img, err := l.committed(ctx, container, changes.ImageConfig, opts)
	if err != nil {
		return "", err
	}
	layer, err := l.commitLayer(container, opts.Squash)
	if err != nil {
		return "", fmt.Errorf("commit container %s: %w", id, err)
	}
	imageID, err := l.record(img, layer, names, format{opts, changes.OnBuild})
	if err != nil {
		return "", errors.Join(fmt.Errorf("commit container %s: %w", id, err), l.Storage().DeleteLayer(layer.ID))
	}
	return imageID, nil
}

// committed is the configuration of the new image, but for its layers.
func (l *Library) committed(ctx context.Context, container *storage.Container, changes ociv1.ImageConfig, opts image.CommitOptions) (*ociv1.Image, error) {
	img := &ociv1.Image{Platform: ociv1.Platform{Architecture: runtime.GOARCH, OS: runtime.GOOS}}
	if container.ImageID != "" {
		base, _, err := l.runtime.LookupImage(container.ImageID, nil)
		if err != nil {
			return nil, image.Classify(err)
		}
		data, err := base.Inspect(ctx, nil)
		if err != nil {
			return nil, image.Classify(err)
		}
		img.Architecture, img.OS = data.Architecture, data.Os
		if opts.Squash == nil {
			img.History = data.History
		}
	}
	now := time.Now().UTC()
	img.Created, img.Author = &now, opts.Author
	img.Config = overlaid(opts.Config, changes)
	img.History = append(slices.Clone(img.History), ociv1.History{
		Created: &now, CreatedBy: opts.CreatedBy, Author: opts.Author, Comment: opts.Message,
	})
	return img, nil
}

// overlaid is a configuration with the changes made to it.
func overlaid(config, changes ociv1.ImageConfig) ociv1.ImageConfig {
	for from, to := range map[*string]*string{
		&changes.User: &config.User, &changes.WorkingDir: &config.WorkingDir, &changes.StopSignal: &config.StopSignal,
	} {
		if *from != "" {
			*to = *from
		}
	}
	if changes.Entrypoint != nil {
		config.Entrypoint = changes.Entrypoint
		config.Cmd = nil // it was that of the other entrypoint
	}
	if changes.Cmd != nil {
		config.Cmd = changes.Cmd
	}
	config.Env = append(slices.Clone(config.Env), changes.Env...)
	config.ExposedPorts = union(config.ExposedPorts, changes.ExposedPorts)
	config.Volumes = union(config.Volumes, changes.Volumes)
	config.Labels = union(config.Labels, changes.Labels)
	return config
}

// union has the entries of both; those of b win.
func union[V any](a, b map[string]V) map[string]V {
	if len(a)+len(b) == 0 {
		return nil
	}
	all := make(map[string]V, len(a)+len(b))
	for _, m := range []map[string]V{a, b} {
		for key, value := range m {
			all[key] = value
		}
	}
	return all
}

// commitLayer stores what the container changed, or the stream, as a layer.
func (l *Library) commitLayer(container *storage.Container, squash io.Reader) (*storage.Layer, error) {
	parent, content := "", squash
	if squash == nil {
		diff, err := l.spoolDiff(container)
		if err != nil {
			return nil, err
		}
		defer diff.Close()
		content = diff
		if container.ImageID != "" {
			base, err := l.Storage().Image(container.ImageID)
			if err != nil {
				return nil, err
			}
			parent = base.TopLayer
		}
	}
	layer, _, err := l.Storage().PutLayer("", parent, nil, "", false, &storage.LayerOptions{}, content)
	return layer, err
}

// spoolDiff is what a container's layer has of its own, as a file that has no name:
// as long as the store gives it away it takes no layer in.
func (l *Library) spoolDiff(container *storage.Container) (_ *os.File, err error) {
	layer, err := l.Storage().Layer(container.LayerID)
	if err != nil {
		return nil, err
	}
	plain := archive.Uncompressed
	diff, err := l.Storage().Diff("", layer.ID, &storage.DiffOptions{Compression: &plain})
	if err != nil {
		return nil, err
	}
	defer diff.Close()
	file, err := os.CreateTemp(l.SystemContext().BigFilesTemporaryDir, "podctl-commit-*")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	if err := os.Remove(file.Name()); err != nil {
		return nil, err
	}
	if err := asContainer(file, diff, container, layer); err != nil {
		return nil, err
	}
	_, err = file.Seek(0, io.SeekStart)
	return file, err
}

// record writes configuration and manifest of the image whose top layer it is.
func (l *Library) record(img *ociv1.Image, top *storage.Layer, names []string, opts format) (string, error) {
	layers, err := l.layersBelow(top)
	if err != nil {
		return "", err
	}
	img.RootFS.Type = "layers"
	for _, layer := range layers {
		img.RootFS.DiffIDs = append(img.RootFS.DiffIDs, layer.UncompressedDigest)
	}
	config, text, err := describe(img, layers, opts)
	if err != nil {
		return "", err
	}
	configDigest, manifestDigest := digest.FromBytes(config), digest.FromBytes(text)
	big := []storage.ImageBigDataOption{
		{Key: configDigest.String(), Data: config, Digest: configDigest},
		{Key: storage.ImageDigestBigDataKey, Data: text, Digest: manifestDigest},
		{Key: storage.ImageDigestManifestBigDataNamePrefix + "-" + manifestDigest.String(), Data: text, Digest: manifestDigest},
	}
	made, err := l.Storage().CreateImage(configDigest.Encoded(), nil, top.ID, "", &storage.ImageOptions{
		CreationDate: *img.Created, Digest: manifestDigest, BigData: big,
	})
	if err != nil || len(names) == 0 {
		return idOf(made), err
	}
	// A name that another image has moves here.
	if err := l.Storage().AddNames(made.ID, names); err != nil {
		_, undone := l.Storage().DeleteImage(made.ID, true)
		return "", errors.Join(err, undone)
	}
	return made.ID, nil
}

func idOf(img *storage.Image) string {
	if img == nil {
		return ""
	}
	return img.ID
}

// layersBelow are the layers of an image, lowest first.
func (l *Library) layersBelow(top *storage.Layer) (layers []*storage.Layer, err error) {
	for layer := top; ; {
		layers = append(layers, layer)
		if layer.Parent == "" {
			break
		}
		if layer, err = l.Storage().Layer(layer.Parent); err != nil {
			return nil, err
		}
	}
	slices.Reverse(layers)
	return layers, nil
}

// describe makes the configuration and the manifest. Layers are described as the
// store has them, not compressed: that is how it gives them away again.
func describe(img *ociv1.Image, layers []*storage.Layer, opts format) (config, text []byte, err error) {
	if opts.Docker {
		return describeDocker(img, layers, opts)
	}
	if config, err = json.Marshal(img); err != nil {
		return nil, nil, err
	}
	var blobs []ociv1.Descriptor
	for _, layer := range layers {
		blobs = append(blobs, ociv1.Descriptor{MediaType: ociv1.MediaTypeImageLayer, Digest: layer.UncompressedDigest, Size: layer.UncompressedSize})
	}
	text, err = manifest.OCI1FromComponents(ociv1.Descriptor{
		MediaType: ociv1.MediaTypeImageConfig, Digest: digest.FromBytes(config), Size: int64(len(config)),
	}, blobs).Serialize()
	return config, text, err
}

func describeDocker(img *ociv1.Image, layers []*storage.Layer, opts format) (config, text []byte, err error) {
	// The two formats share their keys; what Docker's has more is filled in.
	plain, err := json.Marshal(img)
	if err != nil {
		return nil, nil, err
	}
	var docker manifest.Schema2Image
	if err := json.NewDecoder(bytes.NewReader(plain)).Decode(&docker); err != nil {
		return nil, nil, err
	}
	docker.Comment, docker.Config.Healthcheck, docker.Config.OnBuild = opts.Message, opts.Healthcheck, opts.onBuild
	if config, err = json.Marshal(docker); err != nil {
		return nil, nil, err
	}
	var blobs []manifest.Schema2Descriptor
	for _, layer := range layers {
		blobs = append(blobs, manifest.Schema2Descriptor{
			MediaType: manifest.DockerV2SchemaLayerMediaTypeUncompressed, Digest: layer.UncompressedDigest, Size: layer.UncompressedSize,
		})
	}
	text, err = manifest.Schema2FromComponents(manifest.Schema2Descriptor{
		MediaType: manifest.DockerV2Schema2ConfigMediaType, Digest: digest.FromBytes(config), Size: int64(len(config)),
	}, blobs).Serialize()
	return config, text, err
}
