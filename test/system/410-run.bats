#!/usr/bin/env bats
# run and start --attach: streams, exit codes, terminals, signals, what is left.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# on_terminal STEP... -- ARGS...: podctl on a terminal of 30 rows and 100 columns
on_terminal() {
  local steps=()
  while [[ $1 != -- ]]; do
    steps+=("$1")
    shift
  done
  shift
  status=0
  output=$("$BATS_TEST_DIRNAME/terminal.py" 30x100 "${steps[@]}" -- "$PODCTL" "${PODCTL_ARGS[@]}" "$@" 3>&-) || status=$?
  echo "$output"
}

@test "what a container writes arrives on the stream it was written to" {
  run_podctl run --rm "$IMAGE" sh -c 'echo out; echo err >&2'
  is "$output" out
  is "$stderr" err
  run_podctl run --rm -a stderr "$IMAGE" sh -c 'echo out; echo err >&2'
  is "$output" ""
  is "$stderr" err
  # Where neither output is wanted the ID is all there is to say.
  run_podctl run -a stdin --name quiet "$IMAGE" echo unheard
  like "$output" '^[0-9a-f]{64}$'
  run_podctl logs quiet
  is "$output" unheard
}

@test "the exit code is the process's" {
  run_podctl 7 run --rm "$IMAGE" sh -c 'exit 7'
  run_podctl 137 run --rm "$IMAGE" sh -c 'sleep 60 & kill -9 $!; wait $!'
}

@test "what cannot be run is told by its exit code" {
  run_podctl 127 run --rm "$IMAGE" nosuch
  like "$stderr" 'not found'
  run_podctl 126 run --rm "$IMAGE" /etc
  like "$stderr" 'permission denied'
  run_podctl 125 run --rm --pull never localhost/nosuch true
  run_podctl 125 run -a nosuch "$IMAGE" true
  is "$stderr" 'Error: invalid stream "nosuch" for --attach - must be one of stdin, stdout, or stderr: invalid argument'
}

# Debian's conmon has no tag for a file.
@test "what conmon refuses is not a command that cannot be run" {
  run_podctl 125 run --rm --log-driver k8s-file --log-opt tag=x "$IMAGE" true
  like "$stderr" "^Error: .*doesn't support --log-tag"
  run_podctl ps -aq
  is "$output" ""
}

@test "a container that is to remove itself is gone when run returns, even if it did not start" {
  for i in 1 2 3; do
    run_podctl "$i" run --rm --name once "$IMAGE" sh -c "exit $i"
    run_podctl ps -aq
    is "$output" ""
  done
  run_podctl 127 run --rm --name once "$IMAGE" nosuch
  run_podctl 127 run -d --rm --name once "$IMAGE" nosuch
  run_podctl ps -aq
  is "$output" ""
}

@test "a container that stays has exited when run returns" {
  run_podctl 3 run --name stays "$IMAGE" sh -c 'exit 3'
  run_podctl inspect --format '{{.State.Status}} {{.State.ExitCode}}' stays
  is "$output" "exited 3"
}

@test "input is passed on, to its end" {
  run_podctl run -i --rm "$IMAGE" cat <<<"hello"
  is "$output" hello
  head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/random"
  run_podctl run -i --rm "$IMAGE" md5sum <"$BATS_TEST_TMPDIR/random"
  is "${output%% *}" "$(md5sum <"$BATS_TEST_TMPDIR/random" | cut -d ' ' -f 1)"
}

@test "without --interactive input is left alone" {
  run_podctl run --rm "$IMAGE" cat <<<"for somebody else"
  is "$output" ""
}

@test "a megabyte through a pipe is whole" {
  size=$(podctl run --rm "$IMAGE" dd if=/dev/zero bs=1024 count=1024 2>/dev/null 3>&- | wc -c)
  is "$size" 1048576
}

@test "run -d in a substitution returns at once, with the ID" {
  started=$SECONDS
  id=$(podctl run -d "$IMAGE" sleep $((60 * SLOWNESS)) 3>&-)
  like "$id" '^[0-9a-f]{64}$'
  ((SECONDS - started < 30 * SLOWNESS)) || fail "it waited for the container"
}

@test "a terminal has the size of the user's, and follows it" {
  requires python3
  on_terminal -- run --rm -it "$IMAGE" stty size
  is "$output" "30 100"
  on_terminal 'ready=SIZE:40x120' 'changed=' -- run --rm -it "$IMAGE" sh -c 'trap "stty size; echo changed; exit" WINCH; echo ready; while :; do sleep 0.1; done'
  like "$output" '40 120'
}

@test "keys are the container's, ctrl-c included" {
  requires python3
  on_terminal 'ready=\x03' -- run --rm -it "$IMAGE" sh -c 'trap "echo got; exit 5" INT; echo ready; while :; do sleep 0.1; done'
  is "$status" 5
  like "$output" got
}

@test "the detach keys leave it running" {
  requires python3
  on_terminal '# =\x10\x11' -- run -it --name left "$IMAGE" sh
  is "$status" 0
  run_podctl inspect --format '{{.State.Status}}' left
  is "$output" running
  on_terminal '=echo mar''ker\r' 'marker=' '# =exit 6\r' -- attach left
  like "$output" marker
  run_podctl wait left
  is "$output" 6
}

@test "other detach keys can be chosen, or none" {
  requires python3
  on_terminal '# =x' -- run -it --name left --detach-keys x "$IMAGE" sh
  run_podctl inspect --format '{{.State.Status}}' left
  is "$output" running
  run_podctl 125 run --detach-keys ctrl- --rm "$IMAGE" true
}

@test "signals go to the container" {
  "$PODCTL" "${PODCTL_ARGS[@]}" run --rm "$IMAGE" sh -c 'trap "echo usr1" USR1; trap "echo term; exit 4" TERM; echo ready; while :; do sleep 0.05; done' \
    >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  pid=$!
  wait_until 20 grep -q ready "$BATS_TEST_TMPDIR/out"
  kill -USR1 "$pid"
  wait_until 20 grep -q usr1 "$BATS_TEST_TMPDIR/out"
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  is "$status" 4
}

@test "without the proxy a signal ends podctl alone" {
  "$PODCTL" "${PODCTL_ARGS[@]}" run --name stays --sig-proxy=false "$IMAGE" sh -c 'echo ready; sleep 60' >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  pid=$!
  wait_until 20 grep -q ready "$BATS_TEST_TMPDIR/out"
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  is "$status" 143
  run_podctl inspect --format '{{.State.Status}}' stays
  is "$output" running
}

@test "the file of --cidfile comes with the container and goes with it" {
  file=$BATS_TEST_TMPDIR/cid
  run_podctl run -d --name web --cidfile "$file" "$IMAGE" sleep 60
  is "$(<"$file")" "$output"
  run_podctl 125 run --cidfile "$file" "$IMAGE" true
  is "$stderr" "Error: container id file exists. Ensure another container is not using it or delete $file"
  run_podctl rm -f -t 0 web
  [[ ! -e $file ]] || fail "the file is still there"
}

@test "descriptors can be passed on under their numbers" {
  podctl run --rm --preserve-fds 2 "$IMAGE" sh -c 'echo three >&3; echo four >&4' 3>"$BATS_TEST_TMPDIR/three" 4>"$BATS_TEST_TMPDIR/four"
  is "$(<"$BATS_TEST_TMPDIR/three")$(<"$BATS_TEST_TMPDIR/four")" threefour
}

@test "start --attach shows output from its first byte on and passes the exit code on" {
  run_podctl create --name again "$IMAGE" sh -c 'echo hi; exit 3'
  run_podctl 3 start -a again
  is "$output" hi
  run_podctl 3 start --attach again
  is "$output" hi
  run_podctl create -i --name filter "$IMAGE" cat
  run_podctl start -ai filter <<<"hello"
  is "$output" hello
  run_podctl 125 start -a again filter
  is "$stderr" "Error: you cannot start and attach multiple containers at once"
}

@test "a pod made for a container is started with it" {
  run_podctl run --rm --pod new:web "$IMAGE" hostname
  is "$output" web
  run_podctl pod inspect --format '{{.NumContainers}}' web
  is "$output" 1
}
