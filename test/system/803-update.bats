#!/usr/bin/env bats
# Changing containers that exist.

load helpers

setup_file() {
  file_setup
  busybox_image
}

@test "a memory limit is changed while the container runs, and stays" {
  requires root
  run_podctl run -d --name a --memory 64m "$IMAGE" sleep 1000
  local id=$output
  run_podctl update --memory 32m --pids-limit 50 a
  is "$output" "$id"
  run_podctl stats --no-stream --format '{{.MemLimit}}' a
  is "$output" $((32 << 20))
  run_podctl container inspect --format '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}' a
  is "$output" "$((32 << 20)) 50"
  run_podctl restart --time 0 a
  run_podctl stats --no-stream --format '{{.MemLimit}}' a
  is "$output" $((32 << 20))
}

@test "the environment changes with the next start" {
  requires root
  run_podctl create --name a -e A=1 -e B=2 "$IMAGE" sh -c 'echo "$A$B$C"'
  run_podctl update -e B=3 -e C=4 --unsetenv A a
  run_podctl start a
  run_podctl wait a
  run_podctl logs a
  is "$output" 34
}

@test "what is executed has the changed environment at once, and inspect shows it" {
  requires root
  run_podctl run -d --name a -e A=1 -e B=2 "$IMAGE" sleep 300
  run_podctl update -e B=3 -e C=4 --unsetenv A a
  run_podctl exec a sh -c 'echo "$A$B$C$HOME"'
  is "$output" 34/root
  run_podctl inspect a
  assert_json '.[0].Config.Env | map(select(test("^[ABC]=")))' '["B=3","C=4"]'
  run_podctl exec a sh -c 'tr "\0" "\n" </proc/1/environ | grep -c ^A=1'
  is "$output" 1 "the process that runs keeps its own"
}

@test "a limit that cannot be leaves the container as it was" {
  requires root
  run_podctl run -d --name a --cpus 1 "$IMAGE" sleep 1000
  run_podctl 125 update --cpuset-cpus 4095 a
  run_podctl container inspect --format '{{.HostConfig.CpusetCpus}}' a
  is "$output" ""
}
