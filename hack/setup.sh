#!/bin/bash
# Install the Debian packages that building and testing podctl needs.
# Safe to run again; changes no configuration of the host. Go is only checked
# for: Debian 12's own is too old, and which one to use is the user's choice.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  gcc make pkg-config libseccomp-dev libsystemd-dev # build
  conmon runc crun catatonit                        # containers
  netavark aardvark-dns iproute2 nftables iptables  # networks
  uidmap passt slirp4netns                          # rootless
  bats busybox-static curl jq procps shellcheck sqlite3 strace # tests
  spin                                              # model
)
# For the virtual machine of hack/testvm, which is told of and left out where
# these cannot be had.
machine_packages=(mmdebstrap qemu-system-x86 e2fsprogs)

# Prints those of its arguments that are not installed.
missing() {
  local package
  for package; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

# Stops with advice unless the go in PATH is at least what go.mod asks for.
check_go() {
  local want have
  want=$(awk '$1 == "go" { print $2; exit }' go.mod)
  if ! command -v go >/dev/null; then
    echo "setup: Go $want or newer is needed and no go is in PATH; install it from https://go.dev/dl/" >&2
    exit 1
  fi
  have=$(GOTOOLCHAIN=local go env GOVERSION)
  have=${have#go}
  if [[ $(printf '%s\n' "$want" "$have" | sort -V | head -n 1) != "$want" ]]; then
    echo "setup: go.mod needs Go $want, $(command -v go) is $have; install a newer one from https://go.dev/dl/" >&2
    exit 1
  fi
}

install_packages() {
  local as_root=() log
  if ((EUID != 0)); then
    command -v sudo >/dev/null || { echo "setup: run as root to install: $*" >&2; exit 1; }
    as_root=(sudo)
  fi
  log=$(mktemp)
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
  if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
  printf 'setup: installed %s\n' "$@"
}

check_go
mapfile -t wanted < <(missing "${packages[@]}")
if ((${#wanted[@]} == 0)); then
  echo "setup: all packages present"
else
  install_packages "${wanted[@]}"
fi
mapfile -t wanted < <(missing "${machine_packages[@]}")
if ((${#wanted[@]})) && ! install_packages "${wanted[@]}"; then
  echo "setup: without ${wanted[*]} the tests in a virtual machine are skipped" >&2
fi
