# shellcheck shell=bash
# Nodes with few descriptors: what they need themselves they have at any limit, or they do not start.

# Holds as many connections to node $1 as it takes, for as long as the test runs; prints how many these are. $2: what is
# sent on each, $3: how many are tried.
crowd() {
    python3 - "$(port "$1")" "$2" "$3" "$directory/crowd-$1" <<'END' &
import resource, socket, sys, time
port, count, path = int(sys.argv[1]), int(sys.argv[3]), sys.argv[4]
text = sys.argv[2].encode().decode("unicode_escape").encode()
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 50, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
kept = []
for _ in range(count):
    one = socket.create_connection(("127.0.0.1", port))
    one.sendall(text)
    kept.append(one)
with open(path, "w") as file:
    file.write("there\n")
time.sleep(1000)
END
    started+=($!)
    crowd_process=$!
    wait_for test -s "$directory/crowd-$1"
}

leave() {
    kill -KILL "$crowd_process"
    wait "$crowd_process" 2>/dev/null || true
    rm -f "$directory"/crowd-*
}

limit_of() { # NODE soft|hard
    awk -v column=$(($([[ $2 == soft ]] && echo 4 || echo 5))) '/^Max open files/ { print $column }' \
        "/proc/$(cluster pid "$1")/limits"
}

allowed() { # NODE: clients, as its log tells
    sed -n 's/.*event=connections_limited .*allowed=\([0-9]*\).*/\1/p' "$CLEAT_DIR/$1/log" | tail -n 1
}

# It once took connections until it had no descriptor for its own files, and stopped as if its disk were broken.
test_idle_clients_do_not_take_what_the_node_needs() {
    local node size number kind what
    for size in 1 3; do
        use_cluster "cluster-$size"
        # Segments and snapshots come and go, all the time.
        export CLEAT_ARGS="--value-max 1000 --segment-size 65536 --snapshot-every 100000"
        (ulimit -n 100 && cluster up "$size")
        for node in $(seq 1 "$size"); do
            ((100 > $(allowed "$node") && $(allowed "$node") >= 20)) || fail "node $node: $(<"$CLEAT_DIR/$node/log")"
        done
        number=0
        # Who says nothing, says half a line, waits for the end, speaks HTTP, or half of that.
        for what in '' 'read a' 'quit\n' 'GET /files/a HTTP/1.1\r\nHost: localhost\r\n\r\n' 'GET /fil' 'GE'; do
            number=$((number + 1))
            crowd 1 "$what" 300
            [[ $size == 1 ]] ||
                "$tools/hammer" --ports "$(ports 2 3)" --connections 4 --depth 8 --count 200 --files 10 --size 900 \
                    --alone --prefix "h$number-"
            kind=$(ask 1 ping)
            # The line that turns it away may be lost: it is written before what was sent is read.
            [[ -z $kind || $kind == PONG || $kind == "ERR_BUSY "* ]] || fail "'$what': $kind"
            for node in $(seq 1 "$size"); do
                cluster pid "$node" >/dev/null || fail "'$what': node $node ended: $(tail -n 2 "$CLEAT_DIR/$node/log")"
            done
            leave
            wait_for ask_is 1 ping PONG
            matches "$(ask 1 "write a 1" x)" "OK ?*"
            if [[ $size == 1 ]]; then
                "$tools/hammer" --ports "$(ports 1)" --connections 4 --depth 8 --count 200 --files 10 --size 900 \
                    --alone --prefix "h$number-"
            fi
        done
        ! grep -E 'disk_f(ull|ailed)|Too many' "$CLEAT_DIR"/*/log || fail "it lacked descriptors"
        cluster down
    done
}

ask_is() { # NODE LINE REPLY
    [[ $(ask "$1" "$2" 2>/dev/null) == "$3" ]]
}

test_the_hard_limit_is_used() {
    use_cluster cluster
    export CLEAT_ARGS="--connections-max 400"
    (ulimit -S -n 100 && cluster up 1)
    ((100 < $(limit_of 1 soft))) || fail "$(limit_of 1 soft)"
    same "$(allowed 1)" ""
    cluster stop 1
    (ulimit -S -n 100 && ulimit -H -n 200 && cluster start 1)
    same "$(limit_of 1 soft)" 200
    ((100 < $(allowed 1) && $(allowed 1) < 200)) || fail "$(allowed 1)"
}

# Descriptors that whoever started it left open are not there for it.
test_what_it_needs_is_told_where_it_is_not_to_be_had() {
    local limit code needed kept members="1=127.0.0.1:1,2=127.0.0.1:2,3=127.0.0.1:3"
    local file options
    use_cluster none
    for options in "--timeout-ms 5000" "--cluster $members"; do
        for kept in 0 7; do
            needed=
            for limit in 20 50 "$needed"; do
                [[ -n $limit ]] || limit=$((needed - 1))
                code=0
                (
                    # shellcheck disable=SC2093,SC1083
                    for ((i = 0; i < kept; i++)); do
                        exec {file}</dev/null
                    done
                    ulimit -n "$limit"
                    # shellcheck disable=SC2086 # several words
                    exec timeout 5 "$server" --data "$directory/data" --listen "127.0.0.1:$CLEAT_PORT" $options \
                        2>"$directory/stderr"
                ) || code=$?
                same "$code" 1 "with a limit of $limit"
                matches "$(<"$directory/stderr")" \
                    "*event=refused reason=\"RLIMIT_NOFILE is $limit, this node needs at least *"
                needed=$(sed -n 's/.*needs at least \([0-9]*\) descriptors.*/\1/p' "$directory/stderr")
                [[ ! -e $directory/data ]] || fail "it made a data directory"
            done
        done
    done
}

# The table of the process is full, whoever filled it (here: its limit is lowered while it runs). Nothing breaks; and
# when there is room again it goes on by itself.
test_a_full_table_of_descriptors_is_want_of_room_and_passes() {
    local node process lowest free look load
    command -v prlimit >/dev/null || skip "there is no prlimit"
    use_cluster cluster
    export CLEAT_ARGS="--value-max 1000 --segment-size 65536 --snapshot-every 100000 --timeout-ms 1000"
    cluster up 3
    "$tools/hammer" --ports "$(ports 1 2 3)" --connections 4 --depth 8 --count 200 --files 10 --size 900 --alone \
        --prefix a
    # Under way before and after.
    timeout 60 "$tools/hammer" --ports "$(ports 1 2 3)" --connections 6 --depth 4 --count 100000 --files 10 --size 900 \
        --prefix b >"$directory/hammer" 2>&1 &
    load=$!
    started+=("$load")
    wait_for revision_reached 1 2000
    for node in 1 2 3; do
        process=$(cluster pid "$node")
        lowest=1024
        for ((look = 0; look < 100; look++)); do # files that are open for a moment leave room
            free=0
            while [[ -e /proc/$process/fd/$free ]]; do
                free=$((free + 1))
            done
            lowest=$((free < lowest ? free : lowest))
        done
        prlimit --pid "$process" --nofile="$lowest:"
    done
    wait_for descriptors_lack 1 2 3
    kill "$load" 2>/dev/null || true # unless it has ended, with its first error
    wait "$load" || true
    for node in 1 2 3; do
        cluster pid "$node" >/dev/null || fail "node $node ended: $(tail -n 2 "$CLEAT_DIR/$node/log")"
        prlimit --pid "$(cluster pid "$node")" --nofile=1024:
    done
    for node in 1 2 3; do
        wait_for status_is "$node" disk ok
        wait_for takes_write "$node" # what the leader knows the others hear a little later
    done
    "$tools/hammer" --ports "$(ports 1 2 3)" --connections 4 --depth 8 --count 500 --files 10 --size 900 --alone \
        --prefix c
    wait_for level 1 2 3
    ! grep -E 'event=disk_failed' "$CLEAT_DIR"/*/log || fail "a disk is called broken"
}

# A node had no descriptor for its next segment; or one stopped.
descriptors_lack() { # NODE...
    local node
    for node in "$@"; do
        cluster pid "$node" >/dev/null 2>&1 || return 0
        ! logged "$node" 'event=disk_full reason=.*Too many open files' || return 0
    done
    return 1
}

takes_write() { # NODE
    [[ $(ask "$1" "write probe 1" x 2>/dev/null) == OK* ]]
}
