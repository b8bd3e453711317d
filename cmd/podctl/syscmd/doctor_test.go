package syscmd

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type fakeDoctor struct {
	found []engine.Finding
	errs  []error
	fail  error
}

func (f fakeDoctor) Examine(context.Context) ([]engine.Finding, error) { return f.found, f.fail }

func (f fakeDoctor) Repair(context.Context) (done []engine.RepairResult, _ error) {
	for i, finding := range f.found {
		done = append(done, engine.RepairResult{Finding: finding, Err: f.errs[i]})
	}
	return done, f.fail
}

func TestDoctorOutput(t *testing.T) {
	id := strings.Repeat("a", 64)
	found := []engine.Finding{
		{Kind: "bundle", Object: id, Problem: "its bundle is there", Repair: "remove it"},
		{Kind: "row", Object: "x", Problem: "it cannot be read", Advice: "remove x"},
	}
	for name, test := range map[string]struct {
		doctor fakeDoctor
		repair bool
		format string
		want   string
		code   int
	}{
		"nothing":         {want: "Nothing is wrong.\n"},
		"nothing_as_json": {format: "json", want: "[]\n"},
		"findings": {doctor: fakeDoctor{found: found}, code: 1, want: "" +
			"KIND        OBJECT        PROBLEM              REPAIR\n" +
			"bundle      aaaaaaaaaaaa  its bundle is there  remove it\n" +
			"row         x             it cannot be read    (remove x)\n"},
		"findings_by_template": {doctor: fakeDoctor{found: found}, format: "{{.Kind}} {{.Object}}", code: 1, want: "bundle " + id + "\nrow x\n"},
		"repaired":             {doctor: fakeDoctor{found: found[:1], errs: []error{nil}}, repair: true, format: "{{.Result}}", want: "repaired\n"},
		"repaired_in_part": {doctor: fakeDoctor{found: found, errs: []error{nil, engine.ErrNoRepair}}, repair: true, code: 1, want: "" +
			"KIND        OBJECT        PROBLEM              RESULT\n" +
			"bundle      aaaaaaaaaaaa  its bundle is there  repaired\n" +
			"row         x             it cannot be read    (remove x)\n"},
		"repair_failed":  {doctor: fakeDoctor{found: found[:1], errs: []error{errors.New("is busy")}}, repair: true, format: "{{.Result}}", code: 1, want: "is busy\n"},
		"cannot_examine": {doctor: fakeDoctor{fail: errors.New("no")}, code: 125},
	} {
		t.Run(name, func(t *testing.T) {
			ios, _, out, _ := iostreams.Test()
			if test.format == "" {
				test.format = "table"
			}
			opts := &doctorOptions{
				IO: ios, Format: test.format, Repair: test.repair,
				Engine: func(context.Context) (doctor, error) { return test.doctor, nil },
			}
			require.Equal(t, test.code, cmdutil.Report(ios, doctorRun(t.Context(), opts)))
			require.Equal(t, test.want, out.String())
		})
	}
}

func TestDoctorRebuildOutput(t *testing.T) {
	for name, test := range map[string]struct {
		report engine.RebuildReport
		err    error
		want   string
		stderr string
		code   int
	}{
		"all_is_back": {report: engine.RebuildReport{Pods: 1, Containers: 3, Running: 2, Volumes: 4, Kept: "/x/podctl.db.damaged-1"}, want: "" +
			"Recorded again: 1 pods, 3 containers (2 running), 4 volumes\nThe old database is /x/podctl.db.damaged-1\n"},
		"there_was_none": {want: "Recorded again: 0 pods, 0 containers (0 running), 0 volumes\n"},
		"some_are_lost": {
			report: engine.RebuildReport{Problems: []error{errors.New("pod a: no"), errors.New("pod b: no")}},
			want:   "Recorded again: 0 pods, 0 containers (0 running), 0 volumes\n", stderr: "Error: pod a: no\nError: pod b: no\n", code: 1,
		},
		"refused": {err: errors.New("it is sound"), stderr: "Error: it is sound\n", code: 125},
	} {
		t.Run(name, func(t *testing.T) {
			ios, _, out, errOut := iostreams.Test()
			opts := &doctorOptions{IO: ios, Rebuild: true, NewDatabase: func(context.Context) (engine.RebuildReport, error) { return test.report, test.err }}
			require.Equal(t, test.code, cmdutil.Report(ios, doctorRun(t.Context(), opts)))
			require.Equal(t, test.want, out.String())
			require.Equal(t, test.stderr, errOut.String())
		})
	}
}
