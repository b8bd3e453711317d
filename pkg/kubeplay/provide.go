package kubeplay

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
	"sigs.k8s.io/yaml"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/kube"
	engine "github.com/podctl/podctl/pkg/runtime"
	"github.com/podctl/podctl/pkg/volume"
)

// Provider makes and reads what pods refer to.
type Provider interface {
	// CreateSecret stores a secret and returns its ID.
	CreateSecret(ctx context.Context, name string, data []byte, opts engine.SecretOptions) (string, error)
	// SecretData finds a secret and its data. ErrNoSuchSecret.
	SecretData(ctx context.Context, nameOrID string) (engine.Secret, []byte, error)
	// CreateVolume makes a volume and returns it.
	CreateVolume(ctx context.Context, opts volume.CreateOptions) (*volume.Volume, error)
	// MountVolume makes a volume's content reachable on the host and returns where.
	MountVolume(ctx context.Context, name string) (string, error)
	// UnmountVolume undoes MountVolume.
	UnmountVolume(ctx context.Context, name string) (string, error)
}

// sourcesOf is what pods may refer to.
func sourcesOf(ctx context.Context, eng Provider, maps []kube.ConfigMap) kube.Sources {
	s := kube.Sources{ConfigMaps: maps, CPUs: runtime.NumCPU(), Secret: func(name string) ([]byte, error) {
		_, data, err := eng.SecretData(ctx, name)
		return data, err
	}}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		s.Memory = int64(info.Totalram) * int64(info.Unit)
	}
	return s
}

// immutable marks a secret that must stay as it is, in the store that podman has too.
const immutable = "immutable"

// makeSecret stores a secret as YAML, as podman does, in the place of one of that name.
func makeSecret(ctx context.Context, eng Provider, secret *kube.Secret) (string, error) {
	there, _, err := eng.SecretData(ctx, secret.Name)
	switch {
	case err == nil && there.Metadata[immutable] == "true":
		return "", errdefs.As(errdefs.ErrInUse, errors.New("cannot remove colliding secret as it is set to immutable"))
	case err != nil && !errors.Is(err, errdefs.ErrNoSuchSecret):
		return "", err
	}
	data, err := yaml.Marshal(secret)
	if err != nil {
		return "", err
	}
	opts := engine.SecretOptions{Driver: "file", Replace: true}
	if secret.Immutable != nil && *secret.Immutable {
		opts.Metadata = map[string]string{immutable: "true"}
	}
	return eng.CreateSecret(ctx, secret.Name, data, opts)
}

// makeVolume makes the volume of a claim, if it is not there, and returns its name.
func makeVolume(ctx context.Context, eng Provider, claim *kube.PersistentVolumeClaim) (string, error) {
	v, err := claim.Volume()
	if err != nil {
		return "", err
	}
	content := io.Reader(nil)
	if v.Import != "" {
		file, err := os.Open(v.Import)
		if err != nil {
			return "", err
		}
		defer file.Close()
		content = file
	}
	created, err := eng.CreateVolume(ctx, volume.CreateOptions{
		Name: v.Name, Driver: v.Driver, Options: v.Options, Labels: v.Labels, UID: v.UID, GID: v.GID, IgnoreIfExists: true,
	})
	if err != nil {
		return "", err
	}
	if content != nil {
		err = fill(ctx, eng, created.Name, content)
	}
	return created.Name, err
}

// fill unpacks an archive into a volume.
func fill(ctx context.Context, eng Provider, name string, content io.Reader) error {
	dir, err := eng.MountVolume(ctx, name)
	if err != nil {
		return err
	}
	err = volume.Import(ctx, dir, content)
	_, undo := eng.UnmountVolume(context.WithoutCancel(ctx), name)
	return errors.Join(err, undo)
}

// makeFiles makes the volumes for ConfigMaps and secrets, and brings up to date those
// that are there.
func makeFiles(ctx context.Context, eng Provider, all []kube.Files) error {
	for _, files := range all {
		if _, err := eng.CreateVolume(ctx, volume.CreateOptions{Name: files.Volume, IgnoreIfExists: true}); err != nil {
			return fmt.Errorf("cannot create a local volume for volume from configmap %q: %w", files.Volume, err)
		}
		content, err := archive(files.Files)
		if err == nil {
			err = fill(ctx, eng, files.Volume, content)
		}
		if err != nil {
			return fmt.Errorf("fill volume %s: %w", files.Volume, err)
		}
	}
	return nil
}

// archive packs files. Whoever unpacks it sees to it that none leads out of its place.
func archive(files map[string]kube.FileContent) (io.Reader, error) {
	out := new(bytes.Buffer)
	w := tar.NewWriter(out)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		file := files[path]
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: file.Mode, Size: int64(len(file.Data))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(file.Data); err != nil {
			return nil, err
		}
	}
	return out, w.Close()
}

// makeHostPaths makes the files and directories that may be missing, and looks
// whether the others are what they are said to be.
func makeHostPaths(paths []kube.HostPath) error {
	for _, p := range paths {
		if err := makeHostPath(p); err != nil {
			return err
		}
	}
	return nil
}

func makeHostPath(p kube.HostPath) error {
	switch p.Type {
	case kube.DirectoryOrCreate:
		return os.MkdirAll(p.Path, 0o755)
	case kube.FileOrCreate:
		file, err := os.OpenFile(p.Path, os.O_RDONLY|os.O_CREATE, 0o644)
		if err != nil {
			return fmt.Errorf("creating HostPath: %w", err)
		}
		return file.Close()
	}
	info, err := os.Stat(p.Path)
	if err != nil {
		return fmt.Errorf("checking HostPath%s: %w", p.Type, err)
	}
	if kube.PathType(info.Mode()) != p.Type {
		return fmt.Errorf("checking HostPath%s: path %s is not a %s", p.Type, p.Path,
			map[string]string{kube.Socket: "socket", kube.CharDevice: "character device", kube.BlockDevice: "block device"}[p.Type])
	}
	return nil
}
