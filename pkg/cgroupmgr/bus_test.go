package cgroupmgr

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	systemdbus "github.com/coreos/go-systemd/v22/dbus"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/stretchr/testify/require"
)

// fakeSystemd keeps units, with a cgroup for each, in the tree of a kernel.
type fakeSystemd struct {
	kernel *kernel
	user   string // the cgroup of a user's own systemd

	mu    sync.Mutex
	units map[string]map[string]any // properties
	calls []string
}

func newFakeSystemd(k *kernel, user string) *fakeSystemd {
	return &fakeSystemd{kernel: k, user: user, units: map[string]map[string]any{}}
}

func (s *fakeSystemd) cgroup(unit string) string {
	if strings.HasSuffix(unit, sliceSuffix) {
		return path.Join("/", s.user, expandSlice(unit))
	}
	slice, _ := s.units[unit]["Slice"].(string)
	return path.Join("/", s.user, expandSlice(slice), unit)
}

func (s *fakeSystemd) StartTransientUnit(_ context.Context, unit string, props []systemdbus.Property) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "start "+unit)
	if s.units[unit] != nil {
		return fmt.Errorf("start %s: %w", unit, errdefs.ErrExists)
	}
	s.units[unit] = map[string]any{}
	s.set(unit, props)
	pids, _ := s.units[unit]["PIDs"].([]uint32)
	for _, pid := range pids {
		s.kernel.tree().evict(int(pid)) // leaves where it was
	}
	s.kernel.run(s.cgroup(unit))
	for _, pid := range pids {
		if err := s.kernel.tree().move(s.cgroup(unit), int(pid)); err != nil {
			return err
		}
	}
	return nil
}

func (s *fakeSystemd) set(unit string, props []systemdbus.Property) {
	for _, p := range props {
		s.units[unit][p.Name] = p.Value.Value()
	}
}

func (s *fakeSystemd) StopUnit(_ context.Context, unit string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "stop "+unit)
	if s.units[unit] == nil {
		return fmt.Errorf("stop %s: %w", unit, errdefs.ErrNotFound)
	}
	for other := range s.units {
		cgroup := s.cgroup(other)
		if cgroup == s.cgroup(unit) || strings.HasPrefix(cgroup, s.cgroup(unit)+"/") {
			s.kernel.exit(cgroup)
			defer delete(s.units, other)
		}
	}
	// A process that is no unit's keeps the cgroup, and systemd leaves it.
	_ = s.kernel.tree().removeOnce(s.cgroup(unit))
	return nil
}

func (s *fakeSystemd) Connect(context.Context) error { return nil }

func (s *fakeSystemd) ResetFailed(_ context.Context, unit string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.units[unit] == nil {
		return fmt.Errorf("reset %s: %w", unit, errdefs.ErrNotFound)
	}
	return nil
}

func (s *fakeSystemd) SetUnitProperties(_ context.Context, unit string, props []systemdbus.Property) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.units[unit] == nil {
		return fmt.Errorf("set %s: %w", unit, errdefs.ErrNotFound)
	}
	s.set(unit, props)
	return nil
}

// Before anything is made, for it could not be undone either.
func TestReady(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "bus"))
	root := newKernel(t, V2).root
	m, err := New(Systemd, Config{Root: root, Rootless: true, UID: os.Getuid()})
	require.NoError(t, err)
	err = m.Ready(t.Context())
	require.ErrorIs(t, err, errdefs.ErrUnavailable)
	require.ErrorContains(t, err, "--cgroup-manager=cgroupfs")
	m, err = New(Cgroupfs, Config{Root: root})
	require.NoError(t, err)
	require.NoError(t, m.Ready(t.Context()))
}

// Pods are removed at the same time over one connection.
func TestConnectionOutlivesWhoMadeIt(t *testing.T) {
	var made context.Context
	b := &systemBus{dial: func(ctx context.Context) (*systemdbus.Conn, error) {
		made = ctx
		return &systemdbus.Conn{}, nil
	}}
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, b.Connect(ctx))
	cancel()
	require.Never(t, func() bool { return made.Err() != nil }, 20*time.Millisecond, time.Millisecond)
}

func TestConnectingCanBeCancelled(t *testing.T) {
	b := &systemBus{dial: func(ctx context.Context) (*systemdbus.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.ErrorIs(t, b.Connect(ctx), errdefs.ErrUnavailable)
}
