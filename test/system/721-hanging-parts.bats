#!/usr/bin/env bats
# conmon, the OCI runtime or netavark hang: podctl gives up after
# --program-timeout, can be interrupted before that, keeps nobody else waiting
# meanwhile, and leaves nothing.

load helpers
load parts

# gives_up FAULT REGEX ARGS...: as fails, with a bound. It is as brief as what
# does not hang can bear on a busy host.
gives_up() {
  local fault=$1 says=$2
  shift 2
  echo "# $fault"
  break_parts "$fault"
  PODCTL_TIMEOUT=60 run_podctl 125 --program-timeout 2s "$@"
  struck
  errors_say "$says: it did not end in 2s and was killed \(--program-timeout\)"
  wait_until 30 none_hangs # what the exit command runs ends by itself
  mend_parts
  run_podctl "$@"
}

none_hangs() { ! pgrep -f '^/bin/bash [^ ]*/system/parts/' >/dev/null; }

# in_background ARGS...: podctl ARGS, until it has come to the fault; $pid is it
in_background() {
  "$PODCTL" "${PODCTL_ARGS[@]}" "$@" >"$BATS_TEST_TMPDIR/background" 2>&1 3>&- &
  pid=$!
  wait_until 60 struck
}

gone() { ! kill -0 "$pid" 2>/dev/null; }

@test "a conmon or OCI runtime that hangs is given up" {
  run_podctl create --name one --network none "$IMAGE" sleep 100
  local one=$output
  gives_up "conmon create 1 hang" "container $one: start conmon" start one
  gives_up "$RUNTIME pause 1 hang" "pause container $one: $RUNTIME pause" pause one
  run_podctl unpause one
  gives_up "$RUNTIME exec 1 hang" "exec in container $one: $RUNTIME exec" exec one true
  gives_up "$RUNTIME delete 1 hang" "remove container $one from the OCI runtime: $RUNTIME delete" stop -t 0 one
  gives_up "$RUNTIME create 1 hang" "container $one: $RUNTIME create" start one
  run_podctl stop -t 0 one
  # conmon waits for the end of a pipe that the container holds.
  gives_up "$RUNTIME create 1 after-die" "container $one: $RUNTIME create" start one
}

@test "a netavark that hangs is given up" {
  run_podctl create --name net -p 18080:80 --network bridge "$IMAGE" sleep 100
  gives_up "netavark setup 1 hang" "set up network: netavark" start net
  break_parts 'netavark * * hang'
  PODCTL_TIMEOUT=60 run_podctl 125 --program-timeout 2s stop -t 0 net
  errors_say 'tear down network: netavark: it did not end in 2s and was killed'
  wait_until 30 none_hangs
  mend_parts
  run_podctl stop -t 0 net
}

@test "while one hangs others go on, and a signal ends it" {
  local one pid signal fault
  run_podctl create --name one -p 18080:80 --network bridge "$IMAGE" sleep 100
  one=$output
  run_podctl create --name two --network none "$IMAGE" sleep 100
  for fault in "$RUNTIME create 1 hang" 'netavark setup 1 hang'; do
    for signal in INT TERM; do
      break_parts "$fault"
      in_background start one
      PODCTL_TIMEOUT=30 run_podctl ps -a --format '{{.Names}} {{.State}}' --sort names
      is "$output" $'one created\ntwo created'
      PODCTL_TIMEOUT=30 run_podctl inspect one two
      PODCTL_TIMEOUT=30 run_podctl doctor
      PODCTL_TIMEOUT=30 run_podctl locks --format '{{.Name}}'
      is "$output" one
      PODCTL_TIMEOUT=30 run_podctl start two
      PODCTL_TIMEOUT=30 run_podctl stop -t 0 two
      PODCTL_TIMEOUT=30 run_podctl rm two
      PODCTL_TIMEOUT=30 run_podctl create --name two --network none "$IMAGE" sleep 100
      kill -s "$signal" "$pid"
      wait_until 30 gone
      wait_until 30 none_hangs
      mend_parts
    done
  done
  run_podctl start one
}

@test "what hung below a podctl that was killed goes with the next command" {
  local pid fault
  run_podctl create --name one -p 18080:80 --network bridge "$IMAGE" sleep 100
  for fault in "$RUNTIME create 1 hang" "$RUNTIME start 1 hang" 'netavark setup 1 hang'; do
    break_parts "$fault"
    in_background start one
    kill -KILL "$pid"
    wait_until 30 gone
    mend_parts
    run_podctl --program-timeout 5s volume create --ignore other
    wait_until 30 none_hangs || fail "left by: $fault"
    run_podctl ps -a --format '{{.State}}'
    is "$output" created "$fault"
  done
  run_podctl start one
  break_parts "$RUNTIME delete 1 hang"
  in_background rm --force --time 0 one
  kill -KILL "$pid"
  wait_until 30 none_hangs
  mend_parts
  run_podctl volume create --ignore other
  wait_until 30 none_left # if the exit command was at it, it finishes the removal
}

none_left() { [[ -z $(podctl ps -aq) ]]; }

@test "a conmon that cannot be seen when its podctl was killed is waited for and ends" {
  local words
  run_podctl pod create --name web
  run_podctl create --pod web --name one "$IMAGE" sleep 100
  for words in 'stop -t 0 one' 'volume create --ignore other' 'pod rm --force --time 0 web'; do
    break_parts 'conmon create 1 hide 2'
    run_podctl 137 pod start web
    mend_parts
    # shellcheck disable=SC2086 # words of a command
    run_podctl $words
    ! kill -0 "$(<"$PODCTL_PARTS/hidden")" 2>/dev/null || fail "podctl $words did not wait for it"
  done
}

@test "a container that ends before a process is started in it is the reason why none is" {
  local pid
  run_podctl run -d --name one --network none "$IMAGE" sleep 100
  break_parts 'conmon exec 1 delay 2'
  in_background exec one true
  run_podctl stop -t 0 one
  status=0
  wait "$pid" || status=$?
  ((status != 0)) || fail "a process was started"
  like "$(<"$BATS_TEST_TMPDIR/background")" 'container state improper'
}
