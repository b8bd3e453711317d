package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// program is one of the two that are compared.
type program struct {
	name string // podctl or podman
	path string
	env  []string
}

// instance is a program on directories of its own.
type instance struct {
	*program
	root, runRoot string
}

// sample is what one command cost.
type sample struct {
	wall   time.Duration
	cpu    time.Duration // of the process and the children it waited for
	memory int64         // bytes, of its largest process
	out    string        // standard output
}

// longest is how long any command may take.
const longest = 15 * time.Minute

// command prepares a command line of the program.
func (in *instance) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, in.path, append([]string{"--root", in.root, "--runroot", in.runRoot}, args...)...)
	cmd.Env = append(os.Environ(), in.env...)
	return cmd
}

// run runs a command line and waits for it. An error has what the program said.
func (in *instance) run(args ...string) (sample, error) {
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	return measure(in.command(ctx, args...))
}

// do is run for what is not measured.
func (in *instance) do(args ...string) error {
	_, err := in.run(args...)
	return err
}

func measure(cmd *exec.Cmd) (sample, error) {
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	begin := time.Now()
	err := cmd.Run()
	s := sample{wall: time.Since(begin), out: strings.TrimSpace(out.String())}
	if err != nil {
		return s, fmt.Errorf("%s %s: %w: %s", filepath.Base(cmd.Path), strings.Join(cmd.Args[1:], " "), err, strings.TrimSpace(errOut.String()))
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		const kilobyte = 1024
		s.memory = usage.Maxrss * kilobyte
	}
	s.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return s, nil
}

// syncs counts the fsyncs and fdatasyncs of a command until it ends, those of
// its children included. Then it calls after, which must end what the command
// has left running: strace follows that too.
func (in *instance) syncs(after func() error, args ...string) (int, error) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return 0, fmt.Errorf("count syncs: install strace: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	trace := filepath.Join(in.runRoot, "strace")
	cmd := in.command(ctx, args...)
	cmd.Args = append([]string{strace, "-f", "-q", "-e", "trace=execve,fsync,fdatasync", "-e", "signal=none", "-o", trace}, cmd.Args...)
	cmd.Path = strace
	done := make(chan error, 1)
	go func() {
		_, err := measure(cmd)
		done <- err
	}()
	var n int
	for over := false; !over; time.Sleep(10 * time.Millisecond) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		text, err := os.ReadFile(trace)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return 0, err
		}
		n, over = countSyncs(string(text))
	}
	return n, errors.Join(after(), <-done, os.Remove(trace))
}

// countSyncs counts the calls in a trace up to the end of the process it began
// with, and reports whether that is there.
func countSyncs(trace string) (n int, over bool) {
	first, _, _ := strings.Cut(trace, " ")
	for _, line := range strings.Split(trace, "\n") {
		// A call that others cut in two is resumed on a line of another form.
		if strings.Contains(line, "sync(") {
			n++
		}
		if strings.HasPrefix(line, first+" ") && strings.Contains(line, "+++ exited") {
			return n, true
		}
	}
	return n, false
}

// bench has the two programs and where they work.
type bench struct {
	podctl, podman *program
	image          string // archive of the image
	dir            string // on the disk that is measured
	instances      map[string]*instance
}

// imageName is what the archive holds.
const imageName = "localhost/busybox:latest"

// programs are both, podctl first; podctl alone if there is no peer.
func (b *bench) programs() []*program {
	if b.podman == nil {
		return []*program{b.podctl}
	}
	return []*program{b.podctl, b.podman}
}

// instance returns the program on the directories of that name, which has the
// image from its first use on.
func (b *bench) instance(p *program, name string) (*instance, error) {
	key := p.name + "-" + name
	if in, ok := b.instances[key]; ok {
		return in, nil
	}
	in := &instance{program: p, root: filepath.Join(b.dir, key), runRoot: filepath.Join("/run/bench", key)}
	if err := errors.Join(os.MkdirAll(in.root, 0o700), os.MkdirAll(in.runRoot, 0o700)); err != nil {
		return nil, err
	}
	if err := in.do("load", "-q", "-i", b.image); err != nil {
		return nil, err
	}
	// What is made once, such as podman's pause image, is not measured.
	if err := errors.Join(in.do("pod", "create", "--name", "first"), in.do("pod", "rm", "-f", "first")); err != nil {
		return nil, err
	}
	b.instances[key] = in
	return in, nil
}
