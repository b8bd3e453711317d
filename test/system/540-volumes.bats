#!/usr/bin/env bats
# Volumes and mounts as members see them, and what becomes of them.

# shellcheck disable=SC2016 # shell for the containers

load helpers

setup_file() {
  file_setup
  busybox_image
  data_image
}

# data_image: $DATA_IMAGE declares a volume at /data that has a file of a user
DATA_IMAGE=localhost/data:latest
data_image() {
  local dir=$BATS_FILE_TMPDIR/data
  mkdir -p "$dir/data/sub"
  echo from-image >"$dir/data/f"
  chmod 0750 "$dir/data"
  cp -a /bin/busybox "$dir/busybox"
  tar -C "$dir" --owner=33 --group=44 --numeric-owner -cf "$dir.tar" data
  tar -C "$dir" --owner=0 --group=0 --numeric-owner -rf "$dir.tar" busybox
  podctl import -q -c 'VOLUME /data' -c 'CMD ["/busybox","sh"]' "$dir.tar" "$DATA_IMAGE" 3>&- >/dev/null
}

volumes() { podctl volume ls -q; }

@test "a named volume is made on demand, shared, and stays" {
  run_podctl run --rm -v data:/d "$IMAGE" sh -c 'echo kept >/d/f'
  run_podctl run --rm -v data:/d "$IMAGE" cat /d/f
  is "$output" kept
  is "$(volumes)" data
  run_podctl volume inspect data
  is "$(cat "$(jq -r '.[0].Mountpoint' <<<"$output")/f")" kept
  assert_json '.[0].Anonymous // false' false
}

@test "an anonymous volume goes with --rm, with rm -v and with its pod" {
  run_podctl run --rm -v /d "$IMAGE" sh -c 'echo x >/d/f'
  is "$(volumes)" ""
  run_podctl create --name a -v /d "$IMAGE" true
  like "$(volumes)" '^[0-9a-f]{64}$'
  run_podctl rm a
  like "$(volumes)" '^[0-9a-f]{64}$'
  run_podctl volume prune -f
  run_podctl create --name a -v /d -v named:/n "$IMAGE" true
  run_podctl rm -v a
  is "$(volumes)" named
  run_podctl pod create --name web -v /p
  run_podctl create --pod web -v /d "$IMAGE" true
  run_podctl pod rm -f web
  is "$(volumes)" named
}

@test "a new volume gets what the image has there, with owner and mode" {
  run_podctl run --rm -v data:/data "$DATA_IMAGE" /busybox sh -c '/busybox cat /data/f; /busybox stat -c "%u:%g %a" /data /data/f'
  is "$output" $'from-image\n33:44 750\n33:44 644'
  # Once: what is in it stays.
  run_podctl run --rm -v data:/data "$DATA_IMAGE" /busybox rm /data/f
  run_podctl run --rm -v data:/data "$DATA_IMAGE" /busybox ls /data
  is "$output" sub
  run_podctl run --rm -v empty:/data:nocopy "$DATA_IMAGE" /busybox ls /data
  is "$output" ""
}

@test "a volume keeps the owner that it was given in a container" {
  requires containers
  run_podctl run --rm -v data:/d "$IMAGE" chown 7:8 /d
  run_podctl run --rm -v data:/d "$IMAGE" stat -c %u:%g /d
  is "$output" 7:8
}

@test "an image's own volume is anonymous, tmpfs or ignored" {
  run_podctl create --name a "$DATA_IMAGE"
  like "$(volumes)" '^[0-9a-f]{64}$'
  run_podctl rm -v a
  is "$(volumes)" ""
  run_podctl run --rm --image-volume tmpfs "$DATA_IMAGE" /busybox sh -c '/busybox grep " /data " /proc/mounts'
  like "$output" '^tmpfs '
  run_podctl run --rm --image-volume ignore "$DATA_IMAGE" /busybox sh -c '/busybox cat /data/f; /busybox grep -c " /data " /proc/mounts; true'
  is "$output" $'from-image\n0'
}

@test "a bind mount is the host's directory or file, ro is read-only" {
  mkdir "$BATS_TEST_TMPDIR/d"
  echo one >"$BATS_TEST_TMPDIR/d/f"
  run_podctl run --rm -v "$BATS_TEST_TMPDIR/d:/d" -v "$BATS_TEST_TMPDIR/d/f:/single:ro" "$IMAGE" sh -c 'echo two >>/d/f; cat /single; (echo x >>/single) 2>/dev/null || echo ro'
  is "$output" $'one\ntwo\nro'
  run_podctl '?' run --rm -v "$BATS_TEST_TMPDIR/d:/d:ro" "$IMAGE" sh -c 'cat /d/f; touch /d/x'
  is "$status" 1
  is "$output" $'one\ntwo'
  like "$stderr" 'Read-only file system'
}

@test "a bind mount of what is not there is refused and leaves nothing" {
  run_podctl 125 run --rm -v /nosuch/path:/d "$IMAGE" true
  like "$stderr" '^Error: .*/nosuch/path.*no such file or directory'
  is "${stderr//[!$'\n']/}" "" "lines"
  run_podctl ps -aq
  is "$output" ""
}

@test "mounts from the host see later mounts only if they are shared" {
  requires root
  mkdir "$BATS_TEST_TMPDIR/d"
  mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/d"
  mount --make-shared "$BATS_TEST_TMPDIR/d"
  mkdir "$BATS_TEST_TMPDIR/d/sub"
  run_podctl run -d --name slave -v "$BATS_TEST_TMPDIR/d:/d:rslave" "$IMAGE" sleep 100
  run_podctl run -d --name private -v "$BATS_TEST_TMPDIR/d:/d" "$IMAGE" sleep 100
  mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/d/sub"
  touch "$BATS_TEST_TMPDIR/d/sub/later"
  run_podctl exec slave ls /d/sub
  is "$output" later
  run_podctl exec private ls /d/sub
  is "$output" ""
  run_podctl rm -f -t 0 slave private
  umount -R "$BATS_TEST_TMPDIR/d"
}

@test "volume rm looks names up before it removes anything" {
  run_podctl volume create one
  run_podctl volume create one-more
  run_podctl 1 volume rm one one
  is "$output" one
  is "$stderr" 'Error: no volume with name "one" found: no such volume'
  run_podctl 1 volume rm nosuch one-
  is "$output" one-more
  run_podctl volume ls -q
  is "$output" ""
  run_podctl 125 volume create 'a b'
  is "$stderr" "Error: running volume create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument"
}

@test "--mount has all types" {
  mkdir "$BATS_TEST_TMPDIR/d"
  echo bound >"$BATS_TEST_TMPDIR/d/f"
  run_podctl run --rm --mount "type=bind,src=$BATS_TEST_TMPDIR/d,dst=/b,ro=true" --mount type=volume,src=vol,dst=/v \
    --mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=700 --mount type=ramfs,dst=/r --mount type=devpts,dst=/pts \
    --mount "type=image,src=$DATA_IMAGE,dst=/i" \
    "$IMAGE" sh -c 'cat /b/f; touch /b/x 2>/dev/null || echo ro; cat /i/data/f; df -k /t | tail -1; stat -c %a /t; for m in /v /t /r /pts; do grep " $m " /proc/mounts; done'
  like "$output" 'bound
ro
from-image'
  like "$output" '[[:space:]]1024[[:space:]]'
  like "$output" '
700'
  like "$output" 'ramfs /r|none /r ramfs|[^ ]+ /r ramfs'
  like "$output" '/pts devpts'
  run_podctl 125 create --mount type=odd,dst=/x "$IMAGE"
  is "$stderr" 'Error: invalid filesystem type "odd"'
  run_podctl 125 create --mount type=bind,src=/tmp "$IMAGE"
  is "$stderr" 'Error: must set volume destination'
}

@test "--tmpfs is rw,noexec,nosuid,nodev, or as said" {
  run_podctl run --rm --tmpfs /a --tmpfs /b:size=1m,exec "$IMAGE" sh -c 'grep -E " /(a|b) " /proc/mounts; df -k /b | tail -1'
  like "$output" ' /a tmpfs rw,nosuid,nodev,noexec'
  unlike "$(grep ' /b ' <<<"$output")" noexec
  like "$output" '[[:space:]]1024[[:space:]]'
}

@test "two mounts on one place are refused" {
  run_podctl 125 create -v a:/x -v b:/x "$IMAGE"
  is "$stderr" 'Error: /x: duplicate mount destination'
  run_podctl 125 create -v a:/x --tmpfs /x "$IMAGE"
  is "$stderr" 'Error: /x: duplicate mount destination'
  is "$(volumes)" ""
}

@test "--volumes-from gives the mounts of another container" {
  mkdir "$BATS_TEST_TMPDIR/d"
  run_podctl create --name source -v vol:/v -v "$BATS_TEST_TMPDIR/d:/d" "$IMAGE" true
  run_podctl run --rm --volumes-from source "$IMAGE" sh -c 'echo x >/v/f; echo y >/d/f'
  is "$(<"$BATS_TEST_TMPDIR/d/f")" y
  run_podctl 1 run --rm --volumes-from source:ro "$IMAGE" sh -c 'cat /v/f; echo z >/v/f'
  is "$output" x
  run_podctl pod create --name web --volumes-from source
  run_podctl run --rm --pod web "$IMAGE" cat /v/f /d/f
  is "$output" $'x\ny'
  run_podctl 125 create --volumes-from nosuch "$IMAGE"
  like "$stderr" 'no container with name or ID "nosuch" found: no such container'
}

@test "a volume of a pod is in use as long as the pod is there" {
  run_podctl pod create --name web -v data:/d
  local infra
  infra=$(podctl ps -aq --no-trunc)
  run_podctl 2 volume rm data
  is "$stderr" "Error: volume data is being used by the following container(s): $infra: volume is being used"
  local pod
  pod=$(podctl pod ps -q)
  run_podctl 125 volume rm --force data
  like "$stderr" "removing container $infra that depends on volume data: container $infra is the infra container of pod $pod and cannot be removed without removing the pod"
  run_podctl pod rm web
  run_podctl volume rm data
}

@test "volume rm --force removes who uses it" {
  run_podctl run -d --name user -v data:/d "$IMAGE" sleep 100
  run_podctl volume rm -f -t 0 data
  run_podctl ps -aq
  is "$output" ""
}

@test "a volume with options is a mount of its own, mounted while in use" {
  requires root
  run_podctl volume create -o type=tmpfs -o device=tmpfs -o o=size=1m,uid=33 sized
  run_podctl run -d --name user -v sized:/s "$IMAGE" sleep 100
  run_podctl exec user sh -c 'df -k /s | tail -1; stat -c %u /s'
  like "$output" '[[:space:]]1024[[:space:]].*
33$'
  run_podctl volume inspect sized
  local mountpoint
  mountpoint=$(jq -r '.[0].Mountpoint' <<<"$output")
  mountpoint -q "$mountpoint" || fail "not mounted"
  run_podctl rm -f -t 0 user
  ! mountpoint -q "$mountpoint" || fail "still mounted"
}

@test "members of a pod share a volume and see each other's changes" {
  run_podctl pod create --name web
  run_podctl run -d --pod web --name writer -v shared:/s "$IMAGE" sh -c 'echo hello >/s/f; exec sleep 100'
  run_podctl run --rm --pod web -v shared:/s "$IMAGE" sh -c 'for i in $(seq 50); do [ -e /s/f ] && break; sleep 0.1; done; cat /s/f'
  is "$output" hello
}

@test "--volume :U gives the tree to the container's user" {
  mkdir "$BATS_TEST_TMPDIR/d"
  touch "$BATS_TEST_TMPDIR/d/f"
  run_podctl run --rm --user 1234:567 -v "$BATS_TEST_TMPDIR/d:/d:U" "$IMAGE" sh -c 'stat -c %u:%g /d /d/f; touch /d/mine'
  is "$output" $'1234:567\n1234:567'
  # Files of IDs that only root in the user's namespace may remove.
  ((EUID == 0)) || podctl unshare rm -rf "$BATS_TEST_TMPDIR/d" 3>&-
}

@test "--volume :O is an overlay whose changes are gone with the container" {
  mkdir "$BATS_TEST_TMPDIR/d"
  echo base >"$BATS_TEST_TMPDIR/d/f"
  run_podctl run --rm -v "$BATS_TEST_TMPDIR/d:/d:O" "$IMAGE" sh -c 'echo changed >/d/f; cat /d/f'
  is "$output" changed
  is "$(<"$BATS_TEST_TMPDIR/d/f")" base
}

@test "--read-only keeps volumes writable" {
  run_podctl '?' run --rm --read-only -v data:/d "$IMAGE" sh -c 'touch /d/f && echo volume; touch /tmp/f && echo tmp; touch /f'
  is "$status" 1
  is "$output" $'volume\ntmp'
}

@test "relative paths and bad options are refused" {
  run_podctl 125 create -v data:relative "$IMAGE"
  like "$stderr" '^Error: .*relative'
  run_podctl 125 create -v data:/d:sideways "$IMAGE"
  like "$stderr" '^Error: .*sideways'
  run_podctl 125 create -v a:b:c:d "$IMAGE"
  like "$stderr" '^Error: '
  is "$(volumes)" ""
}

@test "a volume of driver image has the image's content, and keeps what is written to it" {
  run_podctl 125 volume create --driver image
  is "$stderr" "Error: must provide an image name when creating a volume with the image driver: invalid argument"
  run_podctl 125 volume create --driver image --opt image=localhost/nosuch:1 gone
  is "$stderr" "Error: looking up image localhost/nosuch:1 to create volume failed: localhost/nosuch:1: image not known"
  run_podctl 125 volume create --driver image --opt image="$DATA_IMAGE" --opt size=1 gone
  is "$stderr" "Error: invalid mount option size for driver 'image': invalid argument"
  is "$(volumes)" ""
  run_podctl volume create --driver image --opt image="$DATA_IMAGE" content
  run_podctl run --rm -v content:/x "$IMAGE" sh -c 'cat /x/data/f; stat -c "%u:%g %a" /x/data; echo mine >/x/data/f'
  is "$output" $'from-image\n33:44 750'
  run_podctl run --rm -v content:/x:ro "$IMAGE" cat /x/data/f
  is "$output" mine
  run_podctl run --rm "$DATA_IMAGE" /busybox cat /data/f
  is "$output" from-image
}
