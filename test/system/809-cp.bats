# cp: files into containers, out of them, and between them.

load helpers

setup_file() {
  file_setup
  busybox_image
}

ready() { podctl exec ctr test -e /tmp/ready; }

setup() {
  test_setup
  HERE=$BATS_TEST_TMPDIR/here
  mkdir -p "$HERE/tree/sub"
  echo file >"$HERE/file"
  echo one >"$HERE/tree/one"
  echo two >"$HERE/tree/sub/two"
}

# in_each_state DO: DO NAME with a container that runs and one that does not
in_each_state() {
  run_podctl run -d --name running "$IMAGE" sleep 1000
  run_podctl create --name still "$IMAGE" sleep 1000
  "$1" running
  "$1" still
}

@test "a file goes in under its name, another name, or over what is there" {
  # shellcheck disable=SC2317 # in_each_state calls it
  into() {
    run_podctl cp "$HERE/file" "$1:/tmp"
    is "$output" ""
    run_podctl cp "$HERE/file" "$1:/tmp/other"
    run_podctl cp "$HERE/tree/one" "$1:/tmp/other"
    run_podctl cp "$1:/tmp/file" -
    podctl cp "$1:/tmp/other" "$HERE/back-$1"
    is "$(<"$HERE/back-$1")" one
    podctl cp "$1:/tmp/file" "$HERE/back-$1"
    is "$(<"$HERE/back-$1")" file
  }
  in_each_state into
  run_podctl exec running cat /tmp/file /tmp/other
  is "$output" $'file\none'
}

@test "a directory goes into one that exists and becomes one that does not" {
  # shellcheck disable=SC2317 # in_each_state calls it
  into() {
    run_podctl cp "$HERE/tree" "$1:/tmp"
    run_podctl cp "$HERE/tree" "$1:/tmp/renamed"
    run_podctl cp "$HERE/tree/." "$1:/home"
    mkdir "$HERE/back-$1"
    run_podctl cp "$1:/tmp" "$HERE/back-$1"
    is "$(cd "$HERE/back-$1" && find . -type f | sort | tr '\n' ' ')" "./tmp/renamed/one ./tmp/renamed/sub/two ./tmp/tree/one ./tmp/tree/sub/two "
    run_podctl cp "$1:/home/." "$HERE/content-$1"
    is "$(<"$HERE/content-$1/sub/two")" two
  }
  in_each_state into
}

@test "a path that is not absolute is below the working directory" {
  run_podctl create --name ctr --workdir /home "$IMAGE" true
  run_podctl cp "$HERE/file" ctr:named
  run_podctl cp ctr:/home/named "$HERE/back"
  is "$(<"$HERE/back")" file
}

@test "volumes and bind mounts are seen, also of what does not run" {
  mkdir "$HERE/bind"
  run_podctl volume create vol
  run_podctl create --name still -v vol:/vol -v "$HERE/bind:/bind" "$IMAGE" sleep 1000
  run_podctl cp "$HERE/file" still:/vol/
  run_podctl cp "$HERE/file" still:/bind/name
  is "$(<"$HERE/bind/name")" file
  run_podctl start still
  run_podctl exec still cat /vol/file
  is "$output" file
  run_podctl cp "$HERE/tree/one" still:/vol/file
  run_podctl exec still cat /vol/file
  is "$output" one
}

@test "between containers, running or not" {
  run_podctl run -d --name running "$IMAGE" sleep 1000
  run_podctl create --name still "$IMAGE" true
  run_podctl cp "$HERE/tree" running:/tmp
  run_podctl cp running:/tmp/tree still:/tmp/there
  run_podctl cp still:/tmp/there/sub running:/home
  run_podctl exec running cat /home/sub/two
  is "$output" two
  run_podctl cp still:/tmp/there/one still:/tmp/twice
  run_podctl cp still:/tmp/twice "$HERE/twice"
  is "$(<"$HERE/twice")" one
}

@test "archives on the standard streams, compressed ones too" {
  run_podctl run -d --name ctr "$IMAGE" sleep 1000
  tar -C "$HERE" -cz tree | podctl cp - ctr:/tmp
  podctl cp ctr:/tmp/tree - >"$HERE/out.tar"
  is "$(tar -tf "$HERE/out.tar" | sort | tr '\n' ' ')" "tree/ tree/one tree/sub/ tree/sub/two "
  tar -C "$HERE" -cf "$HERE/in.tar" file
  run_podctl 125 cp - ctr:/tmp/tree/one <"$HERE/in.tar"
  is "$stderr" "Error: destination must be a directory when copying from standard input"
}

@test "what is copied in belongs to the container's user, without --archive to its owner" {
  requires root
  chown 1234:1234 "$HERE/file"
  run_podctl run -d --name ctr --user 77:88 "$IMAGE" sleep 1000
  run_podctl cp "$HERE/file" ctr:/tmp/archived
  run_podctl cp --archive=false "$HERE/file" ctr:/tmp/kept
  run_podctl exec ctr stat -c '%n %u:%g' /tmp/archived /tmp/kept
  is "$output" $'/tmp/archived 77:88\n/tmp/kept 1234:1234'
  run_podctl cp ctr:/tmp/archived "$HERE/back"
  is "$(stat -c %u:%g "$HERE/back")" 0:0
}

@test "links lead nowhere but the container" {
  echo secret >"$BATS_TEST_TMPDIR/secret"
  run_podctl run -d --name ctr "$IMAGE" sh -c "ln -s / /tmp/root && ln -s ../../../../../.. /tmp/up && ln -s $BATS_TEST_TMPDIR/secret /tmp/secret && touch /tmp/ready && sleep 1000"
  wait_until 20 ready
  run_podctl 125 cp ctr:/tmp/secret "$HERE/stolen"
  run_podctl 125 cp "ctr:/tmp/up$BATS_TEST_TMPDIR/secret" "$HERE/stolen"
  [[ ! -e $HERE/stolen ]] || fail "a link led out"
  run_podctl cp "$HERE/file" ctr:/tmp/root/landed
  run_podctl exec ctr cat /landed
  is "$output" file
  [[ ! -e /landed ]] || fail "a link led out"
}

@test "a directory replaces a file only with --overwrite" {
  run_podctl run -d --name ctr "$IMAGE" sh -c 'mkdir /tmp/in && touch /tmp/in/tree && touch /tmp/ready && sleep 1000'
  wait_until 20 ready
  run_podctl 125 cp "$HERE/tree" ctr:/tmp/in/
  run_podctl exec ctr test -f /tmp/in/tree
  run_podctl cp --overwrite "$HERE/tree" ctr:/tmp/in/
  run_podctl exec ctr cat /tmp/in/tree/one
  is "$output" one
}

@test "what is not there is named with its place, and nothing is made" {
  run_podctl create --name ctr "$IMAGE" true
  run_podctl 125 cp "$HERE/none" ctr:/tmp
  is "$stderr" "Error: \"$HERE/none\" could not be found on the host: no such file or directory"
  run_podctl 125 cp ctr:/none "$HERE"
  is "$stderr" 'Error: "/none" could not be found on container ctr: no such file or directory'
  run_podctl 125 cp "$HERE/file" ctr:/none/file
  is "$stderr" 'Error: "/none/file" could not be found on container ctr: no such file or directory'
  run_podctl 125 cp ctr:/etc/passwd "$HERE/none/file"
  is "$stderr" "Error: \"$HERE/none/file\" could not be found on the host: no such file or directory"
  run_podctl 125 cp "$HERE/tree" ctr:/etc/passwd
  is "$stderr" "Error: destination must be a directory when copying a directory"
  run_podctl 125 cp "$HERE/file" nobody:/tmp
  is "$stderr" 'Error: no container with name or ID "nobody" found: no such container'
  run_podctl 125 cp "$HERE/file" "$HERE/other"
  is "$stderr" "Error: invalid arguments \"$HERE/file\", \"$HERE/other\": one of them must be CONTAINER:PATH"
}

@test "links in a directory go where directories are already, and to the top" {
  # shellcheck disable=SC2317 # in_each_state calls it
  linked() {
    local into
    for into in "$1:/tmp" "$1:/" "$1:/."; do
      run_podctl cp "$HERE/links" "$into"
    done
    run_podctl cp "$HERE/links/." "$1:/"
    for into in "$1:/tmp/links" "$1:/links"; do
      mkdir -p "$HERE/$1"
      run_podctl cp "$into" "$HERE/$1"
      run_podctl cp "$into/." "$HERE/$1"
      is "$(readlink "$HERE/$1/links/link") $(readlink "$HERE/$1/link")" 'file file'
      rm -r "${HERE:?}/$1"
    done
    run_podctl cp "$1:/bin" "$HERE/$1" # links of busybox, and again over them
    run_podctl cp "$1:/bin/." "$HERE/$1"
    [[ -L $HERE/$1/ls ]] || fail "no link"
    rm -r "${HERE:?}/$1"
  }
  mkdir "$HERE/links"
  echo file >"$HERE/links/file"
  ln -s file "$HERE/links/link"
  in_each_state linked
}
