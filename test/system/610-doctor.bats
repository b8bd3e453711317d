#!/usr/bin/env bats
# podctl doctor: each kind of damage is made by hand, found, repaired, and found
# no more; a host that is well, and one that is busy, has no findings.

load helpers

setup_file() {
  file_setup
  busybox_image
}

DB() { echo "$ROOT/podctl/podctl.db"; }

# sql STATEMENT: behind podctl's back, without its rules
sql() { sqlite3 "$(DB)" "$1"; }

# well: nothing is found
well() {
  run_podctl doctor --format json
  is "$output" "[]" "findings"
}

# sick KIND REGEX: this is found, and the exit code says so
sick() {
  run_podctl 1 doctor --format json
  [[ -n $(jq -r --arg kind "$1" --arg re "$2" '.[] | select(.Kind == $kind and (.Problem | test($re)))' <<<"$output") ]] ||
    fail "not found: $1: $2"
}

# heals: --repair mends everything, and then nothing is found
heals() {
  run_podctl doctor --repair
  unlike "$output" "Nothing is wrong"
  well
}

web() {
  run_podctl pod create --name web
  run_podctl run -d --pod web --name one "$IMAGE" sleep 1000
  one=$output
  run_podctl create --pod web --name two --requires one "$IMAGE" sleep 1000
  two=$output
  pod=$(podctl pod inspect web --format '{{.ID}}')
  infra=$(podctl pod inspect web --format '{{.InfraContainerID}}')
}

@test "a host that is well has no findings: pods created, running, stopped, started" {
  requires root
  run_podctl doctor
  is "$output" "Nothing is wrong."
  web
  well
  run_podctl run --name plain -v data:/data "$IMAGE" true
  run_podctl 3 run --name fails "$IMAGE" sh -c 'exit 3'
  run_podctl run -d --name alone "$IMAGE" sleep 1000
  well
  run_podctl pod stop --time 0 web
  well
  run_podctl pod start web
  run_podctl pod pause web
  well
  run_podctl pod unpause web
  run_podctl pod rm --force --time 0 web
  well
}

@test "containers of all kinds are well" {
  requires root
  mkdir -p "$BATS_TEST_TMPDIR/rootfs/bin"
  cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/rootfs/bin/sh"
  run_podctl network create inner
  run_podctl run -d --name host --network host --pid host --ipc host "$IMAGE" sleep 1000
  run_podctl run -d --name none --network none --uts host "$IMAGE" sleep 1000
  run_podctl run -d --name nets --network inner --network-alias x -p 127.0.0.1:18181:80 "$IMAGE" sleep 1000
  run_podctl run -d --name joined --network container:nets --pid container:none "$IMAGE" sleep 1000
  run_podctl run -d --name rootfs --rootfs "$BATS_TEST_TMPDIR/rootfs:O" sh -c 'while :; do read -t 1000; done </dev/zero'
  run_podctl run -d --name mounts -v "$BATS_TEST_TMPDIR:/host" --tmpfs /t --mount type=image,source="$IMAGE",target=/image -v named:/n "$IMAGE" sleep 1000
  run_podctl run -d --name nocgroup --cgroups=no-conmon --read-only "$IMAGE" sleep 1000
  run_podctl init "$(podctl create --name initialized "$IMAGE" sleep 1000)"
  run_podctl exec -d host sleep 1000
  run_podctl create --name restarting --restart on-failure:1 "$IMAGE" sh -c 'exit 1'
  run_podctl start restarting
  run_podctl wait restarting
  run_podctl pod create --name bare --infra=false
  run_podctl create --pod bare --init-ctr once "$IMAGE" true
  run_podctl create --pod bare --name member "$IMAGE" sleep 1000
  run_podctl pod start bare
  run_podctl rename none renamed
  run_podctl update --memory 64m host
  run_podctl network connect inner nocgroup
  well
  run_podctl stop --all --time 0
  well
  run_podctl rm --all --force --time 0
  run_podctl pod rm --all --force --time 0
  well
}

@test "a busy host has no findings" {
  requires root
  local deadline=$((SECONDS + 4 + 4 * SLOWNESS)) n=0 i busy=()
  for i in 1 2 3; do
    while ((SECONDS < deadline)); do
      podctl pod create --name "p$i"
      podctl run --rm --pod "p$i" "$IMAGE" true
      podctl run -d --pod "p$i" "$IMAGE" sleep 1000
      podctl pod rm --force --time 0 "p$i"
    done >"$BATS_TEST_TMPDIR/busy.$i" 2>&1 3>&- &
    busy+=($!)
  done
  while ((SECONDS < deadline)); do
    well
    n=$((n + 1))
  done
  for i in 1 2 3; do
    wait "${busy[i - 1]}" || { tail -n 20 "$BATS_TEST_TMPDIR/busy.$i" && fail 'one of the busy failed'; }
  done
  ((n > 3)) || fail "examined $n times only"
  well
}

@test "a container whose process and conmon were killed is cleaned up after" {
  requires root
  web
  kill -9 "$(podctl inspect one --format '{{.State.ConmonPid}}')" "$(podctl inspect one --format '{{.State.Pid}}')"
  sick container 'recorded as running, but its process is gone'
  heals
  run_podctl ps --all --filter name=one --format '{{.State}}'
  is "$output" exited
}

@test "a dead conmon is told of, though nothing can be done about it" {
  requires root
  web
  kill -9 "$(podctl inspect one --format '{{.State.ConmonPid}}')"
  sick process 'its conmon is dead'
  run_podctl 1 doctor --repair
  like "$output" 'restart it: podctl restart one'
  run_podctl restart --time 0 one
  well
}

@test "a row that was lost comes back, its container running as before" {
  requires root
  web
  local pid
  pid=$(podctl inspect one --format '{{.State.Pid}}')
  sql "DELETE FROM containers WHERE id = '$one'"
  sick row 'on this host, but not in the database'
  heals
  run_podctl inspect one --format '{{.State.Status}} {{.State.Pid}} {{.Pod}}'
  is "$output" "running $pid $pod"
  run_podctl inspect two --format '{{.State.Status}}'
  is "$output" created
  run_podctl pod start web
  run_podctl pod rm --force --time 0 web
}

@test "a pod that was lost comes back, with its infra container" {
  requires root
  web
  sql "DELETE FROM pods; DELETE FROM containers"
  sick row 'on this host'
  heals
  run_podctl pod inspect web --format '{{.ID}} {{.InfraContainerID}} {{.NumContainers}}'
  is "$output" "$pod $infra 3"
}

@test "rows that cannot be read are read from their blueprints" {
  requires root
  web
  sql "UPDATE containers SET config = '{' WHERE id = '$two'"
  sql "UPDATE containers SET state = 'walking' WHERE id = '$one'"
  sql "UPDATE pods SET config = 'x'"
  sick row 'container two: configuration cannot be read'
  sick row 'unknown state word'
  sick row 'pod web: configuration cannot be read'
  heals
  run_podctl inspect one --format '{{.State.Status}}'
  is "$output" running
}

@test "edges are those of the configurations" {
  requires root
  web
  sql "DELETE FROM container_deps WHERE container_id = '$two' AND depends_on = '$one'"
  sql "INSERT INTO container_deps VALUES ('$one', '$two')"
  sick dependency 'container two depends on'
  heals
  sql "DELETE FROM container_deps WHERE container_id = '$infra'; INSERT INTO container_deps VALUES ('$infra', '$two')"
  run_podctl 125 pod stop --time 0 web
  heals
  run_podctl pod stop --time 0 web
}

@test "rows about what is not there are deleted, and a pod forgets an infra container it has not" {
  requires root
  run_podctl pod create --name web
  pod=$output
  infra=$(podctl pod inspect web --format '{{.InfraContainerID}}')
  sql "INSERT INTO container_networks VALUES ('gone', 'net')"
  sick database 'container_networks refers to gone'
  sql "DELETE FROM containers"
  rm "$ROOT/podctl/containers/$infra.json"
  sick pod 'names an infra container that is not there'
  heals
  run_podctl pod inspect web --format '{{.InfraContainerID}}'
  is "$output" ""
}

@test "what a killed command left half done is finished" {
  requires root
  web
  sql "UPDATE containers SET intent = 'remove', state = 'removing', owner_pid = 999999, owner_start = 1, owner_boot = 'x' WHERE id = '$two'"
  sql "INSERT INTO volumes (name, state, owner_pid, created_at, config) VALUES ('half', 'creating', 999999, 1, '{\"Driver\":\"local\"}')"
  sick intent 'a podctl that is dead was about to remove it'
  sick intent 'volume half is creating'
  heals
  run_podctl 1 container exists two
}

@test "leftovers of what has no row are removed: directories, files, cgroups, layers, processes" {
  requires root isolated
  web
  local id=${one//[0-9a-f]/e} top=/sys/fs/cgroup
  [[ -d $top/podctl_parent ]] || top=$(dirname "$(find /sys/fs/cgroup -maxdepth 2 -name podctl_parent | head -n 1)")
  mkdir -p "$TMP/oci/$id" "$TMP/bundles/$id" "$TMP/exits" "$TMP/persist/$id" "$ROOT/podctl/containers/$id" "$TMP/locks"
  mount -t tmpfs tmpfs "$TMP/bundles/$id"
  touch "$TMP/netns/$id"
  mount --bind /proc/self/ns/net "$TMP/netns/$id"
  echo 3 >"$TMP/exits/$id"
  touch "$TMP/locks/$id"
  mkdir "$top/podctl_parent/podctl-$id"
  sick oci-runtime 'of nothing in the database'
  sick bundle 'of nothing'
  sick netns 'of nothing'
  sick exit-file 'of nothing'
  sick lock 'of nothing'
  sick cgroup 'of nothing'
  sick blueprint 'without a blueprint'
  heals
  [[ ! -e $top/podctl_parent/podctl-$id ]] || fail "the cgroup is still there"

  # A container that runs, and of which nobody knows any more.
  rm "$ROOT/podctl/containers/$one.json"
  sql "DELETE FROM containers WHERE id = '$one'; DELETE FROM container_deps; UPDATE containers SET config = replace(config, '$one', '$infra') WHERE id = '$two'"
  sick process 'of nothing in the database: processes of it run'
  sick layer 'a storage layer'
  run_podctl doctor --repair
  run_podctl 1 container exists one
}

@test "what others made is left alone" {
  requires root isolated
  run_podctl pod create --name web
  local id=${output//[0-9a-f]/d} top
  top=$(dirname "$(find /sys/fs/cgroup -maxdepth 2 -name podctl_parent | head -n 1)")
  mkdir "$top/podctl_parent/podctl-$id" "$top/podctl_parent/$id" "$top/podctl_parent/other"
  mkdir -p "$ROOT/volumes/theirs/_data" "$TMP/bundles/other" "$ROOT/podctl/notes"
  ip netns add theirs
  well
  run_podctl doctor --repair
  is "$output" "Nothing is wrong."
  [[ -d $top/podctl_parent/podctl-$id && -d $ROOT/volumes/theirs/_data && -e /run/netns/theirs && -d $TMP/bundles/other ]] || fail "something is gone"
  rmdir "$top/podctl_parent/podctl-$id" "$top/podctl_parent/$id" "$top/podctl_parent/other" "$TMP/bundles/other" "$ROOT/podctl/notes"
  rm -r "$ROOT/volumes/theirs"
  ip netns del theirs
}

@test "what a stopped container has left on the host is taken down" {
  requires root isolated
  web
  run_podctl pod stop --time 0 web
  mkdir -p "$TMP/bundles/$one" "$TMP/netns"
  touch "$TMP/netns/$infra"
  mount --bind /proc/self/ns/net "$TMP/netns/$infra"
  mkdir -p "$ROOT/podctl/containers/$one/m"
  mount -t tmpfs tmpfs "$ROOT/podctl/containers/$one/m"
  sick bundle 'container one is exited, but its bundle is there'
  sick netns 'its network namespace is there'
  sick mount 'mounted in its directory'
  heals
  run_podctl pod start web
}

# forget_layer ID: what a store that lost a container says
forget_layer() {
  local file
  for file in "$ROOT"/overlay-containers/*containers.json "$ROOT"/overlay-layers/*layers.json; do
    jq -c "map(select(.id != \"$1\"))" "$file" >"$file.new"
    mv "$file.new" "$file"
  done
  rm -rf "${ROOT:?}/overlay/$1" "${ROOT:?}/overlay-containers/$1"
}

@test "blueprints, layers and volumes' directories that are gone are made again" {
  requires root
  web
  run_podctl volume create data
  rm "$ROOT/podctl/containers/$two.json" "$ROOT/podctl/pods/$pod.json"
  rm -r "$ROOT/volumes/data"
  forget_layer "$two"
  sick layer 'the storage layer of container two is gone'
  sick blueprint 'container two has no blueprint'
  sick blueprint 'pod web has no blueprint'
  sick volume "directory is gone"
  heals
  run_podctl start two
  sql "DELETE FROM volumes"
  sick volume 'not in the database'
  heals
  run_podctl volume exists data
}

@test "what commands left that were killed at any instant is mended" {
  requires root
  local i pid
  for i in $(seq "${DOCTOR_KILLS:-6}"); do
    run_podctl pod create --replace --name web
    (
      "$PODCTL" "${PODCTL_ARGS[@]}" run -d --pod web --name "one$i" -v "v$i:/v" "$IMAGE" sleep 1000
      "$PODCTL" "${PODCTL_ARGS[@]}" run --rm --pod web "$IMAGE" true
      exec "$PODCTL" "${PODCTL_ARGS[@]}" pod rm --force --time 0 web
    ) >/dev/null 2>&1 3>&- &
    pid=$!
    sleep "0.$((RANDOM % 900 + 100))"
    pkill -9 -P "$pid" || true
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" || true
    run_podctl doctor --repair
    well
  done
}

# power_cut: what a reboot leaves of this host
power_cut() {
  local pid
  for pid in $(podctl ps --quiet | xargs "$PODCTL" "${PODCTL_ARGS[@]}" inspect --format '{{.State.ConmonPid}} {{.State.Pid}}'); do
    kill -9 "$pid"
  done
  awk -v own="$BATS_FILE_TMPDIR/" 'index($5, own) == 1 { print $5 }' /proc/self/mountinfo | sort -r | xargs -r umount -l
  rm -rf "$TMP" "$RUNROOT" /run/containers/networks
  ip link del podman0
  local table
  for table in nat filter; do
    iptables -t "$table" -F
    iptables -t "$table" -X
  done
  wait_until 10 eval "! grep -q . /sys/fs/cgroup/*/podctl_parent/*/*/cgroup.procs /sys/fs/cgroup/podctl_parent/*/*/cgroup.procs"
  find /sys/fs/cgroup -depth -path '*podctl_parent*' -type d -exec rmdir {} + || true
  cat /proc/sys/kernel/random/uuid >"$BATS_TEST_TMPDIR/boot_id"
  mount --bind "$BATS_TEST_TMPDIR/boot_id" /proc/sys/kernel/random/boot_id
}

@test "a host that was rebooted is well, and what ran can be started again" {
  requires root isolated
  web
  run_podctl run -d --name nets -p 127.0.0.1:18182:80 -v named:/n "$IMAGE" sleep 1000
  power_cut
  well
  rm "$ROOT"/podctl/podctl.db*
  run_podctl doctor --rebuild
  well
  run_podctl pod start web
  run_podctl start nets
  well
  remove_everything
  umount /proc/sys/kernel/random/boot_id
}

@test "addresses that nobody has any more are freed" {
  requires root isolated
  local leases=/run/containers/networks/ipam.db
  web
  cp "$leases" "$BATS_TEST_TMPDIR/ipam.db"
  run_podctl pod stop --time 0 web
  cp "$BATS_TEST_TMPDIR/ipam.db" "$leases"
  sick lease "container .*-infra is exited, but it holds addresses on podman"
  heals
  run_podctl pod rm --force web
  cp "$BATS_TEST_TMPDIR/ipam.db" "$leases"
  sick lease 'of nothing in the database: it holds addresses'
  heals
}

@test "reading does not wait for a podctl that was stopped in its tracks" {
  requires root
  web
  "$PODCTL" "${PODCTL_ARGS[@]}" pod stop --time 60 web >/dev/null 2>&1 3>&- &
  local pid=$!
  wait_until 10 eval "podctl locks --format '{{.PID}}' | grep -qx $pid"
  kill -STOP "$pid"
  PODCTL_TIMEOUT=20
  well
  run_podctl doctor --repair
  is "$output" "Nothing is wrong."
  kill -KILL "$pid"
  wait "$pid" || true
}

@test "system check finds damage in the image store, and removes what has it" {
  run_podctl system check
  is "$output" ""
  run_podctl system check --quick
  is "$output" ""
  run_podctl info --format '{{.Store.GraphDriverName}}'
  [[ $output == overlay ]] || skip "needs the overlay driver"
  run_podctl create --name victim "$IMAGE" true
  run_podctl run -d --pod new:web --name member --stop-timeout 0 "$IMAGE" sleep 300
  run_podctl inspect victim --format '{{.GraphDriver.Data.LowerDir}}'
  rm "$output/bin/busybox"
  run_podctl 125 system check
  like "$output" 'layer [0-9a-f]{64}: '
  like "$output" 'image [0-9a-f]{64}: '
  is "$stderr" "Error: damage detected in local storage"
  run_podctl system check --force
  run_podctl system check
  is "$output" ""
  run_podctl ps -a --format '{{.IsInfra}}'
  is "$output" true # it has no image
  run_podctl images -q
  is "$output" ""
  run_podctl load -q -i "$BATS_FILE_TMPDIR/busybox.tar"
}
