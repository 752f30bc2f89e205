# shellcheck shell=bash
# Nodes of two versions in one cluster: the one that tests/e2e/upgrade/BASE names, and a later one, which is this tree
# with one level more (CLEAT_TEST_LEVEL: the verb `mark`, a command kind with an extra, a part of the state with a
# record in snapshots, a flag in the configuration). Everything goes on under load.

base=
next=

# Makes the two programs known; a test that cannot have them fails.
programs() {
    "$root/tests/e2e/upgrade/programs" "$BUILD/upgrade" >"$directory/programs" 2>&1 || fail "$(<"$directory/programs")"
    base=$BUILD/upgrade/base/cleatd
    next=$BUILD/upgrade/next/cleatd
}

# Node $1 ends, and is started again as program $2; returns when it serves.
becomes() {
    cluster stop "$1"
    server=$2 cluster start "$1"
    wait_for serves "$1"
}

serves() {
    [[ $(ask "$1" "stat nothing" 2>/dev/null) == ERR_FILE_NOT_FOUND* ]]
}

stopped() {
    ! cluster pid "$1" >/dev/null 2>&1
}

# Writers on all nodes, who put up with connections that end; and the journal of what they were told.
load() {
    background "$tools/hammer" --ports "$(ports 1 2 3)" --connections 6 --depth 8 --files 2000 --reconnect \
        --journal "$directory/journal"
    writers=$!
}

load_ends() {
    kill -TERM "$writers"
    wait "$writers" || fail "a version was lost, or told twice"
}

moves_on() {
    local revision
    revision=$(status "$1" revision)
    wait_for revision_reached "$1" $((revision + 500))
}

# True if the leader is one of the given nodes.
led_by() {
    local leader
    leader=$(cluster leader 2>/dev/null) || return 1
    [[ " $* " == *" $leader "* ]]
}

# Makes one of the given nodes lead, and the load go on under it: others who lead are restarted as what they are.
lead() { # PROGRAM-OF-THE-OTHERS NODE...
    local other=$1 leader
    shift
    local tries
    for tries in {1..20}; do
        led_by "$@" && break
        leader=$(cluster leader)
        becomes "$leader" "$other"
    done
    led_by "$@" || fail "none of $* leads after $tries tries"
    moves_on "$1"
}

journal_is_kept() {
    wait_for level 1 2 3
    "$tools/ledger" --ports "$(ports 1 2 3)" --files 2000 "$directory/journal" >"$directory/ledger" 2>&1 ||
        fail "$(<"$directory/ledger")"
}

nothing_differs() {
    local node
    for node in 1 2 3; do
        if logged "$node" 'event=states?_differs?'; then
            fail "the nodes' states differ"
        fi
    done
}

# Node $1 says to '$2' that $3, once all links are up again.
upgrade_is_refused() {
    wait_for refuses "$@"
}

refuses() {
    [[ $(ask "$1" "$2") == "ERR_UPGRADE $3" ]]
}

test_nodes_are_upgraded_and_taken_back_before_the_level_is_raised() {
    programs
    server=$base fresh_cluster 3 --snapshot-every 65536
    load
    moves_on 1
    becomes 1 "$next"
    lead "$base" 1 # the newer one writes what the older ones read
    upgrade_is_refused 1 "mark a note=1" "nodes 2 and 3 must run cleatd 0.3-test first"
    upgrade_is_refused 1 "cluster level 2" "nodes 2 and 3 must run cleatd 0.3-test first"
    lead "$next" 2 3 # and the other way
    becomes 2 "$next"
    upgrade_is_refused 2 "mark a" "node 3 must run cleatd 0.3-test first"
    becomes 2 "$base"
    becomes 1 "$base"
    moves_on 1
    local node
    for node in 1 2 3; do
        becomes "$node" "$next"
    done
    upgrade_is_refused 3 "mark a" "all nodes know level 2: cleat level 2"
    for node in 1 2 3; do
        same "$(status "$node" level)" 1
        becomes "$node" "$base" # all the way back
    done
    moves_on 3
    load_ends
    journal_is_kept
    nothing_differs
}

test_the_level_is_raised_under_load_and_what_it_brings_is_used() {
    programs
    server=$base fresh_cluster 3 --snapshot-every 65536
    load
    local node
    for node in 1 2 3; do
        becomes "$node" "$next"
    done
    matches "$(ask 2 "cluster level 2")" "OK 2"
    for node in 1 2 3; do
        wait_for status_is "$node" level 2
    done
    # The command and its extra; the flag of the configuration, set and unset; the record in snapshots.
    for node in {1..20}; do
        matches "$(ask $((node % 3 + 1)) "mark m$node note=$node" "mark flags note=1")" "OK *OK *"
        moves_on $((node % 3 + 1))
    done
    answers 3 "read m7" "read m20" -- "$(ask 1 "read m7" "read m20")"
    matches "$(ask 3 "read m7")" "CONTENTS * 1 0"$'\n7'
    # An older program has no place any more: it stops, and says what it needs.
    cluster stop 2
    server=$base cluster start 2 >/dev/null 2>&1 || true
    wait_for stopped 2
    matches "$(tail -n 1 "$CLEAT_DIR/2/log")" "*reason=*newe[rs]*"
    server=$next cluster start 2
    wait_for serves 2
    moves_on 2
    # A node that lost its disk gets the state, with the new part in it, by a snapshot.
    cluster stop 3
    cluster wipe 3
    server=$next cluster start 3
    wait_for 40 serves 3
    wait_for logged 3 event=snapshot_installed
    moves_on 3
    load_ends
    journal_is_kept
    nothing_differs
}

test_a_cluster_forms_at_the_highest_level_that_all_nodes_know() {
    programs
    server=$next fresh_cluster 3
    same "$(status 1 level)" 2
    answers 2 "mark a note=9" "read a" -- "OK 1" "CONTENTS 1 1 0" 9
    end_clusters
    use_cluster mixed
    mkdir "$CLEAT_DIR"
    printf '3\n' >"$CLEAT_DIR/size"
    server=$next cluster start 1
    server=$base cluster start 2
    server=$next cluster start 3
    wait_for serves 3
    same "$(status 1 level)" 1
}

test_the_base_is_an_ancestor() {
    git -C "$root" merge-base --is-ancestor "$(<"$root/tests/e2e/upgrade/BASE")" HEAD ||
        fail "tests/e2e/upgrade/BASE names a commit that this tree does not come from"
}
