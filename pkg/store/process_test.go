package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const childVar = "STORE_TEST_CHILD"

// TestMain turns the test binary into another podctl on the same database, if
// asked to.
func TestMain(m *testing.M) {
	children := map[string]func(context.Context, string) error{"count": countUp, "hang": hangInTransaction}
	child, ok := children[os.Getenv(childVar)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := child(context.Background(), os.Args[1]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// rounds is how often each process reads and then writes.
const rounds = 20

// countUp adds one to a number, again and again, each time in a transaction
// that reads first. Every other time it opens the database anew, as commands do.
func countUp(ctx context.Context, path string) error {
	var s *Store
	for i := range rounds {
		if i%2 == 0 {
			var err error
			if s, err = Open(ctx, path); err != nil {
				return err
			}
		}
		if err := s.Update(ctx, func(tx *Tx) error { return addOne(ctx, tx) }); err != nil {
			return err
		}
	}
	return nil
}

func addOne(ctx context.Context, tx *Tx) error {
	text, err := tx.Meta(ctx, "n")
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(text) // unset counts as zero
	return tx.SetMeta(ctx, "n", strconv.Itoa(n+1))
}

// hangInTransaction writes, says so, and waits for its end.
func hangInTransaction(ctx context.Context, path string) error {
	s, err := Open(ctx, path)
	if err != nil {
		return err
	}
	return s.Update(ctx, func(tx *Tx) error {
		if err := tx.SetMeta(ctx, "n", "half"); err != nil {
			return err
		}
		fmt.Println("written")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	})
}

func childCommand(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "/proc/self/exe", path)
	cmd.Env = append(os.Environ(), childVar+"="+role)
	return cmd
}

func TestProcessesWriteOneAfterAnother(t *testing.T) {
	const processes = 6
	path := filepath.Join(t.TempDir(), "d", "podctl.db") // the first of them makes it
	type result struct {
		out []byte
		err error
	}
	results := make(chan result)
	for range processes {
		go func() {
			out, err := childCommand(t, "count", path).CombinedOutput()
			results <- result{out, err}
		}()
	}
	for range processes {
		r := <-results
		require.NoError(t, r.err, "%s", r.out)
	}
	s, err := Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.Equal(t, strconv.Itoa(processes*rounds), number(t, s))
}

func number(t *testing.T, s *Store) (n string) {
	t.Helper()
	view(t, s, func(tx *Tx) {
		var err error
		n, err = tx.Meta(t.Context(), "n")
		require.NoError(t, err)
	})
	return n
}

func TestWriterInATransaction(t *testing.T) {
	s := open(t)
	update(t, s, func(tx *Tx) { require.NoError(t, tx.SetMeta(t.Context(), "n", "old")) })
	cmd := childCommand(t, "hang", s.Path())
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "written\n", line)

	require.Equal(t, "old", number(t, s), "readers go on, and see nothing of it")
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait() // killed
	require.Equal(t, "old", number(t, s), "what was not committed is gone")
	update(t, s, func(tx *Tx) { require.NoError(t, tx.SetMeta(t.Context(), "n", "new")) })
	require.Equal(t, "new", number(t, s), "the lock died with its holder")
	view(t, s, func(tx *Tx) { require.NoError(t, tx.Integrity(t.Context())) })
}

func TestReaderKeepsItsSnapshotDuringAWrite(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	update(t, s, func(tx *Tx) { require.NoError(t, tx.SetMeta(ctx, "n", "old")) })
	view(t, s, func(reading *Tx) {
		before, err := reading.Meta(ctx, "n")
		require.NoError(t, err)
		update(t, s, func(tx *Tx) { require.NoError(t, tx.SetMeta(ctx, "n", "new")) })
		after, err := reading.Meta(ctx, "n")
		require.NoError(t, err)
		require.Equal(t, []string{"old", "old"}, []string{before, after})
	})
	require.Equal(t, "new", number(t, s))
}
