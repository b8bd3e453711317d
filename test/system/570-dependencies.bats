#!/usr/bin/env bats
# What depends on what: the order of starts and stops, init containers, and
# pods made on the way.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# member POD NAME ARGS...: creates a container that writes its name to the log
# at its start, and when it is told to stop
member() {
  local pod=$1 name=$2
  shift 2
  run_podctl create --pod "$pod" --name "$name" -v "$BATS_TEST_TMPDIR:/log" "$@" "$IMAGE" \
    sh -c "trap 'echo -$name >>/log/order; exit' TERM; echo +$name >>/log/order; while :; do sleep 0.05; done"
}

order() { tr '\n' ' ' <"$BATS_TEST_TMPDIR/order"; }

logged() { grep -qx -- "$1" "$BATS_TEST_TMPDIR/order"; }

twice_logged() { [[ $(grep -cx -- "$1" "$BATS_TEST_TMPDIR/order") == 2 ]]; }

state_is() { [[ $(state_of "$1") == "$2" ]]; }

state_of() { podctl ps -a --filter name="^$1\$" --format '{{.State}}'; }

@test "--requires starts before and stops after" {
  run_podctl pod create --name web
  member web top --requires base 2>/dev/null && fail "a dependency that is not there yet"
  member web base
  member web middle --requires base
  member web top --requires middle,base
  run_podctl pod start web
  wait_until 5 logged +top
  run_podctl pod stop web
  # Their starts are in order; when each comes to write is the scheduler's.
  wait_until 5 logged -base
  is "$(grep ^- "$BATS_TEST_TMPDIR/order" | tr '\n' ' ')" '-top -middle -base '
}

@test "starting a member starts what it needs, infra too, and nothing else" {
  run_podctl pod create --name web --infra-name holder
  member web base
  member web top --requires base
  member web other
  run_podctl start top
  is "$(state_of top) $(state_of base) $(state_of holder) $(state_of other)" 'running running running created'
}

@test "a dependency that cannot start fails its dependants" {
  run_podctl pod create --name web
  run_podctl create --pod web --name broken "$IMAGE" /nosuchprogram
  local broken=$output
  run_podctl create --pod web --name needs --requires broken "$IMAGE" sleep 100
  local needs=$output
  run_podctl create --pod web --name free "$IMAGE" sleep 100
  run_podctl 125 pod start web
  like "$stderr" "Error: starting container $broken: "
  like "$stderr" "Error: starting container $needs: a dependency of container $needs failed to start: container state improper"
  is "$(state_of free) $(state_of needs)" 'running created'
  run_podctl 125 start needs
  like "$stderr" '^Error: unable to start container '
}

@test "what another depends on is not removed" {
  run_podctl pod create --name web
  member web base
  local base=$output
  member web top --requires base
  local top=$output
  run_podctl 125 rm base
  is "$stderr" "Error: container $base has dependent containers which must be removed before it: $top: container already exists"
  run_podctl rm --depend base
  is "$(state_of top)$(state_of base)" ""
  run_podctl pod exists web
}

@test "infra is not removed alone, and with --depend its pod goes" {
  run_podctl pod create --name web --infra-name holder
  local pod=$output
  local infra
  infra=$(podctl ps -aq --no-trunc)
  member web a
  run_podctl 125 rm holder
  is "$stderr" "Error: container $infra is the infra container of pod $pod and cannot be removed without removing the pod"
  run_podctl 125 rm -f holder
  run_podctl rm -f --depend holder
  run_podctl 1 pod exists web
}

@test "dependencies across pods are refused" {
  run_podctl pod create --name one
  run_podctl pod create --name two
  local two=$output
  member one a
  local a=$output
  run_podctl create --name alone "$IMAGE" true
  local alone=$output
  run_podctl 125 create --pod two --requires a "$IMAGE" true
  is "$stderr" "Error: container has joined pod $two and dependency container $a is not a member of the pod: invalid argument"
  run_podctl 125 create --pod two --requires alone "$IMAGE" true
  is "$stderr" "Error: container has joined pod $two and dependency container $alone is not a member of the pod: invalid argument"
  run_podctl 125 create --requires a "$IMAGE" true
  is "$stderr" "Error: container dependency $a is part of a pod, but container is not: invalid argument"
  run_podctl 125 create --requires nosuch "$IMAGE" true
  like "$stderr" '^Error: "nosuch" is not a valid container, cannot be used as a dependency: '
  run_podctl ps -aq
  is "${#lines[@]}" 4
}

@test "a container outside pods can depend on one outside pods, by --requires or by namespace" {
  run_podctl create --name base "$IMAGE" sleep 100
  run_podctl create --name top --requires base "$IMAGE" sleep 100
  run_podctl create --name joins --network container:base --pid container:base "$IMAGE" sh -c 'ps; exec sleep 100'
  run_podctl start top
  is "$(state_of base)" running
  run_podctl start joins
  run_podctl logs joins
  like "$output" 'sleep 100'
  run_podctl 125 restart nosuch
  run_podctl 125 rm -f base
  like "$stderr" 'has dependent containers which must be removed before it'
}

@test "restart does not start what is needed, but says what is missing" {
  run_podctl pod create --name web --infra-name holder
  local infra
  infra=$(podctl ps -aq --no-trunc)
  member web a
  local a=$output
  run_podctl 125 restart a
  is "$stderr" "Error: some dependencies of container $a are not started: $infra: container state improper"
}

# --- init containers ---

@test "init containers run to their end, one after another, before any member" {
  run_podctl pod create --name web
  local name
  for name in first second; do
    run_podctl create --init-ctr always --pod web --name "$name" -v "$BATS_TEST_TMPDIR:/log" "$IMAGE" sh -c "sleep 0.2; echo $name >>/log/order"
  done
  member web main
  run_podctl pod start web
  wait_until 5 logged +main
  is "$(order)" 'first second +main '
  run_podctl pod stop -t 0 web
  run_podctl pod start web
  wait_until 5 twice_logged +main
  is "$(order)" 'first second +main first second +main ' "always is always"
  run_podctl pod ps --format '{{.Status}}'
  is "$output" Running "init containers count not"
}

@test "an init container for once is gone after its success" {
  run_podctl pod create --name web
  run_podctl create --init-ctr once --pod web --name prepare "$IMAGE" true
  member web main
  run_podctl pod start web
  is "$(state_of prepare)" ""
  is "$(state_of main)" running
}

@test "a failed init container keeps the members from starting" {
  run_podctl pod create --name web
  run_podctl create --init-ctr once --pod web --name prepare "$IMAGE" sh -c 'exit 3'
  local init=$output
  member web main
  run_podctl 125 pod start web
  like "$stderr" "init container $init exited with code 3"
  is "$(state_of main)" created
  wait_until 5 state_is prepare exited
}

@test "init containers are checked where they are made" {
  run_podctl pod create --name web
  run_podctl 125 create --init-ctr once "$IMAGE" true
  is "$stderr" 'Error: must specify pod value with init-ctr'
  run_podctl 125 create --init-ctr often --pod web "$IMAGE" true
  is "$stderr" "Error: init-ctr value must be 'always' or 'once'"
  run_podctl pod start web
  run_podctl 125 create --init-ctr once --pod web "$IMAGE" true
  is "$stderr" 'Error: cannot add init-ctr to a running pod'
}

# --- pods made on the way ---

@test "--pod new:NAME makes the pod, with network and host name in it" {
  run_podctl run -d --pod new:web --name main --hostname given --add-host x:192.0.2.7 -p 18080:80 "$IMAGE" sh -c 'hostname; cat /etc/hosts; exec sleep 100'
  like "$output" '^[0-9a-f]{64}$'
  run_podctl pod inspect web
  assert_json '.[0].InfraConfig.PortBindings["80/tcp"][0].HostPort' 18080
  assert_json '.[0].NumContainers' 2
  run_podctl logs main
  like "$output" '^given'
  like "$output" '192\.0\.2\.7[[:space:]]x'
}

@test "--pod new:NAME leaves no pod when the container cannot be made" {
  run_podctl 125 create --pod new:web --name 'a b' "$IMAGE" true
  run_podctl 1 pod exists web
  run_podctl create --name taken "$IMAGE" true
  run_podctl 125 create --pod new:web --name taken "$IMAGE" true
  like "$stderr" 'is already in use'
  run_podctl 1 pod exists web
  run_podctl pod create --name web
  run_podctl 125 create --pod new:web "$IMAGE" true
  is "$stderr" 'Error: adding pod to state: name "web" is in use: pod already exists'
  run_podctl 125 create --pod new: "$IMAGE" true
  is "$stderr" 'Error: new pod name must be at least one character'
}

@test "--pod-id-file joins the pod named in it" {
  run_podctl pod create --name web --pod-id-file "$BATS_TEST_TMPDIR/id"
  run_podctl create --pod-id-file "$BATS_TEST_TMPDIR/id" "$IMAGE" true
  run_podctl pod ps --format '{{.NumberOfContainers}}'
  is "$output" 2
  run_podctl 125 create --pod web --pod-id-file "$BATS_TEST_TMPDIR/id" "$IMAGE" true
  is "$stderr" 'Error: cannot specify both --pod and --pod-id-file'
}

@test "what belongs to the pod is refused on a member" {
  run_podctl pod create --name web
  local shared='network cannot be configured when it is shared with a pod' i='Error: invalid config provided:'
  run_podctl 125 create --pod web -p 80 "$IMAGE" true
  is "$stderr" "$i published or exposed ports must be defined when the pod is created: $shared"
  run_podctl 125 create --pod web --add-host a:192.0.2.1 "$IMAGE" true
  is "$stderr" "$i extra host entries must be specified on the pod: $shared"
  run_podctl 125 create --pod web --ip 10.88.0.9 "$IMAGE" true
  is "$stderr" "$i networks must be defined when the pod is created: $shared"
  run_podctl 125 create --pod web --hostname x "$IMAGE" true
  is "$stderr" "$i cannot set hostname when joining the pod UTS namespace: invalid configuration"
  run_podctl 125 create --pod nosuch "$IMAGE" true
  is "$stderr" 'Error: no pod with name or ID nosuch found: no such pod'
  run_podctl ps -aq
  is "${#lines[@]}" 1
}

@test "a member may leave a shared namespace" {
  run_podctl pod create --name web
  run_podctl run --rm --pod web --network host "$IMAGE" readlink /proc/self/ns/net
  is "$output" "$(readlink /proc/self/ns/net)"
  run_podctl run --rm --pod web --network none --ipc private --uts private "$IMAGE" sh -c 'ip -o link | wc -l; hostname'
  is "${lines[0]}" 1
  unlike "$output" web
}
