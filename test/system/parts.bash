# parts.bash: a conmon, an OCI runtime and a netavark that fail when told to.
#
#   load helpers
#   load parts
#
#   break_parts "$RUNTIME start 1 die"   # see parts/part
#   mend_parts                           # from now on all is well again

# What bats calls, in place of that of helpers.bash.

setup_file() {
  file_setup
  busybox_image
}

setup() {
  test_setup
  requires isolated
  use_parts
}

teardown() {
  mend_parts
  test_teardown
}

# use_parts: podctl runs the parts of this directory. $RUNTIME is the OCI runtime.
use_parts() {
  local parts=$REPO/test/system/parts
  export PODCTL_PARTS=$BATS_TEST_TMPDIR/parts CONTAINERS_CONF_OVERRIDE=$BATS_TEST_TMPDIR/parts.conf
  mkdir -p "$PODCTL_PARTS"
  mend_parts
  printf '%s\n' '[engine]' "conmon_path = [\"$parts/conmon\"]" \
    "helper_binaries_dir = [\"$parts\", \"/usr/libexec/podman\", \"/usr/lib/podman\"]" \
    '[engine.runtimes]' "runc = [\"$parts/runc\"]" "crun = [\"$parts/crun\"]" >"$CONTAINERS_CONF_OVERRIDE"
  RUNTIME=$(podctl info --format '{{.Host.OCIRuntime.Name}}' 3>&-)
}

# break_parts FAULT...: the faults from now on; calls are counted anew
break_parts() {
  : >"$PODCTL_PARTS/calls"
  printf '%s\n' "$@" >"$PODCTL_PARTS/faults"
}

mend_parts() {
  : >"$PODCTL_PARTS/faults"
  : >"$PODCTL_PARTS/calls"
}

# struck: whether a fault has come to bear
struck() { grep -qv ' real$' "$PODCTL_PARTS/calls"; }

# errors_say REGEX: $stderr has errors, each on a line of its own, and they say
errors_say() {
  unlike "$stderr" 'panic|goroutine' "stderr"
  like "$stderr" '^Error: |'$'\n''Error: ' "stderr"
  like "$stderr" "$1" "stderr"
}

# fails FAULT REGEX ARGS...: with the fault podctl ARGS fails and says REGEX;
# without it the same succeeds
fails() {
  local fault=$1 says=$2
  shift 2
  echo "# $fault"
  break_parts "$fault"
  run_podctl '?' "$@"
  struck || fail "no call was the faulty one: $(<"$PODCTL_PARTS/calls")"
  ((status != 0)) || fail "podctl $1 did not notice: $fault"
  errors_say "$says"
  mend_parts
  run_podctl "$@"
}

# succeeds FAULT ARGS...: the fault comes when the work is done, and does not matter
succeeds() {
  break_parts "$1"
  run_podctl "${@:2}"
  struck || fail "no call was the faulty one: $(<"$PODCTL_PARTS/calls")"
  mend_parts
}
