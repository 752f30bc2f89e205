# shellcheck shell=bash
# etcd with its defaults; loaded by its own `benchmark`, which etcd_tool builds. See lib.sh for the words.

etcd_tool=$build/bench/etcd-benchmark
export ETCDCTL_API=3

etcd_lacks() {
    command -v etcd >/dev/null || printf 'there is no etcd\n'
    command -v etcdctl >/dev/null || printf 'there is no etcdctl\n'
    [[ -x $etcd_tool ]] || printf 'its load tool was not built\n'
}

etcd_describe() {
    etcd --version | sed -n 's/^etcd Version: /etcd /p'
}

etcd_data() {
    printf '%s\n' "$work/$name/$1/data"
}

etcd_node() {
    local node list=
    for node in $(nodes); do
        list+=${list:+,}n$node=http://127.0.0.1:$(peer_port "$node")
    done
    spawn_node "$1" etcd --name "n$1" --data-dir "$(etcd_data "$1")" --initial-cluster "$list" \
        --listen-client-urls "http://127.0.0.1:$(port "$1")" --advertise-client-urls "http://127.0.0.1:$(port "$1")" \
        --listen-peer-urls "http://127.0.0.1:$(peer_port "$1")" \
        --initial-advertise-peer-urls "http://127.0.0.1:$(peer_port "$1")" \
        --quota-backend-bytes 8589934592 --logger zap --log-level error
}

# Posts $3 to $2 of node $1 through its JSON gateway, on a connection of its own; prints the reply.
etcd_post() { # N PATH BODY
    local line
    exec {connection}<>"/dev/tcp/127.0.0.1/$(port "$1")" || return 1
    printf 'POST %s HTTP/1.1\r\nHost: etcd\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' "$2" "${#3}" "$3" \
        >&"$connection"
    while IFS= read -r -t 7 line; do
        printf '%s\n' "$line"
    done <&"$connection"
    exec {connection}>&-
    [[ -z ${line:-} ]] || printf '%s\n' "$line"
}

etcd_has() { # KEY: by a linearizable read on any node
    [[ $(etcd_post 1 /v3/kv/range "{\"key\":\"$(printf '%b' "$1" | base64 -w 0)\"}") == *'"kvs"'* ]]
}

etcd_ready() {
    local node
    for node in $(nodes); do
        [[ $(etcd_post "$node" /v3/kv/put '{"key":"cmVhZHk=","value":"eA=="}') == *'"revision"'* ]] || return 1
    done
}

etcd_leader() {
    local node address leads
    etcdctl --endpoints "$(all_endpoints)" --write-out simple endpoint status 2>/dev/null |
        awk -F', ' '{ print $1, $5 }' >"$work/leader.out" || true
    while read -r address leads; do
        node=$((${address##*:} - ${ports[$name]} + 1))
        [[ $leads != true ]] || printf '%s\n' "$node"
    done <"$work/leader.out"
}

etcd_benchmark() { # sets $result
    "$etcd_tool" --endpoints "127.0.0.1:$(port "$(find_leader)")" "$@" >"$work/load.out" 2>"$work/load.errors" ||
        complain "its benchmark: $(tail -n 1 "$work/load.errors")" || return 1
    result=$(tr '\r' '\n' <"$work/load.out" | awk '
        $1 == "Requests/sec:" { rate = $2 }
        $1 == "50%" { p50 = $3 * 1000 }
        $1 == "99%" { p99 = $3 * 1000 }
        /^Error distribution/ { bad = 1 }
        bad && /\[[0-9]+\]/ { gsub(/[^0-9]/, "", $1); errors += $1 }
        END { print rate, p50, p99, errors + 0 }')
}

# The tool's keys are numbers as varints.
etcd_fill() {
    etcd_benchmark put --sequential-keys --key-space-size "$1" --total "$1" --key-size "$name_bytes" \
        --val-size "$value_bytes" --conns 64 --clients 1024 || die "etcd could not be filled"
}

etcd_has_file() {
    # As a signed varint 7 is 14, filled up with zeros.
    etcd_has '\x0e\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000'
}

etcd_run() { # OP CONNECTIONS DEPTH COUNT
    if [[ $1 == write ]]; then
        etcd_benchmark put --key-space-size "$key_count" --key-size "$name_bytes" --val-size "$value_bytes" \
            --conns "$2" --clients $(($2 * $3)) --total "$4"
    else
        # The tool reads one and the same key.
        etcdctl --endpoints "$(all_endpoints)" put bench-file-00007 "$(printf '%*s' "$value_bytes" v)" >/dev/null
        etcd_benchmark range bench-file-00007 --consistency l --conns "$2" --clients $(($2 * $3)) --total "$4"
    fi
}

etcd_load() {
    counted_load "$@"
}

# One client of etcd_gap: writes through the nodes given, from one to the next when a write fails or takes longer than
# 250 ms, and prints the time of each success, in microseconds. It forks nothing.
etcd_client() { # SECONDS NODE...
    local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000)) line turn=0 body='{"key":"Z2Fw","value":"eA=="}'
    local -a to=()
    for line in "${@:2}"; do
        to+=("$((${ports[$name]} + line - 1))")
    done
    while ((${EPOCHREALTIME/[.,]/} < end)) && [[ -d $work ]]; do
        if exec {connection}<>"/dev/tcp/127.0.0.1/${to[turn++ % ${#to[@]}]}"; then
            while ((${EPOCHREALTIME/[.,]/} < end)); do
                printf 'POST /v3/kv/put HTTP/1.1\r\nHost: etcd\r\nContent-Length: %d\r\n\r\n%s' ${#body} "$body" \
                    >&"$connection" || break
                IFS= read -r -d '}' -t 0.25 line <&"$connection" || break
                [[ $line == *'"revision"'* ]] || break
                printf '%s\n' "${EPOCHREALTIME/[.,]/}"
                IFS= read -r -d '}' -t 0.25 line <&"$connection" || break # the body's end
                pause 0.01
            done
            exec {connection}>&-
        fi
        pause 0.01
    done 2>/dev/null
}

etcd_gap() { # SECONDS NODE...
    local client
    local -a clients=()
    for client in 1 2 3 4 5 6 7 8; do
        etcd_client "$@" >"$work/gap.$client" &
        clients+=($!)
    done
    wait "${clients[@]}"
    sort -n "$work"/gap.? | awk 'NR > 1 && $1 - last > longest { longest = $1 - last } { last = $1 }
        END { print (NR > 1 ? longest / 1000 : "none") }'
}
