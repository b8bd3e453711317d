package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Colors of the two programs and of what is asked for.
const podctlColor, podmanColor, targetColor = "#1f6feb", "#d9822b", "#57606a"

// plotRatios is a bar for each row: podctl's value over podman's, with a line
// where it is to stay below.
func (r *results) plotRatios() string {
	const width, left, bar, top = 860, 380, 20, 44
	var rows []row
	for _, row := range r.rows {
		if row.most > 0 && r.ratio(row, false) > 0 {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return ""
	}
	scale := float64(width - left - 60)
	height := top + bar*len(rows) + 20
	s := newSVG(width, height, "podctl / podman, by verb: shorter is faster, the mark is what is asked for")
	for i, row := range rows {
		y := top + bar*i
		ratio := r.ratio(row, false)
		s.text(left-8, y+14, "end", row.title)
		s.add(`<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, left, y+3, math.Min(ratio, 1)*scale, bar-6, podctlColor)
		s.add(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s" stroke-width="2"/>`, left+row.most*scale, y+1, left+row.most*scale, y+bar-1, targetColor)
		s.text(left+int(math.Min(ratio, 1)*scale)+6, y+14, "start", fmt.Sprintf("%.2f", ratio))
	}
	s.add(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s" stroke-dasharray="4 3"/>`, left+scale, top, left+scale, height-16, podmanColor)
	s.text(left+int(scale), height-4, "middle", "podman = 1")
	return s.end()
}

// curve is a line of a plot, in seconds over a number.
type curve struct {
	name, color string
	dashed      bool
	points      [][2]float64
}

// plotPods is the time of pod ps over the number of pods.
func (r *results) plotPods() string {
	curves := []curve{{name: "podctl", color: podctlColor}, {name: "podman", color: podmanColor}}
	for _, row := range r.rows {
		var n int
		if _, err := fmt.Sscanf(row.key, "ps-%d", &n); err != nil {
			continue
		}
		for i := range curves {
			if v := r.value(row, curves[i].name, false); v > 0 {
				curves[i].points = append(curves[i].points, [2]float64{float64(n), v})
			}
		}
	}
	return plotCurves("pod ps: time against the number of pods of 3 containers", "pods", curves)
}

// plotContainers is the time to start and to remove a pod over the number of its
// containers.
func (r *results) plotContainers() string {
	curves := []curve{
		{"podctl pod start", podctlColor, false, nil}, {"podman pod start", podmanColor, false, nil},
		{"podctl pod rm", podctlColor, true, nil}, {"podman pod rm", podmanColor, true, nil},
	}
	for _, row := range r.rows {
		for i := range curves {
			program, verb, _ := strings.Cut(curves[i].name, " pod ")
			var n int
			if _, err := fmt.Sscanf(row.key, verb+"-%d", &n); err != nil {
				continue
			}
			if v := r.value(row, program, false); v > 0 {
				curves[i].points = append(curves[i].points, [2]float64{float64(n), v})
			}
		}
	}
	return plotCurves("pod start and pod rm -f -t 0: time against the number of containers", "containers", curves)
}

// plotCurves draws curves on logarithmic axes.
func plotCurves(title, unit string, curves []curve) string {
	const width, height, left, right, top, bottom = 720, 420, 80, 170, 40, 50
	x0, x1, y0, y1 := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, c := range curves {
		for _, p := range c.points {
			x0, x1 = math.Min(x0, p[0]), math.Max(x1, p[0])
			y0, y1 = math.Min(y0, p[1]), math.Max(y1, p[1])
		}
	}
	if x0 >= x1 {
		return "" // no two points
	}
	y0, y1 = math.Pow(10, math.Floor(math.Log10(y0))), math.Pow(10, math.Ceil(math.Log10(y1)))
	at := func(p [2]float64) (float64, float64) {
		x := math.Log(p[0]/x0) / math.Log(x1/x0)
		y := math.Log(p[1]/y0) / math.Log(y1/y0)
		return left + x*(width-left-right), height - bottom - y*(height-top-bottom)
	}
	s := newSVG(width, height, title)
	for tick := y0; tick <= y1*1.001; tick *= 10 {
		_, y := at([2]float64{x0, tick})
		s.add(`<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#d0d7de"/>`, left, y, width-right, y)
		s.text(left-8, int(y)+4, "end", seconds(tick))
	}
	ticks := map[float64]bool{}
	for i, c := range curves {
		var path []string
		for _, p := range c.points {
			x, y := at(p)
			path = append(path, fmt.Sprintf("%.1f,%.1f", x, y))
			s.add(`<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, x, y, c.color)
			if !ticks[p[0]] {
				ticks[p[0]] = true
				s.text(int(x), height-bottom+18, "middle", fmt.Sprintf("%g", p[0]))
			}
		}
		dash := ""
		if c.dashed {
			dash = ` stroke-dasharray="6 4"`
		}
		s.add(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2"%s/>`, strings.Join(path, " "), c.color, dash)
		s.add(`<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="2"%s/>`, width-right+14, top+20*i, width-right+38, top+20*i, c.color, dash)
		s.text(width-right+44, top+20*i+4, "start", c.name)
	}
	s.text((left+width-right)/2, height-12, "middle", unit)
	return s.end()
}

// svg is a drawing in the making.
type svg struct{ strings.Builder }

func newSVG(width, height int, title string) *svg {
	s := new(svg)
	s.add(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`, width, height, width, height)
	s.add(`<rect width="100%%" height="100%%" fill="white"/>`)
	s.add(`<text x="%d" y="22" text-anchor="middle" font-size="14">%s</text>`, width/2, html.EscapeString(title))
	return s
}

func (s *svg) add(format string, args ...any) { fmt.Fprintf(s, format+"\n", args...) }

func (s *svg) text(x, y int, anchor, text string) {
	s.add(`<text x="%d" y="%d" text-anchor="%s" fill="#24292f">%s</text>`, x, y, anchor, html.EscapeString(text))
}

func (s *svg) end() string {
	s.add("</svg>")
	return s.String()
}
