#!/usr/bin/env bats
# podctl doctor: each kind of damage is made by hand, found, repaired, and found
# no more; a host that is well, and one that is busy, has no findings.

load helpers

setup_file() {
  file_setup
  busybox_image
}

DB() { echo "$ROOT/podctl/podctl.db"; }

# sql STATEMENT: behind podctl's back, without its rules
sql() { sqlite3 "$(DB)" "$1"; }

# well: nothing is found
well() {
  run_podctl doctor --format json
  is "$output" "[]" "findings"
}

# sick KIND REGEX: this is found, and the exit code says so
sick() {
  run_podctl 1 doctor --format json
  [[ -n $(jq -r --arg kind "$1" --arg re "$2" '.[] | select(.Kind == $kind and (.Problem | test($re)))' <<<"$output") ]] ||
    fail "not found: $1: $2"
}

# heals: --repair mends everything, and then nothing is found
heals() {
  run_podctl doctor --repair
  unlike "$output" "Nothing is wrong"
  well
}

web() {
  run_podctl pod create --name web
  run_podctl run -d --pod web --name one "$IMAGE" sleep 1000
  one=$output
  run_podctl create --pod web --name two --requires one "$IMAGE" sleep 1000
  two=$output
  pod=$(podctl pod inspect web --format '{{.ID}}')
  infra=$(podctl pod inspect web --format '{{.InfraContainerID}}')
}

@test "a host that is well has no findings: pods created, running, stopped, started" {
  requires root
  run_podctl doctor
  is "$output" "Nothing is wrong."
  web
  well
  run_podctl run --name plain -v data:/data "$IMAGE" true
  run_podctl 3 run --name fails "$IMAGE" sh -c 'exit 3'
  run_podctl run -d --name alone "$IMAGE" sleep 1000
  well
  run_podctl pod stop --time 0 web
  well
  run_podctl pod start web
  run_podctl pod pause web
  well
  run_podctl pod unpause web
  run_podctl pod rm --force --time 0 web
  well
}

@test "a busy host has no findings" {
  requires root
  local deadline=$((SECONDS + 8)) n=0 i busy=()
  for i in 1 2 3; do
    while ((SECONDS < deadline)); do
      podctl pod create --name "p$i"
      podctl run --rm --pod "p$i" "$IMAGE" true
      podctl run -d --pod "p$i" "$IMAGE" sleep 1000
      podctl pod rm --force --time 0 "p$i"
    done >"$BATS_TEST_TMPDIR/busy.$i" 2>&1 3>&- &
    busy+=($!)
  done
  while ((SECONDS < deadline)); do
    well
    n=$((n + 1))
  done
  wait "${busy[@]}"
  tail -n 5 "$BATS_TEST_TMPDIR"/busy.*
  ((n > 3)) || fail "examined $n times only"
  well
}
