package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"github.com/containers/common/pkg/secrets"
	"github.com/containers/common/pkg/subscriptions"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// secretsBase is where secrets are in a container.
const secretsBase = "/run/secrets"

// secrets adds what mounts.conf(5) gives to every container and the container's
// own secrets.
func (w *writer) secrets(context.Context) error {
	if w.cfg.Imageless() {
		return nil
	}
	uid, gid := w.containerRoot()
	for _, m := range subscriptions.MountsWithUIDGID(w.Spec.MountLabel, w.Dir, w.DefaultMountsFile, w.Spec.Rootfs, uid, gid, w.Spec.Rootless, false) {
		w.bindOnly(m.Source, m.Destination)
	}
	if len(w.cfg.Storage.Secrets) == 0 {
		return nil
	}
	if err := KeepSecrets(w.KeepDir, w.SecretsDir, w.cfg.Storage.Secrets); err != nil {
		return err
	}
	// The OCI runtime binds files as a user that may be nobody here.
	if err := os.MkdirAll(filepath.Join(w.Dir, "secret-files"), 0o711); err != nil {
		return fmt.Errorf("secrets of container %s: %w", w.Container.ID, err)
	}
	for i, s := range w.cfg.Storage.Secrets {
		if err := w.secret(i, s); err != nil {
			return fmt.Errorf("secret %s: %w", s.Name, err)
		}
	}
	return nil
}

// secret adds one secret to the environment, or a file with its own owner and
// mode: a secret may be given to several.
func (w *writer) secret(index int, s container.Secret) error {
	target := s.Target
	if target == "" {
		target = s.Name
	}
	data, err := os.ReadFile(filepath.Join(w.KeepDir, "secrets", s.Name))
	if err != nil {
		return err
	}
	if s.Type == "env" {
		w.Spec.Env = append(w.Spec.Env, target+"="+string(data))
		return nil
	}
	if !path.IsAbs(target) {
		target = path.Join(secretsBase, target)
	}
	mode := os.FileMode(s.Mode)
	if mode == 0 {
		mode = 0o444
	}
	file := filepath.Join(w.Dir, "secret-files", strconv.Itoa(index))
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return err
	}
	if err := w.own(file); err != nil {
		return err
	}
	if err := os.Lchown(file, onHost(w.Spec.UIDMappings, s.UID), onHost(w.Spec.GIDMappings, s.GID)); err != nil {
		return err
	}
	if err := os.Chmod(file, mode); err != nil {
		return err
	}
	w.bindOnly(file, target)
	return nil
}

// KeepSecrets copies secrets from the store in storeDir to keepDir, where [Write]
// looks for them: a container keeps the secrets it was made with. A secret that
// was copied before is not looked up again. One that is in neither place is
// errdefs.ErrNotFound.
func KeepSecrets(keepDir, storeDir string, wanted []container.Secret) error {
	var store *secrets.SecretsManager
	dir := filepath.Join(keepDir, "secrets")
	for _, s := range wanted {
		if filepath.Base(s.Name) != s.Name {
			return fmt.Errorf("secret %q: not a name: %w", s.Name, errdefs.ErrInvalidArg)
		}
		kept := filepath.Join(dir, s.Name)
		_, err := os.Lstat(kept)
		if err == nil {
			continue
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("secret %s: %w", s.Name, err)
		}
		if store == nil {
			if store, err = secrets.NewManager(storeDir); err != nil {
				return fmt.Errorf("open secrets: %w", err)
			}
		}
		if err := keep(store, dir, s); err != nil {
			return err
		}
	}
	return nil
}

func keep(store *secrets.SecretsManager, dir string, s container.Secret) error {
	key := s.ID
	if key == "" {
		key = s.Name
	}
	_, data, err := store.LookupSecretData(key)
	if err != nil {
		return fmt.Errorf("secret %s: %w: %w", s.Name, err, errdefs.ErrNoSuchSecret)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("secret %s: %w", s.Name, err)
	}
	part := filepath.Join(dir, "."+s.Name+".part")
	if err := os.WriteFile(part, data, 0o400); err != nil {
		return fmt.Errorf("secret %s: %w", s.Name, err)
	}
	return os.Rename(part, filepath.Join(dir, s.Name))
}
