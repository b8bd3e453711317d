#!/bin/bash
# stress.sh [-t SECONDS] [-j PROCESSES] [-k] [-s SEED]
#
# Many podctl processes do random verbs on a few shared pods (default: 32
# processes, 8 pods, 30 seconds), with -k some of them killed, while one more asks
# `podctl doctor` over and over. Fails if a command takes longer than a minute, if
# the database is ever "locked", if a command fails in a way that no order of the
# commands one after another would explain, if the doctor finds anything while
# nobody is killed, or if anything is left on the host after everything was
# removed. Prints "N commands, M bad", and how long the longest took. Run it
# through hack/isolate.sh, also with --user. STRESS_LOG names a file to which each
# command that was not killed adds a line: when it ended, ms, status, words, output.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

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

# shellcheck source=hack/scratch.bash
. hack/scratch.bash

limit=60000 # ms
p() { timeout -k 5 120 "$podctl" "${args[@]}" "$@"; }

# What another command that came first may make of this one.
expected='no such (pod|container|exec session)|already (exists|in use|been removed)|is in use|being removed|container state improper|running or paused'
expected+='|no container with name or ID|no pod with name or ID|removing pod containers|could not be stopped|not started|is not running|dependency'
expected+='|must be in Created or Stopped|dependent containers|failed to start|can only (kill|create exec|be used|attach)|has been removed|no containers in pod'
expected+='|no volume with name|volume is being used|network is already connected|is not connected to network|not running or paused|is not paused'
expected+='|without using Cgroups|rootless containers with cgroup V1' # a user's, where cgroups are of version 1
# Paused a moment ago, which its row does not say yet: the words of crun and runc.
expected+='|the container .* is paused|exec in a paused container'
# Who runs attached while another removes the pod loses the conmon that it attaches to.
expected+='|connect to attach socket .*conmon process killed'

random_words() {
  local pod=w$((RANDOM % 8)) ctr=x$((RANDOM % 16)) alone=y$((RANDOM % 4)) volume=v$((RANDOM % 4)) # no hex digits: nothing is a prefix of an ID
  case $((RANDOM % 40)) in
    0 | 1) echo pod create --name $pod ;;
    2 | 3 | 4 | 5) echo run -d --pod $pod --name $ctr --stop-timeout 1 busybox sleep 1000 ;;
    6) echo create --pod $pod --name $ctr -v /data -v $volume:/shared --stop-timeout 1 busybox sleep 1000 ;;
    7) echo run --rm --pod $pod busybox true ;;
    8 | 9) echo pod start $pod ;;
    10) echo pod stop --time 0 $pod ;;
    11) echo start $ctr ;;
    12) echo stop --time 0 $ctr ;;
    13) echo rm --force --time 0 $ctr ;;
    14 | 15) echo pod rm --force --time 0 $pod ;;
    16) echo pod inspect $pod ;;
    17) echo pod ps ;;
    18) echo ps --all ;;
    19) echo pod restart $pod ;;
    20) echo restart --time 0 $ctr ;;
    21) echo pause $ctr ;;
    22 | 23) echo unpause $ctr ;;
    24) echo kill $ctr ;;
    25) echo exec $ctr true ;;
    26) echo exec -d $ctr sleep 1000 ;;
    27) echo update --cpu-shares $((RANDOM % 1000 + 2)) $ctr ;;
    28) echo run -d --rm --name $alone --network n -v $volume:/shared --stop-timeout 1 busybox sleep 1000 ;;
    29) echo rm --force --time 0 $alone ;;
    30) echo network disconnect n $alone ;;
    31) echo network connect n $alone ;;
    32) echo volume create --ignore $volume ;;
    33) echo volume rm $volume ;;
    34) echo pod create --replace --name $pod ;;
    35) echo create --replace --pod $pod --name $ctr --restart always --stop-timeout 1 busybox sleep 1000 ;;
    36) echo init $ctr ;;
    37) echo pod pause $pod ;;
    38) echo pod unpause $pod ;;
    39) echo pod kill $pod ;;
  esac
}

# timed WORDS...: p, output in $said; sets status and took, in ms
timed() {
  local started=${EPOCHREALTIME/./}
  p "$@" >"$said" 2>&1 </dev/null
  status=$?
  took=$(((${EPOCHREALTIME/./} - started) / 1000))
}

worker() {
  local n=0 max=0 words said=$work/said.$1 status took
  RANDOM=$((seed + $1))
  while ((SECONDS < seconds)); do
    read -r -a words < <(random_words)
    n=$((n + 1))
    if ((kill && RANDOM % 10 == 0)); then
      timeout -s KILL 0.$((RANDOM % 3))$((RANDOM % 10)) "$podctl" "${args[@]}" "${words[@]}" >"$said" 2>&1 </dev/null
      continue # whatever it came to
    fi
    timed "${words[@]}"
    [[ -z ${STRESS_LOG:-} ]] || echo "$EPOCHREALTIME $took $status ${words[*]}: $(tr '\n' '|' <"$said")" >>"$STRESS_LOG"
    ((took <= max)) || max=$took
    if ((took > limit)); then
      echo "BAD: $took ms: ${words[*]}" >>"$work/bad"
    elif grep -q 'database is locked' "$said"; then
      echo "BAD: ${words[*]}: $(<"$said")" >>"$work/bad"
    elif ((status != 0)) && grep '^Error' "$said" | grep -qvE "$expected"; then
      echo "BAD: ${words[*]}: exit $status: $(<"$said")" >>"$work/bad"
    fi
  done
  echo "$n $max" >"$work/count.$1"
} 2>/dev/null

# What a killed command left is a finding until the next one mends it; and that
# may be long in coming if it waits for a lock.
doctor() {
  local n=0 max=0 said=$work/said.doctor status took
  while ((SECONDS < seconds)); do
    timed doctor
    n=$((n + 1))
    ((took <= max)) || max=$took
    if ((took > limit || status > 1 || (status == 1 && !kill))); then
      echo "BAD: doctor: exit $status after $took ms: $(<"$said")" >>"$work/bad"
    fi
    sleep 0.5
  done
  echo "$n $max" >"$work/doctor"
} 2>/dev/null

echo "seed $seed"
: >"$work/bad"
SECONDS=0
for ((i = 0; i < jobs; i++)); do worker "$i" & done
doctor &
wait
clean_up || echo "BAD: removal: $(<"$work/clean")" >>"$work/bad"
LEFTOVER_SECONDS=20 assert_nothing_left "$work/before" >>"$work/bad" || true
cat "$work/bad"
read -r looks longest_look <"$work/doctor"
total=0 longest=0
for f in "$work"/count.*; do
  read -r n max <"$f"
  total=$((total + n))
  ((max <= longest)) || longest=$max
done
bad=$(grep -cE '^(BAD|FAIL)' "$work/bad")
echo "longest command $longest ms; doctor asked $looks times, longest answer $longest_look ms"
echo "$total commands, $bad bad"
((bad == 0))
