package ctrcmd

import (
	"errors"
	"strings"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// runError gives the error of an attached start its exit code: 127 if the
// command was not found, 126 if it could not be invoked otherwise, 125 if it
// never came to that, as where conmon refuses its options. To detach is no error.
func runError(err error) error {
	var failed *engine.StartError
	switch {
	case err == nil, errors.Is(err, errdefs.ErrDetached):
		return nil
	case !errors.As(err, &failed), errors.Is(err, errdefs.ErrConmonDead):
		return err
	case errors.Is(err, errdefs.ErrInternal):
		return cmdutil.WithCode(cmdutil.ExitCannotRun, err) // whatever a dependency lacked, it is not this command
	}
	return cmdutil.WithCode(startFailureCode(err.Error()), err)
}

// startFailureCode tells from the words of an error whether the command was
// missing: the OCI runtimes have no other way to say it.
func startFailureCode(text string) int {
	text = strings.ToLower(text)
	for _, phrase := range []string{"not found", "no such file", "executable path is empty"} {
		if strings.Contains(text, phrase) {
			return cmdutil.ExitNoSuchEntry
		}
	}
	return cmdutil.ExitCannotRun
}

// execError gives the error of an exec session its exit code.
func execError(err error) error {
	switch {
	case err == nil, errors.Is(err, errdefs.ErrDetached):
		return nil
	case errors.Is(err, errdefs.ErrOCIPermission):
		return cmdutil.WithCode(cmdutil.ExitCannotRun, err)
	case errors.Is(err, errdefs.ErrOCICommandNotFound):
		return cmdutil.WithCode(cmdutil.ExitNoSuchEntry, err)
	}
	return err
}
