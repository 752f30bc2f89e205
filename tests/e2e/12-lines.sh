# shellcheck shell=bash
# Lines as they come and as they should not: ends, errors, what is closed and what goes on.

test_lines_may_end_in_crlf_or_lf() {
    fresh_cluster 1
    same "$(printf 'write a 3\r\nabc\r\nread a\r\n' | say_raw 1)" $'OK 1\r\nCONTENTS 1 3 0\r\nabc\r'
    same "$(printf 'write a 3\nabc\nread a\n' | say_raw 1)" $'OK 2\r\nCONTENTS 2 3 0\r\nabc\r'
    same "$(printf 'write a 3\r\nabc\nwrite b 3\nabc\r\nread a\nread b\r\n' | say_raw 1)" \
        $'OK 3\r\nOK 4\r\nCONTENTS 3 3 0\r\nabc\r\nCONTENTS 4 3 0\r\nabc\r'
    # Line ends within the contents are contents.
    same "$(printf 'write a 4\n\r\n\n\r\r\nread a\nping\n' | say_raw 1)" \
        $'OK 5\r\nCONTENTS 5 4 0\r\n\r\n\n\r\r\nPONG\r'
    same "$(printf '  read   a-b  \nwrite   a-b   1   0  \nx\n' | say_raw 1)" $'ERR_FILE_NOT_FOUND\r\nOK 6\r'
}

test_contents_are_any_bytes() {
    fresh_cluster 1
    {
        printf 'write all 1024\n'
        all_bytes
        printf '\nread all\n'
    } | say_raw 1 >"$directory/got"
    {
        printf 'OK 1\r\nCONTENTS 1 1024 0\r\n'
        all_bytes
        printf '\r\n'
    } >"$directory/expected"
    cmp "$directory/got" "$directory/expected"
}

# Every byte value four times.
all_bytes() {
    local i format=
    for ((i = 0; i < 256; i++)); do
        printf -v format '%s\\%03o' "$format" "$i"
    done
    # shellcheck disable=SC2059
    printf "$format$format$format$format"
}

test_bad_commands_whose_end_is_known_go_on() {
    fresh_cluster 1
    local long
    long=$(printf 'n%.0s' {1..251})
    local bad
    for bad in "read" "read a b" "read $long" "delete" "delete a b" "ping 1" "quit now" "status x" "version 2" \
        "help a b" $'read a\x01b' $'read a\x7fb' $'read a\tb' ""; do
        matches "$(ask 1 "$bad" ping)" $'ERR_CMD_ERR ?*\nPONG' "'$bad'"
    done
    for bad in "write a 3 soon" "write a 3 -1" "write a 3 0x10" "write a 3 1 2" "write a 3 18446744073709551616" \
        "write a 3 9223372036854775808" "write $long 3" $'write a\x01b 3' "cas a b 3" "cas a -1 3" "cas a +1 3" \
        "cas a 18446744073709551616 3" "cas a 0 3 x" "cas a 0 3 1 1"; do
        matches "$(ask 1 "$bad" abc ping)" $'ERR_CMD_ERR ?*\nPONG' "'$bad'"
    done
    answers 1 "read a" "write ${long%?} 1 007" x -- "ERR_FILE_NOT_FOUND" "OK 1"
}

# A person at telnet counts no bytes.
test_a_text_is_the_rest_of_its_line() {
    fresh_cluster 3
    answers 1 "set greeting hello, world" "read greeting" "set greeting  2 blanks  " "read greeting" "set e " "read e" \
        "set o 5 60 once=x" "read o" -- "OK 1" "CONTENTS 1 12 0" "hello, world" "OK 2" "CONTENTS 2 11 0" " 2 blanks  " \
        "OK 3" "CONTENTS 3 0 0" "" "OK 4" "CONTENTS 4 11 0" "5 60 once=x"
    answers 2 txn "if greeting 2" "set a in it" "set b " commit "read a" -- "OK 5" "CONTENTS 5 5 0" "in it"
    local bad
    for bad in "set" "set a" "set  " $'set a\x01b c'; do
        matches "$(ask 3 "$bad" ping)" $'ERR_CMD_ERR ?*\nPONG' "'$bad'"
    done
    # The longest line, and one byte more.
    local text
    text=$(printf 'x%.0s' {1..493})
    answers 1 "set l $text" "read l" -- "OK 6" "CONTENTS 6 493 0" "$text"
    matches "$(ask 1 "set l ${text}x" ping)" "ERR_CMD_ERR line of 500 bytes*"
}

# What a person knows from elsewhere, or mistypes: the connection closes all the same, for contents may follow.
test_an_unknown_verb_is_told_which_may_have_been_meant() {
    fresh_cluster 1
    local word verb
    while read -r word verb; do
        matches "$(ask 1 "$word foo" ping)" "ERR_CMD_ERR unknown verb*; did you mean $verb? *closing" "$word"
        same "$(ask 1 "$word foo" ping | wc -l)" 1 "$word closes"
    done <<'END'
get read
Get read
put write
SET set
del delete
rm delete
ls list
cp copy
mv move
keys list
expire touch
incrby incr
multi txn
exec commit
raed read
wirte write
delte delete
stutus status
END
    matches "$(ask 1 frobnicate ping)" "ERR_CMD_ERR unknown verb*'help' lists them; closing"
    [[ $(ask 1 frobnicate) != *"did you mean"* ]] || fail "frobnicate means nothing"
}

test_bad_commands_whose_end_is_not_known_close() {
    fresh_cluster 1
    local bad
    for bad in "nonsense" "READ a" "Write a 3" "writ a 3" "write a" "write a b" "write a -1" "write a +3" \
        "write a 0x3" "write a 3x" "cas a 0" "cas a 0 b" $'\xff\xfe'; do
        matches "$(printf 'ping\n%s\nabc\nping\nwrite a 3\nabc\n' "$bad" | say 1)" $'PONG\nERR_CMD_ERR ?*' "'$bad'"
        same "$(printf 'ping\n%s\nabc\nping\nwrite a 3\nabc\n' "$bad" | say 1 | wc -l)" 2 "'$bad' closes"
    done
    matches "$(printf 'ping\n\0\nping\n' | say 1)" $'PONG\nERR_CMD_ERR ?*'
    matches "$(printf 'ping\nread a\0\nping\n' | say 1)" $'PONG\nERR_CMD_ERR ?*\nPONG' "a bad name only"
    # Contents that go on where a line end should be.
    matches "$(ask 1 ping "write a 3" "abcd" ping "write a 3" "abc")" $'PONG\nERR_CMD_ERR ?*'
    matches "$(printf 'write a 3\nabc\rping\n' | say 1)" $'ERR_CMD_ERR ?*'
    same "$(printf 'write a 3\nabcd\nping\n' | say 1 | wc -l)" 1
    answers 1 "read a" -- "ERR_FILE_NOT_FOUND"
    same "$(settled 1 revision)" 0
}

test_a_line_has_at_most_499_bytes() {
    fresh_cluster 1
    local spaces
    spaces=$(printf '%*s' 493 '')
    answers 1 "read ${spaces}a" ping -- "ERR_FILE_NOT_FOUND" PONG                      # 499
    same "$(printf 'read %sa\r\nping\n' "$spaces" | say 1)" $'ERR_FILE_NOT_FOUND\nPONG' # 499, and CR LF
    matches "$(ask 1 ping "read ${spaces} a" ping)" $'PONG\nERR_CMD_ERR ?*'             # 500
    same "$(ask 1 ping "read ${spaces} a" ping | wc -l)" 2
    # It need not end: the answer comes when the limit is passed.
    exec 3<>"/dev/tcp/127.0.0.1/$(port 1)"
    printf 'x%.0s' {1..600} >&3
    local line
    IFS= read -r -t 10 line <&3
    matches "$line" "ERR_CMD_ERR ?*"
    ! IFS= read -r -t 10 line <&3 || fail "still open"
    exec 3>&-
}

test_values_have_a_limit() {
    fresh_cluster 1 --value-max 1000
    local most
    most=$(printf 'v%.0s' {1..1000})
    answers 1 "write a 1000" "$most" "read a" -- "OK 1" "CONTENTS 1 1000 0" "$most"
    local bad
    for bad in "write a 1001" "cas a 0 1001" "write a 18446744073709551615" "write a 99999999999999999999999"; do
        matches "$(ask 1 ping "$bad" "$most" ping "delete a")" $'PONG\nERR_TOO_BIG ?*' "$bad"
        same "$(ask 1 ping "$bad" "$most" ping "delete a" | wc -l)" 2
    done
    answers 1 "read a" -- "CONTENTS 1 1000 0" "$most"
}

test_one_who_half_closes_gets_all_answers() {
    fresh_cluster 3
    same "$(printf 'write a 1\nx\nread a\ndelete a\nread a' | say 2)" $'OK 1\nCONTENTS 1 1 0\nx\nOK' \
        "a last line without an end is not run"
    same "$(printf 'ping\nwrite a 10\nabc' | say 2)" PONG "contents that do not come are not written"
    answers 2 "read a" -- "ERR_FILE_NOT_FOUND"
    same "$(printf '' | say 2)" ""
}

test_replies_to_what_came_before_are_delivered_before_a_close() {
    fresh_cluster 3
    local node
    for node in 1 2 3; do
        {
            for i in {1..500}; do
                printf 'write a-%d 1\nx\n' "$i"
            done
            printf 'nonsense\nwrite b 1\nx\n'
        } | say "$node" >"$directory/got"
        same "$(grep -c '^OK ' "$directory/got")" 500
        same "$(wc -l <"$directory/got")" 501
        matches "$(tail -n 1 "$directory/got")" "ERR_CMD_ERR ?*"
    done
    answers 1 "read b" -- "ERR_FILE_NOT_FOUND"
}

# TOTAL commands in one go, to node $1: each read must see the write before it and none after.
pipeline() { # NODE TOTAL
    awk -v n="$2" 'BEGIN { for (i = 1; i <= n / 2; i++) printf "write a %d\n%d\nread a\n", length(i), i }' |
        say "$1" >"$directory/got"
    awk -v n="$2" 'BEGIN { for (i = 1; i <= n / 2; i++) printf "OK %d\nCONTENTS %d %d 0\n%d\n", i, i, length(i), i }' \
        >"$directory/expected"
    cmp "$directory/got" "$directory/expected"
}

test_ten_thousand_commands_in_one_go_to_a_follower() {
    fresh_cluster 5
    local node
    read -r node _ <<<"$(others "$(cluster leader)")"
    pipeline "$node" 10000
}

test_ten_thousand_commands_in_one_go_to_the_leader() {
    fresh_cluster 5
    pipeline "$(cluster leader)" 10000
}

test_commands_may_come_byte_by_byte() {
    fresh_cluster 1
    local text=$'write a 6\r\nabcdef\r\nread a\r\nquit\r\n' i
    exec 3<>"/dev/tcp/127.0.0.1/$(port 1)"
    for ((i = 0; i < ${#text}; i++)); do
        printf '%s' "${text:i:1}" >&3
    done
    same "$(cat <&3)" $'OK 1\r\nCONTENTS 1 6 0\r\nabcdef\r\nBYE\r'
    exec 3>&-
}

test_browsers_and_tls_clients_are_closed_at_the_first_line() {
    fresh_cluster 1 --no-http
    local hello
    matches "$(printf 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\nwrite a 1\r\nx\r\n' | say 1)" \
        "ERR_CMD_ERR ?*"
    same "$(printf 'POST / HTTP/1.1\r\n\r\nwrite a 1\r\nx\r\n' | say 1 | wc -l)" 1
    # A TLS hello: handshake record, client hello, then whatever comes first: a line end or too many bytes.
    hello='\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'
    # shellcheck disable=SC2059
    matches "$(printf "$hello"'random\nwrite a 1\nx\n' | say 1)" "ERR_CMD_ERR ?*"
    matches "$({
        # shellcheck disable=SC2059
        printf "$hello"
        printf 'r%.0s' {1..506}
        printf '\nwrite a 1\nx\n'
    } | say 1)" "ERR_CMD_ERR ?*"
    answers 1 "read a" -- "ERR_FILE_NOT_FOUND"
}

test_a_slow_reader_is_cut_off_and_others_are_served() {
    fresh_cluster 3 --client-stall-ms 1500
    head -c 1000000 /dev/zero | tr '\0' x >"$directory/value"
    {
        printf 'write big 1000000\n'
        cat "$directory/value"
        printf '\n'
    } | say 2 >/dev/null
    # Asks for 200 MB and reads nothing.
    exec 3<>"/dev/tcp/127.0.0.1/$(port 2)"
    for i in {1..200}; do
        printf 'read big\n'
    done >&3
    local begun
    begun=$(now_ms)
    for i in {1..20}; do
        matches "$(ask 2 "write a 1" x "read a")" $'OK *\nCONTENTS *\nx'
    done
    (($(now_ms) - begun < 5000)) || fail "others wait"
    wait_for status_is 2 connections 1
    # What the server had sent is still there, then comes the end: it is not all.
    (($(cat <&3 2>/dev/null | wc -c) < 200000000)) || fail "not cut off"
    exec 3>&-
}
