#!/usr/bin/env bats
# No space is left on the device, from each of the first writes of a verb on, in
# the directory of the state and in that of the run state: the error says so,
# nothing is half-made, and with space again the same verb succeeds.

load helpers

setup_file() {
  file_setup
  busybox_image
}

setup() {
  test_setup
  requires isolated sqlite3
}

teardown() {
  local dir failed=0
  for dir in "$ROOT/podctl" "$TMP"; do
    rm -f "$dir/filler"
    ! mountpoint -q "$dir" || mount -o remount,rw "$dir"
  done
  remove_everything || failed=1
  for dir in "$ROOT/podctl" "$TMP"; do
    ! mountpoint -q "$dir" || umount -l "$dir" || failed=1
  done
  # What was there before is of the same store, and empty.
  rm -rf "$ROOT/podctl"
  test_teardown || failed=1
  return "$failed"
}

# on_small_disk DIR: DIR is a device of its own, with what is in it
on_small_disk() {
  mkdir -p "$1"
  cp -a "$1" "$BATS_TEST_TMPDIR/was"
  mount -t tmpfs -o size=8m,mode=700 tmpfs "$1"
  cp -a "$BATS_TEST_TMPDIR/was/." "$1"
}

# fill DIR PAGES: leaves so many pages
fill() {
  local free
  free=$(stat -f -c '%a * %S' "$1")
  head -c $((free - $2 * 4096)) /dev/zero >"$1/filler" 2>/dev/null || true
}

# short_log: the log of the database has no space of its own any more, so that
# each transaction needs some; its other files stay
short_log() {
  [[ ! -e $ROOT/podctl/podctl.db ]] || sqlite3 "$ROOT/podctl/podctl.db" -cmd '.dbconfig no_ckpt_on_close on' 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
}

# full DIR PAGES ARGS...: podctl ARGS with so many pages left; then, if it failed,
# again with space
full() {
  local dir=$1 pages=$2
  shift 2
  short_log
  fill "$dir" "$pages"
  run_podctl '?' "$@"
  local said=$stderr failed=$status
  # Reads answer, and what they show stands.
  run_podctl ps -a
  run_podctl pod ps
  rm "$dir/filler"
  ((failed != 0)) || return 0
  refused=$((refused + 1))
  like "$said" '(^|'$'\n'')Error: ' "with $pages pages left"
  # Where runc cannot write its record it says that, but not why.
  like "$said" '[nN]o space left on device|unable to store init state' "with $pages pages left"
  unlike "$said" 'panic|goroutine' "with $pages pages left"
  run_podctl "$@"
}

# life DIR PAGES: a pod and a container through their lives
life() {
  local ctr=(--pod web "$IMAGE" sleep 100)
  full "$1" "$2" pod create --name web --network none
  full "$1" "$2" create --name one -v /anonymous "${ctr[@]}"
  full "$1" "$2" pod start web
  full "$1" "$2" exec one true
  full "$1" "$2" restart -t 0 one
  full "$1" "$2" stop -t 0 one
  full "$1" "$2" rm --force --volumes --time 0 --ignore one
  full "$1" "$2" pod rm --force --time 0 --ignore web
  run_podctl ps -aq
  is "$output" ""
  run_podctl pod ps -q
  is "$output" ""
  run_podctl volume ls -q
  is "$output" ""
  run_podctl doctor
}

@test "no space for the state" {
  local pages refused=0
  on_small_disk "$ROOT/podctl"
  for pages in 0 12; do life "$ROOT/podctl" "$pages"; done
  ((refused > 5)) || fail "only $refused commands were refused"
}

@test "no space for the run state" {
  local refused=0
  on_small_disk "$TMP"
  # Once: a conmon that cannot write its exit file is waited for, five seconds.
  life "$TMP" 0
  ((refused > 1)) || fail "only $refused commands were refused"
}

@test "a state directory that became read-only" {
  run_podctl pod create --name web --network none
  on_small_disk "$ROOT/podctl"
  run_podctl pod start web
  mount -o remount,ro "$ROOT/podctl"
  local verb
  for verb in 'pod create' 'pod stop --time 0 web' 'pod rm --force web' 'volume create vol' 'pod ps'; do
    # shellcheck disable=SC2086 # words
    run_podctl 125 $verb
    like "$stderr" "^Error: .*$ROOT/podctl.*read-?only" "$verb"
    is "$(grep -c . <<<"$stderr")" 1 "lines on stderr of $verb"
  done
  mount -o remount,rw "$ROOT/podctl"
  run_podctl pod ps --format '{{.Name}} {{.Status}}'
  is "$output" 'web Running'
  run_podctl pod stop --time 0 web
  run_podctl pod rm web
}
