# scratch.bash: a podctl of their own for the scripts that kill, crowd and freeze.
#
# Sourced from the repository's directory; run through hack/isolate.sh, or in a
# virtual machine, because these scripts remove every pod and end processes. Afterwards $work
# is a directory that goes with the script, $args the global flags of a podctl in
# there, p runs it, the image busybox is loaded, and $work/before is how the host
# looks with nothing there.

((${PODCTL_TEST_ISOLATED:-0} || ${PODCTL_TEST_ALONE:-0})) || { echo "$0: run it through hack/isolate.sh" >&2; exit 2; }
repo=$PWD
# shellcheck source=test/system/leftovers.bash
. test/system/leftovers.bash

podctl=${PODCTL:-$repo/bin/podctl}
export PODCTL_LEFTOVERS=${PODCTL_LEFTOVERS:-$repo/bin/leftovers}
[[ -x $PODCTL_LEFTOVERS ]] || { echo "$0: there is no $PODCTL_LEFTOVERS, without which nothing left would be seen: make bin/leftovers" >&2; exit 2; }
work=$(mktemp -d /tmp/scratch.XXXXXX)
trap scratch_away EXIT
scratch_away() {
  umount -l "$work/root/overlay" 2>/dev/null
  # A user's containers own files with IDs that are not the user's own.
  local as=()
  ((EUID == 0)) || as=("$podctl" "${args[@]}" unshare)
  "${as[@]}" rm -rf --one-file-system "$work"
}
BATS_FILE_TMPDIR=$work # what leftovers.bash calls ours
ROOT=$work/root RUNROOT=$work/run TMP=$work/tmp
args=(--root "$ROOT" --runroot "$RUNROOT" --tmpdir "$TMP" --network-config-dir "$work/net")
mkdir -p "$ROOT" "$RUNROOT" "$TMP" "$work/net"

# p WORDS...: podctl, for at most a minute
p() { timeout -k 5 60 "$podctl" "${args[@]}" "$@"; }

left() { LC_ALL=C comm -13 "$work/before" <(look_at_host || echo "what is left cannot be looked at"); }

# clean_up: removes everything there is
clean_up() {
  p pod rm --all --force --time 0 >"$work/clean" 2>&1 && p rm --all --force --time 0 >>"$work/clean" 2>&1 &&
    p volume rm --all --force >>"$work/clean" 2>&1
}

# The first container of a host sets things up that stay.
hack/busybox-image.sh "$work/busybox.tar" localhost/busybox:latest
p load -q -i "$work/busybox.tar" >/dev/null || exit 1
p network create n >/dev/null || exit 1
p run -d --pod new:warm --name warm --network podman,n busybox sleep 1000 >/dev/null && clean_up || exit 1
look_at_host >"$work/before"
