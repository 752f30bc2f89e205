# shellcheck shell=bash
# What the measurements stand on: a directory on a real disk, processes that end with the script, free ports, waiting,
# and the cluster under test.
#
# $out is where results go: the scripts set it.
#
# A cluster is of a kind: cleat, etcd, zookeeper, redis. KIND.sh has its words, all of which begin with KIND_:
#
#   lacks            prints why it cannot be run here; nothing if it can
#   describe         its version
#   node N           starts node N of the cluster; `spawn_node` notes its process
#   ready            true when the cluster serves
#   leader           prints the node that leads, if there is one
#   fill COUNT       makes COUNT files
#   load OP CONNECTIONS DEPTH SECONDS    sets $result to "OPS_S P50_MS P99_MS ERRORS", OP being read or write,
#                    or fails
#   run OP CONNECTIONS DEPTH COUNT       sets $result likewise; for `counted_load`
#   warm             (where there is one) is called after a start
#   has_file         true when a file made by `fill` can be read
#   gap SECONDS NODE...    writes to these nodes from 8 clients; prints the longest time without a success, in ms
#   data N           prints where node N's data is
set -euo pipefail
shopt -s inherit_errexit

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(realpath -m "${BUILD:-$root/build}")
ready_seconds=90

value_bytes=256
name_bytes=16
key_count=10000 # files under load

kind=                  # of the cluster under test
size=0                 # its nodes
name=                  # what it is called in tables
declare -A node_pid=() # its processes
declare -A ports=()    # first port of each NAME; kept, for clusters remember their members
declare -A started=()  # every process that must end with this script
result=

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

note() {
    printf '%(%H:%M:%S)T %s\n' -1 "$*" >&2
}

# For what may go wrong without an end to everything.
complain() {
    note "$name: $*"
    return 1
}

usage_of() { # FILE: its first comment
    sed -n '2,/^set /{/^# \{0,1\}/s///p}' "$1"
}

# --- beginning and end -----------------------------------------------------------------------------------------------

# Sets $work: a new directory, deleted at the end, on a disk that syncs.
begin() {
    local type
    work=$(mktemp -d "${TMPDIR:-/var/tmp}/cleat-bench-XXXXXX")
    trap finish EXIT
    trap 'exit 130' INT TERM HUP
    type=$(file_system)
    [[ $type != tmpfs && $type != ramfs ]] ||
        die "$work is in memory: set TMPDIR to a directory on the disk that is to be measured"
    ulimit -n "$(ulimit -Hn)"
    mkfifo "$work/silence"
    exec {silence}<>"$work/silence"
}

# Sleeps without a process of its own.
pause() { # SECONDS
    read -r -t "$1" -u "$silence" || true
}

file_system() {
    df --output=fstype "$work" | tail -n 1
}

finish() {
    local code=$? pid
    trap - EXIT
    trap '' INT TERM HUP
    for pid in "${!started[@]}"; do
        # A process that is not our child any more has ended, and its number may be another's.
        if [[ $(parent "$pid") == "$$" ]]; then
            { kill -KILL "$pid" && wait "$pid"; } 2>/dev/null || true
        fi
    done
    if ((code != 0 && code != 130)) && [[ -n $name ]]; then
        note "last words of $name:"
        tail -qn 4 "$work/$name"/*/log >&2 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$code"
}

parent() { # PID
    local line
    local -a fields
    { line=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
    read -ra fields <<<"${line##*) }"
    printf '%s\n' "${fields[1]}"
}

# --- what the results are about --------------------------------------------------------------------------------------

# Notes in $out/machine.tsv that KEY is VALUE.
tell() { # KEY VALUE
    { sed "/^$1\t/d" "$out/machine.tsv" 2>/dev/null || true; } >"$work/machine"
    printf '%s\t%s\n' "$1" "$2" >>"$work/machine"
    cp "$work/machine" "$out/machine.tsv"
}

describe_machine() {
    tell date "$(printf '%(%Y-%m-%d)T' -1)"
    tell cpu "$(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
    tell memory "$(awk '/^MemTotal:/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo) GiB"
    tell kernel "$(uname -sr)"
    tell disk "$(file_system); a synced write of 4 KiB takes $(sync_us) us"
    tell cleat "Cleat $("$build/cleatd" --version | grep -o '[0-9][0-9.]*' | head -n 1)$(
        git -C "$root" log -1 --format=' (%h)' 2>/dev/null || true)"
}

# Mean of 1000 writes of 4 KiB over a file that is there, each synced, in microseconds.
sync_us() {
    local line
    dd if=/dev/zero of="$work/sync" bs=4k count=1000 conv=fsync status=none
    line=$(LC_ALL=C dd if=/dev/zero of="$work/sync" bs=4k count=1000 oflag=dsync conv=notrunc 2>&1 | tail -n 1)
    rm -f "$work/sync"
    awk -F', ' '{ printf "%.0f\n", $(NF - 1) * 1000 }' <<<"$line" # seconds for 1000
}

# --- processes -------------------------------------------------------------------------------------------------------

# Starts a command as node $1, with its output in the node's log.
spawn_node() { # N COMMAND...
    local node=$1
    shift
    mkdir -p "$work/$name/$node"
    "$@" </dev/null >>"$work/$name/$node/log" 2>&1 &
    node_pid[$node]=$!
    started[$!]=1
}

kill_node() { # N SIGNAL
    local pid=${node_pid[$1]:-}
    [[ -n $pid ]] || return 0
    kill "-$2" "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    unset "started[$pid]" "node_pid[$1]"
}

kill_all() { # SIGNAL
    local node
    for node in "${!node_pid[@]}"; do
        kill "-$1" "${node_pid[$node]}" 2>/dev/null || true
    done
    for node in "${!node_pid[@]}"; do
        kill_node "$node" "$1"
    done
}

nodes_alive() {
    local pid
    for pid in "${node_pid[@]}"; do
        kill -0 "$pid" 2>/dev/null || return 1
    done
}

# Waits up to $1 seconds until the command after it succeeds.
wait_for() {
    local seconds=$1 end
    shift
    end=$((SECONDS + seconds + 1))
    until "$@" 2>/dev/null; do
        ((SECONDS < end)) || return 1
        pause 0.005
    done
}

free_ports() { # COUNT: prints the first of so many
    local first port
    while :; do
        first=$((10000 + (SRANDOM % 22000)))
        for ((port = first; port < first + $1; port++)); do
            ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || continue 2
        done
        printf '%s\n' "$first"
        return
    done
}

# --- the cluster under test ------------------------------------------------------------------------------------------

nodes() {
    seq 1 "$size"
}

port() { # N
    printf '%s\n' $((${ports[$name]} + $1 - 1))
}

peer_port() { # N
    printf '%s\n' $((${ports[$name]} + $1 + 9))
}

second_peer_port() { # N
    printf '%s\n' $((${ports[$name]} + $1 + 19))
}

endpoints() { # N...: of these nodes, with commas
    local node list=
    for node in "$@"; do
        list+=${list:+,}127.0.0.1:$(port "$node")
    done
    printf '%s\n' "$list"
}

all_endpoints() {
    # shellcheck disable=SC2046 # numbers
    endpoints $(nodes)
}

others() { # N: the nodes but this one
    local node
    for node in $(nodes); do
        ((node == $1)) || printf '%s\n' "$node"
    done
}

# Sets what the words below and those of KIND.sh are about: name, kind, count of nodes.
cluster_is() {
    name=$1
    kind=$2
    size=$3
    [[ -n ${ports[$name]:-} ]] || ports[$name]=$(free_ports 30)
}

cluster_start() {
    local node
    for node in $(nodes); do
        "${kind}_node" "$node"
    done
    cluster_await
}

cluster_await() {
    wait_for "$ready_seconds" "${kind}_ready" || die "$name does not serve after $ready_seconds s"
    nodes_alive || die "a node of $name ended by itself"
}

# The node that leads; waits for one.
find_leader() {
    local leader tries
    for ((tries = 0; tries < 400; tries++)); do
        leader=$("${kind}_leader" 2>/dev/null || true)
        if [[ $leader =~ ^[1-9]$ ]]; then
            printf '%s\n' "$leader"
            return
        fi
        pause 0.05
    done
    die "$name has no leader"
}

# Forgets the cluster's data as well.
cluster_end() {
    kill_all KILL
    rm -rf "${work:?}/${name:?}"
}

# What a tool that takes a count, not a time, needs to go on for $4 seconds: by the rate of its last run with the same
# OP, CONNECTIONS and DEPTH ($1 to $3); before the first there is a short one.
declare -A rates=()
counted_load() { # OP CONNECTIONS DEPTH SECONDS
    local key="$name $1 $2 $3" least=$(($2 * $3 * 2)) count
    if [[ -z ${rates[$key]:-} ]]; then
        "${kind}_run" "$1" "$2" "$3" $((least > 500 ? least : 500)) || return 1
        rates[$key]=${result%% *}
    fi
    count=$(awk -v rate="${rates[$key]}" -v seconds="$4" 'BEGIN { printf "%d", rate * seconds }')
    "${kind}_run" "$1" "$2" "$3" $((count > least ? count : least)) || return 1
    rates[$key]=${result%% *}
}

# --- arithmetic ------------------------------------------------------------------------------------------------------

milliseconds() { # since the epoch
    printf '%s\n' $((${EPOCHREALTIME/[.,]/} / 1000))
}

# "MEDIAN LEAST MOST" of the numbers on stdin.
median() {
    sort -g | awk '{ value[NR] = $1 }
        END { if (NR) print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2, value[1], value[NR] }'
}

# --- memory and disk -------------------------------------------------------------------------------------------------

rss_mib() { # PID
    awk '/^VmRSS:/ { printf "%.1f\n", $2 / 1024 }' "/proc/$1/status"
}

pss_mib() { # PID
    awk '/^Pss:/ { printf "%.1f\n", $2 / 1024 }' "/proc/$1/smaps_rollup" 2>/dev/null || rss_mib "$1"
}

disk_mib() { # DIR
    du -sk "$1" | awk '{ printf "%.1f\n", $1 / 1024 }'
}

# --- failover --------------------------------------------------------------------------------------------------------

# Sends SIGNAL to the leader while 8 clients write through the other nodes for SECONDS; sets $result to the longest time
# without a success, in ms; then brings the node back. Fails if there was no success.
fail_over() { # SIGNAL SECONDS
    local leader load
    leader=$(find_leader)
    # shellcheck disable=SC2046 # numbers
    "${kind}_gap" "$2" $(others "$leader") >"$work/gap.out" &
    load=$!
    started[$load]=1
    pause 1.5 # the load is then under way
    kill_node "$leader" "$1"
    wait "$load" || true
    unset "started[$load]"
    result=$(<"$work/gap.out")
    "${kind}_node" "$leader"
    cluster_await
    [[ $result =~ ^[0-9.]+$ ]] || complain "no write succeeded after the leader's end"
}
