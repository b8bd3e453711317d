#!/usr/bin/env bats
# inspect: that what it says of real containers is so.

load helpers

setup_file() {
  file_setup
  busybox_image
}

@test "a running container" {
  requires root
  run_podctl run -d --name up --env A=B --user 1000 --cap-add net_raw --memory 32m --stop-signal INT "$IMAGE" sleep 300
  local id=$output
  run_podctl inspect up
  assert_json '.[0].Id' "$id"
  assert_json '.[0].State | [.Status,.Running,.Paused,.ExitCode]' '["running",true,false,0]'
  local pid
  pid=$(jq '.[0].State.Pid' <<<"$output")
  like "$(tr '\0' ' ' <"/proc/$pid/cmdline")" '^sleep 300 $'
  # crun puts the process into one below, on v2.
  like "$(cgroup_of "$pid")" "^$(jq -r '.[0].State.CgroupPath' <<<"$output")(/container)?$"
  local conmon
  conmon=$(jq '.[0].State.ConmonPid' <<<"$output")
  is "$(<"/proc/$conmon/comm")" conmon
  assert_json '.[0].Config.Env | index("A=B") != null' true
  assert_json '[.[0].Path, .[0].Args, .[0].Config.Cmd]' '["sleep",["300"],["sleep","300"]]'
  assert_json '.[0].Config | [.User,.StopSignal,.Image]' "[\"1000\",\"SIGINT\",\"$IMAGE\"]"
  assert_json '.[0].HostConfig | [.Memory,.CapAdd,.NetworkMode,.PidMode]' '[33554432,["CAP_NET_RAW"],"bridge","private"]'
  assert_json '.[0].EffectiveCaps' '["CAP_NET_RAW"]'
  run_podctl inspect up --format '{{.NetworkSettings.IPAddress}} {{.NetworkSettings.Networks.podman.MacAddress}}'
  is "$output" "$(nsenter -n -t "$pid" ip -o -4 addr show eth0 | sed -E 's/.*inet ([0-9.]+).*/\1/') $(nsenter -n -t "$pid" cat /proc/net/dev >/dev/null && nsenter -n -t "$pid" ip -o link show eth0 | sed -E 's,.*link/ether ([0-9a-f:]+) .*,\1,')"
  run_podctl inspect up --format '{{.HostsPath}} {{.ResolvConfPath}} {{.HostnamePath}} {{.OCIConfigPath}} {{.NetworkSettings.SandboxKey}}'
  local path
  for path in $output; do
    [[ -e $path ]] || fail "no such file: $path"
  done
}

@test "the layers of a container are named before it was ever started" {
  requires root
  run_podctl create --name new "$IMAGE" true
  run_podctl inspect new
  [[ $(jq -r '.[0].GraphDriver.Name' <<<"$output") == overlay ]] || skip "needs the overlay driver"
  assert_json '.[0].GraphDriver.Data | keys' '["LowerDir","UpperDir","WorkDir"]'
  [[ -x $(jq -r '.[0].GraphDriver.Data.LowerDir' <<<"$output")/bin/busybox ]] || fail "the image is not there: $output"
}

@test "a member of a pod has the network of the infra container" {
  run_podctl pod create --name web --publish 8080:80
  run_podctl create --pod web --name one "$IMAGE" sleep 300
  run_podctl pod start web
  run_podctl pod inspect --format '{{.InfraContainerID}}' web
  local infra=$output
  run_podctl inspect one "$infra"
  assert_json '.[0].HostConfig | [.NetworkMode,.IpcMode,.UTSMode]' "[\"container:$infra\",\"container:$infra\",\"container:$infra\"]"
  assert_json '.[0].NetworkSettings == .[1].NetworkSettings' true
  assert_json '.[0].NetworkSettings.Ports' '{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}]}'
  assert_json '.[0].Dependencies' "[\"$infra\"]"
  assert_json '[.[0].IsInfra, .[1].IsInfra]' '[false,true]'
  assert_json '.[0].Config.Hostname' web
  assert_json '.[0].Pod == .[1].Pod' true
}

@test "mounts are named with their sources" {
  run_podctl create --name one -v data:/data -v /tmp:/host:ro --tmpfs /scratch "$IMAGE" true
  run_podctl inspect one
  assert_json '[.[0].Mounts[] | [.Type,.Destination,.RW]]' '[["volume","/data",true],["bind","/host",false]]'
  assert_json '.[0].Mounts[0] | [.Name,.Source,.Driver]' "[\"data\",\"$ROOT/volumes/data/_data\",\"local\"]"
  assert_json '.[0].HostConfig.Tmpfs | keys' '["/scratch"]'
  run_podctl inspect --format 'table {{range .Mounts}}{{.Dst}}:{{end}}' one
  is "$output" "/data:/host:"
}

@test "an ended container keeps its exit code and times" {
  run_podctl run --name job "$IMAGE" true
  run_podctl inspect job
  assert_json '.[0].State | [.Running,.Pid,.ExitCode,.FinishedAt > .StartedAt]' '[false,0,0,true]'
  run_podctl inspect --size job
  assert_json '.[0] | has("SizeRw")' true
}

@test "objects of any type are found, containers first" {
  run_podctl pod create --name same
  run_podctl inspect --format '{{.SharedNamespaces}}' same
  is "$output" "[ipc net uts]"
  run_podctl create --name same "$IMAGE" true
  run_podctl inspect --format '{{.Path}}' same
  is "$output" true
  run_podctl inspect --type pod --format '{{.NumContainers}}' same
  is "$output" 1
  run_podctl inspect --format '{{.RepoTags}}' "$IMAGE"
  is "$output" "[$IMAGE]"
  run_podctl volume create v1
  run_podctl inspect --format '{{.Name}} {{.Driver}}' v1 podman
  is "$output" $'v1 local\npodman bridge'
}

@test "what is missing is told by its type" {
  run_podctl 125 inspect no nay
  is "$output" "[]"
  is "$stderr" $'no such object: "nay"\nError: no such object: "no"'
  run_podctl 125 container inspect no
  is "$stderr" 'Error: no such container "no"'
  run_podctl 125 inspect --type color no
  is "$stderr" 'Error: invalid type "color": must be "image", "container", "pod", "network", "volume", "artifact", or "all"'
  run_podctl 125 inspect
  is "$stderr" "Error: no names or ids specified"
}

@test "inspect templates take the names of JSON, and health settings have defaults" {
  run_podctl create --name plain "$IMAGE" true
  run_podctl inspect --format '{{.Config.HealthcheckMaxLogCount}} {{.Config.HealthcheckMaxLogSize}} {{.Config.HealthLogDestination}} {{.Config.HealthcheckOnFailureAction}} {{.Config.sdNotifyMode}}' plain
  is "$output" "5 500 local none container"
  run_podctl network inspect --format '{{.name}} {{.dns_enabled}}' podman
  is "$output" "podman false"
  run_podctl 125 inspect --format '{{.Config.Nope}}' plain
  like "$stderr" "can't evaluate field Nope"
}
