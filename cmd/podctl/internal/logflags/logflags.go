// Package logflags is what "logs" and "pod logs" have in common: their flags, and
// how lines are shown.
package logflags

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/logs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// Flags are the flags as given.
type Flags struct {
	Latest, Names, Color, Timestamps bool
	follow                           bool
	since, until                     string
	tail                             int
}

// Bind defines the flags on cmd, for containers or pods.
func (f *Flags) Bind(cmd *cobra.Command, latest string) {
	fs := cmd.Flags()
	fs.BoolVarP(&f.follow, "follow", "f", false, "Go on until the containers have ended")
	fs.BoolVarP(&f.Latest, "latest", "l", false, latest)
	fs.BoolVarP(&f.Names, "names", "n", false, "Tell containers apart by name instead of ID")
	fs.BoolVar(&f.Color, "color", false, "A colour for each container")
	fs.StringVar(&f.since, "since", "", "Lines since this `time`: RFC 3339, Unix seconds, or a duration ago")
	fs.StringVar(&f.until, "until", "", "Lines until this `time`")
	fs.IntVar(&f.tail, "tail", -1, "This `number` of lines at the end; negative: all")
	fs.BoolVarP(&f.Timestamps, "timestamps", "t", false, "Show when lines were written")
	fs.Bool("details", false, "No effect")
	fs.Lookup("details").Hidden = true
}

// Options reads the values. Bad times are errors.
func (f *Flags) Options(now time.Time) (engine.LogOptions, error) {
	since, err := cmdutil.ParseTimeFlag("since", f.since, now, cmdutil.Past)
	if err != nil {
		return engine.LogOptions{}, err
	}
	until, err := cmdutil.ParseTimeFlag("until", f.until, now, cmdutil.Future)
	return engine.LogOptions{Options: logs.Options{Tail: f.tail, Since: since, Until: until}, Follow: f.follow}, err
}

const (
	timeFormat = "2006-01-02T15:04:05.000000000-07:00"
	shortID    = 12
	reset      = "\x1b[0m"
)

// color is the start of a container's colour.
func color(index int) string {
	codes := [...]int{37, 31, 33, 34, 35, 36, 32}
	return fmt.Sprintf("\x1b[%dm", codes[index%len(codes)])
}

// Printer shows lines on the stream they were written to.
type Printer struct {
	IO    *iostreams.IOStreams
	Flags *Flags
	// Several: lines begin with whose they are.
	Several bool
}

// Print shows one line.
func (p *Printer) Print(l engine.LogLine) error {
	to := p.IO.Out
	if l.Stream == logs.Stderr {
		to = p.IO.ErrOut
	}
	_, err := io.WriteString(to, p.text(l))
	return err
}

func (p *Printer) text(l engine.LogLine) string {
	text := l.Text
	if p.Flags.Timestamps {
		text = l.Time.Format(timeFormat) + " " + text
	}
	switch {
	case p.Several && p.Flags.Names:
		text = l.Name + " " + text
	case p.Several:
		text = l.ID[:min(shortID, len(l.ID))] + " " + text
	}
	if p.Flags.Color {
		text = color(l.Index) + text + reset
	}
	if !l.Partial || p.Several { // or another's line would go on where this one stops
		text += "\n"
	}
	return text
}
