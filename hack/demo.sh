#!/bin/bash
# Run a pod of real containers from creation to removal, printing each command.
# All state is in a directory of its own, removed at the end; the network
# "podman" (10.88.0.0/16) is the only thing shared with other tools.
set -euo pipefail
cd "$(dirname "$0")/.."

port=${PORT:-8080}
work=$(mktemp -d /tmp/podctl-demo.XXXXXX)
binary=$PWD/bin/podctl

podctl() { "$binary" --root "$work/root" --runroot "$work/run" "$@"; }

cleanup() {
  podctl pod rm --force --all --time 0 >/dev/null 2>&1 || true
  podctl rmi --force --all >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT

say() { printf '\n# %s\n' "$*"; }

# show CMD...: print a command as a user would type it, then run it.
show() {
  local word
  printf '$'
  for word; do
    if [[ $word =~ ^[A-Za-z0-9_./:=,-]+$ ]]; then printf ' %s' "$word"; else printf " '%s'" "$word"; fi
  done
  printf '\n'
  "$@"
}

# until_true SECONDS CMD...
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

answers() { curl --silent --fail --max-time 2 "http://127.0.0.1:$port/" >/dev/null; }

# Cgroups of podctl's that are there, whoever's.
# Tests that run at the same time have their own (isolate.sh).
cgroups() { find /sys/fs/cgroup -type d -name 'podctl-test.*' -prune -o -type d -path '*podctl[-_]*' -print 2>/dev/null | sort; }

if ((EUID != 0)); then
  echo "demo: run it as root" >&2
  exit 1
fi

before=$(cgroups)
say "podctl is bin/podctl with --root and --runroot below $work"
show podctl version --format '{{.Client.Version}}'

say "An image from this host's own busybox"
hack/busybox-image.sh "$work/busybox.tar"
show podctl load --quiet --input "$work/busybox.tar"

say "A pod with a published port, and three containers in it: db <- app <- web"
show podctl pod create --name demo --publish "$port:80"
show podctl create --pod demo --name db --stop-timeout 1 busybox sleep 1000
show podctl create --pod demo --name app --requires db --stop-timeout 1 busybox sleep 1000
show podctl create --pod demo --name web --requires app --stop-timeout 1 busybox \
  sh -c 'mkdir /www; echo "Hello from a pod" >/www/index.html; exec httpd -f -h /www'

say "Start it: what depends on nothing first"
show podctl pod start --dry-run demo
show podctl pod start demo
show podctl pod ps
show podctl ps --pod --format 'table {{.Names}} {{.Status}} {{.PodName}} {{.Ports}}'
show podctl events --stream=false --since 1m --filter event=start --format '{{.Type}} {{.Status}} {{.Name}}'

say "web answers through the published port"
until_true 10 answers
show curl --silent "http://127.0.0.1:$port/"

say "Stop it: what nothing depends on first"
show podctl pod stop demo
show podctl pod ps

say "Remove it"
show podctl pod start demo
show podctl pod rm --force --time 0 demo

say "Nothing is left"
show podctl pod ps
show podctl ps --all
show podctl volume ls
left=$(comm -13 <(echo "$before") <(cgroups); grep "$work/" /proc/self/mountinfo || true; pgrep -f "$work/" || true)
if [[ -n $left ]]; then
  printf 'left behind:\n%s\n' "$left" >&2
  exit 1
fi
echo "no process, mount or cgroup"
