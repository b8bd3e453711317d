#!/bin/bash
# hosts.sh KIND=OUTPUT...
#
# Write into docs/hosts.md what passed on which kind of host, taken from what
# hack/system-test.sh printed there: OUTPUT is a file with its output, whatever
# is around it (make check, make check-vm). Of several runs of a test on one KIND
# the last one counts. The order of kinds is that of the columns.
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
    grep -E '^(not )?ok [0-9]+ [^ ]+: ' "${arg#*=}"
  done | awk '
    /^@ / { kind = $2; if (!(kind in column)) { column[kind] = ++columns; kinds[columns] = kind }; next }
    /^(not )?ok / {
      title = $0; sub(/^(not )?ok [0-9]+ /, "", title)
      file = title; sub(/: .*/, "", file)
      sub(/ in [0-9]+ms( # skip.*)?$/, "", title)
      # Skipped for want of time is not run.
      if (/ # skip no time left/) next
      reason = ""
      if (/ # skip/) { reason = $0; sub(/.* # skip */, "", reason) }
      files[file] = 1
      test = kind SUBSEP title
      result[test] = /^not / ? "failed" : reason != "" ? "skipped" : "passed"
      why_of[test] = reason
      next
    }
    function cell(k, f,   s) {
      if (!((k, f) in ran)) return "–"
      if (passed[k, f]) s = passed[k, f] ""
      if (failed[k, f]) s = s (s ? ", " : "") "**" failed[k, f] " failed**"
      if (skipped[k, f]) s = s (s ? ", " : "") skipped[k, f] " skipped"
      return s
    }
    END {
      for (test in result) {
        split(test, part, SUBSEP)
        file = part[2]; sub(/: .*/, "", file)
        ran[part[1], file] = 1
        if (result[test] == "passed") passed[part[1], file]++
        else if (result[test] == "failed") failed[part[1], file]++
        else {
          skipped[part[1], file]++
          why[part[1], file, why_of[test]]++
          reasons[why_of[test]] = 1
        }
      }
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
