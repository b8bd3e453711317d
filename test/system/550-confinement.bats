#!/usr/bin/env bats
# What a container's process may do, and what it finds around it: measured in
# the process, not read from the configuration.
# shellcheck disable=SC2016 # shell for the containers

load helpers

setup_file() {
  file_setup
  busybox_image
  odd_image
}

# odd_image: $ODD has a user, a directory, variables, an entrypoint, a command
ODD=localhost/odd:latest
odd_image() {
  local dir=$BATS_FILE_TMPDIR/odd
  mkdir -p "$dir"/{bin,etc,srv,tmp}
  cp /bin/busybox "$dir/bin/busybox"
  ln -s busybox "$dir/bin/sh"
  ln -s busybox "$dir/bin/echo"
  echo 'app:x:100:200:app:/srv:/bin/sh' >"$dir/etc/passwd"
  printf '%s\n' 'appgroup:x:200:' 'extra:x:300:app' >"$dir/etc/group"
  tar -C "$dir" --owner=0 --group=0 --numeric-owner -cf "$dir.tar" bin etc srv tmp
  podctl import -q -c 'ENV A=image' -c 'ENV B=image' -c 'WORKDIR /srv' -c 'USER app' \
    -c 'ENTRYPOINT ["/bin/echo","entry"]' -c 'CMD ["command"]' "$dir.tar" "$ODD" 3>&- >/dev/null
}

# sh FLAGS... -- COMMAND: its output in a container with these flags is $output
sh() {
  local flags=()
  while [[ $1 != -- ]]; do
    flags+=("$1")
    shift
  done
  run_podctl run --rm "${flags[@]}" "$IMAGE" sh -c "$2"
}

caps() { sh "$@" -- 'sed -n "s/^CapEff:.//p" /proc/self/status'; }

# --- what it may do ---

@test "a process has the default capabilities, and no more" {
  caps
  is "$output" 00000000800405fb
  sh --user 1234 -- 'grep -E "^Cap(Eff|Bnd)" /proc/self/status'
  is "$output" $'CapEff:\t0000000000000000\nCapBnd:\t00000000800405fb'
}

@test "--cap-add and --cap-drop, by name with and without CAP_, and ALL" {
  caps --cap-drop ALL
  is "$output" 0000000000000000
  caps --cap-drop all --cap-add NET_BIND_SERVICE --cap-add CAP_CHOWN
  is "$output" 0000000000000401
  caps --cap-drop chown
  is "$output" 00000000800405fa
  run_podctl 125 create --cap-add NOSUCH "$IMAGE"
  like "$stderr" '^Error: .*CAP_NOSUCH'
}

@test "system calls are filtered, no-new-privileges is for the asking" {
  sh -- 'grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status; mount -t tmpfs x /tmp 2>&1 || true'
  like "$output" 'NoNewPrivs:	0
Seccomp:	2'
  like "$output" 'mount.*(ermission denied|not permitted)'
  sh --security-opt seccomp=unconfined --security-opt no-new-privileges -- 'grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status'
  is "$output" $'NoNewPrivs:\t1\nSeccomp:\t0'
}

@test "a seccomp profile is read from a file" {
  echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}' >"$BATS_TEST_TMPDIR/profile.json"
  sh --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" -- 'mkdir /x 2>&1 || true'
  like "$output" 'Function not implemented'
  run_podctl 125 create --security-opt seccomp=/nosuch.json "$IMAGE"
  like "$stderr" '^Error: .*/nosuch.json'
}

@test "paths of the kernel are masked or read-only, unless unmasked" {
  sh -- 'for f in /proc/kcore /proc/keys /proc/timer_list; do [ -e $f ] && wc -c <$f; done; ls /proc/scsi /sys/firmware 2>/dev/null; (echo x >/proc/sys/kernel/domainname) 2>&1 || true'
  unlike "$output" '[1-9]'
  like "$output" 'domainname: Read-only file system'
  sh --security-opt unmask=ALL -- 'grep -c " /proc/" /proc/mounts || true'
  is "$output" 0
  sh --security-opt mask=/etc/passwd -- 'cat /etc/passwd'
  is "$output" ""
}

@test "--privileged has all capabilities, devices and a writable /sys" {
  requires root
  local all
  all=$(sed -n 's/^CapBnd:.//p' /proc/self/status)
  sh --privileged -- 'sed -n "s/^CapEff:.//p" /proc/self/status; grep -E "^Seccomp:" /proc/self/status; ls /dev | wc -l; grep -c " /proc/" /proc/mounts; grep " /sys sysfs" /proc/mounts'
  is "${lines[0]}" "$all"
  is "${lines[1]}" $'Seccomp:\t0'
  is "${lines[3]}" 0
  like "${lines[4]}" 'sysfs rw'
}

@test "--security-opt is checked" {
  run_podctl 125 create --security-opt nonsense "$IMAGE"
  is "$stderr" 'Error: invalid --security-opt 1: "nonsense"'
  run_podctl 125 create --security-opt nonsense=x "$IMAGE"
  is "$stderr" 'Error: invalid --security-opt 2: "nonsense=x"'
  if [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) != Y ]]; then
    run_podctl 125 run --security-opt apparmor=mine "$IMAGE" true
    like "$stderr" '^Error: apparmor profile "mine" specified, but Apparmor is not enabled on this system'
  fi
}

@test "namespaces and kernel parameters that cannot be had are refused with 125" {
  local kind
  for kind in pid ipc uts cgroupns; do
    run_podctl 125 run --$kind ns:/nowhere/ns "$IMAGE" true
    like "$stderr" "^Error: cannot find specified .* namespace path: stat /nowhere/ns: no such file or directory"
  done
  run_podctl 125 run --network host --sysctl net.ipv4.ip_forward=1 "$IMAGE" true
  is "$stderr" "Error: sysctl net.ipv4.ip_forward=1 can't be set since Network Namespace set to host: invalid argument"
  run_podctl 125 run --sysctl vm.swappiness=1 "$IMAGE" true
  is "$stderr" "Error: sysctl 'vm.swappiness' is not allowed"
  run_podctl ps -aq
  is "$output" ""
}

@test "--read-only is the root, with tmpfs where programs write" {
  sh --read-only -- 'touch /x 2>/dev/null || echo ro; for d in /run /tmp /var/tmp /dev /dev/shm; do touch $d/x && echo $d; done'
  is "$output" $'ro\n/run\n/tmp\n/var/tmp\n/dev\n/dev/shm'
  run_podctl 0 run --rm --read-only --read-only-tmpfs=false "$IMAGE" sh -c 'for d in /run /tmp /dev/shm; do touch $d/x 2>/dev/null && echo $d; done; true'
  is "$output" ""
}

@test "--ulimit, --oom-score-adj, --umask and --personality reach the process" {
  sh --ulimit nofile=100:200 --ulimit core=0 --umask 077 --oom-score-adj 500 -- 'ulimit -n; ulimit -Hn; ulimit -c; umask; cat /proc/self/oom_score_adj'
  is "$output" $'100\n200\n0\n0077\n500'
  sh -- umask
  is "$output" 0022
  run_podctl 125 create --ulimit nonsense=1 "$IMAGE"
  like "$stderr" '^Error: .*nonsense'
}

@test "a device is there and only as allowed" {
  requires root
  sh --device /dev/loop-control:/dev/mine:r -- 'ls -l /dev/mine; (exec 3<>/dev/mine) 2>&1 || true; (exec 3</dev/mine) && echo readable'
  like "$output" '^c.*/dev/mine'
  like "$output" 'not permitted'
  like "$output" 'readable'
  run_podctl 125 create --device /dev/nosuch "$IMAGE"
  like "$stderr" '^Error: .*/dev/nosuch.*no such file or directory'
}

# --- who it is ---

@test "--user: name, number, with a group, unknown" {
  local form
  for form in app= app:200= app:appgroup= 100=; do
    run_podctl run --rm --user "${form%=}" --entrypoint /bin/busybox "$ODD" id
    like "$output" '^uid=100(\(app\))? gid=200(\(appgroup\))?' "--user ${form%=}"
  done
  run_podctl run --rm --entrypoint /bin/busybox "$ODD" id
  is "$output" 'uid=100(app) gid=200(appgroup) groups=200(appgroup),300(extra)' "the image's user"
  run_podctl run --rm --user 4321:5432 --group-add 77 "$IMAGE" sh -c 'id -u; id -g; id -G'
  is "$output" $'4321\n5432\n5432 77'
  run_podctl 126 run --rm --user nosuch "$IMAGE" true
  like "$stderr" '^Error: .*nosuch.*no matching entries in passwd file'
  run_podctl ps -aq
  is "$output" ""
}

@test "an unknown user gets an entry in /etc/passwd, unless --passwd=false" {
  sh --user 4321 -- 'grep 4321 /etc/passwd; echo $HOME'
  like "$output" '^4321:.*:4321:0:'
  sh --user 4321 --passwd=false -- 'grep 4321 /etc/passwd || echo none'
  is "${lines[0]}" none
}

# --- what it finds ---

@test "hostname, /etc/hosts, resolv.conf and .containerenv are there" {
  requires root
  sh --hostname given --add-host x:192.0.2.1 --dns 192.0.2.53 -- 'hostname; cat /etc/hostname; cat /etc/hosts; cat /etc/resolv.conf; ls /run/.containerenv'
  is "${lines[0]} ${lines[1]}" 'given given'
  like "$output" '192\.0\.2\.1[[:space:]]x'
  like "$output" '10\.88\.[0-9]+\.[0-9]+[[:space:]]given'
  like "$output" 'nameserver 192\.0\.2\.53'
  like "$output" '/run/\.containerenv'
  run_podctl run --rm --name me "$IMAGE" sh -c 'hostname'
  like "$output" '^[0-9a-f]{12}$'
  sh --no-hosts --no-hostname -- 'cat /etc/hosts /etc/hostname 2>/dev/null || true'
  is "$output" ""
}

@test "variables: image below host below file below --env" {
  echo 'B=file' >"$BATS_TEST_TMPDIR/env"
  echo '# comment' >>"$BATS_TEST_TMPDIR/env"
  echo 'FROM_HOST' >>"$BATS_TEST_TMPDIR/env"
  export FROM_HOST=host P_ONE=1 P_TWO=2 http_proxy=http://proxy.example:1
  run_podctl run --rm --entrypoint /bin/busybox --env-file "$BATS_TEST_TMPDIR/env" --env C=flag --env A=flag -e 'P_*' "$ODD" env
  local expected
  for expected in A=flag B=file C=flag FROM_HOST=host P_ONE=1 P_TWO=2 container=podman http_proxy=http://proxy.example:1 HOME=/srv; do
    like "$output" "(^|
)$expected(\$|
)" "$expected"
  done
  run_podctl run --rm --entrypoint /bin/busybox --unsetenv A --http-proxy=false --env-merge 'B=${B}+more' "$ODD" env
  unlike "$output" '(^|
)A='
  unlike "$output" http_proxy
  like "$output" 'B=image\+more'
}

@test "entrypoint and command replace each other as they should" {
  run_podctl run --rm "$ODD"
  is "$output" 'entry command'
  run_podctl run --rm "$ODD" other words
  is "$output" 'entry other words'
  run_podctl run --rm --entrypoint /bin/echo "$ODD" x
  is "$output" x
  run_podctl run --rm --entrypoint '["/bin/echo","one","two"]' "$ODD" three
  is "$output" 'one two three'
  run_podctl run --rm --entrypoint '' "$ODD" /bin/echo bare
  is "$output" bare
}

@test "--workdir, made where it is not there when the image says so" {
  run_podctl run --rm --entrypoint /bin/busybox "$ODD" pwd
  is "$output" /srv
  sh -w /tmp -- pwd
  is "$output" /tmp
  run_podctl '?' run --rm -w /nosuch/dir "$IMAGE" pwd
  is "$status" 126
  is "$stderr" 'Error: workdir "/nosuch/dir" does not exist on container '"${stderr##* }"
}

@test "--init is process 1 and reaps" {
  sh --init -- 'cat /proc/1/comm; (sleep 0.01 &); sleep 0.2; ps -o stat,args | grep -c "^Z" || true'
  like "${lines[0]}" 'catatonit|podman-init'
  is "${lines[1]}" 0
}

@test "--tz and --systemd=false" {
  requires alone
  sh --tz UTC -- date
  like "$output" UTC
}

@test "what cannot be run: 126 and 127, with the reason, and nothing left" {
  run_podctl 127 run --rm "$IMAGE" nosuchprogram
  like "$stderr" '^Error: .*nosuchprogram'
  run_podctl 126 run --rm "$IMAGE" /etc
  like "$stderr" '^Error: .*ermission denied|is a directory'
  run_podctl 126 run --rm "$IMAGE" /etc/passwd
  like "$stderr" '^Error: .*ermission denied'
  run_podctl 125 run --rm --pull never localhost/nosuch:latest
  is "$stderr" 'Error: localhost/nosuch:latest: image not known'
  run_podctl 3 run --rm "$IMAGE" sh -c 'exit 3'
  run_podctl 137 run --rm --init "$IMAGE" sh -c 'kill -9 $$'
  run_podctl ps -aq
  is "$output" ""
}

@test "a secret is a file or a variable" {
  printf 'very secret' | podctl secret create mine - >/dev/null
  sh --secret mine --secret mine,type=env,target=S --secret mine,target=/etc/other,uid=33,mode=0400 -- 'cat /run/secrets/mine; echo; echo $S; stat -c "%u %a" /etc/other'
  is "$output" $'very secret\nvery secret\n33 400'
  run_podctl secret rm mine
  run_podctl 125 create --secret mine "$IMAGE"
  like "$stderr" '^Error: .*mine.*no such secret'
}

@test "namespaces of the host and of other containers" {
  local ns
  for ns in pid ipc uts; do
    sh "--$ns" host -- "readlink /proc/self/ns/$ns"
    is "$output" "$(readlink "/proc/self/ns/$ns")" "$ns"
  done
  run_podctl run -d --name other --ipc shareable "$IMAGE" sh -c 'echo seen >/dev/shm/f; exec sleep 100'
  sh --ipc container:other --pid container:other -- 'cat /dev/shm/f; ps'
  like "$output" '^seen'
  like "$output" 'sleep 100'
  run_podctl 125 create --pid sideways "$IMAGE"
  like "$stderr" 'unrecognized namespace mode sideways passed'
  run_podctl 125 create --pid pod "$IMAGE"
  like "$stderr" 'cannot use pod namespace as container is not joining a pod or pod has no infra container: invalid argument'
  run_podctl 125 create --ipc host --shm-size 1m "$IMAGE"
  is "$stderr" 'Error: invalid config provided: cannot set shmsize when running in the host IPC Namespace'
}
