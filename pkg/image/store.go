package image

import (
	"errors"
	"fmt"

	storagetransport "github.com/containers/image/v5/storage"
	imagetypes "github.com/containers/image/v5/types"
	"github.com/containers/storage"
	"github.com/containers/storage/types"
)

// Store is an open image and layer store. It is safe for concurrent use.
type Store struct {
	store storage.Store
	sys   *imagetypes.SystemContext
	hooks Hooks
}

// Open opens the store cfg describes, creating its directories if needed. The
// error wraps what containers/storage said; nothing is left open then.
func Open(cfg Config) (*Store, error) {
	base, err := types.DefaultStoreOptions()
	if err != nil {
		return nil, fmt.Errorf("read storage.conf: %w", err)
	}
	opts, err := cfg.storeOptions(base)
	if err != nil {
		return nil, err
	}
	sys, err := cfg.systemContext()
	if err != nil {
		return nil, err
	}
	store, err := storage.GetStore(opts)
	if err != nil {
		return nil, fmt.Errorf("open image store: %w", err)
	}
	// References such as containers-storage:NAME are resolved in this store.
	storagetransport.Transport.SetStore(store)
	return &Store{store: store, sys: sys, hooks: cfg.Hooks}, nil
}

// Storage is the store on the library's terms, for package library.
func (s *Store) Storage() storage.Store { return s.store }

// SystemContext is what containers/image is told about registries and files. It
// is shared: to change something, copy it.
func (s *Store) SystemContext() *imagetypes.SystemContext { return s.sys }

// Close ends the use of the store. Where no layer is mounted the driver's own
// mount on the store directory is taken away too, so that nothing of podctl is
// left on the host; with layers mounted that is not an error.
func (s *Store) Close() error {
	_, err := s.store.Shutdown(false)
	if errors.Is(err, storage.ErrLayerUsedByContainer) {
		err = nil
	}
	s.store.Free()
	if err != nil {
		return fmt.Errorf("close image store: %w", err)
	}
	return nil
}

// Wipe deletes every container layer, image and layer in the store, whoever
// made them, after unmounting them.
func (s *Store) Wipe() error {
	if _, err := s.store.Shutdown(true); err != nil && !errors.Is(err, storage.ErrLayerUsedByContainer) {
		return fmt.Errorf("unmount layers: %w", err)
	}
	if err := s.store.Wipe(); err != nil {
		return fmt.Errorf("wipe image store: %w", err)
	}
	return nil
}

// CollectGarbage removes what interrupted removals left in the store.
func (s *Store) CollectGarbage() error {
	if err := s.store.GarbageCollect(); err != nil {
		return fmt.Errorf("collect garbage of the image store: %w", err)
	}
	return nil
}
