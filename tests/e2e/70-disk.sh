# shellcheck shell=bash
# Disks that are full, and disks that lie.

small_disk="--value-max 10000 --segment-size 131072 --snapshot-every 100000000"

# Gives nodes 1 to $1 a small file system each, of the size $2 (64m), before they start.
small_disks() {
    local node size=${2:-64m}
    ((EUID == 0)) || skip "mounting small file systems takes root"
    mounted=()
    cleanup() {
        ((${#mounted[@]} == 0)) || umount -l "${mounted[@]}"
    }
    for ((node = 1; node <= $1; node++)); do
        mkdir -p "$CLEAT_DIR/$node/data"
        mount -t tmpfs -o "size=$size" cleat-e2e "$CLEAT_DIR/$node/data" 2>/dev/null ||
            skip "nothing can be mounted here"
        mounted+=("$CLEAT_DIR/$node/data")
    done
}

# Fills node $1's with what is not Cleat's: there is no room for a further log segment.
fill_disk() {
    dd if=/dev/zero of="$CLEAT_DIR/$1/data/filler.tmp" bs=64k 2>/dev/null || true
}

free_disk() {
    rm "$CLEAT_DIR/$1/data/filler.tmp"
}

disk_is_full() {
    status_is "$1" disk full
}

hammer() { # COUNT NODE...
    local count=$1
    shift
    "$tools/hammer" --ports "$(ports "$@")" --connections 8 --depth 16 --count "$count" --files 10 --size 2000 --alone \
        --prefix "h$count" --journal "$directory/journal"
}

test_the_leaders_disk_is_full_and_clients_notice_nothing() {
    use_cluster cluster
    export CLEAT_ARGS="$small_disk"
    small_disks 5
    cluster up 5
    local leader
    leader=$(cluster leader)
    fill_disk "$leader"
    # shellcheck disable=SC2046
    hammer 400 $(others "$leader")
    wait_for disk_is_full "$leader"
    logged "$leader" event=disk_full || fail "the log does not say so"
    [[ $(cluster leader) != "$leader" ]] || fail "a leader without room leads on"
    "$tools/ledger" --ports "$(ports 1 2 3 4 5)" --prefix h400 --files 10 "$directory/journal"
    matches "$(ask "$leader" "write a 1" x)" "OK ?*" "it serves clients"
    free_disk "$leader"
    wait_for status_is "$leader" disk ok
    # shellcheck disable=SC2046
    hammer 401 $(seq 1 5)
    # shellcheck disable=SC2046
    wait_for level $(seq 1 5)
    "$tools/ledger" --ports "$(ports 1 2 3 4 5)" --prefix h401 --files 10 "$directory/journal"
}

# One that cannot take a segment beyond its first ones.
test_one_small_file_system_is_full_and_clients_notice_nothing() {
    use_cluster cluster
    export CLEAT_ARGS="$small_disk"
    small_disks 5
    cluster up 5
    fill_disk 5
    # shellcheck disable=SC2046
    hammer 400 $(seq 1 5)
    "$tools/ledger" --ports "$(ports 1 2 3 4 5)" --prefix h400 --files 10 "$directory/journal"
    wait_for disk_is_full 5
    free_disk 5
    wait_for status_is 5 disk ok
    # shellcheck disable=SC2046
    wait_for level $(seq 1 5)
    cluster kill 5
    cluster start 5
    wait_for level 1 5
    "$tools/ledger" --ports "$(ports 5)" --prefix h400 --files 10 "$directory/journal"
}

write_until() { # NODE PATTERN: writes until the reply matches
    local value reply=
    value=$(printf 'v%.0s' {1..9000})
    # shellcheck disable=SC2053
    until [[ $reply == $2 ]]; do
        reply=$(ask "$1" "write filler 9000" "$value")
        [[ $reply == OK* || $reply == ERR_* ]] || fail "'$reply'"
    done
}

test_a_majority_of_disks_is_full_and_recovers_when_freed() {
    use_cluster cluster
    export CLEAT_ARGS="$small_disk --timeout-ms 1000"
    small_disks 5
    cluster up 5
    answers 1 "write a 1 1000" x -- "OK 1"
    local node
    for node in 1 2 3; do
        fill_disk "$node"
    done
    for node in 4 1; do
        write_until "$node" "ERR_DISK_FULL ?*"
    done
    for node in 1 2 3 4 5; do
        matches "$(ask "$node" "read a")" $'CONTENTS 1 1 *\nx' "reads go on"
    done
    for node in 1 2; do
        free_disk "$node"
    done
    write_until 4 "OK *"
    write_until 1 "OK *"
    free_disk 3
    wait_for status_is 3 disk ok
    # shellcheck disable=SC2046
    wait_for level $(seq 1 5)
}

# Runs a node by itself; its exit code is in $code, what it logged in $directory/stderr.
run_alone() { # DATA OPTION...
    local data=$1
    shift
    code=0
    timeout 10 "$server" --data "$data" --listen "127.0.0.1:$((CLEAT_PORT + 9))" "$@" 2>"$directory/stderr" || code=$?
}

test_a_damaged_record_in_the_middle_is_refused() {
    fresh_cluster 1
    local i data file offset
    for i in {10..30}; do
        answers 1 "write file-$i 10" "needle-$i." -- "OK $((i - 9))"
    done
    cluster kill 1
    data=$CLEAT_DIR/1/data
    # One of them may be in two sectors, with what ends the first between.
    IFS=: read -r file offset _ < <(grep -aboH 'needle-1[56]\.' "$data"/wal-*)
    printf 'X' | dd of="$file" bs=1 seek="$offset" conv=notrunc 2>/dev/null
    cp -r "$data" "$directory/before"
    run_alone "$data" --id 1 --cluster "1=127.0.0.1:$CLEAT_PEER_PORT"
    same "$code" 1 "exit code"
    grep "event=refused" "$directory/stderr" | grep -F "$(basename "$file")" | grep -qE "offset [0-9]+" ||
        fail "the reason does not name file and offset: $(<"$directory/stderr")"
    diff -r "$data" "$directory/before" || fail "something was changed"
}

# What was acknowledged right before the process was killed is closed by no mark yet. Wherever in it a byte is changed,
# that is no torn end.
test_a_changed_byte_in_the_last_batch_is_refused() {
    local at pid file offset
    fresh_cluster 1
    pid=$(cluster pid 1)
    answers 1 "write first 5" value -- "OK 1"
    answers 1 "write last 6" needle -- "OK 2"
    kill -9 "$pid"
    cp -r "$CLEAT_DIR/1/data" "$directory/killed"
    for at in 2 -1 -30 -50 80; do # in the value, the name, the record's header and its checksum; and behind it
        rm -rf "$directory/data"
        cp -r "$directory/killed" "$directory/data"
        IFS=: read -r file offset _ < <(grep -aboH 'needle' "$directory"/data/wal-*)
        printf '\377' | dd of="$file" bs=1 seek="$((offset + at))" conv=notrunc 2>/dev/null
        run_alone "$directory/data" --id 1 --cluster "1=127.0.0.1:$CLEAT_PEER_PORT"
        same "$code" 1 "exit code, byte $at of the value"
        grep "event=refused" "$directory/stderr" |
            grep -qF "$(basename "$file"): offset $(((offset + at) / 512 * 512)):" ||
            fail "byte $at: the reason does not name file and offset: $(<"$directory/stderr")"
    done
}

# Format 1 is Cleat 0.1's, whose node 1 wrote this: said to be that, and what is to be done.
test_a_directory_of_an_older_release_is_refused() {
    use_cluster cluster
    local data=$directory/data
    mkdir "$data"
    truncate -s 4096 "$data/identity"
    printf '%b' \
        '\x43\x4c\x45\x41\x54\x49\x44\x59\x01\x00\x00\x00\x01\x00\x00\x00\x85\x75\x84\x2a\x63\x38\x3b\xc7' \
        '\x3f\x00\x00\x00\x01\xa5\xe0\x63\x99\x67\xca\x50\x83\x21\x00\x01\x00\x00\x10\x00\x00\x00\x00\x00' \
        '\x00\x00\x00\x00\x01\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00' \
        '\x01\x01\x00\x00\x00\x85\x75\x84\x2a\x63\x38\x3b\xc7\x01\x04\x73\x65\x6c\x66\x00\x00\x00\x00\x00' \
        >"$directory/begin"
    printf '%b' '\x2f\xc5\xb6\x76\x6f\x0f\xe1\xc3' >"$directory/end"
    dd if="$directory/begin" of="$data/identity" conv=notrunc 2>/dev/null
    dd if="$directory/end" of="$data/identity" bs=8 seek=511 conv=notrunc 2>/dev/null
    run_alone "$data"
    same "$code" 1 "exit code"
    grep "event=refused" "$directory/stderr" | grep -F "identity: offset 0: of format 1" |
        grep "Cleat 0.1 wrote it" | grep -q "run Cleat 0.1" || fail "$(<"$directory/stderr")"
}

test_a_node_with_a_damaged_log_stays_away_and_the_others_go_on() {
    fresh_cluster 5
    "$tools/hammer" --ports "$(ports 1 2 3 4 5)" --connections 5 --depth 4 --count 100 --alone \
        --journal "$directory/journal"
    cluster kill 4
    local file offset
    # In the log EXPTIME, 8 bytes of zeros, lies between a name and a value.
    IFS=: read -r file offset _ < <(LC_ALL=C grep -aboHP 'h-1-0\x00{8}1 20 ' "$CLEAT_DIR"/4/data/wal-*)
    printf '\377' | dd of="$file" bs=1 seek="$offset" conv=notrunc 2>/dev/null
    ! cluster start 4 2>"$directory/why" || fail "it started"
    grep -q "event=refused" "$directory/why" || fail "$(<"$directory/why")"
    matches "$(ask 1 "write a 1" x)" "OK 501"
    # As the reason says: with a new, empty directory it comes back as a learner.
    cluster wipe 4
    cluster start 4
    wait_for status_is 4 role learner
    wait_for level 1 4
    "$tools/ledger" --ports "$(ports 4)" "$directory/journal"
}

test_a_directory_is_for_one_node_and_one_process() {
    fresh_cluster 3
    run_alone "$CLEAT_DIR/1/data"
    same "$code" 1
    grep -q "event=refused" "$directory/stderr" || fail "$(<"$directory/stderr")"
    cluster down
    run_alone "$CLEAT_DIR/1/data" --id 2 --cluster "1=127.0.0.1:$CLEAT_PEER_PORT,2=127.0.0.1:$((CLEAT_PEER_PORT + 1))"
    same "$code" 1
    grep -q "event=refused" "$directory/stderr" || fail "$(<"$directory/stderr")"
    cluster up
}

# Segments so small that the largest command fits only if several are prepared.
test_the_smallest_segments_take_any_number_of_writes() {
    use_cluster cluster
    CLEAT_ARGS="--value-max 1000 --segment-size 65536 --snapshot-every 100000" cluster up 1 >/dev/null
    "$tools/hammer" --ports "$(ports 1)" --connections 4 --depth 8 --count 500 --files 10 --size 900 --alone --prefix s
}

# A node alone that comes back while its disk is full neither dies nor loses anything, and goes on when there is room.
test_a_node_comes_back_on_a_full_disk() {
    use_cluster cluster
    export CLEAT_ARGS="$small_disk"
    small_disks 1
    cluster up 1 >/dev/null
    answers 1 "write a 1" x -- "OK 1"
    fill_disk 1
    "$tools/hammer" --ports "$(ports 1)" --connections 1 --depth 1 --count 1000 --files 10 --size 2000 --prefix f \
        >/dev/null 2>&1 || true # until it is full
    wait_for disk_is_full 1
    cluster stop 1 # its last batch is closed, so nothing need be written anew
    cluster start 1 >/dev/null
    wait_for disk_is_full 1
    free_disk 1
    wait_for status_is 1 disk ok
    wait_for ask_matches 1 "read a" $'CONTENTS 1 1 0\nx'
    matches "$(ask 1 "write b 1" y)" "OK ?*"
}

ask_matches() { # NODE COMMAND PATTERN
    # shellcheck disable=SC2053 # a pattern
    [[ $(ask "$1" "$2") == $3 ]]
}

# Writes files f1, f2, ... to node $1 until there is no room, after those that were acknowledged before: $acknowledged.
write_until_full() {
    local value reply=
    value=$(printf 'v%.0s' {1..19999})
    until [[ $reply == ERR_DISK_FULL* ]]; do
        reply=$(ask "$1" "write f$((acknowledged + 1)) 20000" "v$value")
        case $reply in
        OK*) acknowledged=$((acknowledged + 1)) ;;
        ERR_DISK_FULL* | ERR_BUSY* | ERR_NO_LEADER*) ;;
        ERR_TIMEOUT*) acknowledged=$((acknowledged + 1)) ;; # it may be there by and by, or not: it is not asked for
        *) fail "'$reply'" ;;
        esac
    done
}

serves_the_first() { # NODE
    [[ $(ask "$1" "stat f1" 2>/dev/null) == "STAT version=1 size=20000 "* ]]
}

readyz() { # NODE
    curl -s -m 5 "http://127.0.0.1:$(port "$1")/readyz"
}

# Node $1 is ready, and names its disk just where that is full.
ready_and_says_so() {
    case $(status "$1" disk) in
    full) [[ $(readyz "$1") == '{"ok":true,"disk":"full"}' ]] ;;
    ok) [[ $(readyz "$1") == '{"ok":true}' ]] ;;
    *) return 1 ;;
    esac
}

a_majority_is_full() { # NODES
    local node full=0
    for node in $(seq 1 "$1"); do
        ! status_is "$node" disk full || full=$((full + 1))
    done
    ((full > $1 / 2))
}

# Ends all nodes of $1 by the signal $2, and starts them again.
all_again() {
    local node
    local -a pids=()
    for node in $(seq 1 "$1"); do
        pids+=("$(cluster pid "$node")")
    done
    kill "-$2" "${pids[@]}"
    for node in $(seq 1 "$1"); do
        wait_for gone "${pids[node - 1]}"
    done
    for node in $(seq 1 "$1"); do
        cluster start "$node" >/dev/null
    done
}

# A zombie with more than one thread still has its ports and files.
gone() { # PROCESS
    local status
    status=$(cat "/proc/$1/status" 2>/dev/null) || return 0
    [[ $status == *State:*zombie* && $status == *Threads:$'\t1'$'\n'* ]]
}

# A volume with nothing on it but the files of $1 nodes, one each, and no room left. However often they are started,
# and however they ended: they serve reads, say that the disk is full, and go on by themselves when there is room.
starts_on_full_disks() {
    local nodes=$1 node round signal acknowledged=0 files
    use_cluster cluster
    export CLEAT_ARGS="--value-max 65536 --segment-size 262144 --snapshot-every 1048576 --timeout-ms 2000"
    small_disks "$nodes" 6m
    cluster up "$nodes" >/dev/null
    for round in 1 2 3 4 5 6; do
        write_until_full 1
        for signal in KILL TERM KILL KILL; do
            all_again "$nodes" "$signal"
            for node in $(seq 1 "$nodes"); do
                wait_for serves_the_first "$node"
            done
        done
    done
    write_until_full 1
    wait_for a_majority_is_full "$nodes"
    all_again "$nodes" KILL
    for node in $(seq 1 "$nodes"); do
        wait_for ready_and_says_so "$node"
    done
    grep -lq "event=started_from_reserve" "$CLEAT_DIR"/*/log || fail "nobody ever needed what was set aside"
    files=$(settled 1 files)
    for node in $(seq 1 "$nodes"); do
        mount -o remount,size=64m "$CLEAT_DIR/$node/data"
    done
    for node in $(seq 1 "$nodes"); do
        wait_for status_is "$node" disk ok
    done
    matches "$(ask 1 "write after 1" x)" "OK ?*"
    same "$(settled 1 files)" $((files + 1))
    # shellcheck disable=SC2046
    wait_for level $(seq 1 "$nodes")
    wait_for whole_reserve "$CLEAT_DIR/1/data"
}

whole_reserve() { # DATA
    [[ -e $1/reserve-1 && -e $1/reserve-2 ]]
}

test_a_node_starts_on_a_full_disk_any_number_of_times() {
    starts_on_full_disks 1
}

test_three_nodes_start_on_full_disks_any_number_of_times() {
    starts_on_full_disks 3
}

# A program that cannot listen is started over and over: each start once left a segment.
test_starts_that_fail_do_not_fill_the_disk() {
    local i used
    fresh_cluster 1 --segment-size 1048576 --value-max 65536
    answers 1 "write a 1" x -- "OK 1"
    wait_for whole_reserve "$CLEAT_DIR/1/data"
    cluster kill 1
    nc -lk 127.0.0.1 "$(port 1)" >/dev/null &
    started+=($!)
    wait_for listened_to "$(port 1)"
    used=
    for i in {1..12}; do
        code=0
        timeout 10 "$server" --data "$CLEAT_DIR/1/data" --listen "127.0.0.1:$(port 1)" --segment-size 1048576 \
            --cluster "1=127.0.0.1:$CLEAT_PEER_PORT" --value-max 65536 2>"$directory/stderr" || code=$?
        same "$code" 1 "it listens"
        used=${used:-$(du -s "$CLEAT_DIR/1/data" | cut -f1)}
    done
    (($(du -s "$CLEAT_DIR/1/data" | cut -f1) <= used + 1024)) || fail "$(ls -l "$CLEAT_DIR/1/data")"
}
