package handover

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// variable tells the whole program where the small one is.
const variable = "_PODCTL_PROGRAM"

// inMemory is how the path of a program begins that runs from memory.
const inMemory = "/memfd:"

// Become replaces this process by the program that elf is, an ELF file's content,
// with the arguments argv. It returns only when that fails.
func Become(elf string, argv []string) error {
	self, err := Program()
	if err != nil {
		return err
	}
	file, err := memory(elf)
	if err != nil {
		return fmt.Errorf("load the whole program: %w", err)
	}
	defer file.Close()
	err = unix.Exec(fmt.Sprintf("/proc/self/fd/%d", file.Fd()), argv, append(os.Environ(), variable+"="+self))
	return fmt.Errorf("run the whole program: %w", err)
}

// memory is a file in memory that may be executed.
func memory(content string) (*os.File, error) {
	flags := unix.MFD_CLOEXEC | unix.MFD_EXEC
	fd, err := unix.MemfdCreate("podctl", flags)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3, where all may be
		fd, err = unix.MemfdCreate("podctl", unix.MFD_CLOEXEC)
	}
	if err != nil {
		// Where the sysctl vm.memfd_noexec forbids it, a file without a name does.
		return nameless(content, fmt.Errorf("create a file in memory: %w", err))
	}
	file := os.NewFile(uintptr(fd), "podctl")
	if _, err := file.WriteString(content); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// nameless is a file on disk that has no name and may be executed.
func nameless(content string, cause error) (*os.File, error) {
	file, err := os.CreateTemp("", "podctl-*")
	if err != nil {
		return nil, errors.Join(cause, err)
	}
	_, err = file.WriteString(content)
	if err == nil {
		err = file.Chmod(0o700) //nolint:gosec // it is a program
	}
	var again *os.File
	if err == nil {
		again, err = os.Open(file.Name()) // what is open for writing cannot be executed
	}
	if err := errors.Join(err, file.Close(), os.Remove(file.Name())); err != nil {
		return nil, errors.Join(cause, err)
	}
	return again, nil
}

// taken is the small program's path in the whole one, "" elsewhere. It is read
// once and taken out of the environment, which containers may get.
var taken = take()

func take() string {
	path := os.Getenv(variable)
	if path == "" {
		return ""
	}
	_ = os.Unsetenv(variable) // of a name that is none
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil || !strings.HasPrefix(exe, inMemory) && !strings.HasSuffix(exe, " (deleted)") {
		return "" // somebody else has set it: a program that was handed over to has no file
	}
	// The kernel has called it by the descriptor it was run from.
	_ = os.WriteFile("/proc/self/comm", []byte(filepath.Base(path)), 0)
	return path
}

// Program is the path of this program's file: the small program's, where that has
// become this one.
func Program() (string, error) {
	if taken != "" {
		return taken, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	if strings.HasPrefix(path, inMemory) {
		return "", fmt.Errorf("this program runs from memory and was not told from where: %s is not set", variable)
	}
	return path, nil
}
