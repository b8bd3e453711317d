#!/usr/bin/env bats
# pod ps: what is listed, in which order, and how.

load helpers

setup_file() {
  file_setup
  busybox_image
}

@test "without pods there is a header, and an empty array" {
  run_podctl pod ps
  is "$output" "POD ID      NAME        STATUS      CREATED     INFRA ID    # OF CONTAINERS"
  run_podctl pod ps --format json
  is "$output" "[]"
  run_podctl pod ps --quiet
  is "$output" ""
  run_podctl 125 pod ps --latest
  is "$stderr" "Error: no such pod"
}

@test "a pod is listed with its state, infra container and number of containers" {
  requires cgroups
  run_podctl pod create --name web
  local id=$output
  run_podctl create --pod web --name one "$IMAGE" sleep 300
  run_podctl pod ps --noheading
  like "$output" "^${id:0:12}  web         Created     .* ago  [0-9a-f]{12}  2$"
  run_podctl pod start web
  run_podctl pod ps --format '{{.Status}} {{.NumberOfContainers}} {{.ContainerStatuses}}'
  is "$output" "Running 2 running,running"
  run_podctl pod pause web
  run_podctl pod ps --format '{{.Status}}'
  is "$output" "Paused"
  run_podctl pod unpause web
  run_podctl pod stop --time 0 web
  run_podctl pod ps --format '{{.Status}} {{.ContainerStatuses}}'
  is "$output" "Exited exited,exited"
}

@test "a member that ended makes its pod degraded, without any command in between" {
  run_podctl pod create --name web
  run_podctl create --pod web --name short "$IMAGE" true
  run_podctl pod start web
  ended() { [[ $(podctl pod ps --format '{{.Status}}') == Degraded ]]; }
  wait_until 10 ended
}

@test "the newest pod comes first, unless sorted otherwise" {
  run_podctl pod create --name b
  run_podctl pod create --name a --share none
  run_podctl pod create --name c
  run_podctl pod ps --format '{{.Name}}'
  is "$output" $'c\na\nb'
  run_podctl pod ps --format '{{.Name}}' --sort name
  is "$output" $'a\nb\nc'
  run_podctl pod ps --format '{{.Name}}' --sort number
  is "${lines[0]}" a
  run_podctl pod ps --latest --format '{{.Name}}'
  is "$output" c
  run_podctl 125 pod ps --sort size
  is "$stderr" "Error: invalid option for --sort, options are: created, id, name, number, or status"
}

@test "quiet prints full IDs" {
  run_podctl pod create --name web
  local id=$output
  run_podctl pod ps -q
  is "$output" "$id"
  run_podctl 125 pod ps -q --format json
  is "$stderr" "Error: quiet and format cannot be used together"
}

@test "filters: keys must all match, values of a key are alternatives" {
  run_podctl pod create --name web --label app=web --label tier=1 --network podman
  local web=$output
  run_podctl pod create --name db --label app=db --share none
  run_podctl create --pod web --name one "$IMAGE" true
  local filter want
  while read -r want filter; do
    # shellcheck disable=SC2086 # several flags
    run_podctl pod ps --sort name --format '{{.Name}}' $filter
    is "${output//$'\n'/,}" "${want#-}" "$filter"
  done <<EOF
db,web --filter label=app
web --filter label=app --filter label=tier=1
web --filter label=app=web
db --filter label!=app=web
db,web --filter name=^web$ --filter name=^db$
- --filter name=web --filter label=app=db
web --filter id=${web:0:6}
web --filter ctr-names=one
web --filter ctr-number=2
db --filter ctr-number=0
db,web --filter status=created
- --filter status=running
web --filter ctr-status=created
web --filter network=podman
- --filter network=nosuch
db,web --filter until=2099-01-01
- --filter until=2000-01-01
- --filter until=sometime
EOF
}

@test "filters that cannot be are refused" {
  run_podctl 125 pod ps --filter name
  is "$stderr" "Error: filter input must be in the form of filter=value: name is invalid"
  run_podctl 125 pod ps --filter color=red
  is "$stderr" "Error: color is an invalid filter"
  run_podctl 125 pod ps --filter status=Running
  is "$stderr" "Error: Running is not a valid pod status"
  run_podctl 125 pod ps --filter ctr-status=dead
  is "$stderr" "Error: dead is not a valid status"
}

@test "json has full IDs and what tables leave out" {
  requires root
  run_podctl pod create --name web --label app=web
  local id=$output
  run_podctl pod ps --format json
  assert_json '.[0].Id' "$id"
  assert_json '.[0] | keys_unsorted' '["Cgroup","Containers","Created","Id","InfraId","Name","Namespace","Networks","Status","Labels"]'
  assert_json '.[0].Labels' '{"app":"web"}'
  assert_json '.[0].Networks' '["podman"]'
  assert_json '.[0].Containers[0] | keys_unsorted' '["Id","Names","Status","RestartCount"]'
  assert_json '.[0].InfraId == .[0].Containers[0].Id' true
  local object
  object=$(jq -c '.[0]' <<<"$output")
  run_podctl pod ps --format '{{json .}}'
  is "$output" "$object"
  run_podctl pod ps --format '{{range .Containers}}{{len .Id}} {{.Names}} {{end}}'
  like "$output" '^64 [^ ]+ '
  run_podctl pod ps --format '{{len .Containers}}{{range .Containers}} {{.Status}}{{end}}'
  is "$output" "1 created"
}

@test "a damaged pod is listed beside the others, and can be removed" {
  requires sqlite3
  run_podctl pod create --name good
  run_podctl pod create --name bad
  sqlite3 "$ROOT/podctl/podctl.db" "UPDATE pods SET config = '{' WHERE name = 'bad'"
  run_podctl pod ps --sort name --format '{{.Name}} {{.Status}}'
  is "$output" $'bad Error\ngood Created'
  run_podctl pod rm --force bad
  run_podctl pod ps --format '{{.Name}}'
  is "$output" good
}
