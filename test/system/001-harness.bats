#!/usr/bin/env bats
# The harness itself: a check that cannot fail proves nothing, so each kind of
# leftover is made here on purpose and must be found.

load helpers

setup() {
  test_setup
  LEFTOVER_SECONDS=0
}

# found PATTERN: assert_nothing_left fails and says what matches PATTERN
found() {
  local said
  if said=$(assert_nothing_left "$BATS_TEST_TMPDIR/host.before"); then
    fail "a leftover was not seen" "$1" "nothing"
    return 1
  fi
  like "$said" "$1" "what was left behind"
}

@test "a host left as it was passes" {
  assert_nothing_left "$BATS_TEST_TMPDIR/host.before"
}

@test "a mount left behind is found" {
  requires isolated
  mkdir -p "$RUNROOT/m"
  mount -t tmpfs tmpfs "$RUNROOT/m"
  found "mount $RUNROOT/m"
  umount "$RUNROOT/m"
}

@test "a network namespace left behind is found" {
  requires isolated
  ip netns add left
  found 'netns /run/netns/left'
  ip netns del left
}

@test "a network interface left behind is found" {
  requires isolated
  ip link add left0 type bridge
  found 'link left0'
  ip link del left0
}

@test "a firewall rule left behind is found" {
  requires isolated
  iptables -A FORWARD -s 10.99.0.0/24 -j ACCEPT
  found 'iptables .*10\.99\.0\.0/24'
  iptables -D FORWARD -s 10.99.0.0/24 -j ACCEPT
}

@test "a cgroup left behind is found, the parent of all pods is not one" {
  requires isolated
  local top
  top=$(findmnt -rn -t cgroup,cgroup2 -o TARGET | head -n 1)
  mkdir -p "$top/podctl_parent"
  assert_nothing_left "$BATS_TEST_TMPDIR/host.before"
  mkdir "$top/podctl_parent/left"
  found "cgroup $top/podctl_parent/left"
  rmdir "$top/podctl_parent/left" "$top/podctl_parent"
}

@test "a process left behind is found" {
  requires isolated
  setsid sleep 300 3>&- &
  local pid=$!
  wait_until 5 grep -q sleep "/proc/$pid/comm"
  found "process [0-9]+ sleep: sleep 300"
  kill "$pid"
  wait "$pid" || true
}

@test "a process that ends by itself is waited for" {
  requires isolated
  setsid sleep 1 3>&- &
  wait_until 5 grep -q sleep "/proc/$!/comm"
  LEFTOVER_SECONDS=10
  assert_nothing_left "$BATS_TEST_TMPDIR/host.before"
}

@test "a container's files left behind are found" {
  local id
  id=$(sha256sum </dev/null | cut -d ' ' -f 1)
  mkdir -p "$ROOT/overlay-containers/$id" "$TMP/exits" "$ROOT/volumes/left"
  touch "$TMP/exits/short"
  found "file $ROOT/overlay-containers/$id"
  found "file $TMP/exits/short"
  found "file $ROOT/volumes/left"
  rm -r "$ROOT/overlay-containers" "$TMP/exits" "$ROOT/volumes"
}

@test "a row left behind is found, an event is not one" {
  mkdir -p "$ROOT/podctl"
  sqlite3 "$ROOT/podctl/podctl.db" 'CREATE TABLE pods (id TEXT); CREATE TABLE events (id TEXT);
    INSERT INTO events VALUES (1)'
  assert_nothing_left "$BATS_TEST_TMPDIR/host.before"
  sqlite3 "$ROOT/podctl/podctl.db" 'INSERT INTO pods VALUES (1)'
  found 'rows pods: 1'
  rm -r "$ROOT/podctl"
}

@test "run_podctl fails on another exit code and says which" {
  PODCTL=/bin/false
  run run_podctl 0 pod ps
  is "$status" 1
  like "$output" 'exit code of: podctl pod ps.*expected: 0.*actual: 1'
  run_podctl 1 pod ps
}

@test "wait_until gives up at its deadline" {
  run wait_until 1 false
  is "$status" 1
  # A slow host's limit is longer.
  like "$output" '^FAIL: after [1-9][0-9]*s still not: false$'
}

@test "assert_json compares what a filter selects" {
  output='[{"Name":"web","Containers":[1,2]}]'
  assert_json '.[0].Name' web
  assert_json '.[0].Containers' '[1,2]'
  run assert_json '.[0].Name' db
  is "$status" 1
}

@test "the busybox image is the same archive each time, with what load reads" {
  "$REPO/hack/busybox-image.sh" "$BATS_TEST_TMPDIR/a.tar"
  "$REPO/hack/busybox-image.sh" "$BATS_TEST_TMPDIR/b.tar"
  cmp "$BATS_TEST_TMPDIR/a.tar" "$BATS_TEST_TMPDIR/b.tar"
  output=$(tar -xOf "$BATS_TEST_TMPDIR/a.tar" manifest.json)
  assert_json '.[0].RepoTags' '["localhost/busybox:latest"]'
  local config layer
  config=$(jq -r '.[0].Config' <<<"$output")
  layer=$(jq -r '.[0].Layers[0]' <<<"$output")
  output=$(tar -xOf "$BATS_TEST_TMPDIR/a.tar" "$config")
  assert_json '.config.Cmd' '["sh"]'
  assert_json '.rootfs.diff_ids[0]' "sha256:$(tar -xOf "$BATS_TEST_TMPDIR/a.tar" "$layer" | sha256sum | cut -d ' ' -f 1)"
}
