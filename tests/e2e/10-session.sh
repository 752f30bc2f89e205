# shellcheck shell=bash
# What a person types first: the sample session, and the verbs that tell about the server.

# Speaks line by line: sends with `typed`, and `shows` takes the next line and compares it. The other end is a process
# with its pipes in $to and $from.
typed() {
    printf '%s\n' "$1" >&"$to"
}

shows() {
    local line
    IFS= read -r -t 10 line <&"$from" || fail "nothing came instead of '$1'"
    # shellcheck disable=SC2053
    [[ ${line%$'\r'} == $1 ]] || fail "'$line' came instead of '$1'"
}

sample_session() {
    typed "read foo"
    shows "ERR_FILE_NOT_FOUND"
    typed "write foo 6"
    typed "abcdef"
    shows "OK 1"
    typed "read foo"
    shows "CONTENTS 1 6 0"
    shows "abcdef"
    typed "cas foo 1 7 0"
    typed "ghijklm"
    shows "OK 2"
    typed "read foo"
    shows "CONTENTS 2 7 0"
    shows "ghijklm"
}

test_the_sample_session_by_telnet() {
    fresh_cluster 5
    coproc telnet localhost "$(port 1)" 2>&1
    # shellcheck disable=SC2153 # coproc sets it
    to=${COPROC[1]} from=${COPROC[0]}
    started+=("$COPROC_PID")
    local line
    until [[ ${line:-} == Connected* ]]; do
        IFS= read -r -t 10 line <&"$from" || fail "telnet does not connect"
    done
    shows "Escape character is *"
    sample_session
    typed "quit"
    shows "BYE"
    shows "Connection closed by foreign host."
}

test_the_sample_session_by_netcat_on_any_node() {
    local node
    for node in 1 4; do
        fresh_cluster 5
        coproc nc -N 127.0.0.1 "$(port "$node")"
        to=${COPROC[1]} from=${COPROC[0]}
        sample_session
        eval "exec $to>&-"
        wait "$COPROC_PID"
        cluster down
        rm -r "$CLEAT_DIR"
    done
}

test_what_one_node_wrote_all_others_read() {
    fresh_cluster 5
    answers 1 "write a 3" "one" "write b 3 100" "two" -- "OK 1" "OK 2"
    for node in 1 2 3 4 5; do
        answers "$node" "read a" -- "CONTENTS 1 3 0" "one"
        matches "$(ask "$node" "read b")" "CONTENTS 2 3 *"$'\n'"two"
    done
    answers 5 "delete a" "delete a" "read a" -- "OK" "ERR_FILE_NOT_FOUND" "ERR_FILE_NOT_FOUND"
    answers 2 "read a" -- "ERR_FILE_NOT_FOUND"
    answers 2 "write a 0" "" -- "OK 4" # the deletion was change 3
}

test_cas() {
    fresh_cluster 3
    answers 1 "cas a 1 1" "x" -- "ERR_VERSION 0"
    answers 2 "cas a 0 1" "x" -- "OK 1"
    answers 3 "cas a 0 1" "y" -- "ERR_VERSION 1"
    answers 1 "cas a 2 1" "y" -- "ERR_VERSION 1"
    answers 2 "cas a 1 1" "y" -- "OK 2"
    answers 3 "cas a 18446744073709551615 1" "z" "read a" -- "ERR_VERSION 2" "CONTENTS 2 1 0" "y"
    answers 1 "delete a" "cas a 2 1" "z" "cas a 0 1" "z" -- "OK" "ERR_VERSION 0" "OK 4"
}

test_ping_version_help_quit() {
    fresh_cluster 1
    answers 1 ping -- PONG
    same "$(ask 1 version)" "VERSION $("$server" --version | sed 's/^cleatd //')"
    answers 1 ping quit "write a 1" "x" ping -- PONG BYE
    answers 1 "read a" -- "ERR_FILE_NOT_FOUND"
    local verb text
    for verb in "" read write set cas delete help ping version quit status; do
        text=$(ask 1 "help $verb" ping)
        matches "$text" "HELP +([0-9])*$verb*PONG"
        same "$(sized_text "$text")" "PONG" "help '$verb': NUMBYTES tells where the text ends"
    done
    matches "$(ask 1 "help nonsense" ping)" "ERR_CMD_ERR no such verb;*PONG"
    matches "$(ask 1 "help get" ping)" "ERR_CMD_ERR no such verb; did you mean read?*PONG"
}

# What follows the text of a reply "CODE NUMBYTES" whose CR were removed.
sized_text() {
    local head lines size
    head=${1%%$'\n'*}
    size=${head#* }
    lines=$(tail -n +2 <<<"$1" | awk -v left="$size" '
        left >= 0 { left -= length($0) + 2; next }
        { print }')
    printf '%s\n' "$lines"
}

test_status_is_for_people_and_scripts() {
    fresh_cluster 5
    answers 2 "write a 3" "abc" -- "OK 1"
    local text key leader
    leader=$(cluster leader)
    text=$(ask 2 status ping)
    matches "$text" "STATUS +([0-9])"$'\n'"*"$'\n'"PONG"
    same "$(sized_text "$text")" "PONG" "NUMBYTES tells where the text ends"
    for key in id role term leader commit applied revision files memory_bytes wal_bytes snapshot_bytes snapshot_index \
        uptime_s connections cluster_id disk; do
        grep -qE "^$key=[^ ]+$" <<<"$text" || fail "no $key in $text"
    done
    same "$(status 2 id)" 2
    same "$(status 2 leader)" "$leader"
    same "$(status 2 disk)" ok
    same "$(settled 2 files) $(settled 2 revision)" "1 1"
    same "$(status "$leader" role)" leader
    same "$(status 3 cluster_id)" "$(status 2 cluster_id)"
    same "$(grep -c '^node=' <<<"$text")" 5
    local node
    for node in $(others "$leader"); do
        same "$(status "$node" role)" follower
        same "$(status_of "$leader" "$node" link)" up
        same "$(status_of "$leader" "$node" role)" voter
    done
}
