# shellcheck shell=bash
# What the end-to-end tests stand on. As a program, it runs one of them:
#
#   bash tests/e2e/lib.sh FILE FUNCTION DIRECTORY
#
# A test has a directory of its own, a cluster of its own on ports of its own, and ends with `fail` or an unexpected
# status (set -e). Whatever it started is ended when it ends. Nothing sleeps where a condition can be waited for.
set -euo pipefail
shopt -s inherit_errexit

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
server=${CLEATD:-$root/build/cleatd}
tools=${BUILD:-$root/build}/tests/e2e/tools
started=() # processes to end with the test

# --- how a test ends -----------------------------------------------------------------------------------------------

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    local frame
    for ((frame = 0; frame < ${#FUNCNAME[@]} - 1; frame++)); do
        printf '  %s:%s in %s\n' "${BASH_SOURCE[frame + 1]##*/}" "${BASH_LINENO[frame]}" "${FUNCNAME[frame + 1]}" >&2
    done
    exit 1
}

skip() {
    printf '%s\n' "$*"
    exit 77
}

# Fails unless $1, what is, equals $2, what should be.
same() {
    [[ $1 == "$2" ]] || fail "${3:-not the same}:"$'\n--- got\n'"$1"$'\n--- expected\n'"$2"
}

# Fails unless $1 matches the pattern (of case) $2.
matches() {
    # shellcheck disable=SC2053
    [[ $1 == $2 ]] || fail "${3:-no match}:"$'\n--- got\n'"$1"$'\n--- expected\n'"$2"
}

finish() {
    local code=$? process log
    trap - EXIT
    trap '' INT TERM
    for process in "${started[@]}"; do
        kill -KILL "$process" 2>/dev/null || true
    done
    end_clusters
    if declare -F cleanup >/dev/null; then
        cleanup || true
    fi
    # Whatever the test was about: no node may have stopped over a bug of its own.
    if grep -rE --include=log 'event=bug|Sanitizer|runtime error:' "$directory"; then
        code=1
    fi
    if ((code != 0 && code != 77)); then
        while IFS= read -r log; do
            printf -- '--- %s (last lines)\n' "${log#"$directory/"}"
            tail -n 8 "$log"
        done < <(find "$directory" -path '*/[1-9]/log' | sort) >"$directory/logs"
    fi
    exit "$code"
}

# Kills every node of every cluster that this test made.
end_clusters() {
    local size node
    for size in "$directory"/*/size; do
        [[ -e $size ]] || continue
        for node in $(seq 1 "$(<"$size")"); do
            CLEAT_DIR=${size%/size} "$root/scripts/cluster" kill "$node" 2>/dev/null || true
        done
    done
}

# --- waiting ---------------------------------------------------------------------------------------------------------

# Waits until the command succeeds; fails after 20 seconds, or after $1 if that is a number.
wait_for() {
    local seconds=20 end
    if [[ $1 =~ ^[0-9]+$ ]]; then
        seconds=$1
        shift
    fi
    end=$((SECONDS + seconds + 1))
    until "$@"; do
        ((SECONDS < end)) || fail "not within $seconds s: $*"
        sleep 0.02
    done
}

now_ms() {
    printf '%s\n' $((${EPOCHREALTIME//[.,]/} / 1000))
}

# Runs the command in the background; $! is its process, which ends with the test at the latest.
background() {
    "$@" &
    started+=($!)
}

# --- clusters --------------------------------------------------------------------------------------------------------

# Prints the first of $1 ports in a row that nobody listens on, below those that the system gives out by itself.
free_ports() {
    local first port
    while :; do
        first=$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
        for ((port = first; port < first + $1; port++)); do
            ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || continue 2
        done
        printf '%s\n' "$first"
        return
    done
}

# Somebody listens on port $1. Looked up, not tried: who listens may take one connection only.
listened_to() {
    grep -qi "$(printf ':%04X 00000000:0000 0A' "$1")" /proc/net/tcp
}

# Chooses directory $1 (below the test's) and ports for the cluster that `cluster` and the rest now speak of.
use_cluster() {
    local first
    CLEAT_DIR=$directory/$1
    first=$(free_ports 20)
    CLEAT_PORT=$first
    CLEAT_PEER_PORT=$((first + 10))
    export CLEAT_DIR CLEAT_PORT CLEAT_PEER_PORT
}

cluster() {
    CLEATD=$server "$root/scripts/cluster" "$@"
}

# A cluster of $1 nodes, new, up and led. Further arguments are options for the nodes.
fresh_cluster() {
    local count=$1
    shift
    use_cluster cluster
    export CLEAT_ARGS="$*"
    cluster up "$count"
}

port() {
    printf '%s\n' $((CLEAT_PORT + $1 - 1))
}

# The ports of nodes $1, $2, ..., with commas, for the tools.
ports() {
    local node list=
    for node in "$@"; do
        list+=${list:+,}$(port "$node")
    done
    printf '%s\n' "$list"
}

# The ids of all nodes but $1...
others() {
    local node list=
    for node in $(seq 1 "$(<"$CLEAT_DIR/size")"); do
        [[ " $* " == *" $node "* ]] || list+="${list:+ }$node"
    done
    printf '%s\n' "$list"
}

# --- talking ---------------------------------------------------------------------------------------------------------

# Sends stdin to node $1 (id), half-closes, prints the replies as they are.
say_raw() {
    nc -N -w 30 127.0.0.1 "$(port "$1")"
}

# The same with LF line ends.
say() {
    say_raw "$1" | tr -d '\r'
}

# Sends the lines $2, $3, ... to node $1 and prints the replies.
ask() {
    local node=$1
    shift
    printf '%s\n' "$@" | say "$node"
}

# Fails unless node $1 answers the lines up to "--" with the lines after it.
answers() {
    local node=$1 expected
    local -a lines=()
    shift
    while [[ $1 != -- ]]; do
        lines+=("$1")
        shift
    done
    shift
    expected=$(printf '%s\n' "$@")
    same "$(ask "$node" "${lines[@]}")" "$expected" "node $node on '${lines[*]}'"
}

# The value of key $2 in node $1's status; empty if there is none.
status() {
    ask "$1" status 2>/dev/null | sed -n "s/^$2=//p"
}

# The value of key $3 in node $1's line about node $2.
status_of() {
    ask "$1" status 2>/dev/null | grep "^node=$2 " | tr ' ' '\n' | sed -n "s/^$3=//p"
}

# Value $2 of node $1's status when it has applied all that was acknowledged before: a read there waits for that.
settled() {
    ask "$1" "read settled" >/dev/null
    status "$1" "$2"
}

status_is() { # NODE KEY VALUE
    [[ $(status "$1" "$2") == "$3" ]]
}

# True once node $1's revision is at least $2.
revision_reached() {
    local revision
    revision=$(status "$1" revision)
    ((${revision:-0} >= $2))
}

# True if all given nodes have applied the same, and it is all that is committed.
level() {
    local node applied first=
    for node in "$@"; do
        applied=$(status "$node" applied)
        [[ -n $applied ]] || return 1
        first=${first:-$applied}
        [[ $applied == "$first" && $(status "$node" commit) == "$first" ]] || return 1
    done
}

# True if node $1's log has a line with the pattern (grep -E) $2.
logged() {
    grep -qE "$2" "$CLEAT_DIR/$1/log"
}

# --- one test --------------------------------------------------------------------------------------------------------

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    directory=$3
    trap finish EXIT
    trap 'exit 143' INT TERM
    # shellcheck source=/dev/null
    source "$1"
    "$2"
fi
