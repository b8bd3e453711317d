#!/usr/bin/env python3
"""terminal.py ROWSxCOLUMNS STEP... -- CMD...

Run CMD on a terminal of that size, as a person at it would. A step is
EXPECT=DO: once EXPECT was shown, DO is done: keys to be typed, with Python's
escapes, "SIZE:ROWSxCOLUMNS" or "SIGNAL:NAME". What CMD shows goes to standard
output; the exit code is CMD's, 128+N for signal N, 124 after thirty seconds.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time


def set_size(fd, text):
    rows, columns = map(int, text.split("x"))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def act(pid, fd, what):
    kind, _, value = what.partition(":")
    if kind == "SIZE":
        set_size(fd, value)  # the kernel tells CMD with SIGWINCH
    elif kind == "SIGNAL":
        os.kill(pid, signal.Signals["SIG" + value])
    else:
        # One by one, as they are typed: only so they can be keys to detach.
        for key in what.encode().decode("unicode_escape").encode("latin-1"):
            os.write(fd, bytes([key]))
            time.sleep(0.02)


def main():
    split = sys.argv.index("--")
    size, steps, command = sys.argv[1], [s.split("=", 1) for s in sys.argv[2:split]], sys.argv[split + 1:]
    ready, go = os.pipe()
    pid, fd = pty.fork()
    if pid == 0:
        os.close(go)
        os.read(ready, 1)
        os.execvp(command[0], command)
    set_size(fd, size)
    os.close(ready)
    os.close(go)
    shown, seen, deadline = b"", 0, time.monotonic() + 30
    while time.monotonic() < deadline:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                part = os.read(fd, 65536)
            except OSError:
                part = b""
            if not part:
                break
            shown += part
        while steps and (at := shown.find(steps[0][0].encode(), seen)) >= 0:
            seen = at + len(steps[0][0].encode())
            act(pid, fd, steps.pop(0)[1])
    else:
        os.kill(pid, signal.SIGKILL)
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if time.monotonic() >= deadline:
        sys.exit(124)
    sys.exit(code if code >= 0 else 128 - code)


main()
