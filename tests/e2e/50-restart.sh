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

# True once node $1 says that it has known no leader for so long that $2 matches.
leaderless() {
    [[ $(ask "$1" "read file-100 stale") == *" leaderless_s="$2$'\n'* ]]
}

# 200 files through three nodes. All of them are known to be committed everywhere.
write_200_files() {
    local node i
    for node in 1 2 3; do
        for ((i = 99 + node; i < 300; i += 3)); do
            printf 'write file-%d 3\n%d\n' "$i" "$i"
        done | say "$node" >"$directory/written"
        same "$(grep -c '^OK ' "$directory/written")" "$(wc -l <"$directory/written")" "node $node"
    done
    wait_for level 1 2 3
}

# Node 2 is started alone, and has all of the 200 files: to text, to cleat, and to HTTP. It says how far it goes.
all_200_are_there_alone() { # REVISION: it has come at least so far
    local least=$1 i lines revision folder=$directory/saved
    cluster start 2
    lines=$(ask 2 "list prefix=file- limit=1000 stale")
    same "$(grep -c '^file-' <<<"$lines")" 200 "files that are there"
    for i in 100 199 299; do
        matches "$(ask 2 "read file-$i stale")" "CONTENTS [0-9]* 3 0 stale revision=*"$'\n'"$i"
    done
    wait_for leaderless 2 "[1-9]"
    lines=$(ask 2 "list limit=1 stale")
    revision=$(sed -n 's/^LIST .* stale revision=\([0-9]*\) leaderless_s=[0-9]*$/\1/p' <<<"$lines")
    ((revision >= least)) || fail "it goes up to '$revision' ($lines)"
    cleat() {
        "${BUILD:-$root/build}/cleat" --endpoints "127.0.0.1:$(port 2)" "$@" 2>"$directory/stderr"
    }
    same "$(cleat get --stale file-250)" 250
    grep -qE "^cleat: get: .* no leader for [0-9]+ s: .* revision $revision" "$directory/stderr" ||
        fail "$(<"$directory/stderr")"
    cleat get -r --stale "" "$folder"
    same "$(find "$folder" -name 'file-*' | wc -l)" 200 "files that were saved"
    same "$(grep -c "no leader for" "$directory/stderr")" 1 "it says so once"
    matches "$(cleat get --stale --json file-250)" "*\"stale\":true,\"revision\":$revision,\"leaderless_s\":[0-9]*"
    curl -s -D "$directory/headers" "http://127.0.0.1:$(port 2)/files/file-250?stale" >/dev/null
    grep -qi "^Cleat-Revision: $revision" "$directory/headers" || fail "$(<"$directory/headers")"
    grep -qiE "^Cleat-Leaderless: [0-9]+" "$directory/headers" || fail "$(<"$directory/headers")"
    # The others come back: nothing of this was a lie.
    cluster up
    answers 1 "read file-299" -- "$(ask 1 "read file-299")"
    same "$(ask 3 "list prefix=file- limit=1000" | grep -c '^file-')" 200
}

test_a_start_without_a_majority_after_a_stop_has_all_that_was_acknowledged() {
    fresh_cluster 3
    write_200_files
    cluster down
    all_200_are_there_alone 200
}

# What was acknowledged in the last moments may not be known; so they are others' than those of the files. For a second
# there is load, as there is no rest in it in which the log would be closed.
test_a_start_without_a_majority_after_a_kill_has_what_was_acknowledged_long_before() {
    local node begun_ms
    fresh_cluster 3
    write_200_files
    begun_ms=$(now_ms)
    until (($(now_ms) - begun_ms > 1000)); do
        matches "$(ask 1 "write later 1" x)" "OK [0-9]*"
    done
    for node in 1 2 3; do
        cluster kill "$node" &
    done
    wait
    all_200_are_there_alone 200
}
