package cmdutil

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
)

// errTimeValue is the reason for every time value that cannot be read.
var errTimeValue = errors.New("unable to interpret time value")

// Direction says where a duration given as a time value points.
type Direction int

// The directions: --since 10m is ten minutes ago, --until 10m is in ten
// minutes.
const (
	Past Direction = iota
	Future
)

// ParseTime reads a point in time: an RFC 3339 time with or without
// fraction or zone (then local), a date, Unix seconds with or without
// fraction, or a Go duration counted from now.
func ParseTime(value string, now time.Time, direction Direction) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02Z07:00", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, value, now.Location()); err == nil {
			return t, nil
		}
	}
	if t, ok := unixTime(value); ok {
		return t, nil
	}
	d, err := time.ParseDuration(value)
	if err != nil {
		return time.Time{}, errTimeValue
	}
	if direction == Past {
		d = -d
	}
	return now.Add(d), nil
}

// unixTime reads "1700000000" or "1700000000.5" without going through a
// float, which cannot hold nanoseconds of today.
func unixTime(value string) (time.Time, bool) {
	whole, fraction, hasFraction := strings.Cut(value, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if !hasFraction {
		return time.Unix(seconds, 0), true
	}
	digits := (fraction + "000000000")[:9]
	nanos, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return time.Time{}, false
	}
	return time.Unix(seconds, int64(nanos)), true
}

// ParseTimeFlag reads the value of a time flag of the logs commands; an
// empty value is the zero time.
func ParseTimeFlag(flag, value string, now time.Time, direction Direction) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	t, err := ParseTime(value, now, direction)
	if err != nil {
		return time.Time{}, fmt.Errorf("parsing --%s %q: %w", flag, value, err)
	}
	return t, nil
}

// Ago words the time passed since t: "3 hours ago".
func Ago(now, t time.Time) string {
	return HumanDuration(now.Sub(t)) + " ago"
}

// HumanDuration words a duration: "About a minute", "3 hours".
func HumanDuration(d time.Duration) string { return units.HumanDuration(d) }
