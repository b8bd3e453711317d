#!/bin/bash
# hosts.sh KIND=OUTPUT...
#
# Write into docs/hosts.md what passed on which kind of host, taken from what
# hack/system-test.sh printed there: OUTPUT is a file with its output, whatever
# is around it (make check, make check-vm). Of several runs of a test file on
# one KIND the last one counts. The order of kinds is that of the columns.
#
#   hack/hosts.sh root=root.log user-alone=user.log {systemd,cgroupfs,user}=bin/hosts/...
set -euo pipefail
cd "$(dirname "$0")/.."

doc=docs/hosts.md
begin='<!-- made by hack/hosts.sh -->' end='<!-- end -->'
(($#)) || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }

# matrix KIND=OUTPUT...: prints the table and the reasons
matrix() {
  local arg
  for arg; do
    [[ -s ${arg#*=} ]] || { echo "hosts: nothing in ${arg#*=}" >&2; return 1; }
    printf '@ %s\n' "${arg%%=*}"
    # Each run ends in a line of counts; what follows "again" is the file's second run.
    grep -E '^((not )?ok [0-9]+ [^ ]+: |# skipped: |1\.\.)' "${arg#*=}"
  done | awk '
    /^@ / { kind = $2; if (!(kind in column)) { column[kind] = ++columns; kinds[columns] = kind }; delete seen; next }
    /^1\.\./ { delete seen; next }
    /^# skipped: / {
      sub(/^# skipped: /, "")
      file = $1; sub(/:$/, "", file)
      reason = $0; sub(/.*: /, "", reason)
      why[kind, file, reason]++
      reasons[reason] = 1
      next
    }
    {
      bad = /^not /
      file = $0; sub(/^(not )?ok [0-9]+ /, "", file); sub(/: .*/, "", file)
      if (!(file in seen)) {
        seen[file] = files[file] = 1
        passed[kind, file] = failed[kind, file] = skipped[kind, file] = 0
        for (r in reasons) delete why[kind, file, r]
        ran[kind, file] = 1
      }
      if (bad) failed[kind, file]++
      else if (/ # skip/) skipped[kind, file]++
      else passed[kind, file]++
    }
    function cell(k, f,   s) {
      if (!((k, f) in ran)) return "–"
      if (passed[k, f]) s = passed[k, f] ""
      if (failed[k, f]) s = s (s ? ", " : "") "**" failed[k, f] " failed**"
      if (skipped[k, f]) s = s (s ? ", " : "") skipped[k, f] " skipped"
      return s
    }
    END {
      printf "| file |"
      for (i = 1; i <= columns; i++) printf " %s |", kinds[i]
      printf "\n|---|"
      for (i = 1; i <= columns; i++) printf "---|"
      print ""
      n = 0
      for (f in files) names[++n] = f
      for (i = 2; i <= n; i++) for (j = i; j > 1 && names[j - 1] > names[j]; j--) { t = names[j]; names[j] = names[j - 1]; names[j - 1] = t }
      for (i = 1; i <= n; i++) {
        printf "| %s |", names[i]
        for (j = 1; j <= columns; j++) printf " %s |", cell(kinds[j], names[i])
        print ""
      }
      print "\nSkipped, by the reason the tests gave:\n"
      for (r in reasons) list[++m] = r
      for (i = 2; i <= m; i++) for (j = i; j > 1 && list[j - 1] > list[j]; j--) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
      for (i = 1; i <= m; i++) {
        where = ""
        for (j = 1; j <= columns; j++) {
          on = ""
          for (x = 1; x <= n; x++) if ((kinds[j], names[x], list[i]) in why) on = on (on ? ", " : "") names[x] " (" why[kinds[j], names[x], list[i]] ")"
          if (on) where = where (where ? "; " : "") kinds[j] ": " on
        }
        if (where) print "- " list[i] ". " where "."
      }
    }'
}

table=$(matrix "$@")
if ! grep -qxF "$begin" "$doc" || ! grep -qxF "$end" "$doc"; then
  echo "hosts: $doc has no place for the table" >&2
  exit 1
fi
TABLE=$table awk -v begin="$begin" -v end="$end" '
  $0 == begin { print; print ""; print ENVIRON["TABLE"]; print ""; inside = 1 }
  $0 == end { inside = 0 }
  !inside && $0 != begin { print }' "$doc" >"$doc.new"
mv "$doc.new" "$doc"
