#!/usr/bin/env bats
# Statistics of containers and pods, measured for real.

load helpers

setup_file() {
  file_setup
  busybox_image
}

@test "pod stats of no pod is a row of dashes, and an empty list as JSON" {
  requires root
  run_podctl pod stats --no-stream --no-reset
  is "${#lines[@]}" 2
  like "${lines[1]}" '^-- +-- +--'
  run_podctl pod stats --no-stream --format json
  is "$output" "[]"
}

@test "pod stats shows the running containers of a pod, infra too" {
  requires root
  run_podctl pod create --name web
  run_podctl create --pod web --name idle "$IMAGE" true
  run_podctl run -d --pod web --name busy --memory 64m "$IMAGE" sleep 1000
  run_podctl pod stats --no-stream --format json web
  assert_json 'length' 2
  assert_json '[.[] | select(.Name == "busy")][0].MemUsageBytes | test(" / 64MiB$")' true
  assert_json '[.[].PIDS] | unique' '["1"]'
  run_podctl 125 pod stats --no-stream nope
  is "$stderr" "Error: unable to get list of pods: no pod with name or ID nope found: no such pod"
}

@test "stats counts processor time and processes" {
  requires root
  run_podctl run -d --name spin "$IMAGE" sh -c 'sleep 1000 & while :; do :; done'
  used() { [[ $(podctl stats --no-stream --format '{{.CPUNano}} {{.PIDS}}' spin) =~ ^[0-9]{8,}\ 2$ ]]; }
  wait_until 20 used
  run_podctl stats --no-stream --format json spin
  assert_json '.[0].cpu_time | test("s$")' true
}

@test "stats with --all shows containers that do not run" {
  requires root
  run_podctl create --name idle "$IMAGE" true
  run_podctl stats --no-stream --format '{{.Name}}'
  is "$output" ""
  run_podctl stats --no-stream --all --format '{{.Name}} {{.PIDS}}'
  is "$output" "idle --"
}
