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
# TESTS= picks files and FILTER= tests, as for hack/system-test.sh. With --quick
# only the test files that are about systemd run, and none begins later than
# QUICK_SECONDS (default 300) after the first: the rest is skipped, aloud.
#
# What each KIND printed is left in bin/hosts/KIND.tap. Where there can be no
# machine, says why and succeeds.
set -euo pipefail
cd "$(dirname "$0")/.."

quick=0 limit=14400
if [[ ${1:-} == --quick ]]; then
  quick=1 limit=1500
  export PODCTL_TEST_BUDGET=${QUICK_SECONDS:-300}
  shift
fi
kinds=("$@")
((${#kinds[@]})) || kinds=(systemd cgroupfs user)
read -r -a files <<<"${TESTS:-}"
if ((quick && ${#files[@]} == 0)); then
  files=(test/system/522-systemd.bats)
fi

failed=0
mkdir -p bin/hosts
for kind in "${kinds[@]}"; do
  user=root with=()
  case $kind in
    systemd) with=(ISOLATE=0) ;;
    cgroupfs) ;;
    user) user=tester with=(ISOLATE=0) ;;
    *) echo "check-vm: no kind of host is called $kind" >&2; exit 2 ;;
  esac
  status=0
  hack/testvm -u "$user" -t "$limit" -o "bin/hosts/$kind" env "${with[@]}" hack/system-test.sh "${files[@]}" |
    tee "bin/hosts/$kind.tap" || status=${PIPESTATUS[0]}
  if ((status == 77)); then
    echo "check-vm: $kind skipped: no virtual machine here (above)"
  elif ((status)); then
    echo "check-vm: $kind failed with $status; its journal is in bin/hosts/$kind" >&2
    failed=1
  fi
done
exit "$failed"
