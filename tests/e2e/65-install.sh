# shellcheck shell=bash
# What a packager, an administrator and a shell get: installed files, man pages, the systemd unit, completion.

prefix=/opt/cleat

# Installs into a system of its own, below $directory/root.
installed() {
    make -s --no-print-directory -C "$root" BUILD="$BUILD" DESTDIR="$directory/root" PREFIX="$prefix" "$@" \
        >"$directory/make" 2>&1 || fail "make $*: $(<"$directory/make")"
}

files_below() {
    (cd "$1" && find . ! -type d | sort)
}

test_install_and_uninstall() {
    installed install
    local there=$directory/root$prefix file
    for file in bin/cleatd bin/cleat share/man/man8/cleatd.8 share/man/man1/cleat.1 share/man/man1/cleat-bench.1 \
        share/bash-completion/completions/cleat share/bash-completion/completions/cleatd \
        lib/systemd/system/cleatd.service share/doc/cleat/README.md share/doc/cleat/CHANGELOG.md \
        share/doc/cleat/SPEC.md share/doc/cleat/LICENSE etc/default/cleatd; do
        [[ -s $there/$file ]] || fail "no $file"
    done
    matches "$("$there/bin/cleatd" --version)" "cleatd *"
    matches "$("$there/bin/cleat" --version)" "cleat *"
    same "$(find "$directory/root" -type f -perm /022)" "" "files that others may change"
    # A configuration that somebody changed is kept, be it installed again or uninstalled.
    printf 'CLEATD_OPTIONS="--id 2"\n' >"$there/etc/default/cleatd"
    installed install INSTALL_STRIP=1
    same "$(<"$there/etc/default/cleatd")" 'CLEATD_OPTIONS="--id 2"'
    installed uninstall
    same "$(files_below "$directory/root")" ".$prefix/etc/default/cleatd"
    rm "$there/etc/default/cleatd"
    installed install
    installed uninstall
    same "$(files_below "$directory/root")" ""
    installed uninstall # again: there is nothing to do
}

# The system's own places have their configuration in /etc.
test_the_configuration_is_where_the_unit_looks() {
    local place
    for place in /usr /usr/local /opt/cleat; do
        rm -rf "$directory/root"
        prefix=$place
        installed install
        local unit=$directory/root$place/lib/systemd/system/cleatd.service named
        named=$(sed -nE 's/^EnvironmentFile=-?//p' "$unit")
        [[ -s $directory/root$named ]] || fail "$place: no $named"
        named=$(sed -nE 's/^ExecStart=([^ ]+) .*/\1/p' "$unit")
        [[ -x $directory/root$named ]] || fail "$place: no $named"
        grep -q @ <(grep -vE '^SystemCallFilter=' "$unit") && fail "$place: left to be filled in: $(<"$unit")"
        [[ $place == /opt/* ]] || [[ -s $directory/root/etc/default/cleatd ]] || fail "$place: not in /etc"
    done
}

test_the_unit_is_right() {
    command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"
    installed install
    # Its program is there only where it will be installed.
    sed "s|$prefix/bin/|$directory/root&|" "$directory/root$prefix/lib/systemd/system/cleatd.service" \
        >"$directory/cleatd.service"
    SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$directory/cleatd.service" >"$directory/said" 2>&1 ||
        fail "$(<"$directory/said")"
    same "$(grep -F cleatd "$directory/said")" "" "systemd-analyze verify"
}

# What systemd would run of the installed unit, with $1 as its configuration: in the array `command`.
unit_command() {
    local unit=$directory/root$prefix/lib/systemd/system/cleatd.service line CLEATD_OPTIONS
    printf '%s\n' "$1" >"$directory/root$prefix/etc/default/cleatd"
    # shellcheck source=/dev/null
    source "$directory/root$(sed -nE 's/^EnvironmentFile=-?//p' "$unit")"
    line=$(sed -n 's/^ExecStart=//p' "$unit")
    line=${line//'%S'/"$directory/state"}
    read -ra command <<<"$directory/root${line//\$CLEATD_OPTIONS/"$CLEATD_OPTIONS"}"
}

# Enabled as it was installed it once formed a cluster of one, and ignored the --cluster that it was given later.
test_the_service_runs_alone_only_if_it_is_told_to() {
    local options code file=$prefix/etc/default/cleatd
    local -a command
    installed install
    mkdir "$directory/state"
    use_cluster none
    for options in "$(<"$directory/root$file")" 'CLEATD_OPTIONS=""' "CLEATD_OPTIONS='--listen 127.0.0.1:$CLEAT_PORT'" \
        'CLEATD_OPTIONS="--no-http --timeout-ms 500"'; do
        unit_command "$options"
        code=0
        timeout 5 "${command[@]}" 2>"$directory/said" || code=$?
        same "$code" 1 "with $options"
        matches "$(<"$directory/said")" "cleatd: say in $file who this node is: --id and --cluster*--alone*" "$options"
    done
    [[ ! -e $directory/state/cleat ]] || fail "it made a data directory"
    for options in "--alone" "--id 2 --cluster 1=127.0.0.1:$CLEAT_PEER_PORT,2=127.0.0.1:$((CLEAT_PEER_PORT + 1))"; do
        rm -rf "$directory/state/cleat"
        unit_command "CLEATD_OPTIONS=\"$options --listen 127.0.0.1:$CLEAT_PORT\""
        background "${command[@]}" 2>"$directory/said"
        wait_for listened_to "$CLEAT_PORT"
        kill -TERM "$!"
        wait "$!" || fail "$options: $(<"$directory/said")"
    done
}

test_man_pages_are_clean_and_the_same_each_time() {
    local page name
    RELEASED=2001-02-03 "$root/scripts/man" "$directory/one"
    RELEASED=1999-09-09 SOURCE_DATE_EPOCH=981158400 "$root/scripts/man" "$directory/other"
    diff -r "$directory/one" "$directory/other" || fail "not the same"
    for page in "$directory"/one/*; do
        same "$(mandoc -T lint -W warning "$page" 2>&1)" "" "mandoc on ${page##*/}"
        same "$(groff -ww -man -T utf8 -z "$page" 2>&1)" "" "groff on ${page##*/}"
        grep -q '^\.TH .*"2001-02-03"' "$page" || fail "${page##*/}: no date"
        name=$(basename "${page%.*}")
        grep -qE "^${name/-/.?-} \\\\- .{10}" "$page" || fail "$name: no line about it"
    done
}

# Every option that the program knows has its place on its page, and every verb has its page.
test_man_pages_tell_what_the_help_texts_tell() {
    local option verb
    "$root/scripts/man" "$directory/man"
    mandoc -T ascii "$directory/man/cleatd.8" | col -b >"$directory/text"
    for option in $("$server" --help | grep -oE '^  --[a-z-]+'); do
        grep -qE -- "^ +$option( |$)" "$directory/text" || fail "cleatd.8 does not tell of $option"
    done
    for section in SYNOPSIS OPTIONS "EXIT STATUS" SIGNALS ENVIRONMENT FILES EXAMPLES "SEE ALSO"; do
        same "$(grep -cxF "$section" "$directory/text")" 1 "$section of cleatd.8"
    done
    mandoc -T ascii "$directory/man/cleat.1" | col -b >"$directory/text"
    for section in SYNOPSIS "EXIT STATUS" ENVIRONMENT "SEE ALSO"; do
        same "$(grep -cxF "$section" "$directory/text")" 1 "$section of cleat.1"
    done
    for verb in $("$BUILD/cleat" --help | sed -nE 's/^  ([a-z]+) .*/\1/p'); do
        [[ $verb == help ]] || [[ -s $directory/man/cleat-$verb.1 ]] || fail "no page for $verb"
    done
}

# --- readiness -------------------------------------------------------------------------------------------------------

# Node $1 of a cluster of three, with a service manager that writes down what it hears to $directory/heard-$1.
node_under_a_manager() {
    local node=$1 list='' peer
    for peer in 1 2 3; do
        list+=${list:+,}$peer=127.0.0.1:$((CLEAT_PEER_PORT + peer - 1))
    done
    background socat -u "UNIX-RECV:$directory/manager-$node" "OPEN:$directory/heard-$node,creat,append"
    wait_for test -S "$directory/manager-$node"
    NOTIFY_SOCKET=$directory/manager-$node background "$server" --id "$node" --cluster "$list" \
        --listen "127.0.0.1:$(port "$node")" --data "$directory/data-$node" 2>>"$directory/log-$node"
    processes[node]=$!
}

heard() { # NODE LINE
    grep -qxF -- "$2" "$directory/heard-$1"
}

# The node $1 forgets what its manager heard, and ends by signal $2.
ends() {
    kill "-$2" "${processes[$1]}"
    wait "${processes[$1]}" || [[ $2 == KILL ]] || fail "node $1 did not end well"
}

test_a_node_is_ready_when_it_can_serve() {
    local node
    local -a processes=()
    use_cluster none
    node_under_a_manager 1
    wait_for heard 1 "STATUS=Not ready: the cluster has not formed: 1 of 3 nodes are here, 3 are needed \
(nodes 2, 3 are down)"
    node_under_a_manager 2
    node_under_a_manager 3
    for node in 1 2 3; do
        wait_for heard "$node" READY=1
    done
    answers 1 "write a 1" x -- "OK 1"
    for node in 1 2 3; do
        ends "$node" KILL
    done
    # Now one is not enough, and two are.
    for node in 1 2 3; do
        rm "$directory/manager-$node" "$directory/heard-$node"
    done
    node_under_a_manager 1
    wait_for heard 1 "STATUS=Not ready: 1 of 3 voters are here, 2 are needed (nodes 2, 3 are down)"
    matches "$(ask 1 status)" "*role=*"
    ! heard 1 READY=1 || fail "a third of a cluster is ready"
    node_under_a_manager 2
    wait_for heard 1 READY=1
    wait_for heard 2 READY=1
    [[ $(status 1 revision) == 1 ]] || fail "ready without what was committed"
    # One is gone again: it says so, but is not ready twice.
    ends 2 KILL
    wait_for heard_last 1 "STATUS=Not ready: 1 of 3 voters are here, 2 are needed (nodes 2, 3 are down)"
    rm "$directory/manager-2" "$directory/heard-2"
    node_under_a_manager 2
    wait_for heard_last 1 "STATUS=Ready"
    same "$(grep -cx READY=1 "$directory/heard-1")" 1
    ends 1 TERM
    wait_for heard 1 STOPPING=1
}

heard_last() { # NODE LINE
    [[ $(tail -n 1 "$directory/heard-$1") == "$2" ]]
}

# One that was away is ready with what it missed, and so is one that lost its disk: a learner serves clients too.
test_a_node_that_comes_back_is_ready_with_what_it_missed() {
    local round revision
    local -a processes=()
    use_cluster none
    node_under_a_manager 1
    node_under_a_manager 2
    node_under_a_manager 3
    wait_for heard 3 READY=1
    for round in away wiped; do
        ends 3 KILL
        [[ $round != wiped ]] || rm -r "$directory/data-3"
        "$tools/hammer" --ports "$(ports 1 2)" --connections 20 --depth 16 --count 5000 --size 1000 \
            >"$directory/hammer" || fail "$(<"$directory/hammer")"
        revision=$(settled 1 revision)
        rm "$directory/manager-3" "$directory/heard-3"
        node_under_a_manager 3
        wait_for heard 3 READY=1
        (($(status 3 revision) >= revision)) || fail "$round: ready before it had everything"
        heard 3 "STATUS=Ready" || fail "$round: $(<"$directory/heard-3")"
    done
    [[ $(status 3 role) == learner ]] || fail "a node with an empty disk votes"
}

# A name that is no socket, and one where nobody listens: a node serves all the same.
test_a_manager_that_is_not_there_does_no_harm() {
    use_cluster none
    NOTIFY_SOCKET=vsock:2:1234 background "$server" --listen "127.0.0.1:$(port 1)" --data "$directory/data" \
        2>"$directory/log"
    local process=$!
    wait_for first_write
    grep -q 'event=cannot_notify address=vsock:2:1234 reason=' "$directory/log" || fail "$(<"$directory/log")"
    kill -TERM "$process"
    wait "$process"
    NOTIFY_SOCKET=$directory/nobody background "$server" --listen "127.0.0.1:$(port 1)" --data "$directory/data" \
        2>"$directory/log"
    process=$!
    wait_for reads_it
    kill -TERM "$process"
    wait "$process"
}

first_write() {
    [[ $(ask 1 "write a 1" x) == "OK 1" ]]
}

reads_it() {
    [[ $(ask 1 "read a") == "CONTENTS 1 1 0"* ]]
}

# Who has no headers is told of the package, and not by the compiler.
test_make_names_what_is_missing() {
    mkdir "$directory/bin"
    printf '#!/bin/sh\ncase $* in *-E*) exit 1 ;; esac\nexec %s "$@"\n' "$(command -v gcc)" >"$directory/bin/gcc"
    chmod +x "$directory/bin/gcc"
    if PATH=$directory/bin:$PATH make -C "$root" BUILD="$directory/build" >"$directory/make" 2>&1; then
        fail "built without headers"
    fi
    matches "$(<"$directory/make")" "*missing: *libev-dev *. 'scripts/deps build' installs it.*"
    same "$(grep -c 'fatal error' "$directory/make")" 0
}
