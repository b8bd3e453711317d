#!/usr/bin/env bats
# Who works on what, and who waits: podctl locks, --lock-timeout, the notice.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# deaf_pod: a running pod "web" whose container heeds no stop signal
deaf_pod() {
  run_podctl pod create --name web
  run_podctl run -d --pod web --name deaf "$IMAGE" sh -c 'trap "" TERM; echo up; while :; do sleep 1; done'
}

# stopping: a command in the background that takes a minute to stop the pod.
# Not through a function: its process would be a shell around podctl.
stopping() {
  "$PODCTL" "${PODCTL_ARGS[@]}" pod stop --time 60 web >/dev/null 2>&1 3>&- &
  stopper=$!
  wait_until 10 locked deaf holder
}

# locked NAME STATE: podctl locks says so
locked() {
  podctl locks --format '{{.Name}} {{.State}}' | grep -qx "$1 $2"
}

end_stopper() {
  kill -9 "$stopper"
  wait "$stopper" || true
}

@test "nobody works on anything" {
  run_podctl locks --format json
  is "$output" "[]"
  run_podctl locks
  like "$output" '^OBJECT +NAME +STATE +PID +COMMAND +SINCE$'
}

@test "holder and waiter are shown, and gone once killed" {
  requires root
  deaf_pod
  stopping
  "$PODCTL" "${PODCTL_ARGS[@]}" pod rm --force --time 0 web >"$BATS_TEST_TMPDIR/rm.out" 2>&1 3>&- &
  local remover=$!
  wait_until 10 locked deaf waiter

  run_podctl locks --format json
  assert_json '.[] | select(.Name == "deaf" and .State == "holder") | [.Object, .PID]' "[\"container\",$stopper]"
  assert_json '.[] | select(.Name == "deaf" and .State == "waiter") | [.Object, .PID]' "[\"container\",$remover]"
  assert_json '[.[] | select(.Name == "deaf" and .State == "holder") | .Command | test("pod stop --time 60 web")]' '[true]'
  # One line on stderr says who is waited for.
  wait_until 5 grep -Eq "^waiting for container deaf, locked by process $stopper \(.* pod stop --time 60 web\) for [0-9]+s$" "$BATS_TEST_TMPDIR/rm.out"

  kill -9 "$remover"
  wait "$remover" || true
  run_podctl locks --format '{{.State}}'
  unlike "$output" waiter
  end_stopper
  run_podctl locks --format '{{.State}}'
  is "$output" ""
}

@test "reads answer while locks are held" {
  requires root
  deaf_pod
  stopping
  PODCTL_TIMEOUT=5
  run_podctl pod ps --format '{{.Name}}'
  is "$output" web
  run_podctl ps --all --format '{{.Names}}'
  like "$output" deaf
  run_podctl locks
  end_stopper
}

# read_all: every read answers soon
read_all() {
  local read
  for read in "ps --all" "pod ps" "pod inspect web" "inspect deaf" info "events --stream=false --since 0" locks; do
    # shellcheck disable=SC2086 # words
    run_podctl $read
    [[ -n $output ]] || fail "$read says nothing"
  done
  run_podctl '?' doctor # which finds what is half done, or nothing
  ((status < 2)) || fail "doctor: exit code $status"
}

@test "reads answer while another podctl is stopped in its tracks, wherever" {
  requires root
  local verb pid pause n=0
  deaf_pod
  PODCTL_TIMEOUT=30
  # At instants from its first step to its last, whatever those are here.
  for pause in 0.01 0.03 0.05 0.1 0.2; do
    verb="pod stop --time 0 web"
    ((n % 2 == 0)) || verb="pod start web"
    # shellcheck disable=SC2086 # words
    "$PODCTL" "${PODCTL_ARGS[@]}" $verb >/dev/null 2>&1 3>&- &
    pid=$!
    sleep "$pause" # not for anything to happen: to stop it somewhere else each time
    if kill -STOP "$pid" 2>/dev/null; then
      read_all
      # One that had ended just before it was stopped does not count.
      if kill -CONT "$pid" 2>/dev/null; then
        n=$((n + 1))
      fi
    fi
    wait "$pid"
  done
  ((n > 0)) || fail "none was stopped in time"
}

@test "--lock-timeout gives up, naming the holder and the remedy" {
  requires root
  deaf_pod
  stopping
  run_podctl 125 --lock-timeout 200ms pod rm --force --time 0 web
  like "$stderr" "container deaf is locked by process $stopper \(.* pod stop --time 60 web\) for [0-9]+s: gave up after 200ms \(--lock-timeout\); run the command again"
  end_stopper
  run_podctl --lock-timeout 5s pod rm --force --time 0 web
}

@test "--lock-timeout refuses what is no time" {
  run_podctl 125 --lock-timeout=-1s locks
  like "$stderr" '^Error: lock timeout must not be negative \(got -1s\)$'
  run_podctl 125 --lock-timeout soon locks
}
