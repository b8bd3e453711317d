package lock

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The variable that makes the test binary play a part, and its parts.
const (
	partVar     = "LOCK_TEST_PART"
	partHold    = "hold"    // take the lock, say so, hold it until stdin ends
	partContend = "contend" // take and leave the lock many times
	rounds      = 150
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(partVar) {
	case "":
		os.Exit(m.Run())
	case partHold:
		err = hold(os.Args[1])
	case partContend:
		err = contend(os.Args[1], os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func part(name string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), partVar+"="+name)
	return cmd
}

func hold(dir string) error {
	if _, err := Open(dir).Lock(context.Background(), "web"); err != nil {
		return err
	}
	fmt.Println("held")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// contend takes the lock again and again, now unlocking, now removing it. While
// it holds the lock it adds one to a counter without any other protection, and
// nobody else may be there.
func contend(dir, work string) error {
	d := Open(dir)
	for range rounds {
		l, err := d.Lock(context.Background(), "web")
		if err != nil {
			return err
		}
		if err := critical(work); err != nil {
			return err
		}
		leave := l.Unlock
		if rand.IntN(2) == 0 {
			leave = l.Remove
		}
		if err := leave(); err != nil {
			return err
		}
	}
	return nil
}

func critical(work string) error {
	inside, counter := filepath.Join(work, "inside"), filepath.Join(work, "counter")
	if err := os.Mkdir(inside, 0o700); err != nil {
		return fmt.Errorf("two hold the lock: %w", err)
	}
	n, err := count(counter)
	if err != nil {
		return err
	}
	if err := os.WriteFile(counter, []byte(strconv.Itoa(n+1)), 0o600); err != nil {
		return err
	}
	return os.Remove(inside)
}

func count(counter string) (int, error) {
	data, err := os.ReadFile(counter)
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(data))
}

func TestProcesses(t *testing.T) {
	t.Run("a_killed_holder_frees_the_lock", func(t *testing.T) {
		d := tempDir(t)
		cmd := part(partHold, d.path)
		_, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "held\n", line)

		holders, err := d.Holders()
		require.NoError(t, err)
		require.Len(t, holders, 1)
		require.Equal(t, cmd.Process.Pid, holders[0].PID)
		require.Contains(t, holders[0].Cmdline, d.path)

		done, h := waiter(t, t.Context(), d, "web")
		require.Equal(t, cmd.Process.Pid, h.PID)
		require.NoError(t, cmd.Process.Kill())
		require.NoError(t, await(t, done))
		holders, err = d.Holders()
		require.NoError(t, err)
		require.Empty(t, holders)
	})
	t.Run("never_two_hold_it_though_it_is_removed_all_the_time", func(t *testing.T) {
		dir, work := tempDir(t).path, t.TempDir()
		const processes = 4
		var wg sync.WaitGroup
		for range processes {
			wg.Go(func() {
				out, err := part(partContend, dir, work).CombinedOutput()
				if err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
		wg.Wait()
		n, err := count(filepath.Join(work, "counter"))
		require.NoError(t, err)
		require.Equal(t, processes*rounds, n)
	})
	t.Run("a_child_that_was_started_does_not_inherit_it", func(t *testing.T) {
		d := tempDir(t)
		l := mustLock(t, d, "web")
		cmd := part(partHold, filepath.Join(t.TempDir(), "other"))
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		// Closing without unlocking first is what the holder's death does.
		require.NoError(t, l.file.Close())
		l.file = nil
		_, ok, err := d.TryLock("web")
		require.NoError(t, err)
		require.True(t, ok)
		require.NoError(t, in.Close())
		require.NoError(t, cmd.Wait())
	})
}
