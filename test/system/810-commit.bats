# commit: images made of containers.

load helpers

setup_file() {
  file_setup
  busybox_image
}

teardown() {
  podctl rm --all --force --time 0 >/dev/null
  podctl rmi --force --ignore made:1 made:2 localhost/again:1 >/dev/null 2>&1 || true
  podctl image prune --force >/dev/null
  test_teardown
}

@test "what a container changed is in the image, and it runs as the container did" {
  local format
  run_podctl run --name ctr --env COLOUR=red --workdir /tmp --entrypoint '["/bin/sh", "-c"]' \
    "$IMAGE" 'echo kept >/tmp/file && rm /etc/group'
  for format in oci docker; do
    run_podctl commit -q -f "$format" --change 'CMD ["cat file; echo $COLOUR"]' --author me ctr made:1
    like "$output" '^[0-9a-f]{64}$'
    run_podctl run --rm made:1
    is "$output" $'kept\nred'
    run_podctl run --rm made:1 'test ! -e /etc/group'
    run_podctl image inspect made:1
    assert_json '.[0].Author' me
    assert_json '.[0].RootFS.Layers | length' 2
    run_podctl rmi made:1
  done
}

@test "an image of an image, saved, and loaded again" {
  run_podctl run --name one "$IMAGE" sh -c 'echo one >/one'
  run_podctl commit -q one made:1
  run_podctl run --name two made:1 sh -c 'echo two >/two'
  run_podctl commit -q two made:2
  run_podctl rm one two
  run_podctl save -q -o "$BATS_TEST_TMPDIR/made.tar" made:2
  run_podctl rmi made:1 made:2
  run_podctl load -q -i "$BATS_TEST_TMPDIR/made.tar"
  run_podctl run --rm made:2 cat /one /two
  is "$output" $'one\ntwo'
}

@test "--squash makes one layer, --include-volumes keeps volumes" {
  run_podctl run --name ctr -v /data "$IMAGE" sh -c 'echo kept >/kept; echo lost >/data/file'
  run_podctl commit -q --squash --include-volumes ctr made:1
  run_podctl image inspect made:1
  assert_json '.[0].RootFS.Layers | length' 1
  assert_json '.[0].Config.Volumes | keys | join(",")' /data
  run_podctl run --rm made:1 sh -c 'cat /kept; ls /data'
  is "$output" kept
}

@test "a running container goes on, paused meanwhile or not" {
  run_podctl run -d --name steady "$IMAGE" sleep 1000
  run_podctl commit -q --pause steady
  is "$(podctl container inspect --format '{{.State.Status}}' steady)" running
  run_podctl commit --iidfile "$BATS_TEST_TMPDIR/id" steady
  is "$(<"$BATS_TEST_TMPDIR/id")" "$output"
  run_podctl events --stream=false --filter event=commit --filter container=steady --format '{{.Status}}'
  is "$output" $'commit\ncommit'
}

@test "ONBUILD is kept in Docker's format, and its loss in OCI's is told" {
  run_podctl create --name ctr "$IMAGE" true
  run_podctl commit -q --change 'ONBUILD RUN true' ctr made:1
  like "$stderr" 'level=warning msg=.*ONBUILD.*RUN true'
  run_podctl commit -q --format docker --change 'ONBUILD RUN true' ctr made:2
  is "$stderr" ""
  run_podctl save -o "$BATS_TEST_TMPDIR/made.tar" made:2
  tar -C "$BATS_TEST_TMPDIR" -xf "$BATS_TEST_TMPDIR/made.tar"
  output=$(<"$BATS_TEST_TMPDIR/$(jq -r '.[0].Config' "$BATS_TEST_TMPDIR/manifest.json")")
  assert_json .config.OnBuild '["RUN true"]'
  run_podctl rmi made:1 made:2
}

@test "what cannot be committed is refused, and no image is made" {
  run_podctl create --name ctr "$IMAGE" true
  run_podctl images -q
  local before=$output
  run_podctl 125 commit -m text ctr made:1
  is "$stderr" "Error: messages are only compatible with the docker image format (-f docker)"
  run_podctl 125 commit -f tar ctr made:1
  is "$stderr" 'Error: unrecognized image format "tar"'
  run_podctl 125 commit -q --change 'FROM scratch' ctr made:1
  run_podctl 125 commit -q ctr 'Made:1'
  run_podctl 125 commit -q nobody made:1
  is "$stderr" 'Error: no container with name or ID "nobody" found: no such container'
  run_podctl images -q
  is "$output" "$before"
}
