#!/usr/bin/env bats
# What keeps a pod from being removed, what is refused while it is, and what goes
# along with it.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# gone NAME: no container has that name
gone() { is "$(podctl ps -a --quiet --filter "name=^$1\$" 3>&-)" "" "container $1"; }

state_of() { podctl ps -a --filter name="^$1\$" --format '{{.State}}'; }

full_id() { podctl inspect "$1" --format '{{.Id}}'; }

infra_of() { podctl pod inspect "$1" --format '{{.InfraContainerID}}'; }

# sql STATEMENT: behind podctl's back, without its rules
sql() { sqlite3 "$ROOT/podctl/podctl.db" "$1"; }

# deaf ARGS...: creates a container that heeds no stop signal
deaf() {
  run_podctl create "$@" "$IMAGE" sh -c 'trap "" TERM; while :; do sleep 100; done'
}

# chain: a running pod web; c requires b requires a; x and y need nobody
chain() {
  run_podctl pod create --name web
  pod=$output
  run_podctl run -d --pod web --name a "$IMAGE" sleep 1000
  run_podctl run -d --pod web --name b --requires a "$IMAGE" sleep 1000
  run_podctl run -d --pod web --name c --requires b "$IMAGE" sleep 1000
  run_podctl run -d --pod web --name x "$IMAGE" sleep 1000
  run_podctl run -d --pod web --name y "$IMAGE" sleep 1000
  infra=$(infra_of web)
}

@test "every reason is told at once" {
  chain
  run_podctl pause b
  run_podctl stop --time 0 c
  run_podctl create --name out "$IMAGE" true
  local out=$output a b x y
  a=$(full_id a) b=$(full_id b) x=$(full_id x) y=$(full_id y)
  sql "INSERT INTO container_deps VALUES ('$out', '$a')"
  run_podctl 125 pod rm web
  local e="Error: error removing container" runs="running or paused containers cannot be removed without force: container state improper"
  is "${stderr%%$'\n'*}" "Error: not all containers could be removed from pod $pod: removing pod containers"
  is "$(sed 1d <<<"$stderr" | LC_ALL=C sort)" "$(
    LC_ALL=C sort <<EOF
$e $a from pod $pod: cannot remove container $a as it is running - $runs
$e $a from pod $pod: container $a has dependent containers which must be removed before it: $out: container already exists
$e $b from pod $pod: cannot remove container $b as it is paused - $runs
$e $x from pod $pod: cannot remove container $x as it is running - $runs
$e $y from pod $pod: cannot remove container $y as it is running - $runs
$e $infra from pod $pod: a container that depends on container $infra could not be stopped: container state improper
EOF
  )"
  like "$stderr" "$e $a from pod $pod: container $a has dependent containers which must be removed before it: $out: container already exists"
  run_podctl pod ps --format '{{.NumberOfContainers}}'
  is "$output" 6 "nothing was touched"
  run_podctl 125 pod rm --force web
  like "$stderr" "$e $a from pod $pod: container $a has dependent containers"
  run_podctl pod ps --format '{{.NumberOfContainers}}'
  is "$output" 6 "nothing was touched"
  run_podctl rm out
  run_podctl unpause b
}

@test "a pod of infra alone goes without --force, also paused" {
  run_podctl pod create --name web
  run_podctl pod start web
  run_podctl pod pause web
  run_podctl pod rm web
}

@test "what is being removed accepts nothing, and is removed by whoever comes after a kill" {
  requires root
  run_podctl pod create --name web
  deaf --pod web --name dep --stop-timeout 1
  local id=$output
  run_podctl pod start web
  "$PODCTL" "${PODCTL_ARGS[@]}" pod rm --force --time 80 web >/dev/null 2>&1 3>&- &
  local remover=$!
  wait_until 20 eval '[[ $(podctl ps -a --filter name=dep --format "{{.State}}") == removing ]]'
  run_podctl 125 create --pod web "$IMAGE" true
  is "$stderr" "Error: pod web is being removed and accepts no new container: pod has already been removed"
  run_podctl 125 run --pod web "$IMAGE" true
  is "$stderr" "Error: pod web is being removed and accepts no new container: pod has already been removed"
  run_podctl 125 start dep
  is "$stderr" "Error: unable to start container \"$id\": container $id is being removed: container state improper"
  run_podctl 125 exec dep true
  is "$stderr" "Error: container $id is being removed: container state improper"
  run_podctl 125 pod start web
  is "$stderr" "Error: pod web is being removed: pod has already been removed"
  run_podctl 125 --lock-timeout 200ms pod rm --force web
  like "$stderr" "pod web is locked by process $remover \(.* pod rm --force --time 80 web\)"
  kill -9 "$remover"
  wait "$remover" || true
  run_podctl pod create --name web # the name is free, whichever verb comes
  gone dep
}

@test "two that remove the same pod: one does, the other waits" {
  local flag first code
  for flag in --ignore --latest; do
    run_podctl pod create --name web
    deaf --pod web --name dep
    run_podctl pod start web
    "$PODCTL" "${PODCTL_ARGS[@]}" pod rm --force --time 1 web >/dev/null 2>&1 3>&- &
    first=$!
    wait_until 20 eval '[[ $(podctl ps -a --filter name=dep --format "{{.State}}") == removing ]]'
    if [[ $flag == --ignore ]]; then
      run_podctl pod rm --ignore web
    else
      run_podctl 1 pod rm web
      like "$stderr" 'no such pod$'
    fi
    code=0
    wait "$first" || code=$?
    is "$code" 0 "the first"
  done
}

# hold_cgroup: moves a process into a group below the pod's cgroup
hold_cgroup() {
  local dir
  sleep "$1" 3>&- &
  holder=$!
  find /sys/fs/cgroup -type d -name "$pod" >"$BATS_TEST_TMPDIR/groups"
  while read -r dir; do
    mkdir "$dir/held"
    # Not every hierarchy takes a process without having been set up.
    echo "$holder" >"$dir/held/cgroup.procs" || true
  done <"$BATS_TEST_TMPDIR/groups"
}

@test "a cgroup that is busy for a moment is waited for" {
  requires root isolated
  run_podctl pod create --name web
  pod=$output
  run_podctl pod start web
  hold_cgroup 1
  run_podctl pod rm web
  wait "$holder"
}

@test "of a cgroup that stays busy the processes are named" {
  requires root isolated
  run_podctl pod create --name web
  pod=$output
  run_podctl pod start web
  hold_cgroup 1000
  run_podctl 125 pod rm web
  is "$stderr" "Error: remove cgroup of pod web: remove cgroup /podctl_parent/$pod: processes in it: $holder (sleep): in use"
  run_podctl pod ps --format '{{.Name}} {{.NumberOfContainers}} {{.InfraID}}'
  is "$output" 'web 0 ' "the pod is there, its containers are not"
  kill "$holder"
  wait "$holder" || true
  run_podctl pod rm web
}

no_session() { ! pgrep -f 'sleep 2000'; }

@test "exec sessions go with their container" {
  requires root
  chain
  run_podctl exec -d a sleep 2000
  run_podctl 125 pod rm web
  run_podctl pod rm --force --time 0 web
  is "$(sql 'SELECT count(*) FROM exec_sessions')" 0
  wait_until 10 no_session
}

@test "a service keeps its pods, and goes with the last" {
  run_podctl run -d --name service "$IMAGE" sleep 1000
  local service=$output one
  run_podctl pod create --name one
  one=$output
  run_podctl pod create --name two
  sql "UPDATE pods SET config = json_set(config, '\$.ServiceID', '$service')"
  run_podctl 125 pod rm one
  is "$stderr" "Error: pod $one belongs to the service of container $service (service): use --force to remove it all the same: invalid state"
  run_podctl 125 rm --force service
  like "$stderr" "^Error: container $service is the service container of pod\(s\) .* and cannot be removed without removing the pod\(s\)$"
  run_podctl pod rm --force one
  is "$(state_of service)" running
  run_podctl pod rm --force --time 0 two
  gone service
}
