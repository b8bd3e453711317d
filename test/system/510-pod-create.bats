#!/usr/bin/env bats
# What the flags of pod create do: seen from inside the members, or on the host.

# shellcheck disable=SC2016 # shell for the containers

load helpers

setup_file() {
  file_setup
  busybox_image
}

# in_pod POD COMMAND: runs a shell command in a new member; its output is $output
in_pod() {
  run_podctl run --rm --pod "$1" "$IMAGE" sh -c "$2"
}

# refused EXPECTED ARGS...: pod create ARGS fails with this one line and no ID
refused() {
  local text=$1
  shift
  run_podctl 125 pod create "$@"
  is "$stderr" "Error: $text" "pod create $*"
  is "$output" "" "stdout of pod create $*"
}

# refused_like REGEX ARGS...
refused_like() {
  local regex=$1
  shift
  run_podctl 125 pod create "$@"
  like "$stderr" "^Error: $regex\$" "pod create $*"
  is "${stderr//[!$'\n']/}" "" "lines of pod create $*"
}

# exited_with CONTAINER CODE
exited_with() {
  [[ $(podctl ps -a --filter name="^$1\$" --format '{{.Status}}') == "Exited ($2) "* ]]
}

no_zombies() {
  ! pgrep -r Z
}

no_pods() {
  run_podctl pod ps -q
  is "$output" "" "pods left"
}

# --- identity ---

@test "pod create prints the ID and the pod is created, not started" {
  run_podctl pod create --name web
  like "$output" '^[0-9a-f]{64}$'
  local id=$output
  run_podctl pod ps --no-trunc --format '{{.ID}} {{.Name}} {{.Status}} {{.NumberOfContainers}}'
  is "$output" "$id web Created 1"
  run_podctl ps -a --format '{{.Names}} {{.Status}}'
  is "$output" "${id:0:12}-infra Created"
  [[ -z $(pgrep conmon) ]] || fail "something was started"
}

@test "a name may be given as argument, and is made where none is" {
  run_podctl pod create web
  run_podctl pod create
  run_podctl pod ps --format '{{.Name}}' --sort name
  is "${#lines[@]}" 2
  like "$output" '(^|
)web($|
)'
  like "$output" '[a-z]+_[a-z]+'
}

@test "a name is checked and is taken once" {
  local bad
  for bad in -x .x _x 'a b' a/b a:b 'ä'; do
    refused "running pod create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument" "--name=$bad"
  done
  run_podctl pod create --name A.b_c-1
  refused 'adding pod to state: name "A.b_c-1" is in use: pod already exists' --name A.b_c-1
  refused 'cannot specify --name and NAME at the same time' --name a b
  refused 'accepts at most 1 arg(s), received 2' a b
  run_podctl pod ps -q
  is "${#lines[@]}" 1
}

@test "a pod and a container may share a name" {
  run_podctl pod create --name web
  run_podctl run -d --pod web --name web "$IMAGE" sleep 100
  run_podctl ps --filter name='^web$' --format '{{.Names}}'
  is "$output" web
}

@test "--replace removes the pod that had the name, running or not" {
  refused 'cannot replace pod without --name being set' --replace
  run_podctl pod create --replace --name web
  local first=$output
  run_podctl run -d --pod web "$IMAGE" sleep 100
  run_podctl pod create --replace --name web
  [[ $output != "$first" ]]
  run_podctl pod ps --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}'
  is "$output" "web Created 1"
}

@test "--pod-id-file gets the ID without a newline, over what was there" {
  local file=$BATS_TEST_TMPDIR/id
  printf '%0100d' 1 >"$file"
  run_podctl pod create --pod-id-file "$file" --name web
  is "$(od -An -c "$file" | tr -d ' \n')" "$output"
  run_podctl 125 pod create --pod-id-file /nosuchdir/id --name other
  like "$stderr" '^Error: failed to write pod ID to file: creating idfile: '
  run_podctl pod exists other
}

@test "labels come from flags and files, flags win" {
  printf '%s\n' '# no label' a=file b=file >"$BATS_TEST_TMPDIR/labels"
  run_podctl pod create --name web --label-file "$BATS_TEST_TMPDIR/labels" --label a=flag -l c -l d=x=y,z
  run_podctl pod ps --format '{{.Label "a"}}|{{.Label "b"}}|{{.Label "c"}}|{{.Label "d"}}'
  is "$output" "flag|file||x=y,z"
  run_podctl pod ps -q --filter label=b=file
  like "$output" '^[0-9a-f]{64}$'
  refused 'unable to process labels: invalid label format: "=x"' --label =x
}

# --- shared namespaces ---

@test "ipc, net and uts are shared by default, pid is not" {
  run_podctl pod create --name web --hostname shared-name
  run_podctl run -d --pod web --name a "$IMAGE" sh -c 'echo from-a >/dev/shm/f; exec sleep 100'
  in_pod web 'for n in ipc net uts pid mnt cgroup; do echo $n $(readlink /proc/self/ns/$n); done; hostname; cat /dev/shm/f'
  like "$output" 'shared-name
from-a'
  local pid ns
  pid=$(pgrep -xf 'sleep 100')
  for ns in ipc net uts; do
    like "$output" "$ns $(readlink "/proc/$pid/ns/$ns" | sed 's/[][]/\\&/g')" "shared $ns"
    [[ $(readlink "/proc/$pid/ns/$ns") != "$(readlink /proc/self/ns/$ns)" ]] || fail "$ns is the host's"
  done
  for ns in pid mnt; do
    unlike "$output" "$ns $(readlink "/proc/$pid/ns/$ns" | sed 's/[][]/\\&/g')" "own $ns"
  done
}

@test "--share +pid adds, --share pid replaces" {
  run_podctl pod create --name plus --share +pid
  run_podctl run -d --pod plus "$IMAGE" sleep 4321
  in_pod plus 'ps; readlink /proc/self/ns/net'
  like "$output" 'sleep 4321' "the other member's process"
  like "$output" 'catatonit' "infra's process"
  run_podctl pod create --name only --share pid
  run_podctl run -d --pod only "$IMAGE" sleep 5432
  in_pod only 'ps; echo here >/dev/shm/x'
  like "$output" 'sleep 5432'
  in_pod only 'ls /dev/shm'
  is "$output" "" "/dev/shm of another member that shares only pid"
}

@test "--share none makes no infra, and members are on their own" {
  run_podctl pod create --name a --share none
  run_podctl pod create --name b --share ''
  run_podctl pod create --name c --infra=false
  run_podctl pod ps --format '{{.Name}} {{.NumberOfContainers}}' --sort name
  is "$output" $'a 0\nb 0\nc 0'
  run_podctl pod create --name d --share none --infra
  run_podctl pod ps --format '{{.NumberOfContainers}}' --filter name='^d$'
  is "$output" 1
  run_podctl run -d --pod a "$IMAGE" sleep 100
  run_podctl run -d --pod a "$IMAGE" sleep 101
  local one two
  one=$(pgrep -xf 'sleep 100') two=$(pgrep -xf 'sleep 101')
  local ns
  for ns in ipc net uts pid; do
    [[ $(readlink "/proc/$one/ns/$ns") != "$(readlink "/proc/$two/ns/$ns")" ]] || fail "$ns is shared"
  done
}

@test "--share cgroup needs --share-parent=false and shares the cgroup namespace" {
  run_podctl pod create --name web --share +cgroup --share-parent=false
  run_podctl run -d --pod web "$IMAGE" sleep 100
  in_pod web 'readlink /proc/self/ns/cgroup'
  is "$output" "$(readlink "/proc/$(pgrep -xf 'sleep 100')/ns/cgroup")"
}

@test "--share net only shares the addresses" {
  run_podctl pod create --name web --share net
  run_podctl run -d --pod web --hostname own "$IMAGE" sh -c 'echo hello | nc -l -p 80'
  in_pod web 'for i in $(seq 50); do nc 127.0.0.1 80 && break; sleep 0.1; done; hostname'
  like "$output" '^hello'
  unlike "$output" 'own' "hostname of a member that shares no uts"
}

@test "--pid host and --uts host reach the members that share them" {
  run_podctl pod create --name web --share pid,uts --pid host --uts host
  in_pod web 'readlink /proc/self/ns/pid; readlink /proc/self/ns/uts'
  is "$output" "$(readlink /proc/self/ns/pid)
$(readlink /proc/self/ns/uts)"
}

@test "a process of one member can signal another in a shared pid namespace, and infra reaps" {
  run_podctl pod create --name web --share +pid
  run_podctl run -d --pod web --name victim "$IMAGE" sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'
  in_pod web 'for p in /proc/[0-9]*; do grep -qa "exit 9" $p/cmdline && [ ${p#/proc/} != $$ ] && kill ${p#/proc/}; done; (sleep 0.1 &) ; true'
  wait_until 5 exited_with victim 9
  # What the last member left behind is reaped by infra, not kept as a zombie.
  wait_until 5 no_zombies
}

# --- infra ---

@test "--infra-name names it; a taken or bad one is refused and leaves no pod" {
  run_podctl pod create --name web --infra-name holder
  run_podctl ps -a --format '{{.Names}}'
  is "$output" holder
  run_podctl 125 pod create --name other --infra-name holder
  like "$stderr" 'is already in use'
  refused_like '.*names must match.*' --name other --infra-name 'a b'
  run_podctl 1 pod exists other
}

@test "--infra-image and --infra-command are what infra runs" {
  run_podctl pod create --name web --infra-image "$IMAGE" --infra-command 'sleep 7777'
  run_podctl ps -a --format '{{.Image}}'
  is "$output" "$IMAGE"
  run_podctl pod start web
  pgrep -xf 'sleep 7777'
  in_pod web 'echo works'
  is "$output" works
}

@test "an infra image that is not there is an error and leaves nothing" {
  run_podctl 125 pod create --name web --infra-image localhost/nosuch:latest
  like "${stderr##*$'\n'}" '^Error: .*localhost/nosuch'
  no_pods
}

@test "--infra-conmon-pidfile names infra's monitor" {
  local file=$BATS_TEST_TMPDIR/pid
  run_podctl pod create --name web --infra-conmon-pidfile "$file"
  run_podctl pod start web
  is "$(cat "/proc/$(<"$file")/comm")" conmon
}

# --- what the pod gives to its members ---

@test "the hostname is the pod's name, or --hostname" {
  run_podctl pod create --name web
  in_pod web 'hostname; cat /etc/hostname; cat /etc/hosts'
  is "${lines[0]}" web
  is "${lines[1]}" web
  like "$output" '[0-9.]+[[:space:]].*web'
  run_podctl pod create --name other -h host.example
  in_pod other 'hostname; cat /etc/hostname'
  is "$output" $'host.example\nhost.example'
}

@test "--add-host goes into everyone's /etc/hosts" {
  run_podctl pod create --name web --add-host one:192.0.2.1 --add-host 'two;three:192.0.2.2' --add-host six:2001:db8::6
  in_pod web 'cat /etc/hosts'
  like "$output" '192\.0\.2\.1[[:space:]]one'
  like "$output" '192\.0\.2\.2[[:space:]]two[[:space:]]three'
  like "$output" '2001:db8::6[[:space:]]six'
  like "$output" '127\.0\.0\.1[[:space:]].*localhost'
}

@test "--no-hosts leaves the image's hosts file alone, --hosts-file is the base" {
  run_podctl pod create --name web --no-hosts
  in_pod web 'cat /etc/hosts || true'
  unlike "$output" 'web'
  echo '192.0.2.9 base' >"$BATS_TEST_TMPDIR/hosts"
  run_podctl pod create --name based --hosts-file "$BATS_TEST_TMPDIR/hosts"
  in_pod based 'cat /etc/hosts'
  like "$output" '192\.0\.2\.9[[:space:]]base'
}

@test "--dns, --dns-search and --dns-option make resolv.conf; none leaves it" {
  run_podctl pod create --name web --dns 192.0.2.53,192.0.2.54 --dns-search example.com --dns-option ndots:3
  in_pod web 'cat /etc/resolv.conf'
  is "$output" $'search example.com\nnameserver 192.0.2.53\nnameserver 192.0.2.54\noptions ndots:3'
  run_podctl pod create --name bare --dns none
  in_pod bare 'cat /etc/resolv.conf 2>/dev/null || echo no file'
  like "$output" '^(no file|)$'
  run_podctl pod create --name nosearch --dns 192.0.2.53 --dns-search .
  in_pod nosearch 'cat /etc/resolv.conf'
  unlike "$output" search
}

@test "--sysctl sets what belongs to a shared namespace" {
  run_podctl pod create --name web --sysctl net.ipv4.ip_unprivileged_port_start=80,kernel.shmmax=123456 --sysctl kernel.msgmax=4096
  in_pod web 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shmmax /proc/sys/kernel/msgmax'
  is "$output" $'80\n123456\n4096'
  refused 'invalid sysctl value "net.x"' --sysctl net.x
  refused "sysctl 'vm.swappiness' is not allowed" --sysctl vm.swappiness=1
  refused "sysctl net.ipv4.ip_forward=1 can't be set since Network Namespace set to host: invalid argument" --network host --sysctl net.ipv4.ip_forward=1
  refused "sysctl net.ipv4.ip_forward=1 can't be set since the pod does not share the net namespace: invalid argument" --share ipc --sysctl net.ipv4.ip_forward=1
  refused "sysctl kernel.shmmax=1 can't be set since the pod does not share the ipc namespace: invalid argument" --share net --sysctl kernel.shmmax=1
}

@test "--shm-size is the size of the shared /dev/shm; the default is 64 MB" {
  run_podctl pod create --name web --shm-size 5m
  in_pod web 'df -k /dev/shm | tail -1'
  like "$output" '[[:space:]]5120[[:space:]]'
  run_podctl pod create --name normal
  in_pod normal 'df -k /dev/shm | tail -1'
  like "$output" '[[:space:]]65536[[:space:]]'
  refused_like 'unable to translate --shm-size: .*' --shm-size lots
}

@test "--volume is inherited by every member" {
  mkdir "$BATS_TEST_TMPDIR/dir"
  echo from-host >"$BATS_TEST_TMPDIR/dir/f"
  run_podctl pod create --name web --volume "$BATS_TEST_TMPDIR/dir:/d" --volume data:/data --volume data:/data --volume "$BATS_TEST_TMPDIR/dir:/ro:ro"
  in_pod web 'cat /d/f; echo one >/data/f'
  is "$output" from-host
  in_pod web 'cat /data/f; echo x 2>/dev/null >/ro/f || echo read-only'
  is "$output" $'one\nread-only'
  run_podctl volume ls -q
  is "$output" data
  run_podctl 2 volume rm data
}

@test "--device is given to every member" {
  mkdir "$BATS_TEST_TMPDIR/none"
  refused "no devices found in $BATS_TEST_TMPDIR/none: invalid argument" --device "$BATS_TEST_TMPDIR/none"
  refused_like 'stat v/c=x: no such file or directory.*' --device v/c=x
  run_podctl pod create --name web --device /dev/loop-control:/dev/given:r
  in_pod web 'ls -l /dev/given; test -c /dev/given && echo there'
  like "$output" there
}

@test "--security-opt of the pod holds for every member" {
  run_podctl pod create --name web --security-opt no-new-privileges --security-opt seccomp=unconfined
  in_pod web 'grep -E "NoNewPrivs|^Seccomp:" /proc/self/status'
  is "$output" $'NoNewPrivs:\t1\nSeccomp:\t0'
  run_podctl create --pod web --name member "$IMAGE" true
  run_podctl inspect member --format '{{.HostConfig.SecurityOpt}}'
  is "$output" "[no-new-privileges]"
}

# --- the end of members ---

# status_is POD STATUS
status_is() {
  [[ $(podctl pod ps --filter name="^$1\$" --format '{{.Status}}') == "$2" ]]
}

@test "--exit-policy continue keeps the pod, stop ends it with its last member" {
  requires root
  run_podctl pod create --name keeps --exit-policy continue
  run_podctl run -d --pod keeps "$IMAGE" true
  run_podctl pod create --name ends --exit-policy stop
  run_podctl run -d --pod ends --name long "$IMAGE" sh -c 'while [ ! -e /go ]; do sleep 0.05; done'
  run_podctl run -d --pod ends "$IMAGE" true
  wait_until 10 status_is keeps Degraded
  wait_until 10 status_is ends Degraded
  run_podctl ps -q --filter pod=ends
  is "${#lines[@]}" 2 "infra and one member still run"
  touch "/proc/$(pgrep -f 'while . ! -e /go')/root/go"
  wait_until 10 status_is ends Exited
  status_is keeps Degraded || fail "the exit policy of one pod is that of another"
}

@test "--exit-policy stop waits for a member that is only created" {
  run_podctl pod create --name ends --exit-policy stop
  run_podctl create --pod ends "$IMAGE" true
  run_podctl run --pod ends "$IMAGE" true
  run_podctl pod ps --format '{{.Status}}'
  is "$output" Degraded
}

# --- restart policies ---

starts_of() { podctl ps -a --filter name="^$1\$" --format '{{.Restarts}}'; }

has_lines() { [[ $(wc -l <"$1") -ge $2 ]]; }

restarts_reach() { [[ $(starts_of "$1") -ge $2 ]]; }

@test "--restart on-failure:N starts again N times and no more" {
  run_podctl pod create --name web --restart on-failure:3
  run_podctl run -d --pod web --name fails -v "$BATS_TEST_TMPDIR:/out" "$IMAGE" sh -c 'echo x >>/out/log; exit 7'
  wait_until 30 has_lines "$BATS_TEST_TMPDIR/log" 4 # a restart is counted before it is made
  wait_until 10 exited_with fails 7
  is "$(starts_of fails)" 3
  is "$(wc -l <"$BATS_TEST_TMPDIR/log")" 4 "runs of a command that always fails"
  run_podctl run -d --pod web --name good "$IMAGE" true
  wait_until 10 exited_with good 0
  is "$(starts_of good)" 0
}

@test "--restart always starts again until a user stops it" {
  run_podctl pod create --name web --restart always
  run_podctl run -d --pod web --name quick "$IMAGE" sh -c 'sleep 0.1'
  wait_until 30 restarts_reach quick 3
  run_podctl pod stop --time 0 web
  status_is web Exited || fail "the pod is not stopped"
  local count
  count=$(starts_of quick)
  run_podctl pod ps --format '{{.Status}}'
  is "$output" Exited
  is "$(starts_of quick)" "$count" "restarts after a user's stop"
  [[ -z $(pgrep conmon) ]] || fail "something runs"
}

@test "a member's own --restart is stronger than the pod's" {
  run_podctl pod create --name web --restart always
  run_podctl run -d --restart no --pod web --name once "$IMAGE" false
  wait_until 10 exited_with once 1
  is "$(starts_of once)" 0
}

@test "infra is started again by the pod's policy when it is killed" {
  run_podctl pod create --name web --restart always --infra-name holder
  run_podctl pod start web
  kill -KILL "$(pgrep -x catatonit | while read -r p; do [[ $(tr '\0' ' ' <"/proc/$p/cmdline") == '/catatonit -P ' ]] && echo "$p"; done)"
  wait_until 20 restarts_reach holder 1
  wait_until 10 status_is web Running
}

# --- errors, to the letter ---

@test "bad restart and exit policies are refused" {
  refused 'restart policy retries can only be specified with on-failure restart policy' --restart always:3
  refused_like 'parsing restart policy retry count: .*' --restart on-failure:abc
  refused 'must specify restart policy retry count as a number greater than 0' --restart on-failure:-1
  refused 'invalid restart policy: may specify retries at most once' --restart on-failure:1:2
  refused 'running pod create option: "sometimes" is not a valid restart policy: invalid argument' --restart sometimes
  refused 'running pod create option: invalid pod exit policy: "explode"' --exit-policy explode
  no_pods
}

@test "namespaces that cannot be shared are refused" {
  refused 'mount sharing functionality not supported on pod level' --share mnt
  refused 'invalid kernel namespace to share: space. Options are: cgroup, ipc, net, pid, uts or none' --share space
  refused "cannot define the pod as the cgroup parent at the same time as joining the infra container's cgroupNS: invalid argument" --share cgroup
  no_pods
}

@test "what needs infra is refused without it" {
  local n=--infra=false
  refused 'cannot set share(net,pid) namespaces without an infra container' $n --share net,pid
  refused 'you must have an infra container to publish port bindings to the host' $n --publish 80
  refused 'cannot specify --no-hosts without an infra container' $n --no-hosts
  refused 'NoInfra and InfraName are mutually exclusive pod options: invalid pod spec' $n --infra-name x
  refused 'NoInfra and DNSServer are mutually exclusive pod options: invalid pod spec' $n --dns 192.0.2.1
  refused 'NoInfra and DNSOption are mutually exclusive pod options: invalid pod spec' $n --dns-option x
  refused 'NoInfo and DNSSearch are mutually exclusive pod options: invalid pod spec' $n --dns-search x
  refused 'NoInfra and HostAdd are mutually exclusive pod options: invalid pod spec' $n --add-host a:192.0.2.1
  refused 'NoInfra and HostsFile are mutually exclusive pod options: invalid pod spec' $n --hosts-file none
  refused 'NoInfra and NoManageResolvConf are mutually exclusive pod options: invalid pod spec' $n --dns none
  refused 'NoInfra and network modes cannot be used together' $n --network host
  refused 'cannot set --ip without infra container: invalid argument' $n --ip 10.88.0.9
  refused 'cannot set --ip6 without infra container: invalid argument' $n --ip6 fd00::9
  refused 'cannot set --mac without infra container: invalid argument' $n --mac-address 92:d0:c6:0a:29:33
  refused 'cannot set --network-alias without infra container: invalid argument' $n --network-alias x
  run_podctl pod create $n --infra-image nosuch --infra-command x
  run_podctl pod rm "$output"
  no_pods
}

@test "host names and name servers that contradict each other are refused" {
  refused '--no-hosts and --add-host cannot be set together' --no-hosts --add-host a:192.0.2.1
  refused '--no-hosts and --hosts-file cannot be set together' --no-hosts --hosts-file none
  refused 'conflicting options: dns and the network mode: none' --dns 192.0.2.1 --network none
  refused 'none is not allowed to be specified with other DNS ip addresses' --dns none,192.0.2.1
  refused 'x is not an ip address' --dns x
  refused "cannot pass additional search domains when also specifying '.'" --dns-search .,example.com
  refused_like 'NoManageResolvConf and DNSSearch are mutually exclusive pod options: invalid pod spec' --dns none --dns-search x
  refused_like 'NoManageResolvConf and DNSOption are mutually exclusive pod options: invalid pod spec' --dns none --dns-option x
  refused 'bad format for add-host: "x"' --add-host x
  refused 'hostname in add-host "a;:192.0.2.1" is empty' --add-host 'a;:192.0.2.1'
  refused 'invalid IP address in add-host: "nowhere"' --add-host x:nowhere
  refused 'a b is not a valid domain' --dns-search 'a b'
  refused_like '.*names must match.*' --hostname 'a b'
  no_pods
}

@test "network modes that contradict the rest are refused" {
  requires root
  local mode
  for mode in host none private ns:/proc/1/ns/net; do
    refused_like 'PortMappings can only be used with Bridge, slirp4netns, or pasta networking|cannot disable pod network if network-related configuration is specified: invalid argument' --network $mode -p 80
    refused '--ip can only be set when the network mode is bridge: invalid argument' --network $mode --ip 10.88.0.9
    refused '--ip6 can only be set when the network mode is bridge: invalid argument' --network $mode --ip6 fd00::9
    refused_like '--mac(-address)? can only be set when the network mode is bridge: invalid argument' --network $mode --mac-address 92:d0:c6:0a:29:33
    refused '--network-alias can only be set when the network mode is bridge: invalid argument' --network $mode --network-alias x
  done
  refused 'pods presently do not support network mode container' --network container:x
  refused 'pods presently do not support network mode pod' --network pod
  refused 'pasta networking is only supported for rootless mode or when inside a nested userns' --network pasta
  refused 'cannot set multiple networks without bridge network mode, selected mode host: invalid argument' --network host --network n
  refused 'can only set extra network names, selected mode host conflicts with bridge: invalid argument' --network n --network host
  refused 'network name cannot be empty' --network :ip=10.88.0.9
  refused '--ip can only be set for a single network: invalid argument' --network a --network b --ip 10.88.0.9
  refused '"x" is not an ip address' --ip x
  no_pods
}

@test "bad port mappings are refused" {
  local p='invalid port format -'
  refused "$p protocol can only be specified once" -p 80/tcp/udp
  refused "$p IPv6 addresses must be enclosed by []" -p '[::1:80:80'
  refused "$p IPv6 address must be followed by a colon (':')" -p '[::1]80:80'
  refused "$p format is [[hostIP:]hostPort:]containerPort" -p 1:2:3:4
  refused 'must provide a non-empty container port to publish' -p 80:
  refused 'must provide a non-empty protocol to publish' -p 80/
  refused 'cannot parse "host" as an IP address' -p host:80:80
  refused 'host and container port ranges have different lengths: 3 vs 2' -p 80-82:80-81
  refused 'parsing container port: the end port of a range must be higher than the start port - 70 is not higher than 80' -p 80-70
  refused_like '(parsing container port: )?port numbers must be between 1 and 65535 \(inclusive\), got 65536' -p 65536
  refused_like '(parsing host port: )?port numbers must be between 1 and 65535 \(inclusive\), got 0' -p 0:80
  refused_like 'parsing container port: .*invalid port number: .*' -p x
  refused_like 'parsing host port: .*invalid port number: .*' -p x:80
  refused 'conflicting port mappings for host port 8080 (protocol tcp)' -p 8080:80 -p 8080:81
  refused 'unrecognized protocol "icmp" in port mapping' -p 80/icmp
  no_pods
}

@test "bad limits and users are refused" {
  refused_like 'could not parse list: .*' --cpuset-cpus x
  refused_like 'invalid value for memory: .*' --memory lots
  refused_like 'invalid value for blkio-weight: .*' --blkio-weight heavy
  refused 'bad format: x' --blkio-weight-device x
  refused 'bad format for device path: x:5' --blkio-weight-device x:5
  refused_like 'invalid weight for device: .*' --blkio-weight-device /dev/null:9999
  refused '--userns and --uidmap/--gidmap/--subuidname/--subgidname are mutually exclusive' --userns auto --uidmap 0:1:2
  no_pods
}
