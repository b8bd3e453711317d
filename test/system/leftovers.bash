# leftovers.bash: what podctl may have left on the host.
#
# look_at_host prints a line for everything there is now of what podctl makes.
# Two of them are compared, so what was there before a test is not its fault.
# Isolated (hack/isolate.sh), nothing else makes any of this; on a bare host
# other programs that come and go in between can be taken for ours.

# look_at_host: prints "KIND WHAT" lines, sorted. Processes and files vanish
# while they are looked at: without errexit, and without the traps of bats,
# which cost more than the looking.
look_at_host() (
  trap - DEBUG ERR
  set +eET
  {
    look_at_processes
    look_at_mounts
    look_at_networks
    look_at_cgroups
    look_at_files
    look_at_database
  } | sort
)

# assert_nothing_left BEFORE: fails, naming each, if there is more now than in
# the file BEFORE. What goes away by itself (a container's clean-up runs after
# its end) has ten seconds for it.
assert_nothing_left() {
  local before=$1 left deadline=$((SECONDS + ${LEFTOVER_SECONDS:-10} * ${PODCTL_TEST_SLOWNESS:-1}))
  while true; do
    left=$(comm -13 "$before" <(look_at_host))
    [[ -n $left ]] || return 0
    ((SECONDS < deadline)) || break
    sleep 0.1
  done
  echo "FAIL: left behind:"
  printf '  %s\n' "${left//$'\n'/$'\n'  }"
  return 1
}

# Processes that podctl starts have sessions of their own, or one of these
# names. On a bare host only those count that work on our directories or are in
# a cgroup of podctl's.
look_at_processes() {
  local dir pid stat state session own comm argv cmdline pause
  own=$(session_of "$$")
  # A user's namespaces are kept.
  pause=$(jq .pid "${XDG_RUNTIME_DIR:-}/podctl/pause.json" 2>/dev/null)
  # Nothing is forked for a process: a virtual machine has a hundred of them and
  # 50 ms for a fork.
  for dir in /proc/[0-9]*; do
    pid=${dir#/proc/}
    stat=
    { IFS= read -r -d '' stat <"$dir/stat"; } 2>/dev/null
    [[ -n $stat ]] || continue
    comm=${stat#*(}
    comm=${comm%)*}
    read -r state _ _ session _ <<<"${stat##*) }"
    [[ $state != Z && $pid != 1 && $pid != "$pause" ]] || continue
    case $comm in
      podctl | conmon | aardvark-dns | netavark | runc | runc:* | crun | catatonit | pasta* | slirp4netns) ;;
      *) [[ $session != "$own" ]] || continue ;;
    esac
    argv=()
    { mapfile -d '' -t argv <"$dir/cmdline"; } 2>/dev/null
    cmdline=${argv[*]}
    [[ -n $cmdline ]] || continue # a kernel thread, or gone
    if ! ((${PODCTL_TEST_ISOLATED:-0})) && [[ $cmdline != *"$BATS_FILE_TMPDIR"* ]] &&
      ! grep -q 'podctl[-_]' "$dir/cgroup" 2>/dev/null; then
      continue
    fi
    echo "process $pid $comm: ${cmdline:0:300}"
  done
}

session_of() {
  local stat session
  stat=$(<"/proc/$1/stat")
  read -r _ _ _ session _ <<<"${stat##*) }"
  echo "$session"
}

# Two directories are mounted on themselves at first use, by the store and for
# network namespaces, and stay so.
look_at_mounts() {
  local pause
  pause=$(jq .pid "${XDG_RUNTIME_DIR:-}/podctl/pause.json" 2>/dev/null)
  awk -v keep="$ROOT/overlay" -v isolated="${PODCTL_TEST_ISOLATED:-0}" -v own="$BATS_FILE_TMPDIR/" '
    $5 == keep || $5 == "/run/netns" { next }
    isolated || index($5, own) == 1 || $5 ~ "^/(run/netns|run/containers|run/podctl|var/lib/containers|var/lib/podctl)/" { print "mount", $5 }
  ' "/proc/${pause:-self}/mountinfo"
}

look_at_networks() {
  local address='(^|[^0-9.])([0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-f]+::?[0-9a-f:]*/[0-9]+'
  find /run/netns -mindepth 1 -maxdepth 1 2>/dev/null | sed 's/^/netns /'
  ip -o link show | sed -E 's/^[0-9]+: ([^:@]+).*/link \1/'
  # Chains that netavark made once for all stay; what names an address is of a
  # network or a container.
  iptables-save 2>/dev/null | grep -E -- "^-A.*($address)" | sed 's/^/iptables /'
  ip6tables-save 2>/dev/null | grep -E -- "^-A.*($address)" | sed 's/^/ip6tables /'
  nft list tables 2>/dev/null | grep netavark | sed 's/^/nft /'
  nft list ruleset inet 2>/dev/null | grep -E "$address" | sed -E 's/^[[:space:]]+/nft rule /'
  local state=/run/containers/networks
  ((EUID == 0)) || state=$RUNROOT/networks
  find "$state/aardvark-dns" -type f ! -name aardvark.pid 2>/dev/null | sed 's/^/aardvark-dns /'
  find "$state/rootless-netns" -mindepth 1 -maxdepth 1 2>/dev/null | sed 's/^/netns /'
  if [[ -x ${PODCTL_LEASES:-} && -e $state/ipam.db ]]; then
    "$PODCTL_LEASES" "$state/ipam.db" | sed 's/^/lease /'
  fi
}

# The parent of all pods' cgroups is podctl's, not a pod's: it stays.
look_at_cgroups() {
  find /sys/fs/cgroup -type d -regextype egrep -regex '.*/podctl[-_].*' ! -name podctl_parent 2>/dev/null | sed 's/^/cgroup /'
}

# Whatever is called after an ID, volumes, and exit files.
look_at_files() {
  find "$ROOT"/*-containers "$ROOT/podctl" "$RUNROOT" "$TMP" -regextype egrep \
    -regex '.*/[^/]*[0-9a-f]{64}[^/]*' -prune -print 2>/dev/null | sed 's/^/file /'
  find "$ROOT/volumes" "$TMP/exits" -mindepth 1 -maxdepth 1 -print 2>/dev/null | sed 's/^/file /'
}

# Rows of objects. Events, the IDs that may not be used again and what is known about the host are history, and stay.
look_at_database() {
  local database=$ROOT/podctl/podctl.db
  [[ -e $database ]] || return 0
  # Two runs of sqlite3, whatever the number of tables: one costs a tenth of a second in a virtual machine.
  sqlite3 -readonly "$database" "
    SELECT group_concat('SELECT ''rows ' || name || ': '' || count(*) FROM \"' || name || '\" HAVING count(*) > 0', ' UNION ALL ')
    FROM sqlite_master WHERE type = 'table' AND name <> 'ids'
    AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%event%' AND name NOT LIKE '%meta%' AND name NOT LIKE '%boot%'
    AND name NOT LIKE '%exit%' AND name NOT LIKE '%config%' AND name NOT LIKE '%used%'" |
    sqlite3 -readonly "$database"
}
