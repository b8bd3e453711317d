#!/usr/bin/env bats
# Pods the database describes wrongly are shown and can be removed.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# gone NAME: no container has that name
gone() { is "$(podctl ps -a --quiet --filter "name=^$1\$" 3>&-)" "" "container $1"; }

full_id() { podctl inspect "$1" --format '{{.Id}}'; }

infra_of() { podctl pod inspect "$1" --format '{{.InfraContainerID}}'; }

# sql STATEMENT: behind podctl's back, without its rules
sql() { sqlite3 "$ROOT/podctl/podctl.db" "$1"; }

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

# spoilt STATEMENT SHOWN START...: a pod the statement spoils is shown as SHOWN,
# refuses to start with one of the texts, and goes by force
spoilt() {
  local statement=$1 shown=$2 text said
  shift 2
  chain
  sql "PRAGMA foreign_keys = OFF; $(eval "echo \"$statement\"")"
  run_podctl pod ps --sort name --format '{{.Name}} {{.Status}}'
  is "$output" "fine Created"$'\n'"web $shown" "of a pod with: $statement"
  run_podctl ps -a --quiet
  is "${#lines[@]}" 7
  run_podctl pod inspect web --format '{{.State}}'
  is "$output" "$shown"
  run_podctl 125 pod start web
  for text; do like "$stderr" "$(eval "echo \"$text\"")"; done
  run_podctl 125 pod rm web
  run_podctl pod rm --force --time 0 web
  said=$stderr
  run_podctl ps -a --quiet
  is "${#lines[@]}" 1 "containers"
  run_podctl doctor
  is "$output" "Nothing is wrong."
  stderr=$said
}

@test "pods that the database describes wrongly are shown, and go by force" {
  requires root
  run_podctl pod create --name fine
  # shellcheck disable=SC2016 # for eval, when the IDs are known
  local a='$(full_id a)' c='$(full_id c)'
  spoilt "INSERT INTO container_deps VALUES ('$a', '$c')" Error 'cycle found in container dependency graph' ' -> '
  like "$stderr" 'removing the containers of pod web one by one: .*cycle found'
  spoilt "INSERT INTO container_deps VALUES ('$a', 'feedfeed')" Error "depends on feedfeed"
  like "$stderr" 'removing the containers of pod web one by one: .*feedfeed'
  spoilt "UPDATE pods SET infra_id = 'feedfeed' WHERE name = 'web'" Error 'missing infra container: feedfeed'
  spoilt "UPDATE containers SET state = 'walking' WHERE name = 'a'" Degraded 'unknown state word'
  spoilt "UPDATE containers SET config = '{' WHERE name = 'a'" Degraded 'configuration cannot be read'
  spoilt "UPDATE pods SET config = '{' WHERE name = 'web'" Error 'configuration cannot be read' 'pod rm --force'
}

@test "containers of a pod that is not there are marked, and go by force" {
  requires root
  chain
  run_podctl create --name fine "$IMAGE" true
  sql "PRAGMA foreign_keys = OFF; DELETE FROM pods"
  run_podctl ps -a --format '{{.Names}} {{.Status}}'
  is "$(grep -c '(damaged)$' <<<"$output")" 6
  like "$output" $'fine Created($|\n)'
  run_podctl stop --time 0 y
  run_podctl 125 start y
  like "$stderr" "$pod"
  run_podctl 125 rm --depend "$infra"
  like "$stderr" "pod $pod is not in the database: use --force to remove its containers"
  run_podctl pod rm --force --time 0 web
  is "$output" "$pod"
  like "$stderr" 'is not in the database: removing its containers one by one'
  run_podctl ps -a --format '{{.Names}}'
  is "$output" fine

  chain
  sql "PRAGMA foreign_keys = OFF; UPDATE containers SET pod_id = 'feedfeed' WHERE name = 'c'"
  run_podctl 125 pod rm web
  run_podctl pod rm --force --time 0 web
  gone c
  run_podctl doctor
}
