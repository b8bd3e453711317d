package specflags

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/podctl/podctl/pkg/container"
)

// healthFlags are the flags of the health check.
type healthFlags struct {
	given
	command, interval, timeout, startPeriod, onFailure string
	retries                                            uint
	logDest                                            string
	maxLogCount, maxLogSize                            uint
	startup                                            startupFlags
	none                                               bool
}

// startupFlags are those of the startup health check.
type startupFlags struct {
	command, interval, timeout string
	retries, success           uint
}

// healthAliases are the spellings of another program.
func healthAliases() map[string]string {
	return map[string]string{
		"healthcheck-command":      "health-cmd",
		"healthcheck-interval":     "health-interval",
		"healthcheck-retries":      "health-retries",
		"healthcheck-start-period": "health-start-period",
		"healthcheck-timeout":      "health-timeout",
	}
}

func (f *healthFlags) bind(fs *pflag.FlagSet) {
	f.fs = fs
	fs.StringVar(&f.command, "health-cmd", "", "Health check `command`, a JSON array or text for a shell; none disables")
	fs.StringVar(&f.interval, "health-interval", "30s", "`Time` between health checks, or disable")
	fs.StringVar(&f.timeout, "health-timeout", "30s", "`Time` a health check may take")
	fs.UintVar(&f.retries, "health-retries", 3, "`Failures` in a row that make a container unhealthy")
	fs.StringVar(&f.startPeriod, "health-start-period", "0s", "`Time` in which failures do not count")
	fs.StringVar(&f.onFailure, "health-on-failure", "none", "`Action` on an unhealthy container: none, kill, restart or stop")
	fs.StringVar(&f.logDest, "health-log-destination", "local", "Health log: local, a `directory` or events_logger")
	fs.UintVar(&f.maxLogCount, "health-max-log-count", 5, "`Entries` in the health log, 0 for no limit")
	fs.UintVar(&f.maxLogSize, "health-max-log-size", 500, "`Characters` of an entry in the health log, 0 for no limit")
	fs.BoolVar(&f.none, "no-healthcheck", false, "Disable health checks")
	s := &f.startup
	fs.StringVar(&s.command, "health-startup-cmd", "", "Startup health check `command`")
	fs.StringVar(&s.interval, "health-startup-interval", "30s", "`Time` between startup health checks")
	fs.StringVar(&s.timeout, "health-startup-timeout", "30s", "`Time` a startup health check may take")
	fs.UintVar(&s.retries, "health-startup-retries", 0, "Startup `failures` after which the container is restarted")
	fs.UintVar(&s.success, "health-startup-success", 0, "Startup `successes` after which the health check begins")
}

// apply fills in a health check. Without --health-cmd its Test stays as it is:
// the engine takes the image's, and says what is wrong if that has none.
func (f *healthFlags) apply(field **container.Health, env Env) error {
	if err := f.check(); err != nil {
		return err
	}
	if !f.has("health-cmd", "no-healthcheck", "health-on-failure", "health-startup-cmd",
		"health-log-destination", "health-max-log-count", "health-max-log-size") && *field == nil {
		return nil
	}
	h := &container.Health{}
	if *field != nil {
		*h = **field
	}
	fresh := *field == nil
	if fresh || f.has("health-log-destination") {
		h.LogDest = f.logDest
		if f.logDest != "local" && f.logDest != "events_logger" {
			h.LogDest = env.abs(f.logDest)
		}
	}
	if fresh || f.has("health-max-log-count") {
		h.MaxLogCount = f.maxLogCount
	}
	if fresh || f.has("health-max-log-size") {
		h.MaxLogSize = f.maxLogSize
	}
	if fresh || f.has("health-on-failure") {
		h.OnFailure = f.onFailure
	}
	if f.has("no-healthcheck") {
		h.Disabled = f.none
	}
	if err := f.applyCheck(h, fresh && f.command != ""); err != nil {
		return err
	}
	if err := f.startup.apply(h); err != nil {
		return err
	}
	*field = h
	return f.consistent(h)
}

func (f *healthFlags) check() error {
	if f.none && f.command != "" {
		return errors.New("cannot specify both --no-healthcheck and --health-cmd")
	}
	switch f.onFailure {
	case "none", "kill", "restart", "stop":
		return nil
	}
	return fmt.Errorf("invalid on-failure action %q for health check: supported actions are none,kill,restart,stop", f.onFailure)
}

// consistent finds contradictions that are certain without the image.
func (f *healthFlags) consistent(h *container.Health) error {
	if !h.Disabled {
		return nil
	}
	if h.OnFailure != "none" && h.OnFailure != "" {
		return fmt.Errorf("cannot set on-failure action to %s without a health check", h.OnFailure)
	}
	if len(h.StartupTest) > 0 {
		return fmt.Errorf("cannot set a startup healthcheck when there is no regular healthcheck: %w", errInvalid)
	}
	return nil
}

// applyCheck sets the regular check; all: also what was not given.
func (f *healthFlags) applyCheck(h *container.Health, all bool) error {
	if f.command != "" {
		if words := []string(nil); json.Unmarshal([]byte(f.command), &words) == nil && len(words) == 0 {
			return errors.New("must define a healthcheck command for all healthchecks")
		}
		h.Test = healthCommand(f.command)
		h.Disabled = h.Test[0] == "NONE"
	}
	if all || f.has("health-interval") {
		interval, err := healthInterval("healthcheck-interval", f.interval)
		if err != nil {
			return err
		}
		h.Interval = interval
	}
	if all || f.has("health-retries") {
		if f.retries < 1 {
			return errors.New("healthcheck-retries must be greater than 0")
		}
		h.Retries = f.retries
	}
	if all || f.has("health-timeout") {
		timeout, err := healthTimeout(f.timeout)
		if err != nil {
			return err
		}
		h.Timeout = timeout
	}
	if all || f.has("health-start-period") {
		period, err := time.ParseDuration(f.startPeriod)
		if err != nil {
			return fmt.Errorf("invalid healthcheck-start-period: %w", err)
		}
		if period < 0 {
			return errors.New("healthcheck-start-period must be 0 seconds or greater")
		}
		h.StartPeriod = period
	}
	return nil
}

func (s *startupFlags) apply(h *container.Health) error {
	if s.command == "" {
		return nil
	}
	interval, err := healthInterval("healthcheck-interval", s.interval)
	if err != nil {
		return err
	}
	timeout, err := healthTimeout(s.timeout)
	if err != nil {
		return err
	}
	h.StartupTest = healthCommand(s.command)
	h.StartupEvery, h.StartupLimit = interval, timeout
	h.StartupTries, h.StartupPasses = s.retries, s.success
	return nil
}

func healthInterval(name, text string) (time.Duration, error) {
	if text == "disable" {
		return 0, nil
	}
	interval, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("invalid %s: %w", name, err)
	}
	return interval, nil
}

func healthTimeout(text string) (time.Duration, error) {
	timeout, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("invalid healthcheck-timeout: %w", err)
	}
	if timeout < time.Second {
		return 0, errors.New("healthcheck-timeout must be at least 1 second")
	}
	return timeout, nil
}

// healthCommand returns the test in the form images have it: the first word
// is CMD, CMD-SHELL or NONE. An array of several words is run as it is,
// anything else by a shell.
func healthCommand(text string) []string {
	var words []string
	isArray := json.Unmarshal([]byte(text), &words) == nil && len(words) > 0
	if !isArray {
		words = strings.SplitN(text, " ", 2)
	}
	switch strings.ToUpper(words[0]) {
	case "NONE":
		return []string{"NONE"}
	case "CMD-SHELL":
		return words
	case "CMD":
		if isArray {
			return words
		}
		return strings.Fields(text)
	}
	if isArray && len(words) > 1 {
		return append([]string{"CMD"}, words...)
	}
	return []string{"CMD-SHELL", strings.Join(words, " ")}
}
