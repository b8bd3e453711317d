# helpers.bash: what every system test loads.
#
#   load helpers
#
#   @test "pod create prints the ID" {
#     run_podctl pod create --name web
#     like "$output" '^[0-9a-f]{64}$'
#   }
#
# Each file has a root, run root, tmpdir and network config directory of its
# own. Before each test the host is looked at, after it everything podctl made
# is removed and the host must look as before (leftovers.bash).

load leftovers

REPO=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
# All limits of time are multiplied with this. It is a whole number, larger than
# 1 where the machine is slower than its clock says (hack/testvm).
SLOWNESS=${PODCTL_TEST_SLOWNESS:-1}
PODCTL=${PODCTL:-$REPO/bin/podctl}
IMAGE=localhost/busybox:latest

# --- what bats calls; a file that defines one of these calls ours in it ---

setup_file() { file_setup; }
setup() { test_setup; }
teardown() { test_teardown; }
teardown_file() { file_teardown; }

file_setup() {
  use_paths
  mkdir -p "$ROOT" "$RUNROOT" "$TMP" "$NETWORKS"
  # The first command of a user leaves the process that keeps the namespaces.
  ((EUID == 0)) || ! has containers || podctl unshare true 3>&-
}

test_setup() {
  use_paths
  in_time
  look_at_host >"$BATS_TEST_TMPDIR/host.before"
}

test_teardown() {
  local failed=0
  use_paths
  [[ -e $BATS_TEST_TMPDIR/host.before ]] || return 0 # it was skipped before it began
  remove_everything || failed=1
  assert_nothing_left "$BATS_TEST_TMPDIR/host.before" || failed=1
  return "$failed"
}

# in_time: skips the test if the run has used up its time (PODCTL_TEST_BUDGET)
in_time() {
  local uptime
  [[ -n ${PODCTL_TEST_DEADLINE:-} ]] || return 0
  read -r uptime _ </proc/uptime
  ((${uptime%.*} < PODCTL_TEST_DEADLINE)) || skip "no time left: $PODCTL_TEST_BUDGET seconds are over"
}

# The image store keeps its directory mounted on itself.
file_teardown() {
  use_paths
  if mountpoint -q "$ROOT/overlay"; then umount -l "$ROOT/overlay"; fi
  # Files in a user's store belong to IDs that only root in there may remove.
  ((EUID == 0)) || ! has containers || podctl unshare rm -rf "$ROOT" "$RUNROOT" "$TMP" 3>&- || true
}

use_paths() {
  ROOT=$BATS_FILE_TMPDIR/root
  RUNROOT=$BATS_FILE_TMPDIR/run
  TMP=$BATS_FILE_TMPDIR/tmp
  NETWORKS=$BATS_FILE_TMPDIR/net
  PODCTL_ARGS=(--root "$ROOT" --runroot "$RUNROOT" --tmpdir "$TMP" --network-config-dir "$NETWORKS")
}

# Removing is done by podctl too: that it leaves nothing is what we test.
remove_everything() {
  local failed=0
  [[ -e $ROOT/podctl/podctl.db ]] || return 0 # no database: nothing was made
  quietly pod rm --all --force --time 0 || failed=1
  quietly rm --all --force --time 0 || failed=1
  quietly volume rm --all --force || failed=1
  quietly network prune --force || failed=1
  return "$failed"
}

# quietly ARGS...: podctl, shown with what it said only if it fails
quietly() {
  local said=$BATS_TEST_TMPDIR/said status=0
  timeout --foreground -k 10 $((120 * SLOWNESS)) "$PODCTL" "${PODCTL_ARGS[@]}" "$@" >"$said" 2>&1 3>&- || status=$?
  ((status == 0)) || echo "FAIL: cleanup: podctl $*: exit $status: $(<"$said")"
  return "$status"
}

# --- running podctl ---

# podctl ARGS...: the binary on this file's directories
podctl() {
  "$PODCTL" "${PODCTL_ARGS[@]}" "$@"
}

# run_podctl [EXIT|?] ARGS...: runs podctl, which must exit with EXIT (default
# 0; ? is any). Leaves stdout in $output and ${lines[@]}, stderr in $stderr,
# and the exit code in $status. PODCTL_TIMEOUT is in seconds of a machine of
# usual speed.
run_podctl() {
  local seconds=$((${PODCTL_TIMEOUT:-90} * SLOWNESS))
  local expected=0 stdout=$BATS_TEST_TMPDIR/stdout error=$BATS_TEST_TMPDIR/stderr
  if [[ $1 =~ ^([0-9]+|\?)$ ]]; then
    expected=$1
    shift
  fi
  echo "\$ podctl $*"
  status=0
  # To files and not to pipes: conmon keeps what it inherits open. Descriptor 3
  # is bats' own, and it waits for everyone who has it.
  timeout --foreground -k 10 "$seconds" "$PODCTL" "${PODCTL_ARGS[@]}" "$@" \
    >"$stdout" 2>"$error" 3>&- || status=$?
  text_of output "$stdout"
  text_of stderr "$error"
  mapfile -t lines <<<"$output"
  [[ -z $output ]] || echo "$output"
  [[ -z $stderr ]] || echo "$stderr"
  [[ $expected == '?' || $status -eq $expected ]] && return 0
  if ((status == 124)); then
    fail "podctl $1 took longer than ${seconds}s"
  else
    fail "exit code of: podctl $*" "$expected" "$status"
  fi
}

# text_of VARIABLE FILE: what $(<FILE) is, without NULs, and without a process for it
text_of() {
  local parts IFS=
  mapfile -d '' -t parts <"$2"
  printf -v "$1" %s "${parts[@]}"
  while [[ ${!1} == *$'\n' ]]; do
    printf -v "$1" %s "${!1%$'\n'}"
  done
}

# busybox_image: puts $IMAGE into this file's store; for setup_file
busybox_image() {
  use_paths
  "$REPO/hack/busybox-image.sh" "$BATS_FILE_TMPDIR/busybox.tar" "$IMAGE"
  podctl load -q -i "$BATS_FILE_TMPDIR/busybox.tar" 3>&- >/dev/null
}

# --- assertions ---

# fail WHAT [EXPECTED ACTUAL]: says so and fails
fail() {
  echo "FAIL: $1"
  if (($# > 1)); then
    printf '  expected: %s\n' "${2//$'\n'/$'\n'            }"
    printf '    actual: %s\n' "${3//$'\n'/$'\n'            }"
  fi
  return 1
}

# is ACTUAL EXPECTED [WHAT]: equal, to the letter
is() {
  [[ $1 == "$2" ]] || fail "${3:-not equal}" "$2" "$1"
}

# like ACTUAL REGEX [WHAT]: matches an extended regular expression
like() {
  [[ $1 =~ $2 ]] || fail "${3:-no match}" "=~ $2" "$1"
}

# unlike ACTUAL REGEX [WHAT]
unlike() {
  [[ ! $1 =~ $2 ]] || fail "${3:-a match}" "not =~ $2" "$1"
}

# assert_json FILTER EXPECTED: what jq's FILTER makes of $output; strings are
# compared without their quotes, all else as compact JSON
assert_json() {
  local actual
  if ! actual=$(jq -rc "$1" <<<"$output" 2>&1); then
    fail "jq cannot apply $1 ($actual) to: $output"
    return 1
  fi
  is "$actual" "$2" "$1"
}

# wait_until SECONDS CMD...: runs CMD until it succeeds; fails at the deadline.
# Tests wait for what they need and never just sleep.
wait_until() {
  local seconds=$(($1 * SLOWNESS)) deadline=$((SECONDS + $1 * SLOWNESS + 1))
  shift
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= deadline)); then
      fail "after ${seconds}s still not: $*"
      return 1
    fi
    sleep 0.05
  done
}

# --- what a test needs ---

# requires NEED...: skips the test, saying why, where the host lacks one.
#   root systemd cgroup1 cgroup2 crun runc mapped-mounts, containers (root, or a user who has
#   what containers need), cgroups (likewise, with limits and pause), isolated (hack/isolate.sh), alone (that, or a virtual
#   machine), or the name of a program
requires() {
  local need
  for need; do
    has "$need" || skip "needs $need"
  done
}

has() {
  case $1 in
    root) ((EUID == 0)) ;;
    containers) ((EUID == 0)) || { [[ -d ${XDG_RUNTIME_DIR:-} ]] && grep -qs "^$(id -un):" /etc/subuid; } ;;
    cgroups) ((EUID == 0)) || { [[ -d /run/systemd/system ]] && has cgroup2; } ;;
    systemd) [[ -d /run/systemd/system ]] ;;
    mapped-mounts) [[ $(stat -f -c %T "$BATS_FILE_TMPDIR") != tmpfs ]] || linux_is 6 3 ;; # when tmpfs had them
    cgroup2) [[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]] ;;
    cgroup1) [[ $(stat -f -c %T /sys/fs/cgroup) != cgroup2fs ]] ;;
    isolated) ((${PODCTL_TEST_ISOLATED:-0})) ;;
    alone) ((${PODCTL_TEST_ISOLATED:-0} || ${PODCTL_TEST_ALONE:-0})) ;;
    # It refuses a hybrid tree that has controllers on the cgroup2 side.
    crun) command -v crun >/dev/null && [[ ! -s /sys/fs/cgroup/unified/cgroup.controllers || -z $(</sys/fs/cgroup/unified/cgroup.controllers) ]] ;;
    *) PATH=$PATH:/usr/lib/podman:/usr/libexec/podman command -v "$1" >/dev/null ;;
  esac
}

# linux_is MAJOR MINOR: the kernel is that one or newer
linux_is() {
  local have
  IFS=.- read -r -a have < <(uname -r)
  ((have[0] > $1 || have[0] == $1 && have[1] >= $2))
}

# cgroup_of PID: its cgroup where limits are, below the mount of the hierarchy
cgroup_of() {
  if has cgroup2; then
    sed -n 's/^0:://p' "/proc/$1/cgroup"
  else
    sed -n 's/^[0-9]*:memory://p' "/proc/$1/cgroup"
  fi
}
