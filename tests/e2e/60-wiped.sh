# shellcheck shell=bash
# Disks that are replaced by empty ones. An empty node must neither vote nor count: what it once promised is forgotten.

test_a_wiped_node_is_a_learner_and_says_so() {
    fresh_cluster 5 --timeout-ms 1000
    "$tools/hammer" --ports "$(ports 1 2 3 4 5)" --connections 5 --depth 16 --count 200 --alone \
        --journal "$directory/journal"
    cluster kill 2
    cluster wipe 2
    cluster start 2
    wait_for status_is 2 role learner
    wait_for level 1 2
    logged 2 event=learner || fail "the log does not say so"
    "$tools/ledger" --ports "$(ports 1 2 3 4 5)" "$directory/journal"
    # It serves clients, writing ones too.
    answers 2 "write a 1" x "read a" -- "OK 1001" "CONTENTS 1001 1 0" x
    # Four of the five that decide are left: with one less it goes on; with two less, not, learner or no.
    local leader rest
    leader=$(cluster leader)
    rest=$(others "$leader" 2)
    cluster kill "${rest%% *}"
    answers 2 "write a 1" y -- "OK 1002"
    cluster kill "${rest##* }"
    matches "$(ask 2 "write a 1" z)" "ERR_@(NO_LEADER|TIMEOUT) ?*"
    same "$(status 2 role)" learner
    cluster start "${rest%% *}"
    written() {
        [[ $(ask 2 "write b 1" z) == OK* ]]
    }
    wait_for written
    "$tools/ledger" --ports "$(ports 2)" "$directory/journal"
}

test_three_wiped_of_five_form_nothing_new() {
    fresh_cluster 5 --timeout-ms 500
    answers 1 "write a 17" precious-treasure -- "OK 1"
    # shellcheck disable=SC2046
    wait_for level $(seq 1 5)
    cluster down
    local id node
    for node in 1 2 3; do
        cluster wipe "$node"
        : >"$CLEAT_DIR/$node/log"
    done
    for node in 1 2 3 4 5; do
        cluster start "$node"
    done
    for node in 1 2 3; do
        wait_for status_is "$node" role learner
    done
    for node in 1 2 3 4 5; do
        matches "$(ask "$node" "write b 1" y)" "ERR_@(NO_LEADER|TIMEOUT) ?*" "node $node"
    done
    for node in 1 2 3; do
        ! logged "$node" "event=(forming|candidate|leader) |event=formed .*role=voter" ||
            fail "node $node formed a second cluster"
    done
    # What there was is still there, where it was.
    id=$(status 4 cluster_id)
    same "$(status 5 cluster_id)" "$id"
    for node in 4 5; do
        grep -aq "precious-treasure" "$CLEAT_DIR/$node"/data/wal-* || fail "node $node has lost it"
    done
}

test_a_cluster_forms_only_when_all_are_there() {
    use_cluster cluster
    export CLEAT_ARGS="--timeout-ms 500"
    mkdir -p "$CLEAT_DIR"
    printf '5\n' >"$CLEAT_DIR/size"
    local node
    for node in 1 2 3 4; do
        cluster start "$node"
    done
    for node in 1 2 3 4; do
        wait_for status_is "$node" role forming
        matches "$(ask "$node" "write a 1" x)" "ERR_NO_LEADER ?*"
    done
    cluster start 5
    cluster up
    answers 3 "write a 1" x -- "OK 1"
    same "$(grep -c event=formed "$CLEAT_DIR"/?/log | cut -d : -f 2 | paste -sd +)" "1+1+1+1+1"
}
