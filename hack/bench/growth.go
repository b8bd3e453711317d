package main

import (
	"errors"
	"fmt"
	"io"
)

// What the time of a verb is among few and many other pods.
const few, many = 10, 1000

// rowCounts are the numbers of pods of one container that are listed and removed.
var rowCounts = []int{10, 100, 1000, 10000}

// measureGrowth shows how podctl's times grow.
func (b *bench) measureGrowth(o options, r *results, out io.Writer) error {
	if o.rows.MatchString("growth-others") {
		if err := b.amongOthers(o.runs, r, out); err != nil {
			return fmt.Errorf("growth-others: %w", err)
		}
	}
	if o.rows.MatchString("growth-rows") {
		if err := b.byRows(r, out); err != nil {
			return fmt.Errorf("growth-rows: %w", err)
		}
	}
	return nil
}

// amongOthers measures verbs on one pod, in turn among few other pods and among
// many.
func (b *bench) amongOthers(runs int, r *results, out io.Writer) error {
	verbs := []struct {
		name string
		once func(in *instance) (sample, error)
	}{
		{"pod create", func(in *instance) (sample, error) {
			s, err := in.run("pod", "create")
			return s, errors.Join(err, in.do("pod", "rm", s.out))
		}},
		{"pod inspect", func(in *instance) (sample, error) { return in.run("pod", "inspect", seededName(few/2)) }},
		{"run -d into one pod", func(in *instance) (sample, error) {
			s, err := in.run("run", "-d", "--pod", "own", imageName, "sleep", "1000")
			return s, errors.Join(err, in.do("rm", "-f", "-t", "0", s.out))
		}},
	}
	places := make([]*instance, 2)
	for i, others := range []int{few, many} {
		var err error
		if places[i], err = b.population(b.podctl, others); err != nil {
			return err
		}
		if err := errors.Join(places[i].do("pod", "create", "--name", "own"), places[i].do("pod", "start", "own")); err != nil {
			return err
		}
	}
	for _, v := range verbs {
		var times [2][]float64
		for range 2*runs + 1 { // a difference is looked for: more runs than elsewhere
			for i, in := range places {
				s, err := v.once(in)
				if err != nil {
					return err
				}
				times[i] = append(times[i], s.wall.Seconds())
			}
		}
		a, z := median(times[0]), median(times[1])
		fmt.Fprintf(out, "%-16s %s: %s among %d pods, %s among %d, %.2f times\n", "growth-others", v.name, seconds(a), few, seconds(z), many, z/a)
		r.others = append(r.others, []string{v.name, seconds(a), seconds(z), mark(z/a, 1.2)})
	}
	for _, in := range places {
		if err := in.do("pod", "rm", "-f", "-t", "0", "own"); err != nil {
			return err
		}
	}
	return nil
}

// byRows lists and then removes so many pods that were never started.
func (b *bench) byRows(r *results, out io.Writer) error {
	for _, n := range rowCounts {
		in, err := b.instance(b.podctl, fmt.Sprintf("rows%d", n))
		if err != nil {
			return err
		}
		if err := seedRows(in, n, 0); err != nil {
			return err
		}
		var list []float64
		for range 5 {
			s, err := in.run("pod", "ps")
			if err != nil {
				return err
			}
			list = append(list, s.wall.Seconds())
		}
		rm, err := in.run("pod", "rm", "-f", "-a")
		if err != nil {
			return err
		}
		l, d := median(list), rm.wall.Seconds()
		fmt.Fprintf(out, "%-16s %d pods: listed in %s, removed in %s\n", "growth-rows", n, seconds(l), seconds(d))
		r.growth = append(r.growth, point{n, l, d})
	}
	return nil
}

// crowdSize is how many containers are started at once.
const crowdSize = 800

// runCrowd starts many containers at the same moment in one pod. All must run.
func (b *bench) runCrowd(r *results, out io.Writer) error {
	in, err := b.instance(b.podctl, "crowd")
	if err != nil {
		return err
	}
	if err := in.do("pod", "create", "--name", "crowd"); err != nil {
		return err
	}
	times := make([]float64, crowdSize)
	_, err = together(crowdSize, func(i int) error {
		s, err := in.run("run", "-d", "--pod", "crowd", imageName, "sleep", "100000")
		times[i] = s.wall.Seconds()
		return err
	})
	if err != nil {
		return fmt.Errorf("crowd: %w", err)
	}
	up, err := in.run("ps", "-q", "--filter", "pod=crowd", "--filter", "status=running")
	if err != nil {
		return err
	}
	running := 0
	for _, c := range up.out + "\n" {
		if c == '\n' {
			running++
		}
	}
	slowest := 0.0
	for _, t := range times {
		slowest = max(slowest, t)
	}
	m := median(times)
	r.crowd = fmt.Sprintf("%d run -d at once: %d containers run, infra included; the median took %s, the slowest %s, %.1f times the median.",
		crowdSize, running, seconds(m), seconds(slowest), slowest/m)
	fmt.Fprintf(out, "%-16s %s\n", "crowd", r.crowd)
	if running != crowdSize+1 {
		return fmt.Errorf("crowd: %d of %d containers run", running-1, crowdSize)
	}
	return in.do("pod", "rm", "-f", "-t", "0", "crowd")
}
