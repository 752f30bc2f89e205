# shellcheck shell=bash
# What changes several files at once, lists them, or is done once, through all nodes of a cluster.

test_every_verb_through_another_node() {
    fresh_cluster 5
    answers 1 "append a 3" abc "append a 2" de "stat a" -- \
        "OK 1" "OK 2" "STAT version=2 size=5 exptime=0 created=1 xxh3=55c65158ee9e652d"
    answers 2 "incr n 5" "incr n -7" "read n" -- "OK 3 5" "OK 4 -2" "CONTENTS 4 2 0" -2
    answers 3 "copy a b" "copy a b 0" "copy a c 0" "read c" -- "OK 5" "ERR_VERSION 5" "OK 6" "CONTENTS 6 5 0" abcde
    answers 4 "move b d" "read b" "move b d" "read d" -- \
        "OK 7" ERR_FILE_NOT_FOUND ERR_FILE_NOT_FOUND "CONTENTS 7 5 0" abcde
    answers 5 "touch a 100" "read a" "touch b 1" -- "OK 2" "CONTENTS 2 5 100" abcde ERR_FILE_NOT_FOUND
    answers 1 "delete a 1" "delete a 2" "delete a 2" "list" -- \
        "ERR_VERSION 2" OK ERR_FILE_NOT_FOUND "LIST 8 24 end" "c 6 5 0" "d 7 5 0" "n 4 2 0"
}

test_a_swap_through_each_node() {
    fresh_cluster 5
    answers 1 "write a 3 100" one "write b 5" other -- "OK 1" "OK 2"
    answers 2 "swap a b" "read a" "read b" -- "OK 3" "CONTENTS 3 5 0" other "CONTENTS 3 3 100" one
    answers 3 "swap a b 3 3 once=s" "swap a b 3 3 once=s" "read a" -- "OK 4" "OK 4" "CONTENTS 4 3 100" one
    answers 4 "swap a b 3 4" "swap a b 4 3" "swap b a 4 9" "swap a b 0 0" -- \
        "ERR_VERSION 4 a" "ERR_VERSION 4 b" "ERR_VERSION 4 a" "ERR_VERSION 4 a"
    answers 5 "swap a none" "swap none a 0 4" "swap gone none" -- \
        "ERR_FILE_NOT_FOUND none" "ERR_FILE_NOT_FOUND none" "ERR_FILE_NOT_FOUND gone"
    answers 1 txn "swap a b 4 4" "write c 1" x commit "read b" -- "OK 5" "CONTENTS 5 3 100" one
    answers 2 txn "write d 1" x "swap a b 5 4" commit txn "swap a none" "write d 1" x commit -- \
        "ERR_VERSION 5 b" "ERR_FILE_NOT_FOUND none"
    matches "$(ask 3 txn "swap a b" "incr b 1" commit ping)" $'ERR_CMD_ERR *same file*\nPONG'
    answers 4 "read d" -- ERR_FILE_NOT_FOUND
}

test_every_error() {
    fresh_cluster 5 --value-max 1000
    local most
    most=$(printf 'v%.0s' {1..600})
    answers 1 "write a 600" "$most" "write x 1" y -- "OK 1" "OK 2"
    matches "$(ask 2 "append a 600" "$most" ping)" $'ERR_TOO_BIG ?*\nPONG'
    matches "$(ask 3 "incr x 1" ping)" $'ERR_NOT_A_NUMBER ?*\nPONG'
    answers 4 "write n 19" 9223372036854775807 -- "OK 3"
    matches "$(ask 5 "incr n 1")" "ERR_NOT_A_NUMBER ?*"
    local bad
    for bad in "touch a" "touch a soon" "touch a 5 x" "touch a 5 6 7" "incr a 1 x" "incr a 1 2 3" \
        "copy a a" "copy a" "swap a a" "swap a" \
        "swap a x 1" "swap a x 1 2 3" "swap a x 1 y" "move a b c" "incr a one" "incr a 9223372036854775808" \
        "delete a x" "list limit=0" "list limit=10001" "list a b" "list delim=ab" "stat" "read a later" \
        "delete a once=" "if a 1" commit cancel; do
        matches "$(ask 1 "$bad" ping)" $'ERR_CMD_ERR ?*\nPONG' "'$bad'"
    done
    matches "$(ask 1 "txn now" "write a 1" x commit ping)" $'ERR_CMD_ERR ?*\nPONG'
    answers 2 "copy none b" "move none b" "delete none 1" "copy a b 7" -- \
        ERR_FILE_NOT_FOUND ERR_FILE_NOT_FOUND ERR_FILE_NOT_FOUND "ERR_VERSION 0"
    same "$(settled 1 revision)" 3
}

test_listings_by_page_and_folder() {
    fresh_cluster 3
    local name
    for name in a docs/1 docs/2 docs/old/3 src/x z; do
        printf 'write %s 1\nx\n' "$name"
    done | say 1 >/dev/null
    answers 2 "list delim=/" "list docs/ delim=/" "list limit=2" "list limit=2 after=docs/1" -- \
        "LIST 6 27 end" "a 1 1 0" docs/ src/ "z 6 1 0" "" \
        "LIST 6 36 end" "docs/1 2 1 0" "docs/2 3 1 0" docs/old/ "" \
        "LIST 6 21 more" "a 1 1 0" "docs/1 2 1 0" "" \
        "LIST 6 30 more" "docs/2 3 1 0" "docs/old/3 4 1 0"
    matches "$(ask 3 "list none" | head -n 1)" "LIST 6 0 end"
}

# Once a leader took no transaction from another node whose lines together had more bytes than one file may have.
test_a_transaction_around_the_largest_file() {
    fresh_cluster 3 --value-max 1000
    local node most
    most=$(printf 'v%.0s' {1..1000})
    for node in 1 2 3; do
        answers "$node" txn "if a-$node absent" "write a-$node 1000" "$most" "write log-$node 2" ok commit -- "OK $node"
    done
}

test_a_transaction_through_each_node() {
    fresh_cluster 5
    local node
    ask 1 "write balance 3" 100 >/dev/null
    for node in 1 2 3 4 5; do
        answers "$node" txn "if balance present" "incr balance -10" "incr paid-$node 10" "write log-$node 2" ok commit \
            "read paid-$node" -- "OK $((node + 1))" "CONTENTS $((node + 1)) 2 0" 10
    done
    answers 3 "read balance" "read log-5" -- "CONTENTS 6 2 0" 50 "CONTENTS 6 2 0" ok
    answers 4 txn "incr balance -10" "if paid-1 absent" commit -- "ERR_VERSION 2 paid-1"
    answers 5 txn "incr balance -10" "delete nothing" commit -- "ERR_FILE_NOT_FOUND nothing"
    answers 1 txn "incr balance -10" cancel "read balance" -- OK "CONTENTS 6 2 0" 50
    # One that never comes to its commit.
    same "$(ask 2 txn "incr balance -10")" ""
    answers 3 "read balance" -- "CONTENTS 6 2 0" 50
}

test_a_token_through_two_nodes_counts_once() {
    fresh_cluster 5
    answers 1 "incr n 1 once=order-17" -- "OK 1 1"
    answers 2 "incr n 1 once=order-17" "incr n 1 once=order-18" -- "OK 1 1" "OK 2 2"
    answers 3 "txn once=both" "incr n 1" "write a 1" x commit -- "OK 3"
    answers 4 "txn once=both" "incr n 1" "write a 1" x commit "read n" -- "OK 3" "CONTENTS 3 1 0" 3
    answers 5 "delete none once=d" "write none 1" x "delete none once=d" -- \
        ERR_FILE_NOT_FOUND "OK 4" ERR_FILE_NOT_FOUND
}

test_a_token_outlives_the_leader() {
    fresh_cluster 5
    local leader node
    leader=$(cluster leader)
    answers "$leader" "incr n 1 once=order-17" -- "OK 1 1"
    cluster kill "$leader"
    for node in $(others "$leader"); do
        wait_for incr_says "$node" "OK 1 1"
    done
    cluster start "$leader"
    wait_for incr_says "$leader" "OK 1 1"
    answers "$leader" "read n" -- "CONTENTS 1 1 0" 1
}

incr_says() { # NODE ANSWER
    [[ $(ask "$1" "incr n 1 once=order-17") == "$2" ]]
}

# All nodes lose their processes; what was decided is in log and snapshot, tokens too.
test_a_token_outlives_all_nodes() {
    fresh_cluster 3 --snapshot-every 4096
    local node
    answers 2 "incr n 1 once=order-17" -- "OK 1 1"
    for _ in {1..200}; do
        printf 'write filler 50\n%050d\n' 0
    done | say 2 >/dev/null
    wait_for has_snapshot 1
    for node in 1 2 3; do
        cluster kill "$node"
    done
    cluster up 3
    wait_for incr_says 3 "OK 1 1"
    answers 1 "read n" -- "CONTENTS 1 1 0" 1
}

has_snapshot() {
    (($(status "$1" snapshot_index) > 1))
}

leaderless() { # NODE
    [[ $(ask "$1" "read a stale") == *leaderless_s=* ]]
}

test_an_answer_from_the_own_copy_needs_no_majority() {
    fresh_cluster 3
    answers 1 "write a 1" x -- "OK 1"
    wait_for revision_reached 3 1
    cluster kill 1
    cluster kill 2
    wait_for leaderless 3
    matches "$(ask 3 "read a stale" "stat b stale" "list stale")" \
        $'CONTENTS 1 1 0 stale revision=1 leaderless_s=[0-9]*\nx
ERR_FILE_NOT_FOUND stale revision=1 leaderless_s=[0-9]*
LIST 1 8 end stale revision=1 leaderless_s=[0-9]*\na 1 1 0'
}

# A lock expires, and another client takes it: whoever held it before can neither prolong it nor cut it short.
test_a_former_holder_cannot_touch_a_lock() {
    fresh_cluster 3
    answers 1 "cas lock 0 5 1" alice -- "OK 1"
    wait_for is_gone lock
    answers 2 "cas lock 0 3 3600" bob -- "OK 3"
    answers 3 "touch lock 9999 1" "touch lock 1 1" "touch lock 1 0" "touch none 1 0" "touch lock 5000 3" "read lock" \
        txn "touch lock 1 1" "write a 1" x commit txn "touch lock 7000 3" "write a 1" x commit "read lock" -- \
        "ERR_VERSION 3" "ERR_VERSION 3" "ERR_VERSION 3" ERR_FILE_NOT_FOUND "OK 3" "CONTENTS 3 3 5000" bob \
        "ERR_VERSION 3 lock" "OK 4" "CONTENTS 3 3 7000" bob
}

# The first of many that count or append says how long what it creates lives; the others do not change that.
test_a_life_is_for_what_is_created() {
    fresh_cluster 3
    answers 1 "incr n 1 3600" "read n" "incr n 1 9999" "read n" "append l 1 3600" a "append l 1 9999" b "read l" -- \
        "OK 1 1" "CONTENTS 1 1 3600" 1 "OK 2 2" "CONTENTS 2 1 3600" 2 "OK 3" "OK 4" "CONTENTS 4 2 3600" ab
    answers 2 "incr m 1" "incr m 1 5" "read m" txn "incr o 7 3600" "append p 1 3600" x "incr n 1 5" commit -- \
        "OK 5 1" "OK 6 2" "CONTENTS 6 1 0" 2 "OK 7"
    answers 3 "read o" "read p" "read n" "incr short 1 1 once=s" "incr short 1 1 once=s" -- \
        "CONTENTS 7 1 3600" 7 "CONTENTS 7 1 3600" x "CONTENTS 7 1 3600" 3 "OK 8 1" "OK 8 1"
    wait_for is_gone short
    matches "$(ask 1 "incr short 1 0" "read short")" $'OK 10 1\nCONTENTS 10 1 0\n1'
}

test_a_touched_file_lives_on() {
    fresh_cluster 3
    ask 1 "write a 1 2" x "write b 1 2" x "touch a 0" >/dev/null
    wait_for is_gone b
    answers 2 "read a" -- "CONTENTS 1 1 0" x
}

is_gone() {
    [[ $(ask 3 "read $1") == ERR_FILE_NOT_FOUND ]]
}
