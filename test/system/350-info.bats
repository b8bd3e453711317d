#!/usr/bin/env bats
# info: the host, and why things were chosen.

load helpers

@test "yaml by default, json and templates on request" {
  run_podctl info
  like "$output" $'^choices:\n'
  like "$output" $'\nhost:\n'
  like "$output" $'\n  graphRoot: '"$ROOT"$'\n'
  run_podctl system info --format json
  assert_json 'keys' '["choices","host","plugins","registries","store","version"]'
  assert_json '.store.graphRoot' "$ROOT"
  assert_json '.store.runRoot' "$RUNROOT"
  run_podctl info --format '{{.Host.CgroupManager}} {{.Host.CgroupsVersion}} {{.Host.Security.Rootless}} {{.Store.GraphRoot}}'
  local rootless=true
  ((EUID)) || rootless=false
  like "$output" "^(cgroupfs|systemd) v[12] $rootless $ROOT$"
}

@test "every key that scripts ask for is there" {
  run_podctl info --format json
  local key
  for key in arch buildahVersion cgroupManager cgroupVersion cgroupControllers conmon cpus cpuUtilization databaseBackend distribution eventLogger \
    freeLocks hostname idMappings kernel logDriver memFree memTotal networkBackend networkBackendInfo ociRuntime os pasta remoteSocket \
    rootlessNetworkCmd security serviceIsRemote slirp4netns swapFree swapTotal uptime variant linkmode; do
    assert_json ".host | has(\"$key\")" true
  done
  for key in configFile containerStore graphDriverName graphOptions graphRoot graphRootAllocated graphRootUsed graphStatus imageCopyTmpDir \
    imageStore runRoot volumePath transientStore; do
    assert_json ".store | has(\"$key\")" true
  done
}

@test "it says why each thing was chosen" {
  run_podctl info --format json
  assert_json '[.choices[] | select(.why == "")]' '[]'
  assert_json '.choices.ociRuntime.value == .host.ociRuntime.path' true
  assert_json '.choices.cgroupManager.value == .host.cgroupManager' true
  run_podctl --cgroup-manager cgroupfs info --format '{{.Choices.cgroupManager.Why}}'
  is "$output" "set by --cgroup-manager"
}

@test "missing helpers are shown as such" {
  run_podctl --conmon /nonexistent --runtime nosuch info --format json
  assert_json '.host.conmon.path' ""
  assert_json '.host.conmon.version | startswith("missing: ")' true
  assert_json '.host.ociRuntime.version | startswith("missing: default OCI runtime \"nosuch\" not found")' true
}
