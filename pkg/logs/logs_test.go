package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const stamp = "2024-05-01T10:00:%02d.5+02:00"

// entry is a line of a log file at a second.
func entry(second int, stream, tag, text string) string {
	return fmt.Sprintf(stamp+" %s %s %s\n", second, stream, tag, text)
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ctr.log")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func texts(t *testing.T, r *Reader) (list []string) {
	t.Helper()
	for {
		l, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		require.NoError(t, err)
		list = append(list, l.Text)
	}
}

func at(second int) time.Time {
	tm, _ := time.Parse(time.RFC3339Nano, fmt.Sprintf(stamp, second))
	return tm
}

func TestReaderSelects(t *testing.T) {
	file := entry(0, "stdout", "F", "a") + entry(1, "stderr", "P", "b1") + entry(1, "stdout", "F", "c") + "garbage\n" +
		entry(2, "stderr", "F", "b2") + entry(3, "stdout", "F", "") + entry(4, "stdout", "F", "d e")
	tests := map[string]struct {
		opts Options
		want []string
	}{
		"everything_with_parts_joined_by_stream": {Options{Tail: -1}, []string{"a", "c", "b1b2", "", "d e"}},
		"nothing":                                {Options{Tail: 0}, nil},
		"the_last":                               {Options{Tail: 1}, []string{"d e"}},
		"the_last_two":                           {Options{Tail: 2}, []string{"", "d e"}},
		"more_than_there_are":                    {Options{Tail: 99}, []string{"a", "c", "b1b2", "", "d e"}},
		"all_but_one":                            {Options{Tail: 4}, []string{"c", "b1b2", "", "d e"}},
		"those_since":                            {Options{Tail: -1, Since: at(3)}, []string{"", "d e"}},
		"those_until":                            {Options{Tail: -1, Until: at(1)}, []string{"a", "c"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := Open(write(t, file), tt.opts)
			require.NoError(t, err)
			defer r.Close()
			require.Equal(t, tt.want, texts(t, r))
			require.Empty(t, r.Rest())
		})
	}
}

func TestReaderParses(t *testing.T) {
	r, err := Open(write(t, entry(7, "stderr", "F", "x")), Options{Tail: -1})
	require.NoError(t, err)
	defer r.Close()
	l, err := r.Next()
	require.NoError(t, err)
	require.True(t, l.Time.Equal(at(7)))
	_, offset := l.Time.Zone()
	require.Equal(t, 2*60*60, offset)
	require.Equal(t, Stderr, l.Stream)
}

func TestReaderGivesWhatHasNoNewlineLast(t *testing.T) {
	r, err := Open(write(t, entry(0, "stdout", "F", "a")+entry(1, "stdout", "P", "prompt")), Options{Tail: 1})
	require.NoError(t, err)
	defer r.Close()
	require.Empty(t, texts(t, r))
	rest := r.Rest()
	require.Len(t, rest, 1)
	require.Equal(t, "prompt", rest[0].Text)
	require.True(t, rest[0].Partial)
}

func TestReaderOfAMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ctr.log")
	r, err := Open(path, Options{Tail: 5})
	require.NoError(t, err)
	defer r.Close()
	require.Empty(t, texts(t, r))
	require.NoError(t, os.WriteFile(path, []byte(entry(0, "stdout", "F", "late")), 0o600))
	require.Equal(t, []string{"late"}, texts(t, r))
}

// Every number of last lines, over blocks of all alignments.
func TestTailAcrossBlocks(t *testing.T) {
	var file strings.Builder
	var want []string
	for i := range 400 {
		text := strings.Repeat("x", i*7%901) + fmt.Sprint(i)
		if i%5 == 0 {
			file.WriteString(entry(0, "stdout", "P", text))
			text += "end"
			file.WriteString(entry(0, "stdout", "F", "end"))
		} else {
			file.WriteString(entry(0, "stdout", "F", text))
		}
		want = append(want, text)
	}
	path := write(t, file.String())
	require.Greater(t, file.Len(), 2*block)
	for n := 1; n <= len(want)+1; n++ {
		r, err := Open(path, Options{Tail: n})
		require.NoError(t, err)
		require.Equal(t, want[max(0, len(want)-n):], texts(t, r), "tail %d", n)
		r.Close()
	}
}

func TestReaderFollows(t *testing.T) {
	path := write(t, entry(0, "stdout", "F", "old"))
	r, err := Open(path, Options{Tail: 0})
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, r.Watch())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	await := func(want ...string) {
		t.Helper()
		var got []string
		for len(got) < len(want) {
			require.NoError(t, ctx.Err())
			if got = append(got, texts(t, r)...); len(got) < len(want) {
				r.Wait(ctx)
			}
		}
		require.Equal(t, want, got)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	defer file.Close()
	put := func(text string) { _, err := file.WriteString(text); require.NoError(t, err) }

	put(entry(1, "stdout", "F", "new"))
	await("new")
	whole := entry(2, "stdout", "F", "halves")
	put(whole[:20])
	require.Empty(t, texts(t, r))
	put(whole[20:])
	await("halves")
	// conmon renames a new file over the old one.
	put(entry(3, "stdout", "F", "last of old"))
	next := path + ".tmp"
	require.NoError(t, os.WriteFile(next, []byte(entry(4, "stdout", "F", "first of new")), 0o600))
	require.NoError(t, os.Rename(next, path))
	await("last of old", "first of new")
}
