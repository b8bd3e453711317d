#!/bin/bash
# crashsweep.sh [-n KILLS] [-s SEED] [VERB...]
#
# Kill podctl in the middle of its verbs and look whether the next command puts
# things right. For each verb, KILLS times (default 20): prepare, start the
# verb, kill it with SIGKILL at a random time or at its k-th system call that
# changes something (strace), then run either the same verb again, which must
# succeed, or another one; remove everything; and compare the host with how it
# was before. Prints "N kills, M bad"; fails if M is not 0.
#
# The same SEED (default: printed at the start) gives the same instants.
# Run it through hack/isolate.sh: it removes every pod it sees.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
repo=$PWD
# shellcheck source=test/system/leftovers.bash
. test/system/leftovers.bash

kills=20 seed=$RANDOM
while getopts n:s: opt; do
  case $opt in
    n) kills=$OPTARG ;;
    s) seed=$OPTARG ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
verbs=("$@")
((${#verbs[@]})) || verbs=(pod-create create run start pod-start stop pod-stop rm pod-rm cleanup)

podctl=${PODCTL:-$repo/bin/podctl}
work=$(mktemp -d /tmp/crash.XXXXXX)
trap 'umount -l "$work/root/overlay" 2>/dev/null; rm -rf --one-file-system "$work"' EXIT
BATS_FILE_TMPDIR=$work # what leftovers.bash calls ours
ROOT=$work/root RUNROOT=$work/run TMP=$work/tmp
args=(--root "$ROOT" --runroot "$RUNROOT" --tmpdir "$TMP" --network-config-dir "$work/net")
mkdir -p "$ROOT" "$RUNROOT" "$TMP" "$work/net"
export PODCTL_LEASES=${PODCTL_LEASES:-$repo/bin/leases}
left() { comm -13 "$work/before" <(look_at_host); }

p() { timeout -k 5 60 "$podctl" "${args[@]}" "$@"; }

# What each verb needs to be there, and what it is. Names are no hex digits, or
# they would be prefixes of IDs. The container ignores
# nothing: --time 0 keeps the sweep short.
pod() { p pod create --name w >/dev/null && p create --pod w --name x -v /data busybox sleep 1000 >/dev/null; }
prepare() {
  case $1 in
    pod-create | run) ;;
    create) p pod create --name w >/dev/null ;;
    start | pod-start) pod ;;
    *) pod && p pod start w >/dev/null ;;
  esac
}
verb_args() {
  case $1 in
    pod-create) echo pod create --name w -v /infra ;;
    create) echo create --pod w --name x -v /data busybox sleep 1000 ;;
    run) echo run -d --pod new:w --name x -v /data busybox sleep 1000 ;;
    start) echo start x ;;
    pod-start) echo pod start w ;;
    stop) echo stop --time 0 x ;;
    pod-stop) echo pod stop --time 0 w ;;
    rm) echo rm --force --time 0 x ;;
    pod-rm) echo pod rm --force --time 0 w ;;
    cleanup) echo kill x ;; # what conmon runs then is killed
  esac
}

# State-changing system calls of ours; the k-th one kills.
calls=fsync,fdatasync,mkdirat,mount,umount2,unlinkat,unlink,rename,renameat,renameat2,pwrite64,execve,clone3,clone,openat,fcntl,setns,unshare

# run_killed METHOD ARG VERB: runs the verb until it is killed or ends
run_killed() {
  local method=$1 arg=$2 words pid
  read -r -a words < <(verb_args "$3")
  if [[ $method == time ]]; then
    "$podctl" "${args[@]}" "${words[@]}" >"$work/out" 2>&1 </dev/null &
    pid=$!
    sleep "$arg"
    kill -KILL "$pid"
  else
    strace -D -f -qq -o /dev/null -e trace="$calls" -e inject="$calls:signal=KILL:when=$arg" \
      "$podctl" "${args[@]}" "${words[@]}" >"$work/out" 2>&1 </dev/null &
    pid=$!
  fi
  wait "$pid"
  local status=$?
  [[ $method == time ]] || pkill -KILL -x strace
  return "$status"
} 2>/dev/null

# run_cleanup_killed ARG: lets the container end and kills its exit command
run_cleanup_killed() {
  p kill --signal KILL x >/dev/null 2>&1
  sleep "$1"
  pkill -KILL -f "$work.* container cleanup" && return 137
  return 0
}

# again VERB: the verb must succeed now, or find its work done
again() {
  local words
  read -r -a words < <(verb_args "$1")
  [[ $1 == cleanup ]] && words=(start x)
  p "${words[@]}" >"$work/again" 2>&1 && return 0
  case $1 in
    pod-create | create | run) grep -qE 'already (exists|in use)' "$work/again" ;;
    rm) grep -q 'no such container' "$work/again" ;;
    pod-rm) grep -q 'no such pod' "$work/again" ;;
    *) return 1 ;;
  esac
}

# other VERB: any other verb must cope
other() {
  case $((RANDOM % 4)) in
    0) p ps -a ;;
    1) p pod ps ;;
    2) p pod stop --time 0 --ignore w ;;
    3) p create --name other busybox true && p rm other ;;
  esac >"$work/again" 2>&1
}

clean_up() {
  p pod rm --all --force --time 0 >"$work/clean" 2>&1 && p rm --all --force --time 0 >>"$work/clean" 2>&1 &&
    p volume prune --force >>"$work/clean" 2>&1
}

bad=0 total=0
complain() {
  bad=$((bad + 1))
  printf 'BAD: %s killed by %s %s: %s\n' "$1" "$2" "$3" "$4"
}

# duration VERB: how long the verb takes undisturbed, in milliseconds
duration() {
  local words start
  prepare "$1"
  read -r -a words < <(verb_args "$1")
  start=${EPOCHREALTIME/./}
  p "${words[@]}" >/dev/null 2>&1
  echo $(((${EPOCHREALTIME/./} - start) / 1000 + 1))
  clean_up
}

sweep_once() {
  local verb=$1 max=$2 method=time arg status l deadline
  prepare "$verb" || { complain "$verb" - - "cannot prepare: $(cat "$work/clean" 2>/dev/null)"; return; }
  if ((RANDOM % 2)) && [[ $verb != cleanup ]] && command -v strace >/dev/null; then
    method=call arg=$((1 + RANDOM % 60))
  else
    arg=$(printf '%d.%03d' 0 $((RANDOM % max)))
  fi
  if [[ $verb == cleanup ]]; then
    run_cleanup_killed "0.0$((RANDOM % 60 + 10))"
  else
    run_killed "$method" "$arg" "$verb"
  fi
  status=$?
  ((status != 137)) || total=$((total + 1))
  if ((status == 137 && RANDOM % 2)); then
    again "$verb" || complain "$verb" "$method" "$arg" "the same verb again: $(tr '\n' ' ' <"$work/again")"
  else
    other "$verb" || complain "$verb" "$method" "$arg" "another verb: $(tr '\n' ' ' <"$work/again")"
  fi
  clean_up || complain "$verb" "$method" "$arg" "removal: $(tr '\n' ' ' <"$work/clean")"
  deadline=$((SECONDS + 5))
  while l=$(left) && [[ -n $l ]] && ((SECONDS < deadline)); do sleep 0.05; done
  [[ -z $l ]] || { complain "$verb" "$method" "$arg" "left behind:"$'\n'"$l"; look_at_host >"$work/before"; }
}

RANDOM=$seed
echo "seed $seed"
hack/busybox-image.sh "$work/busybox.tar" localhost/busybox:latest
p load -q -i "$work/busybox.tar" >/dev/null || exit 1
p pod create --name warm >/dev/null && p pod start warm >/dev/null && p pod rm -f -t 0 warm >/dev/null || exit 1
look_at_host >"$work/before"
for verb in "${verbs[@]}"; do
  max=$(duration "$verb")
  before=$total bad_before=$bad
  for ((i = 0; i < kills; i++)); do sweep_once "$verb" "$max"; done
  echo "$verb: $((total - before)) kills, $((bad - bad_before)) bad (undisturbed ${max} ms)"
done
echo "$total kills, $bad bad"
((bad == 0))
