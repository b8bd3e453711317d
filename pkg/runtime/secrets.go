package runtime

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containers/common/pkg/secrets"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/store"
)

// Secret is what is known of a secret besides its data.
type Secret = secrets.Secret

// SecretOptions describe a secret to be made. Replace and IgnoreIfExists say
// what becomes of one that has the name.
type SecretOptions struct {
	// Driver is where the data is kept; "" and no options: as configured.
	Driver        string
	DriverOptions map[string]string
	Labels        map[string]string
	// Metadata is what others who share the store want to know.
	Metadata map[string]string

	Replace, IgnoreIfExists bool
}

// fileDriver keeps the data of secrets in files.
const fileDriver = "file"

// secretStore opens the store of secrets, which is shared with podman and has
// locks of its own.
func (r *Runtime) secretStore() (*secrets.SecretsManager, error) {
	m, err := secrets.NewManager(r.settings.SecretsDir())
	if err != nil {
		return nil, fmt.Errorf("open secrets: %w", err)
	}
	return m, nil
}

// CreateSecret stores a secret and returns its ID. A taken name is an error
// unless the options say otherwise.
func (r *Runtime) CreateSecret(ctx context.Context, name string, data []byte, opts SecretOptions) (string, error) {
	m, err := r.secretStore()
	if err != nil {
		return "", err
	}
	if opts.IgnoreIfExists {
		if s, err := m.Lookup(name); err == nil {
			return s.ID, nil
		}
	}
	driver, options := r.secretDriver(opts)
	id, err := m.Store(name, data, driver, secrets.StoreOptions{
		DriverOpts: options, Labels: opts.Labels, Metadata: opts.Metadata, Replace: opts.Replace, IgnoreIfExists: opts.IgnoreIfExists,
	})
	if err != nil {
		return "", err
	}
	return id, r.secretEvent(ctx, event.Create, id, name)
}

// secretDriver is the driver and its options: those given, else those of
// containers.conf. Files are kept beside the list of secrets.
func (r *Runtime) secretDriver(opts SecretOptions) (driver string, options map[string]string) {
	conf := r.settings.Conf.Secrets
	driver, options = opts.Driver, map[string]string{}
	if driver == "" {
		driver = conf.Driver
	}
	if driver == conf.Driver {
		for k, v := range conf.Opts {
			options[k] = v
		}
	}
	for k, v := range opts.DriverOptions {
		options[k] = v
	}
	if driver == fileDriver && options["path"] == "" {
		options["path"] = filepath.Join(r.settings.SecretsDir(), "filedriver")
	}
	return driver, options
}

// Secret finds a secret by name, ID or ID prefix. ErrNoSuchSecret.
func (r *Runtime) Secret(_ context.Context, nameOrID string) (Secret, error) {
	m, err := r.secretStore()
	if err != nil {
		return Secret{}, err
	}
	s, err := m.Lookup(nameOrID)
	if err != nil {
		return Secret{}, secretError(nameOrID, err)
	}
	return *s, nil
}

// SecretData is Secret and the data.
func (r *Runtime) SecretData(_ context.Context, nameOrID string) (Secret, []byte, error) {
	m, err := r.secretStore()
	if err != nil {
		return Secret{}, nil, err
	}
	s, data, err := m.LookupSecretData(nameOrID)
	if err != nil {
		return Secret{}, nil, secretError(nameOrID, err)
	}
	return *s, data, nil
}

// ListSecrets returns all secrets by name.
func (r *Runtime) ListSecrets(context.Context) ([]Secret, error) {
	m, err := r.secretStore()
	if err != nil {
		return nil, err
	}
	list, err := m.List()
	if err != nil {
		return nil, fmt.Errorf("list secrets: %w", err)
	}
	slices.SortFunc(list, func(a, b Secret) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// RemoveSecret removes a secret with its data and returns its ID. Containers
// keep what they were given of it. ErrNoSuchSecret.
func (r *Runtime) RemoveSecret(ctx context.Context, nameOrID string) (string, error) {
	m, err := r.secretStore()
	if err != nil {
		return "", err
	}
	s, err := m.Lookup(nameOrID)
	if err != nil {
		return "", secretError(nameOrID, err)
	}
	id, err := m.Delete(nameOrID)
	if err != nil {
		return "", secretError(nameOrID, err)
	}
	return id, r.secretEvent(ctx, event.Remove, id, s.Name)
}

// secretError gives the library's error our class.
func secretError(nameOrID string, err error) error {
	if errors.Is(err, secrets.ErrNoSuchSecret) {
		return fmt.Errorf("no secret with name or id %q: %w", nameOrID, errdefs.ErrNoSuchSecret)
	}
	return err
}

// secretEvent records what was done to a secret. Secrets live outside our
// database, so the event follows its change.
func (r *Runtime) secretEvent(ctx context.Context, status event.Status, id, name string) error {
	return r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		return tx.AddEvent(ctx, event.Event{Type: event.Secret, Status: status, ID: id, Name: name})
	})
}

// resolveSecrets finds the secrets a container asks for. ErrNoSuchSecret.
func (r *Runtime) resolveSecrets(ctx context.Context, cfg *container.Config) error {
	for i := range cfg.Storage.Secrets {
		s, err := r.Secret(ctx, cfg.Storage.Secrets[i].Name)
		if err != nil {
			return err
		}
		cfg.Storage.Secrets[i].ID = s.ID
	}
	return nil
}

// keepSecrets copies a container's secrets to its own directory: it keeps them
// as they were when it was made.
func (r *Runtime) keepSecrets(c *container.Container) error {
	return bundle.KeepSecrets(r.settings.ContainerDir(c.ID), r.settings.SecretsDir(), c.Config.Storage.Secrets)
}
