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

v2() { [[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]; }

# in_cgroup CONTAINER V1-CONTROLLER V1-FILE V2-FILE: what the kernel says
in_cgroup() {
  local path
  path=$(cgroup_of "$(podctl inspect --format '{{.State.Pid}}' "$1")")
  if v2; then
    cat "/sys/fs/cgroup$path/$4"
  else
    cat "/sys/fs/cgroup/$2$path/$3"
  fi
}

# cpu_nanos CONTAINER: the processor time the kernel counted
cpu_nanos() {
  if v2; then
    echo "$(($(in_cgroup "$1" - - cpu.stat | sed -n 's/^usage_usec //p') * 1000))"
  else
    in_cgroup "$1" cpuacct cpuacct.usage -
  fi
}

@test "stats are what the cgroup files say" {
  requires root
  run_podctl run -d --name spin --memory 64m "$IMAGE" sh -c 'sleep 1000 & sleep 1000 & while :; do :; done'
  three() { [[ $(in_cgroup spin pids pids.current pids.current) == 3 ]]; }
  wait_until 20 three
  local before after
  before=$(cpu_nanos spin)
  run_podctl stats --no-stream --format '{{.CPUNano}} {{.MemLimit}} {{.PIDs}} {{.MemUsage}}' spin
  after=$(cpu_nanos spin)
  local nanos limit pids
  read -r nanos limit pids _ <<<"$output"
  ((before <= nanos && nanos <= after)) || fail 'processor time' "$before to $after" "$nanos"
  is "$limit" $((64 << 20))
  is "$pids" 3
  like "$output" ' / 67.11MB$'
}

@test "a member's memory limit is the least of its own and its pod's" {
  requires root
  run_podctl pod create --name web --memory 128m
  run_podctl run -d --pod web --name bare "$IMAGE" sleep 1000
  run_podctl run -d --pod web --name own --memory 64m "$IMAGE" sleep 1000
  run_podctl stats --no-stream --format '{{.MemLimit}}' bare
  is "$output" $((128 << 20))
  run_podctl stats --no-stream --format '{{.MemLimit}}' own
  is "$output" $((64 << 20))
}

# rounds N FILE PATTERN: there are at least N lines with the pattern in it
rounds() { (($(grep -c "$3" "$2") >= $1)); }

@test "stats and pod stats go on measuring until they are ended" {
  requires root
  run_podctl pod create --name web
  run_podctl run -d --pod web --name busy "$IMAGE" sleep 1000
  local verb pid
  for verb in 'stats --interval 1 --no-reset --format {{.Name}} busy' 'pod stats --no-reset web'; do
    # shellcheck disable=SC2086 # several words
    podctl $verb >"$TMP/rounds" 2>&1 3>&- &
    pid=$!
    wait_until 30 rounds 3 "$TMP/rounds" busy
    kill -INT $pid 2>/dev/null || true
    kill $pid 2>/dev/null || true
    wait $pid || true
  done
}
