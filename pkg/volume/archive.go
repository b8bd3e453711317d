package volume

import (
	"context"
	"fmt"
	"io"

	"github.com/containers/storage/pkg/archive"
	"github.com/containers/storage/pkg/chrootarchive"
)

// Export writes the content of the directory, a mounted volume's mountpoint, as
// an uncompressed tar archive. The context ends it between two reads.
func Export(ctx context.Context, dir string, w io.Writer) error {
	tar, err := archive.TarWithOptions(dir, &archive.TarOptions{Compression: archive.Uncompressed})
	if err != nil {
		return fmt.Errorf("export volume: %w", err)
	}
	defer tar.Close()
	if _, err := io.Copy(w, cancelReader{ctx, tar}); err != nil {
		return fmt.Errorf("export volume: %w", err)
	}
	return nil
}

// Import unpacks a tar archive, which may be compressed, over what the directory
// holds. Links in the archive do not lead out of the directory: it is unpacked
// by a child process in a chroot, for which the program's main calls reexec.Init.
func Import(ctx context.Context, dir string, r io.Reader) error {
	if err := chrootarchive.Untar(cancelReader{ctx, r}, dir, nil); err != nil {
		return fmt.Errorf("import volume: %w", err)
	}
	return nil
}

// cancelReader ends a copy when the context does.
type cancelReader struct {
	ctx context.Context
	r   io.Reader
}

func (c cancelReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
