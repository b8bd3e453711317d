#!/usr/bin/env bats
# logs and pod logs: what containers wrote.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# wrote NAME SCRIPT: a container of that name that ran a script to its end
wrote() {
  run_podctl run --name "$1" --log-driver k8s-file "$IMAGE" sh -c "$2"
}

# has_lines FILE N
has_lines() {
  (($(wc -l <"$1") == $2))
}

@test "lines come on the streams they were written to" {
  wrote one 'echo out; echo err >&2'
  run_podctl logs one
  is "$output" out
  is "$stderr" err
}

@test "the last lines, and none" {
  wrote one 'for i in 1 2 3 4; do echo $i; done'
  run_podctl logs --tail 2 one
  is "$output" $'3\n4'
  run_podctl logs --tail 0 one
  is "$output" ""
  run_podctl logs --tail 99 one
  is "${#lines[@]}" 4
}

@test "a long line is one line, and one without newline is shown" {
  wrote one 'head -c 100000 /dev/zero | tr "\0" x; echo; printf end'
  run_podctl logs one
  is "${#lines[0]}" 100000
  is "${lines[1]}" end
  run_podctl logs --tail 2 one
  is "${#lines[0]}" 100000
}

@test "times bound what is shown" {
  wrote one 'echo old'
  run_podctl logs --since 1h one
  is "$output" old
  run_podctl logs --since 2999-01-01 one
  is "$output" ""
  run_podctl logs --until 2001-01-01 one
  is "$output" ""
  run_podctl 125 logs --since never one
  is "$stderr" 'Error: parsing --since "never": unable to interpret time value'
  run_podctl logs -t one
  like "$output" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}[+-][0-9]{2}:[0-9]{2} old$'
}

@test "of several containers each line says whose it is, in the order of time" {
  wrote one 'echo first; sleep 0.1'
  wrote two 'echo second'
  run_podctl logs -n two one
  is "$output" $'one first\ntwo second'
  run_podctl inspect --format '{{slice .Id 0 12}}' one
  id=$output
  run_podctl logs one two
  is "${lines[0]}" "$id first"
  run_podctl logs -n --color one two
  is "$output" $'\e[37mone first\e[0m\n\e[31mtwo second\e[0m'
}

@test "following ends with the container, with all it wrote" {
  run_podctl run -d --name one "$IMAGE" sh -c 'for i in 1 2 3; do echo $i; sleep 0.2; done'
  run_podctl logs -f one
  is "$output" $'1\n2\n3'
}

@test "following goes on across a restart" {
  run_podctl run -d --name one "$IMAGE" sh -c 'echo begin; trap "exit 0" TERM; while :; do sleep 0.05; done'
  podctl logs -f one >"$BATS_TEST_TMPDIR/out" 3>&- &
  follower=$!
  wait_until 20 grep -q begin "$BATS_TEST_TMPDIR/out"
  run_podctl restart one
  wait_until 20 eval '[[ $(grep -c begin "$BATS_TEST_TMPDIR/out") == 2 ]]'
  run_podctl stop -t 0 one
  wait "$follower"
}

@test "following a log that is replaced when full misses nothing at its end" {
  run_podctl run -d --name one --log-driver k8s-file --log-opt max-size=10kb "$IMAGE" sh -c 'for i in $(seq 2000); do echo $i; done; echo end'
  run_podctl logs -f one
  is "${lines[-1]}" end
  size=$(stat -c %s "$(podctl inspect --format '{{.HostConfig.LogConfig.Path}}' one)")
  ((size <= 20480)) || fail "the log has grown to $size bytes"
}

@test "there must be a container that keeps a log" {
  run_podctl 125 logs
  is "$stderr" "Error: specify at least one container name or ID to log"
  run_podctl 125 logs nosuch
  is "$stderr" 'Error: no container with name or ID "nosuch" found: no such container'
  run_podctl run --name mute --log-driver none "$IMAGE" echo lost
  run_podctl 125 logs mute
  is "$stderr" "Error: this container is using the 'none' log driver, cannot read logs: this container is not logging output"
}

@test "following a pod goes on until all of it has stopped, its infra container too" {
  run_podctl pod create --name web
  run_podctl run -d --pod web --name a "$IMAGE" echo from-a
  podctl pod logs -f -n web >"$BATS_TEST_TMPDIR/out" 3>&- &
  follower=$!
  wait_until 10 grep -qx 'a from-a' "$BATS_TEST_TMPDIR/out"
  run_podctl wait a
  run_podctl restart a
  wait_until 10 has_lines "$BATS_TEST_TMPDIR/out" 2 # it is followed beyond its end
  kill -0 "$follower"
  run_podctl pod stop -t 0 web
  wait "$follower"
}

@test "a pod's logs are those of its containers" {
  run_podctl pod create --name web
  run_podctl run --pod web --name a "$IMAGE" echo from-a
  run_podctl pod logs -n web
  is "$output" "a from-a" "a pod has an infra container, so there are several"
  run_podctl run -d --pod web --name b "$IMAGE" sh -c 'sleep 0.3; echo from-b'
  run_podctl pod logs -f -c b web
  is "$output" from-b
  run_podctl pod logs -c b --latest
  is "$output" from-b
  run_podctl 125 pod logs -c zz web
  is "$stderr" "Error: container zz is not in pod web: no such container"
  run_podctl 125 pod logs
  is "$stderr" "Error: specify at least one pod name or ID to log"
  run_podctl 125 pod logs a b
  is "$stderr" "Error: requires exactly 1 arg"
  run_podctl 125 pod logs --latest web
  is "$stderr" "Error: --latest and pods cannot be used together"
}
