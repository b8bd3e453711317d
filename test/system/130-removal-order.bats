#!/usr/bin/env bats
# How a pod is removed: in what order and how fast, and what a failure keeps.

load helpers

setup_file() {
  file_setup
  busybox_image
}

state_of() { podctl ps -a --filter name="^$1\$" --format '{{.State}}'; }

full_id() { podctl inspect "$1" --format '{{.Id}}'; }

infra_of() { podctl pod inspect "$1" --format '{{.InfraContainerID}}'; }

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

# removed_in SECONDS CMD...: it takes no longer; $took is how long it took
removed_in() {
  local begun=$EPOCHREALTIME
  PODCTL_TIMEOUT=$1 run_podctl "${@:2}"
  took=$(((${EPOCHREALTIME/./} - ${begun/./}) / 1000000))
}

@test "50 deaf containers take one grace period" {
  local i
  run_podctl pod create --name web
  for i in {1..50}; do deaf --pod web --name "d$i" >/dev/null; done
  run_podctl pod start web
  # One after another they take 100 s; a third of it is said to be at once, as
  # the machine may be busy.
  removed_in 33 pod rm --force --time 2 web
  ((took >= 2)) || fail "they were given $took s"
}

@test "deaf containers that need each other take the sum" {
  local i needs=()
  run_podctl pod create --name web
  for i in {1..5}; do
    deaf --pod web --name "d$i" "${needs[@]}"
    needs=(--requires "d$i")
  done
  run_podctl pod start web
  removed_in 60 pod rm --force --time 1 web
  ((took >= 5)) || fail "five seconds of grace took $took s"
}

@test "dependents go first, infra last, and then the pod" {
  chain
  run_podctl pod rm --force --time 0 web
  run_podctl events --stream=false --since 0 --filter event=remove --format '{{.Type}} {{.Name}}'
  local order=$output
  is "$(grep -xE 'container [abc]' <<<"$order" | tr '\n' ' ')" 'container c container b container a '
  is "$(tail -n 2 <<<"$order" | sed 's/[0-9a-f]*-infra/infra/' | tr '\n' ' ')" 'container infra pod web '
}

@test "what fails keeps what it needs, all else goes, and every failure is told" {
  requires root
  chain
  local a b c y
  a=$(full_id a) b=$(full_id b) c=$(full_id c) y=$(full_id y)
  for id in "$c" "$y"; do
    mkdir "$ROOT/podctl/containers/$id/busy"
    mount -t tmpfs tmpfs "$ROOT/podctl/containers/$id/busy"
  done
  run_podctl 125 pod rm --force --time 0 web
  is "$output" ""
  mapfile -t lines <<<"$stderr"
  is "${#lines[@]}" 4
  is "${lines[0]}" "Error: not all containers could be removed from pod $pod: removing pod containers"
  like "$stderr" "Error: error removing container $c from pod $pod: remove container c: .*busy"
  like "$stderr" "Error: error removing container $y from pod $pod: remove container y: .*busy"
  is "${lines[3]}" "Error: error removing containers $b, $a, $infra from pod $pod: a container that depends on each of them could not be stopped: container state improper"
  is "$(state_of a) $(state_of b) $(state_of c) $(state_of x)" 'running running exited '
  run_podctl inspect c --format '{{.State.ExitCode}}'
  is "$output" 137

  run_podctl 125 rm --depend --force --time 0 a
  like "$stderr" "Error: remove container c: .*busy"
  like "$stderr" "Error: containers $b, $a stay: one that depends on each of them could not be removed"
  is "$(state_of a) $(state_of b)" 'running running'
  umount "$ROOT/podctl/containers/$c/busy" "$ROOT/podctl/containers/$y/busy"
  run_podctl pod rm --force --time 0 web
  is "$output" "$pod"
  is "$stderr" ""
}
