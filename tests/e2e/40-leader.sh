# shellcheck shell=bash
# The leader dies, leaves, or sleeps, and clients of the other nodes are none the wiser.

# Starts pipelined writers on the given nodes; their process is $writers, what they print is in $directory/hammer.
hammer() {
    "$tools/hammer" --ports "$(ports "$@")" --connections 16 --depth 64 --files 5 --alone \
        --journal "$directory/journal" >"$directory/hammer" 2>&1 &
    writers=$!
    started+=("$writers")
}

# $1 more changes than now have been made, seen from node $2.
more_changes() {
    wait_for revision_reached "$2" $(($(status "$2" revision) + $1))
}

hammer_ends() {
    kill -TERM "$writers"
    wait "$writers" || fail "$(<"$directory/hammer")"
    cat "$directory/hammer"
}

is_led_by_another() { # NODE OLD: node's leader is known, and not OLD
    local leader
    leader=$(status "$1" leader)
    [[ -n $leader && $leader != 0 && $leader != "$2" ]]
}

test_the_leader_is_killed_under_load() {
    fresh_cluster 5
    local leader first rest
    leader=$(cluster leader)
    rest=$(others "$leader")
    first=${rest%% *}
    # shellcheck disable=SC2086
    hammer $rest
    more_changes 2000 "$first"
    cluster kill "$leader"
    more_changes 2000 "$first"
    cluster start "$leader"
    more_changes 2000 "$first"
    hammer_ends
    # shellcheck disable=SC2046
    wait_for level $(seq 1 5)
    "$tools/ledger" --ports "$(ports 1 2 3 4 5)" --files 5 "$directory/journal"
}

test_two_leaders_in_a_row_are_killed_under_load() {
    fresh_cluster 5
    local first second rest
    first=$(cluster leader)
    # The clients are at two nodes; whoever leads is killed unless it is one of those: there the connection would break.
    rest=$(others "$first")
    # shellcheck disable=SC2086
    set -- $rest
    hammer "$1" "$2"
    more_changes 1000 "$1"
    cluster kill "$first"
    more_changes 1000 "$1"
    second=$(cluster leader)
    if [[ $second == "$1" || $second == "$2" ]]; then
        second=$3
    fi
    cluster kill "$second"
    more_changes 1000 "$1"
    hammer_ends
    "$tools/ledger" --ports "$(ports "$1" "$2")" --files 5 "$directory/journal"
    cluster start "$first"
    cluster start "$second"
    # shellcheck disable=SC2046
    wait_for level $(seq 1 5)
    "$tools/ledger" --ports "$(ports 1 2 3 4 5)" --files 5 "$directory/journal"
}

test_a_leader_that_is_told_to_end_hands_over() {
    # Elections are slow here: it is the handing over that is fast.
    fresh_cluster 5 --election-ms 2000-2500
    local leader first rest begun
    leader=$(cluster leader)
    rest=$(others "$leader")
    first=${rest%% *}
    # shellcheck disable=SC2086
    hammer $rest
    more_changes 1000 "$first"
    begun=$(now_ms)
    cluster stop "$leader"
    wait_for is_led_by_another "$first" "$leader"
    more_changes 1000 "$first"
    (($(now_ms) - begun < 1500)) || fail "it took $(($(now_ms) - begun)) ms"
    hammer_ends
    cluster start "$leader"
    # shellcheck disable=SC2046
    wait_for level $(seq 1 5)
    "$tools/ledger" --ports "$(ports 1 2 3 4 5)" --files 5 "$directory/journal"
}

test_the_leader_is_paused_and_resumed_under_load() {
    fresh_cluster 5
    local leader first rest version
    leader=$(cluster leader)
    rest=$(others "$leader")
    first=${rest%% *}
    # shellcheck disable=SC2086
    hammer $rest
    more_changes 1000 "$first"
    cluster pause "$leader"
    wait_for is_led_by_another "$first" "$leader"
    more_changes 1000 "$first"
    hammer_ends
    version=$(ask "$first" "write fresh 1" x)
    cluster resume "$leader"
    # It slept through all this, and must not answer from what it remembers.
    matches "$(ask "$leader" "read fresh")" "CONTENTS ${version#OK } 1 0"$'\n'x
    wait_for status_is "$leader" role follower
    # shellcheck disable=SC2046
    wait_for level $(seq 1 5)
    "$tools/ledger" --ports "$(ports 1 2 3 4 5)" --files 5 "$directory/journal"
}

test_reads_are_never_stale_while_leaders_come_and_go() {
    fresh_cluster 5
    local leader chaser
    background "$tools/chase" --ports "$(ports 1 2 3 4 5)"
    chaser=$!
    for what in kill pause kill pause; do
        leader=$(cluster leader)
        cluster "$what" "$leader"
        local rest
        rest=$(others "$leader")
        wait_for is_led_by_another "${rest%% *}" "$leader"
        more_changes 20 "${rest%% *}"
        if [[ $what == kill ]]; then
            cluster start "$leader"
        else
            cluster resume "$leader"
        fi
    done
    kill -TERM "$chaser"
    wait "$chaser"
}

test_without_a_majority_commands_fail_in_time_and_nothing_is_made_up() {
    fresh_cluster 5 --timeout-ms 400
    answers 1 "write a 1" x -- "OK 1"
    cluster kill 3
    cluster kill 4
    cluster kill 5
    local begun reply
    begun=$(now_ms)
    for node in 1 2; do
        reply=$(ask "$node" "write a 1" y)
        matches "$reply" "ERR_@(NO_LEADER|TIMEOUT) ?*"
        matches "$(ask "$node" "read a")" "ERR_@(NO_LEADER|TIMEOUT) ?*"
        answers "$node" ping -- PONG
    done
    (($(now_ms) - begun < 8000)) || fail "answered late"
    cluster start 4
    wait_for ask_ok 1 "read a"
    matches "$(ask 4 "read a")" $'CONTENTS ? 1 0\n[xy]'
    same "$(ask 1 "read a")" "$(ask 2 "read a")"
}

ask_ok() { # NODE LINE: the reply is no error
    [[ $(ask "$@") != ERR_* ]]
}
