package cgroupmgr

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/containers/common/pkg/cgroups"
	systemdbus "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
	"github.com/podctl/podctl/pkg/errdefs"
)

// bus is what is needed of systemd. Starting and stopping wait for the job.
// A unit that exists is an error of class errdefs.ErrExists, one that does not
// of class errdefs.ErrNotFound.
type bus interface {
	Connect(ctx context.Context) error
	StartTransientUnit(ctx context.Context, unit string, props []systemdbus.Property) error
	StopUnit(ctx context.Context, unit string) error
	ResetFailed(ctx context.Context, unit string) error
	SetUnitProperties(ctx context.Context, unit string, props []systemdbus.Property) error
}

// systemBus is the bus of the host, or of the user when rootless. It connects
// at its first use and keeps the connection.
type systemBus struct {
	dial func(context.Context) (*systemdbus.Conn, error)
	mu   sync.Mutex
	conn *systemdbus.Conn
}

func newSystemBus(cfg Config) *systemBus {
	return &systemBus{dial: func(ctx context.Context) (*systemdbus.Conn, error) {
		if cfg.Rootless {
			// Inside a user namespace the bus has to be told the id outside.
			return cgroups.UserConnection(cfg.UID)
		}
		return systemdbus.NewWithContext(ctx)
	}}
}

func (b *systemBus) Connect(ctx context.Context) error {
	_, err := b.connect(ctx)
	return err
}

func (b *systemBus) connect(ctx context.Context) (*systemdbus.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn != nil && b.conn.Connected() {
		return b.conn, nil
	}
	// The connection ends with the context it was made with, and is not ours alone:
	// who comes first must not end it for the others.
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	var err error
	if b.conn, err = b.dial(lasting); err != nil {
		b.conn = nil
		return nil, fmt.Errorf("connect to systemd (is it running? else use --cgroup-manager=cgroupfs): %w: %w", err, errdefs.ErrUnavailable)
	}
	return b.conn, nil
}

func (b *systemBus) StartTransientUnit(ctx context.Context, unit string, props []systemdbus.Property) error {
	return b.job(ctx, "start", unit, func(c *systemdbus.Conn, result chan<- string) error {
		_, err := c.StartTransientUnitContext(ctx, unit, "fail", props, result)
		return err
	})
}

func (b *systemBus) StopUnit(ctx context.Context, unit string) error {
	return b.job(ctx, "stop", unit, func(c *systemdbus.Conn, result chan<- string) error {
		_, err := c.StopUnitContext(ctx, unit, "replace", result)
		return err
	})
}

func (b *systemBus) ResetFailed(ctx context.Context, unit string) error {
	c, err := b.connect(ctx)
	if err != nil {
		return err
	}
	return classify("reset", unit, c.ResetFailedUnitContext(ctx, unit))
}

func (b *systemBus) SetUnitProperties(ctx context.Context, unit string, props []systemdbus.Property) error {
	c, err := b.connect(ctx)
	if err != nil {
		return err
	}
	return classify("set properties of", unit, c.SetUnitPropertiesContext(ctx, unit, true, props...))
}

// job runs one systemd job and waits for its result.
func (b *systemBus) job(ctx context.Context, verb, unit string, run func(*systemdbus.Conn, chan<- string) error) error {
	c, err := b.connect(ctx)
	if err != nil {
		return err
	}
	// The library sends from the loop that reads the bus: room for one
	// result, or a waiter that gave up would stop it.
	result := make(chan string, 1)
	if err := run(c, result); err != nil {
		return classify(verb, unit, err)
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s unit %s: %w", verb, unit, ctx.Err())
	case r := <-result:
		if r != "done" {
			return fmt.Errorf("%s unit %s: systemd says %q: %w", verb, unit, r, errdefs.ErrUnavailable)
		}
		return nil
	}
}

// classify gives the errors of systemd that matter their class.
func classify(verb, unit string, err error) error {
	if err == nil {
		return nil
	}
	var answer dbus.Error
	if errors.As(err, &answer) {
		switch answer.Name {
		case "org.freedesktop.systemd1.UnitExists":
			return fmt.Errorf("%s unit %s: %w", verb, unit, errdefs.ErrExists)
		case "org.freedesktop.systemd1.NoSuchUnit":
			return fmt.Errorf("%s unit %s: %w", verb, unit, errdefs.ErrNotFound)
		}
	}
	return fmt.Errorf("%s unit %s: %w", verb, unit, err)
}
