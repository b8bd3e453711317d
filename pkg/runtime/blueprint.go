package runtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/containers/common/libnetwork/types"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/volume"
)

// Blueprints are files from which rows can be made again: one for each container,
// pod and volume. They are written with what they describe and removed before its
// row. They are not synced: the database is the truth, these are for its loss.
// Those of containers and pods are in no directory of their own, because each
// thing on disk costs its removal a discard on file systems mounted that way.

// blueprint is a container's.
type blueprint struct {
	ID, Name, PodID string
	CreatedAt       time.Time
	DependsOn       []string
	Config          *container.Config
}

// podBlueprint is a pod's.
type podBlueprint struct {
	ID, Name, InfraID string
	CreatedAt         time.Time
	Config            *pod.Config
}

const (
	// blueprintSuffix follows the ID of a container or pod, volumeBlueprintName is
	// in a directory called after the volume, whose name may be any.
	blueprintSuffix     = ".json"
	volumeBlueprintName = "config.json"
	// netStatusName is a file in the bundle of a container that has networks:
	// what the network backend answered.
	netStatusName = "network.json"
)

func (r *Runtime) blueprintPath(id string) string {
	return r.settings.ContainerDir(id) + blueprintSuffix
}

func (r *Runtime) podBlueprintPath(id string) string {
	return filepath.Join(r.settings.StateDir, "pods", id+blueprintSuffix)
}

func (r *Runtime) volumeBlueprintDir(name string) string {
	return filepath.Join(r.settings.StateDir, "volumes", name)
}

func (r *Runtime) volumeBlueprintPath(name string) string {
	return filepath.Join(r.volumeBlueprintDir(name), volumeBlueprintName)
}

func (r *Runtime) writeBlueprint(c *container.Container) error {
	return writeJSON(r.blueprintPath(c.ID), blueprint{
		ID: c.ID, Name: c.Name, PodID: c.PodID, CreatedAt: c.CreatedAt, DependsOn: c.DependsOn, Config: c.Config,
	})
}

func (r *Runtime) writePodBlueprint(p *pod.Pod) error {
	return writeJSON(r.podBlueprintPath(p.ID), podBlueprint{
		ID: p.ID, Name: p.Name, InfraID: p.InfraID, CreatedAt: p.CreatedAt, Config: p.Config,
	})
}

func (r *Runtime) removeBlueprint(id string) error { return removeJSON(r.blueprintPath(id)) }

func (r *Runtime) removePodBlueprint(id string) error { return removeJSON(r.podBlueprintPath(id)) }

func (r *Runtime) writeVolumeBlueprint(v *volume.Volume) error {
	return writeJSON(r.volumeBlueprintPath(v.Name), v)
}

// removeVolumeBlueprint: the name may come from a damaged row.
func (r *Runtime) removeVolumeBlueprint(name string) error {
	if err := volume.ValidateName(name); err != nil {
		return err
	}
	if err := os.RemoveAll(r.volumeBlueprintDir(name)); err != nil {
		return fmt.Errorf("remove blueprint: %w", err)
	}
	return nil
}

func (r *Runtime) netStatusPath(id string) string {
	return filepath.Join(r.settings.BundleDir(id), netStatusName)
}

// writeNetStatus keeps beside the bundle what a row says of the network.
func (r *Runtime) writeNetStatus(c *container.Container) error {
	return writeJSON(r.netStatusPath(c.ID), c.Runtime.NetStatus)
}

func (r *Runtime) readNetStatus(id string) (status map[string]types.StatusBlock) {
	_ = readJSON(r.netStatusPath(id), &status) // no file, no networks
	return status
}

// writeJSON writes a file that others see whole or not at all.
func writeJSON(path string, value any) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return replaceJSON(path, value)
}

// replaceJSON is writeJSON in a directory that is there. Readers, who take no lock,
// never see half of the file.
func replaceJSON(path string, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	if err := os.WriteFile(path+unfinished, b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+unfinished, path)
}

// unfinished follows the name of a file while replaceJSON writes it.
const unfinished = ".new"

// removeJSON removes a file written by writeJSON, and what a writer left that was
// killed. Idempotent.
func removeJSON(path string) error {
	for _, file := range []string{path, path + unfinished} {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove blueprint: %w", err)
		}
	}
	return nil
}

// readJSON reads a file written by writeJSON.
func readJSON(path string, into any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// readBlueprint reads a container's blueprint; it must be that container's.
func (r *Runtime) readBlueprint(id string) (*blueprint, error) {
	b := new(blueprint)
	if err := readJSON(r.blueprintPath(id), b); err != nil {
		return nil, err
	}
	if b.ID != id || b.Name == "" || b.Config == nil {
		return nil, fmt.Errorf("%s does not describe container %s", r.blueprintPath(id), id)
	}
	return b, nil
}

// readPodBlueprint is readBlueprint for pods.
func (r *Runtime) readPodBlueprint(id string) (*podBlueprint, error) {
	b := new(podBlueprint)
	if err := readJSON(r.podBlueprintPath(id), b); err != nil {
		return nil, err
	}
	if b.ID != id || b.Name == "" || b.Config == nil {
		return nil, fmt.Errorf("%s does not describe pod %s", r.podBlueprintPath(id), id)
	}
	return b, nil
}

// readVolumeBlueprint is readBlueprint for volumes.
func (r *Runtime) readVolumeBlueprint(name string) (*volume.Volume, error) {
	v := new(volume.Volume)
	if err := readJSON(r.volumeBlueprintPath(name), v); err != nil {
		return nil, err
	}
	if v.Name != name || v.Driver == "" {
		return nil, fmt.Errorf("%s does not describe volume %s", r.volumeBlueprintPath(name), name)
	}
	return v, nil
}
