package image

import (
	"errors"
	"fmt"
	"os"

	"github.com/containers/common/libimage"
	storagetransport "github.com/containers/image/v5/storage"
	"github.com/containers/storage"
	"github.com/containers/storage/types"
)

// Store is an open image and layer store. It is safe for concurrent use.
type Store struct {
	store   storage.Store
	runtime *libimage.Runtime
	hooks   Hooks
	tmpDir  string
	// localPolicy is the built-in policy as a file, nil when the host has a
	// policy.json of its own.
	localPolicy *os.File
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
	sys := cfg.systemContext()
	policy, err := localPolicyFor(sys.SignaturePolicyPath)
	if err != nil {
		return nil, err
	}
	store, err := storage.GetStore(opts)
	if err != nil {
		closePolicy(policy)
		return nil, fmt.Errorf("open image store: %w", err)
	}
	// References such as containers-storage:NAME are resolved in this store.
	storagetransport.Transport.SetStore(store)
	rt, err := libimage.RuntimeFromStore(store, &libimage.RuntimeOptions{SystemContext: sys})
	if err != nil {
		closePolicy(policy)
		store.Free()
		return nil, fmt.Errorf("open image store: %w", err)
	}
	return &Store{
		store: store, runtime: rt, hooks: cfg.Hooks, localPolicy: policy,
		tmpDir: rt.SystemContext().BigFilesTemporaryDir,
	}, nil
}

// Close ends the use of the store. Where no layer is mounted the driver's own
// mount on the store directory is taken away too, so that nothing of podctl is
// left on the host; with layers mounted that is not an error.
func (s *Store) Close() error {
	_, err := s.store.Shutdown(false)
	if errors.Is(err, storage.ErrLayerUsedByContainer) {
		err = nil
	}
	s.store.Free()
	closePolicy(s.localPolicy)
	s.localPolicy = nil
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
