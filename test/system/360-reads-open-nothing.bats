#!/usr/bin/env bats
# What only concerns pods opens no image store, no network backend and no OCI
# runtime: asked of the kernel, with strace.

load helpers

# traced ARGS...: runs podctl and leaves in $trace what it executed and opened
traced() {
  requires strace
  local log=$BATS_TEST_TMPDIR/strace
  strace -f -qq -e trace=execve,execveat,open,openat,openat2,creat,mkdir,mkdirat,mount -o "$log" "$PODCTL" "${PODCTL_ARGS[@]}" "$@" \
    >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- ||
    fail "podctl $* under strace: $(<"$BATS_TEST_TMPDIR/stderr") $(tail -n 3 "$log")"
  trace=$(<"$log")
}

# opens_nothing: $trace has one execution, podctl's own, and no path of another's
opens_nothing() {
  is "$(grep -cE 'execve(at)?\(' <<<"$trace")" 1 "executions: $(grep -E 'execve(at)?\(' <<<"$trace")"
  local foreign
  foreign=$(grep -E "\"($ROOT/(overlay|vfs|libpod|storage\.lock|userns\.lock|secrets|networks)|$RUNROOT/(overlay|networks)|$NETWORKS|/etc/containers/networks|/run/containers/|/run/netns)|netavark|aardvark|/conmon\"|/runc\"|/crun\"" <<<"$(grep -v 'execve(' <<<"$trace")" || true)
  is "$foreign" "" "opened"
}

@test "the trace is not blind" {
  traced images
  like "$trace" "\"$ROOT/overlay"
  run opens_nothing
  is "$status" 1
}

# A user's runs again inside the user namespace.
@test "pod create" {
  requires root
  traced pod create --name web --publish 8080:80
  opens_nothing
}

@test "pod ps, with filters too" {
  run_podctl pod create --name web
  traced pod ps
  opens_nothing
  traced pod ps --filter name=web --filter network=podman --filter status=created --format json
  opens_nothing
}

@test "pod inspect" {
  run_podctl pod create --name web
  traced pod inspect web
  opens_nothing
}

@test "ps, container inspect and events" {
  requires root # a user's inspect looks at the layer, inside the user namespace
  run_podctl pod create --name web
  traced ps --all --pod
  opens_nothing
  run_podctl pod inspect --format '{{.InfraContainerID}}' web
  traced container inspect "$output"
  opens_nothing
  traced events --stream=false
  opens_nothing
}

@test "reads write nothing" {
  run_podctl pod create --name web
  local command before after
  before=$(sqlite3 "$ROOT/podctl/podctl.db" .dump | sha256sum)
  for command in "pod ps" "pod inspect web" "ps --all" "inspect --type pod web" "events --stream=false"; do
    # shellcheck disable=SC2086 # words
    run_podctl $command
  done
  after=$(sqlite3 "$ROOT/podctl/podctl.db" .dump | sha256sum)
  is "$after" "$before"
}

@test "reads answer while a writer is stopped" {
  requires sqlite3
  run_podctl pod create --name web
  # A transaction that is never ended holds the write lock.
  local db=$ROOT/podctl/podctl.db
  mkfifo "$BATS_TEST_TMPDIR/hold"
  sqlite3 "$db" <"$BATS_TEST_TMPDIR/hold" 3>&- &
  local pid=$!
  exec 4>"$BATS_TEST_TMPDIR/hold"
  # It waits where held, below, has the lock for a moment to see whether it can.
  echo ".timeout 10000" >&4
  echo "BEGIN IMMEDIATE; UPDATE meta SET value = value; SELECT 1;" >&4
  held() { ! timeout 1 sqlite3 "$db" 'BEGIN IMMEDIATE; ROLLBACK;'; }
  wait_until 10 held
  PODCTL_TIMEOUT=20 run_podctl pod ps --format '{{.Name}}'
  is "$output" web
  PODCTL_TIMEOUT=20 run_podctl pod inspect --format '{{.State}}' web
  is "$output" Created
  exec 4>&-
  wait "$pid" || true
}
