#!/usr/bin/env bats
# User namespaces as root: where the IDs come from, whose the files and the
# network are, who shares them, and that ranges are given back.
# shellcheck disable=SC2016 # shell for the containers

load helpers

setup_file() {
  file_setup
  ((EUID == 0)) || return 0
  # Ranges of the file's own, over those of the host.
  printf '%s\n' containers:2147483648:200000 carol:300000:65536 >"$BATS_FILE_TMPDIR/ranges"
  mount --bind "$BATS_FILE_TMPDIR/ranges" /etc/subuid
  mount --bind "$BATS_FILE_TMPDIR/ranges" /etc/subgid
  busybox_image
}

teardown_file() {
  file_teardown
  ((EUID == 0)) || return 0
  umount /etc/subuid
  umount /etc/subgid
}

setup() {
  requires root
  test_setup
}

# sh FLAGS... -- COMMAND: its output in a container with these flags is $output
sh() {
  local flags=()
  while [[ $1 != -- ]]; do
    flags+=("$1")
    shift
  done
  run_podctl run --rm "${flags[@]}" "$IMAGE" sh -c "$2"
}

# map COMMAND...: the ranges a container's command prints, blanks made one
map() {
  "$@"
  output=$(sed 's/^ *//; s/  */ /g' <<<"$output")
}

# --- where the IDs come from ---

@test "--uidmap and --gidmap: the kernel has the ranges that inspect shows" {
  map sh --uidmap 0:100000:500 --uidmap 500:700000:10 -- 'cat /proc/self/uid_map /proc/self/gid_map'
  is "$output" $'0 100000 500\n500 700000 10\n0 100000 500\n500 700000 10'
  map sh --uidmap 0:100000:500 --gidmap 0:200000:600 -- 'cat /proc/self/uid_map /proc/self/gid_map'
  is "$output" $'0 100000 500\n0 200000 600'
  run_podctl create --name c1 --uidmap 0:100000:500 --gidmap 0:200000:600 "$IMAGE" true
  run_podctl inspect c1
  assert_json '.[0].HostConfig | [.UsernsMode, (.IDMappings | .UidMap + .GidMap | join(" "))] | join(" ")' 'private 0:100000:500 0:200000:600'
}

@test "--subuidname and --subgidname take the ranges of a name; + adds to them" {
  map sh --subuidname carol -- 'cat /proc/self/uid_map /proc/self/gid_map'
  is "$output" $'0 300000 65536\n0 300000 65536'
  map sh --subuidname carol --uidmap +7:77:1 -- 'cat /proc/self/uid_map'
  is "$output" $'0 300000 7\n7 77 1\n8 300008 65528'
  run_podctl 125 create --subuidname nosuch "$IMAGE"
  like "$stderr" '^Error: .*nosuch.* in /etc/subuid: give the name ranges'
}

@test "auto: every container has a range of its own, for as long as it is there" {
  run_podctl create --name c1 --userns auto:size=90000 "$IMAGE" cat /proc/self/uid_map
  run_podctl create --name c2 --userns auto:size=90000 "$IMAGE" cat /proc/self/uid_map
  run_podctl 125 create --userns auto:size=90000 "$IMAGE"
  like "$stderr" '^Error: .*not enough unused IDs'
  map run_podctl start -a c1
  is "$output" '0 2147483648 90000'
  map run_podctl start -a c2
  is "$output" '0 2147573648 90000'
  run_podctl inspect c2
  assert_json '.[0].HostConfig.IDMappings.UidMap[0]' 0:2147573648:90000
  run_podctl rm c1
  map sh --userns auto:size=90000 -- 'cat /proc/self/uid_map'
  is "$output" '0 2147483648 90000' 'the range that was given back'
  map sh --userns auto:size=3000,uidmapping=0:5555:1 -- 'cat /proc/self/uid_map'
  is "$output" $'1 2147483648 2999\n0 5555 1'
}

@test "private is a range of its own too; host is none" {
  map sh --userns private -- 'cat /proc/self/uid_map'
  like "$output" '^0 2147483648 [0-9]+$'
  map sh --userns host -- 'cat /proc/self/uid_map'
  is "$output" "$(sed 's/^ *//; s/  */ /g' /proc/self/uid_map)"
}

@test "what cannot be is refused, and nothing is made" {
  local tries=(
    '--userns keep-id|keep-id is only supported in rootless mode'
    '--userns nomap|nomap is only supported in rootless mode'
    '--userns auto:colour=1|user namespace "auto:colour=1": option "colour=1" of user namespace mode auto: no such option: invalid argument'
    '--uidmap 0:1|user namespace "private": .*'
    '--uidmap 5:100:2|user namespace "private": [ug]idmap: the container.s ID 0 is not mapped: add 0:HOST: invalid argument'
    '--uidmap 0:1:10 --uidmap 5:100:9|user namespace "private": uidmap: the ranges 0:1:10 and 5:100:9 overlap: invalid argument'
    '--uidmap zero:1:1|user namespace "private": uidmap "zero:1:1": "zero" is not a number of IDs: invalid argument'
    '--userns auto --uidmap 0:1:1|--userns and --uidmap/--gidmap/--subuidname/--subgidname are mutually exclusive'
    '--userns ns:/nowhere|user namespace "ns:/nowhere": join user namespace: .*not found'
  )
  local try
  for try in "${tries[@]}"; do
    [[ $try != '--uidmap 0:1|'* ]] || continue # one ID is enough for a container
    # shellcheck disable=SC2086 # several flags
    run_podctl 125 create ${try%%|*} "$IMAGE"
    like "$stderr" "^Error: ${try#*|}\$"
  done
  umount /etc/subuid
  run_podctl '?' create --userns auto "$IMAGE"
  mount --bind "$BATS_FILE_TMPDIR/ranges" /etc/subuid
  is "$status" 125
  like "$stderr" '^Error: .*user "containers" in /etc/subuid.*add a line such as containers:'
  run_podctl ps -aq
  is "$output" ''
}

# --- what is in it ---

@test "files of the image, of podctl and of volumes are the container's own" {
  sh --uidmap 0:100000:70000 -v vol1:/data -v vol2:/srv/new --tmpfs /scratch -- \
    'touch /made /data/f /srv/new/f /scratch/f; stat -c "%u:%g %n" / /bin/busybox /made /etc/hosts /etc/resolv.conf /data /data/f /srv/new /srv/new/f /scratch/f /dev/shm | grep -v ^0:0; echo end'
  is "$output" end 'what is not root:root'
  is "$(stat -c %u "$ROOT/volumes/vol2/_data/f")" 100000
  run_podctl create --name c1 --uidmap 0:100000:70000 "$IMAGE" sh -c 'echo x >/kept'
  run_podctl start -a c1
  run_podctl mount c1
  is "$(stat -c %u:%g "$output/kept" "$output/bin/busybox" | sort -u)" 100000:100000
  run_podctl umount c1
}

# given: a directory of root's with a file that only root reads, in $dir
given() {
  dir=$TMP/given-$BATS_TEST_NUMBER
  mkdir "$dir"
  echo secret >"$dir/file"
  chmod 0600 "$dir/file"
}

@test "--volume U gives a directory to the container" {
  given
  sh --uidmap 0:100000:500 -v "$dir:/d" -- 'cat /d/file 2>/dev/null || stat -c %u /d/file'
  is "$output" 65534 'nobody, and not readable'
  sh --uidmap 0:100000:500 --user 7 -v "$dir:/d:U" -- 'cat /d/file'
  is "$output" secret
  is "$(stat -c %u "$dir/file")" 100007 'its owner on the host'
}

@test "--volume idmap shows a directory as it is" {
  requires mapped-mounts
  given
  sh --uidmap 0:100000:500 -v "$dir:/d:idmap" -v "$dir/file:/one:idmap" -- 'cat /d/file /one; echo more >>/d/file; stat -c %u /d/file'
  is "$output" $'secret\nsecret\n0'
  is "$(stat -c %u "$dir/file")" 0 'its owner on the host'
  is "$(<"$dir/file")" $'secret\nmore'
}

@test "secrets, devices and an init are there" {
  echo hush | podctl secret create "s1-$BATS_TEST_NUMBER" - 3>&- >/dev/null
  sh --uidmap 0:100000:500 --secret "s1-$BATS_TEST_NUMBER" --device /dev/zero:/dev/mine --init -- \
    "cat /run/secrets/s1-$BATS_TEST_NUMBER; head -c 3 /dev/mine | od -An -c | tr -d ' \n'; echo; tr '\\0' ' ' </proc/1/cmdline | cut -d' ' -f1"
  is "$output" $'hush\n\\0\\0\\0\n/run/podman-init'
  run_podctl secret rm "s1-$BATS_TEST_NUMBER"
}

@test "the network is the container's own: its root may change it and take low ports" {
  sh --userns auto --cap-add NET_ADMIN -- 'ip addr add 192.0.2.1/24 dev lo && ip -4 addr show dev lo | grep -c 192.0.2.1; nc -l -p 80 -w 1 2>&1; mount -t sysfs | cut -d" " -f1,3,5; ip -4 -o addr show eth0 | grep -c " inet "'
  is "${lines[0]}" 1
  is "${lines[1]}" 'nc: timed out' 'port 80 was free to take'
  is "${lines[2]}" 'sysfs /sys sysfs'
  is "${lines[3]}" 1 'address on the default network'
  sh --userns auto --network none -- 'ip -o link | wc -l'
  is "$output" 1
  sh --userns auto --network host -- 'readlink /proc/self/ns/net'
  is "$output" "$(readlink /proc/self/ns/net)"
}

@test "exec, stop, start and restart keep the IDs" {
  run_podctl run -d --name c1 --userns auto "$IMAGE" sleep 1000
  run_podctl inspect c1
  local range
  range=$(jq -r '.[0].HostConfig.IDMappings.UidMap[0]' <<<"$output")
  map run_podctl exec c1 cat /proc/self/uid_map
  is "${output// /:}" "$range"
  run_podctl stop -t 0 c1
  run_podctl start c1
  run_podctl restart -t 0 c1
  map run_podctl exec --user 9 c1 sh -c 'cat /proc/self/uid_map; id -u'
  is "${output// /:}" "$range"$'\n9'
  local pid
  pid=$(podctl inspect --format '{{.State.Pid}}' c1)
  is "$(stat -c %u "/proc/$pid")" 2147483648 'the process as the host sees it'
}

@test "cp, export and commit carry the IDs the container sees" {
  run_podctl create --name c1 --uidmap 0:100000:500 "$IMAGE" sh -c 'stat -c %u:%g /in /mine/f'
  echo x >"$TMP/in"
  run_podctl cp "$TMP/in" c1:/in
  mkdir "$TMP/mine"
  echo x >"$TMP/mine/f"
  chown 7:8 "$TMP/mine/f"
  run_podctl cp -a=false "$TMP/mine" c1:/mine
  run_podctl start -a c1
  is "$output" $'0:0\n7:8'
  podctl cp c1:/mine/f - 3>&- >"$TMP/out.tar"
  like "$(tar --numeric-owner -tvf "$TMP/out.tar")" ' 7/8 '
  podctl export c1 3>&- >"$TMP/all.tar"
  is "$(tar --numeric-owner -tvf "$TMP/all.tar" | awk '{ print $2 }' | sort -u)" $'0/0\n7/8'
  run_podctl commit -q c1 localhost/mapped
  run_podctl run --rm localhost/mapped stat -c %u:%g /mine/f /in
  is "$output" $'7:8\n0:0'
  run_podctl commit -q --squash c1 localhost/mapped
  run_podctl run --rm localhost/mapped stat -c %u:%g /mine/f /bin/busybox
  is "$output" $'7:8\n0:0'
  run_podctl rmi -f localhost/mapped
}

# --- who shares it ---

@test "a pod's members share its user namespace, files and all" {
  run_podctl pod create --name pod1 --userns auto
  run_podctl pod inspect pod1
  assert_json '.[0] | [.InfraConfig.userns, (.SharedNamespaces | join(","))] | join(" ")' 'private ipc,net,user,uts'
  run_podctl run -d --pod pod1 --name c1 "$IMAGE" sleep 1000
  run_podctl run -d --pod pod1 --name c2 "$IMAGE" sleep 1000
  local ns
  run_podctl exec c1 readlink /proc/self/ns/user
  ns=$output
  run_podctl exec c2 readlink /proc/self/ns/user
  is "$output" "$ns"
  [[ $ns != "$(readlink /proc/self/ns/user)" ]] || fail 'it is the host'
  run_podctl exec c2 sh -c 'touch /tmp/x; stat -c %u:%g /tmp/x /bin/busybox; chown nobody /tmp/x && stat -c %U /tmp/x'
  is "$output" $'0:0\n0:0\nnobody'
  run_podctl inspect c2
  assert_json '.[0].HostConfig | (.UsernsMode | startswith("container:")) and (.IDMappings.UidMap == ["0:2147483648:65536"])' true
  run_podctl pod stop -t 0 pod1
  run_podctl pod start pod1
  run_podctl exec c1 cat /proc/self/uid_map
  like "$output" ' 2147483648 '
}

@test "a member may have a network of its own, or the host's user namespace" {
  run_podctl pod create --name pod1 --uidmap 0:100000:70000
  sh --pod pod1 --network bridge -- 'nc -l -p 80 -w 1 2>&1; mount -t sysfs | cut -d" " -f1; readlink /proc/self/ns/net'
  is "${lines[0]}" 'nc: timed out'
  is "${lines[1]}" sysfs
  local own=${lines[2]}
  sh --pod pod1 -- 'readlink /proc/self/ns/net'
  [[ $output != "$own" ]] || fail 'it is the pod that has this network'
  sh --pod pod1 --userns host -- 'readlink /proc/self/ns/user'
  is "$output" "$(readlink /proc/self/ns/user)"
  run_podctl 125 create --pod pod1 --userns auto "$IMAGE"
  is "$stderr" 'Error: invalid config provided: cannot set user namespace mode when joining pod with infra container: invalid argument'
  run_podctl 125 create --pod pod1 --uidmap 0:1:1 "$IMAGE"
  is "$stderr" 'Error: invalid config provided: cannot set user namespace mode when joining pod with infra container: invalid argument'
}

@test "--pod new: gives its user namespace to the pod" {
  run_podctl run -d --pod new:pod1 --userns auto --name c1 "$IMAGE" sleep 1000
  run_podctl pod inspect pod1
  assert_json '.[0].InfraConfig.userns' private
  run_podctl exec c1 cat /proc/self/uid_map
  like "$output" ' 2147483648 '
}

@test "container:X and ns:PATH join another's user namespace" {
  run_podctl run -d --name c1 --uidmap 0:100000:500 "$IMAGE" sleep 1000
  map sh --userns container:c1 -- 'cat /proc/self/uid_map; stat -c %u /bin/busybox; mount -t sysfs | cut -d" " -f1'
  is "$output" $'0 100000 500\n0\nsysfs'
  local pid
  pid=$(podctl inspect --format '{{.State.Pid}}' c1)
  map sh --userns "ns:/proc/$pid/ns/user" -- 'cat /proc/self/uid_map; stat -c %u /bin/busybox; mount -t sysfs | cut -d" " -f1'
  is "$output" $'0 100000 500\n0\nsysfs'
}

@test "with a user namespace of its own it may join others that are not in it" {
  run_podctl run -d --name c1 "$IMAGE" sleep 1000
  local pid kind
  pid=$(podctl inspect --format '{{.State.Pid}}' c1)
  sh --userns auto --ipc container:c1 --uts container:c1 --network container:c1 -- 'for kind in ipc uts net; do readlink /proc/self/ns/$kind; done; cat /proc/self/uid_map'
  for kind in ipc uts net; do
    is "${lines[0]}" "$(readlink "/proc/$pid/ns/$kind")"
    lines=("${lines[@]:1}")
  done
  like "${lines[0]}" ' 2147483648 '
  sh --userns auto --pid host -- 'grep -c . /proc/1/cmdline'
  run_podctl '?' run --rm --userns auto --pid container:c1 "$IMAGE" true
  like "$stderr" '^Error: container .* cannot have a /proc of the PID namespace of container c1, .*: use --userns container:c1 too: invalid argument$'
}

# --- crash ---

@test "a killed create keeps no range" {
  requires timeout
  local i
  for i in 1 2 3 4 5 6; do
    # Wherever in its life it is.
    timeout -s KILL "0.0$((i * 2))" "$PODCTL" "${PODCTL_ARGS[@]}" create --userns auto:size=90000 "$IMAGE" true >/dev/null 2>&1 3>&- || true
  done
  run_podctl rm -fa
  run_podctl create --name c1 --userns auto:size=90000 "$IMAGE" true
  run_podctl create --name c2 --userns auto:size=90000 "$IMAGE" true
}

@test "a copy has a range of its own" {
  run_podctl pod create --name pod1 --userns auto:size=70000
  run_podctl create --pod pod1 --name c1 "$IMAGE" cat /proc/self/uid_map
  run_podctl pod clone pod1 pod2
  run_podctl pod inspect pod2
  assert_json '.[0].InfraConfig.userns' private
  run_podctl inspect c1-clone
  assert_json '.[0].HostConfig.IDMappings.UidMap[0]' 0:2147553648:70000
}
