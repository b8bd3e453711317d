# leftovers.bash: what podctl may have left on the host.
#
# look_at_host prints a line for everything there is now of what podctl makes.
# Two of them are compared, so what was there before a test is not its fault.
# Isolated (hack/isolate.sh), nothing else makes any of this; on a bare host
# other programs that come and go in between can be taken for ours.

# look_at_host: prints "KIND WHAT" lines, sorted by bytes (test/system/leftovers)
look_at_host() {
  "$PODCTL_LEFTOVERS" "$ROOT" "$RUNROOT" "$TMP" "$BATS_FILE_TMPDIR"
}

# assert_nothing_left BEFORE: fails, naming each, if there is more now than in
# the file BEFORE. What goes away by itself (a container's clean-up runs after
# its end) has ten seconds for it.
assert_nothing_left() {
  local before=$1 left now deadline=$((SECONDS + ${LEFTOVER_SECONDS:-10} * ${PODCTL_TEST_SLOWNESS:-1}))
  while true; do
    now=$(look_at_host) || { echo "FAIL: what is left cannot be looked at"; return 1; }
    left=$(LC_ALL=C comm -13 "$before" - <<<"$now")
    [[ -n $left ]] || return 0
    ((SECONDS < deadline)) || break
    sleep 0.1
  done
  echo "FAIL: left behind:"
  printf '  %s\n' "${left//$'\n'/$'\n'  }"
  return 1
}
