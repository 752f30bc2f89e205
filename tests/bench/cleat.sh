# shellcheck shell=bash
# Cleat; loaded by `cleat bench`. See lib.sh for the words. With $cleat_spread the clients go to all nodes alike, else
# to the leader. $cleat_options are for the nodes.

cleatd=${CLEATD:-$build/cleatd}
cleat=$build/cleat
cleat_spread=
cleat_options=()

cleat_lacks() {
    [[ -x $cleatd ]] || printf 'there is no %s\n' "$cleatd"
    [[ -x $cleat ]] || printf 'there is no %s\n' "$cleat"
    command -v jq >/dev/null || printf 'there is no jq\n'
}

cleat_describe() {
    "$cleatd" --version | head -n 1
}

cleat_data() {
    printf '%s\n' "$work/$name/$1/data"
}

cleat_node() {
    local node list=
    for node in $(nodes); do
        list+=${list:+,}$node=127.0.0.1:$(peer_port "$node")
    done
    spawn_node "$1" "$cleatd" --id "$1" --cluster "$list" --listen "127.0.0.1:$(port "$1")" \
        --data "$(cleat_data "$1")" "${cleat_options[@]}"
}

cleat_ask() { # N TEXT: prints the replies
    exec {connection}<>"/dev/tcp/127.0.0.1/$(port "$1")" || return 1
    printf '%squit\n' "$2" >&"$connection"
    timeout 6 cat <&"$connection" | tr -d '\r'
    exec {connection}>&-
}

# Each node takes part in decisions. No file ever has the version that is asked for.
cleat_ready() {
    local node
    for node in $(nodes); do
        [[ $(cleat_ask "$node" $'cas probe 18446744073709551615 0\n\n') == ERR_VERSION* ]] || return 1
    done
}

cleat_status() { # N KEY: prints the value
    cleat_ask "$1" $'status\n' | sed -n "s/^$2=//p" | head -n 1
}

cleat_leader() {
    local node
    for node in $(nodes); do
        [[ $(cleat_status "$node" role 2>/dev/null) != leader ]] || printf '%s\n' "$node"
    done
}

# Prints the report of `cleat bench` as JSON. Its files stay.
cleat_bench() { # ENDPOINTS ARGUMENTS...
    "$cleat" bench --json --quiet --keep --size "$value_bytes" --endpoints "$@"
}

cleat_value() { # PATH FILE: of a report
    jq -r "$1" "$2"
}

# Names have $name_bytes bytes: a prefix and as many digits as the largest number below COUNT.
cleat_prefix() { # COUNT
    local digits=$(($1 - 1))
    printf 'bench-----------' | head -c $((name_bytes - ${#digits}))
}

cleat_fill() {
    cleat_bench "$(all_endpoints)" --leader --fill --keys "$1" --prefix "$(cleat_prefix "$1")" --mix read --count 1 \
        --connections 64 --depth 16 >"$work/fill.out" || die "cleat bench could not fill Cleat"
    cleat_filled=$(cleat_prefix "$1")$(printf "%0$((name_bytes - $(cleat_prefix "$1" | wc -c)))d" 7)
    [[ $(cleat_value .fill_failed "$work/fill.out") == 0 ]] || die "cleat bench: not every file was written"
}

cleat_has_file() {
    [[ $(cleat_ask 1 "read $cleat_filled"$'\n') == CONTENTS* ]]
}

cleat_load() { # OP CONNECTIONS DEPTH SECONDS
    local -a to=(--leader)
    [[ -z $cleat_spread ]] || to=()
    cleat_bench "$(all_endpoints)" "${to[@]}" --mix "$1" --connections "$2" --depth "$3" --seconds "$4" \
        --keys "$key_count" --prefix "$(cleat_prefix "$key_count")" >"$work/load.out" ||
        complain "cleat bench: no success" || return 1
    result=$(cleat_value '[.all.per_second, .all.p50_us / 1000, .all.p99_us / 1000, .errors] | @tsv' "$work/load.out" |
        awk '{ printf "%.1f %.3f %.3f %d\n", $1, $2, $3, $4 }')
}

cleat_gap() { # SECONDS NODE...
    cleat_bench "$(endpoints "${@:2}")" --connections 8 --seconds "$1" --keys "$key_count" \
        --prefix "$(cleat_prefix "$key_count")" >"$work/gap.json" && cleat_value .longest_gap_ms "$work/gap.json"
}

# Builds what the scripts for Cleat alone need.
cleat_prepare() {
    local reason
    "$root/scripts/deps" build bench || note "not everything could be installed"
    make -s -C "$root" "BUILD=$build" "$build/cleatd" "$build/cleat"
    reason=$(cleat_lacks)
    [[ -z $reason ]] || die "$reason"
}
