#!/usr/bin/env bats
# Secrets, and what containers get of them.

load helpers

setup_file() {
  file_setup
  busybox_image
}

teardown() {
  podctl secret rm --all >/dev/null
  test_teardown
}

# secret NAME TEXT [ARGS...]: creates one
secret() {
  printf %s "$2" >"$BATS_TEST_TMPDIR/secret"
  run_podctl secret create "${@:3}" "$1" "$BATS_TEST_TMPDIR/secret"
}

@test "a secret is created, found, listed and removed" {
  secret s1 hidden --label a=1
  like "$output" '^[0-9a-f]{25}$'
  local id=$output
  run_podctl secret exists s1
  run_podctl secret ls --format '{{.ID}} {{.Name}} {{.Driver}}'
  is "$output" "$id s1 file"
  run_podctl secret inspect --showsecret s1
  assert_json '.[0].SecretData' hidden
  assert_json '.[0].Spec.Labels' '{"a":"1"}'
  run_podctl secret rm "${id:0:10}"
  is "$output" "$id"
  run_podctl 1 secret exists s1
}

@test "a taken name is refused, ignored or replaced" {
  secret s1 one
  local id=$output
  run_podctl 125 secret create s1 "$BATS_TEST_TMPDIR/secret"
  is "$stderr" "Error: s1: secret name in use"
  run_podctl secret create --ignore s1 "$BATS_TEST_TMPDIR/secret"
  is "$output" "$id"
  secret s1 two --replace
  run_podctl secret inspect --showsecret --format '{{.SecretData}}' s1
  is "$output" two
}

@test "an empty secret is refused" {
  run_podctl 125 secret create s1 /dev/null
  like "$stderr" 'secret data must be larger than 0 and less than 512000 bytes'
}

@test "a container gets a secret as a file and keeps it as it was" {
  requires containers
  secret s1 first
  run_podctl create --name a --secret s1 --secret s1,type=env,target=TEXT "$IMAGE" sh -c 'cat /run/secrets/s1; echo " $TEXT"'
  run_podctl secret rm s1
  run_podctl start a
  run_podctl wait a
  run_podctl logs a
  is "$output" "first first"
}

@test "a container that asks for a missing secret is not created" {
  requires containers
  run_podctl 125 create --name a --secret nope "$IMAGE" true
  is "$stderr" 'Error: no secret with name or id "nope": no such secret'
  run_podctl 1 container exists a
}
