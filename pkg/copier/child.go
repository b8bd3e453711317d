package copier

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/containers/storage/pkg/reexec"
	"golang.org/x/sys/unix"
)

// Register makes reexec.Init know the children. main calls it before that.
func Register() {
	reexec.Register(outName, func() { runChild(childOut) })
	reexec.Register(inName, func() { runChild(childIn) })
}

// runChild ends the process.
func runChild(do func(request) error) {
	runtime.LockOSThread()
	req, err := enter()
	if err == nil {
		err = do(req)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// enter reads the request and makes the root filesystem the root directory.
func enter() (request, error) {
	var req request
	if err := json.Unmarshal([]byte(os.Args[1]), &req); err != nil {
		return req, fmt.Errorf("read request: %w", err)
	}
	if err := unix.Fchdir(rootFD); err != nil {
		return req, fmt.Errorf("enter root filesystem: %w", err)
	}
	if err := unix.Chroot("."); err != nil {
		return req, fmt.Errorf("enter root filesystem: %w", err)
	}
	return req, errors.Join(unix.Chdir("/"), unix.Close(rootFD))
}

func childOut(req request) error {
	info, content, err := read(req.Path, req.Options.Maps)
	if err := json.NewEncoder(os.Stdout).Encode(replyTo(info, err)); err != nil || content == nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(os.Stdout, content)
	return err
}

func childIn(req request) error {
	return json.NewEncoder(os.Stdout).Encode(replyTo(Info{}, unpack(req.Path, req.Source, os.Stdin, req.Options)))
}
