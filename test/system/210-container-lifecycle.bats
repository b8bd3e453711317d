#!/usr/bin/env bats
# A container's life: start, init, stop, restart, kill, pause, unpause, wait.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# A program that ends at once when asked to (as process 1 it would otherwise
# ignore SIGTERM), with its own exit code.
POLITE='trap "exit 3" TERM; while :; do sleep 0.1; done'

# make NAME [FLAG...]: creates a container that runs until stopped
make() {
  local name=$1
  shift
  run_podctl create --name "$name" "$@" "$IMAGE" sh -c "$POLITE"
  ID=$output
}

state_of() { podctl ps -a --format '{{.State}}' --filter "name=^$1\$" 3>&-; }
state() { [[ $(state_of "$1") == "$2" ]]; }

# gone NAME: no container has that name; "exists" would take it for an ID too
gone() { is "$(podctl ps -a --quiet --filter "name=^$1\$" 3>&-)" "" "container $1"; }

@test "verbs print what was typed" {
  requires cgroups
  make a
  local verb
  for verb in start pause unpause stop restart kill; do
    run_podctl "$verb" "${ID:0:9}"
    is "$output" "${ID:0:9}" "$verb"
    is "$stderr" ""
  done
  run_podctl start /a
  is "$output" /a
  run_podctl stop --latest
  is "$output" "$ID"
  run_podctl stop --all
  is "$output" "$ID"
  run_podctl stop --filter name=a
  is "$output" "$ID"
}

@test "every verb stands in the group too" {
  requires cgroups
  make a
  local verb
  for verb in init start pause unpause restart stop; do run_podctl container "$verb" a; done
  run_podctl container wait a
  is "$output" 3
  run_podctl container rename a b
  run_podctl container rm b
}

@test "what is there already is no error for start and stop" {
  make a
  run_podctl stop a
  is "$output" a "stopping what never ran"
  run_podctl start a
  run_podctl start a
  is "$output" a "starting what runs"
  run_podctl stop a
  run_podctl stop a
  is "$output" a "stopping what has stopped"
}

@test "one name that means nothing, and nothing is done" {
  make a
  run_podctl 125 start a nosuch
  is "$output" ""
  is "$stderr" 'Error: no container with name or ID "nosuch" found: no such container'
  state a created
  run_podctl start a
  run_podctl 125 stop a nosuch
  state a running
  run_podctl stop --ignore nosuch a
  is "$output" a
}

@test "start: its own refusals" {
  run_podctl 125 start
  is "$stderr" "Error: start requires at least one argument"
  run_podctl 125 start --all a
  is "$stderr" "Error: either start all containers or the container(s) provided in the arguments"
  run_podctl 125 start --latest
  is "$stderr" "Error: no such container"
  run_podctl create --name bad "$IMAGE" /nonexistent
  run_podctl 125 start bad
  like "$stderr" "unable to start container \"$output"
}

@test "start --all prints what it started" {
  make a
  local a=$ID
  make b
  run_podctl start b
  run_podctl start --all
  is "$output" "$a"
}

@test "start starts what a container depends on, restart does not" {
  make a
  local a=$ID
  make b --requires a
  run_podctl start b
  state a running
  run_podctl stop a b
  run_podctl 125 restart b
  is "$stderr" "Error: some dependencies of container $ID are not started: $a: container state improper"
  run_podctl restart b a
  is "$output" $'b\na'
  state b running
}

@test "a dependency that cannot start" {
  run_podctl create --name bad "$IMAGE" /nonexistent
  make b --requires bad
  run_podctl 125 start b
  like "$stderr" "^Error: (OCI runtime error: )?unable to start container \"$ID\": starting some containers: internal error: .*/nonexistent"
  state b created
  run_podctl 126 start --attach b
  run_podctl 126 run --requires bad --name c "$IMAGE" true
  like "$stderr" 'starting some containers: internal error'
  run_podctl rm c
}

@test "stop gives the process its time, then kills it" {
  run_podctl run -d --name deaf "$IMAGE" sleep 300
  run_podctl stop --timeout 1 deaf
  like "$stderr" 'StopSignal SIGTERM failed to stop container deaf in 1 seconds, resorting to SIGKILL'
  run_podctl wait deaf
  is "$output" 137
}

@test "containers are stopped at the same time and reported in order" {
  local i
  for i in 1 2 3 4; do run_podctl run -d --name "c$i" "$IMAGE" sleep 300; done
  local begun=$SECONDS
  run_podctl stop -t $((3 * SLOWNESS)) c3 c1 c4 c2
  is "$output" $'c3\nc1\nc4\nc2'
  ((SECONDS - begun < 11 * SLOWNESS)) || fail "four containers took $((SECONDS - begun)) seconds, each $((3 * SLOWNESS))"
}

@test "init prepares, start starts" {
  make a
  run_podctl init a
  is "$output" a
  state a initialized
  run_podctl 125 init a
  is "$stderr" "Error: container $ID has already been created in runtime: container state improper"
  run_podctl init --all
  is "$output" "$ID"
  run_podctl start a
  state a running
  run_podctl init -a
  is "$output" "$ID"
}

@test "an initialized container can be stopped and removed" {
  make a
  run_podctl init a
  run_podctl stop a
  state a created
  run_podctl init a
  run_podctl rm a
}

@test "restart stops what runs and starts what does not" {
  make a
  local a=$ID
  make b
  run_podctl start a
  run_podctl restart --running
  is "$output" "$a"
  state b created
  run_podctl restart a b
  is "$output" $'a\nb'
  run_podctl restart --all
  is "$output" "$a"$'\n'"$ID"
}

@test "restart keeps containers that remove themselves" {
  make a --rm
  make b --rm --requires a
  run_podctl start b
  run_podctl restart a b
  state a running
  state b running
  run_podctl stop b a
  gone a
  gone b
}

@test "kill" {
  make a
  run_podctl 125 kill a
  is "$stderr" "Error: can only kill running containers. $ID is in state created: container state improper"
  run_podctl kill --all
  is "$output" ""
  run_podctl start a
  run_podctl kill --signal term a
  wait_until 5 state a exited
  run_podctl wait a
  is "$output" 3
  run_podctl 125 kill -s 65 a
  is "$stderr" "Error: valid signals are 1 through 64"
  run_podctl 125 kill -s nosuch a
  is "$stderr" "Error: invalid signal: nosuch"
}

@test "kill reaches a paused container" {
  requires cgroups
  make a
  run_podctl start a
  run_podctl pause a
  run_podctl kill a
  run_podctl wait a
  is "$output" 137
}

@test "kill and stop keep the restart policy from acting" {
  make a --restart always
  run_podctl start a
  run_podctl kill a
  wait_until 5 state a exited
  run_podctl start a
  run_podctl stop a
  state a exited
}

@test "pause and unpause, and what a paused container refuses" {
  requires cgroups
  make a
  run_podctl 125 pause a
  is "$stderr" "Error: \"created\" is not running, can't pause: container state improper"
  run_podctl start a
  run_podctl pause a
  run_podctl 125 pause a
  is "$stderr" "Error: \"$ID\" is already paused: container state improper"
  run_podctl 125 start a
  is "$stderr" "Error: unable to start container \"$ID\": container $ID must be in Created or Stopped state to be started: container state improper"
  run_podctl 125 stop a
  is "$stderr" "Error: container $ID is running or paused, refusing to clean up: container state improper"
  run_podctl 125 restart a
  is "$stderr" "Error: unable to restart a container in a paused or unknown state: container state improper"
  run_podctl pause --all
  is "$output" ""
  run_podctl unpause --all
  is "$output" "$ID"
  run_podctl 125 unpause a
  is "$stderr" "Error: \"$ID\" is not paused, can't unpause: container state improper"
}

@test "wait prints the exit code of each" {
  run_podctl run -d --name two "$IMAGE" sh -c 'exit 2'
  run_podctl run -d --name none "$IMAGE" true
  run_podctl wait two none
  is "$output" $'2\n0'
  run_podctl wait --condition exited two
  is "$output" 2
  run_podctl wait --ignore nosuch two
  is "$output" $'-1\n2'
  run_podctl 125 wait nosuch two
  is "$stderr" 'Error: no container with name or ID "nosuch" found: no such container'
  run_podctl 125 wait
  is "$stderr" "Error: \"$(basename "$PODCTL") wait\" requires a name, id, or the \"--latest\" flag"
}

@test "wait for other conditions" {
  make a
  run_podctl wait --condition created a
  is "$output" -1
  podctl wait --condition running,paused --interval 10 a >"$BATS_TEST_TMPDIR/code" 3>&- &
  run_podctl start a
  wait $!
  is "$(<"$BATS_TEST_TMPDIR/code")" -1
  run_podctl 125 wait --condition stopping a
  is "$stderr" "Error: unknown container state: stopping: invalid argument"
  run_podctl 125 wait --condition healthy a
  is "$stderr" "Error: cannot use condition \"healthy\": container $ID has no healthcheck"
}

@test "wait for the first of several" {
  make a
  run_podctl start a
  run_podctl run -d --name b "$IMAGE" sh -c 'exit 9'
  run_podctl wait --exit-first-match a b
  is "$output" 9
}

@test "wait sees the end of a container that removes itself" {
  run_podctl run -d --rm --name a "$IMAGE" sh -c 'sleep 0.5; exit 4'
  run_podctl wait a
  is "$output" 4
}

@test "--dry-run shows each step and takes none" {
  make a
  make b --requires a
  run_podctl start --dry-run b
  like "${lines[0]}" '^1 start container [0-9a-f]{12} a$'
  is "${lines[1]}" "2 start container ${ID:0:12} b"
  state b created
  run_podctl start b
  run_podctl stop --dry-run a b
  is "${lines[0]}" "1 stop container ${ID:0:12} b"
  state b running
}

@test "who waited or killed finds it cleaned up after" {
  local i
  for i in 1 2 3; do
    run_podctl run -d --name one --network none "$IMAGE" true
    run_podctl wait one
    run_podctl inspect one --format '{{.State.Status}}'
    is "$output" exited "after wait"
    run_podctl rm one
    run_podctl run -d --rm --name one --network none "$IMAGE" true
    podctl wait one >/dev/null 2>&1 || true # it may be gone already
    run_podctl 1 container exists one
    run_podctl run -d --name one --network none "$IMAGE" sleep 1000
    run_podctl kill one
    run_podctl ps -a --format '{{.State}} {{.ExitCode}}'
    is "$output" "exited 137" "after kill"
    run_podctl rm one
  done
}

@test "wait and kill do not wait for a lock" {
  local pid
  run_podctl run -d --name one --network none "$IMAGE" sh -c 'trap "" TERM; sleep 1000'
  "$PODCTL" "${PODCTL_ARGS[@]}" stop -t 60 one >/dev/null 2>&1 3>&- &
  pid=$!
  wait_until 30 is_stopping
  PODCTL_TIMEOUT=20 run_podctl kill one
  wait "$pid"
  run_podctl inspect one --format '{{.State.Status}} {{.State.ExitCode}}'
  is "$output" "exited 137"
}

is_stopping() { [[ $(podctl inspect one --format '{{.State.Status}}') == stopping ]]; }
