#!/usr/bin/env bats
# Health checks.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# status NAME: what inspect says of its health
status() { podctl container inspect --format '{{.State.Health.Status}}' "$1"; }

@test "a check is unhealthy after its retries, and healthy again at once" {
  requires root
  run_podctl run -d --name a --health-cmd 'test -e /ok || { echo missing; exit 3; }' --health-retries 2 "$IMAGE" sleep 1000
  run_podctl 1 healthcheck run a
  is "$output" unhealthy
  is "$(status a)" starting
  run_podctl 1 healthcheck run a
  is "$(status a)" unhealthy
  run_podctl container inspect a
  assert_json '.[0].State.Health.FailingStreak' 2
  assert_json '.[0].State.Health.Log[1].Output' missing
  assert_json '.[0].State.Health.Log[1].ExitCode' 3
  run_podctl exec a touch /ok
  run_podctl healthcheck run a
  is "$output" ""
  is "$(status a)" healthy
  run_podctl ps -q --filter health=healthy
  is "${#lines[@]}" 1
}

@test "what a check found is forgotten with a restart" {
  requires root
  run_podctl run -d --name a --health-cmd true "$IMAGE" sleep 1000
  run_podctl healthcheck run a
  run_podctl restart --time 0 a
  is "$(status a)" starting
}

@test "a check that takes too long has failed and is killed" {
  requires root
  run_podctl run -d --name a --health-cmd 'sleep 998' --health-timeout 1s --health-retries 1 --health-on-failure kill "$IMAGE" sleep 999
  run_podctl 1 healthcheck run a
  run_podctl wait a
  is "$output" 137
}

@test "only a running container with a check is checked" {
  requires root
  run_podctl create --name a --health-cmd true "$IMAGE" sleep 1000
  local id=$output
  run_podctl 125 healthcheck run a
  is "$stderr" "Error: container $id is not running"
  run_podctl run -d --name b "$IMAGE" sleep 1000
  run_podctl 125 healthcheck run b
  like "$stderr" 'has no defined healthcheck$'
}
