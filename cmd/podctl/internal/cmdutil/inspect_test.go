package cmdutil

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

func TestInspectTemplatesMayHaveTheNamesOfJSON(t *testing.T) {
	type limits struct {
		Memory uint64 `json:"memory_limit"`
		Share  float64
	}
	type object struct {
		Name   string
		Lock   uint32 `json:"lockNumber"`
		Limits []limits
		Absent string `json:"gone,omitempty"`
	}
	found := []object{{Name: "web", Lock: 7, Limits: []limits{{1 << 40, 0.5}}}, {Name: "db"}}
	for name, tt := range map[string]struct{ format, want, err string }{
		"Go's_names":     {"{{.Name}} {{.Lock}}", "web 7\ndb 0\n", ""},
		"JSON's_names":   {"{{.Name}} {{.lockNumber}}", "web 7\ndb 0\n", ""},
		"further_down":   {"{{range .Limits}}{{.memory_limit}} {{.Share}}{{end}}", "1099511627776 0.5\n\n", ""},
		"numbers":        {"{{if eq .lockNumber 7}}seven{{end}}", "seven\n\n", ""},
		"neither":        {"{{.Nope}}", "", "can't evaluate field Nope in type"},
		"omitted":        {"{{.Name}}{{.gone}}", "web", "can't evaluate field gone in type"},
		"one_of_neither": {"{{.lockNumber}}{{.Nope.Deeper}}", "", "can't evaluate field lockNumber in type"},
	} {
		t.Run(name, func(t *testing.T) {
			io, _, out, _ := iostreams.Test()
			err := ShowInspected(io, tt.format, found, nil)
			if tt.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.err)
			}
			require.Equal(t, tt.want, out.String())
		})
	}
}

func TestInspectOfNothing(t *testing.T) {
	for format, want := range map[string]struct{ out, failed string }{
		"":         {out: "[]\n"},
		"{{.Id}}":  {},
		"{{.Id":    {failed: "template: "},
		"{{upper}": {failed: "template: "},
	} {
		streams, _, out, _ := iostreams.Test()
		err := ShowInspected[struct{ ID string }](streams, format, nil, nil)
		require.Equal(t, want.out, out.String(), format)
		if want.failed == "" {
			require.NoError(t, err, format)
		} else {
			require.ErrorContains(t, err, want.failed, format)
		}
	}
}
