# shellcheck shell=bash
# Many clients at once.

test_500_writers_and_100_counters_through_all_nodes() {
    fresh_cluster 5
    local all writers
    all=$(ports 1 2 3 4 5)
    background "$tools/hammer" --ports "$all" --connections 500 --depth 4 --count 40 --journal "$directory/journal"
    writers=$!
    "$tools/counter" --ports "$all" --connections 100 --count 10 sum
    wait "$writers"
    answers 3 "read sum" -- "CONTENTS $(ask 1 "read sum" | cut -d ' ' -f 2 -s) 4 0" 1000
    same "$(wc -l <"$directory/journal")" 20000
    # All that was changed was changed once.
    same "$(settled 1 revision)" 21000
    "$tools/ledger" --ports "$all" "$directory/journal"
}

test_versions_have_no_gap() {
    fresh_cluster 3
    "$tools/hammer" --ports "$(ports 1 2 3)" --connections 30 --depth 100 --count 1000 --files 7 --alone \
        --journal "$directory/journal"
    "$tools/ledger" --ports "$(ports 1 2 3)" --files 7 "$directory/journal"
    same "$(settled 2 revision)" 30000
}

test_reads_see_what_was_acknowledged_elsewhere() {
    fresh_cluster 5
    "$tools/chase" --ports "$(ports 1 2 3 4 5)" --seconds 2
}

test_a_node_with_all_its_connections_taken_says_so() {
    fresh_cluster 1 --connections-max 3
    exec 3<>"/dev/tcp/127.0.0.1/$(port 1)" 4<>"/dev/tcp/127.0.0.1/$(port 1)" 5<>"/dev/tcp/127.0.0.1/$(port 1)"
    local line
    for file in 3 4 5; do
        printf 'ping\n' >&"$file"
        IFS= read -r -t 10 line <&"$file"
        same "${line%$'\r'}" PONG
    done
    matches "$(say 1 </dev/null)" "ERR_BUSY ?*"
    exec 4>&-
    answered() {
        [[ $(ask 1 ping 2>/dev/null || true) == PONG ]]
    }
    wait_for answered
    exec 3>&- 5>&-
}

# A client whose machine is gone is found out: the system asks after it (timer 2 of a connection is that of keepalive).
test_idle_clients_are_asked_whether_they_are_there() {
    fresh_cluster 1
    local line
    exec 3<>"/dev/tcp/127.0.0.1/$(port 1)"
    printf 'ping\n' >&3
    IFS= read -r -t 10 line <&3
    asked_after() {
        grep -qE "^ *[0-9]+: 0100007F:$(printf '%04X' "$(port 1)") [0-9A-F:]+ 01 [0-9A-F:]+ 02:" /proc/net/tcp
    }
    wait_for asked_after
    exec 3>&-
}

# A client that asks for far more than it takes: the node does not put together what it cannot send.
test_many_long_listings_take_little_memory() {
    fresh_cluster 1
    local name i pid
    name=$(printf '%0230d' 0)
    for ((i = 0; i < 4000; i++)); do
        printf 'write %s-%05d 1\nx\n' "$name" "$i"
    done >"$directory/writes"
    same "$(say 1 <"$directory/writes" | grep -c OK)" 4000
    for ((i = 0; i < 200; i++)); do
        printf 'list limit=10000\n'
    done >"$directory/lists"
    pid=$(cluster pid 1)
    same "$(say_raw 1 <"$directory/lists" | grep -c '^LIST ')" 200 # 200 MiB
    (($(awk '/^VmHWM:/ { print $2 }' "/proc/$pid/status") < 65536)) || fail "$(grep VmHWM "/proc/$pid/status")"
}
