# shellcheck shell=bash
# What the tests of cleat share.

cleat=${BUILD:-$root/build}/cleat
export HOME=$directory # for the prompt's history
unset XDG_STATE_HOME

cleat() {
    "$cleat" "$@"
}

# A cluster of $1 nodes, all of which are endpoints. Further arguments are options for the nodes.
cli_cluster() {
    local node
    fresh_cluster "$@"
    CLEAT_ENDPOINTS=
    for node in $(seq 1 "$1"); do
        CLEAT_ENDPOINTS+=${CLEAT_ENDPOINTS:+,}127.0.0.1:$(port "$node")
    done
    export CLEAT_ENDPOINTS
}

# Fails unless the command behind $1 ends with that status. What it says is in $directory/stdout and stderr.
fails() {
    local expected=$1 code=0
    shift
    "$@" >"$directory/stdout" 2>"$directory/stderr" || code=$?
    [[ $code == "$expected" ]] || fail "'$*' ended with $code, not $expected: $(<"$directory/stderr")"
}

# Kills and starts one node after the other, until $directory/enough is there. $directory/kills has a byte for each.
kill_in_turn() {
    local node=1
    while [[ ! -e $directory/enough ]]; do
        cluster kill "$node"
        printf x >>"$directory/kills"
        cluster start "$node"
        wait_for 20 serves "$node"
        node=$((node % $(<"$CLEAT_DIR/size") + 1))
    done
}

kills() {
    stat -c %s "$directory/kills" 2>/dev/null || printf '0\n'
}

serves() { # NODE
    [[ $(ask "$1" "read nothing" 2>/dev/null) == ERR_FILE_NOT_FOUND ]]
}
