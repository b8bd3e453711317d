#!/usr/bin/env bats
# Limits of containers and pods as the kernel has them, that they bite, and what
# is said of one that cannot be. For both cgroup versions and both managers.
# shellcheck disable=SC2016 # shell for the containers

load helpers

setup_file() {
  file_setup
  busybox_image
}

setup() {
  requires root
  test_setup
}

v2() { [[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]; }

# knob CGROUP V1-CONTROLLER V1-FILE V2-FILE: the path of a control file
knob() {
  if v2; then
    echo "/sys/fs/cgroup/${1#/}/$4"
  else
    echo "/sys/fs/cgroup/$2/${1#/}/$3"
  fi
}

# container_cgroup CONTAINER: where its limits are
container_cgroup() { cgroup_of "$(podctl inspect --format '{{.State.Pid}}' "$1")"; }

pod_cgroup() { podctl pod inspect --format '{{.CgroupPath}}' "$1"; }

# has_limits CGROUP CPUSET CPU-MILLIS SHARES MEMORY-MIB MEMORY-AND-SWAP-MIB
has_limits() {
  is "$(cat "$(knob "$1" cpuset cpuset.cpus cpuset.cpus)")" "$2" cpuset
  is "$(cat "$(knob "$1" cpuset cpuset.mems cpuset.mems)")" 0 'memory nodes'
  is "$(cat "$(knob "$1" memory memory.limit_in_bytes memory.max)")" $(($5 << 20)) memory
  if v2; then
    is "$(cat "/sys/fs/cgroup/${1#/}/cpu.max")" "$(($3 * 100)) 100000" cpus
    # How shares become a weight depends on who converts them.
    local weight
    weight=$(<"/sys/fs/cgroup/${1#/}/cpu.weight")
    ((weight > 1 && weight < 100)) || fail 'weight for fewer shares than usual' '2 to 99' "$weight"
    is "$(cat "/sys/fs/cgroup/${1#/}/memory.swap.max")" $((($6 - $5) << 20)) swap
  else
    is "$(cat "/sys/fs/cgroup/cpu$1/cpu.cfs_quota_us") $(cat "/sys/fs/cgroup/cpu$1/cpu.cfs_period_us")" "$(($3 * 100)) 100000" cpus
    is "$(cat "/sys/fs/cgroup/cpu$1/cpu.shares")" "$4" shares
    is "$(cat "/sys/fs/cgroup/memory$1/memory.memsw.limit_in_bytes")" $(($6 << 20)) 'memory and swap'
  fi
}

# counts_swap: whether this kernel limits swap
counts_swap() {
  if v2; then
    [[ -n $(find /sys/fs/cgroup -mindepth 2 -name memory.swap.max -print -quit) ]]
    return
  fi
  [[ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ]]
}

# disk: a whole block device with a node, in $disk
disk() {
  local dir
  for dir in /sys/block/*; do
    disk=/dev/${dir##*/}
    [[ ! -b $disk || $(<"$dir/size") == 0 ]] || return 0
  done
  skip 'needs a block device'
}

# rates CGROUP: "MAJ:MIN READ WRITE" of the first device with a rate
rates() {
  if v2; then
    sed -n 's/^\([0-9:]*\) rbps=\([a-z0-9]*\) wbps=\([a-z0-9]*\) .*/\1 \2 \3/p' "/sys/fs/cgroup/${1#/}/io.max"
  else
    local read write
    read=$(<"/sys/fs/cgroup/blkio$1/blkio.throttle.read_bps_device")
    write=$(<"/sys/fs/cgroup/blkio$1/blkio.throttle.write_bps_device")
    echo "$read ${write#* }"
  fi
}

one_line() { is "${stderr//[!$'\n']/}" '' 'line breaks in the error'; }

@test "a container's limits are what the kernel has and inspect shows" {
  counts_swap || skip 'needs a kernel that limits swap'
  run_podctl run -d --name c1 --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 --cpuset-mems 0 --memory 64m --memory-swap 96m \
    --memory-reservation 32m --pids-limit 77 "$IMAGE" sleep 1000
  local cgroup
  cgroup=$(container_cgroup c1)
  has_limits "$cgroup" 0 500 512 64 96
  is "$(cat "$(knob "$cgroup" memory memory.soft_limit_in_bytes memory.low)")" $((32 << 20)) reservation
  is "$(cat "$(knob "$cgroup" pids pids.max pids.max)")" 77
  run_podctl inspect c1
  assert_json '.[0].HostConfig | [.NanoCpus, .CpuShares, .CpusetCpus, .CpusetMems, .Memory, .MemorySwap, .MemoryReservation, .PidsLimit] | join(" ")' \
    "500000000 512 0 0 $((64 << 20)) $((96 << 20)) $((32 << 20)) 77"
  run_podctl run -d --name c2 --cpu-period 50000 --cpu-quota 10000 --memory 32m --pids-limit -1 "$IMAGE" sleep 1000
  cgroup=$(container_cgroup c2)
  if v2; then
    is "$(cat "/sys/fs/cgroup$cgroup/cpu.max")" '10000 50000'
  else
    is "$(cat "/sys/fs/cgroup/cpu$cgroup/cpu.cfs_quota_us") $(cat "/sys/fs/cgroup/cpu$cgroup/cpu.cfs_period_us")" '10000 50000'
  fi
  is "$(cat "$(knob "$cgroup" pids pids.max pids.max)")" max
}

@test "a pod's limits are what the kernel has and pod inspect shows" {
  counts_swap || skip 'needs a kernel that limits swap'
  run_podctl pod create --name pod1 --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 --cpuset-mems 0 --memory 64m --memory-swap 96m
  has_limits "$(pod_cgroup pod1)" 0 500 512 64 96
  run_podctl pod start pod1
  has_limits "$(pod_cgroup pod1)" 0 500 512 64 96
  run_podctl pod inspect pod1
  assert_json '.[0] | [.cpu_period, .cpu_quota, .cpu_shares, .cpuset_cpus, .cpuset_mems, .memory_limit, .memory_swap] | join(" ")' \
    "100000 50000 512 0 0 $((64 << 20)) $((96 << 20))"
  run_podctl run -d --pod pod1 --name c1 --memory 32m "$IMAGE" sleep 1000
  is "$(cat "$(knob "$(container_cgroup c1)" memory memory.limit_in_bytes memory.max)")" $((32 << 20)) "a member's own"
}

@test "rates of a block device, for a container and for a pod" {
  disk
  local device
  device=$((0x$(stat -c %t "$disk"))):$((0x$(stat -c %T "$disk")))
  run_podctl run -d --name c1 --device-read-bps "$disk:1mb" --device-write-bps "$disk:2mb" "$IMAGE" sleep 1000
  is "$(rates "$(container_cgroup c1)")" "$device $((1 << 20)) $((2 << 20))"
  run_podctl pod create --name pod1 --device-read-bps "$disk:3mb" --device-write-bps "$disk:4mb"
  is "$(rates "$(pod_cgroup pod1)")" "$device $((3 << 20)) $((4 << 20))"
  run_podctl pod inspect pod1
  assert_json ".[0].device_read_bps[0] | .Path + \" \" + (.Rate | tostring)" "$disk $((3 << 20))"
}

@test "weights of block devices are set, or it is said that there are none" {
  run_podctl '?' pod create --name pod1 --blkio-weight 300
  if ((status == 0)); then
    local file
    file=$(find /sys/fs/cgroup -path "*$(pod_cgroup pod1)/*" \( -name 'blkio*.weight' -o -name 'io*.weight' \) -print -quit)
    like "$(head -n 1 "$file")" '^(default )?[0-9]+$'
    unlike "$(head -n 1 "$file")" '^(default )?(100|1000)$' 'what it is by default'
    run_podctl pod inspect pod1
    assert_json '.[0].blkio_weight' 300
  else
    is "$status" 125
    one_line
    like "$stderr" '(controller|weight).*leave out'
  fi
  disk
  run_podctl '?' pod create --name pod2 --blkio-weight-device "$disk:200"
  ((status != 0)) || return 0
  one_line
  like "$stderr" "^Error: make cgroup of pod pod2: limit cgroup .*weight.*leave out"
  run_podctl 1 pod exists pod2
}

@test "real-time run time is given, or it is said why not" {
  run_podctl '?' run --rm --cpu-rt-period 1000000 --cpu-rt-runtime 1000 "$IMAGE" true
  ((status != 0)) || return 0
  one_line
  like "$stderr" '^Error: .*(cpu\.rt_runtime_us.*leave out --cpu-rt-runtime|realtime|real-time)'
}

@test "a pod's memory limit kills who exceeds it, and nobody else is said to be killed" {
  run_podctl pod create --name pod1 --memory 32m --memory-swap 32m
  # Until the memory of who was killed is free, a conmon may need some: the kernel
  # kills the next one then. These are the next ones.
  run_podctl run -d --pod pod1 --name next "$IMAGE" sh -c 'for i in 1 2 3 4; do (echo 1000 >/proc/self/oom_score_adj; exec sleep 1000) & done; wait; wait'
  run_podctl run -d --pod pod1 --name calm "$IMAGE" sleep 1000
  run_podctl 137 run --pod pod1 --name hog --oom-score-adj 1000 "$IMAGE" tail /dev/zero
  run_podctl inspect hog
  assert_json '.[0].State | [.OOMKilled, .ExitCode]' '[true,137]'
  run_podctl inspect calm
  assert_json '.[0].State | [.OOMKilled, .Running]' '[false,true]'
  # Nor is one that somebody kills later.
  kill -KILL "$(podctl inspect --format '{{.State.Pid}}' calm)"
  run_podctl wait calm
  is "$output" 137
  run_podctl inspect calm
  assert_json '.[0].State | [.OOMKilled, .ExitCode]' '[false,137]'
}

@test "a container that the kernel kills together with its conmon was killed for memory" {
  run_podctl pod create --name pod1 --memory 32m --memory-swap 32m
  mkfifo "$BATS_TEST_TMPDIR/go"
  # A file in memory is nobody's.
  run_podctl run -d --pod pod1 --name hog -v "$BATS_TEST_TMPDIR/go:/go" "$IMAGE" \
    sh -c 'dd if=/dev/zero of=/dev/shm/file bs=1M count=8; read -r _ </go; exec tail /dev/zero'
  local id=$output
  run_podctl inspect --format '{{.State.ConmonPid}}' hog
  # To have the kernel choose it before who uses so much.
  echo 1000 >"/proc/$output/oom_score_adj"
  echo go >"$BATS_TEST_TMPDIR/go"
  run_podctl wait hog
  is "$output" 137
  [[ ! -e $TMP/exits/$id ]] || fail 'conmon lived to write an exit file'
  run_podctl pod stop --time 0 pod1
  run_podctl inspect --format '{{.State.Status}} {{.State.OOMKilled}} {{.State.ExitCode}}' hog
  is "$output" 'exited true 137'
}

@test "a container's own memory limit kills: its first process, or another" {
  run_podctl 137 run --name c1 --memory 16m --memory-swap 16m "$IMAGE" tail /dev/zero
  run_podctl inspect c1
  assert_json '.[0].State | [.OOMKilled, .ExitCode]' '[true,137]'
  run_podctl run --name c2 --memory 16m --memory-swap 16m "$IMAGE" sh -c 'tail /dev/zero; exit 0'
  run_podctl inspect c2
  assert_json '.[0].State | [.OOMKilled, .ExitCode]' '[true,0]'
  run_podctl run --name c3 --memory 64m "$IMAGE" true
  run_podctl inspect c3
  assert_json '.[0].State.OOMKilled' false
}

throttled() { (($(sed -n 's/^nr_throttled //p' "$1") > 0)); }

@test "cpus throttle: a pod's, and a container's own" {
  run_podctl pod create --name pod1 --cpus 0.05
  run_podctl run -d --pod pod1 --name c1 "$IMAGE" sh -c 'while :; do :; done'
  wait_until 30 throttled "$(knob "$(pod_cgroup pod1)" cpu cpu.stat cpu.stat)"
  run_podctl pod rm -f -t 0 pod1
  run_podctl run -d --name c2 --cpus 0.05 "$IMAGE" sh -c 'while :; do :; done'
  wait_until 30 throttled "$(knob "$(container_cgroup c2)" cpu cpu.stat cpu.stat)"
}

@test "update changes what a running container may use" {
  run_podctl pod create --name pod1 --memory 128m
  run_podctl run -d --pod pod1 --name c1 --memory 64m "$IMAGE" sleep 1000
  local cgroup
  cgroup=$(container_cgroup c1)
  run_podctl update --memory 48m --cpus 0.25 --pids-limit 20 --cpuset-cpus 0 c1
  is "$(cat "$(knob "$cgroup" memory memory.limit_in_bytes memory.max)")" $((48 << 20))
  is "$(cat "$(knob "$cgroup" pids pids.max pids.max)")" 20
  is "$(cat "$(knob "$cgroup" cpuset cpuset.cpus cpuset.cpus)")" 0
  is "$(cut -d' ' -f1 "$(knob "$cgroup" cpu cpu.cfs_quota_us cpu.max)")" 25000
  run_podctl inspect c1
  assert_json '.[0].HostConfig | [.Memory, .NanoCpus, .PidsLimit, .CpusetCpus] | join(" ")' "$((48 << 20)) 250000000 20 0"
}

@test "update takes limits back" {
  run_podctl run -d --name c1 --cpu-period 50000 --cpu-quota 10000 --pids-limit 20 "$IMAGE" sleep 1000
  local cgroup
  cgroup=$(container_cgroup c1)
  run_podctl update --cpu-quota -1 --pids-limit -1 --memory 48m c1
  like "$(cut -d' ' -f1 "$(knob "$cgroup" cpu cpu.cfs_quota_us cpu.max)")" '^(-1|max)$'
  is "$(cat "$(knob "$cgroup" pids pids.max pids.max)")" max
  is "$(cat "$(knob "$cgroup" memory memory.limit_in_bytes memory.max)")" $((48 << 20)) 'one beside them'
  if has systemd; then
    # What systemd would set when it writes this unit's limits the next time.
    cgroup=${cgroup%/container} # crun's, in the scope
    is "$(systemctl show --property TasksMax --value "${cgroup##*/}")" infinity
  fi
}

@test "an update that is refused has changed nothing, and says what to do" {
  run_podctl run -d --name c1 --memory 64m "$IMAGE" sleep 1000
  local cgroup processes
  cgroup=$(container_cgroup c1)
  processes=$(cat "$(knob "$cgroup" pids pids.max pids.max)")
  run_podctl 125 update --memory 48m --cpus 0.5 --pids-limit 20 --cpuset-cpus 4095 c1
  one_line
  like "$stderr" '^Error: .*cpuset.*--cpuset-cpus takes CPUs that are online'
  is "$(cat "$(knob "$cgroup" memory memory.limit_in_bytes memory.max)")" $((64 << 20))
  like "$(cut -d' ' -f1 "$(knob "$cgroup" cpu cpu.cfs_quota_us cpu.max)")" '^(-1|max)$'
  is "$(cat "$(knob "$cgroup" pids pids.max pids.max)")" "$processes"
  run_podctl inspect c1
  assert_json '.[0].HostConfig | [.Memory, .NanoCpus, .CpusetCpus] | join(" ")' "$((64 << 20)) 0 "
}

@test "limits the kernel refuses: one line with the file and what to do, and no pod" {
  run_podctl 125 pod create --name pod1 --cpuset-mems 77
  one_line
  like "$stderr" '^Error: make cgroup of pod pod1: .*cpuset.mems.*--cpuset-mems takes memory nodes that are online \(0'
  # /dev/null has the numbers of a RAM disk, if there are any.
  run_podctl '?' pod create --name pod1 --device-read-bps /dev/null:1mb
  if ((status == 0)); then
    run_podctl pod inspect --format '{{.BlkioDeviceReadBps}}' pod1
    is "$output" '[{/dev/null 1048576}]'
    run_podctl pod rm pod1
  else
    is "$status" 125
    one_line
    like "$stderr" '^Error: .*rates are limited for whole block devices'
  fi
  run_podctl 125 pod create --name pod1 --device-read-bps /dev/shm:1mb
  like "$stderr" '^Error: /dev/shm is not a device'
  run_podctl 125 pod create --name pod1 --device-read-bps /dev/nosuch:1mb
  one_line
  like "$stderr" '^Error: .*/dev/nosuch'
  run_podctl pod ps -q
  is "$output" ''
  run_podctl '?' run -d --cpuset-cpus 4095 "$IMAGE" true
  ((status == 125 || status == 126)) || fail 'exit code' 125 "$status"
  one_line
  like "$stderr" '^Error: (requested CPUs are not available|.*--cpuset-cpus takes CPUs that are online)'
}

@test "a parent that can give no controllers is named, with what to do, and no pod is made" {
  requires isolated cgroup2
  mkdir /sys/fs/cgroup/full
  sleep 1000 3>&- &
  local pid=$!
  echo $pid >/sys/fs/cgroup/full/cgroup.procs
  run_podctl '?' pod create --name pod1 --cgroup-parent /full --memory 64m
  kill $pid
  wait $pid || true
  rmdir /sys/fs/cgroup/full || fail 'something is left in the parent'
  is "$status" 125
  one_line
  like "$stderr" '^Error: make cgroup of pod pod1: .*/full'
  run_podctl pod ps -q
  is "$output" ''
}

@test "what cgroup v1 cannot do is refused at creation" {
  requires cgroup1
  refused() { # MESSAGE FLAG...
    local message=$1
    shift
    run_podctl 125 create "$@" "$IMAGE" true
    is "$stderr" "Error: $message"
  }
  refused 'CPU cfs period cannot be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)' --cpu-period 5
  refused 'CPU cfs quota cannot be less than 1ms (i.e. 1000)' --cpu-quota 5
  refused "requested CPUs are not available - requested 8190, available: $(</sys/devices/system/cpu/online)" --cpuset-cpus 8190
  refused "requested memory nodes are not available - requested 77, available: $(</sys/devices/system/node/online)" --cpuset-mems 77
  refused 'cannot use --cgroup-conf without cgroup v2' --cgroup-conf foo=bar
  run_podctl ps -aq
  is "$output" ""
}
