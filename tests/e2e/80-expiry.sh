# shellcheck shell=bash
# Files that end by themselves.

gone() { # NODE NAME
    [[ $(ask "$1" "read $2") == ERR_FILE_NOT_FOUND ]]
}

exptime() { # NODE NAME
    ask "$1" "read $2" | cut -d ' ' -f 4 -s
}

# Waits until $1 ms have passed since $2 (as of now_ms): the only condition here is the time itself.
until_ms() {
    local left=$(($2 + $1 - $(now_ms)))
    ((left <= 0)) || sleep "$(printf '%d.%03d' $((left / 1000)) $((left % 1000)))"
}

test_expiry_ends_is_renewed_cancelled_and_begins_again() {
    fresh_cluster 5
    local begun written
    begun=$(now_ms)
    answers 1 "write ends 1 2" x "write renewed 1 2" x "write by-cas 1 2" x "write cancelled 1 2" x \
        "write cancelled-by-cas 1 2" x "write deleted 1 2" x -- "OK 1" "OK 2" "OK 3" "OK 4" "OK 5" "OK 6"
    written=$(now_ms)
    answers 2 "write renewed 1 5" y "cas by-cas 3 1 5" y "write cancelled 1" y "cas cancelled-by-cas 5 1 0" y \
        "delete deleted" "write deleted 1 5" y -- "OK 7" "OK 8" "OK 9" "OK 10" OK "OK 12"
    answers 3 "read cancelled" "read cancelled-by-cas" -- "CONTENTS 9 1 0" y "CONTENTS 10 1 0" y
    same "$(exptime 3 ends)" 2
    until_ms 1050 "$written"
    same "$(exptime 4 ends)" 1 "it counts down"
    matches "$(exptime 4 renewed)" "[45]"
    wait_for 3 gone 5 ends
    (($(now_ms) - begun >= 1950)) || fail "it ended early"
    local node
    for node in 1 2 3 4 5; do
        answers "$node" "read ends" -- "ERR_FILE_NOT_FOUND"
        for name in renewed by-cas cancelled cancelled-by-cas deleted; do
            matches "$(ask "$node" "read $name")" $'CONTENTS * 1 *\ny' "$name"
        done
    done
    # Its end was a change like any other, with a version of its own.
    answers 1 "cas ends 1 1" z "cas ends 0 1" z -- "ERR_VERSION 0" "OK 14"
    until_ms 4500 "$begun"
    for name in renewed by-cas deleted; do
        wait_for 5 gone 1 "$name"
    done
    (($(now_ms) - begun >= 4950)) || fail "they ended early"
    answers 2 "read cancelled" "read cancelled-by-cas" -- "CONTENTS 9 1 0" y "CONTENTS 10 1 0" y
}

test_expiry_goes_on_through_a_change_of_leader() {
    fresh_cluster 5
    local leader node begun
    leader=$(cluster leader)
    node=$(others "$leader")
    node=${node%% *}
    begun=$(now_ms)
    answers "$node" "write a 1 2" x "write b 1 100" y -- "OK 1" "OK 2"
    cluster kill "$leader"
    matches "$(ask "$node" "read a")" $'CONTENTS 1 1 *\nx'
    wait_for 5 gone "$node" a
    (($(now_ms) - begun >= 1950)) || fail "it ended early"
    (($(now_ms) - begun < 4000)) || fail "it lived for $(($(now_ms) - begun)) ms"
    matches "$(ask "$node" "read b")" $'CONTENTS 2 1 9?\ny'
}

test_what_is_shown_is_rounded_up_and_never_0() {
    fresh_cluster 1
    answers 1 "write a 1 1" x -- "OK 1"
    local shown
    until shown=$(ask 1 "read a") && [[ $shown == ERR_FILE_NOT_FOUND ]]; do
        same "$shown" $'CONTENTS 1 1 1\nx'
    done
    answers 1 "write a 1 4294967295" x "read a" -- "OK 3" "CONTENTS 3 1 4294967295" x
    matches "$(ask 1 "write a 1 4294967296" x)" "ERR_CMD_ERR ?*"
}

test_many_files_expire() {
    fresh_cluster 3
    awk 'BEGIN { for (i = 0; i < 5000; i++) printf "write many-%d 1 1\nx\n", i }' | say 2 >"$directory/replies"
    same "$(grep -c '^OK' "$directory/replies")" 5000
    for node in 1 2 3; do
        wait_for 10 status_is "$node" files 0
    done
    same "$(settled 1 revision)" 10000
}

# The cluster's time is in its log: a leader that is stopped leaves it there before it hands over, so that a stop of all
# nodes after that does not give back the time that had passed.
test_expiry_time_that_passed_is_kept_over_a_stop_of_all_nodes() {
    fresh_cluster 3
    local written
    answers 1 "write ends 1 60" x -- "OK 1"
    written=$(now_ms)
    until_ms 2100 "$written"
    cluster stop "$(cluster leader)" >/dev/null
    cluster down >/dev/null
    cluster up 3 >/dev/null
    matches "$(exptime 2 ends)" "5[0-8]"
}
