#!/bin/bash
# hosts.sh KIND=OUTPUT...
#
# Write into docs/hosts.md what passed on which kind of host, taken from what
# hack/system-test.sh printed there: OUTPUT is a file with its output, whatever
# is around it (make check, make check-vm). Of several runs of a test on one KIND
# the last one counts. The order of kinds is that of the columns.
#
# What the table has of a file on a kind stays if the outputs have fewer tests of it
# there: few runs are of everything. To begin anew, empty the table first.
#
#   hack/hosts.sh root=root.log user-alone=user.log {systemd,cgroupfs,user}=bin/hosts/...
set -euo pipefail
cd "$(dirname "$0")/.."

doc=docs/hosts.md
begin='<!-- made by hack/hosts.sh -->' end='<!-- end -->'
(($#)) || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }

# table_there: what the document has between the marks
table_there() { awk -v begin="$begin" -v end="$end" '$0 == end { exit } inside { print } $0 == begin { inside = 1 }' "$doc"; }

# matrix KIND=OUTPUT...: prints the table and the reasons
matrix() {
  local arg
  {
    table_there
    for arg; do
      [[ -s ${arg#*=} ]] || { echo "hosts: nothing in ${arg#*=}" >&2; return 1; }
      printf '@ %s\n' "${arg%%=*}"
      grep -E '^(not )?ok [0-9]+ [^ ]+: ' "${arg#*=}" || true
    done
  } | awk '
    function column_of(k) { if (!(k in column)) { column[k] = ++columns; kinds[columns] = k } }
    /^\| file \|/ {
      n_there = split($0, there, / *\| */)
      for (i = 3; i < n_there; i++) column_of(there[i])
      next
    }
    /^\| [0-9]/ {
      split($0, part, / *\| */)
      files[part[2]] = 1
      for (i = 3; i < n_there; i++) if (part[i] != "–") {
        was[there[i], part[2]] = part[i]
        of_cell = part[i]; gsub(/[^0-9]+/, " ", of_cell)
        split(of_cell, number, " ")
        for (x in number) was_tests[there[i], part[2]] += number[x]
      }
      next
    }
    /^- .*\. [^ ]+: .*\)\.$/ {
      reason = $0; sub(/^- /, "", reason); sub(/\. [^ ]+: [^:]* \([0-9]+\).*$/, "", reason)
      rest = substr($0, length(reason) + 5); sub(/\.$/, "", rest)
      m = split(rest, by_kind, "; ")
      for (i = 1; i <= m; i++) {
        kind = by_kind[i]; sub(/: .*/, "", kind); sub(/^[^:]*: /, "", by_kind[i])
        l = split(by_kind[i], by_file, ", ")
        for (j = 1; j <= l; j++) {
          split(by_file[j], part, /[ ()]+/)
          was_why[kind, part[1], reason] = part[2]
          reasons[reason] = 1
        }
      }
      next
    }
    /^@ / { kind = $2; column_of(kind); next }
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
    # stays: whether what the table has is of more tests
    function stays(k, f) { return passed[k, f] + failed[k, f] + skipped[k, f] < was_tests[k, f] + 0 }
    function cell(k, f,   s) {
      if (stays(k, f)) return was[k, f]
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
      for (k in column) for (f in files) if (failed[k, f] && stays(k, f)) {
        print "hosts: of " f " on " k " not all was run, and something failed" >"/dev/stderr"
        bad = 1
      }
      if (bad) exit 1
      for (i in was_why) {
        split(i, part, SUBSEP)
        if (stays(part[1], part[2])) why[i] = was_why[i]
      }
      for (i in why) {
        split(i, part, SUBSEP)
        if (stays(part[1], part[2]) && !(i in was_why)) delete why[i]
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
