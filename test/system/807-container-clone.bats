#!/usr/bin/env bats
# Copies of containers.

load helpers

setup_file() {
  file_setup
  busybox_image
}

@test "a copy runs like its source, with the limits given" {
  requires root
  run_podctl create --name a -e COLOR=red --memory 64m "$IMAGE" sh -c 'echo $COLOR; sleep 1000'
  run_podctl container clone --run --memory 32m a
  run_podctl stats --no-stream --format '{{.MemLimit}}' a-clone
  is "$output" $((32 << 20))
  said() { [[ $(podctl logs a-clone) == red ]]; }
  wait_until 10 said
  run_podctl container clone a-clone
  run_podctl container exists a-clone1
}

@test "a copy joins the pod named and takes its namespaces" {
  requires containers
  run_podctl create --name a --hostname alone -p 127.0.0.1:8089:80 "$IMAGE" sleep 1000
  run_podctl pod create web
  run_podctl container clone --pod web a b
  run_podctl pod start web
  run_podctl exec b hostname
  is "$output" web
}

@test "a running source is not destroyed without force" {
  requires containers
  run_podctl run -d --name a "$IMAGE" sleep 1000
  run_podctl 125 container clone --destroy a
  run_podctl container exists a
  run_podctl 125 container clone --force a
  is "$stderr" "Error: cannot set --force without --destroy: invalid argument"
}
