package runtime

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/container"
)

// What a health check can find.
const (
	healthStarting  = "starting"
	healthHealthy   = "healthy"
	healthUnhealthy = "unhealthy"
)

// healthLogEvents is the destination of the log of checks that says: the events.
const healthLogEvents = "events_logger"

// healthState is what the checks of one run of a container found. It lives in a
// file beside the container's log and is worth nothing after a restart.
type healthState struct {
	// StartedAt tells which run of the container it is about.
	StartedAt time.Time
	Status    string
	// FailingStreak counts failures since the last success, and with a startup
	// check Passes its successes. Started: the startup check is done with.
	FailingStreak int
	Passes        uint
	Started       bool
	Log           []InspectHealthLog
}

func (r *Runtime) healthFile(id string) string {
	return filepath.Join(r.settings.ContainerDir(id), "health.json")
}

// readHealth is what is known of a container's health in this run. A file that
// cannot be read says nothing.
func (r *Runtime) readHealth(c *container.Container) healthState {
	s := healthState{}
	b, err := os.ReadFile(r.healthFile(c.ID))
	if err != nil || json.Unmarshal(b, &s) != nil || !s.StartedAt.Equal(c.Runtime.StartedAt) {
		return healthState{StartedAt: c.Runtime.StartedAt}
	}
	return s
}

func (r *Runtime) writeHealth(c *container.Container, s healthState) error {
	if err := replaceJSON(r.healthFile(c.ID), s); err != nil {
		return fmt.Errorf("record health of container %s: %w", c.ID, err)
	}
	if file := healthLogFile(c); file != "" {
		// It is for others to read: what we know ourselves is recorded.
		if err := replaceJSON(file, s.report(s.Status)); err != nil {
			logrus.Warnf("Health log of container %s: %v", c.ID, err)
		}
	}
	return nil
}

// healthLogFile is where the user wants the log of the checks, too; "" for nowhere.
func healthLogFile(c *container.Container) string {
	switch dir := c.Config.Health.LogDest; dir {
	case "", "local", healthLogEvents:
		return ""
	default:
		return filepath.Join(dir, c.ID+"-healthcheck.log")
	}
}

// report is the state as inspect shows it.
func (s healthState) report(status string) *InspectHealth {
	if s.Log == nil {
		s.Log = []InspectHealthLog{}
	}
	return &InspectHealth{Status: status, FailingStreak: s.FailingStreak, Log: s.Log}
}

// eventLog is the last run for an event, if it is with the events that runs are
// to be logged.
func (s healthState) eventLog(h *container.Health) string {
	if h.LogDest != healthLogEvents || len(s.Log) == 0 {
		return ""
	}
	b, _ := json.Marshal(s.Log[len(s.Log)-1]) // texts and a number
	return string(b)
}

// healthResult is one run of a check.
type healthResult struct {
	start, end time.Time
	code       int
	output     string
}

// add counts a run in. Until the startup check has passed as often as it must
// the status is starting; a failure of the check itself counts once the start
// period is over, and retries failures in a row are unhealthy.
func (s *healthState) add(h *container.Health, res healthResult) {
	passed := res.code == 0
	if passed {
		s.FailingStreak = 0
	}
	switch {
	case s.startup(h):
		s.Status = healthStarting
		if !passed {
			s.FailingStreak++
			break
		}
		s.Passes++
		s.Started = s.Passes >= max(h.StartupPasses, 1)
	case passed:
		s.Status = healthHealthy
	case res.start.Before(s.StartedAt.Add(h.StartPeriod)):
		if s.Status == "" {
			s.Status = healthStarting
		}
	default:
		s.FailingStreak++
		if s.FailingStreak >= int(max(h.Retries, 1)) { //nolint:gosec // a count
			s.Status = healthUnhealthy
		} else if s.Status == "" {
			s.Status = healthStarting
		}
	}
	if limit := int(h.MaxLogSize); limit > 0 && len(res.output) > limit { //nolint:gosec // a size
		res.output = res.output[:limit]
	}
	s.Log = append(s.Log, InspectHealthLog{
		Start: res.start.Format(time.RFC3339Nano), End: res.end.Format(time.RFC3339Nano), ExitCode: res.code, Output: res.output,
	})
	if limit := int(h.MaxLogCount); limit > 0 && len(s.Log) > limit { //nolint:gosec // a count
		s.Log = s.Log[len(s.Log)-limit:]
	}
}

// startup says whether the startup check is still the one to run.
func (s *healthState) startup(h *container.Health) bool {
	return len(h.StartupTest) > 0 && !s.Started
}
