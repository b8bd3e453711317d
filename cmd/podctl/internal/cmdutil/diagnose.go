package cmdutil

import (
	"errors"
	"fmt"
	"log/syslog"
	"os"
	"runtime"
	"runtime/pprof"

	"github.com/sirupsen/logrus"
	syslogger "github.com/sirupsen/logrus/hooks/syslog"
)

// applyDiagnosis sends log messages to syslog too, if asked to. Without a syslog
// it is a warning: what the user wants done is something else.
func (g *Globals) applyDiagnosis() {
	if g.Trace {
		logrus.Warn("--trace has no effect: use --log-level trace")
	}
	if !g.Syslog {
		return
	}
	hook, err := syslogger.NewSyslogHook("", "", syslog.LOG_INFO, "podctl")
	if err != nil {
		logrus.Warnf("--syslog: log messages are shown here only: %v", err)
		return
	}
	logrus.AddHook(hook)
}

// startProfiles begins the profiles of this process that were asked for, for
// go tool pprof; stop, which may be called once, writes them.
func (g *Globals) startProfiles() (stop func() error, err error) {
	var cpu *os.File
	if g.CPUProfile != "" {
		if cpu, err = os.Create(g.CPUProfile); err != nil {
			return nil, fmt.Errorf("write CPU profile: %w", err)
		}
		if err := pprof.StartCPUProfile(cpu); err != nil {
			return nil, errors.Join(fmt.Errorf("write CPU profile: %w", err), cpu.Close())
		}
	}
	return func() error {
		var errs error
		if cpu != nil {
			pprof.StopCPUProfile()
			errs = cpu.Close()
		}
		if g.MemoryProfile == "" {
			return errs
		}
		return errors.Join(errs, writeMemoryProfile(g.MemoryProfile))
	}, nil
}

func writeMemoryProfile(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write memory profile: %w", err)
	}
	runtime.GC() // what is of no use any more is not to be seen
	if err := errors.Join(pprof.WriteHeapProfile(file), file.Close()); err != nil {
		return fmt.Errorf("write memory profile: %w", err)
	}
	return nil
}
