#!/usr/bin/env bats
# conmon, the OCI runtime and netavark fail, or are killed, at each of their
# steps: podctl says what was attempted, of what, and why it failed; when the
# fault is gone the same command succeeds; nothing is left.

load helpers
load parts

# a pod without network, with its infra container running and a member
make_pod() {
  run_podctl pod create --name web --network none
  run_podctl create --pod web --name one "$IMAGE" sleep 100
  one=$output
  run_podctl start "$(podctl pod inspect web --format '{{.InfraContainerID}}')"
}

# each_step SUFFIX WHY: the OCI runtime and conmon with "fail" or "die", from the
# start of a container to its end
each_step() {
  local act=$1 why=$2
  fails "conmon create 1 $act" "container $one: conmon: .*($why|killed)" pod start web
  run_podctl stop -t 0 one
  fails "$RUNTIME create 1 $act" "container .?$one.*($RUNTIME: $why|conmon)" start one
  run_podctl stop -t 0 one
  fails "$RUNTIME start 1 $act" "container .?$one.*$RUNTIME: .*($why|killed)" start one
  fails "conmon exec 1 $act" "exec in container $one: conmon: " exec one true
  fails "$RUNTIME exec 1 $act" "$RUNTIME: $why|exec in container $one: conmon: " exec one true
}

@test "an OCI runtime or conmon that fails" {
  local why='broken by the test' one
  make_pod
  each_step "fail $why" "$why"
  fails "$RUNTIME pause 1 fail $why" "pause container $one: $RUNTIME: $why" pause one
  fails "$RUNTIME resume 1 fail $why" "unpause container $one: $RUNTIME: $why" unpause one
  fails "$RUNTIME delete * fail $why" "remove container $one from the OCI runtime: $RUNTIME: $why" stop -t 0 one
  run_podctl start one
  fails "$RUNTIME delete * fail $why" "remove container $one from the OCI runtime: $RUNTIME: $why" restart -t 0 one
  fails "$RUNTIME delete * fail $why" "remove container $one from the OCI runtime: $RUNTIME: $why" pod rm --force --time 0 --ignore web
}

@test "an OCI runtime or conmon that is killed" {
  local one
  make_pod
  each_step die "signal: killed"
  fails "$RUNTIME pause 1 die" "pause container $one: $RUNTIME: signal: killed" pause one
  run_podctl unpause one
  fails "$RUNTIME delete * die" "remove container $one from the OCI runtime: $RUNTIME: signal: killed" pod stop -t 0 web
  run_podctl start one
  fails "$RUNTIME delete * die" "remove container $one from the OCI runtime: $RUNTIME: signal: killed" rm --force --time 0 --ignore one
}

@test "an OCI runtime or conmon that is killed when its work is done" {
  local one
  make_pod
  fails "conmon create 1 after-die" "container $one: conmon: " start one
  run_podctl stop -t 0 one
  fails "$RUNTIME start 1 after-die" "container .?$one.*$RUNTIME: " start one
  succeeds "$RUNTIME pause 1 after-die" pause one
  succeeds "$RUNTIME resume 1 after-die" unpause one
  fails "$RUNTIME exec 1 after-die" "exec in container $one: conmon: " exec one true
  succeeds "$RUNTIME delete 1 after-die" restart -t 0 one
  succeeds "$RUNTIME delete * after-die" pod rm --force --time 0 web
}

@test "a netavark that fails or is killed, before its work and after it" {
  local act why='broken by the test' said
  run_podctl create --name net -p 18080:80 --network bridge "$IMAGE" sleep 100
  for act in "fail $why" after-die; do
    said="netavark: $why"
    [[ $act != *die ]] || said='netavark ended without a result'
    fails "netavark setup 1 $act" "container .?[0-9a-f]{64}.*: set up network: $said" start net
    # One call that fails is made good: what is there is rolled back.
    succeeds "netavark teardown 1 $act" stop -t 0 net
    run_podctl start net
    break_parts "netavark * * $act"
    run_podctl 125 stop -t 0 net
    errors_say "tear down network: $said"
    run_podctl ps -a --format '{{.State}}'
    is "$output" stopped "while netavark fails"
    mend_parts
    run_podctl stop -t 0 net
  done
  run_podctl start net
  break_parts "netavark teardown 1 die"
  run_podctl rm --force --time 0 net
}

@test "a pod that could not be started for its network, or its runtime, goes" {
  local fault
  for fault in 'netavark setup * fail broken' "$RUNTIME create * die"; do
    run_podctl pod create --name web -p 18080:80
    run_podctl create --pod web --name one -v /anonymous "$IMAGE" sleep 100
    break_parts "$fault"
    run_podctl 125 pod start web
    struck
    errors_say 'starting container [0-9a-f]{64}: '
    run_podctl '?' run -d --pod web --name two "$IMAGE" true
    ((status != 0))
    run_podctl pod rm --force --time 0 web
    mend_parts
  done
}

@test "an exit command whose OCI runtime fails leaves the end to the next command" {
  break_parts "$RUNTIME delete * fail broken"
  run_podctl run -d --name brief --network none "$IMAGE" sh -c 'exit 7'
  local id=$output
  wait_until 30 struck
  run_podctl 125 container cleanup brief
  errors_say "remove container $id from the OCI runtime: $RUNTIME: broken"
  run_podctl ps -a --format '{{.State}} {{.ExitCode}}'
  is "$output" 'stopped 7'
  mend_parts
  run_podctl volume create other
  run_podctl ps -a --format '{{.State}} {{.ExitCode}}'
  is "$output" 'exited 7'
}
