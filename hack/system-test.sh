#!/bin/bash
# system-test.sh [--user] [FILE.bats...]
#
# Run the system tests, by default all of test/system/, and print one TAP
# stream that ends in "N passed, N failed, N skipped". With --user they run as
# an ordinary user, tester, who is made for each file (see isolate.sh); by default
# those that are worth it there.
#
#   JOBS=N     files at a time (default: one per CPU)
#   ISOLATE=0  run on the host itself, one file at a time, instead of each
#              file in namespaces of its own (see isolate.sh). Needed for what
#              needs systemd.
#   FILTER=RE  only tests whose name matches
#   AGAIN=1    run a file in which a test failed once more, when all others are
#              done: the second run counts, and the first one's failures are
#              shown and named at the end
#   PODCTL_TEST_SLOWNESS=N  multiply all limits of time (default: 1)
#   PODCTL_TEST_BUDGET=N  begin no test after N seconds; skip those
#   PODCTL=X   the binary to test (default: bin/podctl)
#
# Fails if a test failed, if a file ended before its last test, or if no test
# ran.
set -euo pipefail
cd "$(dirname "$0")/.."

user=()
if [[ ${1:-} == --user ]]; then
  user=(--user)
  shift
fi
isolate=${ISOLATE:-1}
jobs=${JOBS:-$(nproc)}
((isolate)) || jobs=1
slowness=${PODCTL_TEST_SLOWNESS:-1}
file_timeout=$((1800 * slowness)) # seconds; the whole file, against a hang of bats itself
export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-$((180 * slowness))}
export PODCTL=${PODCTL:-$PWD/bin/podctl}
export PODCTL_LEFTOVERS=${PODCTL_LEFTOVERS:-$PWD/bin/leftovers}
export PODCTL_TEST_ISOLATED=$isolate

# What users see differently than root does, and each kind of thing once.
user_files=(
  900-rootless.bats 110-pod-lifecycle.bats 120-pod-remove.bats 220-container-remove.bats 300-pod-ps.bats 330-inspect.bats
  410-run.bats 420-exec.bats 430-logs.bats 510-pod-create.bats 540-volumes.bats 570-dependencies.bats 801-pod-clone.bats
  802-secrets.bats 804-rootfs.bats 806-health.bats 809-cp.bats 700-crash.bats 701-crash-pods.bats 710-stress.bats
)

# set_deadline: counts PODCTL_TEST_BUDGET from now, for the tests to look at
set_deadline() {
  local uptime
  [[ -n ${PODCTL_TEST_BUDGET:-} ]] || return 0
  read -r uptime _ </proc/uptime
  export PODCTL_TEST_DEADLINE=$((${uptime%.*} + PODCTL_TEST_BUDGET))
}

work=$(mktemp -d /tmp/podctl-test.XXXXXX)
trap 'rm -rf "$work"' EXIT

# run_file FILE: leaves FILE's output and exit status in $work
run_file() {
  local file=$1 name args tmp status=0
  name=$(basename "$file" .bats)
  # Paths of sockets may have 107 bytes only, so the tests' own paths are short.
  args=(bats --tap --timing ${FILTER:+--filter "$FILTER"})
  if ((isolate)); then
    ((${#user[@]})) && tmp=/run/u/t || tmp=/run/t
    args=(hack/isolate.sh "${user[@]}" "${args[@]}" --tempdir "$tmp")
  else
    args+=(--tempdir "$work/t")
  fi
  timeout -k 30 "$file_timeout" "${args[@]}" "$file" >"$work/$name.tap" 2>&1 </dev/null || status=$?
  rm -rf "$work/t"
  echo "$status" >"$work/$name.status"
}

# failed_first FILE: whether FILE failed and is to be run again, said with what
# failed in it
failed_first() {
  local name
  name=$(basename "$1" .bats)
  [[ ${AGAIN:-0} != 0 && $(<"$work/$name.status") != 0 ]] || return 1
  echo "# $name failed and is run again at the end:"
  awk '/^(not )?ok / { bad = /^not / } bad || !/^(ok |1\.\.)/ { print "# " $0 }' "$work/$name.tap"
  again+=("$1")
}

# merge FILE: prints FILE's tests, numbered on from those before, adds them to
# the counts, and keeps the reasons of what was skipped.
ran=0 passed=0 failed=0 skipped=0
merge() {
  local name
  name=$(basename "$1" .bats)
  awk -v base="$ran" -v name="$name" -v filter="${FILTER:-}" -v status="$(<"$work/$name.status")" -v reasons="$work/reasons" -v counts="$work/counts" '
    /^1\.\.[0-9]+$/ { planned = substr($0, 4) + 0; next }
    /^(not )?ok [0-9]+/ {
      n++
      bad = /^not /
      title = $0
      sub(/^(not )?ok [0-9]+ /, "", title)
      if (bad) failed++
      else if (title ~ / # skip/) {
        skipped++
        reason = title
        sub(/ in [0-9]+ms # skip/, ":", reason)
        print "# skipped: " name ": " reason >>reasons
      } else passed++
      print (bad ? "not ok " : "ok ") base + n " " name ": " title
      next
    }
    /^#/ { print; next }
    { print "# " $0 }
    END {
      # A file without a test was not read to its end, unless a filter left none.
      if (n < planned || (status != 0 && !failed) || (n == 0 && filter == "")) {
        failed++
        print "not ok " base + ++n " " name ": ended with status " status " after " n - 1 " of " planned + 0 " tests"
      }
      print n + 0, passed + 0, failed + 0, skipped + 0 >counts
    }' "$work/$name.tap"
  local n p f s
  read -r n p f s <"$work/counts"
  ((ran += n, passed += p, failed += f, skipped += s)) || true
}

# finish_one: waits for one of the files that run
finish_one() {
  local pid
  wait -n -p pid || true
  ((running--)) || true
  failed_first "${file_of[$pid]}" || merge "${file_of[$pid]}"
}

main() {
  set_deadline
  local files=("$@") again=() file running=0
  local -A file_of
  if ((${#files[@]} == 0)); then
    files=(test/system/*.bats)
    ((${#user[@]} == 0)) || files=("${user_files[@]/#/test/system/}")
  fi
  for file in "${files[@]}"; do
    if ((running == jobs)); then
      finish_one
    fi
    run_file "$file" &
    file_of[$!]=$file
    ((++running))
  done
  while ((running)); do
    finish_one
  done
  for file in "${again[@]}"; do
    set_deadline # a test that failed is not to be skipped now
    run_file "$file"
    merge "$file"
  done

  echo "1..$ran"
  [[ ! -e $work/reasons ]] || cat "$work/reasons"
  for file in "${again[@]}"; do
    echo "# run again because it failed at first: $(basename "$file" .bats)"
  done
  ((passed + failed)) || echo "# no test ran"
  echo "$passed passed, $failed failed, $skipped skipped"
  ((failed == 0 && passed > 0))
}

main "$@"
