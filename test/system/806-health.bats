#!/usr/bin/env bats
# Health checks.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# status NAME: what inspect says of its health
status() { podctl container inspect --format '{{.State.Health.Status}}' "$1"; }

@test "a check is unhealthy after its retries, and healthy again at once" {
  requires containers
  run_podctl run -d --name a --health-cmd 'test -e /ok || { echo missing; exit 3; }' --health-retries 2 "$IMAGE" sleep 1000
  run_podctl 1 healthcheck run a
  is "$output" unhealthy
  is "$(status a)" starting
  run_podctl 1 healthcheck run a
  is "$(status a)" unhealthy
  run_podctl container inspect a
  assert_json '.[0].State.Health.FailingStreak' 2
  assert_json '.[0].State.Health.Log[1].Output' missing
  assert_json '.[0].State.Health.Log[1].ExitCode' 3
  run_podctl exec a touch /ok
  run_podctl healthcheck run a
  is "$output" ""
  is "$(status a)" healthy
  run_podctl ps -q --filter health=healthy
  is "${#lines[@]}" 1
}

@test "events tell how often a check has failed, and what it said if that is asked for" {
  requires containers
  local began
  began=$(date +%s.%N)
  run_podctl run -d --name a --health-cmd 'exit 3' --health-interval disable "$IMAGE" sleep 1000
  run_podctl run -d --name b --health-cmd 'echo -n why; exit 4' --health-interval disable --health-log-destination events_logger "$IMAGE" sleep 1000
  run_podctl 1 healthcheck run a
  run_podctl 1 healthcheck run a
  run_podctl 1 healthcheck run b
  run_podctl events --stream=false --since "$began" --filter event=health_status
  like "${lines[1]}" ', name=a, health_status=starting, health_failing_streak=2, health_log=\)$'
  like "${lines[2]}" ', name=b, health_status=starting, health_failing_streak=1, health_log=\{"Start":.*"ExitCode":4,"Output":"why"\}\)$'
}

@test "what a check found stands in the directory it is to be logged in" {
  requires containers
  mkdir "$BATS_TEST_TMPDIR/logs"
  run_podctl run -d --name a --health-cmd 'echo -n why; exit 4' --health-interval disable --health-log-destination "$BATS_TEST_TMPDIR/logs" "$IMAGE" sleep 1000
  local log=$BATS_TEST_TMPDIR/logs/$output-healthcheck.log
  run_podctl 1 healthcheck run a
  is "$(jq -c '[.Status,.FailingStreak,.Log[0].ExitCode,.Log[0].Output]' "$log")" '["starting",1,4,"why"]'
  is "$(ls "$BATS_TEST_TMPDIR/logs")" "${log##*/}"
  rm -r "$BATS_TEST_TMPDIR/logs"
  run_podctl 1 healthcheck run a
  is "$output" unhealthy
  like "$stderr" 'level=warning msg="Health log of container '
}

@test "what a check found is forgotten with a restart" {
  requires containers
  run_podctl run -d --name a --health-cmd true "$IMAGE" sleep 1000
  run_podctl healthcheck run a
  run_podctl restart --time 0 a
  is "$(status a)" starting
}

@test "a check that takes too long has failed and is killed" {
  requires containers
  run_podctl run -d --name a --health-cmd 'sleep 998' --health-timeout 1s --health-retries 1 --health-on-failure kill "$IMAGE" sleep 999
  run_podctl 1 healthcheck run a
  run_podctl wait a
  is "$output" 137
}

@test "only a running container with a check is checked" {
  requires containers
  run_podctl create --name a --health-cmd true "$IMAGE" sleep 1000
  local id=$output
  run_podctl 125 healthcheck run a
  is "$stderr" "Error: container $id is not running"
  run_podctl run -d --name b "$IMAGE" sleep 1000
  run_podctl 125 healthcheck run b
  like "$stderr" 'has no defined healthcheck$'
}

# watches: the processes that run checks of this file's containers by themselves
watches() { pgrep -f "^$PODCTL --root $ROOT .*healthcheck watch" || true; }
no_watches() { [[ -z $(watches) ]]; }
health_is() { [[ $(status "$1") == "$2" ]]; }

@test "checks run by themselves, every interval, as long as the container runs" {
  requires containers
  run_podctl run -d --name watched --health-cmd 'test -e /ok' --health-interval 200ms --health-retries 2 "$IMAGE" sleep 1000
  is "$(watches | wc -l)" 1
  wait_until 30 health_is watched unhealthy
  run_podctl exec watched touch /ok
  wait_until 30 health_is watched healthy
  run_podctl doctor
  run_podctl update --health-interval 100ms watched
  run_podctl stop --time 0 watched
  no_watches || fail "a watch outlived its container"
  run_podctl start watched
  is "$(watches | wc -l)" 1
  run_podctl rm --force --time 0 watched
  no_watches || fail "a watch outlived its container"
}

@test "a container that ends by itself ends its watch, and --rm removes it" {
  requires containers
  run_podctl run --name brief --health-cmd true --health-interval 50ms "$IMAGE" sleep 0.5
  wait_until 20 no_watches
  run_podctl run --rm --health-cmd true --health-interval 50ms "$IMAGE" sleep 0.5
  wait_until 20 no_watches
}

@test "an unhealthy container is stopped, killed or restarted as asked" {
  requires containers
  local check=(--health-cmd false --health-interval 200ms --health-retries 1)
  run_podctl run -d --name stopper "${check[@]}" --health-on-failure stop --stop-timeout 0 "$IMAGE" sleep 1000
  run_podctl run -d --name killer "${check[@]}" --health-on-failure kill "$IMAGE" sleep 1000
  run_podctl run -d --name restarter "${check[@]}" --health-on-failure restart --stop-timeout 0 "$IMAGE" sleep 1000
  local before
  before=$(podctl container inspect --format '{{.State.Pid}}' restarter)
  run_podctl wait stopper killer
  # shellcheck disable=SC2317 # wait_until calls it
  restarted() { [[ $(podctl container inspect --format '{{.State.Status}} {{.State.Pid}}' restarter) =~ ^running\ [0-9]+$ && ${BASH_REMATCH[0]} != "running $before" ]]; }
  wait_until 30 restarted
}

@test "wait --condition=healthy needs nobody to run the check" {
  requires containers
  run_podctl pod create --name web
  run_podctl run -d --pod web --name member --health-cmd true --health-interval 200ms "$IMAGE" sleep 1000
  PODCTL_TIMEOUT=30 run_podctl wait --condition=healthy member
  run_podctl pod rm --force --time 0 web
  no_watches || fail "a watch outlived its pod"
}

@test "without an interval, or with DISABLE_HC_SYSTEMD, nothing runs by itself" {
  requires containers
  run_podctl run -d --health-cmd true --health-interval disable "$IMAGE" sleep 1000
  DISABLE_HC_SYSTEMD=true run_podctl run -d --health-cmd true --health-interval 50ms "$IMAGE" sleep 1000
  no_watches || fail "a watch nobody asked for"
}
