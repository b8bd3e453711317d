#!/usr/bin/env bats
# The command line before any pod: versions, help and usage errors. None of it
# opens the state, so none of it may make any.

load helpers

teardown() {
  [[ ! -e $ROOT/podctl ]] || fail "state was opened by a command that needs none"
  test_teardown
}

# usage_error TEXT ARGS...: exit code 125, TEXT on stderr and nothing on stdout
usage_error() {
  local text=$1
  shift
  run_podctl 125 "$@"
  is "$stderr" "$text" "stderr"
  is "$output" "" "stdout"
}

@test "--version prints the version of the command line podctl speaks" {
  run_podctl --version
  like "$output" '^podctl version [0-9]+\.[0-9]+\.[0-9]+$'
  local version=${output##* }
  run_podctl version --format '{{.Client.Version}}'
  is "$output" "$version"
}

@test "version names the commit the binary was built from" {
  run_podctl version --format json
  assert_json '.Client | has("Version") and has("GoVersion") and has("OsArch")' true
  local commit
  commit=$(jq -r .Client.GitCommit <<<"$output")
  [[ -z $commit ]] || like "$commit" '^[0-9a-f]{40}(-dirty)?$'
}

@test "help is the result of --help and goes to stdout" {
  run_podctl --help
  like "$output" 'Commands:'
  is "$stderr" ""
  run_podctl pod --help
  like "$output" '^Manage pods'
}

@test "an unknown flag is named, with where to look" {
  usage_error $'Error: unknown flag: --nope\nSee \'podctl version --help\'' version --nope
  usage_error $'Error: unknown shorthand flag: \'Z\' in -Z\nSee \'podctl version --help\'' version -Z
}

@test "a flag without its value is named" {
  usage_error $'Error: flag needs an argument: --format\nSee \'podctl version --help\'' version --format
}

@test "too many arguments are refused without a hint" {
  # shellcheck disable=SC2016 # backquotes as they are printed
  usage_error 'Error: `podctl version` takes no arguments' version x
}

@test "an unknown command is refused" {
  usage_error $'Error: unrecognized command `podctl frobnicate`\nTry \'podctl --help\' for more information' frobnicate
  usage_error $'Error: unrecognized command `podctl pod frobnicate`\nTry \'podctl pod --help\' for more information' pod frobnicate
}

@test "a mistyped command is answered with the ones it may have meant" {
  usage_error $'Error: unrecognized command `podctl versio`\n\nDid you mean this?\n\tversion\n\nTry \'podctl --help\' for more information' versio
}

@test "a group without a command prints its help and fails" {
  run_podctl 125 pod
  like "$output" 'Manage pods'
  is "$stderr" "Error: missing command 'podctl pod COMMAND'"
}

@test "an unknown log level is refused with exit code 1" {
  run_podctl 1 --log-level loud version
  is "$stderr" 'Log Level "loud" is not supported, choose from: trace, debug, info, warn, warning, error, fatal, panic'
}
