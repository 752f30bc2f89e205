# shellcheck shell=bash
# Nodes die and come back: nothing acknowledged is ever missing.

# Starts writers that put up with broken connections on all nodes, with $1 files each; their process is $writers.
hammer_all() {
    "$tools/hammer" --ports "$(ports 1 2 3 4 5)" --connections 20 --depth 32 --files "$1" --reconnect \
        --journal "$directory/journal" >"$directory/hammer" 2>&1 &
    writers=$!
    started+=("$writers")
}

hammer_ends() {
    kill -TERM "$writers"
    wait "$writers" || fail "$(<"$directory/hammer")"
    cat "$directory/hammer"
}

kill_all() {
    local node
    for node in 1 2 3 4 5; do
        kill -KILL "$(cluster pid "$node")"
    done
    for node in 1 2 3 4 5; do
        wait_for stopped "$node"
    done
}

stopped() {
    ! cluster pid "$1" >/dev/null 2>&1
}

test_all_five_are_killed_under_load_and_started_again() {
    fresh_cluster 5
    local round
    hammer_all 100000
    for round in 1 2; do
        wait_for revision_reached 1 $((round * 2000))
        kill_all
        cluster up
    done
    wait_for revision_reached 1 $(($(status 1 revision) + 1000))
    hammer_ends
    # shellcheck disable=SC2046
    wait_for level $(seq 1 5)
    "$tools/ledger" --ports "$(ports 1 2 3 4 5)" --files 100000 "$directory/journal"
}

test_one_after_the_other_is_killed_under_load() {
    fresh_cluster 5
    local node
    hammer_all 100000
    for node in 1 2 3 4 5; do
        wait_for revision_reached "$node" $(($(status "$node" revision) + 1000))
        cluster kill "$node"
        cluster start "$node"
    done
    hammer_ends
    # shellcheck disable=SC2046
    wait_for level $(seq 1 5)
    "$tools/ledger" --ports "$(ports 1 2 3 4 5)" --files 100000 "$directory/journal"
}

test_versions_and_expiry_survive_a_restart_of_all() {
    fresh_cluster 3
    answers 1 "write a 1" x "write b 1 1000" y "delete a" "write c 1" z -- "OK 1" "OK 2" OK "OK 4"
    cluster down
    cluster up
    answers 2 "read a" "read c" "cas c 4 1" w -- "ERR_FILE_NOT_FOUND" "CONTENTS 4 1 0" z "OK 5"
    matches "$(ask 3 "read b")" $'CONTENTS 2 1 +([0-9])\ny'
    (($(ask 3 "read b" | cut -d ' ' -f 4 -s) > 900)) || fail "the life of b is shortened"
}

test_a_node_that_was_down_comes_back_by_log() {
    fresh_cluster 5
    cluster kill 5
    "$tools/hammer" --ports "$(ports 1 2 3 4)" --connections 8 --depth 32 --count 500 --alone \
        --journal "$directory/journal"
    cluster start 5
    wait_for level 1 5
    ! logged 5 event=snapshot_installed || fail "a snapshot for so little"
    "$tools/ledger" --ports "$(ports 5)" "$directory/journal"
}

# More log than is kept for those who are behind.
write_much() { # NODE...
    "$tools/hammer" --ports "$(ports "$@")" --connections 8 --depth 16 --count 1000 --files 50 --size 4000 --alone \
        --journal "$directory/journal"
}

test_a_node_that_was_down_for_long_comes_back_by_snapshot() {
    fresh_cluster 5 --snapshot-every 1000000
    cluster kill 5
    write_much 1 2 3 4
    cluster start 5
    wait_for level 1 5
    logged 5 event=snapshot_installed || fail "no snapshot was installed"
    "$tools/ledger" --ports "$(ports 5)" --files 50 "$directory/journal"
    # And what came by snapshot is durable here.
    cluster kill 5
    cluster start 5
    wait_for level 1 5
    "$tools/ledger" --ports "$(ports 5)" --files 50 "$directory/journal"
}

test_the_log_does_not_grow_for_ever() {
    fresh_cluster 3 --snapshot-every 1000000 --value-max 10000 --segment-size 262144
    write_much 1 2 3
    # A little more is written each time: what the last but one snapshot needs is kept until there is another.
    small() {
        local bytes
        "$tools/hammer" --ports "$(ports 1)" --connections 8 --depth 4 --count 10 --files 10 --size 4000 --prefix more \
            >/dev/null || true
        bytes=$(du -sb "$CLEAT_DIR/$1/data" | cut -f 1)
        ((bytes < 16000000)) # 4 MB of it are the 16 segments that wait to be used again
    }
    for node in 1 2 3; do
        wait_for small "$node"
        logged "$node" event=snapshot_written || fail "node $node has written no snapshot"
    done
    cluster down
    cluster up
    "$tools/ledger" --ports "$(ports 1 2 3)" --files 50 "$directory/journal"
}

test_rare_paths_are_common() {
    # Small segments and frequent snapshots, while nodes die and sleep and come back.
    fresh_cluster 5 --value-max 10000 --segment-size 262144 --snapshot-every 300000
    local node round
    hammer_all 500
    for round in 1 2; do
        for node in 1 2 3 4 5; do
            cluster kill "$node"
            cluster pause $((node % 5 + 1))
            wait_for revision_reached $(((node + 1) % 5 + 1)) $(($(status $(((node + 1) % 5 + 1)) revision) + 500))
            cluster resume $((node % 5 + 1))
            cluster start "$node"
        done
    done
    hammer_ends
    # shellcheck disable=SC2046
    wait_for level $(seq 1 5)
    "$tools/ledger" --ports "$(ports 1 2 3 4 5)" --files 500 "$directory/journal"
}
