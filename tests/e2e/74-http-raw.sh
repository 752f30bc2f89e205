# shellcheck shell=bash
# HTTP by raw sockets: how a connection is told from one that speaks text, what could be understood in two ways and is
# refused, and what a browser may not do.

# Sends $2 (for printf) to node $1, and prints the status codes of all answers that come until it closes, in one line.
# (The HTTP library takes a client that half-closes for one that has gone away: so the last request asks for the close.)
codes() {
    raw "$@" | { grep -aoE 'HTTP/1.1 [0-9]+' || true; } | cut -d ' ' -f 2 | paste -sd ' '
}

# The same, with all of the answers.
raw() {
    # shellcheck disable=SC2059
    printf "$2" | { nc -w 5 127.0.0.1 "$(port "$1")" || true; } | tr -d '\r\0'
}

host='Host: localhost\r\n'
close='Connection: close\r\n'
last=$host$close

test_http_is_told_from_text_by_its_first_bytes() {
    fresh_cluster 1
    answers 1 "write x 2" hi -- "OK 1"
    matches "$(raw 1 "GET /files/x HTTP/1.1\r\n$last\r\n")" $'HTTP/1.1 200 OK\n*\n\nhi'
    # What is no method is text, and gets its error.
    local line
    for line in "Get /files/x HTTP/1.1" "GETS / HTTP/1.1" "PRI * HTTP/2.0" "READ x" "GET" $'GET\t/ HTTP/1.1'; do
        matches "$(printf '%s\r\nread x\r\n' "$line" | say 1)" 'ERR_CMD_ERR unknown verb *'
    done
    matches "$(printf '\x16\x03\x01\x02\r\n' | say 1)" 'ERR_CMD_ERR *'
    # Text goes on being text, also where a later line begins with a method.
    matches "$(printf 'ping\r\nGET / HTTP/1.1\r\n\r\nping\r\n' | say 1)" $'PONG\nERR_CMD_ERR *'
    # HTTP goes on being HTTP.
    matches "$(raw 1 "GET /livez HTTP/1.1\r\n$host\r\nping\r\n\r\n")" $'HTTP/1.1 200 OK\n*\n\n{"ok":true}'
}

test_http_a_method_may_come_byte_by_byte() {
    fresh_cluster 1
    local request="GET /livez HTTP/1.1" i
    exec 3<>"/dev/tcp/127.0.0.1/$(port 1)"
    for ((i = 0; i < ${#request}; i++)); do
        printf '%s' "${request:i:1}" >&3
    done
    printf '\r\nHost: localhost\r\n\r\n' >&3
    IFS= read -r -t 10 line <&3
    matches "$line" 'HTTP/1.1 200 OK*'
    exec 3>&-
    # Half a method and the end: text.
    same "$(printf GE | say 1)" ""
    # Half a method, and nothing for a while: text, also when the rest comes after all.
    exec 3<>"/dev/tcp/127.0.0.1/$(port 1)"
    printf 'GE' >&3
    wait_for nothing_unread
    printf 'T /livez HTTP/1.1\r\n\r\n' >&3
    IFS= read -r -t 10 line <&3
    matches "$line" 'ERR_CMD_ERR *'
}

# The system holds nothing that node 1 has not read.
nothing_unread() {
    ! awk -v place=":$(printf '%04X' "$(port 1)")\$" '
        $2 ~ place && $4 == "01" && $5 !~ /:00000000$/ { found = 1 }
        END { exit !found }' /proc/net/tcp
}

test_http_can_be_turned_off() {
    fresh_cluster 1 --no-http
    matches "$(raw 1 "GET /livez HTTP/1.1\r\n$host\r\n")" 'ERR_CMD_ERR unknown verb *'
    answers 1 ping -- PONG
}

test_http_what_could_be_smuggled_is_refused() {
    fresh_cluster 1
    answers 1 "write x 2" hi -- "OK 1"
    same "$(codes 1 "GET /files/x HTTP/1.1\r\n$last\r\n")" 200
    local good="GET /files/x HTTP/1.1\r\n${host}X: a\r\nX: b\r\nEmpty: \r\n\r\n"
    same "$(codes 1 "${good}GET /livez HTTP/1.1\r\n$last\r\n")" "200 200"
    # Behind each of these stands another request, which must not be run: the connection ends.
    local next="PUT /files/smuggled HTTP/1.1\r\n${host}Content-Length: 1\r\n\r\nx" header
    for header in \
        'X: a\nY: b\r\n' 'X: a\rY: b\r\n' 'X: a\r\n b\r\n' 'X: a\r\n\tb\r\n' 'X : a\r\n' 'X:a\r\n' 'X:  a\r\n' \
        'X: a \r\n' 'X:\r\n' 'X\r\n' ': a\r\n' 'X: a\n' 'X: \x01\r\n' 'X: a\0b\r\n' 'X\0: b\r\n' ' X: a\r\n' \
        'Host: localhost\r\n' 'Host: other\r\n' 'X(: a\r\n' 'Content-Length: 1\r\nContent-Length: 1\r\n' \
        'Content-Length: 1\r\ncontent-length: 2\r\n' 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n' \
        'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n' 'Transfer-Encoding: gzip, chunked\r\n' \
        'Transfer-Encoding: chunked, identity\r\n' 'Transfer-Encoding: xchunked\r\n' 'Content-Length: +1\r\n' \
        'Content-Length: -1\r\n' 'Content-Length: 0x1\r\n' 'Content-Length: 1, 1\r\n' 'Content-Length: 1 1\r\n' \
        'Content-Length: \r\n' 'Content-Length: 99999999999999999999\r\n' 'Content-Length:\x0b1\r\n'; do
        # The library's own 400 has its header twice, in version 0.9.75.
        matches "$(codes 1 "PUT /files/x HTTP/1.1\r\n$host$header\r\n$next$next")" '@(400|413)?( 400| 413)' "$header"
    done
    answers 1 "read x" "read smuggled" -- "CONTENTS 1 2 0" hi ERR_FILE_NOT_FOUND
}

test_http_request_lines_that_are_refused() {
    fresh_cluster 1
    answers 1 "write x 2" hi -- "OK 1"
    local line
    for line in 'GET  /files/x HTTP/1.1' 'GET /files/x  HTTP/1.1' 'GET /files/x HTTP/1.1 ' 'GET /files/x y HTTP/1.1' \
        'GET /files/x\0y HTTP/1.1' 'GET /files/x HTTP/1.11' 'GET /files/x HTTP/2.0' 'GET /files/x http/1.1' \
        'GET /files/x' 'GET ' 'GET /files/x\tHTTP/1.1' 'GET /files/x HTTP/0.9' 'GET /files/x\rHTTP/1.1'; do
        matches "$(codes 1 "$line\r\n$host\r\nGET /livez HTTP/1.1\r\n$host\r\n")" '@(|400|505)' "$line"
    done
    matches "$(codes 1 "GET /files/x HTTP/1.1\n$host\r\n")" 400
    # HTTP/1.1 needs a Host, 1.0 does not.
    same "$(codes 1 "GET /files/x HTTP/1.1\r\n\r\n")" 400
    same "$(codes 1 "GET /files/x HTTP/1.0\r\n\r\n")" 200
    same "$(codes 1 "GET /files/x HTTP/1.2\r\n$last\r\n")" 200
    same "$(codes 1 "GET HTTP://LOCALHOST/files/x HTTP/1.1\r\n$last\r\n")" 200
    # The library would keep each parameter, and fall silent when its memory for them is used up.
    local long
    long=$(printf '&a%.0s' {1..5000})
    same "$(codes 1 "GET /files/x?stale$long HTTP/1.1\r\n$last\r\n")" 400
    same "$(codes 1 "GET /files/x?${long//a/} HTTP/1.1\r\n$last\r\n")" 200
    long=$(printf 'x%.0s' {1..20000})
    # What is not read any more may reset the connection before the answer is seen.
    matches "$(codes 1 "GET /files/$long HTTP/1.1\r\n$host\r\n")" '@(|414)'
    matches "$(codes 1 "GET /files/x HTTP/1.1\r\n${host}X: $long\r\n\r\n")" '@(|431)'
    answers 1 ping -- PONG
}

test_http_chunks_that_are_refused() {
    fresh_cluster 1 --client-stall-ms 1000
    local head="PUT /files/x HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n" chunks next
    for chunks in 'zz\r\na\r\n0\r\n\r\n' '1\r\nab0\r\n\r\n' '-1\r\na\r\n0\r\n\r\n' '1 \r\na\r\n0\r\n\r\n' \
        '0x1\r\na\r\n0\r\n\r\n' 'fffffffffffffffff\r\na\r\n' ' 1\r\na\r\n0\r\n\r\n' '\r\na\r\n0\r\n\r\n'; do
        matches "$(codes 1 "$head$chunks")" '4[01][03]' "$chunks"
    done
    # An upload that breaks off does nothing.
    # shellcheck disable=SC2059
    same "$(printf "${head}5\r\nhello\r\n" | say 1)" ""
    # shellcheck disable=SC2059
    same "$(printf "PUT /files/x HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhell" | say 1)" ""
    answers 1 "read x" -- ERR_FILE_NOT_FOUND
    # A body in chunks is the connection's last: where it ends may be seen differently by others.
    same "$(codes 1 "${head}2;a=b\r\nhi\r\n0\r\n\r\nGET /livez HTTP/1.1\r\n$host\r\n")" 201
    answers 1 "read x" -- "CONTENTS 1 2 0" hi
    # A body where there must be none is not taken for the next request.
    next="DELETE /files/x HTTP/1.1\r\n${host}\r\n"
    same "$(codes 1 "GET /files/x HTTP/1.1\r\n${host}Content-Length: 45\r\n\r\n$next")" 400
    answers 1 "read x" -- "CONTENTS 1 2 0" hi
}

test_http_pipelined_requests_are_answered_in_order() {
    fresh_cluster 1
    local i requests=
    for i in 1 2 3 4 5 6 7 8; do
        requests+="PUT /files/n HTTP/1.1\r\n${host}Content-Length: 1\r\n\r\n${i}GET /files/n HTTP/1.1\r\n$host\r\n"
    done
    requests+="GET /livez HTTP/1.1\r\n$last\r\n"
    same "$(raw 1 "$requests" | grep -ao '"version":[0-9]*\|^[0-9]HTTP\|^[0-9]$' | tr -dc '0-9\n' | paste -sd ' ')" \
        "1 1 2 2 3 3 4 4 5 5 6 6 7 7 8 8"
}

test_http_browsers_are_kept_out() {
    fresh_cluster 1
    answers 1 "write x 2" hi -- "OK 1"
    local put="PUT /files/x HTTP/1.1\r\n${host}Content-Length: 1\r\n"
    local post="POST /upload/x HTTP/1.1\r\n${host}Content-Length: 1\r\n"
    same "$(codes 1 "${put}Origin: http://evil.example\r\n\r\nx")" 403
    same "$(codes 1 "${put}Origin: null\r\n\r\nx")" 403
    same "$(codes 1 "${put}Origin: http://localhost.evil.example\r\n\r\nx")" 403
    same "$(codes 1 "${put}Sec-Fetch-Site: cross-site\r\n\r\nx")" 403
    same "$(codes 1 "${post}User-Agent: Mozilla/5.0\r\nContent-Type: text/plain\r\n\r\nx")" 403
    # No leave is given to who asks for it (CORS).
    local asked='Origin: http://evil.example\r\nAccess-Control-Request-Method: PUT\r\n'
    same "$(codes 1 "OPTIONS /files/x HTTP/1.1\r\n$last$asked\r\n")" 405
    matches "$(raw 1 "GET /files/x HTTP/1.1\r\n${last}Origin: http://evil.example\r\n\r\n")" $'HTTP/1.1 200 *\n\nhi'
    ! raw 1 "GET /files/x HTTP/1.1\r\n${last}Origin: http://evil.example\r\n\r\n" | grep -qi access-control ||
        fail "leave for another origin"
    # A name that was made to point here is none of ours.
    same "$(codes 1 "GET /files/x HTTP/1.1\r\nHost: evil.example\r\n$close\r\n")" 421
    same "$(codes 1 "GET /status HTTP/1.1\r\nHost: evil.example:$(port 1)\r\n$close\r\n")" 421
    same "$(codes 1 "GET /files/x HTTP/1.1\r\nHost: 127.0.0.1:$(port 1)\r\n$close\r\n")" 200
    same "$(codes 1 "GET /files/x HTTP/1.1\r\nHost: [::1]\r\n$close\r\n")" 200
    answers 1 "read x" -- "CONTENTS 1 2 0" hi
}

test_http_names_of_this_node_can_be_told() {
    fresh_cluster 1 --http-hosts cleat.example.com,other.example.com
    same "$(codes 1 "GET /livez HTTP/1.1\r\nHost: cleat.example.com\r\n$close\r\n")" 200
    same "$(codes 1 "GET /livez HTTP/1.1\r\nHost: Other.Example.com:80\r\n$close\r\n")" 200
    same "$(codes 1 "GET /livez HTTP/1.1\r\nHost: example.com\r\n$close\r\n")" 421
}

test_http_idle_connections_are_closed() {
    fresh_cluster 1 --client-stall-ms 1000
    exec 3<>"/dev/tcp/127.0.0.1/$(port 1)" 4<>"/dev/tcp/127.0.0.1/$(port 1)"
    printf 'GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ' >&3
    printf 'PUT /files/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhello' >&4
    wait_for status_is 1 connections 3
    wait_for status_is 1 connections 1
    answers 1 "read x" -- ERR_FILE_NOT_FOUND
}

# A client that does not read what it asked for does not keep others waiting, nor its memory for ever.
test_http_slow_readers_are_cut_off() {
    fresh_cluster 1 --client-stall-ms 1500
    head -c 1048576 /dev/zero >"$directory/large"
    curl -sS -T "$directory/large" "http://127.0.0.1:$(port 1)/files/large" >/dev/null
    local i
    exec 3<>"/dev/tcp/127.0.0.1/$(port 1)"
    for ((i = 0; i < 40; i++)); do
        printf 'GET /files/large HTTP/1.1\r\nHost: localhost\r\n\r\n' >&3
    done
    answers 1 ping -- PONG
    wait_for status_is 1 connections 2
    wait_for status_is 1 connections 1
}
