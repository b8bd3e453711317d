package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"github.com/podctl/podctl/pkg/container"
)

// texts runs a query of one text column.
func (tx *Tx) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	return collect(ctx, tx, func(row scanner) (string, error) {
		var s string
		return s, row.Scan(&s)
	}, query, args...)
}

// scanner is *sql.Rows or *sql.Row.
type scanner interface{ Scan(dest ...any) error }

// collect runs a query and turns each row into a T.
func collect[T any](ctx context.Context, tx *Tx, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// exec runs a statement and returns how many rows it touched.
func (tx *Tx) exec(ctx context.Context, stmt string, args ...any) (int64, error) {
	res, err := tx.tx.ExecContext(ctx, stmt, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// nanos is a column value for t; the zero time is 0.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// instant is the time of a column value.
func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// encode is the JSON column of v; "" for an empty map.
func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// decode reads a JSON column; "" leaves v alone.
func decode(column string, v any) error {
	if column == "" {
		return nil
	}
	return json.Unmarshal([]byte(column), v)
}

// null is NULL for the empty string: what a reference to nothing must be.
func null(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// ownerArgs are the three columns of an owner.
func ownerArgs(o container.Owner) []any { return []any{o.PID, int64(o.StartTime), o.BootID} }

func joinComma(list []string) string { return strings.Join(list, ", ") }
