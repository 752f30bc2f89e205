# shellcheck shell=bash
# Nodes that know each other by names: ones that do not resolve, that never answer, that move. Who is called what is in
# $directory/names (tools/preload/names.c), or a node's own file.

# A cluster of $1 nodes that are node1, node2, ... on ports of their own. None is started.
named_cluster() {
    local node
    use_cluster cluster
    members=
    size=$1
    for ((node = 1; node <= size; node++)); do
        mkdir -p "$CLEAT_DIR/$node"
        members+="${members:+,}$node=node$node:$((CLEAT_PEER_PORT + node - 1))"
        name "node$node" 127.0.0.1
    done
    export CLEAT_ARGS=
}

# From now on $1 is $2 ("127.0.0.1 ::1", "hang", or nothing), for all nodes or for the one with file $3.
name() {
    local file=${3:-$directory/names}
    touch "$file"
    { grep -v "^$1 " "$file" || true; } >"$file.new"
    [[ -z $2 ]] || printf '%s %s\n' "$1" "$2" >>"$file.new"
    mv "$file.new" "$file"
}

declare -A node_process=()

start_node() { # NODE [OPTION...]
    local node=$1 names=$directory/names
    shift
    [[ ! -e $directory/names-$node ]] || names=$directory/names-$node
    CLEAT_TEST_NAMES=$names LD_PRELOAD=$tools/preload/names.so background "$server" --id "$node" \
        --cluster "$members" --listen "127.0.0.1:$(port "$node")" --data "$CLEAT_DIR/$node/data" "$@" \
        2>>"$CLEAT_DIR/$node/log"
    node_process[$node]=$!
}

end_node() { # NODE
    kill -TERM "${node_process[$1]}"
    wait "${node_process[$1]}" || fail "node $1 ended with $?"
}

runs() { # NODE
    kill -0 "${node_process[$1]}" 2>/dev/null
}

takes_writes() { # NODE
    [[ $(ask "$1" "write probe 1" x 2>/dev/null) == OK* ]]
}

start_all() {
    local node
    for ((node = 1; node <= size; node++)); do
        start_node "$node"
    done
    wait_for takes_writes "$size"
}

links_up() { # NODE OTHER
    [[ $(status_of "$1" "$2" link) == up ]]
}

count_logged() { # NODE PATTERN
    grep -cE "$2" "$CLEAT_DIR/$1/log" || true
}

test_a_name_that_does_not_resolve_keeps_no_node_from_starting() {
    local kind node
    named_cluster 5
    start_all
    for kind in "" hang; do
        for node in 1 2 3 4 5; do
            end_node "$node"
            : >"$CLEAT_DIR/$node/log"
        done
        # Two are gone, and their names with them: the other three are a majority.
        name node1 "$kind"
        name node2 "$kind"
        for node in 3 4 5; do
            start_node "$node"
        done
        for node in 3 4 5; do
            wait_for takes_writes "$node"
            wait_for logged "$node" "event=cannot_resolve address=node1:[0-9]+ reason="
            wait_for logged "$node" "event=cannot_resolve address=node2:[0-9]+ reason="
        done
        name node1 127.0.0.1
        name node2 127.0.0.1
        start_node 1
        start_node 2
        for node in 3 4 5; do
            wait_for links_up "$node" 1
            wait_for links_up "$node" 2
            same "$(count_logged "$node" "event=cannot_resolve")" 2 "node $node says it once each"
            same "$(count_logged "$node" "event=resolved address=node[12]:[0-9]+ to=127.0.0.1:[0-9]+\$")" 2
        done
    done
}

test_a_name_that_is_lost_while_nodes_run_is_told_and_does_no_harm() {
    named_cluster 3
    start_all
    name node1 ""
    name node2 ""
    end_node 1
    # Now node 1 is called again and again, and its name looked up.
    wait_for logged 3 "event=cannot_resolve address=node1:"
    takes_writes 3 || fail "two of three are here"
    start_node 1 # by its old address; but its own name it has not
    wait_for logged 1 "event=cannot_resolve address=node1:"
    name node1 127.0.0.1
    wait_for links_up 3 1
    same "$(count_logged 3 "event=resolved address=node1:")" 1
}

# Its old address is taken by one who says nothing; or it answers nobody.
test_a_node_that_returns_at_another_address_is_found_by_its_name() {
    local old new turn=0
    named_cluster 3
    start_all
    for new in 127.0.0.9 ::1; do
        old=$((CLEAT_PEER_PORT))
        end_node 1
        if ((turn == 0)); then
            python3 - "$old" <<'END' &
import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
kept = []
while True:
    kept.append(listener.accept())
END
            started+=($!)
            wait_for listened_to "$old"
        fi
        turn=1
        name node1 "$new"
        start_node 1
        wait_for links_up 3 1
        wait_for links_up 2 1
        logged 3 "event=resolved address=node1:[0-9]+ to=\[?$new\]?:" || fail "$(<"$CLEAT_DIR/3/log")"
        takes_writes 1 || fail "node 1"
    done
}

# Of several addresses the right one may be any, of either family.
test_all_addresses_of_a_name_are_tried() {
    local own others node first=1
    named_cluster 2
    # What node 1 listens at, and what the other is told: nobody listens at 127.0.0.9.
    while read -r own others; do
        ((first)) || end_node 1
        name node1 "$own" "$directory/names-1"
        name node2 127.0.0.1 "$directory/names-1"
        name node1 "$others"
        start_node 1
        if ((first)); then
            start_node 2
        fi
        first=0
        wait_for links_up 2 1
        wait_for takes_writes 2
    done <<'END'
127.0.0.1 127.0.0.9 ::1 127.0.0.1
::1 127.0.0.9 127.0.0.8 ::1
127.0.0.7 ::1 127.0.0.7
127.0.0.1 192.0.2.1 127.0.0.1
END
}

test_a_nodes_own_names_may_resolve_late() {
    local code=0
    named_cluster 1
    name node1 ""
    name here ""
    local port
    port=$(port 1)
    start_node 1 --listen "here:$port"
    wait_for logged 1 "event=cannot_resolve address=here:$port"
    wait_for logged 1 "event=cannot_resolve address=node1:"
    runs 1 || fail "it did not start"
    # An address that this machine does not have is none yet.
    name here 192.0.2.1
    wait_for logged 1 "event=cannot_listen address=here:$port reason=\"it is no address of this machine"
    runs 1 || fail "it ended"
    # A hosts file may have a line twice.
    name here "::1 127.0.0.1 127.0.0.1 ::1"
    wait_for logged 1 "event=listening address=here:$port"
    wait_for takes_writes 1
    same "$(printf 'ping\n' | nc -N -w 10 ::1 "$port" | tr -d '\r')" PONG
    name node1 "127.0.0.1 127.0.0.1"
    wait_for logged 1 "event=listening address=node1:"
    end_node 1
    same "$(count_logged 1 "event=cannot_listen")" 1
    # What is taken by another program will not get better.
    nc -l 127.0.0.1 "$port" >/dev/null &
    started+=($!)
    wait_for listened_to "$port"
    start_node 1 --listen "here:$port"
    wait "${node_process[1]}" || code=$?
    same "$code" 1
    logged 1 "event=cannot_listen address=here:$port reason=\"another process listens there: end it" ||
        fail "$(<"$CLEAT_DIR/1/log")"
    matches "$(tail -n 1 "$CLEAT_DIR/1/log")" "*event=stopped address=here:$port reason=\"another process listens *"
}
