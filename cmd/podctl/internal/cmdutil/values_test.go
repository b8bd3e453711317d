package cmdutil

import (
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

func TestParseSignal(t *testing.T) {
	for text, want := range map[string]syscall.Signal{
		"KILL": syscall.SIGKILL, "SIGKILL": syscall.SIGKILL, "sigterm": syscall.SIGTERM, "Hup": syscall.SIGHUP, "9": syscall.SIGKILL,
		"RTMIN+3": 37, "sigrtmin+3": 37, "RTMAX-1": 63, "64": 64,
	} {
		got, err := ParseSignal(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		"BOGUS": "invalid signal: BOGUS", "0": "invalid signal: 0", "": "invalid signal: ",
		"65": "valid signals are 1 through 64", "1000": "valid signals are 1 through 64",
	} {
		_, err := ParseSignal(text)
		require.EqualError(t, err, want)
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "0": 0, "100": 100, "5b": 5, "2k": 2048, "512m": 512 << 20, "1G": 1 << 30} {
		got, err := ParseSize("memory", text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	_, err := ParseSize("memory", "lots")
	require.ErrorContains(t, err, "invalid value for memory: ")
}

func TestParseFilters(t *testing.T) {
	got, err := ParseFilters([]string{"label=a=b", "name=x", "label=c", "label!=d", "until="})
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"label": {"a=b", "c"}, "name": {"x"}, "label!": {"d"}, "until": {""}}, got)

	_, err = ParseFilters([]string{"name=x", "status"})
	require.EqualError(t, err, "filter input must be in the form of filter=value: status is invalid")
}

func TestParseTime(t *testing.T) {
	zone := time.FixedZone("here", 2*3600)
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, zone)
	tests := []struct {
		name, value string
		direction   Direction
		want        time.Time
	}{
		{"rfc3339", "2026-03-04T05:06:07Z", Past, time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)},
		{"rfc3339_nano", "2026-03-04T05:06:07.000000008+01:00", Past, time.Date(2026, 3, 4, 4, 6, 7, 8, time.UTC)},
		{"without_zone_is_local", "2026-03-04T05:06:07", Past, time.Date(2026, 3, 4, 5, 6, 7, 0, zone)},
		{"without_zone_with_fraction", "2026-03-04T05:06:07.5", Past, time.Date(2026, 3, 4, 5, 6, 7, 5e8, zone)},
		{"date_with_zone", "2026-03-04Z", Past, time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)},
		{"date", "2026-03-04", Past, time.Date(2026, 3, 4, 0, 0, 0, 0, zone)},
		{"unix_seconds", "1700000000", Future, time.Unix(1700000000, 0)},
		{"unix_fraction_is_exact", "1700000000.123456789", Past, time.Unix(1700000000, 123456789)},
		{"duration_ago", "10m", Past, now.Add(-10 * time.Minute)},
		{"duration_ahead", "10m", Future, now.Add(10 * time.Minute)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseTime(test.value, now, test.direction)
			require.NoError(t, err)
			require.True(t, test.want.Equal(got), "want %v, got %v", test.want, got)
		})
	}
	for _, bad := range []string{"yesterday", "", "12:00", "1.x", "NaN", "1700000000.-5"} {
		_, err := ParseTime(bad, now, Past)
		require.EqualError(t, err, "unable to interpret time value", bad)
	}
	_, err := ParseTimeFlag("since", "soon", now, Past)
	require.EqualError(t, err, `parsing --since "soon": unable to interpret time value`)
	got, err := ParseTimeFlag("until", "", now, Future)
	require.NoError(t, err)
	require.True(t, got.IsZero())
}

func TestHumanDuration(t *testing.T) {
	const day = 24 * time.Hour
	for _, test := range []struct {
		d    time.Duration
		want string
	}{
		{999 * time.Millisecond, "Less than a second"},
		{time.Second, "1 second"},
		{59 * time.Second, "59 seconds"},
		{119 * time.Second, "About a minute"},
		{2 * time.Minute, "2 minutes"},
		{59 * time.Minute, "59 minutes"},
		{89 * time.Minute, "About an hour"},
		{90 * time.Minute, "2 hours"},
		{47 * time.Hour, "47 hours"},
		{2 * day, "2 days"},
		{13 * day, "13 days"},
		{14 * day, "2 weeks"},
		{60 * day, "2 months"},
		{729 * day, "24 months"},
		{730 * day, "2 years"},
	} {
		require.Equal(t, test.want, HumanDuration(test.d))
	}
	now := time.Now()
	require.Equal(t, "3 hours ago", Ago(now, now.Add(-3*time.Hour)))
}

func TestConfirm(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "Yes\n": true, "n\n": false, "\n": false, " y\n": false} {
		ios, in, out, _ := iostreams.Test()
		in.WriteString(answer)
		got, err := Confirm(ios, "WARNING! This will remove all stopped/exited pods..")
		require.NoError(t, err)
		require.Equal(t, want, got, answer)
		require.Equal(t, "WARNING! This will remove all stopped/exited pods..\nAre you sure you want to continue? [y/N] ", out.String())
	}
	for _, unfinished := range []string{"", "y"} {
		ios, in, _, _ := iostreams.Test()
		in.WriteString(unfinished)
		_, err := Confirm(ios, "WARNING!")
		require.Equal(t, io.EOF, err)
	}
}
