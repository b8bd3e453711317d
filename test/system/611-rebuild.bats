#!/usr/bin/env bats
# podctl doctor --rebuild: a new database when the old one is damaged or gone.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# everything: pods and containers in all their states
everything() {
  run_podctl volume create --label a=b data
  run_podctl pod create --name web --label tier=front
  run_podctl run -d --pod web --name one -v data:/data -v /anon "$IMAGE" sleep 1000
  run_podctl run -d --pod web --name two --requires one "$IMAGE" sleep 1000
  run_podctl create --pod web --name never "$IMAGE" true
  run_podctl 3 run --name three "$IMAGE" sh -c 'exit 3'
  run_podctl run -d --name paused "$IMAGE" sleep 1000
  run_podctl pause paused
}

# view: what there is, with states, exit codes, pids and addresses
view() {
  podctl pod ps --no-trunc --format '{{.ID}} {{.Name}} {{.Status}} {{.InfraID}} {{.Labels}}'
  podctl ps --all --no-trunc --format '{{.ID}}' | sort | while read -r id; do
    podctl inspect "$id" --format '{{.Id}} {{.Name}} {{.State.Status}} {{.State.Pid}} {{.State.ConmonPid}} {{.State.ExitCode}} {{.Pod}} {{.Config.Cmd}} {{json .NetworkSettings}} {{json .Mounts}} {{.Dependencies}} {{.Created}} {{.State.OOMKilled}}'
  done
  podctl volume ls --format '{{.Name}} {{.Driver}} {{.Labels}} {{.Anonymous}}'
}

rebuilt_is_the_same() {
  local before=$1
  run_podctl doctor --rebuild
  like "$output" 'Recorded again: 1 pods, 6 containers \(4 running\), 2 volumes'
  is "$(view)" "$before" "what there is"
  run_podctl doctor
  is "$output" "Nothing is wrong."
  # It is as good as the old one.
  run_podctl unpause paused
  run_podctl exec one true
  run_podctl pod stop --time 0 web
  run_podctl pod start web
  run_podctl wait three
  is "$output" 3
}

@test "a database that is sound is not rebuilt" {
  run_podctl pod create --name web
  run_podctl 125 doctor --rebuild
  like "$stderr" 'is sound: to mend what does not match it run "podctl doctor --repair"'
}

@test "a database that is damaged is rebuilt, and kept" {
  requires root
  everything
  local before
  before=$(view)
  head -c 3000 /dev/urandom | dd of="$ROOT/podctl/podctl.db" bs=1 seek=100 conv=notrunc status=none
  rm -f "$ROOT"/podctl/podctl.db-*
  run_podctl 125 ps
  like "$stderr" 'podctl doctor --rebuild'
  rebuilt_is_the_same "$before"
  [[ -n $(ls "$ROOT"/podctl/podctl.db.damaged-*) ]] || fail "the damaged database was not kept"
}

@test "a database that is gone is rebuilt" {
  requires root
  everything
  local before
  before=$(view)
  rm "$ROOT"/podctl/podctl.db*
  rebuilt_is_the_same "$before"
}

@test "a database that is gone and began anew is mended by --repair" {
  requires root
  everything
  local before
  before=$(view)
  rm "$ROOT"/podctl/podctl.db*
  run_podctl ps --all --quiet
  is "$output" ""
  run_podctl doctor --repair
  is "$(view)" "$before" "what there is"
  run_podctl doctor
}
