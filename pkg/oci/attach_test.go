package oci

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

// attachServer plays conmon's side of one attachment.
func attachServer(t *testing.T, serve func(*net.UnixConn)) (bundle string) {
	t.Helper()
	bundle = t.TempDir()
	dir, err := os.Open(bundle)
	require.NoError(t, err)
	defer dir.Close()
	// The path itself may be longer than a socket address holds.
	name := fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), attachSocketName)
	listener, err := net.ListenUnix("unixpacket", &net.UnixAddr{Net: "unixpacket", Name: name})
	require.NoError(t, err)
	listener.SetUnlinkOnClose(false) // the descriptor in the name is closed by then
	served := make(chan struct{})
	t.Cleanup(func() { listener.Close(); <-served })
	go func() {
		defer close(served)
		conn, err := listener.AcceptUnix()
		if err != nil {
			return
		}
		defer conn.Close()
		serve(conn)
	}()
	return bundle
}

func attachTo(ctx context.Context, bundle string, s Streams) error {
	return new(Runtime).Attach(ctx, AttachOptions{Bundle: bundle, Streams: s})
}

func TestAttach(t *testing.T) {
	say := func(packets ...string) func(*net.UnixConn) {
		return func(conn *net.UnixConn) {
			for _, p := range packets {
				_, _ = conn.Write([]byte(p))
			}
		}
	}

	t.Run("sorts_output_by_stream_and_drops_what_nobody_wants", func(t *testing.T) {
		var out bytes.Buffer
		require.NoError(t, attachTo(t.Context(), attachServer(t, say("\x02a", "\x03b", "\x02c")), Streams{Stdout: &out}))
		require.Equal(t, "ac", out.String())
	})
	t.Run("refuses_an_unknown_stream", func(t *testing.T) {
		require.ErrorIs(t, attachTo(t.Context(), attachServer(t, say("\x09a")), Streams{}), errdefs.ErrInternal)
	})
	t.Run("reports_output_that_cannot_be_written", func(t *testing.T) {
		cause := errors.New("disk full")
		err := attachTo(t.Context(), attachServer(t, say("\x02a")), Streams{Stdout: failingWriter{cause}})
		require.ErrorIs(t, err, cause)
	})
	t.Run("reports_input_that_cannot_be_read", func(t *testing.T) {
		cause := errors.New("bad disk")
		until := func(conn *net.UnixConn) { _, _ = conn.Read(make([]byte, 1)) }
		err := attachTo(t.Context(), attachServer(t, until), Streams{Stdin: failingReader{cause}})
		require.ErrorIs(t, err, cause)
	})
	t.Run("ends_with_its_context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		err := attachTo(ctx, attachServer(t, func(conn *net.UnixConn) {
			cancel()
			_, _ = conn.Read(make([]byte, 1))
		}), Streams{})
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("a_start_that_fails_ends_it", func(t *testing.T) {
		cause := errors.New("no start")
		err := new(Runtime).Attach(t.Context(), AttachOptions{
			Bundle: attachServer(t, say()), Ready: func() error { return cause },
		})
		require.ErrorIs(t, err, cause)
	})
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

func TestParseDetachKeys(t *testing.T) {
	for keys, want := range map[string]string{
		"":              "",
		"ctrl-p,ctrl-q": "\x10\x11",
		"a,B":           "aB",
		"ctrl-@,ctrl-_": "\x00\x1f",
		"CTRL-A":        "\x01",
		`ctrl-[,ctrl-]`: "\x1b\x1d",
	} {
		got, err := ParseDetachKeys(keys)
		require.NoError(t, err, keys)
		require.Equal(t, want, string(got), keys)
	}
	for _, keys := range []string{"ctrl-", "ctrl-1", "abc", "a,,b", ",", "ctrl-ä"} {
		_, err := ParseDetachKeys(keys)
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument, keys)
	}
}
