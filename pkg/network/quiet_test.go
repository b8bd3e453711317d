package network

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
)

func TestQuietly(t *testing.T) {
	var log bytes.Buffer
	logrus.SetOutput(&log)
	logrus.SetLevel(logrus.DebugLevel)
	t.Cleanup(func() { logrus.SetOutput(os.Stderr); logrus.SetLevel(logrus.WarnLevel) })
	say := func(text string) error {
		cmd := exec.Command("/bin/sh", "-c", "echo "+text+" >&2")
		cmd.Stderr = os.Stderr
		return cmd.Run()
	}
	before := os.Stderr

	t.Run("a child's stderr goes to the debug log", func(t *testing.T) {
		require.NoError(t, quietly(func() error { return say("Failed to connect to bus") }))
		require.Contains(t, log.String(), "netavark: Failed to connect to bus")
		require.Same(t, before, os.Stderr)
	})
	t.Run("an error with a message keeps it as it is", func(t *testing.T) {
		want := errors.New("netavark: no such bridge")
		require.Equal(t, want, quietly(func() error { require.NoError(t, say("noise")); return want }))
	})
	t.Run("a crash without a message gets the last line", func(t *testing.T) {
		err := quietly(func() error { require.NoError(t, say("thread panicked")); return errors.New("netavark: : EOF") })
		require.EqualError(t, err, "netavark ended without a result: thread panicked")
	})
	t.Run("one that was killed says nothing at all", func(t *testing.T) {
		err := quietly(func() error { return errors.New("netavark: : EOF") })
		require.ErrorContains(t, err, "netavark ended without a result or a reason, as one that was killed does (EOF)")
	})
	t.Run("a panic gives stderr back", func(t *testing.T) {
		require.Panics(t, func() { _ = quietly(func() error { panic("x") }) })
		require.Same(t, before, os.Stderr)
	})
}
