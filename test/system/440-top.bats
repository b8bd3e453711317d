#!/usr/bin/env bats
# top and pod top: the processes of containers.

load helpers

setup_file() {
  file_setup
  busybox_image
}

@test "a container's processes, in the usual columns and in others" {
  run_podctl run -d --name web "$IMAGE" sleep 1000
  run_podctl top web
  like "${lines[0]}" '^USER +PID +PPID +%CPU +ELAPSED +TTY +TIME +COMMAND'
  like "${lines[1]}" '^root +1 +0 .*sleep 1000'
  run_podctl top web pid,comm state
  like "${lines[0]}" '^PID +COMMAND +STATE'
  like "${lines[1]}" '^1 +sleep +S'
  run_podctl top --latest pid
  is "${lines[1]// /}" 1
}

@test "what names no column is for ps" {
  run_podctl run -d --name web "$IMAGE" sleep 1000
  run_podctl top web -o pid,args
  like "$output" '1 sleep 1000'
}

@test "where the container has no ps the host's is asked" {
  requires ps
  run_podctl pod create --name web
  run_podctl pod start web
  run_podctl ps -aq
  run_podctl top "$output" aux
  is "${#lines[@]}" 2
  like "${lines[1]}" catatonit
}

@test "a container must be there and run" {
  run_podctl 125 top
  is "$stderr" "Error: you must provide the name or id of a running container"
  run_podctl 125 top nosuch
  is "$stderr" 'Error: unable to look up requested container: no container with name or ID "nosuch" found: no such container'
  run_podctl create --name web "$IMAGE" true
  run_podctl 125 top web
  is "$stderr" "Error: top can only be used on running containers"
}

@test "a pod's processes are those of its running containers, each once" {
  run_podctl pod create --name web --share pid
  run_podctl run -d --pod web "$IMAGE" sleep 1000
  run_podctl run -d --pod web "$IMAGE" sleep 1001
  run_podctl pod top web args
  is "$(grep -c 'sleep 100' <<<"$output")" 2
  is "${lines[0]// /}" COMMAND
  run_podctl 125 pod top web nosuch
  is "$stderr" "Error: 'nosuch': unknown descriptor"
  run_podctl pod stop -t 0 web
  run_podctl pod top web
  is "$output" ""
}

@test "a pod must be named and be there" {
  run_podctl 125 pod top
  is "$stderr" "Error: you must provide the name or id of a running pod"
  run_podctl 125 pod top nosuch
  is "$stderr" "Error: unable to look up requested container: no pod with name or ID nosuch found: no such pod"
  run_podctl pod top --list-descriptors
  like "$output" $'pid\nppid'
}
