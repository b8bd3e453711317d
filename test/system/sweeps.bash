# sweeps.bash: scripts of hack/ that have directories of their own and compare the
# host by themselves.

# sweep SCRIPT ARGS...: the same instants each time
sweep() {
  local script=$1
  shift
  requires root
  ((${PODCTL_TEST_ISOLATED:-0})) || skip "removes every pod and ends every process it sees: only in isolation"
  PODCTL=$PODCTL "$REPO/hack/$script" -s 1 "$@" 3>&-
}

crash_sweep() { sweep crashsweep.sh -n "${CRASH_KILLS:-20}" "$@"; }
