# sweeps.bash: scripts of hack/ that have directories of their own and compare the
# host by themselves.

# sweep SCRIPT ARGS...: the same instants each time
sweep() {
  local script=$1
  shift
  has alone || skip "removes every pod and ends processes: only in isolation, or in a machine of its own"
  PODCTL=$PODCTL "$REPO/hack/$script" -s 1 "$@" 3>&-
}

crash_sweep() {
  local methods=() kills=20
  ((EUID == 0)) || kills=5 # what differs for a user is little
  # "all" ends whatever runs, and so the services of a machine.
  has isolated || methods=(-m "time,call,call,child,group,two")
  sweep crashsweep.sh -n "${CRASH_KILLS:-$kills}" "${methods[@]}" "$@"
}
