package oci

import (
	"fmt"
	"os/exec"
	"syscall"
)

// Detach starts a program that goes on when we end, as conmon does: in a session
// of its own, with nothing of ours open and /dev/null for standard streams.
func Detach(argv []string) (pid int, err error) {
	if err := sealDescriptors(); err != nil {
		return 0, err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start %s: %w", argv[0], err)
	}
	go func() { _ = cmd.Wait() }() // or it stays a zombie as long as we run
	return cmd.Process.Pid, nil
}
