#!/bin/bash
# peer.sh
#
# Get podman and what it needs from Debian, without installing it: unpacked into
# ~/.cache/podctl/peer/VERSION, with a containers.conf for it and podctl. Prints
# that directory. Ends with 3, saying why, where Debian cannot be asked.
set -euo pipefail

packages=(podman golang-github-containers-common golang-github-containers-image libgpgme11 libassuan0 libsubid4 libdevmapper1.02.1)

unable() {
  echo "peer: $*" >&2
  exit 3
}

command -v apt-get >/dev/null || unable "there is no apt-get: not a Debian host"
candidate() { apt-cache policy podman 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'; }
version=$(candidate)
if [[ -z $version ]]; then
  apt-get -q update >/dev/null 2>&1 || unable "apt-get update failed"
  version=$(candidate)
  [[ -n $version ]] || unable "apt has no podman"
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/podctl/peer
dir=$cache/${version//[^a-zA-Z0-9.+-]/_}
if [[ ! -e $dir/containers.conf ]]; then
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/debs"
  if ! (cd "$work/debs" && apt-get -q download "${packages[@]}") >"$work/log" 2>&1; then
    cat "$work/log" >&2
    unable "the packages cannot be downloaded"
  fi
  for deb in "$work"/debs/*.deb; do
    dpkg -x "$deb" "$work"
  done
  rm -rf "$work/debs" "$work/log"
  libraries=$(dirname "$(find "$work/usr/lib" -name 'libgpgme.so.11')")
  # Both programs read it: the same OCI runtime, monitor, cgroups and limits.
  cat >"$work/containers.conf" <<EOF
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
num_locks = 65536 # a pod of three takes four of podman's locks, of which it has 2048
helper_binaries_dir = ["/usr/lib/podman", "/usr/libexec/podman", "/usr/bin"]
conmon_env_vars = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH=$dir${libraries#"$work"}"]
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=9000:9000"]
log_driver = "k8s-file"
[network]
network_backend = "netavark"
EOF
  echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$work/policy.json"
  cat >"$work/podman" <<EOF
#!/bin/sh
LD_LIBRARY_PATH=$dir${libraries#"$work"} exec $dir/usr/bin/podman "\$@"
EOF
  chmod 755 "$work" "$work/podman"
  if ! mv -T "$work" "$dir" 2>/dev/null; then
    [[ -e $dir/containers.conf ]] || unable "cannot make $dir"
  fi
fi
LD_LIBRARY_PATH='' "$dir/podman" --version >/dev/null || unable "podman $version does not run on this host"
echo "$dir"
