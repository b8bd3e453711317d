package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// point is a number of pods, and what listing and removing them took, in seconds.
type point struct {
	n        int
	list, rm float64
}

// results are what was measured.
type results struct {
	runs   int
	rows   []row
	values map[string]map[string][]sample // by row and program

	syncs, floor, others [][]string
	growth               []point
	crowd                string
}

func (r *results) add(key, program string, s sample) {
	if r.values[key] == nil {
		r.values[key] = map[string][]sample{}
	}
	r.values[key][program] = append(r.values[key][program], s)
}

// value is the median of a row for a program: seconds, or bytes. With cpu it is
// that of the CPU time.
func (r *results) value(row row, program string, cpu bool) float64 {
	var list []float64
	for _, s := range r.values[row.key][program] {
		switch {
		case row.memory:
			list = append(list, float64(s.memory))
		case cpu:
			list = append(list, s.cpu.Seconds())
		default:
			list = append(list, s.wall.Seconds())
		}
	}
	return median(list)
}

// ratio is podctl's value over podman's; 0 if there is none.
func (r *results) ratio(row row, cpu bool) float64 {
	if peer := r.value(row, "podman", cpu); peer > 0 {
		return r.value(row, "podctl", cpu) / peer
	}
	return 0
}

// show is a row's value for people.
func (row row) show(v float64) string {
	if row.memory {
		const megabyte = 1e6
		return fmt.Sprintf("%.1f MB", v/megabyte)
	}
	return seconds(v)
}

// line is a row of the output.
func (r *results) line(row row, cpu bool) string {
	text := fmt.Sprintf("%-16s %-50s podctl %10s", row.key, row.title, row.show(r.value(row, "podctl", cpu)))
	if ratio := r.ratio(row, cpu); ratio > 0 {
		text += fmt.Sprintf("  podman %10s  ratio %.2f", row.show(r.value(row, "podman", cpu)), ratio)
		if row.most > 0 {
			text += fmt.Sprintf(" (at most %.2f)", row.most)
		}
	}
	return text
}

// slower is an error that names the rows in which podctl needs more than podman.
func (r *results) slower(out io.Writer) error {
	var bad []string
	for _, row := range r.rows {
		if r.ratio(row, true) > 1 {
			bad = append(bad, row.title)
		}
	}
	if len(r.rows) == 0 {
		return fmt.Errorf("no row was compared")
	}
	if len(bad) > 0 {
		return fmt.Errorf("podctl needs more CPU time than podman for: %s", strings.Join(bad, "; "))
	}
	fmt.Fprintf(out, "podctl needs less CPU time than podman in all %d rows\n", len(r.rows))
	return nil
}

// mark is a ratio, in bold where it is above what is asked for.
func mark(ratio, most float64) string {
	switch {
	case ratio == 0:
		return ""
	case most > 0 && ratio > most:
		return fmt.Sprintf("**%.2f**", ratio)
	}
	return fmt.Sprintf("%.2f", ratio)
}

// What stands between these lines of the document is replaced.
const begin, end = "<!-- bench: begin -->", "<!-- bench: end -->"

// save writes the document, if one is asked for.
func (r *results) save(o options) error {
	if o.doc == "" {
		return nil
	}
	return r.writeDoc(o.doc)
}

// writeDoc replaces the document's tables, and writes the plots beside it.
func (r *results) writeDoc(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no %s and %s", path, begin, end)
	}
	if err := os.WriteFile(path, []byte(before+begin+"\n"+r.tables()+end+after), 0o644); err != nil {
		return err
	}
	base := strings.TrimSuffix(path, filepath.Ext(path))
	for name, plot := range map[string]string{"ratios": r.plotRatios(), "pods": r.plotPods(), "containers": r.plotContainers()} {
		if plot == "" {
			continue
		}
		if err := os.WriteFile(base+"-"+name+".svg", []byte(plot), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (r *results) tables() string {
	var t strings.Builder
	fmt.Fprintf(&t, "Medians of %d runs on %s; load average at the end: %s. Ratios above what is asked for are bold.\n\n", r.runs, machine(), load())
	var lines [][]string
	for _, row := range r.rows {
		most := ""
		if row.most > 0 {
			most = fmt.Sprintf("%.2f", row.most)
		}
		peer := ""
		if v := r.value(row, "podman", false); v > 0 {
			peer = row.show(v)
		}
		lines = append(lines, []string{row.title, row.show(r.value(row, "podctl", false)), peer, mark(r.ratio(row, false), row.most), most})
	}
	table(&t, "", []string{"work", "podctl", "podman", "ratio", "at most"}, lines)
	table(&t, "Syncs of the disk, counted with strace.", []string{"", "pod create", "start of a container"}, r.syncs)
	table(&t, "CPU time of all processes, against the floor (at most 1.50).", []string{"work", "podctl", "floor", "times"}, r.floor)
	table(&t, fmt.Sprintf("One pod among %d others and among %d (at most 1.20).", few, many), []string{"work", fmt.Sprint(few), fmt.Sprint(many), "times"}, r.others)
	lines = nil
	for _, p := range r.growth {
		lines = append(lines, []string{
			fmt.Sprint(p.n), seconds(p.list), seconds(p.rm), fmt.Sprintf("%.1f µs", p.list/float64(p.n)*1e6), fmt.Sprintf("%.2f ms", p.rm/float64(p.n)*1e3),
		})
	}
	table(&t, "Pods that were never started, listed and removed.", []string{"pods", "pod ps", "pod rm -f -a", "listed, each", "removed, each"}, lines)
	if r.crowd != "" {
		fmt.Fprintf(&t, "%s\n\n", r.crowd)
	}
	return t.String()
}

// table writes a table, or nothing if there are no lines.
func table(out io.Writer, title string, head []string, lines [][]string) {
	if len(lines) == 0 {
		return
	}
	if title != "" {
		fmt.Fprintf(out, "%s\n\n", title)
	}
	fmt.Fprintf(out, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, l := range lines {
		fmt.Fprintf(out, "| %s |\n", strings.Join(l, " | "))
	}
	fmt.Fprintln(out)
}

// machine describes where it was measured.
func machine() string {
	model := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for _, line := range strings.Split(string(text), "\n") {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d CPUs (%s), %s, %s", runtime.NumCPU(), model, kernel(), time.Now().UTC().Format("2 January 2006"))
}

func kernel() string {
	text, err := exec.Command("uname", "-sr").Output()
	if err != nil {
		return "Linux"
	}
	return strings.TrimSpace(string(text))
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 0 {
		return fields[0]
	}
	return "unknown"
}
