# shellcheck shell=bash
# cleat, where something fails: what it tells of it, and what it does about the rest.

# shellcheck source=tests/e2e/cli.sh
source "$root/tests/e2e/cli.sh"

# A server on port 1 that takes connections and says nothing.
mute_server() {
    use_cluster none
    background nc -lk 127.0.0.1 "$(port 1)" >/dev/null
    wait_for listened_to "$(port 1)"
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
    fails 1 cleat --endpoints '[::1]:1' bench --seconds 0.5
    matches "$(<"$directory/stderr")" "cleat bench: [[]::1]:1: Connection refused"*
}

# A list that is wrong anywhere is refused as a whole: cut there, it would leave no servers to go on with.
test_cli_refuses_a_bad_list_of_endpoints() {
    local case list said
    local -a good=("$(printf '127.0.0.1:1 ,\t127.0.0.1:1')" " 127.0.0.1:1" $'127.0.0.1:1,\n127.0.0.1:1\n')
    for case in '127.0.0.1:1,|element 2 of the list is empty*' ' |element 1 of the list is empty*' \
        '127.0.0.1:1, ,127.0.0.1:1|element 2 *' ',127.0.0.1:1|element 1 *' \
        "127.0.0.1:1,b:99999|'b:99999': a PORT is a number*" "a:1 b:2|'a:1 b:2': endpoints are separated by commas" \
        "127.0.0.1:1;b:2|*separated by commas" "127.0.0.1:1,::1|'::1': an IPv6 address goes in brackets*" \
        "a:1,[::1|'[[]::1': HOST:PORT *" "a:1,http://b:2|'http://b:2': *"; do
        list=${case%%|*} said=${case#*|}
        fails 2 cleat --endpoints "$list" get x
        matches "$(<"$directory/stderr")" "cleat: --endpoints: $said; see cleat --help"
        fails 2 cleat get --endpoints "$list" x
        matches "$(<"$directory/stderr")" "cleat: get: --endpoints: $said; see cleat get --help"
        fails 2 cleat bench --endpoints "$list" --seconds 0.1
        matches "$(<"$directory/stderr")" "cleat bench: --endpoints: $said"
        export CLEAT_ENDPOINTS=$list
        fails 2 cleat get x
        matches "$(<"$directory/stderr")" "cleat: get: \$CLEAT_ENDPOINTS: $said"
        fails 2 cleat bench --seconds 0.1
        matches "$(<"$directory/stderr")" "cleat bench: \$CLEAT_ENDPOINTS: $said"
        fails 2 cleat <<<"ls"
        matches "$(<"$directory/stderr")" "cleat: line 1: ls: \$CLEAT_ENDPOINTS: $said"
        # What needs none of them, or has its own, is not forbidden.
        local command
        for command in --help --version help "help get" "get --help" "get --version" "bench --help"; do
            # shellcheck disable=SC2086 # words
            fails 0 cleat $command
        done
        for command in "--endpoints 127.0.0.1:1 get x" "get x --endpoints 127.0.0.1:1" \
            "get --endpoints=127.0.0.1:1 x"; do
            # shellcheck disable=SC2086 # words
            fails 5 cleat --timeout 0.1 $command
        done
        fails 1 cleat bench --endpoints 127.0.0.1:1 --seconds 0.1
        fails 1 cleat --endpoints 127.0.0.1:1 bench --seconds 0.1
        fails 5 cleat <<<"get x --endpoints 127.0.0.1:1 --timeout 0.1"
        unset CLEAT_ENDPOINTS
    done
    for list in "${good[@]}"; do
        fails 5 cleat --endpoints "$list" get x --timeout 0.1
        CLEAT_ENDPOINTS=$list fails 5 cleat get x --timeout 0.1
    done
}

# Each node that is left says that nothing was done; so it is not said that this is not known.
test_cli_knows_that_nothing_was_done_without_a_majority() {
    local command
    cli_cluster 3 --timeout-ms 400
    cleat put a --text x
    cluster kill 2
    cluster kill 3
    wait_for status_is 1 leader 0
    for command in "put f --text x" "rm a" "incr n" "mv a b"; do
        # shellcheck disable=SC2086 # words
        fails 5 cleat --timeout 2 $command
        matches "$(<"$directory/stderr")" \
            "cleat: ${command%% *}: *: no server did it: 127.0.0.1:$(port 1): ERR_NO_LEADER *"
    done
    # Of many at once, too: it is said once.
    fails 5 cleat --timeout 2 rm a b c d
    same "$(wc -l <"$directory/stderr")" 1
    fails 5 cleat --timeout 2 txn <<<"write f x"
    fails 5 cleat --timeout 2 get a
    cluster start 2
    cluster start 3
    wait_for serves 1
    same "$(cleat ls -r)" a
}

# --- several files ---------------------------------------------------------------------------------------------------

# Files S/1000 to S/1399, of which D has the first with other contents.
four_hundred_files() {
    local i
    cli_cluster 1
    for ((i = 1000; i < 1400; i++)); do
        printf 'put S/%d --text %d\n' "$i" "$i"
    done >"$directory/script"
    cleat <"$directory/script"
    cleat put D/1000 --text old
}

test_cli_cp_r_goes_on_after_a_failure() {
    four_hundred_files
    fails 4 cleat cp -r --create S D
    same "$(<"$directory/stderr")" "cleat: cp: D/1000: it has version 401"
    same "$(cleat ls D/ | wc -l)" 400
    same "$(cleat get D/1000)" old
    fails 4 cleat cp -r --create S D
    same "$(wc -l <"$directory/stderr")" 400
    cleat rm -r D
    cleat put D/1000 --text old
    fails 4 cleat mv -r --create S D
    same "$(cleat ls D/ | wc -l)" 400
    same "$(cleat ls -r S)" S/1000
}

test_cli_cp_r_goes_on_where_a_name_is_too_long() {
    local long
    long=$(printf 'p%.0s' {1..244})
    cli_cluster 1
    cleat put S/1 --text x
    cleat put S/long-name --text x
    cleat put S/z --text x
    fails 1 cleat --json cp -r S "$long"
    same "$(cleat ls -r p)" "$long/1"$'\n'"$long/z"
    same "$(jq -r 'select(.ok | not) | .name + " " + .error' "$directory/stdout")" "S/long-name LOCAL"
    matches "$(<"$directory/stderr")" "cleat: cp: S/long-name: 'ppp*' is no name: *"
    # Names that are no names for all of them: nothing is sent.
    fails 2 cleat cp -r S "p p"
}

test_cli_rm_r_goes_on_after_a_failure() {
    local i text=
    use_cluster none
    for ((i = 1000; i < 1200; i++)); do
        text+="a/$i 1 1 0"$'\n'
    done
    cat >"$directory/server" <<END
read -r
printf 'LIST 1 ${#text} end\r\n%s\r\n' '$text'
read -r
printf 'ERR_INTERNAL oh\r\n'
for ((i = 1; i < 200; i++)); do
    read -r
    printf 'OK\r\n'
done
cat >/dev/null
END
    background socat "TCP-LISTEN:$(port 1),reuseaddr" "SYSTEM:bash $directory/server"
    wait_for listened_to "$(port 1)"
    fails 1 cleat --endpoints "127.0.0.1:$(port 1)" rm -r -v a
    same "$(wc -l <"$directory/stdout")" 199
    same "$(<"$directory/stderr")" "cleat: rm: a/1000: oh (ERR_INTERNAL)"
}

test_cli_stops_where_no_server_is() {
    local begun
    export CLEAT_ENDPOINTS=127.0.0.1:1
    mkdir "$directory/in"
    printf x | tee "$directory/in/"{1,2,3} >/dev/null
    local command
    for command in "rm -r a b c" "rm a b c" "rm -rf a b c" "stat a b c" "cp -r a b" "get -r a b" \
        "put -r $directory/in"; do
        begun=$(now_ms)
        # shellcheck disable=SC2086 # words
        fails 5 cleat --json --timeout 0.4 $command
        (($(now_ms) - begun < 1100)) || fail "$command took $(($(now_ms) - begun)) ms"
        same "$(wc -l <"$directory/stdout") $(wc -l <"$directory/stderr")" "1 1" "$command"
    done
    # What may have been done is told of each.
    mute_server
    fails 6 cleat rm a b c --timeout 0.4
    same "$(grep -c "not known whether" "$directory/stderr")" 3
}

# The server, played here, lists two files; the first of them is gone when it is asked for.
test_cli_copies_what_is_not_gone_meanwhile() {
    local verb
    use_cluster none
    cat >"$directory/server" <<'END'
read -r
printf 'LIST 1 19 end\r\na/1 1 1 0\na/2 1 1 0\r\n'
read -r && read -r
printf 'ERR_FILE_NOT_FOUND\r\nOK 7\r\n'
cat >/dev/null
END
    for verb in cp mv "cp -q"; do
        background socat "TCP-LISTEN:$(port 1),reuseaddr" "SYSTEM:bash $directory/server"
        wait_for listened_to "$(port 1)"
        # shellcheck disable=SC2086 # words
        cleat --endpoints "127.0.0.1:$(port 1)" $verb -r -v a b >"$directory/stdout" 2>"$directory/stderr"
        same "$(<"$directory/stdout")" "a/2 -> b/2: version 7"
        if [[ $verb == *-q ]]; then
            same "$(<"$directory/stderr")" ""
        else
            same "$(<"$directory/stderr")" "cleat: $verb: a/1: it is gone since it was listed"
        fi
        wait "${started[-1]}" || true
    done
}

# --- what is told ----------------------------------------------------------------------------------------------------

test_cli_says_whose_version_is_another() {
    local verb
    cli_cluster 1
    cleat put sa --text 1
    cleat put sb --text 2
    for verb in cp mv; do
        fails 4 cleat --json "$verb" --create sa sb
        same "$(<"$directory/stdout")" \
            '{"ok":false,"name":"sb","error":"ERR_VERSION","message":"it has version 2","version":2}'
        fails 4 cleat "$verb" --if-version 7 sa nowhere
        same "$(<"$directory/stderr")" "cleat: $verb: nowhere: there is no such file"
        fails 3 cleat --json "$verb" --create nowhere new
        same "$(jq -r .name "$directory/stdout")" nowhere
    done
}

test_cli_tells_local_failures_as_json() {
    cli_cluster 1
    mkdir -p "$directory/in/sub"
    printf x | tee "$directory/in/sub/good" "$directory/in/sub/with blank" >/dev/null
    truncate -s 9M "$directory/in/sub/secret"
    fails 1 cleat --json put x /nonexistent
    same "$(<"$directory/stdout")" \
        '{"ok":false,"name":"/nonexistent","error":"LOCAL","message":"No such file or directory"}'
    fails 1 cleat --json put -r "$directory/in" t
    same "$(jq -r 'select(.ok | not) | .error + " " + .name' "$directory/stdout" | sort)" \
        "LOCAL $directory/in/sub/secret"$'\n'"LOCAL $directory/in/sub/with blank"
    matches "$(<"$directory/stderr")" "*cleat: put: $directory/in/sub/secret: it has more than 8 MiB*"
    fails 1 cleat --json put -r /nonexistent
    same "$(jq -r .name "$directory/stdout")" /nonexistent
    fails 1 cleat --json get -r t /nonexistent/folder
    same "$(jq -r '.error + " " + .name' "$directory/stdout")" "LOCAL /nonexistent/folder"
    fails 1 cleat --json get t/sub/good /nonexistent/folder/file
    same "$(jq -r '.error + " " + .name' "$directory/stdout")" "LOCAL /nonexistent/folder/file"
    fails 1 cleat --json txn <<<'put x /nonexistent'
    same "$(<"$directory/stdout")" \
        '{"ok":false,"error":"LOCAL","message":"line 1: /nonexistent: No such file or directory"}'
    # The code of an error is told once.
    fails 1 cleat --json txn </dev/null
    same "$(jq -r .error "$directory/stdout")" ERR_CMD_ERR
    [[ $(jq -r .message "$directory/stdout") != *ERR_* ]] || fail "$(<"$directory/stdout")"
    matches "$(<"$directory/stderr")" "cleat: txn: * (ERR_CMD_ERR)"
}

test_cli_says_nothing_that_a_terminal_obeys() {
    local name=$'\x9b31mred' command
    cli_cluster 1
    cleat put "$name" --text x
    for command in "cas $name 5 --text x" "get $name/x" "incr $name" "cp --create x $name" "$name" \
        "--show-wire rm $name/x" "put -r /nonexistent/$name" "get $name /nonexistent/$name"; do
        # shellcheck disable=SC2086 # words
        cleat $command >/dev/null 2>"$directory/stderr" && fail "$command"
        ! LC_ALL=C grep -q $'\x9b' "$directory/stderr" || fail "$command: $(od -c "$directory/stderr")"
    done
}

test_cli_refuses_an_empty_path() {
    cli_cluster 1
    cleat put x --text y
    fails 2 cleat get x ''
    same "$(<"$directory/stderr")" "cleat: get: the path is empty; '-' is stdout"
    fails 2 cleat put x ''
    same "$(<"$directory/stderr")" "cleat: put: the path is empty; '-' is stdin"
    fails 2 cleat get -r x ''
    fails 1 cleat get x "$directory/none/"
    same "$(<"$directory/stderr")" "cleat: get: $directory/none/: No such file or directory"
    same "$(cleat get x)" y
}

test_cli_tells_a_folder_from_nothing() {
    local command
    cli_cluster 3
    cleat put folder/x --text y
    for command in "get folder" "cp folder z" "mv folder z" "rm folder" "get folder/"; do
        # shellcheck disable=SC2086 # words
        fails 3 cleat $command
        matches "$(<"$directory/stderr")" "cleat: ${command%% *}: folder*: it is a folder: ${command%% *} -r"
    done
    fails 3 cleat stat folder
    same "$(<"$directory/stderr")" "cleat: stat: folder: it is a folder: ls folder/"
    for command in "get fold" "rm folder folder" "touch folder 5" "get $(printf 'n%.0s' {1..250})"; do
        # shellcheck disable=SC2086 # words
        fails 3 cleat $command
        matches "$(<"$directory/stderr")" "*: there is no such file"
    done
    fails 3 cleat get --json folder
    same "$(jq -r '.error + " " + .name' "$directory/stdout")" "ERR_FILE_NOT_FOUND folder"
    # Nobody is there to be asked for the folder: it stays as it was answered.
    cluster pause 1
    cluster pause 2
    fails 3 cleat get folder --stale --endpoints "127.0.0.1:$(port 3)"
    cluster resume 1
    cluster resume 2
}

test_cli_lists_no_folder_that_is_not_there() {
    local command
    cli_cluster 1
    for command in ls tree "ls -r -l" "ls --json" "tree --json"; do
        # shellcheck disable=SC2086 # words
        fails 0 cleat $command
        same "$(<"$directory/stderr")" ""
    done
    cleat put folder/x --text y
    for command in "ls folder" "ls folder/" "ls fo" "tree folder" "tree folder/"; do
        # shellcheck disable=SC2086 # words
        fails 0 cleat $command
    done
    for command in "ls none/" "tree none" "tree none/" "tree folder/x" "ls folder/x/"; do
        # shellcheck disable=SC2086 # words
        fails 3 cleat $command
        matches "$(<"$directory/stderr")" "cleat: ${command%% *}: ${command#* }*: there is no such folder"
        same "$(<"$directory/stdout")" ""
        # shellcheck disable=SC2086 # words
        fails 3 cleat --json $command
        same "$(jq -r .error "$directory/stdout")" ERR_FILE_NOT_FOUND
    done
    fails 3 cleat ls none
    same "$(<"$directory/stderr")" "cleat: ls: none: there is no name that begins so"
}

test_cli_shows_help_as_json_too() {
    local command
    for command in help "help get" "help bench" --help "get --help" "bench --help"; do
        # shellcheck disable=SC2086 # words
        same "$(cleat --json $command | jq -r .help)" "$(cleat $command)" "$command"
    done
    same "$(cleat --json --version | jq -r '"cleat " + .version')" "$(cleat --version)"
    same "$(cleat get --version)" "$(cleat --version)"
    # What is said before its name holds for bench too.
    fails 1 cleat --json --endpoints 127.0.0.1:1 bench --seconds 0.5 --quiet
    ! grep -v '^[{]' "$directory/stdout" || fail "not JSON alone"
}

test_cli_exit_has_a_status() {
    local word
    fails 3 cleat <<<$'exit 3\nbogus'
    fails 255 cleat <<<'quit 255'
    fails 0 cleat <<<$'exit\nbogus'
    for word in 256 -1 x '1 2' "''"; do
        fails 2 cleat <<<"exit $word"
        same "$(<"$directory/stderr")" "cleat: line 1: exit: it takes a status from 0 to 255, or nothing"
    done
}

# A server whose second page is an error: what came of the first is not the folder.
play_half_a_listing() { # PORT
    coproc server_end { exec nc -l 127.0.0.1 "$1"; }
    local in=${server_end[0]} out=${server_end[1]}
    read -r -u "$in" _
    printf 'LIST 3 30 more\r\na/1 1 1 0\na/2 2 1 0\na/3 3 1 0\n\r\n' >&"$out"
    read -r -u "$in" _
    printf 'ERR_DISK_FULL no\r\n' >&"$out"
    cat <&"$in" >"$directory/rest"
}

test_cli_rm_r_deletes_no_half_of_a_listing() {
    local port
    use_cluster none
    port=$(port 1)
    play_half_a_listing "$port" &
    started+=($!)
    wait_for listened_to "$port"
    fails 1 cleat --endpoints "127.0.0.1:$port" rm -r a
    wait "${started[-1]}" || true
    same "$(<"$directory/rest")" ""
}

listened_to() { # PORT
    grep -qi "$(printf ':%04X 00000000:0000 0A' "$1")" /proc/net/tcp
}
