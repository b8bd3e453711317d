#!/bin/bash
# model.sh [VARIANT...]
#
# Check the model of removal and locking (docs/model) with spin: no deadlock, no
# assertion that fails, in every order of steps and with a kill at every instant.
# Then check that each broken variant is found to be broken.
set -euo pipefail
cd "$(dirname "$0")/../docs/model"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check NAME DEFINES...: leaves what the search said in $work/NAME.log
check() {
  local name=$1 dir=$work/$1
  shift
  mkdir "$dir"
  cp removal.pml "$dir"
  ( # spin writes its files where it is run
    cd "$dir"
    spin "$@" -a removal.pml >spin.log
    gcc -w -O2 -DSAFETY -DMEMLIM=1500 -o pan pan.c >gcc.log 2>&1
    ./pan -m100000 >../"$name.log"
  ) || { cat "$dir"/*.log >&2; echo "model: $name: the search failed" >&2; exit 1; }
}

errors() { sed -n 's/.*errors: \([0-9]*\)$/\1/p' "$work/$1.log"; }

check protocol
if grep -q 'search depth too small\|out of memory' "$work/protocol.log" || [[ $(errors protocol) != 0 ]]; then
  cat "$work/protocol.log" >&2
  echo "model: the protocol is wrong, or was not searched to the end" >&2
  exit 1
fi
echo "model: protocol: no errors in $(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' "$work/protocol.log") states"

# Each takes one thing away, and must be found out by what it breaks.
while read -r variant sign; do
  check "$variant" "-D$variant"
  if [[ $(errors "$variant") == 0 ]] || ! grep -q "$sign" "$work/$variant.log"; then
    cat "$work/$variant.log" >&2
    echo "model: $variant is broken, and the check does not see it ($sign)" >&2
    exit 1
  fi
  echo "model: $variant: found: $(grep -m1 '^pan:' "$work/$variant.log" | sed 's/^pan:[0-9]*: //')"
done <<'EOF'
BROKEN_ORDER assertion violated.*whole
BROKEN_ABANDONED assertion violated.*row
BROKEN_CLAIM assertion violated.*row
BROKEN_LOCKS invalid end state
BROKEN_GATE assertion violated.*process
BROKEN_STALE assertion violated orphaned
BROKEN_FORGETS assertion violated.*process
BROKEN_RECOVERY assertion violated
EOF
