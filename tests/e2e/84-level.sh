# shellcheck shell=bash
# The cluster's level: shown and raised by text, over HTTP and by cleat, and refused where not all nodes know it.

# shellcheck source=tests/e2e/cli.sh
source "$root/tests/e2e/cli.sh"

known=1 # by all that is built here
next=$((known + 1))

by_http() { # NODE LEVEL [OPTION...]
    curl -sS -X POST "${@:3}" "http://127.0.0.1:$(port "$1")/cluster?level=$2"
}

linked_to() { # NODE OTHER up|down
    [[ $(status_of "$1" "$2" link) == "$3" ]]
}

test_level_by_every_way() {
    local reason="nodes 1, 2 and 3 must run a cleatd that knows level $next first"
    cli_cluster 3
    same "$(status 2 level)" "$known"
    answers 2 "cluster level $known" "cluster level $next" ping -- "OK $known" "ERR_UPGRADE $reason" PONG
    same "$(by_http 3 "$known")" "{\"ok\":true,\"level\":$known}"
    same "$(by_http 3 "$next")" "{\"ok\":false,\"error\":\"ERR_UPGRADE\",\"message\":\"$reason\"}"
    same "$(by_http 3 "$next" -o "$directory/body" -w '%{http_code}')" 501
    same "$(curl -sS "http://127.0.0.1:$(port 1)/status" | jq .level)" "$known"
    same "$(cleat level)" "$known"
    same "$(cleat level "$known")" "$known"
    same "$(cleat --json level)" "{\"ok\":true,\"level\":$known}"
    fails 1 cleat level "$next"
    matches "$(<"$directory/stderr")" "*$reason*"
    fails 1 cleat --json level "$next"
    same "$(jq -r .error "$directory/stdout")" ERR_UPGRADE
    fails 2 cleat level 0
    fails 2 cleat level many
    fails 2 cleat level 1 2
}

# What is refused is not in the log: neither is there anything for a node to trip over, nor does a version go.
test_level_that_is_refused_leaves_no_trace() {
    local commit node
    fresh_cluster 3
    for node in 1 2 3; do # each begins its epoch, which is an entry
        answers "$node" "write a 1" x -- "OK $node"
    done
    commit=$(settled 1 commit)
    for node in 1 2 3; do
        matches "$(ask "$node" "cluster level $next" "cluster level 65535")" $'ERR_UPGRADE ?*\nERR_UPGRADE ?*'
    done
    same "$(settled 1 commit)" "$commit"
    answers 3 "write a 1" y -- "OK 4"
}

# A node that is not there may be of any version.
test_level_needs_every_node() {
    local older="nodes 1 and 2 must run a cleatd that knows level $next first"
    fresh_cluster 3
    cluster stop 3
    wait_for linked_to 1 3 down
    answers 1 "cluster level $known" "cluster level $next" -- "OK $known" \
        "ERR_UPGRADE $older; node 3 is not linked, and must say that it knows level $next"
    cluster start 3
    wait_for linked_to 1 3 up
    answers 1 "cluster level $next" -- "ERR_UPGRADE nodes 1, 2 and 3 must run a cleatd that knows level $next first"
}

test_level_is_there_after_a_restart() {
    fresh_cluster 1
    answers 1 "cluster level $known" -- "OK $known"
    cluster stop 1
    cluster start 1
    wait_for status_is 1 level "$known"
    answers 1 "cluster level $known" -- "OK $known"
}
