# shellcheck shell=bash
# cleat, the command-line client, and its verb bench.

cleat=${BUILD:-$root/build}/cleat

endpoints() { # NODE...
    local node list=
    for node in "$@"; do
        list+=${list:+,}127.0.0.1:$(port "$node")
    done
    printf '%s\n' "$list"
}

# Runs bench on nodes 1 to 3, and keeps its files; the report, as JSON, goes to $directory/report.
bench() {
    "$cleat" bench --endpoints "$(endpoints 1 2 3)" --quiet --json --keep "$@" >"$directory/report" \
        2>"$directory/stderr"
}

# The first value of key $1 in the report. What concerns all operations comes before what is of one.
reported() {
    sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$directory/report" | head -n 1
}

# Fails unless value $1 of the report is from $2 to $3.
between() {
    awk -v value="$(reported "$1")" -v low="$2" -v high="$3" \
        'BEGIN { exit !(value != "" && value + 0 >= low && value + 0 <= high) }' ||
        fail "$1 is not from $2 to $3:"$'\n'"$(<"$directory/report")"
}

no_errors() {
    local key
    for key in errors unknown unanswered unsent bad_answers connections_lost; do
        same "$(reported "$key")" 0 "$key"
    done
}

test_bench_counts_what_was_done() {
    fresh_cluster 3
    bench --count 5000 --connections 20 --depth 8 --keys 100
    no_errors
    same "$(reported results)" 5000
    same "$(reported connected)" 20
    wait_for status_is 1 revision 5000 # each write took one number
    same "$(settled 1 files)" 100
    bench --count 2000 --mix write=30,read=30,cas=30,delete=10 --keys 100 --depth 4
    no_errors
    same "$(reported results)" 2000
    same "$(grep -c '"results"' "$directory/report")" 5 "all, and each of the four"
    between conflicts 1 1000
    between misses 1 1000
    between p50_us 1 1000000
    bench --count 500 --mix cas --distribution own --connections 10 --keys 50
    same "$(reported results)" 500
    between conflicts 0 50 # whose keys there were already: one each
}

test_bench_fills_before_it_reads() {
    fresh_cluster 3
    bench --mix read --count 1000 --keys 300
    same "$(reported misses)" 1000 "nothing is there"
    bench --fill --mix read --count 1000 --keys 300 --connections 7 --distribution zipf --warmup 0.1
    no_errors
    same "$(reported misses)" 0 "all is there"
    same "$(reported fill_failed)" 0
    wait_for status_is 2 files 300
    same "$(settled 2 revision)" 300
    bench --mix write,read --fill --size 300000 --keys 20 --depth 8 --count 200 --connections 4
    no_errors
    same "$(reported misses)" 0
    bench --mix write --exptime 100 --prefix short- --keys 1 --count 10 --connections 1
    matches "$(ask 1 "read short-0" | head -n 1)" "CONTENTS * 256 100"
}

test_bench_at_a_rate() {
    fresh_cluster 3
    bench --rate 400 --seconds 1.5 --arrivals even --warmup 0.5
    no_errors
    between results 590 610
    bench --rate 1000 --seconds 1 --mix read
    no_errors
    between results 800 1200 # six standard deviations
    bench --rate 1000 --count 300
    same "$(reported results)" 300
}

# Whatever it wrote is gone; what was there before, and what it only read, is not.
test_bench_removes_its_files() {
    local options
    fresh_cluster 3
    "$cleat" put bench-other --text mine --endpoints "$(endpoints 1)"
    for options in "--count 3000 --keys 500 --connections 20 --depth 8" "--fill --mix read --count 100 --keys 300" \
        "--mix cas,delete,write --count 2000 --keys 70" "--rate 500 --seconds 0.5 --mix cas --keys 64" \
        "--count 10 --keys 1 --prefix deep/er/ --fill" "--count 1 --keys 65 --distribution sequential"; do
        # shellcheck disable=SC2086 # words
        "$cleat" bench --endpoints "$(endpoints 1 2 3)" --quiet --json $options >"$directory/report" \
            2>"$directory/stderr" || fail "$options: $(<"$directory/stderr")"
        same "$(settled 1 files)" 1 "$options"
        same "$(<"$directory/stderr")" ""
    done
    bench --fill --keys 100 --mix read --count 100
    same "$(settled 1 files)" 101 "kept"
    "$cleat" bench --endpoints "$(endpoints 1 2 3)" --quiet --keys 100 --mix read,delete --count 5 >"$directory/stdout"
    (($(settled 1 files) > 95)) || fail "it removed what it did not write"
    same "$("$cleat" get bench-other --endpoints "$(endpoints 1)")" mine
}

# The second one has its options too, and a signal does behind it what it did before.
test_bench_twice_in_one_session() {
    local process code=0
    fresh_cluster 1
    mkfifo "$directory/commands"
    "$cleat" --endpoints "$(endpoints 1)" <"$directory/commands" >"$directory/stdout" 2>&1 &
    process=$!
    started+=("$process")
    {
        printf 'bench --count 100 --quiet\nbench --count 200 --quiet\n'
        wait_for grep -q 'write *200' "$directory/stdout"
        wait_for status_is 1 files 0
        printf 'put x --text y\nping -c 1000000\n'
        wait_for status_is 1 files 1
        kill -TERM "$process"
        wait "$process" || code=$?
    } >"$directory/commands"
    same "$code" 143
    same "$(grep -c '^write ' "$directory/stdout")" 2
    grep -q '^write *100 ' "$directory/stdout" || fail "$(<"$directory/stdout")"
}

# It is ended early, by Ctrl-C: then too; and where no server is left to be asked, what is left is said.
test_bench_removes_its_files_when_it_is_ended() {
    local process revision code=0
    fresh_cluster 1
    "$cleat" bench --endpoints "$(endpoints 1)" --connections 8 --quiet >"$directory/stdout" 2>"$directory/stderr" &
    process=$!
    started+=("$process")
    wait_for revision_reached 1 100
    kill -INT "$process"
    wait "$process" || fail "$(<"$directory/stderr")"
    same "$(settled 1 files)" 0
    revision=$(status 1 revision)
    "$cleat" bench --endpoints "$(endpoints 1)" --connections 8 --quiet --seconds 2 >"$directory/stdout" \
        2>"$directory/stderr" &
    process=$!
    started+=("$process")
    wait_for revision_reached 1 $((revision + 500))
    cluster kill 1
    wait "$process" || code=$?
    same "$code" 1
    matches "$(tail -n 1 "$directory/stderr")" \
        "cleat bench: +([0-9]) of its files are left, whose names begin with 'bench-': *Connection refused"
}

# In a closed loop one operation of each connection would have seen the pause: less than one in a hundred.
test_bench_at_a_rate_shows_a_pause() {
    fresh_cluster 1
    background "$cleat" bench --endpoints "$(endpoints 1)" --quiet --json --rate 500 --arrivals even --seconds 3 \
        --connections 2 >"$directory/report"
    wait_for revision_reached 1 100
    cluster pause 1
    sleep 1 # what is tested is a pause of this length
    cluster resume 1
    wait $!
    no_errors
    same "$(reported results)" 1500 "none was left out"
    between p90_us 300000 1500000
    between longest_gap_ms 900 2000
}

test_bench_goes_on_when_a_node_dies() {
    fresh_cluster 3
    background "$cleat" bench --endpoints "$(endpoints 1 2 3)" --connections 9 --depth 4 --seconds 4 --json \
        >"$directory/report" 2>"$directory/stderr"
    local process=$!
    wait_for revision_reached 1 1000
    cluster kill "$(cluster leader)"
    wait "$process" || fail "$(<"$directory/stderr")"
    same "$(reported connections_lost)" 3
    same "$(reported connections_reopened)" 3
    between unknown 0 12
    same "$(reported unanswered)" 0
    between longest_gap_ms 1 3000
    matches "$(tail -n 1 "$directory/stderr")" "* s *p50*p99*errors*"
}

test_bench_of_values_that_are_too_big() {
    fresh_cluster 1 --value-max 1000
    local code=0
    "$cleat" bench --endpoints "$(endpoints 1)" --quiet --json --size 5000000 --connections 2 --depth 3 --seconds 0.5 \
        >"$directory/report" || code=$?
    same "$code" 1 "exit status when nothing succeeded"
    between ERR_TOO_BIG 2 100000
    same "$(reported ERR_TOO_BIG)" "$(reported errors)"
    same "$(reported results)" 0
}

connected_to() { # NODE COUNT: besides who asks
    [[ $(status "$1" connections) == "$(($2 + 1))" ]]
}

test_bench_of_the_leader_alone_and_its_early_end() {
    fresh_cluster 3
    local leader process code=0
    leader=$(cluster leader)
    "$cleat" bench --endpoints "$(endpoints 1 2 3)" --leader --connections 8 >"$directory/stdout" 2>&1 &
    process=$!
    started+=("$process")
    wait_for connected_to "$leader" 8
    wait_for revision_reached "$leader" 100
    kill -INT "$process"
    wait "$process" || code=$?
    same "$code" 0 "exit status"
    grep -q '8 connections x 1, .*; interrupted$' "$directory/stdout" || fail "$(<"$directory/stdout")"
    grep -q '^write  *[1-9]' "$directory/stdout" || fail "$(<"$directory/stdout")"
    grep -q '^this client .* of one core' "$directory/stdout" || fail "$(<"$directory/stdout")"
}

fails_with() { # STATUS ARGUMENT...
    local code=0 expected=$1
    shift
    timeout 20 "$cleat" "$@" >"$directory/stdout" 2>"$directory/stderr" || code=$?
    same "$code" "$expected" "cleat $*"
    [[ -s $directory/stderr && ! -s $directory/stdout ]] || fail "cleat $*: no reason given, or on stdout"
}

test_cleat_without_a_server() {
    matches "$("$cleat" --help)" "*bench*help*"
    same "$("$cleat" help)" "$("$cleat" --help)"
    matches "$("$cleat" bench --help)" "*--endpoints*--mix*--rate*"
    same "$("$cleat" help bench)" "$("$cleat" bench --help)"
    matches "$("$cleat" --version)" "cleat +([0-9]).+([0-9]).+([0-9])?(-dev)"
    same "$("$cleat" </dev/null)" "" # no commands, nothing done
    fails_with 2 --nonsense
    fails_with 2 fly
    fails_with 2 help fly
    local options
    for options in --nonsense surplus "--connections 0" "--connections 10001" "--depth -1" "--mix fly" "--seconds" \
        "--endpoints nowhere:x" "--size 1e3" "--rate 0" "--keys 5 --connections 6 --distribution own" "--seconds 0"; do
        # shellcheck disable=SC2086
        fails_with 2 bench $options
    done
    use_cluster none
    fails_with 1 bench --endpoints "127.0.0.1:$CLEAT_PORT"
    CLEAT_ENDPOINTS=127.0.0.1:$CLEAT_PORT fails_with 1 bench
    (ulimit -n 64 && fails_with 1 bench --connections 100)
    (ulimit -Sn 64 && fails_with 1 bench --endpoints "127.0.0.1:$CLEAT_PORT" --connections 100)
    grep -q "no server is there" "$directory/stderr" || fail "it did not raise its limit: $(<"$directory/stderr")"
}
