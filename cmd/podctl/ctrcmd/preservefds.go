package ctrcmd

import (
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// firstExtraFD is the first descriptor after the standard ones.
const firstExtraFD = 3

// preservedFDs duplicates the first n descriptors after the standard ones, or
// those of the list, in the order of their numbers: the process gets each under
// the number it has here. A number in between leads to /dev/null. The caller
// closes them.
func preservedFDs(n uint, list []uint) (files []*os.File, err error) {
	for fd := range n {
		list = append(list[:len(list):len(list)], firstExtraFD+fd)
	}
	if len(list) == 0 {
		return nil, nil
	}
	defer func() {
		if err != nil {
			closeAll(files)
		}
	}()
	for fd := uint(firstExtraFD); fd <= slices.Max(list); fd++ {
		file, err := duplicate(fd, slices.Contains(list, fd))
		if err != nil {
			return files, err
		}
		files = append(files, file)
	}
	return files, nil
}

func duplicate(fd uint, wanted bool) (*os.File, error) {
	if !wanted {
		return os.OpenFile(os.DevNull, os.O_RDWR, 0)
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	dup := -1
	// What was passed to us survived our exec; what we opened would not have.
	if err == nil && flags&unix.FD_CLOEXEC == 0 {
		dup, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, firstExtraFD)
	}
	if dup < 0 || err != nil {
		return nil, fmt.Errorf("file descriptor %d is not available - the preserve-fds option requires that file descriptors must be passed", fd)
	}
	return os.NewFile(uintptr(dup), fmt.Sprintf("fd %d", fd)), nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
