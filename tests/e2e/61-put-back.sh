# shellcheck shell=bash
# Data directories that are put back from older copies, or copied, and ids that are given twice. A node that has
# forgotten what it promised must neither vote nor count, and who comes second to an id harms nobody.

# The lines of node $1's log behind the first $2.
log_after() {
    tail -n +"$(($2 + 1))" "$CLEAT_DIR/$1/log"
}

# Stops node $1, keeps a copy of its directory, and starts it again.
copy_of() {
    cluster "${2:-stop}" "$1"
    cp -a "$CLEAT_DIR/$1/data" "$directory/copy"
    cluster start "$1"
}

# Kills node $1 if it runs, puts the copy back, and starts it. What its log said before is gone.
put_back() {
    cluster kill "$1" 2>/dev/null || true
    rm -rf "$CLEAT_DIR/$1/data"
    cp -a "$directory/copy" "$CLEAT_DIR/$1/data"
    : >"$CLEAT_DIR/$1/log"
    cluster start "$1"
}

write_some() { # NODE PREFIX COUNT
    local i
    for ((i = 0; i < $3; i++)); do
        printf 'write %s%d 1\nx\n' "$2" "$i"
    done | say "$1" >/dev/null
}

# The copy is of a node that was stopped, or killed: $1.
put_back_after() {
    fresh_cluster 3 --timeout-ms 1000
    local victim leader third
    leader=$(cluster leader)
    victim=$(others "$leader")
    third=${victim##* }
    victim=${victim%% *}
    write_some "$leader" a 20
    copy_of "$victim" "$1"
    write_some "$leader" b 30
    wait_for level 1 2 3
    put_back "$victim"
    wait_for status_is "$victim" role learner
    matches "$(status "$victim" learner_reason)" "*older copy*wipe the directory*"
    logged "$victim" 'event=rolled_back peer=[0-9] reason="an older copy .*wipe the directory' ||
        fail "its own log does not say what to do"
    logged "$leader" "event=peer_rolled_back peer=$victim .*wipe that" || fail "the leader's log does not say so"
    same "$(status_of "$leader" "$victim" role)" learner
    third_knows() {
        [[ $(status_of "$third" "$victim" role) == learner ]]
    }
    wait_for third_knows
    # It has all that there is, and serves it.
    wait_for level 1 2 3
    matches "$(ask "$victim" "read b29")" "CONTENTS * 1 0"$'\n'x
    # After a restart as well.
    cluster stop "$victim"
    cluster start "$victim"
    wait_for status_is "$victim" role learner
    # It does not count: without the third nothing is decided, and nobody is told that something was.
    cluster kill "$third"
    matches "$(ask "$leader" "write c 1" x)" "ERR_@(NO_LEADER|TIMEOUT) ?*"
    cluster start "$third"
    written() {
        [[ $(ask "$victim" "write c 1" x) == OK* ]]
    }
    wait_for written
}

test_a_directory_put_back_does_not_vote_and_says_so() {
    put_back_after stop
}

test_a_directory_put_back_after_a_crash_does_not_vote_and_says_so() {
    local victim
    put_back_after kill
    # Wiped it is a learner like any other, without a word of older copies.
    victim=$(cluster status | awk '/learner/ { print $1; exit }')
    cluster stop "$victim"
    cluster wipe "$victim"
    : >"$CLEAT_DIR/$victim/log"
    cluster start "$victim"
    wait_for status_is "$victim" role learner
    matches "$(status "$victim" learner_reason)" "*new to the cluster*"
}

# True once node $1 is linked to node $2.
linked() {
    [[ $(status_of "$1" "$2" link) == up ]]
}

# The leader dies; the others have met the last process too, and know as well as it did.
test_a_directory_put_back_does_not_vote_without_the_leader_either() {
    fresh_cluster 5 --timeout-ms 1000
    local leader victim rest
    leader=$(cluster leader)
    rest=$(others "$leader")
    victim=${rest%% *}
    copy_of "$victim"
    write_some "$leader" b 30
    wait_for level 1 2 3 4 5
    for rest in $(others "$victim"); do
        wait_for linked "$rest" "$victim"
    done
    cluster kill "$victim"
    cluster kill "$leader"
    put_back "$victim"
    wait_for status_is "$victim" role learner
    ! logged "$victim" "event=(candidate|leader) " || fail "it stood"
    matches "$(ask "$victim" "read b29")" "CONTENTS * 1 0"$'\n'x
}

# A node is restarted a hundred ways without being taken for a copy.
test_a_node_that_is_only_restarted_is_a_voter() {
    fresh_cluster 3 --timeout-ms 1000
    local i node
    for ((i = 0; i < 12; i++)); do
        node=$((i % 3 + 1))
        write_some "$((i % 3 + 1))" "r$i-" 5
        cluster "$( ((i % 2)) && echo kill || echo stop)" "$node"
        cluster start "$node"
    done
    wait_for level 1 2 3
    for node in 1 2 3; do
        ! logged "$node" "rolled_back|duplicate_id" || fail "node $node was taken for something else"
    done
    written() {
        [[ $(ask 2 "write z 1" x) == OK* ]]
    }
    wait_for written
}

# A second process with id $1, on directory $2, with an address of its own; its log is $directory/second.
second_process() {
    local id=$1 data=$2 first node members=
    first=$(free_ports 2)
    for node in 1 2 3; do
        members+=${members:+,}$node=127.0.0.1:$((node == id ? first : CLEAT_PEER_PORT + node - 1))
    done
    : >"$directory/second"
    background "$server" --id "$id" --cluster "$members" --listen "127.0.0.1:$((first + 1))" --data "$data" \
        2>>"$directory/second"
    second=$!
}

second_says() {
    grep -qE "$1" "$directory/second"
}

# A copied directory, and an --id that was typed twice: all three ids, each with a copy and with nothing.
test_the_same_id_twice_harms_nobody_and_is_told() {
    fresh_cluster 3
    local id kind said node unknown=0 i
    local -a lines=()
    for id in 3 2 1; do
        said=0
        for kind in copy empty; do
            rm -rf "$directory/twin"
            if [[ $kind == copy ]]; then
                cluster stop "$id"
                cp -a "$CLEAT_DIR/$id/data" "$directory/twin"
                cluster start "$id"
                wait_for level 1 2 3
            fi
            for node in 1 2 3; do
                lines[node]=$(wc -l <"$CLEAT_DIR/$node/log")
            done
            second_process "$id" "$directory/twin"
            wait_for second_says 'event=duplicate_id peer=[0-9] address=[0-9.:]* reason="another process runs with'
            # Meanwhile the first one's clients notice nothing.
            for ((i = 0; i < 50; i++)); do
                [[ $(ask "$id" "write $kind$id-$i 1" x) == OK* ]] || unknown=$((unknown + 1))
            done
            same "$unknown" 0 "writes without OK beside a second node $id ($kind)"
            # The others say so too, once, and nobody fills a log.
            for node in 1 2 3; do
                log_after "$node" "${lines[node]}" >"$directory/after"
                said=$((said + $(grep -cE "event=link_refused peer=$id .*another process runs with its --id" \
                    "$directory/after" || true)))
                (($(wc -l <"$directory/after") < 40)) || fail "node $node filled its log"
            done
            (($(wc -l <"$directory/second") < 40)) || fail "the second process filled its log"
            kill "$second"
            wait "$second" || true
        done
        ((said >= 1 && said <= 2)) || fail "said $said times of node $id"
    done
    for node in 1 2 3; do
        status_is "$node" role leader || status_is "$node" role follower || fail "node $node is no voter any more"
    done
}

# The other way round: a stranger has the place, and the member comes back to it.
test_the_member_takes_its_place_from_a_stranger() {
    fresh_cluster 3
    write_some 1 a 5
    wait_for level 1 2 3
    cluster kill 3
    second_process 3 "$directory/twin"
    wait_for second_says 'event=learner'
    cluster start 3
    wait_for second_says 'event=duplicate_id'
    wait_for level 1 2 3
    cluster status >/dev/null
    status_is 3 role follower || status_is 3 role leader || fail "node 3 does not vote"
}
