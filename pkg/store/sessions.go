package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// ExecSession is one `exec` in a running container.
type ExecSession struct {
	ID          string
	ContainerID string
	// Process is the session's process; zero until it runs.
	Process   container.Owner
	CreatedAt time.Time
	// Config is the session's JSON, opaque here.
	Config []byte
}

const sessionColumns = "id, container_id, pid, pid_start, boot_id, created_at, config"

func scanSession(row scanner) (*ExecSession, error) {
	var (
		s              ExecSession
		start, created int64
	)
	err := row.Scan(&s.ID, &s.ContainerID, &s.Process.PID, &start, &s.Process.BootID, &created, &s.Config)
	s.Process.StartTime, s.CreatedAt = uint64(start), instant(created)
	return &s, err
}

// InsertExecSession records a session before its process starts.
func (tx *Tx) InsertExecSession(ctx context.Context, s *ExecSession) error {
	_, err := tx.exec(ctx, "INSERT INTO exec_sessions ("+sessionColumns+") VALUES (?, ?, ?, ?, ?, ?, ?)",
		s.ID, s.ContainerID, s.Process.PID, int64(s.Process.StartTime), s.Process.BootID, nanos(s.CreatedAt), string(s.Config))
	if isForeignKey(err) {
		return fmt.Errorf("no container with name or ID %q found: %w", s.ContainerID, errdefs.ErrNoSuchCtr)
	}
	return err
}

// SaveExecSession writes the session's process.
func (tx *Tx) SaveExecSession(ctx context.Context, s *ExecSession) error {
	_, err := tx.exec(ctx, "UPDATE exec_sessions SET pid = ?, pid_start = ?, boot_id = ? WHERE id = ?",
		s.Process.PID, int64(s.Process.StartTime), s.Process.BootID, s.ID)
	return err
}

// ExecSession returns one session.
func (tx *Tx) ExecSession(ctx context.Context, id string) (*ExecSession, error) {
	s, err := scanSession(tx.tx.QueryRowContext(ctx, "SELECT "+sessionColumns+" FROM exec_sessions WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("no exec session with ID %s found: %w", id, errdefs.ErrNoSuchExecSession)
	}
	return s, err
}

// ExecSessions returns the sessions of a container, or all with an empty ID.
func (tx *Tx) ExecSessions(ctx context.Context, containerID string) ([]*ExecSession, error) {
	return collect(ctx, tx, scanSession, "SELECT "+sessionColumns+" FROM exec_sessions WHERE ?1 = '' OR container_id = ?1 ORDER BY created_at, id", containerID)
}

// DeleteExecSession forgets a session; unknown ones are no error.
func (tx *Tx) DeleteExecSession(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, "DELETE FROM exec_sessions WHERE id = ?", id)
	return err
}

// exitCodeLifetime is how long the exit code of a removed container can be asked for.
const exitCodeLifetime = 5 * time.Minute

// SaveExitCode keeps an exit code beyond its container and drops old ones.
func (tx *Tx) SaveExitCode(ctx context.Context, containerID string, code int) error {
	if _, err := tx.exec(ctx, "DELETE FROM exit_codes WHERE at < ? AND container_id NOT IN (SELECT id FROM containers)",
		nanos(tx.now.Add(-exitCodeLifetime))); err != nil {
		return err
	}
	_, err := tx.exec(ctx, "INSERT OR REPLACE INTO exit_codes (container_id, code, at) VALUES (?, ?, ?)", containerID, code, nanos(tx.now))
	return err
}

// ExitCode is the last exit code of a container that may be gone;
// [errdefs.ErrNoSuchExitCode] when unknown.
func (tx *Tx) ExitCode(ctx context.Context, containerID string) (int, error) {
	var code int
	err := tx.tx.QueryRowContext(ctx, "SELECT code FROM exit_codes WHERE container_id = ?", containerID).Scan(&code)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("exit code of container %s: %w", containerID, errdefs.ErrNoSuchExitCode)
	}
	return code, err
}

// Meta reads a value of the database itself; "" when unset.
func (tx *Tx) Meta(ctx context.Context, key string) (string, error) {
	var v string
	err := tx.tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", key).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return v, err
}

// SetMeta writes a value of the database itself.
func (tx *Tx) SetMeta(ctx context.Context, key, value string) error {
	_, err := tx.exec(ctx, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", key, value)
	return err
}
