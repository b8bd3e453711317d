package ctrcmd

import (
	"time"

	"github.com/docker/go-units"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// statsRow is a container's statistics as tables and templates see them.
type statsRow struct {
	ID, ContainerID, Name string
	CPUPerc               string
	CPU, AvgCPU           float64
	CPUNano               uint64
	MemUsage              string
	MemUsageBytes         string
	MemPerc               string
	MemLimit              uint64
	NetIO, BlockIO        string
	NetInput, NetOutput   uint64
	BlockInput            uint64
	BlockOutput           uint64
	PIDS, PIDs            string
	// UpTime is processor time, in spite of its name.
	UpTime string
	AVGCPU string
	// Duration is the time since the start in nanoseconds.
	Duration uint64
}

const statsColumns = "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDS}}\t{{.UpTime}}\t{{.AVGCPU}}\n"

func statsHeaders() map[string]string {
	return map[string]string{
		"CPUPerc": "CPU %", "CPU": "CPU %", "MemUsage": "MEM USAGE / LIMIT", "MemUsageBytes": "MEM USAGE / LIMIT", "MemPerc": "MEM %",
		"NetIO": "NET IO", "BlockIO": "BLOCK IO", "UpTime": "CPU TIME", "AVGCPU": "AVG CPU %", "AvgCPU": "AVG CPU %",
	}
}

func newStatsRow(s, prev engine.ContainerStats, short bool) statsRow {
	use, cpu, average := s.Usage, s.CPUPercent(prev), s.AveragePercent()
	row := statsRow{
		ID: s.ID, ContainerID: s.ID, Name: s.Name,
		CPUPerc: cmdutil.Percent(cpu), CPU: cpu, AvgCPU: average, CPUNano: uint64(use.CPU), //nolint:gosec // never negative
		MemUsage:      cmdutil.AmountPair(use.Memory, use.MemoryLimit, units.HumanSize),
		MemUsageBytes: cmdutil.AmountPair(use.Memory, use.MemoryLimit, units.BytesSize),
		MemPerc:       cmdutil.Percent(s.MemoryPercent()), MemLimit: use.MemoryLimit,
		NetIO:    cmdutil.AmountPair(s.NetInput, s.NetOutput, units.HumanSize),
		BlockIO:  cmdutil.AmountPair(use.BlockRead, use.BlockWrite, units.HumanSize),
		NetInput: s.NetInput, NetOutput: s.NetOutput, BlockInput: use.BlockRead, BlockOutput: use.BlockWrite,
		PIDS: cmdutil.Count(use.PIDs), PIDs: cmdutil.Count(use.PIDs),
		UpTime: use.CPU.String(), AVGCPU: cmdutil.Percent(average),
	}
	if up := s.At.Sub(s.StartedAt); up > 0 && use.PIDs > 0 {
		row.Duration = uint64(up / time.Nanosecond)
	}
	if short {
		row.ID = cmdutil.ShortID(s.ID)
	}
	return row
}

// statsJSON is a container's statistics as JSON shows them.
type statsJSON struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	CPUTime    string `json:"cpu_time"`
	CPUPercent string `json:"cpu_percent"`
	AvgCPU     string `json:"avg_cpu"`
	MemUsage   string `json:"mem_usage"`
	MemPercent string `json:"mem_percent"`
	NetIO      string `json:"net_io"`
	BlockIO    string `json:"block_io"`
	PIDs       string `json:"pids"`
}

// statsIndent is the number of blanks per level of statistics as JSON.
const statsIndent = 1

func statsJSONOf(rows []statsRow) []statsJSON {
	list := make([]statsJSON, 0, len(rows))
	for _, r := range rows {
		list = append(list, statsJSON{
			ID: r.ID, Name: r.Name, CPUTime: r.UpTime, CPUPercent: r.CPUPerc, AvgCPU: r.AVGCPU, MemUsage: r.MemUsage,
			MemPercent: r.MemPerc, NetIO: r.NetIO, BlockIO: r.BlockIO, PIDs: r.PIDS,
		})
	}
	return list
}
