#!/usr/bin/env bats
# What create and run refuse before the OCI runtime is asked: with 125, in words
# that scripts match, and leaving nothing behind.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# refused TEXT FLAGS...: run refuses FLAGS with exactly TEXT
refused() {
  local text=$1
  shift
  run_podctl 125 run "$@" "$IMAGE" true
  is "$stderr" "Error: $text" "run $*"
  is "$output" "" "stdout of run $*"
}

teardown() {
  local names
  names=$(podctl ps -aq)
  is "$names" "" "containers that refused commands left"
  test_teardown
}

@test "what the host does not have" {
  local gone="$BATS_TEST_TMPDIR/gone"
  refused "running container create option: finding timezone: unknown time zone Nowhere/Land" --tz Nowhere/Land
  refused "container-init binary not found on the host: stat $gone: no such file or directory" --init --init-path "$gone"
  refused "no file paths matching glob \"$gone*\"" --mount "type=glob,src=$gone*,dst=/m"
  refused "opening seccomp profile failed: stat $gone: no such file or directory" --security-opt "seccomp=$gone"
  refused "stat $gone: no such file or directory" --device "$gone"
  refused '"CAP_FLY": unknown capability' --cap-add fly
  refused "running container create option: HealthCheck Log '$gone' destination error: stat $gone: no such file or directory" \
    --health-cmd true --health-log-destination "$gone"
  refused "running container create option: HealthCheck Log '/etc/passwd' destination must be directory" \
    --health-cmd true --health-log-destination /etc/passwd
  run_podctl 125 run --rootfs "$gone" true
  is "$stderr" "Error: running container create option: stat $gone: no such file or directory"
}

@test "what cannot mean anything" {
  refused "running container create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument" --name 'a b'
  refused 'invalid device cgroup rule requires type, major:Minor, and access rules: "x"' --device-cgroup-rule x
  refused "sysctl kernel.msgmax=9 can't be set since IPC Namespace set to host: invalid argument" --ipc host --sysctl kernel.msgmax=9
  refused "minimum memory limit cannot be less than memory reservation limit, see usage" --memory 5m --memory-reservation 10m
  refused 'looking up container to share ipc namespace with: no container with name or ID "nosuch" found: no such container' --ipc container:nosuch
  refused 'creating named volume "a b": running volume create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument' -v 'a b:/m'
  refused 'capability "CAP_KILL" cannot be dropped and added' --cap-add kill --cap-drop CAP_KILL
  refused "adding all caps and removing all caps not allowed" --cap-add all --cap-drop all
  run_podctl create --name alone --ipc private "$IMAGE"
  refused "joining IPC of container $output is not allowed: non-shareable IPC (hint: use IpcMode:shareable for the donor container)" --ipc container:alone
  run_podctl rm alone
  run_podctl 125 run --entrypoint '' "$IMAGE"
  is "$stderr" "Error: no command or entrypoint provided, and no CMD or ENTRYPOINT from image"
}

@test "containers that are not given" {
  run_podctl 125 attach --latest some
  is "$stderr" "Error: --latest and containers cannot be used together"
  run_podctl 125 attach one two
  is "$stderr" "Error: \`podctl attach\` accepts at most one argument"
  run_podctl 125 diff
  is "$stderr" 'Error: "podctl diff" requires a name, id, or the "--latest" flag'
  run_podctl 125 container diff
  is "$stderr" "Error: container must be specified: podctl container diff [options [...]] ID-NAME"
}

@test "ports cannot be published without a network of the container's own" {
  run_podctl create --name quiet --network none -p 80:80 "$IMAGE" true
  like "$stderr" 'Port mappings have been discarded because .*none.* network namespace mode is in use'
  run_podctl inspect --format '{{json .HostConfig.PortBindings}} {{json .NetworkSettings.Ports}}' quiet
  is "$output" "{} {}"
  run_podctl rm quiet
}

@test "on the host's network a container goes by the host's name" {
  run_podctl run --rm --network host "$IMAGE" hostname
  is "$output" "$(uname -n)"
  run_podctl run --rm --network host --hostname mine "$IMAGE" hostname
  is "$output" mine
  run_podctl run --rm --network host --uts private --name other "$IMAGE" cat /etc/hostname
  is "$output" "$(uname -n)"
}

@test "without its OCI runtime or conmon nothing is made" {
  local verb conf=$BATS_TEST_TMPDIR/conf
  printf '[engine]\nruntime = "nosuch"\n' >"$conf"
  for verb in "run --rm $IMAGE true" "create $IMAGE true" "pod create" "run --pod new:web $IMAGE true"; do
    # shellcheck disable=SC2086 # words
    run_podctl 125 --runtime nosuch $verb
    is "$stderr" 'Error: default OCI runtime "nosuch" not found: install the package nosuch: invalid argument'
    # shellcheck disable=SC2086 # words
    CONTAINERS_CONF_OVERRIDE=$conf run_podctl 125 $verb
    like "$stderr" '^Error: default OCI runtime "nosuch" not found'
    # shellcheck disable=SC2086 # words
    run_podctl 125 --runtime /no/such $verb
    is "$stderr" "Error: no valid executable found for OCI runtime /no/such: invalid argument"
  done
  run_podctl 125 --conmon /nosuch run --name web "$IMAGE" true
  is "$stderr" "Error: conmon /nosuch is not an executable file: unavailable"
  run_podctl ps -aq
  is "$output" ""
  run_podctl pod ps -q
  is "$output" ""
  run_podctl --runtime nosuch pod create --infra=false # it has nothing to run
}
