#!/usr/bin/env bats
# Disk space: what takes it, and how it is got back.

load helpers

setup() {
  test_setup
  busybox_image
}

@test "system df counts images, containers and volumes" {
  requires containers
  run_podctl run -d --name a -v data:/data "$IMAGE" sh -c 'echo 123 >/data/x; sleep 1000'
  run_podctl volume create unused
  run_podctl system df --format '{{.Type}} {{.Total}} {{.Active}}'
  is "$output" $'Images 1 1\nContainers 1 1\nLocal Volumes 2 1'
  run_podctl system df --format json
  assert_json '.[0].RawReclaimable' 0
  assert_json '.[1].Reclaimable' "0B (0%)"
}

@test "system prune removes what is stopped and leaves what runs" {
  requires containers
  run_podctl pod create old
  run_podctl create --pod old --name member "$IMAGE" true
  run_podctl pod start old
  run_podctl pod stop --time 0 old
  run_podctl run -d --name runs -v data:/data "$IMAGE" sleep 1000
  run_podctl create --name idle "$IMAGE" true
  run_podctl volume create unused
  run_podctl system prune --force --volumes
  is "${lines[0]}" "Deleted Containers"
  is "${lines[2]}" "Deleted Pods"
  is "${lines[4]}" "Deleted Volumes"
  is "${lines[5]}" unused
  like "${lines[-1]}" '^Total reclaimed space: [0-9.]+k?B$'
  run_podctl ps -a --format '{{.Names}}'
  is "$output" runs
  run_podctl volume ls -q
  is "$output" data
  run_podctl image exists "$IMAGE"
}

@test "system prune --all removes images that have no container" {
  requires containers
  run_podctl system prune --all --force
  like "$output" 'Deleted Images'
  run_podctl images -q
  is "$output" ""
}

@test "system prune says once that a filter is unknown, and removes nothing" {
  run_podctl create --name kept "$IMAGE" true
  run_podctl 125 system prune -f --filter foo=bar
  is "$stderr" "Error: foo is an invalid filter"
  run_podctl ps -aq
  is "${#lines[@]}" 1
}
