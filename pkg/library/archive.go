package library

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/containers/common/libimage"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
)

// Load reads all images of an archive or directory (docker-archive, oci-archive,
// oci, dir) and returns their names, or "sha256:ID" for an image without one.
func (l *Library) Load(ctx context.Context, path string, progress io.Writer) ([]string, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	opts := &libimage.LoadOptions{}
	opts.Writer = progress
	opts.SignaturePolicyPath = l.localPolicyPath()
	names, err := l.runtime.Load(ctx, path, opts)
	if err != nil {
		return nil, image.Classify(err)
	}
	for _, name := range names {
		img, _, err := l.lookup(name)
		if err != nil {
			return names, fmt.Errorf("look up loaded image: %w", err)
		}
		l.Report(ctx, image.Event{Status: image.StatusLoad, ID: img.ID(), Name: path})
	}
	return names, nil
}

// LoadFrom is Load for an archive that is not a file, such as standard input.
func (l *Library) LoadFrom(ctx context.Context, archive io.Reader, progress io.Writer) (names []string, err error) {
	file, err := l.tempFile()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if _, err := io.Copy(file, archive); err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	return l.Load(ctx, file.Name(), progress)
}

// SaveOptions modify Save.
type SaveOptions struct {
	// Format is docker-archive, oci-archive, oci-dir or docker-dir.
	Format string
	// Tags are further names put into the archive, for one image only.
	Tags []string
	// Compress the layers of a docker-dir.
	Compress bool
	// Uncompressed keeps layers of OCI formats as they are.
	Uncompressed bool
	Progress     io.Writer
}

// Save writes images to path. Only docker-archive takes several.
func (l *Library) Save(ctx context.Context, names []string, path string, opts SaveOptions) error {
	saveOpts := &libimage.SaveOptions{AdditionalTags: opts.Tags}
	saveOpts.DirForceCompress = opts.Compress
	saveOpts.OciAcceptUncompressedLayers = opts.Uncompressed
	saveOpts.Writer = opts.Progress
	saveOpts.SignaturePolicyPath = l.localPolicyPath()
	// libimage's words for an unknown image are podctl's too.
	if err := l.runtime.Save(ctx, names, opts.Format, path, saveOpts); err != nil {
		return image.Classify(err)
	}
	for _, name := range names {
		if img, _, err := l.lookup(name); err == nil {
			l.Report(ctx, image.Event{Status: image.StatusSave, ID: img.ID(), Name: path})
		}
	}
	return nil
}

// SaveTo is Save of an archive format to a stream.
func (l *Library) SaveTo(ctx context.Context, names []string, out io.Writer, opts SaveOptions) (err error) {
	file, err := l.tempFile()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if err := l.Save(ctx, names, file.Name(), opts); err != nil {
		return err
	}
	// Writers may replace the file, so it is opened anew.
	saved, err := os.Open(file.Name())
	if err != nil {
		return err
	}
	defer saved.Close()
	if _, err := io.Copy(out, saved); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return nil
}

// ImportOptions modify Import.
type ImportOptions struct {
	// Ref is the name of the new image; it may be empty.
	Ref string
	// Changes are Dockerfile instructions such as CMD=/bin/sh.
	Changes []string
	// Message is the comment in the image's history.
	Message           string
	OS, Arch, Variant string
	Progress          io.Writer
}

// Import makes an image with one layer from a tar archive of a root file system
// and returns "sha256:ID".
func (l *Library) Import(ctx context.Context, path string, opts ImportOptions) (string, error) {
	importOpts := &libimage.ImportOptions{
		Changes: opts.Changes, CommitMessage: opts.Message, Tag: opts.Ref, OS: opts.OS, Arch: opts.Arch,
	}
	importOpts.Variant = opts.Variant
	importOpts.Writer = opts.Progress
	importOpts.SignaturePolicyPath = l.localPolicyPath()
	name, err := l.runtime.Import(ctx, path, importOpts)
	if err != nil {
		return "", image.Classify(err)
	}
	return name, nil
}

// ImportFrom is Import of an archive that is not a file.
func (l *Library) ImportFrom(ctx context.Context, archive io.Reader, opts ImportOptions) (_ string, err error) {
	file, err := l.tempFile()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if _, err := io.Copy(file, archive); err != nil {
		return "", fmt.Errorf("read archive: %w", err)
	}
	return l.Import(ctx, file.Name(), opts)
}

func (l *Library) tempFile() (*os.File, error) {
	file, err := os.CreateTemp(l.SystemContext().BigFilesTemporaryDir, "podctl-image-")
	if err != nil {
		return nil, fmt.Errorf("create temporary archive: %w: %w", err, errdefs.ErrUnavailable)
	}
	return file, nil
}
