package specflags

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// restartFlag is --restart.
type restartFlag struct {
	given
	value string
}

func (f *restartFlag) bind(fs *pflag.FlagSet) {
	f.fs = fs
	fs.StringVar(&f.value, "restart", "", "Restart `policy`: no, on-failure[:retries], always or unless-stopped")
}

// parse returns the policy. what is "pod" or "container": the object whose
// option the policy is.
func (f *restartFlag) parse(what string) (container.RestartPolicy, error) {
	var none container.RestartPolicy
	word, count, counted := strings.Cut(f.value, ":")
	if word == "never" {
		word = "no"
	}
	policy := container.RestartPolicy{Name: word}
	switch {
	case strings.Contains(count, ":"):
		return none, errors.New("invalid restart policy: may specify retries at most once")
	case counted && word != "on-failure":
		return none, errors.New("restart policy retries can only be specified with on-failure restart policy")
	case counted:
		retries, err := strconv.Atoi(count)
		if err != nil {
			return none, fmt.Errorf("parsing restart policy retry count: %w", err)
		}
		if retries < 0 {
			return none, errors.New("must specify restart policy retry count as a number greater than 0")
		}
		policy.MaxRetries = uint(retries)
	}
	switch word {
	case "", "no", "on-failure", "always", "unless-stopped":
		return policy, nil
	}
	return none, fmt.Errorf("running %s create option: %q is not a valid restart policy: %w", what, word, errdefs.ErrInvalidArg)
}

// lifecycleFlags say how a container is stopped, restarted and removed.
type lifecycleFlags struct {
	given
	restart restartFlag

	rm                              bool
	cidFile, conmonPidFile, pidFile string
	stopSignal                      string
	stopTimeout, timeout            uint
	sdnotify                        string
}

func (f *lifecycleFlags) bind(fs *pflag.FlagSet) {
	f.fs = fs
	f.restart.bind(fs)
	fs.BoolVar(&f.rm, "rm", false, "Remove the container and its anonymous volumes when it exits")
	fs.StringVar(&f.cidFile, "cidfile", "", "Write the container ID to this `file`")
	fs.StringVar(&f.conmonPidFile, "conmon-pidfile", "", "Write the PID of conmon to this `file`")
	fs.StringVar(&f.pidFile, "pidfile", "", "Write the PID of the container process to this `file`")
	fs.StringVar(&f.stopSignal, "stop-signal", "", "`Signal` to stop the container with")
	fs.UintVar(&f.stopTimeout, "stop-timeout", container.DefaultStopTimeout, "`Seconds` from the stop signal to SIGKILL")
	fs.UintVar(&f.timeout, "timeout", 0, "Kill the container after this many `seconds`")
	fs.StringVar(&f.sdnotify, "sdnotify", "container", "Who sends NOTIFY messages: container, conmon, healthy or ignore")
}

func (f *lifecycleFlags) apply(l *container.Lifecycle, env Env) error {
	if f.restart.has("restart") {
		policy, err := f.restart.parse("container")
		if err != nil {
			return err
		}
		l.Restart, l.RestartSet = policy, true
	}
	if f.stopSignal != "" {
		signal, err := cmdutil.ParseSignal(f.stopSignal)
		if err != nil {
			return err
		}
		l.StopSignal = uint(signal)
	}
	if f.has("stop-timeout") {
		l.StopTimeout = &f.stopTimeout
	}
	switch f.sdnotify {
	case "container", "conmon", "healthy", "ignore":
		l.SDNotify = f.sdnotify
	default:
		return fmt.Errorf("invalid config provided: %w: invalid sdnotify value %q: must be container, conmon, ignore or healthy", errdefs.ErrInvalidArg, f.sdnotify)
	}
	l.Timeout, l.AutoRemove = f.timeout, f.rm
	for _, file := range []struct {
		field *string
		value string
	}{{&l.CIDFile, f.cidFile}, {&l.ConmonPidFile, f.conmonPidFile}, {&l.PidFile, f.pidFile}} {
		if file.value != "" {
			*file.field = env.abs(file.value)
		}
	}
	return nil
}
