#!/usr/bin/env bats
# Copies of pods.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# web: a pod with the containers a and b, b in the pid namespace of a
make_web() {
  run_podctl pod create --name web --label side=left --share +pid -v data:/data
  run_podctl create --pod web --name a -v /scratch -e COLOR=red "$IMAGE" sleep 1000
  run_podctl create --pod web --name b --requires a "$IMAGE" sleep 1000
}

@test "a copy has the source's containers under names of their own" {
  requires containers
  make_web
  run_podctl pod clone web
  like "$output" '^[0-9a-f]{64}$'
  run_podctl pod clone web
  run_podctl pod ps --format '{{.Name}} {{.Status}} {{.Label "side"}}' --sort name
  is "$output" $'web Created left\nweb-clone Created left\nweb-clone1 Created left'
  run_podctl pod ps --filter name=web-clone1 --format '{{.ContainerNames}}'
  like "$output" 'infra-clone1,a-clone1,b-clone1$'
}

@test "a copy's containers depend on each other and not on the source" {
  requires containers
  make_web
  run_podctl pod clone web two --label side=right
  run_podctl pod rm web
  run_podctl pod start two
  run_podctl exec a-clone sh -c 'echo $COLOR'
  is "$output" red
  run_podctl container inspect b-clone
  local depends
  depends=$(jq -rc '.[0].Dependencies | length' <<<"$output")
  is "$depends" 2
  run_podctl pod inspect two
  assert_json '.[0].Labels.side' right
  assert_json '.[0].State' Running
}

@test "with --destroy and --start the copy takes the source's place" {
  requires containers
  make_web
  run_podctl pod start web
  PODCTL_TIMEOUT=60 run_podctl pod clone --destroy --start web next
  run_podctl pod ps --format '{{.Name}} {{.Status}}'
  is "$output" "next Running"
}

@test "a pod that is not there cannot be copied" {
  run_podctl 125 pod clone nope
  is "$stderr" "Error: no pod with name or ID nope found: no such pod"
}
