#!/bin/bash
# isolate.sh [--user] CMD...
#
# Run CMD as root as if on a machine of its own: with its own network, mounts,
# processes and cgroup tree, and with an empty /run, /var/lib/podctl and
# /var/lib/containers. Whatever CMD leaves behind is there for it to see, is
# no one else's, and is gone when CMD ends. systemd is out of reach in here.
#
# With --user CMD runs as the user tester, who is made for it, has subordinate
# IDs and the directories a login makes, and runs in a copy of this tree.
set -euo pipefail

# hierarchies: a line "mount-point cgroup-to-create-ours-in version" for each
hierarchies() {
  local controllers path target
  while IFS=: read -r _ controllers path; do
    if [[ -z $controllers ]]; then
      # Only at the top may a cgroup2 have both processes and controllers for
      # its children, so ours goes there and not below where we are.
      target=$(findmnt -rn -t cgroup2 -o TARGET | head -n 1)
      [[ -z $target ]] || echo "$target $target 2"
    else
      target=$(findmnt -rn -t cgroup -O "$controllers" -o TARGET | head -n 1)
      [[ -n $target ]] || continue
      [[ -d $target$path ]] || path=/
      echo "$target ${target}${path%/} 1"
    fi
  done </proc/self/cgroup
}

make_cgroups() {
  local parent version file
  while read -r _ parent version; do
    mkdir "$parent/$name"
    [[ $version == 1 ]] || mkdir "$parent/$name/init"
    for file in cpuset.cpus cpuset.mems; do # an empty set takes no process
      [[ $version == 2 || ! -e $parent/$file ]] || cat "$parent/$file" >"$parent/$name/$file"
    done
  done <<<"$cgroups"
}

# Stopping is not instant even for processes that were killed.
remove_cgroups() {
  local parent deadline=$((SECONDS + 10))
  while read -r _ parent _; do
    while [[ -d $parent/$name ]]; do
      find "$parent/$name" -depth -type d -exec rmdir {} + 2>/dev/null || true
      ((SECONDS < deadline)) || break
      [[ ! -d $parent/$name ]] || sleep 0.05
    done
  done <<<"$cgroups"
}

# Inside our cgroups: what we are in now becomes the top of the tree.
stage_cgroup() {
  local parent
  while read -r _ parent _; do
    echo 0 >"$parent/$name/cgroup.procs"
  done <<<"$cgroups"
  exec unshare --cgroup -- "$0" --stage namespaces "$name" "$cgroups" "$@"
}

stage_namespaces() {
  local parent version controllers
  while read -r _ parent version; do
    [[ $version == 2 ]] || continue
    echo 0 >"$parent/$name/init/cgroup.procs"
    read -r -a controllers <"$parent/$name/cgroup.controllers" || true
    ((${#controllers[@]} == 0)) || echo "${controllers[*]/#/+}" >"$parent/$name/cgroup.subtree_control"
  done <<<"$cgroups"
  exec unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private -- \
    "$0" --stage inside "$name" "$cgroups" "$@"
}

stage_inside() {
  local target parent dir resolv resolv_file saved
  while read -r target parent _; do
    # Over the old mount it would be a second line in mountinfo, where readers
    # take the first.
    mount --bind "$parent/$name" /mnt
    umount -l "$target"
    mount --move /mnt "$target"
  done <<<"$cgroups"

  resolv=$(cat /etc/resolv.conf 2>/dev/null || true)
  saved=$(mktemp -d)
  mkdir -p /var/lib/podctl /var/lib/containers /etc/containers
  cp -a /etc/containers/. "$saved"
  for dir in /run /dev/shm /var/lib/podctl /var/lib/containers /etc/containers; do
    mount -t tmpfs -o mode=755 tmpfs "$dir"
  done
  chmod 1777 /dev/shm
  cp -a "$saved"/. /etc/containers/
  rm -rf "$saved"
  mkdir -p /run/lock
  resolv_file=$(readlink -m /etc/resolv.conf)
  if [[ $resolv_file == /run/* ]]; then
    mkdir -p "${resolv_file%/*}"
    echo "$resolv" >"$resolv_file"
  fi
  ip link set lo up
  export PODCTL_TEST_ISOLATED=1
  if [[ $1 == --user ]]; then
    shift
    make_user
    set -- setpriv --reuid "$user_id" --regid "$user_id" --clear-groups -- \
      env HOME=/run/home USER=tester LOGNAME=tester XDG_RUNTIME_DIR=/run/u "$@"
  fi
  # Something must reap what conmon and others leave to process 1; and what CMD left
  # frozen in a cgroup of version 1 could not be killed, and this would never end.
  # shellcheck disable=SC2016 # for the other shell
  exec catatonit -- bash -c '
    "$@"
    status=$?
    find /sys/fs/cgroup -name freezer.state -exec sh -c "for f; do echo THAWED >\"\$f\"; done" sh {} + 2>/dev/null
    exit $status' sh "$@"
}

# make_user: a user as a login would find it, on a host as such users have it.
user_id=4242
make_user() {
  local file device here
  for file in passwd group subuid subgid; do
    # Who has the name or the ID here is not to be seen in there.
    grep -Ev "^tester:|^[^:]*:x:$user_id:" "/etc/$file" >"/run/$file" || true
  done
  echo "tester:x:$user_id:$user_id::/run/home:/bin/bash" >>/run/passwd
  echo "tester:x:$user_id:" >>/run/group
  echo tester:300000:65536 | tee -a /run/subuid >>/run/subgid
  for file in passwd group subuid subgid; do
    mount --bind "/run/$file" "/etc/$file"
  done
  install -d -m 700 -o "$user_id" -g "$user_id" /run/home /run/u
  # What udev lets everybody open.
  for device in net/tun fuse; do
    [[ -e /dev/$device ]] || continue
    cp -a "/dev/$device" "/run/${device##*/}"
    chmod 666 "/run/${device##*/}"
    mount --bind "/run/${device##*/}" "/dev/$device"
  done
  # pasta copies the interface with the default route; nothing answers beyond.
  ip link add up0 type veth peer name up1
  ip address add 10.99.0.2/24 dev up0
  ip link set up0 up
  ip link set up1 up
  ip route add default via 10.99.0.1
  # The tree may be where users do not get to.
  here=$PWD
  mkdir /run/repo
  mount --bind "$here" /run/repo
  cd /run/repo
  local name
  for name in PODCTL PODCTL_LEFTOVERS; do
    [[ -z ${!name:-} ]] || export "$name=${!name/#"$here"/\/run\/repo}"
  done
}

run() {
  local status=0
  if ((EUID != 0)); then
    echo "isolate: root is needed to make namespaces" >&2
    return 1
  fi
  name=podctl-test.$$
  cgroups=$(hierarchies)
  trap : TERM INT # these end the command; we go on to clean up after it
  make_cgroups
  (stage_cgroup "$@") || status=$?
  remove_cgroups
  return "$status"
}

stage=run
if [[ ${1:?usage: isolate.sh [--user] CMD...} == --stage ]]; then
  stage=$2 name=$3 cgroups=$4
  shift 4
fi
case $stage in
  namespaces) stage_namespaces "$@" ;;
  inside) stage_inside "$@" ;;
  run) run "$@" ;;
esac
