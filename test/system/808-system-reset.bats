#!/usr/bin/env bats
# Starting over.

load helpers

setup() {
  test_setup
  busybox_image
}

@test "system reset leaves nothing, and podctl works again" {
  requires root
  run_podctl pod create web
  run_podctl run -d --pod web --name a -v data:/data "$IMAGE" sleep 1000
  run_podctl create --name b "$IMAGE" true
  run_podctl network create n1
  echo x >"$BATS_TEST_TMPDIR/secret"
  run_podctl secret create s "$BATS_TEST_TMPDIR/secret"
  run_podctl system reset --force
  is "$stderr" ""
  run_podctl pod ps -q
  is "$output" ""
  run_podctl ps -aq
  is "$output" ""
  run_podctl images -q
  is "$output" ""
  run_podctl volume ls -q
  is "$output" ""
  run_podctl secret ls -q
  is "$output" ""
  run_podctl network ls -q
  is "$output" podman
  busybox_image
  run_podctl run --rm "$IMAGE" echo again
  is "$output" again
}

@test "system reset asks first, and without an answer does nothing" {
  requires root
  run_podctl create --name a "$IMAGE" true
  run_podctl 1 system reset </dev/null
  like "$stderr" '^Error: EOF$'
  run_podctl container exists a
}
