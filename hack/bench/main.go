// Command bench measures podctl against podman, doing the same work on the same
// machine in turn, and against the OCI runtime, conmon and netavark alone. It
// is run by hack/bench.sh inside hack/isolate.sh; see docs/performance.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	podctl, peer, image, dir, doc string
	rows                          *regexp.Regexp
	runs                          int
	check                         bool
}

func main() {
	var o options
	flag.StringVar(&o.podctl, "podctl", "bin/podctl", "`path` of podctl")
	flag.StringVar(&o.peer, "peer", "", "`directory` made by hack/peer.sh; none: podctl alone")
	flag.StringVar(&o.image, "image", "", "`archive` of the image")
	flag.StringVar(&o.dir, "dir", "", "`directory` on the disk to measure")
	flag.StringVar(&o.doc, "doc", "", "`file` whose tables are replaced, and beside which the plots are written")
	flag.IntVar(&o.runs, "runs", 7, "`number` of runs, the median of which counts")
	flag.BoolVar(&o.check, "check", false, "compare CPU time and fail where podctl needs more than podman")
	rows := flag.String("rows", "", "`regexp` of the rows to run; their names stand in the output")
	flag.Parse()
	var err error
	if o.rows, err = regexp.Compile(*rows); err == nil {
		err = run(o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options, out io.Writer) error {
	b, err := newBench(o)
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	r := &results{runs: o.runs, values: map[string]map[string][]sample{}}
	errs := b.compare(o, r, out)
	if o.check {
		return errors.Join(errs, r.slower(out))
	}
	if o.rows.MatchString("syncs") {
		errs = errors.Join(errs, b.countSyncs(r, out))
	}
	errs = errors.Join(errs, b.measureFloor(o, r, out), r.save(o), b.measureGrowth(o, r, out), r.save(o))
	if o.rows.MatchString("crowd") {
		errs = errors.Join(errs, b.runCrowd(r, out))
	}
	return errors.Join(errs, r.save(o))
}

func newBench(o options) (*bench, error) {
	dir, err := os.MkdirTemp(o.dir, "podctl-bench.")
	if err != nil {
		return nil, err
	}
	b := &bench{image: o.image, dir: dir, instances: map[string]*instance{}}
	path, err := filepath.Abs(o.podctl)
	if err != nil {
		return nil, err
	}
	b.podctl = &program{name: "podctl", path: path}
	if o.peer == "" {
		return b, nil
	}
	libs, err := filepath.Glob(filepath.Join(o.peer, "usr/lib/*/libgpgme.so.11"))
	if err != nil || len(libs) == 0 {
		return nil, fmt.Errorf("%s: no peer that hack/peer.sh made", o.peer)
	}
	env := []string{"CONTAINERS_CONF=" + filepath.Join(o.peer, "containers.conf"), "CONTAINERS_REGISTRIES_CONF=" + filepath.Join(o.peer, "etc/containers/registries.conf")}
	b.podctl.env = env
	b.podman = &program{name: "podman", path: filepath.Join(o.peer, "usr/bin/podman"), env: append([]string{"LD_LIBRARY_PATH=" + filepath.Dir(libs[0])}, env...)}
	policy, err := os.ReadFile(filepath.Join(o.peer, "policy.json"))
	if err != nil {
		return nil, err
	}
	return b, errors.Join(os.MkdirAll("/etc/containers", 0o755), os.WriteFile("/etc/containers/policy.json", policy, 0o644))
}

// compare runs the scenarios, the two programs in turn.
func (b *bench) compare(o options, r *results, out io.Writer) error {
	var errs error
	for _, s := range scenarios() {
		if !wanted(o, s) {
			continue
		}
		if err := b.rounds(o.runs, s, r); err != nil {
			errs = errors.Join(errs, fmt.Errorf("%s: %w", strings.Join(s.keys(), ", "), err))
		}
		for _, row := range s.rows {
			if len(r.values[row.key]) > 0 {
				r.rows = append(r.rows, row)
				fmt.Fprintln(out, r.line(row, o.check))
			}
		}
		errs = errors.Join(errs, r.save(o)) // the next ones may take long
	}
	return errs
}

// wanted reports whether the scenario fills a row that is asked for.
func wanted(o options, s scenario) bool {
	for _, key := range s.keys() {
		if o.rows.MatchString(key) {
			return true
		}
	}
	return false
}

// rounds runs a scenario several times with each program, begun by one and by
// the other in turn, after a first time that warms up and does not count.
func (b *bench) rounds(runs int, s scenario, r *results) error {
	programs := b.programs()
	for i := -1; i < runs; i++ {
		for k := range programs {
			p := programs[(k+max(i, 0))%len(programs)]
			got, err := s.once(b, p)
			if err != nil {
				return err
			}
			for key, sample := range got {
				if i >= 0 {
					r.add(key, p.name, sample)
				}
			}
		}
	}
	return nil
}

// countSyncs counts what each program syncs for a pod and for a container.
func (b *bench) countSyncs(r *results, out io.Writer) error {
	for _, p := range b.programs() {
		in, err := b.instance(p, "main")
		if err != nil {
			return err
		}
		counts := make([]int, 0, 2)
		n, err := in.syncs(func() error { return nil }, "pod", "create", "--name", "synced")
		counts = append(counts, n)
		err = errors.Join(err, in.do("create", "--pod", "synced", "--name", "member", imageName, "sleep", "1000"), in.do("pod", "start", "synced"), in.do("stop", "-t", "0", "member"))
		if err != nil {
			return err
		}
		n, err = in.syncs(func() error { return in.do("stop", "-t", "0", "member") }, "start", "member")
		counts = append(counts, n)
		if err = errors.Join(err, in.do("pod", "rm", "-f", "-t", "0", "synced")); err != nil {
			return err
		}
		fmt.Fprintf(out, "%-16s %s: %d for pod create, %d for a container's start\n", "syncs", p.name, counts[0], counts[1])
		r.syncs = append(r.syncs, []string{p.name, fmt.Sprint(counts[0]), fmt.Sprint(counts[1])})
	}
	return nil
}

// measureFloor compares CPU time with the floor's.
func (b *bench) measureFloor(o options, r *results, out io.Writer) error {
	for _, size := range floorSizes {
		key := fmt.Sprintf("floor-%d", size)
		if !o.rows.MatchString(key) {
			continue
		}
		var start, rm, floorStart, floorRm []float64
		for range o.runs {
			t, err := b.floor(size)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			start, rm = append(start, t.start.Seconds()), append(rm, t.rm.Seconds())
			floorStart, floorRm = append(floorStart, t.floorStart.Seconds()), append(floorRm, t.floorRm.Seconds())
		}
		for _, l := range []struct {
			verb        string
			have, floor float64
		}{
			{"pod start", median(start), median(floorStart)}, {"pod rm", median(rm), median(floorRm)},
		} {
			fmt.Fprintf(out, "%-16s %s: podctl %s of CPU time, the floor %s, %.2f times\n", key, l.verb, seconds(l.have), seconds(l.floor), l.have/l.floor)
			r.floor = append(r.floor, []string{fmt.Sprintf("%s, %d and infra", l.verb, size), seconds(l.have), seconds(l.floor), mark(l.have/l.floor, 1.5)})
		}
	}
	return nil
}

// median is the middle one, or the mean of the two.
func median(values []float64) float64 {
	sorted := append([]float64{}, values...)
	if len(sorted) == 0 {
		return 0
	}
	slices.Sort(sorted)
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// seconds is a time for people.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.1f ms", s*1000)
	case d < 10*time.Second:
		return fmt.Sprintf("%.0f ms", s*1000)
	}
	return fmt.Sprintf("%.1f s", s)
}
