#!/usr/bin/env bats
# What the shell completes: names of objects where a usage line has their word.

load helpers

setup_file() {
  file_setup
  busybox_image
}

# completes EXPECTED WORDS...: what the shell is told to put after the words of the command
# line, its last line the directive: 4 no files, 2 no blank, 0 as the shell likes
completes() {
  local expected=$1
  shift
  run_podctl __completeNoDesc "$@"
  is "${output//$'\n'/ }" "$expected" "completion of $*"
}

@test "commands complete the names of what they take" {
  run_podctl pod create --name group --infra=false
  run_podctl create --name one "$IMAGE"
  run_podctl create --name other --pod group "$IMAGE"
  run_podctl volume create data
  completes "one other :4" start ""
  completes "one :4" container rm on
  completes "other :4" restart one ""
  completes "group :4" pod rm ""
  completes "data :4" volume rm ""
  completes "podman :4" network inspect ""
  completes "$IMAGE :4" run ""
  completes "one other $IMAGE :4" diff ""
  completes "one other group data :4" kube generate ""
}

@test "and nothing where there is nothing to name" {
  run_podctl create --name one "$IMAGE"
  completes ":4" rename one ""
  completes ":4" ps ""
  completes ":4" pod create ""
  completes ":0" exec one ""
  completes ":0" kube play one.yaml ""
  completes "one: :2" cp ""
}

@test "so do flags" {
  run_podctl pod create --name group --infra=false
  run_podctl create --name one "$IMAGE"
  completes "group :4" run --pod ""
  completes "one :4" create --volumes-from ""
  completes "podman :4" run --network po
}

@test "and the words they take" {
  completes "always missing never newer :4" run --pull ""
  completes "none :4" run --network no
  completes "on-failure on-failure: :6" pod create --restart on
  completes "continue stop :4" pod create --exit-policy ""
  completes "removing running :4" wait --condition r
  completes "ctr-ids= ctr-names= ctr-number= ctr-status= :6" pod ps --filter c
  completes "status= :6" ps --filter st
  completes "label= label!= :6" container prune --filter la
  completes "driver= dangling= :6" volume ls --filter d
  completes "json :4" pod inspect --format ""
  completes "deployment daemonset :4" generate kube --type d
  completes "oci docker :4" commit --format ""
  completes "KILL :4" kill --signal K
  completes "warn warning :4" ps --log-level wa
  completes "SYS_ADMIN :4" run --cap-add SYS_AD
  completes ":4" run --rm --pull x
  completes ":0" run --rm --name ""
}

@test "commands complete what they can do something with" {
  run_podctl run -d --name up "$IMAGE" sleep 1000
  run_podctl run -d --name frozen "$IMAGE" sleep 1000
  run_podctl pause frozen
  run_podctl create --name made "$IMAGE"
  run_podctl pod create --name idle
  run_podctl pod create --name busy --infra-name busy-infra
  run_podctl pod start busy
  completes "made :4" start m
  completes ":4" start up
  completes "up busy-infra :4" stop ""
  completes "up busy-infra :4" container kill ""
  completes "frozen :4" unpause ""
  completes "busy :4" pod stop ""
  completes ":4" pod unpause ""
  completes "made :4" rm made
  completes "up :4" exec up
  run_podctl rm -f -t 0 up frozen
}
