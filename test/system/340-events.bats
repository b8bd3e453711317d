#!/usr/bin/env bats
# events: what is recorded, and that it can be followed.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# statuses ARGS...: type and status of events since the test began, on one line
statuses() {
  podctl events --stream=false --since "$began" --format '{{.Type}}:{{.Status}}' "$@" | tr '\n' ' '
}

setup() {
  test_setup
  began=$(date +%s.%N)
}

@test "the life of a pod, in the order it happened" {
  run_podctl pod create --name web
  run_podctl create --pod web --name one "$IMAGE" sleep 300
  is "$(statuses)" "container:create pod:create container:create "
  run_podctl pod start web
  run_podctl pod stop --time 0 web
  run_podctl pod rm web
  is "$(statuses --filter type=pod)" "pod:create pod:start pod:stop pod:remove "
  is "$(statuses --filter container=one --filter event=create --filter event=start --filter event=remove)" "container:create container:start container:remove "
}

@test "a line names the object, its image and its pod" {
  run_podctl pod create --name web --label app=web
  local pod=$output
  run_podctl create --pod web --name one "$IMAGE" true
  local id=$output
  run_podctl events --stream=false --since "$began" --filter container=one
  like "$output" "^[0-9-]{10} [0-9:.]+ [+-][0-9]{4} [A-Z]+ container create $id \(image=$IMAGE, name=one, pod_id=$pod\)$"
  run_podctl events --stream=false --since "$began" --filter pod=web --no-trunc=false
  like "$output" " pod create ${pod:0:12} \(image=, name=web, app=web\)$"
  run_podctl events --stream=false --since "$began" --filter pod=web --format json
  assert_json '[.Type,.Status,.ID,.Name,.Attributes]' "[\"pod\",\"create\",\"$pod\",\"web\",{\"app\":\"web\"}]"
}

@test "an end has the exit code" {
  run_podctl run --name job "$IMAGE" sh -c 'exit 0'
  died() { [[ $(statuses --filter event=die) == "container:died " ]]; }
  wait_until 10 died
  run_podctl events --stream=false --since "$began" --filter event=died --format '{{.ContainerExitCode}}'
  is "$output" 0
}

@test "a volume that is pruned is removed, and the events say why" {
  run_podctl volume create named
  run_podctl volume create idle
  run_podctl volume rm named
  run_podctl volume prune --force
  is "$(statuses --filter type=volume)" "volume:create volume:create volume:remove volume:remove volume:prune "
  is "$(podctl events --stream=false --since "$began" --filter event=prune --format '{{.Name}}')" idle
}

@test "renumber is recorded, and migrate refuses an OCI runtime that is not there" {
  run_podctl system renumber
  is "$output$stderr" ""
  is "$(statuses --filter type=system)" "system:renumber "
  run_podctl system migrate --migrate-db --new-runtime "$(podctl info --format '{{.Host.OCIRuntime.Name}}')"
  is "$output$stderr" ""
  run_podctl 125 system migrate --new-runtime nope
  is "$stderr" 'Error: change to runtime "nope" requested but no such runtime is defined: invalid argument'
}

@test "new events are seen as they happen, and old ones are not" {
  run_podctl pod create --name old
  "$PODCTL" "${PODCTL_ARGS[@]}" events --filter type=pod --format '{{.Name}}' >"$BATS_TEST_TMPDIR/seen" 3>&- &
  local pid=$! n=0
  # The stream begins some time after the process: make pods until one is seen.
  seen() {
    podctl pod create --name "new$((n += 1))" 3>&- >/dev/null
    [[ -s $BATS_TEST_TMPDIR/seen ]]
  }
  wait_until 10 seen
  kill -INT "$pid"
  wait "$pid"
  unlike "$(<"$BATS_TEST_TMPDIR/seen")" old
  like "$(<"$BATS_TEST_TMPDIR/seen")" '^new'
}

@test "--until ends a stream" {
  run_podctl pod create --name web
  PODCTL_TIMEOUT=20 run_podctl events --since "$began" --until 1s --filter pod=web --format '{{.Status}}'
  is "$output" create
}

@test "with the backend none nothing is recorded or read" {
  run_podctl --events-backend none pod create --name quiet
  is "$(statuses --filter type=pod)" ""
  run_podctl 125 --events-backend none events
  is "$stderr" 'Error: cannot read events with the "none" backend'
  cat >"$BATS_TEST_TMPDIR/containers.conf" <<'EOF'
[engine]
events_logger = "none"
EOF
  CONTAINERS_CONF_OVERRIDE=$BATS_TEST_TMPDIR/containers.conf run_podctl 125 events
  is "$stderr" 'Error: cannot read events with the "none" backend'
}

@test "what cannot be is refused before anything is read" {
  run_podctl 125 events --since yesterday
  is "$stderr" "Error: unable to convert since time of yesterday: unable to interpret time value"
  run_podctl 125 events --until tomorrow
  is "$stderr" "Error: unable to convert until time of tomorrow: unable to interpret time value"
  run_podctl 125 events --filter color=red
  is "$stderr" "Error: color is an invalid filter"
  PODCTL_TIMEOUT=20 run_podctl 125 events --format '{{.Color}}'
  like "$stderr" "^Error: template: events:1:2: executing \"events\" at <.Color>: can't evaluate field Color in type "
}
