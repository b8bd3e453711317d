#!/usr/bin/env bats
# Removing pods: rm and prune; exists.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# gone NAME: no container has that name; "exists" would take it for an ID too
gone() { is "$(podctl ps -a --quiet --filter "name=^$1\$" 3>&-)" "" "container $1"; }

@test "rm prints the ID" {
  run_podctl pod create --name web
  local id=$output
  run_podctl pod rm web
  is "$output" "$id"
  run_podctl 1 pod exists web
}

@test "rm of a pod whose members have ended, with infra still up" {
  run_podctl pod create --name web
  run_podctl run --name job --pod web "$IMAGE" true
  run_podctl pod rm web
  run_podctl 1 container exists job
}

@test "rm of a pod with a running member says all and removes nothing that runs" {
  run_podctl pod create --name web
  local pod=$output
  run_podctl run -d --name a --pod web "$IMAGE" sleep 300
  local ctr=$output
  run_podctl 125 pod rm web
  is "$output" ""
  is "${stderr%%$'\n'*}" "Error: not all containers could be removed from pod $pod: removing pod containers"
  like "$stderr" "Error: error removing container $ctr from pod $pod: cannot remove container $ctr as it is running - running or paused containers cannot be removed without force: container state improper"
  like "$stderr" "Error: error removing container ([0-9a-f]{64}) from pod $pod: a container that depends on container ([0-9a-f]{64}) could not be stopped: container state improper"
  run_podctl container exists a
  run_podctl pod rm --force --time 0 web
  is "$output" "$pod"
  gone a
}

@test "rm --force of a paused pod" {
  requires cgroups
  run_podctl run -d --pod new:web "$IMAGE" sleep 300
  run_podctl pod pause web
  run_podctl pod rm -f -t 0 web
  run_podctl 1 pod exists web
}

@test "a pod that does not exist" {
  run_podctl 1 pod rm nosuch
  is "$stderr" "Error: no pod with name or ID nosuch found: no such pod"
  run_podctl pod rm --ignore nosuch
  is "$output$stderr" ""
  run_podctl pod rm --force nosuch
  is "$output$stderr" ""
  run_podctl 1 pod rm --latest
  is "$stderr" "Error: no such pod"
  run_podctl pod rm --force --latest
  is "$output$stderr" ""
  run_podctl pod stop --ignore --latest
  is "$output$stderr" ""
  run_podctl pod rm --all
  is "$output$stderr" ""
}

@test "lookup comes before removing" {
  run_podctl pod create --name web
  run_podctl 1 pod rm web nosuch
  is "$output" ""
  run_podctl pod exists web
}

@test "--time needs --force" {
  run_podctl 125 pod rm --time 1 web
  is "$stderr" "Error: --force option must be specified to use the --time option"
}

@test "the ID file goes with its pod" {
  run_podctl pod create --name web --pod-id-file "$BATS_TEST_TMPDIR/id"
  local id=$output
  run_podctl run -d --name a --pod web "$IMAGE" sleep 300
  run_podctl 125 pod rm --pod-id-file "$BATS_TEST_TMPDIR/id"
  [[ -e $BATS_TEST_TMPDIR/id ]] || fail "the file is gone and the pod is not"
  run_podctl pod rm -f -t 0 --pod-id-file "$BATS_TEST_TMPDIR/id"
  is "$output" "$id"
  [[ ! -e $BATS_TEST_TMPDIR/id ]] || fail "the file is still there"
}

@test "rm --all removes pods in any state" {
  run_podctl pod create --name created
  local ids=$output
  run_podctl run -d --pod new:running "$IMAGE" sleep 300
  run_podctl pod ps --no-trunc --format '{{.ID}}' --filter name=running
  ids+=$'\n'$output
  run_podctl pod rm --all --force --time 0
  is "$output" "$ids"
}

@test "anonymous volumes go with the pod, named ones stay" {
  run_podctl run --name a --pod new:web -v /anonymous -v named:/named "$IMAGE" true
  run_podctl volume ls --quiet
  is "${#lines[@]}" 2
  run_podctl pod rm web
  run_podctl volume ls --quiet
  is "$output" named
}

@test "names and IDs" {
  run_podctl pod create --name web
  local id=$output
  run_podctl pod exists web
  run_podctl pod exists "$id"
  run_podctl pod exists "${id:0:3}"
  run_podctl pod exists "${id^^}"
  run_podctl 1 pod exists we
  run_podctl 125 pod exists ""
  is "$stderr" "Error: name or ID cannot be empty"
  run_podctl 125 pod exists
  is "$stderr" "Error: accepts 1 arg(s), received 0"
}

@test "a prefix of two IDs is ambiguous; a name wins over a prefix" {
  local i
  for i in {1..17}; do run_podctl pod create; done # 16 first digits
  run_podctl pod ps --quiet --no-trunc
  local digit
  digit=$(cut -c1 <<<"$output" | sort | uniq -d | head -n 1)
  run_podctl 125 pod exists "$digit"
  is "$stderr" "Error: more than one result for pod \"$digit\": container already exists"
  run_podctl pod create --name "$digit"
  local id=$output
  run_podctl pod rm "$digit"
  is "$output" "$id"
}

@test "prune removes what has ended, whatever else there is" {
  run_podctl pod create --name created
  run_podctl run -d --pod new:running "$IMAGE" sleep 300
  run_podctl run --pod new:exited "$IMAGE" true
  run_podctl pod stop -t 0 exited
  run_podctl pod ps --no-trunc --format '{{.ID}}' --filter name=exited
  local id=$output
  run_podctl pod prune --force
  is "$output" "$id"
  run_podctl pod ps --format '{{.Name}}' --sort name
  is "$output" $'created\nrunning'
}

@test "prune asks first" {
  run_podctl run --pod new:exited "$IMAGE" true
  run_podctl pod stop -t 0 exited
  run_podctl 125 pod prune </dev/null
  is "$stderr" "Error: EOF"
  run_podctl pod prune <<<"no"
  is "$output" $'WARNING! This will remove all stopped/exited pods..\nAre you sure you want to continue? [y/N] '
  run_podctl pod exists exited
  run_podctl pod prune <<<"Yes"
  run_podctl 1 pod exists exited
}

# removing: a pod "web" that `pod rm --time $1` is at work on; sets remover.
# Not through a function: its process would be a shell around podctl.
removing() {
  run_podctl pod create --name web
  run_podctl run -d --pod web "$IMAGE" sh -c 'trap "" TERM; echo up; while :; do sleep 1; done'
  wait_until 10 heard "$output" up
  "$PODCTL" "${PODCTL_ARGS[@]}" pod rm --force --time "$1" web >/dev/null 2>&1 3>&- &
  remover=$!
  wait_until 10 pod_is_locked_by "$remover"
}
heard() { podctl logs "$1" | grep -q "$2"; }
pod_is_locked_by() { podctl locks --format '{{.Object}} {{.State}} {{.PID}}' | grep -qx "pod holder $1"; }

@test "of several rm at once one does the work, and the others wait for it" {
  removing 3
  "$PODCTL" "${PODCTL_ARGS[@]}" pod rm --force --ignore web >"$BATS_TEST_TMPDIR/ignoring" 2>&1 3>&- &
  local ignoring=$!
  run_podctl '?' pod rm --force web
  [[ $status == 0 ]] || like "$stderr" 'no such pod'
  wait "$remover"
  wait "$ignoring"
  run_podctl 1 pod exists web
}

@test "rm carries on a removal whose podctl was killed, and waits as long as that would have" {
  removing 1
  kill -9 "$remover"
  wait "$remover" || true
  PODCTL_TIMEOUT=60
  run_podctl pod rm --force --time 600 web
  run_podctl 1 pod exists web
}
