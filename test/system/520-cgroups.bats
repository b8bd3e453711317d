#!/usr/bin/env bats
# Where pods, members and conmons are in the cgroup tree, and their limits as
# the kernel has them. For the cgroupfs manager; both cgroup versions.

load helpers

setup_file() {
  file_setup
  busybox_image
}

setup() {
  test_setup
  requires isolated
}

v2() { [[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]; }

# setting PATH V1-CONTROLLER V1-FILE V2-FILE: prints a cgroup's setting, from
# whichever hierarchy has it
setting() {
  if v2; then
    cat "/sys/fs/cgroup$1/$4"
  else
    cat "/sys/fs/cgroup/$2$1/$3"
  fi
}

memory_limit() { setting "$1" memory memory.limit_in_bytes memory.max; }
cpuset() { setting "$1" cpuset cpuset.cpus cpuset.cpus; }

# cpu_quota PATH: "QUOTA PERIOD"
cpu_quota() {
  if v2; then
    cat "/sys/fs/cgroup$1/cpu.max"
  else
    echo "$(cat "/sys/fs/cgroup/cpu$1/cpu.cfs_quota_us") $(cat "/sys/fs/cgroup/cpu$1/cpu.cfs_period_us")"
  fi
}

pod_cgroup_exists() {
  local found
  found=$(find /sys/fs/cgroup -type d -path "*$1")
  [[ -n $found ]]
}

@test "a pod has a cgroup, its members and their conmons are below it" {
  run_podctl pod create --name web
  local pod=$output
  pod_cgroup_exists "/podctl_parent/$pod" || fail "no cgroup after create"
  run_podctl pod inspect web
  assert_json '.[0].CgroupPath' "/podctl_parent/$pod"
  assert_json '.[0].CgroupParent' /podctl_parent
  assert_json '.[0].CreateCgroup' true
  run_podctl run -d --pod web "$IMAGE" sleep 100
  local id=$output
  is "$(cgroup_of "$(pgrep -xf 'sleep 100')")" "/podctl_parent/$pod/podctl-$id"
  local conmon
  while read -r conmon; do
    is "$(cgroup_of "$conmon")" "/podctl_parent/$pod/conmon" "cgroup of a conmon"
  done < <(pgrep -x conmon)
  run_podctl pod stop -t 0 web
  ! pod_cgroup_exists "/podctl_parent/$pod" || fail "cgroup after stop"
}

@test "limits are the pod's and come back after a stop" {
  run_podctl pod create --name web --cpus 0.5 --memory 64m --cpuset-cpus 0 --cpu-shares 512
  local cgroup=/podctl_parent/$output round
  for round in create start restart; do
    [[ $round == create ]] || run_podctl pod "$round" web
    is "$(memory_limit "$cgroup")" $((64 << 20)) "memory after $round"
    is "$(cpu_quota "$cgroup")" "50000 100000" "cpus after $round"
    is "$(cpuset "$cgroup")" 0 "cpuset after $round"
    v2 || is "$(cat "/sys/fs/cgroup/cpu$cgroup/cpu.shares")" 512
  done
  run_podctl pod stop -t 0 web
  run_podctl pod start web
  is "$(memory_limit "$cgroup")" $((64 << 20)) "memory after stop and start"
  is "$(cpu_quota "$cgroup")" "50000 100000" "cpus after stop and start"
  run_podctl pod inspect web
  assert_json '.[0] | [.memory_limit, .cpu_quota, .cpu_period, .cpuset_cpus, .cpu_shares]' '[67108864,50000,100000,"0",512]'
}

@test "a member cannot have more memory than its pod" {
  run_podctl pod create --name web --memory 24m --memory-swap 24m
  run_podctl '?' run --rm --pod web "$IMAGE" sh -c 'head -c 60m /dev/zero | tail -c 50m | wc -c'
  unlike "$output" '52428800'
}

@test "a member's own limits are inside the pod's" {
  run_podctl pod create --name web --memory 128m
  local pod=$output
  run_podctl run -d --pod web --memory 32m --cpus 0.25 --pids-limit 50 "$IMAGE" sleep 100
  local cgroup=/podctl_parent/$pod/podctl-$output
  is "$(memory_limit "$cgroup")" $((32 << 20))
  is "$(cpu_quota "$cgroup")" "25000 100000"
  is "$(setting "$cgroup" pids pids.max pids.max)" 50
  is "$(memory_limit "/podctl_parent/$pod")" $((128 << 20))
}

@test "a container has 2048 processes at most by default" {
  run_podctl run -d "$IMAGE" sleep 100
  is "$(setting "/podctl_parent/podctl-$output" pids pids.max pids.max)" 2048
}

@test "outside pods, and without --share-parent, the parent is podctl's" {
  run_podctl run -d "$IMAGE" sleep 100
  is "$(cgroup_of "$(pgrep -xf 'sleep 100')")" "/podctl_parent/podctl-$output"
  is "$(cgroup_of "$(pgrep -x conmon)")" /podctl_parent/conmon
  run_podctl pod create --name apart --share-parent=false
  local pod=$output
  ! pod_cgroup_exists "/podctl_parent/$pod" || fail "a pod cgroup nobody asked for"
  run_podctl run -d --pod apart "$IMAGE" sleep 101
  is "$(cgroup_of "$(pgrep -xf 'sleep 101')")" "/podctl_parent/podctl-$output"
}

@test "--cgroup-parent is where the pod's cgroup is made" {
  run_podctl pod create --name web --cgroup-parent /mine/here
  local pod=$output
  run_podctl run -d --pod web "$IMAGE" sleep 100
  is "$(cgroup_of "$(pgrep -xf 'sleep 100')")" "/mine/here/$pod/podctl-$output"
  run_podctl run -d --pod web --cgroup-parent /other "$IMAGE" sleep 101
  is "$(cgroup_of "$(pgrep -xf 'sleep 101')")" "/other/podctl-$output"
  run_podctl pod rm -f -t 0 web
  ! pod_cgroup_exists "/mine/here/$pod" || fail "the pod's cgroup is left"
  ! pod_cgroup_exists "/other/podctl-*" || fail "a member's cgroup is left"
}

@test "--cgroups=disabled makes none, no-conmon leaves conmon where podctl is" {
  local here
  here=$(cgroup_of self)
  run_podctl run -d --cgroups=disabled "$IMAGE" sleep 100
  # runc makes one all the same, but not below ours.
  unlike "$(cgroup_of "$(pgrep -xf 'sleep 100')")" podctl
  is "$(cgroup_of "$(pgrep -x conmon)")" "$here"
  run_podctl rm -f -t 0 "$output"
  run_podctl run -d --cgroups=no-conmon "$IMAGE" sleep 101
  is "$(cgroup_of "$(pgrep -x conmon)")" "$here"
  is "$(cgroup_of "$(pgrep -xf 'sleep 101')")" "/podctl_parent/podctl-$output"
}

@test "a parent of the other cgroup manager's kind is refused" {
  run_podctl 125 pod create --name web --cgroup-parent my.slice
  is "$stderr" 'Error: systemd slice received as cgroup parent when using cgroupfs: invalid argument'
  run_podctl 125 --cgroup-manager nonsense pod create --name web --cgroup-parent /x
  like "$stderr" '^Error: .*nonsense'
  run_podctl 125 create --cgroups=disabled --cgroup-parent /x "$IMAGE" true
  is "$stderr" 'Error: cannot set cgroup parent if not creating cgroups: invalid argument'
  run_podctl 125 create --cgroups=split --cgroup-parent /x "$IMAGE" true
  is "$stderr" 'Error: cannot specify --cgroup-mode=split with a cgroup-parent: invalid argument'
  run_podctl pod ps -q
  is "$output" ""
}

@test "a limit the kernel refuses is one error and leaves nothing" {
  run_podctl 125 pod create --name web --cpuset-mems 77
  like "$stderr" '^Error: '
  is "${stderr//[!$'\n']/}" "" "lines"
  run_podctl pod ps -q
  is "$output" ""
}

@test "a cgroup somebody removed is made again at the next start" {
  run_podctl pod create --name web --memory 64m
  local cgroup=/podctl_parent/$output
  find /sys/fs/cgroup -depth -type d -path "*$cgroup" -exec rmdir {} \;
  run_podctl pod start web
  is "$(memory_limit "$cgroup")" $((64 << 20))
}
