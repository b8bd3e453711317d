#!/usr/bin/env bats
# pod inspect: what it shows of real pods.

load helpers

setup_file() {
  file_setup
  busybox_image
}

@test "one pod is an array too" {
  run_podctl pod create --name web
  local id=$output
  run_podctl pod inspect web
  assert_json 'length' 1
  assert_json '.[0].Id' "$id"
  assert_json '.[0].State' Created
  assert_json '.[0].NumContainers' 1
  assert_json '.[0].SharedNamespaces' '["ipc","net","uts"]'
  assert_json '.[0].CreateInfra' true
  assert_json '.[0].InfraContainerID == .[0].Containers[0].Id' true
  assert_json '.[0].Hostname' ""
  assert_json '.[0].CreateCommand[-3:]' '["create","--name","web"]'
  like "$output" $'^\\[\n     \\{\n          "Id"'
}

@test "what was asked for at creation is shown" {
  requires root # for an address on the default network
  mkdir -p "$BATS_TEST_TMPDIR/data"
  run_podctl pod create --name web --label a=b --publish 8080:80 --publish 127.0.0.1:9000-9001:90-91/udp \
    --dns 1.2.3.4 --add-host h:5.6.7.8 --hostname h --memory 64m --cpus 0.5 --exit-policy stop --restart on-failure:3 \
    --volume "$BATS_TEST_TMPDIR/data:/data:ro" --ip 10.88.0.77
  run_podctl pod inspect web
  assert_json '.[0].Labels' '{"a":"b"}'
  assert_json '.[0].InfraConfig.PortBindings["80/tcp"]' '[{"HostIp":"0.0.0.0","HostPort":"8080"}]'
  assert_json '.[0].InfraConfig.PortBindings["91/udp"]' '[{"HostIp":"127.0.0.1","HostPort":"9001"}]'
  assert_json '.[0].InfraConfig.DNSServer' '["1.2.3.4"]'
  assert_json '.[0].InfraConfig.HostAdd' '["h:5.6.7.8"]'
  assert_json '.[0].InfraConfig.StaticIP' 10.88.0.77
  assert_json '.[0].InfraConfig.Networks' '["podman"]'
  assert_json '.[0].Hostname' h
  assert_json '.[0].memory_limit' 67108864
  assert_json '.[0].memory_swap' 134217728
  assert_json '[.[0].cpu_period, .[0].cpu_quota]' '[100000,50000]'
  assert_json '[.[0].ExitPolicy, .[0].RestartPolicy]' '["stop","on-failure"]'
  assert_json '.[0].mounts[0] | [.Type,.Source,.Destination,.RW,.Propagation]' "[\"bind\",\"$BATS_TEST_TMPDIR/data\",\"/data\",false,\"rprivate\"]"
}

@test "states are those of the processes" {
  run_podctl pod create --name web
  run_podctl create --pod web --name one "$IMAGE" sleep 300
  run_podctl pod start web
  run_podctl pod inspect --format '{{.State}} {{range .Containers}}{{.State}} {{end}}' web
  is "$output" "Running running running "
  run_podctl kill one
  ended() { [[ $(podctl pod inspect --format '{{.State}}' web) == Degraded ]]; }
  wait_until 10 ended
}

@test "names that are missing are told after those found" {
  run_podctl pod create --name web
  run_podctl 125 pod inspect no web nay
  assert_json '.[].Name' web
  is "$stderr" $'no such pod nay\nError: no such pod no'
  run_podctl 125 pod inspect no
  is "$output" "[]"
  run_podctl 125 pod inspect
  is "$stderr" "Error: no names or ids specified"
  run_podctl 125 pod inspect --latest web
  is "$stderr" "Error: --latest and arguments cannot be used together"
  run_podctl pod rm web
  run_podctl 125 pod inspect --latest
  is "$output" ""
  is "$stderr" "Error: no such pod"
  local words
  for words in "container inspect" inspect; do
    # shellcheck disable=SC2086 # two words
    run_podctl 125 $words --latest
    is "$output" "[]" "$words"
    is "$stderr" "Error: no such container" "$words"
  done
}

@test "a pod can be named by the beginning of its ID, in capitals too" {
  run_podctl pod create --name web
  local id=$output
  run_podctl pod inspect --format '{{.Name}}' "${id:0:8}"
  is "$output" web
  local upper=${id:0:8}
  run_podctl pod inspect --format '{{.Id}}' "${upper^^}"
  is "$output" "$id"
  run_podctl pod inspect --latest --format '{{.Name}} {{range .Containers}}{{.Id}}{{end}}'
  is "$output" "web $(podctl pod inspect --format '{{.InfraContainerID}}' web)"
}

@test "a pod without infra container" {
  run_podctl pod create --name bare --infra=false
  run_podctl pod inspect bare
  assert_json '.[0].CreateInfra' false
  assert_json '.[0] | has("InfraConfig")' false
  assert_json '.[0] | has("Containers")' false
  assert_json '.[0].NumContainers' 0
}
