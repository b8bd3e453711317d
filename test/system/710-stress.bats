#!/usr/bin/env bats
# Any number of podctl processes on the same pods: no deadlock, no locked
# database, no error that an order would not explain (hack/stress.sh).

load helpers
load sweeps

@test "32 processes on 8 pods" { sweep stress.sh -t "${STRESS_SECONDS:-15}"; }
@test "32 processes on 8 pods, some of them killed" { sweep stress.sh -t "${STRESS_SECONDS:-15}" -k; }
