#!/usr/bin/env bats
# What can be done with a container's root filesystem from outside.

load helpers

setup_file() {
  file_setup
  busybox_image
}

@test "diff lists what a container changed, and nothing that podctl did" {
  requires containers
  run_podctl run --name a "$IMAGE" sh -c 'echo x >/etc/new; rm /etc/group; chmod 700 /home'
  run_podctl diff a
  is "$output" $'C /etc\nD /etc/group\nA /etc/new\nC /home'
  run_podctl diff --format json a
  assert_json '.' '{"changed":["/etc","/home"],"added":["/etc/new"],"deleted":["/etc/group"]}'
  run_podctl commit -q a localhost/of-a
  run_podctl diff localhost/of-a
  is "$output" $'C /etc\nD /etc/group\nA /etc/new\nC /home' "in an image made of it"
  run_podctl diff a "$IMAGE"
  is "$output" $'C /etc\nD /etc/group\nA /etc/new\nC /home' "compared with its image"
  run_podctl diff "$IMAGE" a
  like "$output" 'A /etc/group' "the other way round"
  like "$output" 'D /etc/new'
  run_podctl 125 diff a b c
  is "$stderr" "Error: accepts between 1 and 2 arg(s), received 3"
  run_podctl rmi localhost/of-a
}

@test "export writes the root filesystem of a container, running or not" {
  requires containers
  run_podctl create --name a "$IMAGE" sh -c 'echo hello >/greeting; sleep 1000'
  run_podctl export -o "$BATS_TEST_TMPDIR/before.tar" a
  tar -tf "$BATS_TEST_TMPDIR/before.tar" >"$BATS_TEST_TMPDIR/names"
  grep -qx 'bin/busybox' "$BATS_TEST_TMPDIR/names"
  run_podctl start a
  exported() {
    podctl export a >"$BATS_TEST_TMPDIR/after.tar" && [[ $(tar -xOf "$BATS_TEST_TMPDIR/after.tar" greeting) == hello ]]
  }
  wait_until 10 exported
  run_podctl 125 export nope
  is "$stderr" 'Error: no container with name or ID "nope" found: no such container'
}

@test "a container is mounted until it is unmounted" {
  requires root
  run_podctl create --name a "$IMAGE" true
  local id=$output
  run_podctl mount
  is "$output" ""
  run_podctl mount a
  local dir=$output
  [[ -x $dir/bin/busybox ]]
  run_podctl mount
  is "$output" "${id:0:12}  $dir"
  run_podctl umount a
  is "$output" "$id"
  [[ ! -e $dir/bin/busybox ]]
  run_podctl umount a
}

@test "--all mounts what there is to mount" {
  requires root
  run_podctl pod create --name web # the infra container has no root filesystem yet
  run_podctl create --pod web --name a "$IMAGE" true
  run_podctl mount --all
  [[ -x $output/bin/busybox ]]
  run_podctl ps -a --no-trunc --format '{{.ID}}' --filter name=infra
  run_podctl 125 mount "$output"
  like "$stderr" "has no root filesystem while it does not run"
}

@test "a running container is listed as mounted and not unmounted" {
  requires containers
  run_podctl run -d --name a "$IMAGE" sleep 1000
  run_podctl mount --format json
  assert_json '.[0].Names' '["a"]'
  run_podctl umount a
  is "$output" ""
  run_podctl exec a true
}
