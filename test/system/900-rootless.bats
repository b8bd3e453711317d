#!/usr/bin/env bats
# What is special where podctl is run by an ordinary user: the namespaces all of
# the user's commands share, whose files and IDs are whose, and the networks.
# shellcheck disable=SC2016 # shell for the containers

load helpers

setup_file() {
  file_setup
  ((EUID == 0)) || busybox_image
}

# user: the test is for an ordinary user
user() {
  if ((EUID == 0)) || ! has containers; then
    skip "needs an ordinary user with subordinate IDs (system-test.sh --user)"
  fi
}

record() { echo "$XDG_RUNTIME_DIR/podctl/pause.json"; }
pause_pid() { jq .pid "$(record)"; }

# end_pause: kills the process that keeps the namespaces
end_pause() {
  local pid
  pid=$(pause_pid)
  kill -9 "$pid"
  wait_until 10 gone "$pid"
}

gone() { [[ ! -e /proc/$1 ]] || grep -q '^State:.Z' "/proc/$1/status"; }

# pauses: how many processes keep namespaces, or are about to. Those of pods are
# called /catatonit.
pauses() { pgrep -u "$EUID" -fc '^(catatonit -P|podctl-pause)' || true; }

# none_run REGEX: no process of this user has such a command line. One that was
# killed may take a moment to go.
none_run() { ! pgrep -u "$EUID" -f "$1"; }

user_ns() { podctl unshare readlink /proc/self/ns/user 3>&-; }

# says PORT WORD: an HTTP server there says WORD
says() { [[ $(curl -s -m 5 "http://127.0.0.1:$1/word") == "$2" ]]; }

# serve NAME FLAGS...: a container with an HTTP server on port 80 that says NAME
serve() {
  local name=$1
  shift
  run_podctl run -d --name "$name" "$@" "$IMAGE" sh -c "mkdir -p /www; echo -n $name >/www/word; exec httpd -f -p 80 -h /www"
}

# --- the namespaces ---

@test "root in a container is the user, other IDs are from the user's range" {
  user
  local first
  first=$(awk -F: -v name="$(id -un)" '$1 == name { print $2; exit }' /etc/subuid)
  run_podctl run --rm "$IMAGE" cat /proc/self/uid_map
  is "$(awk 'NR < 3 { print $1, $2 }' <<<"$output")" "0 $EUID"$'\n'"1 $first"
  mkdir "$BATS_TEST_TMPDIR/dir"
  run_podctl run --rm -v "$BATS_TEST_TMPDIR/dir:/dir" "$IMAGE" sh -c 'echo mine >/dir/root; echo other >/dir/other; chown 7 /dir/other'
  is "$(stat -c %u "$BATS_TEST_TMPDIR/dir/root")" "$EUID"
  is "$(stat -c %u "$BATS_TEST_TMPDIR/dir/other")" "$((first + 6))"
  run_podctl unshare rm "$BATS_TEST_TMPDIR/dir/other"
  run_podctl info --format '{{.Host.Security.Rootless}}'
  is "$output" true
}

@test "unshare runs commands where the user is root, and ends as they do" {
  user
  run_podctl unshare id -u
  is "$output" 0
  run_podctl 7 unshare sh -c 'exit 7'
  run_podctl 127 unshare nosuchcommand
  run_podctl 126 unshare /etc/passwd
  run_podctl create --name c1 "$IMAGE" true
  run_podctl 125 mount c1
  like "$stderr" '^Error: cannot run command "podctl mount" in rootless mode, must execute `podctl unshare` first'
  output=$(podctl unshare sh -c 'ls "$("$@" mount c1)/bin/busybox"; "$@" umount c1' - "$PODCTL" "${PODCTL_ARGS[@]}" 3>&-)
  like "$output" '/bin/busybox'
}

@test "state, locks and sockets are in the user's directories, closed to others" {
  user
  local home=$BATS_TEST_TMPDIR/home dir
  mkdir "$home"
  HOME=$home "$PODCTL" pod create --name own 3>&-
  for dir in "$home/.local/share/podctl" "$XDG_RUNTIME_DIR/podctl"; do
    is "$(stat -c '%a %u' "$dir")" "700 $EUID" "$dir"
  done
  is "$(stat -c %a "$home/.local/share/podctl/podctl.db")" 600
  is "$(HOME=$home "$PODCTL" pod ps --format '{{.Name}}')" own
  run_podctl pod ps -q
  is "$output" "" "pods of another directory"
  HOME=$home "$PODCTL" pod rm own 3>&-
}

@test "the first commands at once make one pause process, reads make none" {
  user
  end_pause
  rm "$(record)"
  run_podctl pod ps
  run_podctl ps --all
  [[ ! -e $(record) ]] || fail "reading entered the user namespace"
  local i pids=()
  for i in 1 2 3 4 5 6; do
    user_ns >"$BATS_TEST_TMPDIR/ns.$i" &
    pids+=($!)
  done
  wait "${pids[@]}"
  is "$(cat "$BATS_TEST_TMPDIR"/ns.* | sort | uniq -c | awk '{ print $1 }')" 6 "commands in one namespace"
  wait_until 10 test "$(pauses)" = 1
}

@test "killed while the namespaces are made, podctl leaves no process" {
  user
  local delay
  for delay in 0.005 0.01 0.015 0.02 0.03 0.04 0.06 0.1; do
    [[ ! -e $(record) ]] || gone "$(pause_pid)" || end_pause
    timeout -s KILL "$delay" "$PODCTL" "${PODCTL_ARGS[@]}" unshare true 3>&- || true
  done
  run_podctl unshare true
  wait_until 10 only_pause
}

only_pause() { [[ $(pauses) == 1 ]]; }

@test "without its pause process what runs stays within reach, in the same namespaces" {
  user
  run_podctl run -d --name c1 --user 9 "$IMAGE" sleep 300
  local before old
  before=$(user_ns)
  old=$(pause_pid)
  end_pause
  run_podctl ps --format '{{.Names}} {{.State}}'
  is "$output" "c1 running"
  run_podctl exec c1 id -u
  is "$output" 9
  is "$(user_ns)" "$before"
  [[ $(pause_pid) != "$old" ]] || fail "no new pause process"
  run_podctl stop --time 0 c1
}

# --- what cannot work says what to do ---

@test "a run directory that cannot be used is an error with the remedy" {
  user
  XDG_RUNTIME_DIR=/nonexistent run_podctl 125 info
  like "$stderr" '^Error: XDG_RUNTIME_DIR: .*/nonexistent.*: set it to a directory of your own with mode 0700'
  XDG_RUNTIME_DIR=/tmp run_podctl 125 info
  like "$stderr" '^Error: XDG_RUNTIME_DIR: /tmp (belongs to another user|has mode 0777): set it to a directory of your own'
  XDG_RUNTIME_DIR=relative run_podctl 125 info
  like "$stderr" '^Error: XDG_RUNTIME_DIR is relative, which is no absolute path'
  if [[ -d /run/user/$EUID ]]; then
    XDG_RUNTIME_DIR='' run_podctl info --format '{{.Store.RunRoot}}'
  else
    XDG_RUNTIME_DIR='' run_podctl 125 info
    like "$stderr" "^Error: XDG_RUNTIME_DIR is not set and there is no /run/user/$EUID: log in through a session .*loginctl enable-linger"
  fi
}

@test "a user without subordinate IDs, and a host without newuidmap, are told what is missing" {
  user
  end_pause
  PATH=$BATS_TEST_TMPDIR run_podctl 125 info 2>/dev/null || true
  run env PATH="$BATS_TEST_TMPDIR" "$PODCTL" "${PODCTL_ARGS[@]}" info
  is "$status" 125
  like "$output" '^Error: enter the user namespace: newuidmap, .* was not found: install the package uidmap'
  # A user whom only our namespace knows has none.
  local dir=$BATS_TEST_TMPDIR/nobody above=$BATS_TEST_TMPDIR
  mkdir -m 700 "$dir"
  while [[ -n $above ]]; do
    [[ ! -O $above ]] || chmod a+x "$above"
    above=${above%/*}
  done
  run podctl unshare sh -c 'chmod 711 "$XDG_RUNTIME_DIR"; chown 55 "$1" && exec setpriv --reuid 55 --regid 55 --clear-groups \
    env -i "PATH=$PATH" "HOME=$1" "XDG_RUNTIME_DIR=$1" "$2" info' - "$dir" "$PODCTL"
  podctl unshare sh -c 'chmod 700 "$XDG_RUNTIME_DIR"; rm -rf "$1"' - "$dir"
  is "$status" 125 "$output"
  like "$output" '^Error: enter the user namespace: user 55 has no ranges of subordinate IDs in /etc/subuid and /etc/subgid .*usermod --add-subuids'
}

@test "limits without a delegated cgroup are ignored aloud, and only then" {
  user
  ! has cgroups || skip "cgroups are delegated here"
  run_podctl run --rm "$IMAGE" true
  is "$stderr" ""
  run_podctl run --rm --memory 64m "$IMAGE" true
  like "$stderr" 'The limits of this container are ignored: (this host has cgroups (v1|hybrid), of which nothing can be delegated|no cgroup is delegated to this user)'
  run_podctl pod create --name web --cpus 0.5
  like "$stderr" 'The limits of this pod are ignored'
  run_podctl 125 pod pause web
}

@test "a cgroup parent that the user may not use is one error with the remedy" {
  user
  local verb
  for verb in 'pod create --cgroup-parent /mine' "create --cgroup-parent /mine $IMAGE" "run --cgroup-parent /mine $IMAGE true"; do
    # shellcheck disable=SC2086 # words
    run_podctl 125 --cgroup-manager cgroupfs $verb
    like "$stderr" '^Error: cgroup parent /mine: write to /sys/fs/cgroup.*: permission denied \(not delegated to this user: leave out --cgroup-parent'
    is "${stderr//[!$'\n']/}" "" "line breaks in the error"
  done
  run_podctl pod ps -q
  is "$output" ""
  run_podctl ps -aq
  is "$output" ""
}

@test "an address is for a bridge, which a user's default network is not" {
  user
  local flag
  for flag in --ip=10.88.0.77 --ip6=fd00::77 --mac-address=92:d0:c6:0a:29:33 --network-alias=db; do
    run_podctl 125 pod create "$flag"
    is "$stderr" "Error: ${flag%%=*} can only be set when the network mode is bridge: invalid argument"
    run_podctl 125 create "$flag" "$IMAGE"
    is "$stderr" "Error: ${flag%%=*} can only be set when the network mode is bridge: invalid argument"
  done
  run_podctl ps -aq
  is "$output" ""
}

@test "images are completed for users too" {
  user
  run_podctl __completeNoDesc run ""
  is "${output//$'\n'/ }" "$IMAGE :4"
  run_podctl __completeNoDesc run local
  is "${output//$'\n'/ }" "$IMAGE :4"
  run_podctl __completeNoDesc run nothing
  is "$output" ":4"
}

@test "default ulimits are what the user may have" {
  user
  run_podctl run --rm "$IMAGE" sh -c 'ulimit -Hn; ulimit -Hu'
  local files=${lines[0]} most
  most=$(ulimit -Hn)
  [[ $most != unlimited ]] || most=1048576
  is "$files" "$((most < 1048576 ? most : 1048576))"
}

# --- networks ---

@test "a pod's ports are reached through pasta, which goes with the pod" {
  user
  requires pasta
  run_podctl pod create --name web -p 18080:80 -p 127.0.0.1::81
  serve srv --pod web
  wait_until 20 says 18080 srv
  run_podctl inspect --format '{{.HostConfig.NetworkMode}}' "$(podctl pod inspect web --format '{{.InfraContainerID}}')"
  is "$output" pasta
  run_podctl exec srv cat /proc/sys/net/ipv4/ping_group_range
  is "${output//$'\t'/ }" "0 0"
  run_podctl pod stop --time 0 web
  run_podctl pod start web
  wait_until 20 says 18080 srv
  run_podctl pod create --name second -p 18080:80
  run_podctl 125 pod start second
  like "$stderr" '^Error: starting container [0-9a-f]{64}: set up network: .*18080: bind: address already in use'
  run_podctl pod stop --time 0 web
  wait_until 10 none_run "^[^ ]*pasta .*$TMP"
}

@test "a port for root only is refused with the remedy" {
  user
  requires pasta
  (($(</proc/sys/net/ipv4/ip_unprivileged_port_start) > 80)) || skip "users may have port 80 here"
  run_podctl 126 run --rm -p 80:80 "$IMAGE" true
  like "$stderr" 'permission denied \(a user may not have ports below sysctl net.ipv4.ip_unprivileged_port_start'
}

@test "pasta and slirp4netns take their options" {
  user
  requires pasta slirp4netns
  run_podctl run --rm --network pasta:--mtu,1300 "$IMAGE" sh -c 'cat /sys/class/net/*/mtu'
  like "$output" '(^|'$'\n'')1300($|'$'\n'')'
  run_podctl 126 run --rm --network pasta:--nosuchoption "$IMAGE" true
  like "$stderr" "^Error: set up network: pasta failed .*unrecognized option '--nosuchoption'$"
  run_podctl run --rm --network slirp4netns:mtu=1400,cidr=10.77.0.0/24 "$IMAGE" sh -c 'cat /sys/class/net/tap0/mtu; ip -4 -o addr show tap0; cat /etc/resolv.conf'
  like "$output" '^1400'
  like "$output" '10\.77\.0\.100/24'
  like "$output" 'nameserver 10\.77\.0\.3'
  run_podctl 126 run --rm --network slirp4netns:nosuch=1 "$IMAGE" true
  like "$stderr" 'unknown option for slirp4netns'
}

@test "slirp4netns publishes ports, knows the host by name and goes with the container" {
  user
  requires slirp4netns
  serve srv --network slirp4netns -p 18081:80
  wait_until 20 says 18081 srv
  run_podctl exec srv grep -c host.containers.internal /etc/hosts
  is "$output" 1
  run_podctl rm --force --time 0 srv
  wait_until 10 none_run '^([^ ]*slirp4netns|podctl-ports)'
}

@test "pods on a user's network know each other by name and publish ports" {
  user
  requires netavark aardvark-dns pasta perl
  run_podctl network create net1
  run_podctl pod create --name one --network net1 -p 18082:80 -p 18083:53/udp
  serve srv --pod one
  run_podctl pod create --name two --network net1
  run_podctl run -d --pod two --name asks "$IMAGE" sleep 300
  wait_until 20 podctl exec asks wget -q -O - http://one/word
  run_podctl exec asks wget -q -O - http://one/word
  is "$output" srv
  wait_until 20 says 18082 srv
  # busybox has no udp server: the host's perl in the pod's network is one.
  run_podctl inspect --format '{{.State.Pid}}' srv
  podctl unshare nsenter -t "$output" -n perl -MSocket -e 'alarm 60; socket(S, PF_INET, SOCK_DGRAM, 0);
    bind(S, sockaddr_in(53, INADDR_ANY)); while ($from = recv(S, $m, 99, 0)) { send(S, "heard $m", 0, $from) }' 3>&- &
  local server=$!
  wait_until 20 answers_udp 18083
  kill "$server"
  run_podctl pod rm --force --time 0 one two
  run_podctl network rm net1
  wait_until 10 none_run '^([^ ]*(pasta|aardvark-dns)|podctl-ports)'
}

# busybox needs a raw socket for it, which containers may not have: the host's ping
# does with what the sysctl ping_group_range allows.
@test "a container can ping another one" {
  user
  requires netavark aardvark-dns pasta ping
  run_podctl network create net1
  run_podctl run -d --name one --network net1 "$IMAGE" sleep 300
  run_podctl run --rm --network net1 -v /usr:/usr:ro -v /usr/lib:/lib:ro -v /usr/lib64:/lib64:ro "$IMAGE" \
    /usr/bin/ping -c 1 -W "$((10 * SLOWNESS))" one
  like "$output" '1 received, 0% packet loss'
  run_podctl rm --force --time 0 one
  run_podctl network rm net1
}

answers_udp() {
  [[ $(perl -MSocket -e 'alarm 5; socket(S, PF_INET, SOCK_DGRAM, 0); connect(S, sockaddr_in($ARGV[0], inet_aton("127.0.0.1")));
    send(S, "this", 0); recv(S, $m, 99, 0); print $m' "$1") == "heard this" ]]
}

@test "podctl killed while it makes a network leaves none once the container is gone" {
  user
  requires pasta slirp4netns netavark
  local mode delay
  for mode in pasta slirp4netns bridge; do
    for delay in 0.05 0.1 0.2; do
      timeout -s KILL "$delay" "$PODCTL" "${PODCTL_ARGS[@]}" run -d --name k --network "$mode" -p 18084:80 "$IMAGE" sleep 300 3>&- >/dev/null 2>&1 || true
      run_podctl rm --force --ignore --time 0 k
    done
  done
  wait_until 10 none_run '^([^ ]*(pasta|slirp4netns|aardvark-dns)|podctl-ports)'
}

@test "a wrong count of containers takes no network away, and leaves none" {
  user
  requires netavark pasta
  local count=$RUNROOT/networks/rootless-netns/ref-count
  run_podctl run -d --name c1 --network podman "$IMAGE" sleep 300
  run_podctl run -d --name c2 --network podman "$IMAGE" sleep 300
  printf 1 >"$count" # a start that was killed before it counted itself
  run_podctl rm --force --time 0 c1
  run_podctl exec c2 ip -4 -o addr show eth0
  like "$output" 'inet 10\.88\.'
  [[ -e $count ]] || fail "the network of c2 is gone"
  printf 5 >"$count" # removals that were
  run_podctl rm --force --time 0 c2
  [[ ! -e $count ]] || fail "the network nobody is on stays"
}

# --- user namespaces of containers ---

@test "keep-id: the user is the same inside, with its own ID or another" {
  user
  mkdir "$BATS_TEST_TMPDIR/dir"
  run_podctl run --rm --userns keep-id -v "$BATS_TEST_TMPDIR/dir:/dir" "$IMAGE" sh -c 'id -u; id -g; echo >/dir/file'
  is "$output" "$EUID"$'\n'"$(id -g)"
  is "$(stat -c %u "$BATS_TEST_TMPDIR/dir/file")" "$EUID"
  run_podctl run --rm --userns keep-id:uid=200,gid=210 -v "$BATS_TEST_TMPDIR/dir:/dir" "$IMAGE" sh -c 'id -u; id -g; stat -c %u /dir/file'
  is "$output" $'200\n210\n200'
  # /etc/passwd tells whose ID it is.
  run_podctl run --rm --userns keep-id "$IMAGE" sh -c 'id -un; id -gn'
  is "$output" "$(id -un)"$'\n'"$(id -gn)"
}

@test "members of a pod made with keep-id are the user, unless told otherwise" {
  user
  requires pasta
  run_podctl pod create --name mine --userns keep-id
  run_podctl run --rm --pod mine "$IMAGE" sh -c 'id -u; id -un; stat -c %u /bin'
  is "$output" "$EUID"$'\n'"$(id -un)"$'\n0'
  run_podctl run --rm --pod mine --user 0 "$IMAGE" id -u
  is "$output" 0
  run_podctl pod create --name other --userns keep-id:uid=200,gid=210
  run_podctl run --rm --pod other "$IMAGE" sh -c 'id -u; id -g'
  is "$output" $'200\n210'
}

@test "nomap, auto and mappings: the user is nobody inside, or who it is made" {
  user
  requires pasta
  run_podctl run --rm --userns nomap "$IMAGE" sh -c 'id -u; awk "{ print \$2 }" /proc/self/uid_map'
  is "$output" $'0\n1'
  run_podctl run --rm --userns auto:size=3000 "$IMAGE" sh -c 'id -u; awk "{ print \$3 }" /proc/self/uid_map'
  is "$output" $'0\n3000'
  run_podctl run --rm --uidmap 0:1:500 --gidmap 0:1:500 -v data:/data "$IMAGE" sh -c 'echo >/data/file; stat -c %u /data/file; awk "{ print \$2, \$3 }" /proc/self/uid_map'
  is "$output" $'0\n1 500'
  # The user's own ID is a range by itself, and the kernel maps none across the end of one.
  run_podctl run --rm --uidmap 0:0:500 --gidmap 0:0:500 -v data:/data "$IMAGE" sh -c 'stat -c %u /data/file; awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map'
  is "$output" $'1\n0 0 1\n1 1 499'
  run_podctl run --rm --subuidname "$(id -un)" "$IMAGE" sh -c 'awk "{ print \$1, \$2 }" /proc/self/uid_map'
  is "$output" "0 1"
  run_podctl 125 create --uidmap 0:1:100000000 "$IMAGE" true
  like "$stderr" '^Error: .*UIDs: 1 to 100000000: this user has [0-9]+, .*/etc/subuid'
  is "${stderr//[!$'\n']/}" "" "line breaks in the error"
}

@test "two containers with ranges of their own, and a pod with one" {
  user
  requires pasta
  run_podctl run -d --name a1 --userns auto:size=1000 "$IMAGE" sleep 300
  run_podctl run -d --name a2 --userns auto:size=1000 "$IMAGE" sleep 300
  local first
  run_podctl exec a1 awk '{ print $2 }' /proc/self/uid_map
  first=$output
  run_podctl exec a2 awk '{ print $2 }' /proc/self/uid_map
  [[ $output != "$first" ]] || fail "both have the range of $first"
  run_podctl pod create --name mapped --userns keep-id
  run_podctl run --rm --pod mapped --user "$EUID" "$IMAGE" sh -c 'id -u'
  is "$output" "$EUID"
}

# --- who sees what ---

@test "root and users see nothing of each other" {
  requires root alone
  local id every=$BATS_TEST_TMPDIR
  ALL=$every/podctl
  cp "$PODCTL" "$ALL"
  while [[ -n $every ]]; do # for whoever it is to go through
    chmod a+x "$every"
    every=${every%/*}
  done
  cp /etc/passwd "$BATS_TEST_TMPDIR/passwd"
  for id in 4301 4302 4303; do
    echo "user$id:x:$id:$id::/run/home-$id:/bin/sh" >>"$BATS_TEST_TMPDIR/passwd"
  done
  mount --bind "$BATS_TEST_TMPDIR/passwd" /etc/passwd
  cp /etc/subuid "$BATS_TEST_TMPDIR/subuid"
  printf '%s\n' 4301:300000:65536 4302:400000:65536 >>"$BATS_TEST_TMPDIR/subuid"
  mount --bind "$BATS_TEST_TMPDIR/subuid" /etc/subuid
  mount --bind "$BATS_TEST_TMPDIR/subuid" /etc/subgid
  for id in 4301 4302 4303; do
    install -d -m 700 -o "$id" -g "$id" "/run/home-$id"
  done
  "$ALL" pod create --name of-0 3>&-
  as 4301 pod create --name of-4301
  as 4302 pod create --name of-4302
  is "$("$ALL" pod ps --format '{{.Name}}')" of-0
  is "$(as 4301 pod ps --format '{{.Name}}')" of-4301
  is "$(as 4302 pod ps --format '{{.Name}}')" of-4302
  run as 4301 --root /run/home-4302/.local/share/containers/storage pod ps
  is "$status" 125
  like "$output" 'permission denied'
  run as 4301 --root /var/lib/containers/storage pod ps
  is "$status" 125
  "$ALL" pod rm of-0 3>&-
  as 4301 pod rm of-4301
  as 4302 pod rm of-4302
  # One whom nobody gave IDs, or a run directory.
  run as 4303 pod create
  is "$status" 125
  like "$output" '^Error: enter the user namespace: user user4303 has no ranges of subordinate IDs in /etc/subuid and /etc/subgid .*usermod --add-subuids'
  RUN='' run as 4303 pod create
  is "$status" 125
  like "$output" '^Error: XDG_RUNTIME_DIR is not set and there is no /run/user/4303: log in through a session .*loginctl enable-linger'
  pkill -9 -u 4301,4302 || true # their pause processes
  umount /etc/passwd /etc/subuid /etc/subgid
}

# as ID ARGS...: podctl of another user, with $RUN for a run directory if that is set
as() {
  local id=$1
  shift
  setpriv --reuid "$id" --regid "$id" --clear-groups -- \
    env -i "PATH=$PATH" "HOME=/run/home-$id" "XDG_RUNTIME_DIR=${RUN-/run/home-$id}" "$ALL" "$@" 3>&-
}
