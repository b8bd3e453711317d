package image

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Records are what a store's own files say of podctl's containers.
type Records struct {
	// Own are the IDs of containers with podctl's mark.
	Own map[string]bool
	// Layers are the IDs of all layers, anybody's.
	Layers map[string]bool
}

// ReadRecords reads a store's files without opening the store: it takes no lock,
// mounts nothing and sees what the last writer wrote. For reports; to act, open
// the store and ask again.
func ReadRecords(graphRoot, runRoot string) (Records, error) {
	r := Records{Own: map[string]bool{}, Layers: map[string]bool{}}
	type record struct {
		ID       string `json:"id"`
		Metadata string `json:"metadata"`
	}
	for _, root := range []string{graphRoot, runRoot} {
		for _, name := range []string{"*-containers/containers.json", "*-containers/volatile-containers.json", "*-layers/layers.json", "*-layers/volatile-layers.json"} {
			files, err := filepath.Glob(filepath.Join(root, name))
			if err != nil {
				return r, err
			}
			for _, file := range files {
				var list []record
				b, err := os.ReadFile(file)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err == nil && len(b) > 0 {
					err = json.Unmarshal(b, &list)
				}
				if err != nil {
					return r, fmt.Errorf("read %s: %w", file, err)
				}
				for _, rec := range list {
					if filepath.Base(filepath.Dir(name)) == "*-layers" {
						r.Layers[rec.ID] = true
					} else if rec.Metadata == containerMetadata {
						r.Own[rec.ID] = true
					}
				}
			}
		}
	}
	return r, nil
}
