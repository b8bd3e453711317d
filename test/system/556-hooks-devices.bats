#!/usr/bin/env bats
# What others may add to a container: OCI hooks and CDI devices; and the global
# flags that look at podctl itself.
# shellcheck disable=SC2016 # shell for the containers

load helpers

setup_file() {
  file_setup
  busybox_image
}

setup() {
  requires root
  test_setup
  mkdir -p "$TMP/hooks" "$TMP/cdi"
}

teardown() {
  test_teardown
  rm -rf "$TMP/hooks" "$TMP/cdi" "$TMP/log"
}

# hook NAME STAGE WHEN-JSON: a hook that notes its stage and what it is told
hook() {
  cat >"$TMP/hooks/$1.sh" <<SCRIPT
#!/bin/sh
{ echo "$1"; cat; echo; } >>"$TMP/log"
SCRIPT
  chmod 0755 "$TMP/hooks/$1.sh"
  printf '{"version":"1.0.0","hook":{"path":"%s"},"when":%s,"stages":["%s"]}' "$TMP/hooks/$1.sh" "$3" "$2" >"$TMP/hooks/$1.json"
}

@test "hooks run at their stages, for the containers they match" {
  hook always createRuntime '{"always":true}'
  hook noted poststart '{"annotations":{"^org[.]example[.]hook$":"^yes$"}}'
  hook ended poststop '{"always":true}'
  run_podctl --hooks-dir "$TMP/hooks" run -d --name c1 --annotation org.example.hook=yes "$IMAGE" sleep 1000
  local id=$output
  is "$(grep -cx always "$TMP/log")" 1
  is "$(grep -cx noted "$TMP/log")" 1
  is "$(grep '"status"' "$TMP/log" | head -n 1 | jq -r .id)" "$id" 'the state a hook is told'
  run_podctl --hooks-dir "$TMP/hooks" rm -f -t 0 c1
  is "$(grep -cx ended "$TMP/log")" 1
  run_podctl --hooks-dir "$TMP/hooks" run --rm "$IMAGE" true
  is "$(grep -cx noted "$TMP/log")" 1 'it is not noted'
  run_podctl run --rm "$IMAGE" true
  is "$(grep -cx always "$TMP/log")" 2 'hooks of no directory that is named'
}

@test "a precreate hook changes the container" {
  printf '#!/bin/sh\njq -c %s\n' "'.process.env += [\"ADDED=by-hook\"]'" >"$TMP/hooks/env.sh"
  chmod 0755 "$TMP/hooks/env.sh"
  printf '{"version":"1.0.0","hook":{"path":"%s","env":["PATH=%s"]},"when":{"always":true},"stages":["precreate"]}' \
    "$TMP/hooks/env.sh" "$PATH" >"$TMP/hooks/env.json"
  run_podctl --hooks-dir "$TMP/hooks" run --rm "$IMAGE" sh -c 'echo $ADDED'
  is "$output" by-hook
}

@test "a hook that fails keeps the container from starting, and what cannot be is said" {
  printf '#!/bin/sh\nexit 3\n' >"$TMP/hooks/bad.sh"
  chmod 0755 "$TMP/hooks/bad.sh"
  printf '{"version":"1.0.0","hook":{"path":"%s"},"when":{"always":true},"stages":["createRuntime"]}' "$TMP/hooks/bad.sh" >"$TMP/hooks/bad.json"
  run_podctl '?' --hooks-dir "$TMP/hooks" run --rm "$IMAGE" echo started
  ((status != 0)) || fail 'it started'
  unlike "$output" started
  echo '{' >"$TMP/hooks/bad.json"
  run_podctl '?' --hooks-dir "$TMP/hooks" run --rm "$IMAGE" true
  ((status != 0)) || fail 'it started'
  like "$stderr" '^Error: read OCI hooks: .*bad.json'
  run_podctl '?' --hooks-dir "$TMP/nowhere" run --rm "$IMAGE" true
  ((status != 0)) || fail 'it started'
  like "$stderr" '^Error: hooks directory .*/nowhere: .*leave out --hooks-dir'
}

@test "a CDI device brings what its specification says, to containers and to members of a pod" {
  cat >"$TMP/cdi/vendor.json" <<'SPEC'
{"cdiVersion":"0.5.0","kind":"example.com/thing","devices":[
  {"name":"one","containerEdits":{"env":["THING=one"],"deviceNodes":[{"path":"/dev/thing","hostPath":"/dev/zero"}]}}]}
SPEC
  run_podctl --cdi-spec-dir "$TMP/cdi" run --rm --device example.com/thing=one "$IMAGE" \
    sh -c 'echo $THING; head -c 2 /dev/thing | od -An -c | tr -d " "'
  is "$output" $'one\n\\0\\0'
  run_podctl --cdi-spec-dir "$TMP/cdi" pod create --name pod1 --device example.com/thing=one
  run_podctl --cdi-spec-dir "$TMP/cdi" run --rm --pod pod1 "$IMAGE" sh -c 'echo $THING'
  is "$output" one
  run_podctl pod rm -f -t 0 pod1
  run_podctl '?' run --rm --device example.com/thing=one "$IMAGE" true
  ((status != 0)) || fail 'it started'
  like "$stderr" '^Error: setting up CDI devices: unresolvable CDI devices example.com/thing=one: .*--cdi-spec-dir'
}

@test "profiles of podctl itself are written" {
  run_podctl --cpu-profile "$TMP/cpu" --memory-profile "$TMP/memory" ps
  # Both are compressed protocol buffers.
  is "$(od -An -tx1 -N2 "$TMP/cpu" | tr -d ' ')" 1f8b
  is "$(od -An -tx1 -N2 "$TMP/memory" | tr -d ' ')" 1f8b
  run_podctl 125 --cpu-profile "$TMP/no/such/dir" ps
  like "$stderr" '^Error: write CPU profile: .*no such file'
  rm "$TMP/cpu" "$TMP/memory"
}

@test "a pull option is NAME=VALUE; --syslog without a syslog only warns" {
  run_podctl 125 --pull-option nonsense images
  like "$stderr" '^Error: pull option "nonsense": want NAME=VALUE: invalid argument'
  run_podctl --pull-option enable_partial_images=false images -q
  [[ -e /dev/log ]] || {
    run_podctl --syslog ps
    like "$stderr" '--syslog: log messages are shown here only'
  }
}
