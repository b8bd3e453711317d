#!/usr/bin/env bats
# exec: one more process in a running container.

load helpers

setup_file() {
  file_setup
  busybox_image
}

setup() {
  test_setup
  run_podctl run -d --name web --env A=1 "$IMAGE" sleep 1000
}

# sessions: how many exec sessions of the container are recorded
sessions() {
  podctl inspect --format '{{len .ExecIDs}}' web
}

has_sessions() { [[ $(sessions) == "$1" ]]; }

@test "output, input and exit code are the process's" {
  run_podctl exec web sh -c 'echo out; echo err >&2'
  is "$output" out
  is "$stderr" err
  run_podctl exec -i web cat <<<"hello"
  is "$output" hello
  run_podctl 9 exec web sh -c 'exit 9'
  run_podctl 137 exec web sh -c 'kill -9 $$'
}

@test "a megabyte through a pipe is whole" {
  size=$(podctl exec web dd if=/dev/zero bs=1024 count=1024 2>/dev/null 3>&- | wc -c)
  is "$size" 1048576
}

@test "what cannot be run is told by its exit code" {
  run_podctl 127 exec web nosuch
  like "$stderr" 'OCI runtime attempted to invoke a command that was not found$'
  run_podctl 126 exec web /etc
  like "$stderr" 'OCI permission denied$'
  run_podctl 125 exec web
  is "$stderr" "Error: must provide a non-empty command to start an exec session: invalid argument"
  run_podctl 125 exec
  is "$stderr" "Error: exec requires the name or ID of a container or the --latest or --cidfile flag"
  run_podctl 125 exec nosuch true
  is "$stderr" 'Error: no container with name or ID "nosuch" found: no such container'
  run_podctl stop -t 0 web
  run_podctl 125 exec web true
  is "$stderr" "Error: can only create exec sessions on running containers: container state improper"
}

@test "flags that contradict each other are refused" {
  run_podctl 125 exec --latest --cidfile /x true
  is "$stderr" "Error: --latest and --cidfile can not be used together"
  run_podctl 125 exec --no-session -d web true
  is "$stderr" "Error: --no-session cannot be used with --detach or --detach-keys"
}

@test "environment, directory and user can be other than the container's" {
  run_podctl exec -w /tmp -u nobody -e B=2 web sh -c 'pwd; id -un; id -gn; echo $A $B $HOME'
  is "$output" $'/tmp\nnobody\nnogroup\n1 2 /home'
  run_podctl exec -u 1234:5 web id
  is "$output" "uid=1234 gid=5(tty) groups=5(tty)"
  run_podctl 125 exec -u nosuch web id
  like "$stderr" 'nosuch'
}

@test "capabilities are the container's, a user's none, with --privileged all" {
  run_podctl exec web grep CapEff /proc/1/status
  own=$output
  run_podctl exec web grep CapEff /proc/self/status
  is "$output" "$own"
  run_podctl exec -u nobody web grep CapEff /proc/self/status
  like "$output" '0000000000000000$'
  run_podctl exec --privileged web grep CapEff /proc/self/status
  [[ $output != "$own" ]] || fail "no more capabilities than the container has"
}

@test "a session in the background is recorded as long as it lives" {
  run_podctl exec -d web sh -c 'until [ -e /tmp/go ]; do sleep 0.05; done; touch /tmp/done'
  like "$output" '^[0-9a-f]{64}$'
  is "$(sessions)" 1
  run_podctl exec web touch /tmp/go
  wait_until 20 podctl exec web test -e /tmp/done
  wait_until 20 has_sessions 0
}

@test "a session ends with its podctl killed" {
  podctl exec web sh -c 'echo $$ >/tmp/pid; sleep 1000' 3>&- >/dev/null &
  wait_until 20 podctl exec web test -s /tmp/pid
  is "$(sessions)" 1
  kill -9 "$(pgrep -f "exec web sh -c echo" | head -n 1)"
  wait $! || true
  run_podctl exec web sh -c 'kill -9 $(cat /tmp/pid)'
  wait_until 20 has_sessions 0
}

@test "its events tell of its process's life" {
  run_podctl 4 exec web sh -c 'exit 4'
  run_podctl events --stream=false --since 1m --filter container=web --format '{{.Status}} {{.ContainerExitCode}}'
  like "$output" 'exec .*'$'\n''exec_died 4'
}

@test "a terminal has the user's size from the start" {
  requires python3
  local look='stty size'
  # crun (1.8.1) gives a process that it puts into a container a terminal of no size,
  # and lets it run: podctl sets the size a moment later.
  run_podctl info --format '{{.Host.OCIRuntime.Name}}'
  [[ $output != crun ]] || look='until stty size 2>/dev/null; do :; done'
  output=$(timeout "$((30 * SLOWNESS))" "$BATS_TEST_DIRNAME/terminal.py" 30x100 -- "$PODCTL" "${PODCTL_ARGS[@]}" exec -it web sh -c "$look" 3>&-)
  is "$output" "30 100"
}

@test "the detach keys leave the process running" {
  requires python3
  "$BATS_TEST_DIRNAME/terminal.py" 30x100 'ready=\x10\x11' -- "$PODCTL" "${PODCTL_ARGS[@]}" exec -it web sh -c 'echo ready; sleep 1000' 3>&-
  is "$(sessions)" 1
  run_podctl exec web ps
  like "$output" 'sleep 1000'
}

@test "descriptors can be passed on" {
  podctl exec --preserve-fds 1 web sh -c 'echo three >&3' 3>"$BATS_TEST_TMPDIR/three"
  is "$(<"$BATS_TEST_TMPDIR/three")" three
}

@test "the container can be the newest, be named by a file, and be waited for" {
  run_podctl exec --latest true
  run_podctl inspect --format '{{.Id}}' web
  echo "$output" >"$BATS_TEST_TMPDIR/cid"
  run_podctl exec --cidfile "$BATS_TEST_TMPDIR/cid" echo hi
  is "$output" hi
  run_podctl 125 exec --wait 1 nosuch true
  is "$stderr" "Error: timed out waiting for container: nosuch"
}

@test "thirty sessions at once all get through" {
  local pids=()
  for i in $(seq 30); do
    podctl exec web echo "$i" 3>&- >"$BATS_TEST_TMPDIR/out.$i" 2>&1 &
    pids+=($!)
  done
  wait "${pids[@]}"
  for i in $(seq 30); do
    is "$(<"$BATS_TEST_TMPDIR/out.$i")" "$i"
  done
  wait_until 20 has_sessions 0
}
