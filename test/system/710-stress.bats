#!/usr/bin/env bats
# Any number of podctl processes on the same pods: no deadlock, no locked
# database, no error that an order would not explain (hack/stress.sh).

load helpers

stress() {
  requires root
  ((${PODCTL_TEST_ISOLATED:-0})) || skip "removes every pod it sees: only in isolation"
  PODCTL=$PODCTL "$REPO/hack/stress.sh" -t "${STRESS_SECONDS:-15}" -s 1 "$@" 3>&-
}

@test "32 processes on 8 pods" { stress; }
@test "32 processes on 8 pods, some of them killed" { stress -k; }
