#!/usr/bin/env bats
# ps: what is listed of real containers, and how.

load helpers

setup_file() {
  file_setup
  busybox_image
}

@test "without containers there is a header, and an empty array" {
  run_podctl ps
  is "$output" "CONTAINER ID  IMAGE       COMMAND     CREATED     STATUS      PORTS       NAMES"
  run_podctl ps --format json
  is "$output" "[]"
}

@test "running containers are listed, with --all those in any state" {
  run_podctl run -d --name up "$IMAGE" sleep 300
  local id=$output
  run_podctl create --name new "$IMAGE" true
  run_podctl ps --noheading
  like "$output" "^${id:0:12}  localhost/busybox:latest  sleep 300   .* ago  Up .*  up$"
  run_podctl ps --all --format '{{.Names}} {{.State}}'
  is "$output" $'up running\nnew created'
  run_podctl container list --all --quiet --no-trunc
  is "${lines[0]}" "$id"
  run_podctl ps --format '{{json .}}'
  assert_json '[.Id, .Names, .Command]' "[\"$id\",[\"up\"],[\"sleep\",\"300\"]]"
  run_podctl ps --last 1 --format '{{.Names}}'
  is "$output" new
}

@test "an exit code is shown as soon as the process has ended" {
  run_podctl run -d --name job "$IMAGE" sh -c 'exit 3'
  ended() { [[ $(podctl ps -a --format '{{.Status}}') == "Exited (3) "*" ago" ]]; }
  wait_until 10 ended
  run_podctl ps --filter exited=3 --all --format '{{.ExitCode}} {{.Exited}}'
  is "$output" "3 true"
}

@test "members of a pod show its ports" {
  run_podctl pod create --name web --publish 8080:80 --publish 127.0.0.1:9000-9001:90-91/udp
  local pod=$output
  run_podctl create --pod web --name one "$IMAGE" sleep 300
  run_podctl ps --all --filter name=one --format '{{.Ports}}'
  is "$output" "0.0.0.0:8080->80/tcp, 127.0.0.1:9000-9001->90-91/udp"
  run_podctl ps --all --pod --filter name=one --noheading
  like "$output" "one +${pod:0:12}  web$"
  run_podctl ps --all --format '{{.IsInfra}} {{.Image}}|{{.Command}}'
  is "${lines[0]}" "true |/catatonit -P"
}

@test "namespaces are those of the process, sizes those of its files" {
  run_podctl run -d --name up "$IMAGE" sh -c 'echo 12345 >/file; sleep 300'
  run_podctl ps --format '{{.Pid}} {{.NET}}'
  local pid=${output% *} net=${output#* }
  is "$(readlink "/proc/$pid/ns/net")" "net:[$net]"
  run_podctl ps --format '{{.User}} {{.Cgroup}}'
  local ids=$output
  run_podctl ps --format 'table {{.USERNS}} {{.CGROUPNS}}'
  is "$(tr -s ' ' <<<"$output")" "USERNS CGROUPNS"$'\n'"$ids"
  run_podctl ps --ns
  like "${lines[0]}" '^CONTAINER ID +NAMES +PID +CGROUPNS +IPC +MNT +NET +PIDNS +USERNS +UTS$'
  run_podctl ps --size --format '{{.Size}}'
  like "$output" '^[0-9.]+B \(virtual [0-9.]+MB\)$'
}

@test "filters select" {
  run_podctl pod create --name web
  run_podctl create --pod web --name one --label app=web -v data:/data "$IMAGE" sleep 300
  run_podctl create --name two --restart always --network podman "$IMAGE" true
  local filter want
  while read -r want filter; do
    # shellcheck disable=SC2086 # several flags
    run_podctl ps --all --sort names --format '{{.Names}}' --filter name=one --filter name=two $filter
    is "${output//$'\n'/,}" "${want#-}" "$filter"
  done <<EOF
one,two --filter ancestor=busybox
one --filter pod=web
- --filter pod=nosuch
one --filter label=app=web
two --filter label!=app
one --filter volume=data
one --filter volume=/data
two --filter since=one
one --filter before=two
two --filter network=podman
two --filter restart-policy=always
two --filter should-start-on-boot=true
one,two --filter status=created
- --filter status=exited
one --filter command=sleep
EOF
}

@test "what cannot be is refused" {
  run_podctl 125 ps --filter name
  is "$stderr" 'Error: invalid filter "name"'
  run_podctl 125 ps --filter color=red
  is "$stderr" "Error: color is an invalid filter"
  run_podctl 125 ps --filter status=up
  is "$stderr" "Error: unknown container state: up: invalid argument"
  run_podctl 125 ps --filter before=nosuch
  is "$stderr" 'Error: no container with name or ID "nosuch" found: no such container'
  run_podctl 125 ps --latest --last 2
  is "$stderr" "Error: last and latest are mutually exclusive"
  run_podctl create "$IMAGE" true
  run_podctl 125 ps --all --format '{{.Color}}'
  like "$stderr" "^Error: template: ps:1:13: executing \"ps\" at <.Color>: can't evaluate field Color in type "
}

@test "a damaged container is listed as unknown beside the others" {
  requires sqlite3
  run_podctl create --name good "$IMAGE" true
  run_podctl create --name bad "$IMAGE" true
  local config
  config=$(sqlite3 "$ROOT/podctl/podctl.db" "SELECT config FROM containers WHERE name = 'bad'")
  sqlite3 "$ROOT/podctl/podctl.db" "UPDATE containers SET config = '{' WHERE name = 'bad'"
  run_podctl ps --all --format '{{.Names}} {{.Status}}'
  is "$output" $'good Created\nbad Unknown'
  run_podctl inspect --format '{{.State.Status}}' bad
  is "$output" unknown
  sqlite3 "$ROOT/podctl/podctl.db" "UPDATE containers SET config = '${config//\'/\'\'}' WHERE name = 'bad'"
}
