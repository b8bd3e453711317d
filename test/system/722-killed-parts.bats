#!/usr/bin/env bats
# conmon, or a container's process, is killed by somebody else: what runs is
# shown as running and every verb works on it, an end nobody saw has the exit
# code -1 and is no error, and what nobody cleaned up after the next command does.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# running NAME: a container that runs and has said something
running() {
  run_podctl run -d --name "$1" --network none "$IMAGE" sh -c 'echo said; exec sleep 100'
  wait_until 30 said "$1"
}

said() { [[ $(podctl logs "$1" 2>/dev/null) == said ]]; }

# kill_of NAME FIELD...: kills what inspect calls ConmonPid or Pid
kill_of() {
  local name=$1 field pids=()
  shift
  for field; do pids+=("$(podctl inspect "$name" --format "{{.State.$field}}")"); done
  kill -KILL "${pids[@]}"
  wait_until 30 none_alive "${pids[@]}"
}

none_alive() {
  local pid
  for pid; do
    [[ ! -e /proc/$pid/stat || $(sed 's/.*) //' "/proc/$pid/stat") == Z* ]] || return 1
  done
}

state() {
  run_podctl ps -a --filter "name=^$1\$" --format '{{.State}} {{.ExitCode}}'
  is "$output" "$2" "state of $1"
}

@test "a container whose conmon was killed runs on, and every verb works on it" {
  running one
  kill_of one ConmonPid
  state one 'running 0'
  run_podctl logs one
  is "$output" said
  run_podctl exec one echo inside
  is "$output" inside
  run_podctl top one
  run_podctl pause one
  run_podctl unpause one
  run_podctl stop -t 0 one
  state one 'exited -1'
  run_podctl start one
  state one 'running 0'
  kill_of one ConmonPid
  run_podctl restart -t 0 one
  state one 'running 0'
  kill_of one ConmonPid
  run_podctl kill one
  run_podctl wait one
  is "$output" -1
  run_podctl start one
  kill_of one ConmonPid
  run_podctl rm --force --time 0 one
}

@test "a container that ended with its conmon is cleaned up after by the next command" {
  running one
  kill_of one Pid ConmonPid
  run_podctl ps -a --format '{{.State}} {{.ExitCode}}'
  like "$output" '^(stopped|exited) -1$'
  run_podctl volume create other
  state one 'exited -1'
  run_podctl doctor
  run_podctl start one
  state one 'running 0'
}

@test "a pod goes on without its infra container's conmon, and comes back when both were killed" {
  run_podctl pod create --name web -p 18080:80
  run_podctl run -d --pod web --name one "$IMAGE" sleep 100
  local infra
  infra=$(podctl pod inspect web --format '{{.InfraContainerID}}')
  kill_of "$infra" ConmonPid
  run_podctl pod ps --format '{{.Status}}'
  is "$output" Running
  run_podctl pod stop -t 0 web
  run_podctl pod start web
  kill_of "$infra" Pid ConmonPid
  run_podctl pod ps --format '{{.Status}}'
  is "$output" Degraded
  run_podctl pod stop -t 0 web
  run_podctl pod start web
  run_podctl pod ps --format '{{.Status}}'
  is "$output" Running
  kill_of "$infra" ConmonPid
  run_podctl pod rm --force --time 0 web
}

@test "a container's process killed by the host is an end like any other" {
  running one
  kill_of one Pid
  run_podctl wait one
  is "$output" 137
  wait_until 30 cleaned_up
  run_podctl start one
  state one 'running 0'
}

cleaned_up() { [[ $(podctl ps -a --format '{{.State}} {{.ExitCode}}') == 'exited 137' ]]; }

@test "a container ends whole while the podctl attached to it is stopped" {
  requires root
  local attached
  "$PODCTL" "${PODCTL_ARGS[@]}" run --rm --name one --network none "$IMAGE" sleep 1000 >/dev/null 2>&1 3>&- &
  attached=$!
  wait_until 30 is_running one
  kill -STOP "$attached"
  kill_of one Pid
  wait_until 30 gone one # by the exit command, which nobody relieves now
  kill -CONT "$attached"
  status=0
  wait "$attached" || status=$?
  is "$status" 137
}

is_running() { [[ $(podctl inspect "$1" --format '{{.State.Status}}') == running ]]; }

gone() { ! podctl container exists "$1"; }
