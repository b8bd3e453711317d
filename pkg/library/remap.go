package library

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"

	"github.com/containers/storage"
	"github.com/containers/storage/pkg/idtools"
)

// asContainer writes the diff of a container's layer with the IDs the container
// sees. The store does so by itself only for layers that were copied for the
// container's ranges: those of ones that are shifted when they are mounted have
// the host's.
func asContainer(w io.Writer, diff io.Reader, c *storage.Container, layer *storage.Layer) error {
	if len(c.UIDMap)+len(c.GIDMap) == 0 || len(layer.UIDMap)+len(layer.GIDMap) > 0 {
		_, err := io.Copy(w, diff)
		return err
	}
	maps := idtools.NewIDMappingsFromMaps(c.UIDMap, c.GIDMap)
	from, to := tar.NewReader(diff), tar.NewWriter(w)
	for {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			return to.Close()
		}
		if err != nil {
			return fmt.Errorf("read changes of container %s: %w", c.ID, err)
		}
		// What nobody in the container owns stays as it is.
		if uid, gid, err := maps.ToContainer(idtools.IDPair{UID: header.Uid, GID: header.Gid}); err == nil {
			header.Uid, header.Gid = uid, gid
		}
		if err := to.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(to, from); err != nil {
			return err
		}
	}
}
