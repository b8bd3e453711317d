#!/bin/bash
# stress.sh [-t SECONDS] [-j PROCESSES] [-k] [-s SEED]
#
# Many podctl processes do random verbs on a few shared pods (default: 32
# processes, 8 pods, 30 seconds), with -k some of them killed. Fails if a
# command takes longer than a minute, if the database is ever "locked", if a
# command fails in a way that no order of the commands one after another would
# explain, or if anything is left on the host after everything was removed.
# Prints "N commands, M bad". Run it through hack/isolate.sh.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
repo=$PWD
# shellcheck source=test/system/leftovers.bash
. test/system/leftovers.bash

seconds=30 jobs=32 kill=0 seed=$RANDOM
while getopts t:j:ks: opt; do
  case $opt in
    t) seconds=$OPTARG ;;
    j) jobs=$OPTARG ;;
    k) kill=1 ;;
    s) seed=$OPTARG ;;
    *) exit 2 ;;
  esac
done

podctl=${PODCTL:-$repo/bin/podctl}
work=$(mktemp -d /tmp/stress.XXXXXX)
trap 'umount -l "$work/root/overlay" 2>/dev/null; rm -rf --one-file-system "$work"' EXIT
BATS_FILE_TMPDIR=$work # what leftovers.bash calls ours
ROOT=$work/root RUNROOT=$work/run TMP=$work/tmp
args=(--root "$ROOT" --runroot "$RUNROOT" --tmpdir "$TMP" --network-config-dir "$work/net")
mkdir -p "$ROOT" "$RUNROOT" "$TMP" "$work/net"
export PODCTL_LEASES=${PODCTL_LEASES:-$repo/bin/leases}

p() { timeout -k 5 120 "$podctl" "${args[@]}" "$@"; }

# What another command that came first may make of this one.
expected='no such (pod|container|exec session)|already (exists|in use|been removed)|is in use|being removed|container state improper|running or paused'
expected+='|no container with name or ID|no pod with name or ID|removing pod containers|could not be stopped|not started|is not running|dependency'
expected+='|must be in Created or Stopped|dependent containers|failed to start|can only (kill|create exec|be used)|has been removed|no containers in pod'

random_words() {
  local pod=w$((RANDOM % 8)) ctr=x$((RANDOM % 16)) # no hex digits: nothing is a prefix of an ID
  case $((RANDOM % 16)) in
    0 | 1) echo pod create --name $pod ;;
    2 | 3 | 4) echo run -d --pod $pod --name $ctr busybox sleep 1000 ;;
    5) echo create --pod $pod --name $ctr -v /data busybox sleep 1000 ;;
    6) echo run --rm --pod $pod busybox true ;;
    7) echo pod start $pod ;;
    8) echo pod stop --time 0 $pod ;;
    9) echo start $ctr ;;
    10) echo stop --time 0 $ctr ;;
    11) echo rm --force --time 0 $ctr ;;
    12) echo pod rm --force --time 0 $pod ;;
    13) echo pod inspect $pod ;;
    14) echo pod ps ;;
    15) echo ps --all ;;
  esac
}

worker() {
  local n=0 words said=$work/said.$1 status started
  RANDOM=$((seed + $1))
  while ((SECONDS < seconds)); do
    read -r -a words < <(random_words)
    started=$SECONDS
    if ((kill && RANDOM % 10 == 0)); then
      timeout -s KILL 0.$((RANDOM % 3))$((RANDOM % 10)) "$podctl" "${args[@]}" "${words[@]}" >"$said" 2>&1 </dev/null
      status=0 # whatever it came to
    else
      p "${words[@]}" >"$said" 2>&1 </dev/null
      status=$?
    fi
    n=$((n + 1))
    if ((SECONDS - started > 60)); then
      echo "BAD: $((SECONDS - started)) seconds: ${words[*]}" >>"$work/bad"
    fi
    if grep -q 'database is locked' "$said"; then
      echo "BAD: ${words[*]}: $(<"$said")" >>"$work/bad"
    elif ((status != 0)) && grep '^Error' "$said" | grep -qvE "$expected"; then
      echo "BAD: ${words[*]}: exit $status: $(<"$said")" >>"$work/bad"
    fi
  done
  echo "$n" >"$work/count.$1"
} 2>/dev/null

echo "seed $seed"
hack/busybox-image.sh "$work/busybox.tar" localhost/busybox:latest
p load -q -i "$work/busybox.tar" >/dev/null || exit 1
p pod create --name warm >/dev/null && p pod start warm >/dev/null && p pod rm -f -t 0 warm >/dev/null || exit 1
look_at_host >"$work/before"
: >"$work/bad"
SECONDS=0
for ((i = 0; i < jobs; i++)); do worker "$i" & done
wait
p pod rm --all --force --time 0 >"$work/clean" 2>&1 || echo "BAD: removal: $(<"$work/clean")" >>"$work/bad"
p rm --all --force --time 0 >"$work/clean" 2>&1 || echo "BAD: removal: $(<"$work/clean")" >>"$work/bad"
p volume prune --force >/dev/null
LEFTOVER_SECONDS=20 assert_nothing_left "$work/before" >>"$work/bad" || true
cat "$work/bad"
total=0
for f in "$work"/count.*; do total=$((total + $(<"$f"))); done
bad=$(grep -cE '^(BAD|FAIL)' "$work/bad")
echo "$total commands, $bad bad"
((bad == 0))
