#!/bin/bash
# crashsweep.sh [-n KILLS] [-s SEED] [-S SIGNAL] [-m METHOD,...] [VERB...]
#
# Kill podctl in the middle of its verbs and look whether the next command puts
# things right. For each verb, KILLS times (default 20): prepare, start the verb,
# kill it, run either the same verb again, which must succeed, or another one;
# remove everything; and compare the host with how it was before. Prints "N
# kills, M bad"; fails if M is not 0. Run it through hack/isolate.sh.
#
# METHODs, by default all of them, at random:
#   time    at a random instant
#   call    at its k-th system call that changes something (strace)
#   child   each of podctl, conmon and the OCI runtime that comes to its k-th such
#           call. Without networks: a netavark that is killed whenever it runs, also
#           to undo what it did, leaves what it made
#   group   podctl and its process group, as a terminal does
#   all     podctl and every process of every container, as the end of a CI job
#           does
#   two     podctl and another one that runs the same verb
#   freeze  not killed but stopped at a call, as by SIGSTOP, while commands that
#           only read must answer; then killed or let go on. Only if asked for
#
# SIGNAL (default KILL) may be TERM or INT: podctl must then end by itself, and
# at once leave nothing half done.
#
# The same SEED (default: printed at the start) gives the same instants.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

kills=20 seed=$RANDOM signal=KILL methods=
while getopts n:s:S:m: opt; do
  case $opt in
    n) kills=$OPTARG ;;
    s) seed=$OPTARG ;;
    S) signal=$OPTARG ;;
    m) methods=${OPTARG//,/ } ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
verbs=("$@")
((${#verbs[@]})) || verbs=(pod-create pod-clone create clone run run-attached init start pod-start stop pod-stop
  restart pod-restart kill pause unpause exec connect disconnect update rm pod-rm volume-rm cleanup
  exit-command exit-command-rm exit-command-restart)
if [[ -z $methods ]]; then
  methods="time call call"
  [[ $signal != KILL ]] || methods+=" child group all two"
fi
read -r -a methods <<<"$methods"

# shellcheck source=hack/scratch.bash
. hack/scratch.bash

# What each verb needs to be there, and what it is. Names are no hex digits, or
# they would be prefixes of IDs. Most runs have no network: that is what takes
# the time. --time 0 keeps the sweep short.
pod() { p pod create --name w --network "$net" >/dev/null && p create --pod w --name x --stop-timeout 0 "$@" -v /data busybox sleep 1000 >/dev/null; }
running() { pod "$@" && p pod start w >/dev/null; }
# prepare VERB [METHOD]
prepare() {
  net=none
  ((RANDOM % 4)) || [[ ${2:-} == child ]] || net=podman
  case $1 in
    pod-create | run | run-attached) ;;
    create) p pod create --name w --network "$net" >/dev/null ;;
    init | start | pod-start | pod-clone | clone) pod ;;
    connect) p run -d --name x busybox sleep 1000 >/dev/null ;;
    disconnect) p run -d --network podman,n --name x busybox sleep 1000 >/dev/null ;;
    volume-rm) p volume create v >/dev/null && p create --name x -v v:/data busybox sleep 1000 >/dev/null ;;
    unpause) running && p pause x >/dev/null ;;
    cleanup) running && end_unseen x ;;
    exit-command-rm) running --rm ;;
    exit-command-restart) running --restart always ;;
    *) running ;;
  esac 2>"$work/clean"
}
verb_args() {
  case $1 in
    pod-create) echo pod create --name w --network "$net" -v /infra ;;
    pod-clone) echo pod clone --name y w ;;
    create) echo create --pod w --name x -v /data busybox sleep 1000 ;;
    clone) echo container clone x y ;;
    run) echo run -d --network "$net" --name x -v /data busybox sleep 1000 ;;
    run-attached) echo run --rm --network "$net" --name x -v /data busybox sleep 0.1 ;;
    pod-start | pod-restart) echo pod "${1#pod-}" w ;;
    stop | restart) echo "$1" --time 0 x ;;
    pod-stop) echo pod stop --time 0 w ;;
    kill) echo kill x ;;
    exec) echo exec x sleep 0.1 ;;
    connect | disconnect) echo network "$1" n x ;;
    update) echo update --memory 64m x ;;
    rm) echo rm --force --time 0 --volumes x ;;
    pod-rm) echo pod rm --force --time 0 w ;;
    volume-rm) echo volume rm --force v ;;
    cleanup) echo container cleanup x ;;
    exit-command*) echo ps ;; # conmon runs it
    *) echo "$1" x ;;
  esac
}

# What must hold once the same verb has succeeded, or has said that it had
# nothing to do: the container's state.
state_after() {
  case $1 in
    run | start | pod-start | restart | pod-restart | unpause | exec | connect | disconnect | update | exit-command-restart) echo running ;;
    stop | pod-stop | kill | cleanup | exit-command) echo exited ;;
    create | pod-clone | clone) echo created ;;
    init) echo initialized ;;
    pause) echo paused ;;
    *) echo gone ;;
  esac
}
state() { "$podctl" "${args[@]}" inspect --type container --format '{{.State.Status}}' x 2>/dev/null || echo gone; }

# holds VERB: what must hold does, at the latest in ten seconds
holds() {
  local want deadline=$((SECONDS + 10))
  want=$(state_after "$1")
  until [[ $(state) == "$want" ]]; do
    ((SECONDS < deadline)) || { echo "state $(state) instead of $want"; return 1; }
    # conmon may have been there a moment longer than its exit command.
    [[ $1 != exit-command* ]] || p volume prune --force >/dev/null
    sleep 0.05
  done
  case $1 in
    connect) attached_to 2 ;;
    disconnect) attached_to 1 ;;
  esac
}
attached_to() {
  local links
  links=$(p exec x ls /sys/class/net | grep -c eth)
  ((links == $1)) || { echo "$links network interfaces instead of $1"; return 1; }
  # What the host calls its end must be known to the row, too.
  links=$(p inspect --format '{{len .NetworkSettings.Networks}}' x)
  ((links == $1)) || { echo "inspect shows $links networks instead of $1"; return 1; }
}

# end_unseen CTR: ends a container and its conmon, so that nobody cleans up
end_unseen() {
  local pids
  pids=$(p inspect --type container --format '{{.State.ConmonPid}} {{.State.Pid}}' "$1") || return
  # shellcheck disable=SC2086 # two words
  kill -KILL $pids
  # Nobody here waits for them.
  while ps -o stat= -p "${pids// /,}" | grep -qv '^Z'; do sleep 0.01; done
}

# State-changing system calls of ours.
calls=fsync,fdatasync,mkdirat,mount,umount2,unlinkat,unlink,rename,renameat,renameat2,pwrite64,execve,clone3,clone,setns,unshare,write,kill,pidfd_send_signal
[[ ${methods[*]} != *freeze* ]] || calls+=,fcntl,flock # locks taken and given back

# traced FLAGS... -- WORDS...: podctl under strace; the process is podctl. As
# strace counts by thread, a podctl that lives on after a signal would get it again
# from another one, and that kills. Then the first thread alone is traced, on which
# commands run.
traced() {
  local flags=()
  [[ $signal != KILL ]] || flags=(-f)
  while [[ $1 != -- ]]; do flags+=("$1") && shift; done
  shift
  exec setsid strace -D -q -e trace="$calls" "${flags[@]}" "$podctl" "${args[@]}" "$@"
}

# end_tracers: strace goes on as long as there are conmons
end_tracers() {
  local pids
  pids=$(awk '/^TracerPid:\t[1-9]/ { print $2 }' /proc/[0-9]*/status 2>/dev/null | sort -u)
  # shellcheck disable=SC2086 # a list
  [[ -z $pids ]] || kill -KILL $pids
} 2>/dev/null

# list_calls VERB [FLAG...]: the calls the verb makes, as "NAME:ORDINAL": that of
# its kind in its thread, as strace counts them.
list_calls() {
  local words verb=$1
  shift
  prepare "$verb"
  read -r -a words < <(verb_args "$verb")
  (traced -o "$work/trace" "$@" -- "${words[@]}") >/dev/null 2>&1 </dev/null
  end_tracers
  clean_up
  sed -nE 's/^([0-9]+ +)?([a-z0-9_]+)\(.*/\2 \1/p' "$work/trace" | awk '{ print $1 ":" ++n[$1, $2] }' | sort -u
}

# others: the processes that are none of the script's, which has one session
others() {
  local dir stat own
  stat=$(<"/proc/$$/stat")
  read -r _ _ _ own _ <<<"${stat##*) }"
  for dir in /proc/[0-9]*; do
    { stat=$(<"$dir/stat"); } 2>/dev/null || continue
    read -r _ _ _ session _ <<<"${stat##*) }"
    [[ $session == "$own" || $session == 0 || ${dir#/proc/} == 1 ]] || echo "${dir#/proc/}"
  done
}

kill_all() {
  local pids
  for _ in 1 2 3; do # some start others meanwhile
    pids=$(others)
    # shellcheck disable=SC2086 # a list
    [[ -z $pids ]] || kill -KILL $pids
  done
  # Nobody here waits for them. What is frozen does not die.
  for _ in {1..100}; do
    pids=$(others)
    # shellcheck disable=SC2086 # a list
    if [[ -z $pids ]] || ! ps -o stat= -p ${pids//$'\n'/,} | grep -qv '^Z'; then break; fi
    sleep 0.01
  done
}

# await PID: its exit code; 124 if it does not end within a minute
await() {
  local deadline=$((SECONDS + 60))
  while kill -0 "$1"; do
    ((SECONDS < deadline)) || { kill -KILL "$1"; return 124; }
    sleep 0.01
  done
  wait "$1"
} 2>/dev/null

# frozen PID: waits until it is stopped; false if it ends before
frozen() {
  local state
  while state=$(awk '/^State:/ { print $2 }' "/proc/$1/status"); do
    case $state in
      T) return 0 ;;
      Z) return 1 ;;
    esac
    [[ $state != t ]] || ! grep -q -- '--- stopped by SIGSTOP ---' "$work/trace" || return 0
  done
  return 1
} 2>/dev/null

# reads_answer: whatever they answer, they do at once: ten seconds are for a host
# that is busy
reads_answer() {
  local words status
  for words in "ps --all" "pod ps" "inspect x" "pod inspect w" info "events --stream=false" doctor locks "volume ls"; do
    # shellcheck disable=SC2086 # words
    timeout -k 1 10 "$podctl" "${args[@]}" $words >"$work/again" 2>&1
    status=$?
    ((status < 124 || status == 125)) || { echo "$words: exit $status" >"$work/again"; return 1; }
    [[ $words != doctor || $status == 0 ]] || return 1
  done
}

# fraction MS: a random part of so many milliseconds, in seconds
fraction() { printf '%d.%03d' $((($1 * RANDOM / 32768) / 1000)) $((($1 * RANDOM / 32768) % 1000)); }

# run_killed METHOD ARG VERB: runs the verb until it is killed or ends
run_killed() {
  local method=$1 arg=$2 words pid pids status
  read -r -a words < <(verb_args "$3")
  case $method in
    call | child | freeze)
      local flags=(-b execve) signal=$signal
      [[ $method != child ]] || flags=()
      [[ $method != freeze ]] || signal=STOP
      traced -o "$work/trace" "${flags[@]}" -e inject="${arg/:/:signal=$signal:when=}" -- "${words[@]}" >"$work/out" 2>&1 </dev/null &
      ;;
    *) setsid "$podctl" "${args[@]}" "${words[@]}" >"$work/out" 2>&1 </dev/null & ;;
  esac
  pid=$!
  case $method in
    time) sleep "$arg"; kill -s "$signal" "$pid" ;;
    group) sleep "$arg"; kill -s "$signal" -- "-$pid" ;;
    all) sleep "$arg"; kill_all ;;
    freeze)
      if frozen "$pid"; then
        frozen_at=$((frozen_at + 1))
        reads_answer || complain "$3" "$method" "$arg" "meanwhile: $(tr '\n' ' ' <"$work/again")"
        end_tracers # or it would be stopped by other threads again
        if ((RANDOM % 2)); then kill -KILL "$pid"; else kill -CONT "$pid"; fi
      fi
      ;;
    two)
      setsid "$podctl" "${args[@]}" "${words[@]}" >"$work/out2" 2>&1 </dev/null &
      pids=$!
      sleep "$arg"
      kill -s "$signal" "$pid"
      sleep "$(fraction 20)"
      kill -s "$signal" "$pids"
      await "$pids"
      ;;
  esac
  await "$pid"
  status=$?
  end_tracers
  [[ $method != child ]] || ! grep -qE 'killed by SIGKILL' "$work/trace" || status=137
  return "$status"
} 2>/dev/null

# run_exit_command_killed ARG: lets the container end and kills its exit command
run_exit_command_killed() {
  local pid deadline=$((SECONDS + 5))
  # Not podctl kill, after which no policy starts it again.
  kill -KILL "$(p inspect --type container --format '{{.State.Pid}}' x)"
  until pid=$(pgrep -f "$work.* container cleanup"); do
    ((SECONDS < deadline)) || return 0
  done
  sleep "$1"
  # shellcheck disable=SC2086 # could be two
  kill -KILL $pid || return 0 # conmon's child: the next command waits for its end
  return 137
} 2>/dev/null

# again VERB METHOD: the verb must succeed now, or find its work done; then it is done
again() {
  local words
  read -r -a words < <(verb_args "$1")
  case $2/$1 in
    all/unpause) p unpause x; p start x ;; # what is frozen dies when it is thawed
    all/pause | all/exec | all/connect | all/disconnect | all/kill | all/restart | all/update) p start x ;; # it was killed, too
  esac >/dev/null 2>&1
  case $1 in
    exit-command*) words=(volume prune --force) ;; # any verb that changes something mends it
  esac
  if ! p "${words[@]}" >"$work/again" 2>&1; then
    case $1 in
      # Only its second half is missing, or the exit command is about to remove it.
      run | run-attached) grep -q 'already in use' "$work/again" && { p start x >/dev/null 2>&1 || succeeds "${words[@]}"; } ;;
      pod-create | pod-clone | create | clone) grep -qE 'already (exists|in use)' "$work/again" ;;
      init) grep -q 'already been created in runtime' "$work/again" ;;
      kill) grep -q 'can only kill running' "$work/again" ;;
      pause) grep -q 'already paused' "$work/again" ;;
      unpause) grep -q 'not paused' "$work/again" ;;
      connect) grep -q 'already connected' "$work/again" ;;
      disconnect) grep -q 'is not connected' "$work/again" ;;
      rm) grep -q 'no such container' "$work/again" ;;
      pod-rm) grep -q 'no such pod' "$work/again" ;;
      volume-rm) grep -q 'no such volume' "$work/again" ;;
      *) false ;;
    esac || return
  fi
  holds "$1" >>"$work/again"
}

# succeeds WORDS...: podctl does within ten seconds
succeeds() {
  local deadline=$((SECONDS + 10))
  until p "$@" >"$work/again" 2>&1; do
    ((SECONDS < deadline)) || return
    sleep 0.1
  done
}

# other VERB METHOD: any other verb must cope; after one that changes something nothing is amiss
other() {
  local which=$((RANDOM % 6))
  [[ $which != 2 || $1 != *pause ]] || which=0 # what is paused is not stopped
  # What is paused does not die of SIGKILL; that its conmon did is worth saying.
  [[ $which != 5 || $2/$1 != all/*pause ]] || which=4
  case $which in
    0) p ps -a ;;
    1) p pod ps ;;
    2) p pod stop --time 0 --ignore w ;;
    3) p create --name other busybox true && p rm other ;;
    4) p volume create other && p volume rm other ;;
    5) p volume create other && p doctor && p volume rm other ;;
  esac >"$work/again" 2>&1
}

# at_rest: nothing is half done. An exit command may still be at work.
at_rest() {
  local busy deadline=$((SECONDS + 5))
  while busy=$(sqlite3 -readonly "$ROOT/podctl/podctl.db" "
      SELECT 'container', name, state, intent FROM containers WHERE intent <> '' OR state IN ('creating', 'stopping', 'removing')
      UNION ALL SELECT 'pod', name, state, '' FROM pods WHERE state <> 'ready'
      UNION ALL SELECT 'volume', name, state, '' FROM volumes WHERE state <> 'ready'") && [[ -n $busy ]]; do
    ((SECONDS < deadline)) || { echo "$busy" >"$work/again"; return 1; }
    sleep 0.05
  done
}

bad=0 total=0 frozen_at=0
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
  local verb=$1 method=${methods[RANDOM % ${#methods[@]}]} arg status l deadline
  [[ $method != child || $verb != *connect ]] || method=call
  prepare "$verb" "$method" || { complain "$verb" - - "cannot prepare: $(cat "$work/clean" 2>/dev/null)"; clean_up; return; }
  case $method in
    call | freeze) arg=${own_calls[RANDOM % ${#own_calls[@]}]} ;;
    child) arg=${all_calls[RANDOM % ${#all_calls[@]}]} ;;
    *) arg=$(fraction "$max") ;;
  esac
  if [[ $verb == exit-command* ]]; then
    method=time arg=$(fraction 60)
    run_exit_command_killed "$arg"
  else
    run_killed "$method" "$arg" "$verb"
  fi
  status=$?
  case $status in
    0) ;;
    137) total=$((total + 1)) ;;
    124) complain "$verb" "$method" "$arg" "does not end: $(tr '\n' ' ' <"$work/out")" ;;
    *)
      [[ $signal == KILL ]] || total=$((total + 1))
      ;;
  esac
  if [[ $signal != KILL ]]; then
    at_rest || complain "$verb" "$method" "$arg" "exit $status ($(tr '\n' ' ' <"$work/out")), half done: $(tr '\n' ' ' <"$work/again")"
  fi
  if ((status != 0 && RANDOM % 2)); then
    again "$verb" "$method" || complain "$verb" "$method" "$arg" "the same verb again: $(tr '\n' ' ' <"$work/again")"
  else
    other "$verb" "$method" || complain "$verb" "$method" "$arg" "another verb: $(tr '\n' ' ' <"$work/again")"
  fi
  clean_up || complain "$verb" "$method" "$arg" "removal: $(tr '\n' ' ' <"$work/clean")"
  deadline=$((SECONDS + 10))
  while l=$(left) && [[ -n $l ]] && ((SECONDS < deadline)); do sleep 0.05; done
  [[ -z $l ]] || { complain "$verb" "$method" "$arg" "left behind:"$'\n'"$l"; look_at_host >"$work/before"; }
}

RANDOM=$seed
echo "seed $seed"
for verb in "${verbs[@]}"; do
  max=$(duration "$verb")
  mapfile -t own_calls < <(list_calls "$verb" -b execve)
  [[ " ${methods[*]} " != *" child "* ]] || mapfile -t all_calls < <(list_calls "$verb")
  before=$total bad_before=$bad
  for ((i = 0; i < kills; i++)); do sweep_once "$verb"; done
  echo "$verb: $((total - before)) kills, $((bad - bad_before)) bad (undisturbed $max ms)"
done
((frozen_at == 0)) || echo "stopped $frozen_at times"
echo "$total kills, $bad bad"
((bad == 0))
