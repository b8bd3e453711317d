package logflags

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/logs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

func TestPrint(t *testing.T) {
	at := time.Date(2024, 5, 1, 10, 0, 0, 500, time.FixedZone("", 2*60*60))
	out := engine.LogLine{Line: logs.Line{Time: at, Stream: logs.Stdout, Text: "hi"}, Index: 8, ID: "0123456789abcdef", Name: "web"}
	errLine, part := out, out
	errLine.Stream = logs.Stderr
	part.Partial = true
	tests := map[string]struct {
		flags          Flags
		several        bool
		line           engine.LogLine
		stdout, stderr string
	}{
		"alone_it_is_bare":              {Flags{Names: true}, false, out, "hi\n", ""},
		"of_several_it_has_an_id":       {Flags{}, true, out, "0123456789ab hi\n", ""},
		"or_a_name":                     {Flags{Names: true}, true, out, "web hi\n", ""},
		"errors_go_where_errors_go":     {Flags{}, false, errLine, "", "hi\n"},
		"time_stands_after_whose_it_is": {Flags{Timestamps: true}, true, out, "0123456789ab 2024-05-01T10:00:00.000000500+02:00 hi\n", ""},
		"colour_covers_the_line":        {Flags{Color: true}, true, out, "\x1b[31m0123456789ab hi\x1b[0m\n", ""},
		"a_part_has_no_newline":         {Flags{}, false, part, "hi", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ios, _, stdout, stderr := iostreams.Test()
			p := Printer{IO: ios, Flags: &tt.flags, Several: tt.several}
			require.NoError(t, p.Print(tt.line))
			require.Equal(t, tt.stdout, stdout.String())
			require.Equal(t, tt.stderr, stderr.String())
		})
	}
}

func TestOptionsRefuseBadTimes(t *testing.T) {
	_, err := (&Flags{since: "x"}).Options(time.Now())
	require.EqualError(t, err, `parsing --since "x": unable to interpret time value`)
	_, err = (&Flags{until: "y"}).Options(time.Now())
	require.EqualError(t, err, `parsing --until "y": unable to interpret time value`)
}
