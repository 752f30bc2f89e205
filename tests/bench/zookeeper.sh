# shellcheck shell=bash
# ZooKeeper with its defaults; loaded by zk_load, which stands on its own C client library. See lib.sh for the words.

zk_load=$build/bench/zk_load
zk_jar=/usr/share/java/zookeeper.jar
zk_heap=${ZK_HEAP:-4g} # the most that each node's Java may take

zookeeper_lacks() {
    command -v java >/dev/null || printf 'there is no java\n'
    [[ -r $zk_jar ]] || printf 'there is no %s\n' "$zk_jar"
    [[ -x $zk_load ]] || printf 'its load tool was not built\n'
}

zookeeper_describe() {
    dpkg-query -W -f "ZooKeeper \${Version}" libzookeeper-java | sed 's/-[^-]*$//'
    java -version 2>&1 | sed -n 's/^[^"]*"\(.*\)".*/, Java \1/p' | head -n 1
}

zookeeper_data() {
    printf '%s\n' "$work/$name/$1/data"
}

zookeeper_node() {
    local node data
    data=$(zookeeper_data "$1")
    mkdir -p "$data"
    printf '%s\n' "$1" >"$data/myid"
    {
        printf '%s\n' tickTime=2000 initLimit=10 syncLimit=5 maxClientCnxns=0 admin.enableServer=false \
            '4lw.commands.whitelist=*' "dataDir=$data" clientPortAddress=127.0.0.1 "clientPort=$(port "$1")"
        for node in $(nodes); do
            printf 'server.%d=127.0.0.1:%d:%d\n' "$node" "$(peer_port "$node")" "$(second_peer_port "$node")"
        done
    } >"$work/$name/$1/zoo.cfg"
    spawn_node "$1" java "-Xmx$zk_heap" -cp "$zk_jar:/usr/share/java/slf4j-simple.jar" \
        -Dorg.slf4j.simpleLogger.defaultLogLevel=error -Dzookeeper.jmx.log4j.disable=true \
        org.apache.zookeeper.server.quorum.QuorumPeerMain "$work/$name/$1/zoo.cfg"
}

zookeeper_mode() { # N: prints leader, follower, or nothing
    local line
    exec {connection}<>"/dev/tcp/127.0.0.1/$(port "$1")" || return 1
    printf 'srvr' >&"$connection"
    while IFS= read -r -t 5 line; do
        [[ $line != Mode:* ]] || printf '%s\n' "${line#Mode: }"
    done <&"$connection"
    exec {connection}>&-
}

zookeeper_ready() {
    local node
    for node in $(nodes); do
        [[ -n $(zookeeper_mode "$node") ]] || return 1
    done
}

zookeeper_leader() {
    local node
    for node in $(nodes); do
        [[ $(zookeeper_mode "$node" 2>/dev/null) != leader ]] || printf '%s\n' "$node"
    done
}

zookeeper_tool() { # ENDPOINTS ARGUMENTS...: prints the tool's line as words KEY=VALUE
    "$zk_load" --endpoints "$@" --size "$value_bytes"
}

zookeeper_fill() {
    zookeeper_tool "$(endpoints "$(find_leader)")" --mode fill --keys "$1" --connections 64 --depth 16 \
        >"$work/fill.out" || die "zk_load could not fill ZooKeeper"
}

zookeeper_has_file() {
    zookeeper_tool "$(all_endpoints)" --mode get --keys 7 --count 1 --seconds "$ready_seconds" >/dev/null
}

zookeeper_load() { # OP CONNECTIONS DEPTH SECONDS
    local mode='set' line
    [[ $1 == write ]] || mode='get'
    line=$(zookeeper_tool "$(endpoints "$(find_leader)")" --mode $mode --keys "$key_count" --connections "$2" \
        --depth "$3" --seconds "$4") || complain "zk_load: no success" || return 1
    result=$(tr ' ' '\n' <<<"$line" | awk -F= '{ value[$1] = $2 }
        END { print value["ops_s"], value["p50_us"] / 1000, value["p99_us"] / 1000, value["errors"] }')
}

# Java compiles what it finds itself doing often: it is given time for that, for its sake.
zookeeper_warm() { # SECONDS
    local op
    for op in write write read; do
        zookeeper_load $op 64 16 "$1"
    done
}

zookeeper_gap() { # SECONDS NODE...
    zookeeper_tool "$(endpoints "${@:2}")" --mode set --keys "$key_count" --connections 8 --seconds "$1" |
        sed -n 's/.*longest_gap_ms=//p'
}
