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
    for node in 1 2 3 4 5; do
        wait_for logged "$node" event=formed # a majority answers before the last one knows
    done
    same "$(grep -c event=formed "$CLEAT_DIR"/?/log | cut -d : -f 2 | paste -sd +)" "1+1+1+1+1"
}

# --- directories and --cluster that do not go together ---------------------------------------------------------------

list() { # ID...: --cluster's value
    local id list=
    for id in "$@"; do
        list+=${list:+,}$id=127.0.0.1:$((CLEAT_PEER_PORT + id - 1))
    done
    printf '%s\n' "$list"
}

# Node 1's port and directory $1, with further options: it ends by itself, with 1, and says $2 in the end.
refuses_directory() {
    local data=$1 pattern=$2 code=0
    shift 2
    timeout 10 "$server" --data "$data" --listen "127.0.0.1:$((CLEAT_PORT + 9))" "$@" 2>"$directory/stderr" || code=$?
    same "$code" 1 "cleatd $*: $(<"$directory/stderr")"
    matches "$(tail -n 1 "$directory/stderr")" "ts=* event=$pattern" "cleatd $*"
}

# It led alone, was ready, and acknowledged on one disk, while the others stopped.
test_a_node_that_ran_alone_does_not_take_a_cluster() {
    local options
    use_cluster none
    for options in "" "--alone" "--cluster $(list 1)"; do
        # shellcheck disable=SC2086
        background "$server" --data "$directory/data" --listen "127.0.0.1:$CLEAT_PORT" $options 2>>"$directory/log"
        wait_for status_is 1 role leader
        matches "$(ask 1 "write a 1" x)" "OK ?"
        kill -TERM "$!"
        wait "$!"
        refuses_directory "$directory/data" \
            "refused reason=\"*cluster of node 1 alone*start it without --cluster* to keep its files, or wipe*" \
            --cluster "$(list 1 2 3)" --id 1
        refuses_directory "$directory/data" "refused reason=\"*cluster of node 1 alone*" --cluster "$(list 1 2)"
    done
}

test_a_member_does_not_lead_without_the_others() {
    local node options
    fresh_cluster 3
    answers 1 "write a 1" x -- "OK 1"
    # shellcheck disable=SC2046
    wait_for level 1 2 3
    cluster down
    for options in "" "--alone" "--cluster $(list 1)" "--cluster $(list 1 2)" "--cluster $(list 1 3 4)"; do
        # shellcheck disable=SC2086
        refuses_directory "$CLEAT_DIR/1/data" \
            "refused reason=\"the cluster has a node [23] that --cluster *It formed with $(list 1 2 3)\"" \
            $options
    done
    # The others are refused because of their id already, or as well.
    for node in 2 3; do
        refuses_directory "$CLEAT_DIR/$node/data" "refused reason=\"*belongs to node $node; *"
        refuses_directory "$CLEAT_DIR/$node/data" "refused reason=\"the cluster has a node 1 *" --id $node \
            --cluster "$node=127.0.0.1:$CLEAT_PEER_PORT"
    done
    cluster up
    answers 2 "read a" -- "CONTENTS 1 1 0" x
}

# Node $1 of the cluster, started with --cluster $2; it is process $!.
start_with() {
    background "$server" --id "$1" --cluster "$2" --listen "127.0.0.1:$(port "$1")" --data "$CLEAT_DIR/$1/data" \
        2>>"$CLEAT_DIR/$1/log"
}

test_ids_that_are_no_members_are_told() {
    local here=127.0.0.1 process fourth code=0
    fresh_cluster 3
    fourth=$here:$((CLEAT_PEER_PORT + 3))
    mkdir "$CLEAT_DIR/4"
    # Those that do not know it say so, with its id and where it called from.
    start_with 4 "$(list 1 2 4)"
    wait_for logged 1 "event=link_refused peer=4 address=$here:[0-9]+ reason=\"--cluster does not name its id"
    kill -TERM "$!"
    wait "$!"
    cluster stop 3
    start_with 3 "$(list 1 2 3 4)"
    process=$!
    wait_for status_is 3 role follower
    logged 3 "event=cluster_differs peer=4 address=$fourth reason=\"the cluster formed without a node of this id" ||
        fail "$(cluster log 3)"
    same "$(status_of 3 4 role)" stranger
    same "$(status_of 3 2 role)" voter
    # Who knows it tells it, and it ends.
    start_with 4 "$(list 1 2 3 4)"
    wait "$!" || code=$?
    same "$code" 1
    logged 4 "event=not_a_member reason=\"the cluster formed without a node of this id, .*: take it out" ||
        fail "$(<"$CLEAT_DIR/4/log")"
    kill -TERM "$process"
    wait "$process"
    # The addresses of two nodes changed over.
    start_with 3 "1=$here:$((CLEAT_PEER_PORT + 1)),2=$here:$CLEAT_PEER_PORT,3=$here:$((CLEAT_PEER_PORT + 2))"
    wait_for logged 3 "event=cluster_differs peer=1 .*\"node 2 was at this address when the cluster formed"
    wait_for logged 1 "event=link_refused peer=3 address=$here:[0-9]+ reason=\"it looks for another node .*wants=2"
    wait_for logged 3 "event=refused_by peer=2 address=$here:$CLEAT_PEER_PORT reason=\"it looks for another node"
    wait_for 30 logged 3 "event=no_leader here=1 needed=2 .*; 2 at $here:$CLEAT_PEER_PORT is not linked \(it refuses"
    (($(grep -c "event=refused_by peer=2 " "$CLEAT_DIR/3/log") == 1)) || fail "again and again: $(cluster log 3)"
    (($(grep -c "event=link_refused peer=3 " "$CLEAT_DIR/1/log") == 1)) || fail "again and again: $(cluster log 1)"
    answers 1 "write a 1" x -- "OK 1"
}

# Told of two, it would have been one of three until its next start, and then refused.
test_a_cluster_does_not_form_with_a_node_that_knows_less() {
    local process code=0
    use_cluster cluster
    mkdir -p "$CLEAT_DIR"/{1,2,3}
    printf '3\n' >"$CLEAT_DIR/size"
    start_with 1 "$(list 1 2 3)"
    start_with 3 "$(list 1 2 3)"
    wait_for status_is 3 role forming
    start_with 2 "$(list 1 2)"
    process=$!
    wait "$process" || code=$?
    same "$code" 1
    logged 2 "event=cluster_differs reason=\"the cluster has a node 3 that --cluster does not name" ||
        fail "$(<"$CLEAT_DIR/2/log")"
    # With the right list it is the member that it was meant to be.
    start_with 2 "$(list 1 2 3)"
    wait_for status_is 2 role follower
    wait_for level 1 2 3
}

# The others know the lowest id at its old address, and it once called nobody: it never came back.
test_a_node_at_another_address_calls_those_who_do_not_find_it() {
    local moved
    fresh_cluster 3
    answers 2 "write a 1" x -- "OK 1"
    wait_for level 1 2 3
    cluster kill 1
    moved=$(free_ports 1)
    start_with 1 "1=127.0.0.1:$moved,$(list 2 3)"
    serves() {
        [[ $(ask 1 "read a") == "CONTENTS 1 1 0"* ]]
    }
    wait_for serves
    status_is 1 role follower || status_is 1 role leader || fail "it does not vote"
    written() {
        [[ $(ask 1 "write b 1" x) == OK* ]]
    }
    cluster kill 3
    wait_for written
}

test_what_a_cluster_lacks_is_told() {
    local missing
    use_cluster cluster
    mkdir -p "$CLEAT_DIR"
    printf '3\n' >"$CLEAT_DIR/size"
    export CLEAT_ARGS="--timeout-ms 300"
    cluster start 2
    answers 2 "read a" -- \
        "ERR_NO_LEADER the cluster has not formed: 1 of 3 nodes are here, 3 are needed (nodes 1, 3 are down)"
    same "$(status 2 quorum)" 1/3
    wait_for logged 2 "event=not_formed here=1 needed=3 .*nodes=\"1 at 127.0.0.1:$CLEAT_PEER_PORT is not linked \
\(Connection refused\); 2 at [^;]* is this node; 3 at 127.0.0.1:$((CLEAT_PEER_PORT + 2)) is not linked \
\((it has not called|Connection refused)\)"
    cluster up
    missing="1 of 3 voters are here, 2 are needed (nodes 1, 3 are down)"
    answers 2 "write a 1" x -- "OK 1"
    wait_for status_is 2 quorum 3/2
    cluster kill 1
    cluster kill 3
    unled() {
        [[ $(ask 2 "read a") == "ERR_NO_LEADER $missing" ]]
    }
    wait_for unled
    same "$(status 2 quorum)" 1/2
    matches "$(curl -s "http://127.0.0.1:$(port 2)/readyz")" "*$missing*"
    same "$(curl -s "http://127.0.0.1:$(port 2)/status" | jq -r .quorum)" 1/2
    matches "$(curl -s "http://127.0.0.1:$(port 2)/files/a")" "*ERR_NO_LEADER*$missing*"
    matches "$("$root/build/cleat" --endpoints "127.0.0.1:$(port 2)" status)" $'*quorum=1/2*'
}
