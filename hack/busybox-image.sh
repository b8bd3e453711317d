#!/bin/bash
# busybox-image.sh OUT.tar [NAME:TAG]
#
# Make a small image without a network: the host's static busybox with a link
# for each of its applets, as an archive that podctl load, podman load and
# docker load take. Two runs over the same busybox make the same archive.
set -euo pipefail

out=${1:?usage: busybox-image.sh OUT.tar [NAME:TAG]}
name=${2:-localhost/busybox:latest}
busybox=${BUSYBOX:-/bin/busybox}

if ldd "$busybox" >/dev/null 2>&1; then
  echo "busybox-image: $busybox is not static; install busybox-static" >&2
  exit 1
fi

case $(uname -m) in
  x86_64) arch=amd64 ;;
  aarch64) arch=arm64 ;;
  *) arch=$(uname -m) ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

# reproducible_tar ARCHIVE DIRECTORY: the names in DIRECTORY, without owner or time
reproducible_tar() {
  (cd "$2" && tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf "$1" -- *)
}

make_rootfs() {
  local rootfs=$1
  mkdir -p "$rootfs"/{bin,dev,etc,home,proc,root,run,sys,tmp,usr,var/spool/mail}
  chmod 1777 "$rootfs/tmp"
  chmod 0700 "$rootfs/root"
  ln -s ../bin "$rootfs/usr/bin"
  ln -s bin "$rootfs/sbin"
  install -m 0755 "$busybox" "$rootfs/bin/busybox"
  # One process for four hundred links.
  "$busybox" --list | (cd "$rootfs/bin" && perl -lne 'symlink "busybox", $_ or die "$_: $!\n" unless $_ eq "busybox"')
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534:nobody:/home:/bin/false' >"$rootfs/etc/passwd"
  printf '%s\n' 'root:x:0:' 'tty:x:5:' 'nogroup:x:65534:' >"$rootfs/etc/group"
}

make_rootfs "$work/rootfs"
mkdir "$work/image"
reproducible_tar "$work/layer.tar" "$work/rootfs"
layer=$(sha256sum <"$work/layer.tar" | cut -d ' ' -f 1)
mkdir "$work/image/$layer"
mv "$work/layer.tar" "$work/image/$layer/layer.tar"

jq -cn --arg layer "sha256:$layer" --arg arch "$arch" '{
  architecture: $arch, os: "linux", created: "1970-01-01T00:00:00Z",
  config: {Cmd: ["sh"], Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
  rootfs: {type: "layers", diff_ids: [$layer]},
  history: [{created: "1970-01-01T00:00:00Z", created_by: "busybox-image.sh"}]
}' >"$work/config.json"
config=$(sha256sum <"$work/config.json" | cut -d ' ' -f 1).json
mv "$work/config.json" "$work/image/$config"

jq -cn --arg config "$config" --arg name "$name" --arg layer "$layer/layer.tar" \
  '[{Config: $config, RepoTags: [$name], Layers: [$layer]}]' >"$work/image/manifest.json"
reproducible_tar "$work/image.tar" "$work/image"
mv "$work/image.tar" "$out"
