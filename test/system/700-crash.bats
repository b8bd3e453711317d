#!/usr/bin/env bats
# Whatever kills podctl, the next command puts things right (hack/crashsweep.sh).

load helpers

# The sweep has directories of its own and compares the host by itself.
sweep() {
  requires root
  ((${PODCTL_TEST_ISOLATED:-0})) || skip "removes every pod it sees: only in isolation"
  PODCTL=$PODCTL "$REPO/hack/crashsweep.sh" -n "${CRASH_KILLS:-20}" -s 1 "$1" 3>&-
}

@test "kill -9 of pod create" { sweep pod-create; }
@test "kill -9 of create" { sweep create; }
@test "kill -9 of run" { sweep run; }
@test "kill -9 of start" { sweep start; }
@test "kill -9 of pod start" { sweep pod-start; }
@test "kill -9 of stop" { sweep stop; }
@test "kill -9 of pod stop" { sweep pod-stop; }
@test "kill -9 of rm" { sweep rm; }
@test "kill -9 of pod rm" { sweep pod-rm; }
@test "kill -9 of the exit command" { sweep cleanup; }
