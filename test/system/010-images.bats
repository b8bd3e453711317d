#!/usr/bin/env bats
# Images that come from an archive, so that no registry is needed.

load helpers

setup_file() {
  file_setup
  busybox_image
}

@test "a loaded image is listed under its name" {
  run_podctl images --format json
  assert_json 'length' 1
  assert_json '.[0].Names' '["localhost/busybox:latest"]'
  local object
  object=$(jq -c '.[0]' <<<"$output")
  run_podctl images --format '{{json .}}'
  assert_json . "${object/#\{/'{"repository":"localhost/busybox","tag":"latest",'}"
}

@test "loading the same archive again changes nothing and names it" {
  run_podctl load -i "$BATS_FILE_TMPDIR/busybox.tar"
  is "$output" "Loaded image: $IMAGE"
  run_podctl images --quiet
  is "${#lines[@]}" 1
}

@test "an image keeps what its archive says" {
  run_podctl image inspect "$IMAGE"
  assert_json '.[0].Config.Cmd' '["sh"]'
  assert_json '.[0].Os' linux
}

@test "an image with two names loses one by untagging, and is gone with the last" {
  run_podctl tag "$IMAGE" localhost/other:1
  run_podctl rmi localhost/other:1
  is "$output" "Untagged: localhost/other:1"
  run_podctl image exists "$IMAGE"
  run_podctl 1 image exists localhost/other:1
  is "$stderr" ""
}

@test "an image saved and loaded elsewhere is the same image" {
  run_podctl images --quiet --no-trunc
  local id=$output
  run_podctl save -q -o "$BATS_TEST_TMPDIR/saved.tar" "$IMAGE"
  use_paths
  PODCTL_ARGS=(--root "$BATS_TEST_TMPDIR/root" --runroot "$BATS_TEST_TMPDIR/run" --tmpdir "$BATS_TEST_TMPDIR/tmp")
  run_podctl load -q -i "$BATS_TEST_TMPDIR/saved.tar"
  run_podctl images --quiet --no-trunc
  is "$output" "$id"
  run_podctl rmi "$IMAGE"
}

@test "an image that is not there is refused by its name" {
  run_podctl 1 rmi localhost/nosuch
  like "$stderr" '^Error: localhost/nosuch: image not known$'
}

@test "one command with another storage driver leaves the others theirs" {
  requires containers
  run_podctl info --format '{{.Store.GraphDriverName}}'
  [[ $output == overlay ]] || skip "the storage driver here is $output"
  run_podctl --storage-driver vfs images --quiet
  is "$output" ''
  run_podctl info --format '{{.Store.GraphDriverName}}'
  is "$output" overlay
  run_podctl image exists "$IMAGE"
  rm -rf "$ROOT"/vfs*
}
