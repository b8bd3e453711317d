package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/containers/common/pkg/detach"
	"github.com/containers/common/pkg/resize"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Streams are what is connected to a container's process. A nil stream is not
// connected: a nil Stdin leaves the process's standard input as it is, output
// for a nil writer is dropped.
type Streams struct {
	// Stdin is read until its end, which is passed on, or until the process is
	// gone. A read that blocks then is not interrupted: its goroutine stays
	// until the read returns, and drops what it got.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// DetachKeys end the attachment when read from Stdin; see [ParseDetachKeys].
	// They are recognised only when they arrive one by one, as typed keys do.
	DetachKeys []byte
	// Resize carries the sizes of the user's terminal. The sender may close it.
	Resize <-chan resize.TerminalSize
}

// AttachOptions says what to attach to.
type AttachOptions struct {
	Streams
	// Bundle is the bundle of a container created by conmon.
	Bundle string
	// PID of the container's first process, if it has a terminal. With it the
	// size waiting in Resize is set before Ready is called; without it conmon
	// sets that size a moment later, which a quick program does not see.
	PID int
	// Ready is called once connected: nothing written by the process from now
	// on is lost. The place to start a created container. An error ends the
	// attachment.
	Ready func() error
}

// conmon puts the stream's number before each packet of output.
const (
	packetStdout = 2
	packetStderr = 3
	// maxPacket is conmon's buffer, and one byte for the stream's number; a
	// longer packet would be cut off.
	maxPacket = 32*1024 + 1
	// maxInput is what conmon is sure to read of a packet in one go.
	maxInput = 8 * 1024
)

// Attach connects the streams to a container until its process has ended and
// all output is written, or until the user types the detach keys
// (errdefs.ErrDetached). A container whose conmon is gone is
// errdefs.ErrConmonDead. Safe for any number of callers at once.
func (r *Runtime) Attach(ctx context.Context, opts AttachOptions) error {
	conn, err := dialAttach(opts.Bundle)
	if err != nil {
		return err
	}
	defer conn.Close()
	setInitialSize(opts.PID, opts.Bundle, opts.Resize)
	if opts.Ready != nil {
		if err := opts.Ready(); err != nil {
			return err
		}
	}
	return stream(ctx, conn, opts.Bundle, opts.Streams)
}

// dialAttach connects to the attach socket in a bundle, whose path may be
// longer than a socket address holds.
func dialAttach(bundle string) (*net.UnixConn, error) {
	dir, err := os.Open(bundle)
	if err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	defer dir.Close()
	path := fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), attachSocketName)
	conn, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Net: "unixpacket", Name: path})
	switch {
	case errors.Is(err, unix.ECONNREFUSED), errors.Is(err, unix.ENOENT):
		return nil, fmt.Errorf("connect to attach socket in %s: %w", bundle, errdefs.ErrConmonDead)
	case err != nil:
		return nil, fmt.Errorf("connect to attach socket in %s: %w", bundle, err)
	}
	return conn, nil
}

// stream copies in all directions until output ends, the user detaches or ctx
// ends.
func stream(ctx context.Context, conn *net.UnixConn, bundle string, s Streams) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	go resizeLoop(ctx, bundle, s.Resize)

	input := make(chan error, 1)
	if s.Stdin != nil {
		go func() { input <- copyInput(conn, s.Stdin, s.DetachKeys) }()
	}
	output := make(chan error, 1)
	go func() { output <- copyOutput(conn, s.Stdout, s.Stderr) }()
	for {
		select {
		case err := <-output:
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		case err := <-input:
			if err != nil {
				return err
			}
			// The end of input is not the end of output.
			input = nil
		}
	}
}

// copyInput copies stdin to conmon and passes on its end. Input the process no
// longer takes is not an error: whether the attachment is over is decided by
// the end of output.
func copyInput(conn *net.UnixConn, stdin io.Reader, keys []byte) error {
	to := &packetWriter{conn: conn}
	_, err := detach.Copy(to, stdin, keys)
	switch {
	case errors.Is(err, detach.ErrDetach):
		return errdefs.ErrDetached
	case err != nil && to.err == nil:
		return fmt.Errorf("read input: %w", err)
	}
	_ = conn.CloseWrite()
	return nil
}

// packetWriter cuts input into packets conmon reads whole.
type packetWriter struct {
	conn *net.UnixConn
	err  error
}

func (w *packetWriter) Write(p []byte) (written int, err error) {
	for len(p) > 0 {
		n, err := w.conn.Write(p[:min(len(p), maxInput)])
		written += n
		if err != nil {
			w.err = err
			return written, err
		}
		p = p[n:]
	}
	return written, nil
}

// copyOutput writes what conmon sends to the stream it came from, until conmon
// closes the connection.
func copyOutput(conn *net.UnixConn, stdout, stderr io.Writer) error {
	packet := make([]byte, maxPacket)
	for {
		n, err := conn.Read(packet)
		// Input left unread when the process ended resets the connection.
		if errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read output: %w", err)
		}
		var to io.Writer
		switch packet[0] {
		case packetStdout:
			to = stdout
		case packetStderr:
			to = stderr
		default:
			return fmt.Errorf("read output: packet of unknown stream %d: %w", packet[0], errdefs.ErrInternal)
		}
		if to == nil {
			continue
		}
		if _, err := to.Write(packet[1:n]); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
	}
}
