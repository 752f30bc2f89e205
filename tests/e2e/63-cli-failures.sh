# shellcheck shell=bash
# cleat, where something fails: what it tells of it, and what it does about the rest.

# shellcheck source=tests/e2e/cli.sh
source "$root/tests/e2e/cli.sh"

# A server on port 1 that takes connections and says nothing.
mute_server() {
    use_cluster none
    background nc -lk 127.0.0.1 "$(port 1)" >/dev/null
    wait_for listening "$(port 1)"
    CLEAT_ENDPOINTS=127.0.0.1:$(port 1)
    export CLEAT_ENDPOINTS
}

listening() { # PORT
    grep -qi "$(printf ':%04X 00000000:0000 0A' "$1")" /proc/net/tcp
}

test_cli_says_how_long_it_waited_for_an_answer() {
    mute_server
    fails 6 cleat put x --text y --timeout 0.4
    same "$(<"$directory/stderr")" \
        "cleat: put: x: it is not known whether this was done: $CLEAT_ENDPOINTS: no answer within 0.4 s"
    fails 5 cleat get x --timeout 0.4
    same "$(<"$directory/stderr")" "cleat: get: x: no server did it: $CLEAT_ENDPOINTS: no answer within 0.4 s"
}

test_cli_writes_addresses_with_colons_in_brackets() {
    fails 5 cleat --endpoints '[::1]:1' get x
    same "$(<"$directory/stderr")" "cleat: get: x: no server did it: [::1]:1: Connection refused"
}
