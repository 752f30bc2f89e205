# shellcheck shell=bash
# All threads of three nodes have much to do, while one node after the other dies: scripts/threads runs this with a
# server that ThreadSanitizer watches.

test_all_threads_are_busy_while_nodes_are_killed() {
    # Segments of a few batches, and a snapshot after each of them.
    fresh_cluster 3 --value-max 10000 --segment-size 65536 --snapshot-every 65536
    local node writers
    "$tools/hammer" --ports "$(ports 1 2 3)" --connections 12 --depth 16 --files 50 --size 700 --reconnect \
        --journal "$directory/journal" >"$directory/hammer" 2>&1 &
    writers=$!
    started+=("$writers")
    for node in 1 2 3; do
        wait_for revision_reached "$node" $(($(status "$node" revision) + 1000))
        cluster kill "$node"
        wait_for revision_reached $((node % 3 + 1)) $(($(status $((node % 3 + 1)) revision) + 1000))
        cluster start "$node"
        wait_for revision_reached "$node" "$(status $((node % 3 + 1)) revision)"
    done
    kill -TERM "$writers"
    wait "$writers" || fail "$(<"$directory/hammer")"
    cat "$directory/hammer"
    wait_for level 1 2 3
    for node in 1 2 3; do
        logged "$node" event=snapshot_written || fail "node $node has written no snapshot"
    done
    "$tools/ledger" --ports "$(ports 1 2 3)" --files 50 "$directory/journal"
    cluster down
}
