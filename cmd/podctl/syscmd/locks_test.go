package syscmd

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type fakeLocks []engine.LockEntry

func (f fakeLocks) Locks(context.Context) ([]engine.LockEntry, error) { return f, nil }

func TestLocksOutput(t *testing.T) {
	at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.Local)
	stamp := at.Format(time.RFC3339)
	list := fakeLocks{
		{Object: "container", ID: "c1", Name: "one", State: engine.LockHolder, PID: 7, Command: "podctl stop one", Since: at.UTC()},
		{Object: "container", ID: "c1", Name: "one", State: engine.LockWaiter, PID: 8, Command: "podctl rm one", Since: at.UTC()},
		{ID: "ffff", Name: "ffff", State: engine.LockHolder},
	}
	for name, test := range map[string]struct {
		list   fakeLocks
		format string
		want   string
	}{
		"table": {list: list, want: "" +
			"OBJECT      NAME        STATE       PID         COMMAND          SINCE\n" +
			"container   one         holder      7           podctl stop one  " + stamp + "\n" +
			"container   one         waiter      8           podctl rm one    " + stamp + "\n" +
			"unknown     ffff        holder      0                            \n"},
		"none":      {want: "OBJECT      NAME        STATE       PID         COMMAND     SINCE\n"},
		"none_json": {format: "json", want: "[]\n"},
		"template":  {list: list, format: "{{.Name}} {{.State}} {{.PID}}", want: "one holder 7\none waiter 8\nffff holder 0\n"},
	} {
		t.Run(name, func(t *testing.T) {
			ios, _, out, _ := iostreams.Test()
			open := func(context.Context) (lockLister, error) { return test.list, nil }
			require.NoError(t, locksRun(t.Context(), &locksOptions{IO: ios, Engine: open, Format: test.format}))
			require.Equal(t, test.want, out.String())
		})
	}
}
