#!/bin/bash
# check-vm.sh [--quick] [KIND...]
#
# Run the system tests in the virtual machine of hack/testvm, once for each KIND
# of host that it can be:
#
#   systemd   root, the systemd cgroup manager
#   cgroupfs  root without systemd, the cgroupfs manager (hack/isolate.sh in there)
#   user      the user tester in a login session, with a systemd of his own
#
# TESTS= picks files and FILTER= tests, as for hack/system-test.sh. AGAIN=1 runs
# a file that failed once more. What each KIND printed is left in
# bin/hosts/KIND.tap. Where there can be no machine, says why and succeeds.
#
# With --quick only what no other machine can show runs, and no test begins later
# than QUICK_SECONDS (default 390) after the first line
# of this script: what then remains is skipped, aloud. It fails for a test that
# failed, and for nothing else: where making the image, or the machine, takes too
# long or ends badly, that KIND is counted as skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

quick=0
if [[ ${1:-} == --quick ]]; then
  quick=1
  shift
fi
kinds=("$@")
if ((${#kinds[@]} == 0)); then
  kinds=(systemd user cgroupfs)
fi
read -r -a tests <<<"${TESTS:-}"
boot=30 # seconds from here to the first test

# share_of KIND: of the time there is
share_of() { [[ $1 == cgroupfs ]] && echo 2 || echo 4; }

# quick_plan KIND SHARES: sets what of KIND's tests runs, and the time it has, if
# it and the kinds that are left have so many shares
quick_plan() {
  local kind=$1 shares=$2
  budget=$(((QUICK_SECONDS - SECONDS) * $(share_of "$kind") / shares - boot))
  ((${#files[@]})) && return
  files=(test/system/522-systemd.bats)
  local which="pod is a slice|limits are its slice|removed together|outlives"
  case $kind in
    systemd)
      files=(test/system/521-limits.bats "${files[@]}")
      which="limit kills who|$which"
      ;;
    cgroupfs)
      files=(test/system/521-limits.bats)
      which="limit kills who|pod's limits are what"
      ;;
    user)
      files=(test/system/900-rootless.bats "${files[@]}")
      which="root in a container|through pasta|not delegated|$which"
      ;;
  esac
  filter=${FILTER:-$which}
}

# run_kind KIND: runs its tests and leaves the exit code in $status
run_kind() {
  local kind=$1 user=root with=() limit=14400
  case $kind in
    systemd) with=(ISOLATE=0) ;;
    cgroupfs) ;;
    user) user=tester with=(ISOLATE=0) ;;
  esac
  if ((quick)); then
    with+=("PODCTL_TEST_BUDGET=$budget")
    # Twice the time, as a file that failed has it again, and the longest test.
    limit=$((2 * budget + 10 * boot))
  fi
  [[ -z $filter ]] || with+=("FILTER=$filter")
  status=0
  hack/testvm -u "$user" -t "$limit" -o "bin/hosts/$kind" env "${with[@]}" hack/system-test.sh "${files[@]}" |
    tee "bin/hosts/$kind.tap" || status=${PIPESTATUS[0]}
}

QUICK_SECONDS=${QUICK_SECONDS:-390}
failed=0 shares=0 no_image=
for kind in "${kinds[@]}"; do
  ((shares += $(share_of "$kind")))
done
mkdir -p bin/hosts
if ((quick)) && ! TESTVM_BUILD_SECONDS=240 hack/testvm --image >/dev/null; then
  no_image="no image of a virtual machine (above)"
fi
for kind in "${kinds[@]}"; do
  case $kind in
    systemd | cgroupfs | user) ;;
    *) echo "check-vm: no kind of host is called $kind" >&2; exit 2 ;;
  esac
  files=("${tests[@]}") filter=${FILTER:-} why=$no_image
  echo "# in a virtual machine, as on a host of the kind $kind:"
  ((quick == 0)) || quick_plan "$kind" "$shares"
  ((shares -= $(share_of "$kind"))) || true
  if [[ -n $why ]]; then
    :
  elif ((quick && budget < 10)); then
    why="no time left: $QUICK_SECONDS seconds are over"
  else
    run_kind "$kind"
    if ((status == 77)); then
      why="no virtual machine here (above)"
    elif ((status)) && ((quick)) && ! grep -qE '^[0-9]+ passed, [1-9][0-9]* failed' "bin/hosts/$kind.tap"; then
      grep -qE '^[0-9]+ passed, ' "bin/hosts/$kind.tap" && continue # no test had the time to run
      why="the virtual machine did not get to the end of the tests ($status)"
    elif ((status)); then
      echo "check-vm: $kind failed with $status; its journal is in bin/hosts/$kind" >&2
      failed=1
    fi
  fi
  if [[ -n $why ]]; then
    echo "# skipped: $kind: $why"
    echo "0 passed, 0 failed, 1 skipped" | tee "bin/hosts/$kind.tap"
  fi
done
echo "# in virtual machines, all together:"
(cd bin/hosts && cat "${kinds[@]/%/.tap}") |
  awk '/^[0-9]+ passed, / { passed += $1; failed += $3; skipped += $5 } END { print passed + 0 " passed, " failed + 0 " failed, " skipped + 0 " skipped" }'
exit "$failed"
