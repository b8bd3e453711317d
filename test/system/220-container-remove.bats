#!/usr/bin/env bats
# Removing containers: rm, prune, cleanup; and exists, rename, port.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# gone NAME: no container has that name; "exists" would take it for an ID too
gone() { is "$(podctl ps -a --quiet --filter "name=^$1\$" 3>&-)" "" "container $1"; }

@test "rm prints what was typed, or IDs" {
  run_podctl create --name a "$IMAGE"
  local a=$output
  run_podctl create --name b "$IMAGE"
  local b=$output
  run_podctl create --name c "$IMAGE"
  local c=$output
  run_podctl rm a "${b:0:8}"
  is "$output" "a"$'\n'"${b:0:8}"
  run_podctl rm --latest
  is "$output" "$c"
  run_podctl 1 container exists "$a"
}

@test "what cannot be removed keeps nothing else from being removed" {
  run_podctl create --name a "$IMAGE"
  run_podctl 1 rm nosuch a
  is "$output" a
  is "$stderr" 'Error: no container with ID or name "nosuch" found: no such container'
}

@test "a missing container may be ignored" {
  run_podctl rm --ignore nosuch
  is "$output$stderr" ""
  run_podctl rm --force nosuch
  is "$output$stderr" ""
  run_podctl rm --force --cidfile /nonexistent
  is "$output$stderr" ""
  run_podctl 125 rm --cidfile /nonexistent
  is "$stderr" "Error: reading CIDFile: open /nonexistent: no such file or directory"
  run_podctl 1 rm --latest
  is "$stderr" "Error: no such container"
  run_podctl rm --force --latest
  is "$output$stderr" ""
  run_podctl stop --ignore --latest
  is "$output$stderr" ""
}

@test "running and paused containers need --force" {
  requires cgroups
  run_podctl run -d --name a "$IMAGE" sleep 300
  local id=$output
  run_podctl 2 rm a
  is "$stderr" "Error: cannot remove container $id as it is running - running or paused containers cannot be removed without force: container state improper"
  run_podctl 1 rm a nosuch
  run_podctl 1 rm nosuch a
  run_podctl pause a
  run_podctl 2 rm a
  is "$stderr" "Error: cannot remove container $id as it is paused - running or paused containers cannot be removed without force: container state improper"
  run_podctl 125 rm --time 1 a
  is "$stderr" "Error: --force option must be specified to use the --time option"
  run_podctl rm --force --time 0 a
  is "$output" a
}

@test "an initialized container goes at once: nothing runs in it that could heed a signal" {
  run_podctl create --name ready --stop-timeout 600 "$IMAGE" sleep 300
  run_podctl init ready
  run_podctl rm ready
  is "$output" ready
  is "$stderr" ""
}

@test "what others depend on goes after them, or with them" {
  run_podctl create --name a "$IMAGE"
  local a=$output
  run_podctl create --name b --requires a "$IMAGE"
  local b=$output
  run_podctl 125 rm a
  is "$stderr" "Error: container $a has dependent containers which must be removed before it: $b: container already exists"
  run_podctl rm a b
  is "$output" $'a\nb' "named both, in the wrong order"

  run_podctl create --name a "$IMAGE"
  run_podctl create --name b --requires a "$IMAGE"
  b=$output
  run_podctl rm --depend a
  is "$output" a$'\n'"$b"
}

@test "an infra container goes with its pod only" {
  run_podctl pod create --name web
  local pod=$output
  run_podctl run -d --pod web --name a "$IMAGE" sleep 300
  local a=$output
  run_podctl ps -a --no-trunc --format '{{.ID}}' --filter name=infra
  local infra=$output
  run_podctl 125 rm --force "$infra"
  is "$stderr" "Error: container $infra is the infra container of pod $pod and cannot be removed without removing the pod"
  run_podctl 125 rm --depend "$infra"
  is "${stderr%%$'\n'*}" "Error: error removing container $infra pod: not all containers could be removed from pod $pod: removing pod containers"
  run_podctl rm --depend --force --time 0 "$infra"
  is "$output" "$infra"$'\n'"$a"
  run_podctl 1 pod exists web
}

@test "removing a member leaves the pod" {
  run_podctl run --pod new:web --name a "$IMAGE" true
  run_podctl rm a
  run_podctl pod exists web
}

@test "rm --all removes pods too" {
  run_podctl run -d --pod new:web --name a "$IMAGE" sleep 300
  run_podctl create --name b "$IMAGE"
  run_podctl 2 rm --all
  gone b
  run_podctl rm --all --force --time 0
  is "${#lines[@]}" 2
  run_podctl 1 pod exists web
}

@test "rm -v takes anonymous volumes along" {
  run_podctl create --name a -v /data "$IMAGE"
  run_podctl rm a
  run_podctl volume ls -q
  is "${#lines[@]}" 1
  run_podctl create --name a -v /data -v named:/n "$IMAGE"
  run_podctl rm -v a
  run_podctl volume ls -q
  is "${#lines[@]}" 2
  like "$output" named
}

@test "rm by filter and by file" {
  run_podctl create --name a --label x=y --cidfile "$BATS_TEST_TMPDIR/a" "$IMAGE"
  local a=$output
  run_podctl create --name b "$IMAGE"
  run_podctl rm --filter label=x=y
  is "$output" "$a"
  run_podctl container exists b
  run_podctl create --name c --cidfile "$BATS_TEST_TMPDIR/c" "$IMAGE"
  local c=$output
  run_podctl rm --cidfile "$BATS_TEST_TMPDIR/c"
  is "$output" "$c"
}

@test "rm --dry-run shows each step and takes none" {
  run_podctl run -d --name a "$IMAGE" sleep 300
  local a=${output:0:12}
  run_podctl 2 rm --dry-run a
  run_podctl rm --dry-run --force a
  is "$output" "1 stop and remove container $a a"
  run_podctl container exists a
  run_podctl 1 rm --dry-run nosuch
}

@test "prune removes what does not run and is in no pod" {
  run_podctl create --name created --label keep "$IMAGE"
  run_podctl run --name exited "$IMAGE" true
  run_podctl run -d --name running "$IMAGE" sleep 300
  run_podctl run --pod new:web --name member "$IMAGE" true
  run_podctl 125 container prune </dev/null
  is "$stderr" "Error: EOF"
  run_podctl container prune <<<n
  is "$output" $'WARNING! This will remove all non running containers.\nAre you sure you want to continue? [y/N] '
  run_podctl container prune --force --filter 'label!=keep'
  is "${#lines[@]}" 1
  run_podctl 1 container exists exited
  run_podctl container exists created
  run_podctl container prune --force
  run_podctl 1 container exists created
  run_podctl container exists member
  run_podctl container exists running
  run_podctl 125 container prune -f --filter nosuch=1
  is "$stderr" "Error: nosuch is an invalid filter"
}

@test "cleanup is for what does not run; what is gone is no error" {
  run_podctl run -d --name a "$IMAGE" sleep 300
  local a=$output
  run_podctl 125 container cleanup a
  is "$stderr" "Error: container $a is running or paused, refusing to clean up: container state improper"
  run_podctl container cleanup --stopped-only "$a"
  is "$output$stderr" ""
  run_podctl container cleanup nosuch
  is "$output$stderr" ""
  run_podctl stop -t 0 a
  run_podctl container cleanup a
  is "$output" a
  run_podctl container cleanup --rm a
  gone a
}

@test "cleanup takes down what init prepared; with --rm what never ran goes too" {
  run_podctl create --name a "$IMAGE" true
  run_podctl init a
  run_podctl container cleanup a
  is "$output" a
  run_podctl inspect --format '{{.State.Status}}' a
  is "$output" created
  run_podctl start --attach a # and it can still be started
  run_podctl create --name b "$IMAGE" true
  run_podctl init b
  run_podctl create --name c "$IMAGE" true
  run_podctl container cleanup --rm b c
  is "$output" $'b\nc'
  gone b
  gone c
}

@test "exists" {
  run_podctl create --name a "$IMAGE"
  run_podctl container exists a
  run_podctl container exists "${output:-a}"
  run_podctl 1 container exists nosuch
  is "$output$stderr" ""
  run_podctl 1 container exists --external nosuch
  run_podctl 125 container exists
  is "$stderr" "Error: accepts 1 arg(s), received 0"
}

@test "rename" {
  run_podctl run -d --name a "$IMAGE" sleep 300
  run_podctl create --name b "$IMAGE"
  run_podctl rename a c
  is "$output$stderr" ""
  gone a
  run_podctl container exists c
  run_podctl 125 rename c b
  like "$stderr" 'container already exists$'
  run_podctl 125 rename c no/good
  is "$stderr" "Error: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument"
  run_podctl 125 rename c
  is "$stderr" "Error: accepts 2 arg(s), received 1"
}

@test "port shows a container's ports, and a member's the pod's" {
  requires netavark
  run_podctl pod create --name web -p 8080-8081:80-81 -p 127.0.0.1:9053:53/udp
  run_podctl run -d --pod web --name a "$IMAGE" sleep 300
  run_podctl port a
  is "$output" $'80/tcp -> 0.0.0.0:8080\n81/tcp -> 0.0.0.0:8081\n53/udp -> 127.0.0.1:9053'
  run_podctl port a 81
  is "$output" 0.0.0.0:8081
  run_podctl port --latest 53/udp
  is "$output" 127.0.0.1:9053
  run_podctl 125 port a 53
  is "$stderr" 'Error: failed to find published port "53"'
  run_podctl port --all
  is "${#lines[@]}" 6
  like "${lines[0]}" $'^[0-9a-f]{12}\t80/tcp -> 0.0.0.0:8080$'
  run_podctl 125 port a 1 2
  # shellcheck disable=SC2016 # the backquotes are meant
  is "$stderr" 'Error: `port` accepts at most 2 arguments'
  run_podctl stop -t 0 a
  run_podctl port a
  is "$output" ""
}

@test "a layer that a killed podctl had mounted, and not counted as mounted, goes" {
  requires root
  local home=$ROOT/overlay merged below
  for below in '' below; do
    run_podctl create --name web --network none "$IMAGE" true
    merged=$home/$output/merged
    mount --bind --make-private "$home" "$home" # as the store does while it is open
    mkdir -p "$merged"
    mount -t tmpfs tmpfs "$merged"
    mount -t tmpfs tmpfs "$merged"
    [[ -z $below ]] || mount --bind --make-private "$home" "$home"
    run_podctl rm web
    unlike "$(</proc/self/mountinfo)" "$output"
    run_podctl run --rm --network none "$IMAGE" true
  done
}
