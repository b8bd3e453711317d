#!/usr/bin/env bats
# Pods as slices, containers and conmons as scopes, made and removed by systemd,
# and their limits as systemd and the kernel have them. Where systemd is init and
# cgroups are version 2: root's are the host's systemd's, a user's his own one's.

load helpers

setup_file() {
  file_setup
  busybox_image
}

setup() {
  requires containers systemd cgroup2 alone
  test_setup
  MANAGER=(systemctl) DEFAULT=machine BASE=
  if ((EUID)); then
    [[ -S ${XDG_RUNTIME_DIR:-}/bus ]] || skip "needs a systemd session"
    MANAGER=(systemctl --user) DEFAULT=user BASE=/user.slice/user-$EUID.slice/user@$EUID.service
  fi
}

teardown() {
  test_teardown
  [[ -z ${DEFAULT:-} ]] || no_units # else it was skipped
}

# units: what systemd knows of podctl's, also if it is inactive or failed
units() { "${MANAGER[@]}" list-units --all --plain --no-legend '*podctl[-_]*.slice' '*podctl[-_]*.scope'; }

no_units() {
  if ! wait_until 10 no_unit; then
    units
    return 1
  fi
  is "$(find /run/systemd "${XDG_RUNTIME_DIR:-/run/systemd}/systemd" -name '*podctl[-_]*' 2>/dev/null)" "" "files of units"
}

no_unit() { [[ -z $(units) ]]; }

# property UNIT NAME
property() { "${MANAGER[@]}" show --property "$2" --value "$1"; }

# has_properties UNIT NAME=VALUE...: all of them are what the unit has
has_properties() {
  local unit=$1 names actual
  shift
  names=$(printf '%s,' "${@%%=*}")
  # systemctl prints them in an order of its own.
  actual=$("${MANAGER[@]}" show --property "${names%,}" "$unit" | sort)
  is "$actual" "$(printf '%s\n' "$@" | sort)" "properties of $unit"
}

# knob CGROUP FILE
knob() { cat "/sys/fs/cgroup$1/$2"; }

# pod_with ARGS...: makes the pod web; leaves $SLICE and $CGROUP
pod_with() {
  run_podctl pod create --name web "$@"
  SLICE=$DEFAULT-podctl_pod_$output.slice
  CGROUP=$BASE/$DEFAULT.slice/$SLICE
}

one_error() {
  like "$stderr" '^Error: '
  is "${stderr//[!$'\n']/}" "" "line breaks in the error"
}

# --- the choice ---

@test "systemd is chosen because it is init, and can be overridden" {
  run_podctl info --format json
  assert_json '.host | [.cgroupManager, .cgroupVersion]' '["systemd","v2"]'
  local conf=$BATS_TEST_TMPDIR/c.conf
  printf '%s\n' '[engine]' 'cgroup_manager = "cgroupfs"' >"$conf"
  CONTAINERS_CONF=$conf run_podctl info --format json
  assert_json .host.cgroupManager cgroupfs
  CONTAINERS_CONF=$conf run_podctl --cgroup-manager systemd info --format json
  assert_json .host.cgroupManager systemd
}

# sudo and cron leave neither variable of a session.
@test "a user's systemd is found without what a login sets" {
  ((EUID)) || skip "root needs no session"
  unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
  run_podctl run -d "$IMAGE" sleep 1000
  local id=$output
  run_podctl inspect --format '{{.HostConfig.CgroupManager}}' "$id"
  is "$output" systemd
  export XDG_RUNTIME_DIR=/run/user/$EUID
  is "$(property "podctl-$id.scope" ControlGroup)" "$BASE/user.slice/podctl-$id.scope"
}

@test "what was made with the other manager runs with it and is removed by it" {
  requires root
  run_podctl --cgroup-manager cgroupfs pod create --name other --memory 64m
  local id=$output
  run_podctl run -d --pod other --name c1 "$IMAGE" sleep 1000
  run_podctl inspect --format '{{.State.Pid}} {{.HostConfig.CgroupManager}}' c1
  is "${output#* }" cgroupfs
  like "$(cgroup_of "${output% *}")" "^/podctl_parent/$id/podctl-" "of the member"
  is "$(knob "/podctl_parent/$id" memory.max)" $((64 << 20))
  run_podctl exec c1 true
  run_podctl pod restart other
  run_podctl pod stop --time 0 other
  run_podctl pod rm other
  [[ ! -e /sys/fs/cgroup/podctl_parent ]] || fail 'cgroups are left'
  pod_with
  run_podctl run -d --pod web "$IMAGE" sleep 1000
  run_podctl --cgroup-manager cgroupfs pod rm --force --time 0 web
}

# --- places ---

@test "a pod is a slice, its containers and their conmons are scopes in it" {
  pod_with
  is "$(property "$SLICE" ActiveState)" active
  is "$(property "$SLICE" ControlGroup)" "$CGROUP"
  run_podctl pod inspect web
  assert_json '.[0] | [.CgroupParent, .CgroupPath, .CreateCgroup]' "[\"$DEFAULT.slice\",\"${CGROUP#/}\",true]"
  run_podctl run -d --pod web "$IMAGE" sleep 1000
  local id=$output infra
  run_podctl pod inspect web
  infra=$(jq -r '.[0].InfraContainerID' <<<"$output")
  local each
  for each in "$id" "$infra"; do
    is "$(property "podctl-$each.scope" ControlGroup)" "$CGROUP/podctl-$each.scope"
    is "$(property "podctl-conmon-$each.scope" ControlGroup)" "$CGROUP/podctl-conmon-$each.scope"
    run_podctl inspect --format '{{.State.Pid}} {{.State.ConmonPid}}' "$each"
    like "$(cgroup_of "${output% *}")" "^$CGROUP/podctl-$each.scope(/|$)" "cgroup of the container"
    is "$(cgroup_of "${output#* }")" "$CGROUP/podctl-conmon-$each.scope" "cgroup of conmon"
  done
  # A session's conmon is beside the container's, and takes nothing from it.
  run_podctl exec "$id" cat /proc/1/comm
  is "$output" sleep
  run_podctl exec -d "$id" sleep 1000
  run_podctl inspect --format '{{.State.Status}} {{.State.ConmonPid}}' "$id"
  is "$(cgroup_of "${output#running }")" "$CGROUP/podctl-conmon-$id.scope" "cgroup of conmon after exec"
  run_podctl pod stop -t 0 web
  wait_until 10 no_unit
  run_podctl pod rm web
}

# A session of root's has a systemd of its own, which must not be asked.
@test "root's containers are the host's, whatever session root has" {
  requires root
  export XDG_RUNTIME_DIR=/run/user/0 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/0/bus
  run_podctl run -d "$IMAGE" sleep 1000
  is "$(property "podctl-$output.scope" ControlGroup)" "/machine.slice/podctl-$output.scope"
  is "$(property "podctl-conmon-$output.scope" ControlGroup)" "/machine.slice/podctl-conmon-$output.scope"
}

@test "--cgroup-parent is a slice, and slices are in slices by their name" {
  run_podctl pod create --name web --cgroup-parent some-part.slice
  local slice=some-part-podctl_pod_$output.slice
  is "$(property "$slice" ControlGroup)" "$BASE/some.slice/some-part.slice/$slice"
  run_podctl run -d --pod web "$IMAGE" sleep 1000
  is "$(property "podctl-$output.scope" Slice)" "$slice"
  run_podctl run -d --cgroup-parent some-part.slice "$IMAGE" sleep 1000
  is "$(property "podctl-$output.scope" Slice)" some-part.slice
}

@test "a parent of the other manager's kind, or no name of a slice, is refused, and nothing is made" {
  local not_a_slice='Error: did not receive systemd slice as cgroup parent when using systemd to manage cgroups: invalid argument'
  run_podctl 125 pod create --name web --cgroup-parent /mine
  is "$stderr" "$not_a_slice"
  local name
  for name in a--b.slice -a.slice a-.slice .slice 'a b.slice'; do
    run_podctl 125 pod create --name web --cgroup-parent "$name"
    one_error
    like "$stderr" "^Error: cgroup parent \"$name\" is no name of a slice: use"
  done
  run_podctl 125 create --cgroup-parent mine "$IMAGE" true
  is "$stderr" "$not_a_slice"
  run_podctl 125 --cgroup-manager cgroupfs pod create --name web --cgroup-parent my.slice
  is "$stderr" 'Error: systemd slice received as cgroup parent when using cgroupfs: invalid argument'
  run_podctl ps -aq
  is "$output" ""
  run_podctl pod ps -q
  is "$output" ""
}

# --- limits ---

# as_limited: the limits of the test below, for systemd and for the kernel
as_limited() {
  has_properties "$SLICE" CPUQuotaPerSecUSec=500ms CPUWeight=59 MemoryMax=$((64 << 20)) MemorySwapMax=$((32 << 20))
  is "$(knob "$CGROUP" cpu.max)" "50000 100000"
  is "$(knob "$CGROUP" cpu.weight)" 59
  is "$(knob "$CGROUP" memory.max)" $((64 << 20))
  is "$(knob "$CGROUP" memory.swap.max)" $((32 << 20))
}

@test "a pod's limits are its slice's, for systemd and for the kernel, and come back after a stop" {
  pod_with --cpus 0.5 --cpu-shares 512 --memory 64m --memory-swap 96m
  is "$stderr" ""
  as_limited
  run_podctl pod start web
  run_podctl pod stop -t 0 web
  is "$(property "$SLICE" ActiveState)" inactive "after a stop"
  run_podctl pod start web
  as_limited
  run_podctl pod inspect web
  assert_json '.[0] | [.memory_limit, .memory_swap, .cpu_quota, .cpu_period, .cpu_shares]' '[67108864,100663296,50000,100000,512]'
}

@test "CPUs, memory nodes and rates of devices are the slice's too" {
  requires root
  local disk number
  disk=$(lsblk -dnpo TYPE,NAME | awk '$1 == "disk" { print $2; exit }')
  [[ -n $disk ]] || skip "needs a disk"
  number=$(lsblk -dno MAJ:MIN "$disk" | tr -d ' ')
  pod_with --cpuset-cpus 0 --cpuset-mems 0 --device-read-bps "$disk:1mb" --device-write-bps "$disk:2mb"
  has_properties "$SLICE" AllowedCPUs=0 AllowedMemoryNodes=0
  like "$(property "$SLICE" IOReadBandwidthMax)" ' 1048576$'
  like "$(property "$SLICE" IOWriteBandwidthMax)" ' 2097152$'
  is "$(knob "$CGROUP" cpuset.cpus) $(knob "$CGROUP" cpuset.mems)" "0 0"
  is "$(knob "$CGROUP" io.max)" "$number rbps=1048576 wbps=2097152 riops=max wiops=max"
}

@test "a member's own limits hold in its scope, inside those of the pod, and can be changed" {
  pod_with --memory 128m
  run_podctl run -d --pod web --name own --memory 64m --cpus 0.25 --pids-limit 50 "$IMAGE" sleep 1000
  is "$stderr" ""
  local id=$output cgroup
  run_podctl inspect --format '{{.State.Pid}}' own
  # crun (1.8.1) limits a cgroup of its own in the scope.
  cgroup=$(cgroup_of "$output")
  like "$cgroup" "^$CGROUP/podctl-$id.scope(/|$)"
  is "$(knob "$cgroup" memory.max) $(knob "$cgroup" cpu.max) $(knob "$cgroup" pids.max)" "$((64 << 20)) 25000 100000 50"
  is "$(knob "$CGROUP" memory.max)" $((128 << 20))
  run_podctl update --memory 48m --cpus 0.5 own
  is "$(knob "$cgroup" memory.max) $(knob "$cgroup" cpu.max) $(knob "$cgroup" pids.max)" "$((48 << 20)) 50000 100000 50"
  run_podctl pod stats --no-stream --format json web
  assert_json '[.[] | select(.Name == "own")][0].MemUsageBytes | test(" / 48MiB$")' true
}

@test "a limit whose controller is not delegated to the user is ignored aloud, the others hold" {
  ((EUID)) || skip "root has all controllers"
  local controllers
  controllers=$(knob "$BASE" cgroup.controllers)
  [[ " $controllers " != *" cpuset "* ]] || skip "all controllers are delegated here"
  local warning='The limits of this (pod|container) that need the controller cpuset are ignored: .*Delegate=.*delegate.conf'
  pod_with --memory 64m --cpuset-cpus 0
  like "$stderr" "$warning"
  is "$(knob "$CGROUP" memory.max)" $((64 << 20))
  run_podctl run -d --pod web --name own --memory 32m --cpuset-cpus 0 "$IMAGE" sleep 1000
  like "$stderr" "$warning"
  run_podctl inspect --format '{{.State.Pid}}' own
  is "$(knob "$(cgroup_of "$output")" memory.max)" $((32 << 20))
  run_podctl update --memory 48m --cpuset-cpus 0 own
  like "$stderr" "$warning"
  run_podctl stats --no-stream --format '{{.MemLimit}}' own
  is "$output" $((48 << 20))
}

@test "a limit the kernel refuses is one error with path and file, and leaves nothing" {
  requires root
  run_podctl 125 pod create --name web --cpuset-mems 77
  one_error
  like "$stderr" '/machine\.slice/machine-podctl_pod_.*cpuset\.mems'
  run_podctl pod ps -q
  is "$output" ""
  no_units
}

@test "without a bus there is no pod, and the error says what to do" {
  requires root
  # systemd's private socket serves root where there is no bus.
  mount --bind /dev/null /run/systemd/private
  DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nosuch/bus run_podctl '?' pod create --name web
  umount /run/systemd/private
  is "$status" 125
  one_error
  like "$stderr" 'systemd.*--cgroup-manager'
  run_podctl pod ps -q
  is "$output" ""
}

# --- removal ---

@test "pods that are removed together are all gone" {
  local name
  for name in one two three four; do
    run_podctl pod create --name "$name"
  done
  run_podctl pod rm --all
  no_units
}

@test "a pod outlives systemd's own restart, and its units are gone after it" {
  pod_with --memory 64m
  run_podctl run -d --pod web "$IMAGE" sleep 1000
  "${MANAGER[@]}" daemon-reexec
  has_properties "$SLICE" ActiveState=active MemoryMax=$((64 << 20))
  is "$(knob "$CGROUP" memory.max)" $((64 << 20)) "after daemon-reexec"
  run_podctl pod stop -t 0 web
  run_podctl pod start web
  has_properties "$SLICE" ActiveState=active MemoryMax=$((64 << 20))
  "${MANAGER[@]}" daemon-reexec
  run_podctl pod rm -f -t 0 web
  no_units
}

@test "conmon and container killed with KILL, or for want of memory, leave no unit after removal" {
  pod_with --memory 32m --memory-swap 32m
  run_podctl run -d --pod web --name victim "$IMAGE" sleep 1000
  run_podctl inspect --format '{{.State.Pid}} {{.State.ConmonPid}}' victim
  kill -KILL "${output% *}" "${output#* }"
  run_podctl 137 run --pod web --name hog "$IMAGE" tail /dev/zero
  run_podctl pod rm -f -t 0 web
  no_units
}

@test "a slice that somebody stopped comes back with its limits" {
  pod_with --memory 64m
  run_podctl run -d --pod web --name polite "$IMAGE" sh -c 'trap exit TERM; while :; do sleep 0.1; done'
  "${MANAGER[@]}" stop "$SLICE"
  run_podctl '?' wait polite
  run_podctl pod start web
  has_properties "$SLICE" ActiveState=active MemoryMax=$((64 << 20))
  run_podctl inspect --format '{{.State.Status}}' polite
  is "$output" running
}

@test "failed units in a container's place are replaced" {
  run_podctl create --name later "$IMAGE" sleep 1000
  local id=$output unit
  local options=(--quiet --scope)
  ((EUID == 0)) || options+=(--user)
  for unit in "podctl-conmon-$id" "podctl-$id"; do
    systemd-run "${options[@]}" --unit "$unit" --property RuntimeMaxSec=1 sleep 1000 3>&- || true
    wait_until 10 failed_unit "$unit.scope"
  done
  run_podctl start later
  run_podctl rm -f -t 0 later
  no_units
}

failed_unit() { [[ $(property "$1" ActiveState) == failed ]]; }
