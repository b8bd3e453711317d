package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/containers/common/libimage"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Load reads all images of an archive or directory (docker-archive, oci-archive,
// oci, dir) and returns their names, or "sha256:ID" for an image without one.
func (s *Store) Load(ctx context.Context, path string, progress io.Writer) ([]string, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	opts := &libimage.LoadOptions{}
	opts.Writer = progress
	opts.SignaturePolicyPath = s.localPolicyPath()
	names, err := s.runtime.Load(ctx, path, opts)
	if err != nil {
		return nil, classify(err)
	}
	for _, name := range names {
		img, _, err := s.lookup(name)
		if err != nil {
			return names, fmt.Errorf("look up loaded image: %w", err)
		}
		s.event(ctx, Event{Status: StatusLoad, ID: img.ID(), Name: path})
	}
	return names, nil
}

// LoadFrom is Load for an archive that is not a file, such as standard input.
func (s *Store) LoadFrom(ctx context.Context, archive io.Reader, progress io.Writer) (names []string, err error) {
	file, err := s.tempFile()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if _, err := io.Copy(file, archive); err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	return s.Load(ctx, file.Name(), progress)
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
func (s *Store) Save(ctx context.Context, names []string, path string, opts SaveOptions) error {
	saveOpts := &libimage.SaveOptions{AdditionalTags: opts.Tags}
	saveOpts.DirForceCompress = opts.Compress
	saveOpts.OciAcceptUncompressedLayers = opts.Uncompressed
	saveOpts.Writer = opts.Progress
	saveOpts.SignaturePolicyPath = s.localPolicyPath()
	// libimage's words for an unknown image are podctl's too.
	if err := s.runtime.Save(ctx, names, opts.Format, path, saveOpts); err != nil {
		return classify(err)
	}
	for _, name := range names {
		if img, _, err := s.lookup(name); err == nil {
			s.event(ctx, Event{Status: StatusSave, ID: img.ID(), Name: path})
		}
	}
	return nil
}

// SaveTo is Save of an archive format to a stream.
func (s *Store) SaveTo(ctx context.Context, names []string, out io.Writer, opts SaveOptions) (err error) {
	file, err := s.tempFile()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if err := s.Save(ctx, names, file.Name(), opts); err != nil {
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
func (s *Store) Import(ctx context.Context, path string, opts ImportOptions) (string, error) {
	importOpts := &libimage.ImportOptions{
		Changes: opts.Changes, CommitMessage: opts.Message, Tag: opts.Ref, OS: opts.OS, Arch: opts.Arch,
	}
	importOpts.Variant = opts.Variant
	importOpts.Writer = opts.Progress
	importOpts.SignaturePolicyPath = s.localPolicyPath()
	name, err := s.runtime.Import(ctx, path, importOpts)
	if err != nil {
		return "", classify(err)
	}
	return name, nil
}

// ImportFrom is Import of an archive that is not a file.
func (s *Store) ImportFrom(ctx context.Context, archive io.Reader, opts ImportOptions) (_ string, err error) {
	file, err := s.tempFile()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if _, err := io.Copy(file, archive); err != nil {
		return "", fmt.Errorf("read archive: %w", err)
	}
	return s.Import(ctx, file.Name(), opts)
}

func (s *Store) tempFile() (*os.File, error) {
	file, err := os.CreateTemp(s.tmpDir, "podctl-image-")
	if err != nil {
		return nil, fmt.Errorf("create temporary archive: %w: %w", err, errdefs.ErrUnavailable)
	}
	return file, nil
}
