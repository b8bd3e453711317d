#!/usr/bin/env bats
# Hosts that are not as expected: no configuration, programs missing, another
# boot, a damaged or foreign database, a full disk, interruptions. podctl says
# what is wrong in one line, leaves nothing half-made, and goes on afterwards.

# shellcheck disable=SC2016 # shell for the containers

load helpers

setup_file() {
  file_setup
  busybox_image
}

setup() {
  test_setup
  requires isolated
}

teardown() {
  # Hidden programs and other mounts of a test, the last first.
  local target failed=0
  if [[ -e $BATS_TEST_TMPDIR/mounts ]]; then
    while read -r target; do umount -l "$target" || true; done < <(tac "$BATS_TEST_TMPDIR/mounts")
  fi
  if [[ -e $BATS_TEST_TMPDIR/boot_id ]]; then
    # As long as this boot lasts: in the former one none of our processes runs.
    remove_everything || failed=1
    umount -l /proc/sys/kernel/random/boot_id || failed=1
  fi
  test_teardown || failed=1
  return "$failed"
}

# mount_for_now ARGS... TARGET: unmounted by teardown
mount_for_now() {
  mount "$@"
  echo "${*: -1}" >>"$BATS_TEST_TMPDIR/mounts"
}

# hide PROGRAM...: makes them not there, wherever they are looked for
hide() {
  local program dir
  for program; do
    for dir in /usr/libexec/podman /usr/local/libexec/podman /usr/local/lib/podman /usr/lib/podman /usr/libexec/catatonit \
      /usr/lib/cri-o-runc/sbin /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin; do
      if [[ -f $dir/$program ]]; then
        # Over the directory goes a copy by links, without the program.
        without "$dir" "$program"
      fi
    done
  done
}

without() {
  local dir=$1 program=$2 shadow real
  shadow=$(mktemp -d "$BATS_TEST_TMPDIR/shadow.XXXX")
  real=$(mktemp -d "$BATS_TEST_TMPDIR/real.XXXX")
  mount_for_now --bind "$dir" "$real"
  mount_for_now -t overlay overlay -o "lowerdir=$real,upperdir=$(up),workdir=$(up work)" "$shadow" 2>/dev/null ||
    skip "no overlay over $dir"
  rm "$shadow/$program"
  mount_for_now --bind "$shadow" "$dir"
}

# up [work]: a directory of a tmpfs, for overlays
up() {
  [[ -d /dev/shm/up ]] || mkdir -p /dev/shm/up
  mktemp -d "/dev/shm/up/XXXX"
}

one_error() {
  like "$stderr" '^Error: '
  is "$(grep -c . <<<"$stderr")" 1 "lines on stderr"
}

nothing_made() {
  run_podctl ps -aq
  is "$output" "" "containers"
  run_podctl pod ps -q
  is "$output" "" "pods"
}

# --- configuration ---

@test "no configuration file is needed" {
  local dir
  for dir in /etc/containers /usr/share/containers; do
    [[ ! -d $dir ]] || mount_for_now -t tmpfs tmpfs "$dir"
  done
  run_podctl run --rm "$IMAGE" echo works
  is "$output" works
  run_podctl pod create --name web
  run_podctl run --rm --pod web "$IMAGE" echo works
  is "$output" works
}

@test "the environment of the host: a flag overrides containers.conf" {
  local conf=$BATS_TEST_TMPDIR/containers.conf
  printf '[containers]\nenv_host = true\n' >"$conf"
  CONTAINERS_CONF_OVERRIDE=$conf OF_THE_HOST=seen run_podctl run --rm "$IMAGE" sh -c 'echo "<$OF_THE_HOST>"'
  is "$output" '<seen>'
  CONTAINERS_CONF_OVERRIDE=$conf OF_THE_HOST=seen run_podctl run --rm --env-host=false "$IMAGE" sh -c 'echo "<$OF_THE_HOST>"'
  is "$output" '<>'
  OF_THE_HOST=seen run_podctl run --rm --env-host "$IMAGE" sh -c 'echo "<$OF_THE_HOST>"'
  is "$output" '<seen>'
}

@test "no_hosts of containers.conf: a flag overrides it, and a pod's members do as the pod does" {
  local conf=$BATS_TEST_TMPDIR/containers.conf
  printf '[containers]\nno_hosts = true\n' >"$conf"
  export CONTAINERS_CONF_OVERRIDE=$conf
  run_podctl '?' run --rm "$IMAGE" cat /etc/hosts
  unlike "$output" host.containers.internal
  run_podctl run --rm --no-hosts=false "$IMAGE" cat /etc/hosts
  like "$output" host.containers.internal
  run_podctl pod create --name web --no-hosts=false
  run_podctl pod inspect web
  assert_json '.[0].InfraConfig.NoManageHosts' false
  run_podctl run --rm --pod web "$IMAGE" cat /etc/hosts
  like "$output" host.containers.internal
  run_podctl 125 pod create --add-host one:1.1.1.1
  is "$stderr" "Error: --no-hosts and --add-host cannot be set together"
  run_podctl 125 create --add-host one:1.1.1.1 "$IMAGE" true
  is "$stderr" "Error: --no-hosts and --add-host cannot be set together"
  run_podctl create --no-hosts=false --add-host one:1.1.1.1 "$IMAGE" true
}

@test "a namespace mode of containers.conf that there is not is refused" {
  local conf=$BATS_TEST_TMPDIR/containers.conf kind
  export CONTAINERS_CONF_OVERRIDE=$conf
  for kind in cgroup ipc net pid user uts; do
    printf '[containers]\n%sns = "bogus"\n' "$kind" >"$conf"
    run_podctl 125 create "$IMAGE" true
    is "$stderr" "Error: ${kind}ns of containers.conf: unrecognized namespace mode bogus passed"
    run_podctl 125 pod create
    is "$stderr" "Error: ${kind}ns of containers.conf: unrecognized namespace mode bogus passed"
  done
}

@test "CONTAINERS_CONF is the only file read, the override is above it" {
  local conf=$BATS_TEST_TMPDIR/c.conf over=$BATS_TEST_TMPDIR/o.conf
  printf '%s\n' '[containers]' 'env = ["FROM=conf"]' 'pids_limit = 77' '[engine]' 'pod_exit_policy = "stop"' >"$conf"
  printf '%s\n' '[containers]' 'pids_limit = 88' >"$over"
  export CONTAINERS_CONF=$conf CONTAINERS_CONF_OVERRIDE=$over
  run_podctl run --rm "$IMAGE" sh -c 'echo $FROM'
  is "$output" conf
  run_podctl create --name c "$IMAGE" true
  run_podctl inspect c
  assert_json '.[0].HostConfig.PidsLimit' 88
  run_podctl pod create --name web
  run_podctl pod inspect web
  assert_json '.[0].ExitPolicy' stop
  export CONTAINERS_CONF=/nosuch.conf
  run_podctl 125 pod ps
  one_error
  like "$stderr" '/nosuch.conf'
  unset CONTAINERS_CONF CONTAINERS_CONF_OVERRIDE
}

@test "volumes and annotations of containers.conf are every container's, its infra command a pod's" {
  local conf=$BATS_TEST_TMPDIR/c.conf
  mkdir "$BATS_TEST_TMPDIR/d" "$BATS_TEST_TMPDIR/own"
  printf '%s\n' '[containers]' "volumes = [\"$BATS_TEST_TMPDIR/d:/conf:ro\", \"kept:/kept\"]" 'annotations = ["a=conf", "b=conf"]' \
    '[engine]' "infra_image = \"$IMAGE\"" 'infra_command = "sleep 1000"' >"$conf"
  export CONTAINERS_CONF=$conf
  run_podctl create --name c -v "$BATS_TEST_TMPDIR/own:/conf" --annotation b=own "$IMAGE" true
  run_podctl inspect c
  assert_json '[.[0].Mounts[] | .Name // .Source]' "[\"$BATS_TEST_TMPDIR/own\",\"kept\"]"
  assert_json '.[0].Config.Annotations | [.a, .b]' '["conf","own"]'
  run_podctl run --rm "$IMAGE" sh -c 'test -d /conf && { touch /conf/x 2>/dev/null || echo read-only; }'
  is "$output" read-only
  run_podctl pod create --name web
  run_podctl pod start web
  run_podctl pod inspect web
  assert_json '.[0] | [.State, .mounts]' '["Running",null]'
  run_podctl pod rm -f -t 0 web
  echo 'pod_exit_policy = "never"' >>"$conf"
  run_podctl 125 pod create --name web
  like "$stderr" '^Error: running pod create option: invalid pod exit policy: "never"'
  unset CONTAINERS_CONF
}

@test "what containers.conf says of all containers holds where the command line is silent" {
  local conf=$BATS_TEST_TMPDIR/containers.conf
  configure() { printf '%s\n' "$@" >"$conf"; }
  export CONTAINERS_CONF_OVERRIDE=$conf https_proxy=http://proxy:1
  configure '[containers]' 'init = true' 'read_only = true' 'privileged = true' 'http_proxy = false' 'oom_score_adj = 101' \
    'pids_limit = 55' 'container_name_as_hostname = true' 'log_driver = "journald"' 'log_tag = "mine"'
  run_podctl create --name said "$IMAGE" true
  run_podctl create --name silent --init=false --read-only=false --privileged=false --http-proxy=true --oom-score-adj 5 \
    --pids-limit 7 --log-driver k8s-file "$IMAGE" true
  unset CONTAINERS_CONF_OVERRIDE # it is the container's by now
  local what='{{with .HostConfig}}{{.Init}} {{.ReadonlyRootfs}} {{.Privileged}} {{.OomScoreAdj}} {{.PidsLimit}} {{.LogConfig.Tag}}{{end}} {{json .Config.Env}}'
  run_podctl inspect --format "$what" said
  like "$output" '^true true true 101 55 mine '
  unlike "$output" https_proxy
  run_podctl inspect --format "$what" silent
  like "$output" '^false false false 5 7  .*https_proxy=http://proxy:1'
  run_podctl rm said silent
  export CONTAINERS_CONF_OVERRIDE=$conf

  configure '[containers]' 'init = true' 'container_name_as_hostname = true' 'oom_score_adj = 101'
  run_podctl run --rm --name some_name "$IMAGE" sh -c 'hostname; cat /proc/self/oom_score_adj; tr "\0" " " </proc/1/cmdline'
  like "$output" $'^somename\n101\n/run/podman-init -- sh'
  run_podctl run --rm --name some_name --hostname other "$IMAGE" hostname
  is "$output" other

  configure '[engine]' 'pull_policy = "never"' 'image_volume_mode = "ignore"'
  run_podctl 125 create localhost/nosuch:1 true
  is "$stderr" "Error: localhost/nosuch:1: image not known"
  run_podctl create --name plain "$IMAGE" true
  run_podctl commit -q --change 'VOLUME /data' plain localhost/volume:1
  run_podctl create --name ignored localhost/volume:1 true
  run_podctl inspect --format '{{len .Mounts}}' ignored
  is "$output" 0
  run_podctl create --name made --image-volume tmpfs localhost/volume:1 true
  run_podctl inspect --format '{{json .HostConfig.Tmpfs}}' made
  like "$output" /data

  configure '[containers]' 'log_driver = "bogus"'
  run_podctl 125 create "$IMAGE" true
  is "$stderr" "Error: running container create option: invalid log driver: invalid argument"
}

@test "a broken containers.conf or storage.conf is named" {
  local conf=$BATS_TEST_TMPDIR/c.conf
  echo 'this is = = not toml' >"$conf"
  CONTAINERS_CONF=$conf run_podctl 125 pod ps
  one_error
  like "$stderr" "$conf"
  CONTAINERS_STORAGE_CONF=$conf run_podctl 125 images
  one_error
  like "$stderr" "$conf"
}

@test "CONTAINERS_STORAGE_CONF says where the store is" {
  local dir=$BATS_TEST_TMPDIR/s
  mkdir "$dir"
  printf '%s\n' '[storage]' 'driver = "vfs"' "graphroot = \"$dir/g\"" "runroot = \"$dir/r\"" >"$dir/storage.conf"
  CONTAINERS_STORAGE_CONF=$dir/storage.conf "$PODCTL" --tmpdir "$dir/t" images -q 3>&-
  [[ -d $dir/g/vfs-images || -d $dir/g/vfs ]] || fail "no store in $dir/g: $(ls "$dir/g")"
}

# --- programs that are missing ---

@test "without conmon: which package has it, and nothing is left half-made" {
  run_podctl pod create --name web
  hide conmon
  run_podctl 125 pod start web
  one_error
  like "$stderr" 'conmon.*apt(-get)? install conmon|install.*conmon'
  run_podctl 125 pod create --name other
  one_error
  like "$stderr" 'conmon.*apt(-get)? install conmon|install.*conmon'
  run_podctl '?' run --rm "$IMAGE" true
  [[ $status == 125 || $status == 126 || $status == 127 ]]
  one_error
  run_podctl ps -aq
  is "${#lines[@]}" 1 "only infra is left"
  run_podctl pod rm -f web
}

@test "without any OCI runtime: which packages have one" {
  run_podctl pod create --name web
  hide runc crun
  run_podctl 125 pod create --name other
  one_error
  run_podctl 125 pod start web
  one_error
  like "$stderr" 'crun'
  like "$stderr" 'install'
  run_podctl pod rm web
  nothing_made
}

@test "without netavark: which package has it; --network none needs none" {
  hide netavark
  run_podctl pod create --name web
  run_podctl 125 pod start web
  one_error
  like "$stderr" 'netavark'
  like "$stderr" 'install'
  run_podctl pod create --name alone --network none
  run_podctl pod start alone
  run_podctl pod rm -f -t 0 web alone
}

@test "without catatonit: which package has it; --infra=false needs none" {
  hide catatonit
  run_podctl '?' pod create --name web
  if ((status == 0)); then run_podctl 125 pod start web; fi
  one_error
  like "$stderr" 'catatonit'
  like "$stderr" 'install'
  run_podctl pod rm -f web
  run_podctl pod create --name bare --infra=false
  run_podctl run --rm --pod bare "$IMAGE" echo works
  is "$output" works
  run_podctl '?' run --rm --init "$IMAGE" true
  one_error
}

@test "a runtime or conmon that is not there is named as it was given" {
  run_podctl '?' --runtime /nosuch/runtime run --rm "$IMAGE" true
  one_error
  like "$stderr" '/nosuch/runtime'
  run_podctl '?' --conmon /nosuch/conmon run --rm "$IMAGE" true
  one_error
  like "$stderr" '/nosuch/conmon'
  nothing_made
}

# --- several, and another boot ---

@test "two roots side by side know nothing of each other" {
  local dir=$BATS_TEST_TMPDIR/o
  mkdir -p "$dir"
  local other=("$PODCTL" --root "$dir/root" --runroot "$dir/run" --tmpdir "$dir/tmp" --network-config-dir "$dir/net")
  run_podctl pod create --name web
  "${other[@]}" pod create --name web >/dev/null 3>&-
  run_podctl pod start web
  "${other[@]}" pod start web 3>&-
  is "$("${other[@]}" pod ps --format '{{.Name}} {{.Status}}')" 'web Running'
  run_podctl pod rm -f -t 0 web
  is "$("${other[@]}" pod ps --format '{{.Name}} {{.Status}}')" 'web Running'
  "${other[@]}" pod rm -f -t 0 web >/dev/null 3>&-
  umount -l "$dir/root/overlay" 2>/dev/null || true
}

# reboot: another boot id, no process, no network, and an empty run directory
reboot() {
  pkill -KILL -x conmon || true
  pkill -KILL -xf 'sleep 100' || true
  pkill -KILL -xf '/catatonit -P' || true
  wait_until 5 no_containers_run
  local m
  while read -r m; do umount -l "$m"; done < <(awk -v a="$ROOT/" -v b="$RUNROOT/" -v c="$TMP/" -v keep="$ROOT/overlay" '
    index($5, a) == 1 && $5 != keep || index($5, b) == 1 || index($5, c) == 1 || $5 ~ "^/run/netns/" { print $5 }' /proc/self/mountinfo | tac)
  ip -o link show | sed -nE 's/^[0-9]+: (veth[^:@]*|podman[0-9]+).*/\1/p' | while read -r m; do ip link del "$m" || true; done
  local table
  for table in filter nat mangle; do
    iptables -t "$table" -F
    iptables -t "$table" -X
  done
  find /sys/fs/cgroup -depth -type d -path '*podctl_parent*' -exec rmdir {} \;
  rm -rf "${RUNROOT:?}"/* "${TMP:?}"/* /run/containers/* /run/podctl /run/netns/*
  cat /proc/sys/kernel/random/uuid >"$BATS_TEST_TMPDIR/boot_id"
  mount --bind "$BATS_TEST_TMPDIR/boot_id" /proc/sys/kernel/random/boot_id
}

no_containers_run() { ! pgrep -xf '/catatonit -P' && ! pgrep -x conmon; }

@test "after a reboot everything is shown as it is, exit codes are kept, and all starts again" {
  run_podctl pod create --name web -p 18080:80 --memory 64m
  local pod=$output
  run_podctl run -d --pod web --name main -v data:/d "$IMAGE" sleep 100
  run_podctl '?' run --pod web --name ended "$IMAGE" sh -c 'exit 7'
  run_podctl create --pod web --name fresh "$IMAGE" true
  run_podctl run -d --name alone "$IMAGE" sleep 100
  reboot
  run_podctl pod ps --format '{{.Name}} {{.Status}}'
  is "$output" 'web Stopped'
  run_podctl ps -a --format '{{.Names}} {{.State}} {{.ExitCode}}' --filter name='^(main|ended|fresh|alone)$' --sort names
  like "$output" 'ended exited 7'
  like "$output" 'fresh created'
  like "$output" 'main exited'
  like "$output" 'alone exited'
  run_podctl pod start web
  run_podctl pod ps --format '{{.Status}}'
  like "$output" '^(Running|Degraded)$'
  run_podctl exec main true
  run_podctl start alone
  [[ -n $(find /sys/fs/cgroup -type d -path "*/podctl_parent/$pod") ]] || fail "the pod's cgroup is not back"
}

@test "after a reboot a pod can be removed without being started" {
  run_podctl pod create --name web -v data:/d
  run_podctl run -d --pod web "$IMAGE" sleep 100
  reboot
  run_podctl pod rm web
  nothing_made
}

# --- the database ---

@test "a database that is foreign, newer or garbage is refused by name and left alone" {
  local dir=$BATS_TEST_TMPDIR/db db
  local other=(--root "$dir")
  db=$dir/podctl/podctl.db
  mkdir -p "$dir/podctl"
  local kind before
  for kind in foreign newer garbage directory; do
    rm -rf "$db"*
    case $kind in
      foreign) sqlite3 "$db" 'CREATE TABLE theirs (x)' ;;
      newer)
        "$PODCTL" --root "$dir" --runroot "$dir/run" --tmpdir "$dir/tmp" pod ps -q 3>&-
        sqlite3 "$db" 'PRAGMA user_version = 9999'
        ;;
      garbage) head -c 8192 /dev/urandom >"$db" ;;
      directory) mkdir "$db" ;;
    esac
    before=$(find "$db" -type f -exec sha256sum {} +)
    run_podctl 125 "${other[@]}" --runroot "$dir/run" --tmpdir "$dir/tmp" pod create --name web
    one_error
    like "$stderr" "podctl.db" "$kind"
    is "$(find "$db" -type f -exec sha256sum {} +)" "$before" "$kind: the file"
  done
}

@test "a root that cannot be written is an error in one line" {
  mkdir "$BATS_TEST_TMPDIR/ro"
  mount_for_now -t tmpfs -o ro tmpfs "$BATS_TEST_TMPDIR/ro"
  run_podctl 125 --root "$BATS_TEST_TMPDIR/ro/root" pod create --name web
  one_error
  like "$stderr" "$BATS_TEST_TMPDIR/ro.*read-only"
  run_podctl 125 --root /dev/null/x pod ps
  one_error
}

@test "a full disk is an error in one line, and nothing is half-made" {
  local dir=$BATS_TEST_TMPDIR/small
  mkdir "$dir"
  mount_for_now -t tmpfs -o size=6m tmpfs "$dir"
  local other=(--root "$dir/root" --runroot "$BATS_TEST_TMPDIR/r" --tmpdir "$BATS_TEST_TMPDIR/t")
  run_podctl "${other[@]}" pod create --name first
  run_podctl "${other[@]}" pod start first
  head -c 20m /dev/zero >"$dir/filler" 2>/dev/null || true
  run_podctl 125 "${other[@]}" pod create --name second
  one_error
  like "$stderr" 'no space left|disk.* full'
  run_podctl 125 "${other[@]}" load -q -i "$BATS_FILE_TMPDIR/busybox.tar"
  like "${stderr##*$'\n'}" '^Error: .*no space left'
  run_podctl "${other[@]}" pod ps --format '{{.Name}} {{.Status}}'
  is "$output" 'first Running'
  rm "$dir/filler"
  run_podctl "${other[@]}" pod create --name second
  run_podctl "${other[@]}" pod rm -f -t 0 first second
  is "$(find "$dir/root" -regextype egrep -regex '.*[0-9a-f]{64}.*' ! -path '*/overlay*/l*')" "" "files left"
  umount -l "$dir/root/overlay" 2>/dev/null || true
}

# --- interruptions ---

# interrupted SIGNAL MILLISECONDS ARGS...: podctl ARGS with a signal after a moment
interrupted() {
  local signal=$1 ms=$2
  shift 2
  timeout --foreground -s "$signal" "$(printf '0.%03d' "$ms")" "$PODCTL" "${PODCTL_ARGS[@]}" "$@" >/dev/null 2>&1 3>&- || true
}

@test "an interrupt in the middle of pod start or stop leaves what the next command carries on from" {
  run_podctl pod create --name web
  local i
  for i in 1 2 3; do run_podctl create --pod web --name "m$i" "$IMAGE" sleep 100; done
  for i in 30 80 150 250 400; do
    interrupted INT "$i" pod start web
    run_podctl pod start web
    run_podctl pod ps --format '{{.Status}}'
    is "$output" Running "after a start interrupted at $i ms"
    interrupted INT "$i" pod stop -t 0 web
    run_podctl pod stop -t 0 web
    run_podctl pod ps --format '{{.Status}}'
    is "$output" Exited "after a stop interrupted at $i ms"
  done
}

@test "an interrupt while waiting for a deaf member to stop ends the command, not the pod" {
  run_podctl pod create --name web
  run_podctl run -d --pod web --name deaf "$IMAGE" sleep 1000
  local start=$SECONDS
  interrupted INT 500 pod stop -t $((60 * SLOWNESS)) web
  ((SECONDS - start < 30 * SLOWNESS)) || fail "an interrupt was not heeded"
  run_podctl pod ps --format '{{.Status}}'
  like "$output" '^(Running|Degraded|Error|Stopped)$'
  run_podctl pod stop -t 0 web
  run_podctl pod ps --format '{{.Status}}'
  is "$output" Exited
}

# --- names that are not there ---

@test "objects that are not there are named, each verb with its code" {
  local verb
  for verb in start stop restart kill pause unpause; do
    run_podctl 125 pod $verb nosuch
    is "$stderr" 'Error: no pod with name or ID nosuch found: no such pod' "pod $verb"
  done
  run_podctl 1 pod rm nosuch
  is "$stderr" 'Error: no pod with name or ID nosuch found: no such pod'
  run_podctl 1 pod exists nosuch
  is "$stderr" ""
  run_podctl 125 pod inspect nosuch
  is "$output" '[]'
  is "$stderr" 'Error: no such pod nosuch'
  for verb in start stop restart kill pause unpause init; do
    run_podctl 125 $verb nosuch
    is "$stderr" 'Error: no container with name or ID "nosuch" found: no such container' "$verb"
  done
  run_podctl 1 rm nosuch
  is "$stderr" 'Error: no container with ID or name "nosuch" found: no such container'
  run_podctl 1 volume rm nosuch
  is "$stderr" 'Error: no volume with name "nosuch" found: no such volume'
  run_podctl 1 network rm nosuch
  like "$stderr" '^Error: .*network not found'
  run_podctl 1 rmi nosuch
  is "$stderr" 'Error: nosuch: image not known'
  run_podctl 125 run --pull never nosuch
  is "$stderr" 'Error: nosuch: image not known'
  nothing_made
}
