#!/usr/bin/env bats
# Pods from Kubernetes YAML, and Kubernetes YAML from pods.

load helpers

setup_file() {
  file_setup
  busybox_image
}

setup() {
  test_setup
  YAML=$BATS_TEST_TMPDIR/pod.yaml
}

teardown() {
  podctl secret rm --all >/dev/null
  test_teardown
}

# one FIELDS [SPEC]: writes a pod web with a container c to $YAML; both are YAML
one() {
  cat >"$YAML" <<EOF
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {terminationGracePeriodSeconds: 0, ${2:+$2,} containers: [{name: c, image: $IMAGE, $1}]}
EOF
}

# same_again POD: a pod that is described and played again is described the same
same_again() {
  run_podctl kube generate --filename "$BATS_TEST_TMPDIR/first.yaml" "$1"
  run_podctl kube play --replace "$BATS_TEST_TMPDIR/first.yaml"
  run_podctl kube generate --filename "$BATS_TEST_TMPDIR/second.yaml" "$1"
  is "$(grep -v creationTimestamp: "$BATS_TEST_TMPDIR/second.yaml")" "$(grep -v creationTimestamp: "$BATS_TEST_TMPDIR/first.yaml")" "the pod as it was"
}

# volumes_are NAMES...
volumes_are() {
  run_podctl volume ls -q
  is "$(sort <<<"$output" | paste -sd' ')" "$*" "volumes"
}

@test "a pod is played, listed, described and taken down" {
  one 'command: [sleep, "1000"]'
  run_podctl kube play "$YAML"
  is "${#lines[@]}" 4
  is "${lines[0]} ${lines[2]}" "Pod: Container:"
  local pod=${lines[1]} ctr=${lines[3]}
  is "$output" $'Pod:\n'"$pod"$'\nContainer:\n'"$ctr"
  run_podctl inspect "$ctr"
  assert_json '.[0].Name' web-c
  assert_json '.[0].State.Status' running
  assert_json '.[0].Config.Labels.app' web
  run_podctl pod inspect web
  assert_json '.[0] | [.Id, .Hostname, .ExitPolicy, .RestartPolicy, .Labels.app]' "[\"$pod\",\"web\",\"stop\",\"always\",\"web\"]"
  assert_json '.[0].SharedNamespaces | sort' '["ipc","net","uts"]'
  run_podctl kube generate web
  like "$output" 'name: c'
  same_again web
  run_podctl pod inspect --format '{{.ID}}' web
  pod=$output
  run_podctl kube down "$YAML"
  is "$output" $'Pods stopped:\n'"$pod"$'\nPods removed:\n'"$pod"$'\nSecrets removed:\nVolumes removed:'
  run_podctl kube down "$YAML"
  is "$output" $'Pods stopped:\nPods removed:\nSecrets removed:\nVolumes removed:'
}

@test "the other names of the commands, and standard input" {
  one 'command: [sleep, "1000"]'
  run_podctl play kube --start=false - <"$YAML"
  run_podctl pod ps --format '{{.Name}} {{.Status}}'
  is "$output" "web Created"
  run_podctl generate kube web
  like "$output" 'kind: Pod'
  run_podctl play kube --down - <"$YAML"
  like "$output" $'^Pods stopped:\n[0-9a-f]{64}\nPods removed:\n'
}

@test "command, arguments, environment, ConfigMaps and secrets" {
  cat >"$YAML" <<EOF
apiVersion: v1
kind: List
items:
- {kind: ConfigMap, metadata: {name: settings}, data: {color: blue, shape: round}}
- {kind: Secret, metadata: {name: creds}, stringData: {user: me}, data: {pass: c2VjcmV0}}
- kind: Pod
  metadata: {name: web, annotations: {note: hi}}
  spec:
    restartPolicy: Never
    hostname: outside
    hostAliases: [{ip: 10.1.2.3, hostnames: [friend]}]
    volumes:
    - {name: conf, configMap: {name: settings, items: [{key: color, path: dir/color}], defaultMode: 0640}}
    - {name: sec, secret: {secretName: creds}}
    containers:
    - name: c
      image: $IMAGE
      workingDir: /tmp
      command: [sh, -c]
      args: ["echo \$(GREETING) \$\$PWD \$NAME \$pass \$NOTE \$MEM; hostname; cat /conf/dir/color /sec/user; stat -c %a /conf/dir/color; grep friend /etc/hosts; echo x >/sec/new"]
      envFrom: [{secretRef: {name: creds}}]
      env:
      - {name: GREETING, value: hello}
      - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
      - {name: NOTE, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['note']"}}}
      - {name: MEM, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
      resources: {limits: {memory: 64Mi}}
      volumeMounts: [{name: conf, mountPath: /conf}, {name: sec, mountPath: /sec, readOnly: true}]
EOF
  run_podctl kube play "$YAML"
  like "$output" $'^Secrets:\n[0-9a-f]{25}\nPod:\n'
  run_podctl wait web-c
  run_podctl logs web-c
  is "${lines[0]}" "hello /tmp web secret hi 64"
  is "${lines[1]} ${lines[2]}" "outside blueme640"
  is "${lines[3]}" $'10.1.2.3\tfriend'
  like "$stderr" 'Read-only file system'
  volumes_are creds settings
  same_again web
  run_podctl kube down --force "$YAML"
  like "$output" $'Secrets removed:\n[0-9a-f]{25}\nVolumes removed:\nsettings\ncreds$'
}

@test "ConfigMaps of other files" {
  echo '{kind: ConfigMap, metadata: {name: settings}, data: {color: red}}' >"$BATS_TEST_TMPDIR/map.yaml"
  one 'command: [sh, -c, "echo $(color)"], envFrom: [{configMapRef: {name: settings}}]' 'restartPolicy: Never'
  run_podctl 125 kube play "$YAML"
  is "$stderr" "Error: configmap settings not found"
  run_podctl pod ps -q
  is "$output" "" "what is left of it"
  run_podctl kube play --configmap "$BATS_TEST_TMPDIR/map.yaml" "$YAML"
  run_podctl wait web-c
  run_podctl logs web-c
  is "$output" red
  run_podctl 125 kube play --replace --configmap "$BATS_TEST_TMPDIR/map.yaml" "$YAML" "$BATS_TEST_TMPDIR/map.yaml"
  like "$stderr" 'the same config map settings is present in YAML and in --configmaps'
  run_podctl logs web-c
  is "$output" red "what was to be replaced is still there"
}

@test "volumes: a claim, shared directories, memory and the host" {
  mkdir "$BATS_TEST_TMPDIR/host"
  cat >"$YAML" <<EOF
kind: PersistentVolumeClaim
metadata: {name: data, labels: {a: b}}
---
kind: Pod
metadata: {name: web}
spec:
  restartPolicy: Never
  volumes:
  - {name: data, persistentVolumeClaim: {claimName: data}}
  - {name: shared, emptyDir: {}}
  - {name: mem, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  - {name: host, hostPath: {path: $BATS_TEST_TMPDIR/host, type: Directory}}
  - {name: made, hostPath: {path: $BATS_TEST_TMPDIR/made/here, type: DirectoryOrCreate}}
  - {name: image, image: {reference: $IMAGE}}
  initContainers:
  - {name: first, image: $IMAGE, command: [sh, -c, "echo once >>/s/file; sleep 0.2"], volumeMounts: [{name: shared, mountPath: /s}]}
  containers:
  - name: a
    image: $IMAGE
    command: [sh, -c, "cat /s/file >/h/file; echo x >/d/file; mount | grep ' /m '; test -x /i/bin/sh && echo image; test -d /n && echo made"]
    volumeMounts:
    - {name: shared, mountPath: /s}
    - {name: data, mountPath: /d}
    - {name: mem, mountPath: /m}
    - {name: host, mountPath: /h}
    - {name: made, mountPath: /n}
    - {name: image, mountPath: /i}
  - {name: b, image: $IMAGE, command: [cat, /there/file], volumeMounts: [{name: shared, mountPath: /there, readOnly: true}]}
EOF
  run_podctl kube play "$YAML"
  like "$output" $'^Volumes:\ndata\nPod:\n[0-9a-f]{64}\nContainers:\n[0-9a-f]{64}\n[0-9a-f]{64}$'
  run_podctl wait web-a web-b
  run_podctl logs web-a
  like "$output" '/m .*size=1024k.*image.*made'
  run_podctl logs web-b
  is "$output" once
  is "$(<"$BATS_TEST_TMPDIR/host/file")" once
  run_podctl ps -a --format '{{.Names}}'
  unlike "$output" web-first "a container that runs once"
  same_again web
  run_podctl volume inspect data
  assert_json '.[0].Labels.a' b
  run_podctl kube down "$YAML"
  volumes_are data
  run_podctl kube down --force "$YAML"
  is "${lines[-1]}" data
}

@test "confinement and limits" {
  requires cgroups
  cat >"$YAML" <<EOF
kind: Pod
metadata: {name: web, annotations: {io.podman.annotations.pids-limit/c: "50", io.podman.annotations.ulimit: "nofile=100:200"}}
spec:
  terminationGracePeriodSeconds: 0
  shareProcessNamespace: true
  securityContext: {runAsUser: 7, supplementalGroups: [99], sysctls: [{name: net.ipv4.ip_default_ttl, value: "70"}]}
  containers:
  - name: c
    image: $IMAGE
    command: [sleep, "1000"]
    resources: {limits: {cpu: 500m, memory: 64Mi}, requests: {memory: 32Mi}}
    securityContext: {runAsGroup: 8, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {add: [NET_ADMIN], drop: [CHOWN]}}
  - {name: d, image: $IMAGE, command: [sleep, "1000"], securityContext: {runAsUser: 0, privileged: true}}
EOF
  run_podctl kube play "$YAML"
  run_podctl inspect web-c web-d
  assert_json '.[0].HostConfig | [.Memory, .MemoryReservation, .CpuQuota, .PidsLimit, .ReadonlyRootfs]' '[67108864,33554432,50000,50,true]'
  assert_json '.[0].HostConfig | [.CapAdd, .CapDrop]' '[["CAP_NET_ADMIN"],["CAP_CHOWN"]]'
  assert_json '.[1].HostConfig.Privileged' true
  run_podctl exec web-c sh -c 'id -u; id -g; id -G; grep NoNewPrivs /proc/self/status; cat /proc/sys/net/ipv4/ip_default_ttl; ulimit -n; ulimit -Hn; ps | grep -c [c]atatonit'
  is "${output//$'\n'/ }" $'7 8 8 99 NoNewPrivs:\t1 70 100 200 1'
  same_again web
}

@test "health checks are probes" {
  one 'command: [sleep, "1000"], livenessProbe: {exec: {command: [test, -e, /ok]}, periodSeconds: 3, failureThreshold: 2}' 'restartPolicy: Never'
  run_podctl kube play "$YAML"
  run_podctl inspect web-c
  assert_json '.[0].Config.Healthcheck | [.Test, .Interval, .Retries, .Timeout]' '[["CMD","test","-e","/ok"],3000000000,2,1000000000]'
  assert_json '.[0].Config.HealthcheckOnFailureAction' none
  run_podctl 1 healthcheck run web-c
  run_podctl exec web-c touch /ok
  run_podctl healthcheck run web-c
  same_again web
}

@test "ports, networks and addresses" {
  requires root
  cat >"$YAML" <<EOF
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: c, image: $IMAGE, command: [sleep, "1000"], ports: [{containerPort: 80, hostPort: 18080}, {containerPort: 81}, {containerPort: 53, hostPort: 10053, protocol: UDP, hostIP: 127.0.0.1}]}
---
kind: Pod
metadata: {name: client}
spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: $IMAGE, command: [sleep, "1000"]}]}
EOF
  run_podctl kube play "$YAML"
  run_podctl pod inspect web client
  assert_json '.[0].InfraConfig.PortBindings | [."80/tcp"[0].HostPort, ."53/udp"[0].HostIp, ."81/tcp"]' '["18080","127.0.0.1",null]'
  assert_json '[.[].InfraConfig.Networks[]]' '["podman-default-kube-network","podman-default-kube-network"]'
  same_again web
  run_podctl kube play --replace --start=false --publish-all --publish 18081:80 "$YAML"
  run_podctl pod inspect web
  assert_json '.[0].InfraConfig.PortBindings | [."80/tcp"[0].HostPort, ."81/tcp"[0].HostPort]' '["18081","81"]'
  run_podctl network create --subnet 10.99.7.0/24 own
  run_podctl kube play --replace --network own --ip 10.99.7.7,10.99.7.8 --mac-address 02:00:00:00:00:07 "$YAML"
  run_podctl exec web-c ip address show eth0
  like "$output" '02:00:00:00:00:07.*10\.99\.7\.7/24'
  run_podctl exec client-c ip address show eth0
  like "$output" '10\.99\.7\.8/24'
}

@test "the host's namespaces" {
  requires root
  one 'command: [sleep, "1000"]' 'hostNetwork: true, hostPID: true, hostIPC: true'
  run_podctl kube play "$YAML"
  local kind
  for kind in net pid ipc uts; do
    run_podctl exec web-c readlink /proc/self/ns/$kind
    is "$output" "$(readlink /proc/self/ns/$kind)"
  done
  same_again web
}

@test "a user namespace, and the volumes of another container" {
  requires root isolated
  echo containers:2147483648:200000 >"$BATS_TEST_TMPDIR/ranges"
  mount --bind "$BATS_TEST_TMPDIR/ranges" /etc/subuid
  mount --bind "$BATS_TEST_TMPDIR/ranges" /etc/subgid
  cat >"$YAML" <<EOF
kind: Pod
metadata: {name: web, annotations: {io.podman.annotations.volumes-from/d: c}}
spec:
  hostUsers: false
  restartPolicy: Never
  volumes: [{name: e, emptyDir: {}}]
  containers:
  - {name: c, image: $IMAGE, command: [sh, -c, "cat /proc/self/uid_map; touch /e/c"], volumeMounts: [{name: e, mountPath: /e}]}
  - {name: d, image: $IMAGE, command: [touch, /e/d]}
EOF
  run_podctl kube play "$YAML"
  run_podctl wait web-c web-d
  is "$output" $'0\n0'
  run_podctl logs web-c
  like "$output" '^ *0 +2147483648 +65536$'
  same_again web
  run_podctl kube down "$YAML"
  umount /etc/subuid /etc/subgid
}

@test "Deployment, DaemonSet and Job become a pod each" {
  cat >"$YAML" <<EOF
kind: Deployment
metadata: {name: dep}
spec: {replicas: 3, template: {metadata: {labels: {app: x}}, spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: $IMAGE, command: [sleep, "1000"]}]}}}
---
kind: DaemonSet
metadata: {name: dae}
spec: {template: {spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: $IMAGE, command: [sleep, "1000"]}]}}}
---
kind: Job
metadata: {name: job}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: $IMAGE, command: ["true"]}]}}}
EOF
  run_podctl kube play "$YAML"
  like "$stderr" 'Limiting replica count to 1'
  run_podctl pod ps --sort name --format '{{.Name}}'
  is "$output" $'dae-pod\ndep-pod\njob-pod'
  wait_until 20 eval '[[ $(podctl pod ps --filter name=job-pod --format "{{.Status}}" 3>&-) == Exited ]]'
  run_podctl kube generate --type deployment --replicas 2 --service dep-pod
  like "$output" 'kind: Service.*app: dep-pod.*kind: Deployment.*name: dep-pod-deployment.*replicas: 2.*app: dep-pod'
  run_podctl kube generate -t daemonset dae-pod
  like "$output" 'kind: DaemonSet.*name: dae-pod-daemonset'
  run_podctl kube generate -t job job-pod
  like "$output" 'kind: Job.*name: job-pod-job.*completions: 1.*restartPolicy: Never'
  run_podctl 125 kube generate -t deployment job-pod
  is "$stderr" "Error: k8s Deployments can only have restartPolicy set to Always"
  run_podctl 125 kube generate -t job dae-pod
  like "$stderr" '^Error: k8s Jobs can not have restartPolicy set to Always'
  run_podctl kube down "$YAML"
  is "${#lines[@]}" 10
}

@test "a pod that cannot be made leaves nothing, those before it stay" {
  cat >"$YAML" <<EOF
kind: Pod
metadata: {name: one}
spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: $IMAGE, command: [sleep, "1000"]}]}
---
kind: Pod
metadata: {name: two}
spec: {volumes: [{name: e, emptyDir: {}}], containers: [{name: c, image: $IMAGE, command: [sleep, "1000"], volumeMounts: [{name: e, mountPath: /e}]}, {name: d, image: localhost/nosuch, imagePullPolicy: Never}]}
EOF
  run_podctl 125 kube play "$YAML"
  is "$stderr" "Error: localhost/nosuch: image not known"
  like "$output" $'^Pod:\n[0-9a-f]{64}\nContainer:\n[0-9a-f]{64}$'
  run_podctl pod ps --format '{{.Name}} {{.Status}}'
  is "$output" "one Running"
  volumes_are ""
  run_podctl 125 kube play "$YAML"
  is "$stderr" 'Error: adding pod to state: name "one" is in use: pod already exists'
}

@test "containers that do not start are counted" {
  one 'command: [nosuch]'
  run_podctl 125 kube play "$YAML"
  like "$stderr" $'^starting container [0-9a-f]{64}: .*\nError: failed to start 1 containers$'
  like "$output" $'^Pod:\n[0-9a-f]{64}\nContainer:\n[0-9a-f]{64}$'
}

@test "play --wait ends with the pods, and with a signal, and leaves nothing" {
  one 'command: [sleep, "0.3"], volumeMounts: [{name: v, mountPath: /v}]' 'restartPolicy: Never, volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]'
  run_podctl kube play --wait "$YAML"
  is "${lines[0]}" "Use ctrl+c to clean up or wait for pods to exit"
  like "$output" $'Cleaning up containers, pods, and volumes...\nPods stopped:\n[0-9a-f]{64}\nPods removed:\n[0-9a-f]{64}\nSecrets removed:\nVolumes removed:\ndata$'
  one 'command: [sleep, "1000"]'
  "$PODCTL" "${PODCTL_ARGS[@]}" kube play --wait "$YAML" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  local pid=$!
  wait_until 30 eval '[[ $(podctl ps --filter status=running --format "{{.Names}}" 3>&-) == *web-c* ]]'
  kill -TERM $pid
  wait $pid
  like "$(<"$BATS_TEST_TMPDIR/out")" $'\nCleaning up containers, pods, and volumes...\nPods stopped:'
  run_podctl pod ps -q
  is "$output" ""
}

@test "containers become a pod, volumes a claim" {
  run_podctl create --name my_web -v "$BATS_TEST_TMPDIR:/x:ro" -v data:/d -e A=b --cpus 0.25 -m 32m -p 18090:80 --user nobody --restart always "$IMAGE" top
  run_podctl create --name side "$IMAGE"
  run_podctl kube generate my_web side data
  run_podctl kube generate -f "$YAML" my_web side
  run_podctl rm my_web side
  run_podctl kube play --start=false "$YAML"
  run_podctl inspect myweb-pod-myweb
  assert_json '.[0].HostConfig | [.Memory, .CpuQuota, .RestartPolicy.Name]' '[33554432,25000,"always"]'
  assert_json '.[0].Config.User' 65534:65534
  assert_json '[.[0].Mounts[] | [.Destination, .RW]] | sort' '[["/d",true],["/x",false]]'
  run_podctl pod inspect myweb-pod
  assert_json '.[0].InfraConfig.PortBindings."80/tcp"[0].HostPort' 18090
  same_again myweb-pod
  run_podctl kube generate data
  like "$output" $'kind: PersistentVolumeClaim\n.*volume.podman.io/driver: local.*name: data'
}

@test "a pod of the command line is played as it was" {
  run_podctl pod create --name group --hostname h --share +pid --dns 1.2.3.4 --add-host a:10.0.0.1 -p 18091:80 --infra-name in -v shared:/shared --exit-policy stop
  run_podctl create --pod group --name group-a --init-ctr always "$IMAGE" true
  run_podctl create --pod group --name group-b --tmpfs /t --cap-add NET_ADMIN --stop-signal USR1 -w /tmp "$IMAGE" sh -c 'echo $$(A)'
  run_podctl inspect group-b
  local before
  before=$(jq -c '.[0] | [.Config.Hostname, .HostConfig.CapAdd, .Config.StopSignal, .Config.WorkingDir, .HostConfig.PidMode == "private", ([.Mounts[].Destination] | sort)]' <<<"$output")
  same_again group
  run_podctl inspect group-b
  assert_json '.[0] | [.Config.Hostname, .HostConfig.CapAdd, .Config.StopSignal, .Config.WorkingDir, .HostConfig.PidMode == "private", ([.Mounts[].Destination] | sort)]' "$before"
  run_podctl pod inspect group
  assert_json '.[0] | [.Hostname, .RestartPolicy, (.SharedNamespaces | sort), .InfraConfig.DNSServer, .InfraConfig.HostAdd]' '["h","no",["ipc","net","pid","uts"],["1.2.3.4"],["a:10.0.0.1"]]'
  run_podctl container exists in
}

@test "what cannot be played or described" {
  local text
  while IFS='|' read -r text expected; do
    echo "$text" >"$YAML"
    run_podctl 125 kube play "$YAML"
    is "$stderr" "Error: $expected"
  done <<'EOF'
kind: Gadget|YAML document does not contain any supported kube kind
{kind: ConfigMap, metadata: {name: x}}|ConfigMaps in podman are not a standalone object and must be used in a container
kind: Pod|pod does not have a name
kind: Deployment|deployment does not have a name
kind: DaemonSet|daemonSet does not have a name
kind: Job|job does not have a name
EOF
  run_podctl 125 kube play /nosuch
  run_podctl 125 kube generate nosuch
  is "$stderr" 'Error: name or ID "nosuch" not found'
  run_podctl pod create --name empty --infra=false
  local pod=$output
  run_podctl 125 kube generate empty
  is "$stderr" "Error: pod $pod has no containers"
  run_podctl create --pod empty --name member "$IMAGE"
  run_podctl 125 kube generate member
  like "$stderr" "^Error: container [0-9a-f]{64} is associated with pod $pod: use generate on the pod itself"
  run_podctl pod create --name infra
  pod=$output
  run_podctl 125 kube generate infra
  is "$stderr" "Error: pod $pod only has an infra container"
  touch "$YAML"
  run_podctl 125 kube generate -f "$YAML" empty
  is "$stderr" "Error: cannot write to \"$YAML\"; file exists"
}
