#!/usr/bin/env bats
# Pods as slices, containers and conmons as scopes, made and removed by systemd.
# For root, where systemd
# is init and cgroups are version 2.

load helpers

setup_file() {
  file_setup
  busybox_image
}

setup() {
  test_setup
  requires root systemd cgroup2 alone
}

teardown() {
  test_teardown
  no_units
}

# units: what systemd knows of podctl's, also if it is inactive or failed
units() { systemctl list-units --all --plain --no-legend '*podctl[-_]*.slice' '*podctl[-_]*.scope'; }

no_units() {
  if ! wait_until 10 no_unit; then
    units
    return 1
  fi
  is "$(find /run/systemd -name '*podctl[-_]*')" "" "files of units"
}

no_unit() { [[ -z $(units) ]]; }

# property UNIT NAME
property() { systemctl show --property "$2" --value "$1"; }

# cgroup_of PID
cgroup_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }

# --- the choice ---

@test "systemd is chosen because it is init, and can be overridden" {
  run_podctl info --format json
  assert_json '.host | [.cgroupManager, .cgroupVersion]' '["systemd","v2"]'
  run_podctl --cgroup-manager cgroupfs info --format json
  assert_json .host.cgroupManager cgroupfs
  local conf=$BATS_TEST_TMPDIR/c.conf
  printf '%s\n' '[engine]' 'cgroup_manager = "cgroupfs"' >"$conf"
  CONTAINERS_CONF=$conf run_podctl info --format json
  assert_json .host.cgroupManager cgroupfs
  CONTAINERS_CONF=$conf run_podctl --cgroup-manager systemd info --format json
  assert_json .host.cgroupManager systemd
}

# --- places ---

@test "a pod is a slice, its containers and their conmons are scopes in it" {
  run_podctl pod create --name web
  local slice=machine-podctl_pod_$output.slice
  local cgroup=/machine.slice/$slice
  is "$(property "$slice" ActiveState)" active
  is "$(property "$slice" ControlGroup)" "$cgroup"
  run_podctl pod inspect web
  assert_json '.[0] | [.CgroupParent, .CgroupPath, .CreateCgroup]' "[\"machine.slice\",\"${cgroup#/}\",true]"
  run_podctl run -d --pod web "$IMAGE" sleep 100
  local id=$output infra
  run_podctl pod inspect web
  infra=$(jq -r '.[0].InfraContainerID' <<<"$output")
  local each
  for each in "$id" "$infra"; do
    is "$(property "podctl-$each.scope" ControlGroup)" "$cgroup/podctl-$each.scope"
    is "$(property "podctl-conmon-$each.scope" ControlGroup)" "$cgroup/podctl-conmon-$each.scope"
    run_podctl inspect --format '{{.State.Pid}} {{.State.ConmonPid}}' "$each"
    like "$(cgroup_of "${output% *}")" "^$cgroup/podctl-$each.scope(/|$)" "cgroup of the container"
    is "$(cgroup_of "${output#* }")" "$cgroup/podctl-conmon-$each.scope" "cgroup of conmon"
  done
  run_podctl pod stop -t 0 web
  wait_until 10 no_unit
  run_podctl pod rm web
}

# A session of root's has a systemd of its own, which must not be asked.
@test "root's containers are the host's, whatever session root has" {
  export XDG_RUNTIME_DIR=/run/user/0 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/0/bus
  run_podctl run -d "$IMAGE" sleep 100
  is "$(property "podctl-$output.scope" ControlGroup)" "/machine.slice/podctl-$output.scope"
  is "$(property "podctl-conmon-$output.scope" ControlGroup)" "/machine.slice/podctl-conmon-$output.scope"
}

@test "--cgroup-parent is a slice, and slices are in slices by their name" {
  run_podctl pod create --name web --cgroup-parent some-part.slice
  local slice=some-part-podctl_pod_$output.slice
  is "$(property "$slice" ControlGroup)" "/some.slice/some-part.slice/$slice"
  run_podctl run -d --pod web "$IMAGE" sleep 100
  is "$(property "podctl-$output.scope" Slice)" "$slice"
  run_podctl run -d --cgroup-parent some-part.slice "$IMAGE" sleep 100
  is "$(property "podctl-$output.scope" Slice)" some-part.slice
}
