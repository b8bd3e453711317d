#!/usr/bin/env bats
# Networks of pods, used: ports from the host, names between pods, addresses
# as asked for, and all of it given back.

# shellcheck disable=SC2016 # shell for the containers

load helpers

setup_file() {
  file_setup
  busybox_image
}

setup() {
  test_setup
  requires alone netavark
}

# serve POD PORT TEXT: a member that says TEXT to whoever connects
serve() {
  run_podctl run -d --pod "$1" "$IMAGE" sh -c "while :; do echo $3 | nc -l -p $2; done"
}

# says ADDRESS PORT TEXT
says() { [[ $(timeout 2 busybox nc "$1" "$2" </dev/null 2>/dev/null) == "$3" ]]; }

ping_arrives() {
  [[ -s $1 ]] || { echo ping >/dev/udp/127.0.0.1/18053 && false; }
}

# address_of POD NETWORK: of its infra container
address_of() {
  podctl pod inspect "$1" --format '{{.InfraContainerID}}' | xargs "$PODCTL" "${PODCTL_ARGS[@]}" inspect |
    jq -r --arg n "$2" '.[0].NetworkSettings.Networks[$n].IPAddress'
}

@test "a published port reaches the pod from the host" {
  requires root
  run_podctl pod create --name web -p 18080:80 -p 127.0.0.1:18081:81
  serve web 80 eighty
  serve web 81 eightyone
  wait_until 5 says 127.0.0.1 18080 eighty
  wait_until 5 says 127.0.0.1 18081 eightyone
  local address
  address=$(ip -4 -o addr show dev podman0 | awk '{sub("/.*", "", $4); print $4}')
  wait_until 5 says "$address" 18080 eighty
  ! says "$address" 18081 eightyone || fail "bound to 127.0.0.1 only, yet reached at $address"
  run_podctl port -a
  like "$output" '80/tcp -> 0\.0\.0\.0:18080'
  like "$output" '81/tcp -> 127\.0\.0\.1:18081'
}

@test "a range of ports is published one to one" {
  run_podctl pod create --name web -p 18100-18102:100-102
  serve web 101 middle
  wait_until 5 says 127.0.0.1 18101 middle
  run_podctl pod inspect web
  assert_json '[.[0].InfraConfig.PortBindings | to_entries[] | .key + "=" + .value[0].HostPort]' '["100/tcp=18100","101/tcp=18101","102/tcp=18102"]'
}

@test "a udp port is published as udp" {
  requires root perl
  run_podctl pod create --name web -p 18053:53/udp
  run_podctl pod start web
  local got=$BATS_TEST_TMPDIR/got
  # busybox has no udp server: the host's perl in the pod's network is one.
  nsenter -t "$(pgrep -x catatonit | tail -n 1)" -n perl -MSocket -e 'alarm 20; socket(S, PF_INET, SOCK_DGRAM, 0);
    bind(S, sockaddr_in(53, INADDR_ANY)); recv(S, $m, 99, 0); print $m' >"$got" 3>&- &
  local server=$!
  wait_until 10 ping_arrives "$got"
  wait "$server"
}

@test "a port without a host port gets a free one, kept over restarts" {
  run_podctl pod create --name web -p 80 -p 127.0.0.1::81
  serve web 80 found
  run_podctl pod inspect web
  local port
  port=$(jq -r '.[0].InfraConfig.PortBindings["80/tcp"][0].HostPort' <<<"$output")
  [[ $port -gt 1023 ]]
  assert_json '.[0].InfraConfig.PortBindings["81/tcp"][0].HostIp' 127.0.0.1
  wait_until 5 says 127.0.0.1 "$port" found
  run_podctl pod restart web
  wait_until 5 says 127.0.0.1 "$port" found
}

@test "a port that is taken is refused at the start, in one line, and leaves nothing" {
  run_podctl pod create --name first -p 18080:80
  run_podctl pod start first
  run_podctl pod create --name second -p 18080:80
  run_podctl 125 pod start second
  like "$stderr" '^Error: starting container [0-9a-f]{64}: .*18080.*address already in use'
  is "${stderr//[!$'\n']/}" "" "lines"
  run_podctl pod ps --filter name=second --format '{{.Status}}'
  unlike "$output" Running
  run_podctl pod rm -f -t 0 first
  run_podctl pod start second
}

@test "two pods on a network of their own find each other by name, host name and alias" {
  requires aardvark-dns
  run_podctl network create backend
  run_podctl pod create --name db --network backend --network-alias database
  run_podctl run -d --pod db --name server "$IMAGE" sh -c 'while :; do echo data | nc -l -p 5432; done'
  run_podctl pod create --name web --network backend
  local name
  for name in db database; do
    run_podctl run --rm --pod web "$IMAGE" sh -c "for i in \$(seq 50); do nc $name 5432 && exit; sleep 0.1; done; cat /etc/resolv.conf; nslookup $name; exit 1"
    is "$output" data "asked $name"
  done
  # And not on another network.
  run_podctl network create other
  run_podctl pod create --name stranger --network other
  run_podctl 1 run --rm --pod stranger "$IMAGE" sh -c "nc -w 1 database 5432"
}

@test "--network host, none and ns:PATH" {
  requires root
  run_podctl pod create --name h --network host
  run_podctl run --rm --pod h "$IMAGE" readlink /proc/self/ns/net
  is "$output" "$(readlink /proc/self/ns/net)"
  run_podctl pod create --name n --network none
  run_podctl run --rm --pod n "$IMAGE" sh -c 'ip -o addr | grep -v 127.0.0.1 | grep -v ::1; ip -o link | wc -l'
  is "$output" 1
  ip netns add mine
  run_podctl pod create --name ns --network ns:/run/netns/mine
  run_podctl run --rm --pod ns "$IMAGE" readlink /proc/self/ns/net
  local inside=$output
  is "$inside" "$(ip netns exec mine readlink /proc/self/ns/net)"
  run_podctl pod rm -f -t 0 ns
  [[ -e /run/netns/mine ]] || fail "a namespace of somebody else was removed"
  ip netns del mine
}

@test "a pod has an address in each of its networks" {
  run_podctl network create --subnet 10.91.0.0/24 one
  run_podctl network create --subnet 10.92.0.0/24 two
  run_podctl pod create --name web --network one --network two
  run_podctl run --rm --pod web "$IMAGE" ip -4 -o addr
  like "$output" '10\.91\.0\.'
  like "$output" '10\.92\.0\.'
  run_podctl pod inspect web
  assert_json '.[0].InfraConfig.Networks | sort' '["one","two"]'
  run_podctl 2 network rm one
  is "$stderr" 'Error: "one" has associated containers with it. Use -f to forcibly delete containers and pods: network is being used'
  run_podctl network rm -f -t 0 one two
  run_podctl 1 pod exists web
}

@test "addresses are as asked for" {
  run_podctl network create --subnet 10.93.0.0/24 --ipv6 --subnet fd93::/64 net
  run_podctl pod create --name web --network net --ip 10.93.0.77 --ip6 fd93::77 --mac-address 92:d0:c6:0a:29:33
  run_podctl run --rm --pod web "$IMAGE" sh -c 'ip addr'
  like "$output" '10\.93\.0\.77/24'
  like "$output" 'fd93::77/64'
  like "$output" '92:d0:c6:0a:29:33'
  run_podctl pod create --name opts --network net:ip=10.93.0.78,mac=92:d0:c6:0a:29:34,interface_name=first0
  run_podctl run --rm --pod opts "$IMAGE" ip addr show dev first0
  like "$output" '10\.93\.0\.78/24'
  like "$output" '92:d0:c6:0a:29:34'
  # Taken.
  run_podctl pod create --name late --network net --ip 10.93.0.77
  run_podctl 125 pod start late
  like "$stderr" '^Error: .*10\.93\.0\.77'
  is "${stderr//[!$'\n']/}" "" "lines"
}

@test "leases are given back: a small network serves any number of pods in turn" {
  run_podctl network create --subnet 10.94.0.0/30 tiny
  local i
  for i in 1 2 3; do
    run_podctl pod create --name "p$i" --network tiny
    run_podctl pod start "p$i"
    is "$(address_of "p$i" tiny)" 10.94.0.2
    if ((i == 2)); then run_podctl pod stop -t 0 "p$i"; else run_podctl pod rm -f -t 0 "p$i"; fi
  done
}

@test "a network that is not there, or goes away, is named" {
  run_podctl 125 pod create --name web --network nosuch
  is "$stderr" 'Error: unable to find network with name or ID nosuch: network not found'
  run_podctl network create gone
  run_podctl pod create --name web --network gone
  rm "$NETWORKS/gone.json"
  run_podctl 125 pod start web
  like "$stderr" '^Error: starting container [0-9a-f]{64}: .*gone'
  run_podctl pod rm -f web
}

@test "name servers of a network can be changed, whether or not anybody runs on it" {
  run_podctl network create named
  run_podctl network update named --dns-add 192.0.2.7
  is "$output" named
  run_podctl run -d --name user --network named "$IMAGE" sleep 300
  run_podctl network update named --dns-add 192.0.2.8 --dns-drop 192.0.2.7
  run_podctl network inspect named
  assert_json '.[0].network_dns_servers' '["192.0.2.8"]'
  run_podctl network update named
  is "$output" named
  run_podctl network update named --dns-drop 192.0.2.9
  run_podctl 125 network update named --dns-drop nowhere
  like "$stderr" '^Error: unable to parse ip nowhere'
  run_podctl network inspect named
  assert_json '.[0].network_dns_servers' '["192.0.2.8"]'
  run_podctl 125 network update named --dns-add nowhere
  like "$stderr" '^Error: unable to parse ip nowhere'
  run_podctl rm -f -t 0 user
  run_podctl network rm named
}

@test "members have the pod's network, addresses stay the same over a member's restart" {
  requires root
  run_podctl pod create --name web
  run_podctl run -d --pod web --name m "$IMAGE" sleep 100
  local address
  address=$(address_of web podman)
  run_podctl restart -t 0 m
  is "$(address_of web podman)" "$address"
  run_podctl exec m ip -4 -o addr
  like "$output" "$address/16"
  run_podctl inspect m
  like "$(jq -r '.[0].HostConfig.NetworkMode' <<<"$output")" '^container:[0-9a-f]{64}$'
}

@test "the host is known by name" {
  requires root
  run_podctl pod create --name web
  run_podctl run --rm --pod web "$IMAGE" sh -c 'grep host.containers.internal /etc/hosts'
  like "$output" '^10\.88\.0\.1[[:space:]]'
}

@test "without a network a container finds itself" {
  run_podctl run --rm --network none --name own --hostname given "$IMAGE" grep given /etc/hosts
  is "$output" $'127.0.0.1\tgiven own'
  run_podctl pod create --name web --network none
  run_podctl run --rm --pod web "$IMAGE" grep -w web /etc/hosts
  like "$output" $'127.0.0.1\tweb .*-infra'
}

@test "a container joins a network once, and leaves it once" {
  run_podctl network create joined
  run_podctl create --name member --network podman "$IMAGE" true
  local id=$output
  run_podctl network connect joined member
  run_podctl 125 network connect joined member
  is "$stderr" "Error: container $id is already connected to network \"joined\": network is already connected"
  run_podctl network disconnect joined member
  run_podctl 125 network disconnect joined member
  like "$stderr" "^Error: container $id is not connected to network \"joined\""
}

@test "events of a network name the container that came or left, and the network" {
  run_podctl network create joined
  run_podctl run -d --name member "$IMAGE" sleep 300
  local id=$output
  run_podctl network connect joined member
  run_podctl network disconnect joined member
  run_podctl events --stream=false --filter type=network --filter event=connect --filter event=disconnect --format '{{.Status}} {{.ID}} {{.Name}} {{.Network}}'
  is "$(grep "$id" <<<"$output")" "connect $id member joined"$'\n'"disconnect $id member joined"
}

@test "a container that changes networks finds itself, the host and the name server" {
  run_podctl network create --subnet 10.94.1.0/24 one
  run_podctl network create --subnet 10.94.2.0/24 two
  run_podctl pod create --name web --network one
  run_podctl run -d --pod web --name member "$IMAGE" sleep 300
  run_podctl exec member sh -c 'echo 192.0.2.7 mine >>/etc/hosts'
  local infra addresses='grep -w web /etc/hosts | cut -f1; grep nameserver /etc/resolv.conf; grep mine /etc/hosts'
  infra=$(podctl pod inspect web --format '{{.InfraContainerID}}' 3>&-)
  run_podctl network connect two "$infra"
  run_podctl exec member sh -c "$addresses"
  is "$output" $'10.94.1.2\n10.94.2.2\nnameserver 10.94.1.1\nnameserver 10.94.2.1\n192.0.2.7 mine'
  run_podctl network disconnect one "$infra"
  run_podctl exec member sh -c "$addresses"
  is "$output" $'10.94.2.2\nnameserver 10.94.2.1\n192.0.2.7 mine'
  if [[ $(id -u) == 0 ]]; then # a user's is reached beyond the networks
    run_podctl exec member grep host.containers.internal /etc/hosts
    like "$output" '^10\.94\.2\.1[[:space:]]'
  fi
}

@test "a container that was taken off its only network starts without one" {
  run_podctl network create joined
  run_podctl create --name alone --network joined "$IMAGE" sh -c 'ls /sys/class/net; grep -w alone /etc/hosts; sleep 300'
  run_podctl network disconnect joined alone
  run_podctl start alone
  wait_until 20 eval '[[ $(podctl logs alone) == *alone* ]]'
  run_podctl logs alone
  like "$output" $'^lo\n127.0.0.1\t.* alone$'
  run_podctl network connect joined alone
  run_podctl exec alone ls /sys/class/net
  is "$output" $'eth0\nlo'
}
