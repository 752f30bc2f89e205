# shellcheck shell=bash
# Redis, one process, every write synced before its answer; loaded by redis-benchmark. See lib.sh for the words.

redis_lacks() {
    command -v redis-server >/dev/null || printf 'there is no redis-server\n'
    command -v redis-benchmark >/dev/null || printf 'there is no redis-benchmark\n'
}

redis_describe() {
    redis-server --version | sed -E 's/.* v=([^ ]+).*/Redis \1/'
}

redis_data() {
    printf '%s\n' "$work/$name/$1/data"
}

redis_node() {
    mkdir -p "$(redis_data "$1")"
    spawn_node "$1" redis-server --port "$(port "$1")" --bind 127.0.0.1 --dir "$(redis_data "$1")" \
        --appendonly yes --appendfsync always --save '' --maxclients 10500 --protected-mode no
}

redis_ask() { # COMMAND: prints the first line of its reply
    local line
    exec {connection}<>"/dev/tcp/127.0.0.1/$(port 1)" || return 1
    printf '%s\r\n' "$1" >&"$connection"
    IFS= read -r -t 5 line <&"$connection" || line=
    exec {connection}>&-
    printf '%s\n' "${line%$'\r'}"
}

redis_ready() {
    [[ $(redis_ask ping) == +PONG ]]
}

redis_leader() {
    printf '1\n'
}

# Values that cannot be compressed, as the others' cannot or are not.
redis_fill() {
    awk -v count="$1" -v size="$value_bytes" -v value="$(head -c "$value_bytes" /dev/urandom | base64 -w 0)" 'BEGIN {
        value = substr(value, 1, size)
        for (i = 0; i < count; i++)
            printf "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n%s\r\n", i, size, value
    }' | redis-cli -p "$(port 1)" --pipe >"$work/fill.out" 2>&1 || die "redis-cli: $(tail -n 1 "$work/fill.out")"
}

redis_has_file() {
    [[ $(redis_ask "get key:000000000007") == "\$$value_bytes" ]]
}

redis_run() { # OP CONNECTIONS DEPTH COUNT
    local test='set'
    [[ $1 == write ]] || test='get'
    redis-benchmark -p "$(port 1)" -t $test -r "$key_count" -d "$value_bytes" -c "$2" -P "$3" -n "$4" --csv \
        >"$work/load.out" 2>"$work/load.errors" ||
        complain "redis-benchmark: $(tail -n 1 "$work/load.errors")" || return 1
    # "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
    result=$(tail -n 1 "$work/load.out" | tr -d '"' | awk -F, '{ print $2, $5, $7, 0 }')
}

redis_load() {
    counted_load "$@"
}
