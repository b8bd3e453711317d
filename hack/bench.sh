#!/bin/bash
# bench.sh [FLAG...]
#
# Measure bin/podctl against Debian's podman (hack/peer.sh) with bin/bench, on a
# machine of its own (hack/isolate.sh) and on the disk of BENCH_DIR. FLAGS are
# those of hack/bench:
#
#   -rows REGEXP   only the rows whose name matches, such as 'ps-|inspect'
#   -runs N        medians of N runs
#   -doc FILE      replace the tables of FILE and write the plots beside it
#   -check         compare CPU time, fail where podctl needs more
#
# Ends with 3, saying why, if podman cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."

peer=$(hack/peer.sh) || exit $?
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
hack/busybox-image.sh "$work/busybox.tar"
hack/isolate.sh bin/bench -peer "$peer" -image "$work/busybox.tar" -dir "${BENCH_DIR:-/var/tmp}" "$@"
