#!/usr/bin/env bats
# A pod's life: start, stop, restart, kill, pause, unpause.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# A program that ends at once when asked to: as process 1 it would otherwise
# ignore SIGTERM, and each stop would cost its grace period.
POLITE='trap "exit 0" TERM; while :; do sleep 0.1; done'

# pod_of NAME CONTAINER...: makes a pod with containers that run until stopped
pod_of() {
  local pod=$1 ctr
  shift
  run_podctl pod create --name "$pod"
  POD_ID=$output
  for ctr; do run_podctl create --name "$ctr" --pod "$pod" "$IMAGE" sh -c "$POLITE"; done
}

# state CONTAINER WORD: for wait_until
state() { [[ $(podctl ps -a --format '{{.State}}' --filter "name=^$1\$" 3>&-) == "$2" ]]; }

pod_status() { run_podctl pod ps --format '{{.Status}}' --filter "name=^$1\$"; }

@test "a pod starts and stops with all its containers, and both print its name" {
  pod_of web a b
  pod_status web
  is "$output" Created
  run_podctl pod start "$POD_ID"
  is "$output" web
  is "$stderr" ""
  pod_status web
  is "$output" Running
  run_podctl pod start "${POD_ID:0:10}"
  is "$output" web "starting it again"
  run_podctl pod stop web
  is "$output" web
  is "$stderr" ""
  pod_status web
  is "$output" Exited
  run_podctl pod stop --time 0 web
  is "$output" web "stopping it again"
}

@test "a stopped pod starts again" {
  pod_of web a
  run_podctl pod start web
  run_podctl pod stop web
  run_podctl pod start web
  pod_status web
  is "$output" Running
}

@test "--time 0 kills at once" {
  pod_of web
  run_podctl create --name deaf --pod web "$IMAGE" sleep 300
  run_podctl pod start web
  run_podctl pod stop -t 0 web
  is "$stderr" ""
  run_podctl wait deaf
  is "$output" 137
}

@test "deaf pods are stopped at the same time and reported in order" {
  for i in 1 2 3 4; do
    run_podctl pod create --name "p$i"
    run_podctl create --pod "p$i" "$IMAGE" sleep 300
  done
  run_podctl pod start p4 p3 p2 p1
  is "$output" $'p4\np3\np2\np1'
  local begun=$SECONDS
  run_podctl pod stop --time $((3 * SLOWNESS)) p4 p3 p2 p1
  is "$output" $'p4\np3\np2\np1'
  ((SECONDS - begun < 11 * SLOWNESS)) || fail "four pods took $((SECONDS - begun)) seconds, each $((3 * SLOWNESS))"
}

@test "one name that means nothing, and nothing is done" {
  pod_of web a
  run_podctl 125 pod start web nosuch
  is "$output" ""
  is "$stderr" "Error: no pod with name or ID nosuch found: no such pod"
  pod_status web
  is "$output" Created
  run_podctl pod start --all
  run_podctl 125 pod stop web nosuch
  pod_status web
  is "$output" Running
  run_podctl pod stop --ignore nosuch web
  is "$output" web
}

@test "--all and --latest" {
  run_podctl pod start --all
  is "$output" ""
  run_podctl 125 pod start --latest
  is "$stderr" "Error: no such pod"
  pod_of one a
  pod_of two b
  run_podctl pod start --latest
  is "$output" two
  run_podctl pod start --all
  is "$output" $'one\ntwo'
  run_podctl pod stop -a -t 1
  is "$output" $'one\ntwo'
}

@test "what contradicts itself is refused" {
  local verb
  for verb in start stop restart kill pause unpause rm; do
    run_podctl 125 pod "$verb"
    is "$stderr" "Error: you must provide at least one name or id"
    run_podctl 125 pod "$verb" --all web
    is "$stderr" "Error: no arguments are needed with --all"
    run_podctl 125 pod "$verb" --all --latest
    is "$stderr" "Error: --all and --latest cannot be used together"
    run_podctl 125 pod "$verb" --latest web
    is "$stderr" "Error: --latest and containers cannot be used together"
  done
}

@test "pods named by files" {
  pod_of web a
  run_podctl pod create --name db --pod-id-file "$BATS_TEST_TMPDIR/db.id"
  run_podctl pod start --pod-id-file "$BATS_TEST_TMPDIR/db.id"
  is "$output" db
  run_podctl pod stop --pod-id-file "$BATS_TEST_TMPDIR/db.id"
  is "$output" db
  run_podctl 125 pod start --pod-id-file /nonexistent
  is "$stderr" "Error: reading pod ID file: open /nonexistent: no such file or directory"
}

@test "a pod without containers cannot be started" {
  run_podctl pod create --infra=false --name bare
  local id=$output
  run_podctl 125 pod start bare
  is "$stderr" "Error: no containers in pod $id have no dependencies, cannot start pod: no such container"
  run_podctl 125 pod restart bare
  is "$stderr" "Error: no containers in pod $id have no dependencies, cannot start pod: no such container"
}

@test "init containers run first, one after another, and those of type once go" {
  run_podctl pod create --name web
  run_podctl create --pod web --init-ctr once --name first -v shared:/s "$IMAGE" sh -c 'echo one >/s/log'
  run_podctl create --pod web --init-ctr always --name second -v shared:/s "$IMAGE" sh -c 'echo two >>/s/log'
  run_podctl create --pod web --name main -v shared:/s "$IMAGE" sh -c "cat /s/log >/s/seen; $POLITE"
  run_podctl pod start web
  run_podctl 1 container exists first
  run_podctl container exists second
  run_podctl run --rm -v shared:/s "$IMAGE" sh -c 'until test -s /s/seen; do sleep 0.1; done; cat /s/seen'
  is "$output" $'one\ntwo'
}

@test "when an init container fails, nothing else starts" {
  run_podctl pod create --name web
  run_podctl create --pod web --init-ctr always --name prepare "$IMAGE" sh -c 'exit 7'
  run_podctl create --pod web --name main "$IMAGE" sh -c "$POLITE"
  run_podctl 125 pod start web
  like "$stderr" 'Error: init container [0-9a-f]{64} exited with code 7'
  state main created
}

@test "a container that cannot start fails alone" {
  pod_of web good
  run_podctl create --name bad --pod web "$IMAGE" /nonexistent
  local bad=$output
  run_podctl 125 pod start web
  is "$output" ""
  like "$stderr" "^Error: (OCI runtime error: )?starting container $bad: "
  is "$(wc -l <<<"$stderr")" 1
  state good running
}

@test "restart brings all containers up again and prints the ID" {
  pod_of web a b
  run_podctl pod start web
  run_podctl stop a
  run_podctl pod restart web
  is "$output" "$POD_ID"
  pod_status web
  is "$output" Running
}

@test "restart keeps containers that remove themselves" {
  run_podctl pod create --name web --exit-policy stop
  run_podctl run -d --rm --name a --pod web "$IMAGE" sh -c "$POLITE"
  run_podctl pod restart web
  state a running
  pod_status web
  is "$output" Running
}

@test "kill signals every container; a pod with nothing running is fine" {
  pod_of web a
  run_podctl pod kill web
  is "$output" "$POD_ID"
  run_podctl pod start web
  run_podctl pod kill --signal USR1 web
  is "$output" "$POD_ID"
  run_podctl pod kill web
  is "$output" "$POD_ID"
  wait_until 5 state a exited
  run_podctl wait a
  is "$output" 137
  run_podctl 125 pod kill --signal FOO nosuch
  is "$stderr" "Error: invalid signal: FOO"
}

@test "pause and unpause" {
  requires cgroups
  pod_of web a
  run_podctl pod unpause web
  is "$output" "" "a pod that is not paused is left alone"
  run_podctl pod start web
  run_podctl pod pause web
  is "$output" "$POD_ID"
  pod_status web
  is "$output" Paused
  run_podctl 125 pod stop web
  like "$stderr" 'Error: stopping container [0-9a-f]{64}: container [0-9a-f]{64} is running or paused, refusing to clean up: container state improper'
  like "$stderr" 'Error: stopping container ([0-9a-f]{64}): a container that depends on container ([0-9a-f]{64}) could not be stopped: container state improper'
  run_podctl 125 pod start web
  like "$stderr" 'starting container [0-9a-f]{64}: cannot start paused container [0-9a-f]{64}: container state improper'
  run_podctl pod unpause --all
  is "$output" "$POD_ID"
  pod_status web
  is "$output" Running
}

@test "--dry-run shows each step and takes none" {
  pod_of web a
  run_podctl create --name b --pod web --requires a "$IMAGE" sh -c "$POLITE"
  run_podctl pod start --dry-run web
  like "${lines[0]}" '^1 start container [0-9a-f]{12} [0-9a-f]{12}-infra$'
  like "${lines[1]}" '^2 start container [0-9a-f]{12} a$'
  like "${lines[2]}" '^3 start container [0-9a-f]{12} b$'
  is "${#lines[@]}" 3
  pod_status web
  is "$output" Created
  run_podctl pod start web
  run_podctl pod stop --dry-run web
  like "${lines[0]}" '^1 stop container [0-9a-f]{12} b$'
  run_podctl pod rm --force --dry-run web
  is "${#lines[@]}" 4
  is "${lines[3]}" "4 remove pod ${POD_ID:0:12} web"
  pod_status web
  is "$output" Running
}
