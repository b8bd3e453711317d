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
  completes "other :4" stop one ""
  completes "group :4" pod stop ""
  completes "data :4" volume rm ""
  completes "podman :4" network inspect ""
  completes "$IMAGE :4" run ""
  completes "one other $IMAGE :4" diff ""
}

@test "and nothing where there is nothing to name" {
  run_podctl create --name one "$IMAGE"
  completes ":4" rename one ""
  completes ":4" ps ""
  completes ":4" pod create ""
  completes ":0" exec one ""
  completes "one: :2" cp ""
}

@test "so do flags" {
  run_podctl pod create --name group --infra=false
  run_podctl create --name one "$IMAGE"
  completes "group :4" run --pod ""
  completes "one :4" create --volumes-from ""
  completes "podman :4" run --network ""
}
