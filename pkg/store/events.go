package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/podctl/podctl/pkg/event"
)

// AddEvent records an event at the transaction's instant, unless the store
// discards events.
func (tx *Tx) AddEvent(ctx context.Context, e event.Event) error {
	if tx.discardEvents {
		return nil
	}
	attributes := ""
	if len(e.Attributes) > 0 {
		var err error
		if attributes, err = encode(e.Attributes); err != nil {
			return err
		}
	}
	var code sql.NullInt64
	if e.ExitCode != nil {
		code = sql.NullInt64{Int64: int64(*e.ExitCode), Valid: true}
	}
	_, err := tx.exec(ctx, `INSERT INTO events (at, type, status, id, name, image, pod_id, network, exit_code, error, health, health_streak, health_log, attributes)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		nanos(tx.now), e.Type, e.Status, e.ID, e.Name, e.Image, e.PodID, e.Network, code, e.Error, e.Health, e.HealthStreak, e.HealthLog, attributes)
	return err
}

// EventQuery selects events; zero fields do not restrict.
type EventQuery struct {
	AfterSeq     int64
	Since, Until time.Time
}

// Events returns the selected events in the order they happened.
func (tx *Tx) Events(ctx context.Context, q EventQuery) ([]event.Event, error) {
	until := nanos(q.Until)
	return collect(ctx, tx, scanEvent, `SELECT seq, at, type, status, id, name, image, pod_id, network, exit_code, error, health, health_streak, health_log, attributes
		FROM events WHERE seq > ?1 AND at >= ?2 AND (?3 = 0 OR at <= ?3) ORDER BY seq`, q.AfterSeq, nanos(q.Since), until)
}

func scanEvent(row scanner) (event.Event, error) {
	var (
		e          event.Event
		at         int64
		code       sql.NullInt64
		attributes string
	)
	err := row.Scan(&e.Seq, &at, &e.Type, &e.Status, &e.ID, &e.Name, &e.Image, &e.PodID, &e.Network, &code, &e.Error,
		&e.Health, &e.HealthStreak, &e.HealthLog, &attributes)
	if err != nil {
		return e, err
	}
	e.Time = instant(at)
	if code.Valid {
		n := int(code.Int64)
		e.ExitCode = &n
	}
	return e, decode(attributes, &e.Attributes)
}

// LastEventSeq is the sequence number of the newest event; 0 without any.
func (tx *Tx) LastEventSeq(ctx context.Context) (int64, error) {
	var n int64
	err := tx.tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM events").Scan(&n)
	return n, err
}
