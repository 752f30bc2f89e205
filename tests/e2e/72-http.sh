# shellcheck shell=bash
# HTTP and JSON on the clients' port, with curl: every route, and what it answers.

# What node $1 answers to curl's arguments $2...: its status code, then the body without the line's end.
http() {
    local node=$1
    shift
    : >"$directory/body"
    curl -sS -m 20 -D "$directory/headers" -o "$directory/body" -w '%{http_code} ' \
        "${@:1:$#-1}" "http://127.0.0.1:$(port "$node")${*: -1}"
    cat "$directory/body"
}

# The value of header $1 of the last answer; empty if there is none.
header() {
    tr -d '\r' <"$directory/headers" | sed -n "s/^$1: //Ip"
}

test_http_reads_and_writes_files() {
    fresh_cluster 3
    same "$(http 1 -X PUT --data-binary hello /files/a/b)" '201 {"ok":true,"name":"a/b","version":1}'
    same "$(header etag)" '"1"'
    same "$(http 2 /files/a/b)" '200 hello'
    same "$(header etag) $(header content-type) $(header accept-ranges)" '"1" application/octet-stream bytes'
    same "$(header x-content-type-options)" nosniff
    same "$(header cleat-expires-in)" ""
    same "$(http 3 /files/a%2Fb)" '200 hello'
    matches "$(http 3 -I /files/a/b)" '200 *'
    ! grep -q hello "$directory/body" || fail "contents in the answer to HEAD"
    same "$(header content-length) $(header etag)" '5 "1"'
    same "$(http 2 -X POST -d 2 '/files/c?ttl=60')" '201 {"ok":true,"name":"c","version":2}'
    http 1 /files/c >"$directory/got"
    same "$(<"$directory/got")" '200 2'
    matches "$(header cleat-expires-in)" '[56][0-9]'
    matches "$(http 1 /files/none)" '404 {"ok":false,"error":"ERR_FILE_NOT_FOUND","message":"*","name":"none"}'
    same "$(http 3 -X DELETE /files/c)" '200 {"ok":true,"name":"c"}'
    matches "$(http 3 -X DELETE /files/c)" '404 *ERR_FILE_NOT_FOUND*'
    # An empty file, by a PUT without a body.
    same "$(http 1 -X PUT /files/empty)" '201 {"ok":true,"name":"empty","version":4}'
    same "$(http 2 /files/empty)" '200 '
    answers 3 "read a/b" -- "CONTENTS 1 5 0" hello
}

test_http_stale_reads_say_so() {
    fresh_cluster 1
    http 1 -X PUT -d x /files/a >"$directory/got"
    same "$(http 1 '/files/a?stale')" '200 x'
    same "$(header cleat-stale)" true
    same "$(header cleat-revision)" 1
    same "$(header cleat-leaderless)" ""
    matches "$(http 1 '/files/b?stale')" '404 *"stale":true,"revision":1}'
    same "$(header cleat-revision)" 1
    matches "$(http 1 '/files?stale')" '200 *"stale":true}'
    same "$(http 1 /files/a)" '200 x'
    same "$(header cleat-stale)" ""
}

test_http_conditions_are_cas() {
    fresh_cluster 1
    same "$(http 1 -X PUT -H 'If-None-Match: *' -d one /files/a)" '201 {"ok":true,"name":"a","version":1}'
    matches "$(http 1 -X PUT -H 'If-None-Match: *' -d two /files/a)" \
        '412 {"ok":false,"error":"ERR_VERSION",*"version":1}'
    same "$(header etag)" '"1"'
    same "$(http 1 -X PUT -H 'If-Match: "1"' -d two /files/a)" '200 {"ok":true,"name":"a","version":2}'
    matches "$(http 1 -X PUT -H 'If-Match: "1"' -d no /files/a)" '412 *"version":2}'
    matches "$(http 1 -X PUT -H 'If-Match: "1"' -d no /files/b)" '412 *"version":0}'
    matches "$(http 1 -X PUT -H 'If-Match: W/"2"' -d no /files/a)" '412 *"version":2}'
    same "$(http 1 -X PUT -H 'If-Match: *' -d three /files/a)" '200 {"ok":true,"name":"a","version":3}'
    matches "$(http 1 -X PUT -H 'If-Match: *' -d no /files/b)" '412 *'
    matches "$(http 1 -X DELETE -H 'If-Match: "1"' /files/a)" '412 *"version":3}'
    matches "$(http 1 -X DELETE -H 'If-Match: *' /files/b)" '412 *'
    same "$(http 1 /files/a)" '200 three'
    same "$(http 1 -H 'If-None-Match: "3"' /files/a)" '304 '
    same "$(header etag) $(header content-length)" '"3" 5'
    same "$(http 1 -H 'If-None-Match: "2"' /files/a)" '200 three'
    matches "$(http 1 -H 'If-Match: "2"' /files/a)" '412 *"message":*"name":"a","version":3}'
    same "$(http 1 -X DELETE -H 'If-Match: "3"' /files/a)" '200 {"ok":true,"name":"a"}'
}

# The version is the file's, which a touch leaves as it is, whatever its condition.
test_http_a_touch_keeps_the_version() {
    fresh_cluster 1
    http 1 -X PUT -d x /files/other >"$directory/got"
    same "$(http 1 -X PUT -d x '/files/a?ttl=9')" '201 {"ok":true,"name":"a","version":2}'
    local condition
    for condition in 'If-Match: "2"' 'If-Match: *' 'Cleat: nothing'; do
        same "$(http 1 -X POST -H "$condition" '/files/a?op=touch&ttl=3600')" '200 {"ok":true,"name":"a","version":2}'
        same "$(header etag)" '"2"'
    done
    for condition in 'If-Match: "1"' 'If-Match: W/"2"' 'If-None-Match: *'; do
        matches "$(http 1 -X POST -H "$condition" '/files/a?op=touch&ttl=1')" '412 *"name":"a","version":2}'
    done
    matches "$(http 1 -X POST -H 'If-Match: "1"' '/files/none?op=touch&ttl=1')" '412 *"name":"none","version":0}'
    matches "$(http 1 -X POST -H 'If-Match: *' '/files/none?op=touch&ttl=1')" '412 *"name":"none","version":0}'
    matches "$(http 1 -X POST -H 'If-None-Match: *' '/files/none?op=touch&ttl=1')" '404 *'
    same "$(http 1 /files/a)" '200 x'
    matches "$(header cleat-expires-in)" '3[56]??'
    same "$(status 1 revision)" 2
}

test_http_a_life_for_what_is_created() {
    fresh_cluster 1
    local op
    for op in incr append; do
        matches "$(http 1 -X POST -d '' "/files/$op?op=$op&ttl=3600")" '20[01] *'
        http 1 "/files/$op" >"$directory/got"
        matches "$(header cleat-expires-in)" '3[56]??'
        matches "$(http 1 -X POST -d '' "/files/$op?op=$op&ttl=9999")" '200 *'
        http 1 "/files/$op" >"$directory/got"
        matches "$(header cleat-expires-in)" '3[56]??'
    done
    matches "$(http 1 -X POST '/files/n?op=incr&ttl=soon')" '400 *'
}

test_http_what_came_to_be_is_201() {
    fresh_cluster 3
    same "$(http 2 -X PUT -d one /files/a)" '201 {"ok":true,"name":"a","version":1}'
    same "$(http 3 -X PUT -d two /files/a)" '200 {"ok":true,"name":"a","version":2}'
    same "$(http 1 -X PUT -H 'If-Match: "2"' -d three '/files/a?ttl=1')" '200 {"ok":true,"name":"a","version":3}'
    wait_for gone a
    matches "$(http 1 -X PUT -d again /files/a)" '201 *'
    matches "$(http 2 -X POST -d x '/files/a?op=append')" '200 *'
    matches "$(http 2 -X POST -d x '/files/b?op=append')" '201 *'
    matches "$(http 1 -X POST '/files/c?op=copy&from=a')" '201 *'
    matches "$(http 1 -X POST '/files/c?op=move&from=a')" '200 *'
    matches "$(http 1 -X POST '/files/a?op=touch&ttl=9')" '404 *'
    # A repetition is answered as the first time, by any node.
    matches "$(http 1 -X PUT -H 'Idempotency-Key: k' -d x /files/k)" '201 *'
    matches "$(http 2 -X PUT -H 'Idempotency-Key: k' -d x /files/k)" '201 *'
    matches "$(http 2 -X PUT -d x /files/k)" '200 *'
}

gone() { # NAME
    [[ $(http 1 "/files/$1") == '404 '* ]]
}

test_http_swap_names_the_file_that_is_not_so() {
    fresh_cluster 1
    http 1 -X PUT -d x /files/a >"$directory/got"
    http 1 -X PUT -d yy /files/b >"$directory/got"
    same "$(http 1 -X POST '/files/a?op=swap&from=b')" '200 {"ok":true,"name":"a","version":3}'
    same "$(header etag)" '"3"'
    same "$(http 1 /files/a) $(http 1 /files/b)" "200 yy 200 x"
    local query='/files/a?op=swap&from=b&from_version'
    matches "$(http 1 -X POST -H 'If-Match: "3"' "$query=2")" '412 *"name":"b","version":3}'
    same "$(header etag)" ""
    matches "$(http 1 -X POST -H 'If-Match: "2"' "$query=3")" '412 *"name":"a","version":3}'
    same "$(header etag)" '"3"'
    matches "$(http 1 -X POST '/files/a?op=swap&from=none')" '404 *"name":"none"}'
    matches "$(http 1 -X POST '/files/none?op=swap&from=a')" '404 *"name":"none"}'
    matches "$(http 1 -X POST -H 'If-Match: "3"' '/files/a?op=swap&from=b')" '400 *together*'
    matches "$(http 1 -X POST -H 'If-Match: *' '/files/a?op=swap&from=b')" '200 *'
    matches "$(http 1 -X POST -H 'If-Match: "4"' '/files/a?op=swap&from=b&from_version=4')" '200 *"version":5}'
}

# What is not there is the source, whatever the condition on the target.
test_http_a_copy_says_which_file_is_missing() {
    fresh_cluster 1
    local op condition
    http 1 -X PUT -d x /files/there >"$directory/got"
    for op in copy move; do
        for condition in 'If-Match: "1"' 'If-Match: *'; do
            matches "$(http 1 -X POST -H "$condition" "/files/there?op=$op&from=none")" '404 *"name":"none"}'
        done
        matches "$(http 1 -X POST "/files/new?op=$op&from=none")" '404 *"name":"none"}'
        matches "$(http 1 -X POST -H 'If-None-Match: *' "/files/new?op=$op&from=none")" '404 *"name":"none"}'
        matches "$(http 1 -X POST -H 'If-Match: "7"' "/files/new?op=$op&from=there")" '412 *"name":"new","version":0}'
        matches "$(http 1 -X POST -H 'If-Match: *' "/files/new?op=$op&from=there")" '412 *"name":"new","version":0}'
    done
    # A file may have the name of a word.
    same "$(http 1 -X POST -d x -H 'If-Match: *' '/files/stale?op=append' | grep -c '"stale":true')" 0
    same "$(header cleat-stale)" ""
}

test_http_ranges() {
    fresh_cluster 1
    http 1 -X PUT -d 0123456789 /files/a >"$directory/got"
    same "$(http 1 -r 2-4 /files/a)" '206 234'
    same "$(header content-range)" 'bytes 2-4/10'
    same "$(http 1 -r 7- /files/a)" '206 789'
    same "$(http 1 -r -2 /files/a)" '206 89'
    matches "$(http 1 -r 10- /files/a)" '416 *ERR_RANGE*'
    same "$(header content-range)" 'bytes */10'
    same "$(http 1 -r 0-1,4-5 /files/a)" '200 0123456789'
    same "$(http 1 -r 0-1 -H 'If-Range: "1"' /files/a)" '206 01'
    same "$(http 1 -r 0-1 -H 'If-Range: "9"' /files/a)" '200 0123456789'
    matches "$(http 1 -I -r 0-1 /files/a)" '200 *'
    same "$(header content-length)" 10
    matches "$(http 1 -I -r 10- /files/a)" '200 *'
    # A part of a file is not put: the rest would be lost.
    matches "$(http 1 -X PUT -H 'Content-Range: bytes 0-0/10' -d x /files/a)" '400 *'
    same "$(http 1 /files/a)" '200 0123456789'
}

test_http_large_and_chunked_bodies() {
    fresh_cluster 3
    head -c 1048576 /dev/urandom >"$directory/large"
    matches "$(http 1 -T "$directory/large" /files/large)" '201 *'
    http 2 /files/large >/dev/null
    cmp "$directory/body" "$directory/large"
    http 3 -r 300000-899999 /files/large >/dev/null
    cmp "$directory/body" <(tail -c +300001 "$directory/large" | head -c 600000)
    matches "$(http 2 -T "$directory/large" -H 'Transfer-Encoding: chunked' /files/chunked)" '201 *'
    http 3 /files/chunked >/dev/null
    cmp "$directory/body" "$directory/large"
    # One byte more is too much: said before the body is sent, where its length is known.
    printf x >>"$directory/large"
    matches "$(http 1 -T "$directory/large" /files/large)" '413 {"ok":false,"error":"ERR_TOO_BIG"*'
    ! grep -q '^HTTP/1.1 100' "$directory/headers" || fail "asked to go on with a body that is too large"
    matches "$(http 1 -T "$directory/large" -H 'Transfer-Encoding: chunked' /files/large)" '413 *ERR_TOO_BIG*'
    # However long it is: the answer does not wait for all of it.
    head -c 50000000 /dev/zero >"$directory/large"
    matches "$(http 1 -T "$directory/large" -H Expect: -H 'Transfer-Encoding: chunked' /files/large)" \
        '413 *ERR_TOO_BIG*'
    answers 1 ping -- PONG
}

test_http_listings() {
    fresh_cluster 1
    local name
    for name in a b/1 b/2 c; do
        http 1 -X PUT -d "$name" "/files/$name" >"$directory/got"
    done
    http 1 -X PUT -d x '/files/d?ttl=1000' >"$directory/got"
    http 1 /files >"$directory/got"
    jq -e '.ok and .revision == 5 and (.more | not) and [.files[].name] == ["a", "b/1", "b/2", "c", "d"] and
        .files[1] == {name: "b/1", version: 2, size: 3} and .files[4].expires_in > 900' "$directory/body" >/dev/null ||
        fail "$(<"$directory/body")"
    http 1 '/files?prefix=b/' >"$directory/got"
    same "$(jq -c '[.files[].name]' "$directory/body")" '["b/1","b/2"]'
    http 1 '/files?delimiter=/' >"$directory/got"
    same "$(jq -c '[[.files[].name], [.folders[].name]]' "$directory/body")" '[["a","c","d"],["b/"]]'
    http 1 '/files?limit=2' >"$directory/got"
    same "$(jq -c '[[.files[].name], .more, .after]' "$directory/body")" '[["a","b/1"],true,"b/1"]'
    http 1 '/files?limit=9&after=b/1' >"$directory/got"
    same "$(jq -c '[[.files[].name], .more, .after]' "$directory/body")" '[["b/2","c","d"],false,null]'
    # Names that are no text are told in Base64.
    http 1 -X PUT -d x '/files/%ff' >"$directory/got"
    http 1 '/files?after=d' >"$directory/got"
    same "$(jq -r '.files[0].name_base64' "$directory/body" | base64 -d | od -An -tx1)" ' ff'
    matches "$(http 1 '/files?limit=0')" '400 *ERR_CMD_ERR*'
}

test_http_operations() {
    fresh_cluster 1
    same "$(http 1 -X POST -d ab '/files/log?op=append')" '201 {"ok":true,"name":"log","version":1}'
    same "$(http 1 -X POST -d cd '/files/log?op=append')" '200 {"ok":true,"name":"log","version":2}'
    same "$(http 1 -X POST -H 'If-Match: "2"' -d ef '/files/log?op=append')" '200 {"ok":true,"name":"log","version":3}'
    same "$(http 1 /files/log)" '200 abcdef'
    same "$(http 1 -X POST '/files/n?op=incr')" '200 {"ok":true,"name":"n","version":4,"value":1}'
    same "$(http 1 -X POST '/files/n?op=incr&delta=-3')" '200 {"ok":true,"name":"n","version":5,"value":-2}'
    matches "$(http 1 -X POST '/files/log?op=incr')" '409 *ERR_NOT_A_NUMBER*'
    matches "$(http 1 -X POST '/files/n?op=touch&ttl=500')" '200 *'
    http 1 /files/n >"$directory/got"
    matches "$(header cleat-expires-in)" '[45][0-9][0-9]'
    matches "$(http 1 -X POST '/files/none?op=touch&ttl=500')" '404 *'
    # What would take a life away, or replace what was to be added to, is not done by an oversight.
    matches "$(http 1 -X POST '/files/n?op=touch')" '400 *'
    matches "$(http 1 -X PUT -d no '/files/log?op=append')" '400 *'
    matches "$(http 1 -X POST '/files/copy?op=copy&from=log')" '201 *"name":"copy"*'
    same "$(http 1 /files/copy)" '200 abcdef'
    matches "$(http 1 -X POST -H 'If-None-Match: *' '/files/copy?op=copy&from=log')" '412 *'
    matches "$(http 1 -X POST '/files/moved?op=move&from=copy')" '201 *'
    matches "$(http 1 /files/copy)" '404 *'
    matches "$(http 1 -X POST '/files/moved?op=move&from=copy')" '404 *'
    same "$(http 1 /files/moved)" '200 abcdef'
}

test_http_a_key_makes_a_repetition_harmless() {
    fresh_cluster 3
    local first
    first=$(http 1 -X POST -H 'Idempotency-Key: k1' -d x '/files/log?op=append')
    matches "$first" '201 *'
    same "$(http 2 -X POST -H 'Idempotency-Key: k1' -d x '/files/log?op=append')" "$first"
    same "$(http 3 /files/log)" '200 x'
    matches "$(http 1 -X POST -H 'Idempotency-Key: k2' '/files/n?op=incr')" '200 *"value":1}'
    matches "$(http 3 -X POST -H 'Idempotency-Key: k2' '/files/n?op=incr')" '200 *"value":1}'
}

# Sends the JSON $2 to node $1 as a transaction.
txn() {
    http "$1" -X POST -H 'Content-Type: application/json' -d "$2" /txn
}

test_http_transactions() {
    fresh_cluster 3
    same "$(txn 1 '{"if": [{"name": "a", "absent": true}],
        "do": [{"op": "write", "name": "a", "text": "h\u00e9"},
            {"op": "write", "name": "b", "base64": "AAECAw=="}]}')" \
        '200 {"ok":true,"version":1}'
    same "$(http 2 /files/a)" '200 hé'
    http 2 /files/b >/dev/null
    cmp "$directory/body" <(printf '\x00\x01\x02\x03')
    matches "$(txn 1 '{"if": [{"name": "a", "absent": true}], "do": [{"op": "delete", "name": "a"}]}')" \
        '412 *"name":"a","version":1}'
    matches "$(txn 2 '{"do": [{"op": "delete", "name": "none"}, {"op": "delete", "name": "a"}]}')" \
        '404 *"name":"none"}'
    same "$(txn 3 '{"if": [{"name": "a", "version": 1}, {"name": "b", "present": true}], "do": [
        {"op": "move", "from": "a", "name": "c"}, {"op": "delete", "name": "b"},
        {"op": "incr", "name": "n", "delta": 5}]}')" '200 {"ok":true,"version":2}'
    same "$(http 1 /files/c)" '200 hé'
    same "$(http 1 /files/n)" '200 5'
    matches "$(http 1 /files/a)" '404 *'
    matches "$(txn 1 '{"do": [{"op": "write", "name": "a"}]}')" '400 *ERR_CMD_ERR*'
    matches "$(txn 1 'nonsense')" '400 *ERR_CMD_ERR*'
    matches "$(txn 1 '{"do": [{"op": "write", "name": "a", "text": ""}, {"op": "delete", "name": "a"}]}')" '400 *'
    matches "$(http 1 -X POST -d '{}' /txn)" '415 *'
}

test_http_errors_are_json() {
    fresh_cluster 1
    local answer
    for answer in "404 GET /" "404 GET /file/x" "405 PATCH /files/x" "405 POST /files" "405 DELETE /status" \
        "400 GET /files/a%00b" "400 GET /files/%zz" "400 GET /files/a%0d%0ab" "400 GET /files/x?nonsense=1" \
        "400 PUT /files/x?ttl=soon" "400 POST /files/x?op=copy"; do
        read -r code method target <<<"$answer"
        matches "$(http 1 -X "$method" "$target")" "$code {\"ok\":false,\"error\":\"ERR_*\",\"message\":\"*" "$answer"
        same "$(header content-type)" application/json
    done
    http 1 -X PATCH /files/x >"$directory/got"
    same "$(header allow)" 'GET, HEAD, PUT, POST, DELETE'
    same "$(http 1 /livez)" '200 {"ok":true}'
}

test_http_without_a_majority() {
    fresh_cluster 3 --timeout-ms 700
    http 1 -X PUT -d x /files/a >"$directory/got"
    wait_for level 1 2 3
    cluster pause 2
    cluster pause 3
    wait_for status_is 1 leader 0
    matches "$(http 1 /files/a)" '503 *ERR_NO_LEADER*'
    same "$(header retry-after)" 1
    matches "$(http 1 -X PUT -d y /files/a)" '50[34] {"ok":false,"error":"ERR_*'
    same "$(http 1 '/files/a?stale')" '200 x'
    same "$(http 1 /livez)" '200 {"ok":true}'
    matches "$(http 1 /readyz)" '503 *ERR_NOT_READY*'
    cluster resume 2
    cluster resume 3
    wait_for http_ready 1
}

# A node that ends answers what it was asked: of a change whose outcome it will not see it says so.
test_http_a_node_that_ends_answers() {
    fresh_cluster 3 --timeout-ms 20000
    http 1 -X PUT -d x /files/a >"$directory/got"
    wait_for level 1 2 3
    cluster pause 2
    cluster pause 3
    curl -sS -m 20 -X PUT -d y -w '%{http_code}' "http://127.0.0.1:$(port 1)/files/a" >"$directory/answer" &
    local change=$!
    curl -sS -m 20 -w '%{http_code}' "http://127.0.0.1:$(port 1)/files/a" >"$directory/read" &
    local read=$!
    wait_for status_is 1 connections 3
    cluster stop 1
    wait "$change" "$read"
    matches "$(<"$directory/answer")" '{"ok":false,"error":"ERR_@(TIMEOUT|BUSY|NO_LEADER)"*50[34]'
    matches "$(<"$directory/read")" '{"ok":false,"error":"ERR_@(TIMEOUT|BUSY|NO_LEADER)"*50[34]'
}

http_ready() {
    [[ $(http "$1" /readyz) == '200 '* ]]
}

# What the README of an older file service shows, with ports of this test's own: it works as it stands there.
test_http_the_session_of_the_file_system() {
    fresh_cluster 3
    local leader node is url
    leader=$(status 1 leader)
    for node in 1 2 3; do
        is=false
        ((node != leader)) || is=true
        curl -sS "http://localhost:$(port "$node")/status" >"$directory/status"
        grep -q "\"is_leader\": $is" "$directory/status" || fail "$(<"$directory/status")"
    done
    jq -e '.nodes | length == 3' "$directory/status" >/dev/null
    cd "$directory" || return
    echo "hello distributed world" >my-test-file.txt
    url=http://localhost:$(port 1)/upload/my-first-file.txt
    matches "$(curl -sS -X POST --data-binary @my-test-file.txt "$url")" \
        '{"ok":true,"name":"my-first-file.txt","version":1}'
    same "$(curl -sS "http://localhost:$(port 2)/files" | jq -c '[.files[] | [.name, .size]]')" \
        '[["my-first-file.txt",24]]'
    same "$(curl -sS "http://localhost:$(port 3)/upload/my-first-file.txt")" "hello distributed world"
}

# What the README shows, on a port of this test's own.
test_http_the_session_of_the_readme() {
    fresh_cluster 3
    awk '$0 == "```sh http" { inside = 1; next } /^```/ { inside = 0 } inside' "$root/README.md" |
        sed "s|localhost:8080|localhost:$(port 2)|; s|^curl|curl -sS|" >"$directory/session"
    grep -q curl "$directory/session" || fail "no session in the README"
    bash -e "$directory/session" | tr -d '\r' >"$directory/got"
    local line
    for line in '{"ok":true,"name":"greeting","version":1}' 'ETag: "1"' '{"ok":true,"name":"greeting","version":2}' \
        '{"ok":true,"name":"lock","version":3}' '{"ok":true,"name":"visits","version":4,"value":1}' \
        '{"ok":true,"name":"greeting"}'; do
        grep -qxF "hello$line" "$directory/got" || grep -qxF "$line" "$directory/got" || fail "$line: not there"
    done
}

test_http_connections_are_counted_and_given_back() {
    fresh_cluster 1 --connections-max 4
    local i
    exec 3<>"/dev/tcp/127.0.0.1/$(port 1)" 4<>"/dev/tcp/127.0.0.1/$(port 1)" 5<>"/dev/tcp/127.0.0.1/$(port 1)"
    for i in 3 4 5; do
        printf 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n' >&"$i"
        IFS= read -r -t 10 line <&"$i"
        matches "$line" 'HTTP/1.1 200*'
    done
    same "$(status 1 connections)" 4
    exec 6<>"/dev/tcp/127.0.0.1/$(port 1)" 7<>"/dev/tcp/127.0.0.1/$(port 1)"
    IFS= read -r -t 10 line <&7
    same "${line%$'\r'}" "ERR_BUSY too many connections; try another node"
    exec 3>&- 4>&- 5>&- 6>&- 7>&-
    wait_for status_is 1 connections 1
}
