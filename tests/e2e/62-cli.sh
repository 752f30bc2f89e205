# shellcheck shell=bash
# cleat: its verbs on files, its exit statuses, its forms of output, and servers that are lost.

# shellcheck source=tests/e2e/cli.sh
source "$root/tests/e2e/cli.sh"

test_cli_puts_and_gets_files() {
    cli_cluster 3
    printf 'line\n\0\xff' >"$directory/in"
    cleat put a/b "$directory/in"
    cleat get a/b "$directory/out"
    cmp "$directory/in" "$directory/out"
    cleat get a/b >"$directory/out"
    cmp "$directory/in" "$directory/out"
    cleat put a/b - <"$directory/in"
    same "$(cleat put -v c --text hello)" "c: version 3"
    same "$(cleat get c)" hello
    mkdir "$directory/folder"
    cleat get a/b "$directory/folder"
    cmp "$directory/in" "$directory/folder/b"
    cleat put "$(printf 'n%.0s' {1..250})" -t long
    same "$(cleat get "$(printf 'n%.0s' {1..250})")" long
    cleat put short --ttl 100 -t x
    matches "$(cleat stat short)" "name=short version=5 size=1 ttl=100 created=5 xxh3=????????????????"
    cleat touch short 0
    matches "$(cleat stat short)" "* version=5 * ttl=0 *"
    cleat put c </dev/null
    same "$(cleat get c)" ""
}

test_cli_replaces_local_files_whole() {
    cli_cluster 1
    cleat put f --text later
    printf 'before' >"$directory/target"
    chmod 640 "$directory/target"
    ln -s target "$directory/link"
    cleat get f "$directory/link"
    same "$(<"$directory/target")" later
    same "$(stat -c %a "$directory/target")" 640
    [[ -L $directory/link ]] || fail "the link is replaced"
    # A file that cannot be written as a whole leaves what was there.
    head -c 1000000 /dev/zero | cleat put big
    (
        ulimit -f 100
        trap '' XFSZ
        fails 1 cleat get big "$directory/target"
    )
    same "$(<"$directory/target")" later
    same "$(find "$directory" -name '.cleat*')" ""
    fails 1 cleat get f "$directory/none/file"
    fails 1 cleat get big /dev/full
    cleat get f /dev/null
    [[ -c /dev/null ]] || fail "/dev/null is replaced"
    # stdout is full, closed, or nobody reads the end of it; stdin is closed.
    local command
    for command in 'get f >/dev/full' 'get f >&-' 'help >/dev/full' 'put g <&-' 'get big | head -c 1 >/dev/null'; do
        fails 1 bash -o pipefail -c "\"\$0\" $command" "$cleat"
        if [[ $command == *'|'* ]]; then
            same "$(<"$directory/stderr")" "" # head has what it wants
        else
            matches "$(<"$directory/stderr")" "cleat: ?*"
        fi
    done
}

test_cli_exit_statuses_say_what_happened() {
    cli_cluster 3
    cleat put f --text one
    fails 3 cleat get none
    fails 3 cleat rm none
    cleat rm -f none
    fails 3 cleat stat f none
    fails 3 cleat touch none 5
    fails 3 cleat cp none f
    fails 4 cleat cas f 7 --text x
    same "$(cleat cas f 1 --text two)" 2
    same "$(cleat cas g 0 --text new)" 3
    fails 4 cleat put g --create --text x
    fails 4 cleat rm --if-version 2 g
    cleat rm --if-version 3 g
    fails 2 cleat cp --create f f2 --if-version 9
    cleat cp f f2
    fails 4 cleat mv --create f f2
    same "$(cleat get f)" two
    fails 2 cleat bogus
    fails 2 cleat put f "$directory" --text x
    fails 2 cleat cas f 2 "$directory" --text x
    fails 1 cleat txn <<<'put f /nothing/there'
    matches "$(<"$directory/stderr")" "*line 1: /nothing/there: *"
    fails 2 cleat get
    fails 2 cleat get a b c
    fails 2 cleat get --ttl 5 a
    fails 2 cleat get 'a b'
    fails 2 cleat put --endpoints nonsense: a
    fails 2 cleat cas f x --text y
    fails 1 cleat incr f
    fails 1 cleat put f "$directory/nothing"
    head -c 3000000 /dev/zero >"$directory/large"
    fails 1 cleat put f "$directory/large"
    fails 5 cleat --endpoints 127.0.0.1:1 get f
    fails 5 cleat --endpoints 127.0.0.1:1 put f --text x
    same "$(cleat get f)" two
    cleat --help >/dev/null
    matches "$(cleat --version)" "cleat *"
    local verb
    for verb in get put cas append rm ls tree cp mv swap stat touch incr txn status members level ping bench version \
        help; do
        matches "$(cleat "$verb" --help)" "usage: cleat*"
        same "$(cleat help "$verb")" "$(cleat "$verb" --help)"
    done
}

test_cli_swaps_two_files() {
    cli_cluster 3
    cleat put a --text one --ttl 900
    cleat put b --text other
    same "$(cleat swap -v a b)" "a -> b: version 3"
    same "$(cleat get a) $(cleat get b)" "other one"
    same "$(cleat --json swap b a 3 3)" '{"ok":true,"name":"b","to":"a","version":4}'
    fails 4 cleat swap a b 4 3
    same "$(<"$directory/stderr")" "cleat: swap: b: it has version 4"
    fails 4 cleat swap a b 3 4
    same "$(<"$directory/stderr")" "cleat: swap: a: it has version 4"
    fails 3 cleat swap a none
    same "$(<"$directory/stderr")" "cleat: swap: none: there is no such file"
    fails 2 cleat swap a b 4
    same "$(<"$directory/stderr")" "cleat: swap: either both versions or none"
    fails 2 cleat swap a b 4 x
    matches "$(<"$directory/stderr")" "cleat: swap: BV x: *"
    fails 1 cleat swap a a
    fails 4 cleat txn <<<'swap a b 4 3'
    same "$(<"$directory/stderr")" "cleat: txn: b: it has version 4"
    same "$(cleat txn <<<'swap a b')" 5
}

test_cli_knows_the_verbs_of_the_protocol() {
    local command
    cli_cluster 3
    cleat write f --text one
    same "$(cleat read f)" one
    cleat copy f g
    cleat move g folder/h
    same "$(cleat list)" $'f\nfolder/'
    same "$(cleat list folder/)" folder/h
    mkdir "$directory/in"
    printf x >"$directory/in/a"
    cleat write -r "$directory/in" tree
    same "$(cleat list tree/)" tree/a
    fails 4 cleat delete f --if-version 7
    same "$(<"$directory/stderr")" "cleat: delete: f: it has version 1"
    # What the protocol has as a word is not taken for a second file, or for another thing.
    cleat put 1 --text x
    for command in "delete f 1" "copy f g 0" "move f g 0"; do
        # shellcheck disable=SC2086 # words
        fails 2 cleat $command
        matches "$(<"$directory/stderr")" "cleat: ${command%% *}: too many words: *--if-version*"
    done
    fails 2 cleat write f 3 60
    matches "$(<"$directory/stderr")" "cleat: write: too many words: *--ttl*"
    fails 2 cleat read f g h
    same "$(<"$directory/stderr")" "cleat: read: too many words; usage: cleat read [options] NAME [PATH]"
    cleat delete f
    fails 3 cleat read f
    same "$(<"$directory/stderr")" "cleat: read: f: there is no such file"
    fails 3 cleat delete folder
    matches "$(<"$directory/stderr")" "*it is a folder: delete -r"
    cleat delete -r folder
    same "$(cleat help read)" "$(cleat get --help)"
    same "$(cleat delete --help)" "$(cleat rm --help)"
    for command in "read (get)" "write (put)" "delete (rm)" "list (ls)" "copy (cp)" "move (mv)"; do
        matches "$(cleat --help)" "*$command*"
    done
}

test_cli_shows_the_versions_of_both_programs() {
    local version
    cli_cluster 1
    version=$(cleat --version)
    same "$(cleat version)" "$version"$'\n'"cleatd ${version#cleat } at 127.0.0.1:$(port 1)"
    same "$(cleat --json version)" \
        "{\"version\":\"${version#cleat }\",\"server\":\"${version#cleat }\",\"endpoint\":\"$CLEAT_ENDPOINTS\"}"
    cluster kill 1
    fails 5 cleat version --timeout 0.2
    same "$(<"$directory/stdout")" "$version"
    fails 5 cleat --json version --timeout 0.2
    same "$(jq -r 'select(.version).version' "$directory/stdout")" "${version#cleat }"
    CLEAT_ENDPOINTS=bad: fails 2 cleat version
    same "$(<"$directory/stdout")" "$version"
}

test_cli_touches_one_version_and_gives_what_it_creates_a_life() {
    cli_cluster 3
    same "$(cleat cas lock 0 --text alice)" 1
    cleat touch lock 3600 --if-version 1
    fails 4 cleat touch lock 5 --if-version 2
    matches "$(cleat touch lock 5 --if-version 7 --json 2>"$directory/stderr" || true)" '*"ERR_VERSION"*'
    matches "$(cleat stat lock --json)" '*"ttl":3[56]??,*'
    fails 3 cleat touch none 5 --if-version 1
    fails 2 cleat touch lock 5 --if-version soon
    same "$(cleat incr n --ttl 3600)" 1
    same "$(cleat incr n 2 --ttl 9999)" 3
    cleat append l --text one --ttl 3600
    cleat append l --text two --ttl 9999
    matches "$(cleat stat n l --json)" $'*"ttl":3[56]??,*\n*"ttl":3[56]??,*'
    same "$(printf '%s\n' 'incr m 1 ttl=3600' 'append k "x" ttl=3600' 'touch lock 4000 1' | cleat txn)" 6
    matches "$(cleat stat m k --json)" $'*"ttl":3[56]??,*\n*"ttl":3[56]??,*'
    fails 4 cleat txn <<<'touch lock 5 9'
}

test_cli_counts_appends_and_changes_many_as_one() {
    cli_cluster 3
    same "$(cleat incr n)" 1
    same "$(cleat incr n -5)" -4
    same "$(cleat incr n 10 -v)" "n: 6, version 3"
    cleat append log --text 'one '
    cleat append log --text two
    same "$(cleat get log)" "one two"
    cat >"$directory/script" <<'END'
# takes the lock, if it is free
if lock absent
write lock "me\n" ttl=60
incr n 1
move log log.old
END
    cleat txn "$directory/script"
    same "$(cleat get lock)" me
    same "$(cleat get n)" 7
    same "$(cleat ls)" $'lock\nlog.old\nn'
    fails 4 cleat txn "$directory/script"
    same "$(cleat get n)" 7
    matches "$(<"$directory/stderr")" "*lock: it has version*"
    fails 2 cleat txn <<<$'delete n\nbogus'
    matches "$(<"$directory/stderr")" "*line 2:*"
    fails 3 cleat txn <<<'delete none'
    same "$(cleat get n)" 7
}

test_cli_speaks_json() {
    cli_cluster 3
    same "$(cleat put --json f --text hi)" '{"ok":true,"name":"f","version":1}'
    same "$(cleat get --json f)" '{"name":"f","version":1,"size":2,"ttl":0,"text":"hi"}'
    printf '\xff' | cleat put b
    same "$(cleat get --json b)" '{"name":"b","version":2,"size":1,"ttl":0,"base64":"/w=="}'
    same "$(cleat ls --json | head -n 1)" '{"version":2,"size":1,"ttl":0,"name":"b"}'
    same "$(cleat ls --json | tail -n 1)" '{"version":1,"size":2,"ttl":0,"name":"f"}'
    fails 3 cleat --json get none
    same "$(<"$directory/stdout")" \
        '{"ok":false,"name":"none","error":"ERR_FILE_NOT_FOUND","message":"there is no such file"}'
    fails 4 cleat --json cas f 9 --text x
    matches "$(<"$directory/stdout")" '*"error":"ERR_VERSION"*"version":1}'
    same "$(cleat incr n --json)" '{"ok":true,"name":"n","value":1,"version":3}'
    matches "$(cleat stat --json f)" '{"name":"f","version":1,"size":2,"ttl":0,"created":1,"xxh3":"*"}'
    local verb
    for verb in status members ping "status --all" "ls -r" tree "stat f" "get f" "incr n" "txn $directory/script"; do
        printf 'incr n 1\n' >"$directory/script"
        # shellcheck disable=SC2086 # words
        cleat $verb --json >"$directory/json"
        python3 -c 'import json, sys
lines = open(sys.argv[1]).readlines()
assert lines, "nothing"
for line in lines: assert isinstance(json.loads(line), dict), line' "$directory/json" || fail "$verb"
    done
}

test_cli_shows_tables() {
    cli_cluster 3
    cleat put a --text hello
    cleat put folder/b --text x
    same "$(cleat ls)" $'a\nfolder/'
    same "$(cleat ls folder/)" folder/b
    same "$(cleat ls -r)" $'a\nfolder/b'
    same "$(cleat ls -l -o table)" \
        $'version  size  ttl  name\n      1     5    -  a\n      -     -    -  folder/'
    same "$(cleat tree)" $'.\n|-- a\n`-- folder/\n    `-- b\n\n1 folder, 2 files'
    same "$(cleat members | wc -l)" 4
    same "$(cleat status | wc -l)" "$(cleat status | grep -c =)" "a line that does not end"
    same "$(cleat status --all | wc -l)" 5
    same "$(cleat status --all -o json | wc -l)" 3
    cluster kill 2
    same "$(cleat status --all | grep -c refused)" 1
    fails 5 cleat ping
    same "$(grep -c refused "$directory/stdout")" 1
    matches "$(cleat status)" "id=*role=*"
}

# Fails unless no line of $1 has more than 80 columns.
fits() {
    [[ $(awk 'length > 80' <<<"$1") == "" ]] || fail "wider than 80 columns:"$'\n'"$1"
}

says() { # PATTERN
    # shellcheck disable=SC2053
    [[ $(cleat status --all) == $1$'\n'* ]]
}

test_cli_says_how_the_cluster_is() {
    local leader down said
    cli_cluster 3
    leader=$(cluster leader)
    wait_for says "ok: node $leader leads, all 3 nodes are up; 1 may fail"
    fits "$(cleat status --all)"
    same "$(cleat status --all -o table | tail -n +2 | wc -l)" 4
    # JSON has an object for each endpoint, and nothing else.
    same "$(cleat status --all --json | jq -r .id)" $'1\n2\n3'
    down=$(others "$leader" | cut -d ' ' -f 1)
    cluster kill "$down"
    wait_for says "degraded: node $leader leads; down: $down; no more may fail"
    said=$(cleat status --all)
    fits "$said"
    same "$(tail -n 1 <<<"$said")" "127.0.0.1:$(port "$down"): Connection refused"
    cluster kill "$(others "$leader" "$down")"
    wait_for says "no leader: 1 of 3 voters is in touch, 2 are needed; down: $(others "$leader" | sed 's/ /, /')"
    cluster kill "$leader"
    fails 5 cleat status --all
    same "$(head -n 1 "$directory/stdout")" "down: none of the 3 endpoints answers"
    fits "$(<"$directory/stdout")"
}

# A follower does not know how far the others are: the leader is asked, wherever it is in the list.
test_cli_members_asks_the_leader() {
    local leader node first rest
    cli_cluster 3
    leader=$(cluster leader)
    wait_for says "ok: *"
    for first in 1 2 3; do
        rest=$(for node in $(others "$first"); do printf ',127.0.0.1:%s' "$(port "$node")"; done)
        cleat members --endpoints "127.0.0.1:$(port "$first")$rest" >"$directory/stdout" 2>"$directory/stderr"
        same "$(<"$directory/stderr")" ""
        matches "$(head -n 1 "$directory/stdout")" "node *match *state *heard_ms *disk"
        same "$(awk '$4 == "up" && $6 > 0 && $7 == "replicate" && $9 == "ok"' "$directory/stdout" | wc -l)" 2
        same "$(cleat --json members --endpoints "127.0.0.1:$(port "$first")$rest" |
            jq -r 'select(.leader == "yes") | "\(.node) \(.disk)"')" "$leader ok"
    done
    # Where it cannot be asked, that is said, and no column is empty.
    node=$(others "$leader" | cut -d ' ' -f 1)
    cleat members --endpoints "127.0.0.1:$(port "$node")" >"$directory/stdout" 2>"$directory/stderr"
    same "$(<"$directory/stderr")" \
        "cleat: members: as node $node sees them: the leader, node $leader, is not among the endpoints that answer"
    matches "$(head -n 1 "$directory/stdout")" "node  address *role *link *leader *disk"
    same "$(grep -c "match" "$directory/stdout")" 0
}

# Puts 300 files to a server that is played here, on a terminal whose width changes. Prints each drawing of the bar,
# behind the width that the terminal had then.
play_widths() { # WIDTH...
    python3 - "$cleat" "$directory/in" "$@" <<'END'
import fcntl, os, pty, re, select, socket, struct, subprocess, sys, termios
cleat, folder, widths = sys.argv[1], sys.argv[2], [int(width) for width in sys.argv[3:]]
master, terminal = pty.openpty()

def resize(width):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))

def take_terminal():
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

listener = socket.create_server(("127.0.0.1", 0))
resize(widths[0])
endpoint = "127.0.0.1:%d" % listener.getsockname()[1]
client = subprocess.Popen([cleat, "put", "-r", folder, "f", "--endpoints", endpoint], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=terminal, preexec_fn=take_terminal)
server = listener.accept()[0]
requests, answered, screen = b"", 0, b""

def answer():
    global requests, answered
    while requests.count(b"once=") <= answered:
        requests += server.recv(65536)
    answered += 1
    server.sendall(b"OK %d\r\n" % answered)

def drawn():
    global screen
    while not screen.endswith(b"\033[K"):
        if not select.select([master], [], [], 20)[0]:
            sys.exit("nothing is drawn")
        screen += os.read(master, 65536)
    text, screen = screen, b""
    return [one for one in text.decode().replace("\033[K", "").split("\r") if one]

first = drawn() # when it begins
for width in widths:
    resize(width)
    for _ in range(3):
        while not select.select([master], [], [], 0.06)[0]: # it draws every 50 ms, and only after an answer
            answer()
        for line in drawn():
            print(width, line)
while answered < 300:
    answer()
client.wait()
END
}

test_cli_draws_its_bar_on_one_line() {
    local i width line
    mkdir "$directory/in"
    for ((i = 0; i < 300; i++)); do
        printf x >"$directory/in/$i"
    done
    play_widths 40 200 80 25 40 >"$directory/drawn" || fail "$(<"$directory/drawn")"
    while read -r width line; do
        ((${#line} < width)) || fail "not on a line of $width: $line"
        case $width in
            25) matches "$line" "putting +([0-9]) of 300 files" ;;
            40) matches "$line" "putting [[]*[]] +([0-9]) of 300 files*" ;;
            *) matches "$line" "putting [[]??????????????????????????????[]] +([0-9]) of 300 files, 0.0 MiB" ;;
        esac
    done <"$directory/drawn"
    (($(wc -l <"$directory/drawn") >= 15)) || fail "$(<"$directory/drawn")"
}

test_cli_shows_the_wire() {
    cli_cluster 1
    cleat put --show-wire f --text hello 2>"$directory/wire"
    matches "$(<"$directory/wire")" \
        "[*] connected to 127.0.0.1:*"$'\n> write f 5 once=????????????????\n> hello\n< OK 1'
    cleat get --show-wire f >/dev/null 2>"$directory/wire"
    matches "$(<"$directory/wire")" "[*]*"$'\n> read f\n< CONTENTS 1 5 0\n< hello'
    head -c 1000 /dev/zero | cleat put --show-wire f 2>"$directory/wire"
    matches "$(<"$directory/wire")" "*"$'\n> (1000 bytes)\n< OK 2'
}

test_cli_goes_on_at_another_server() {
    cli_cluster 3
    local node
    for node in 1 2 3; do
        cluster kill "$node"
        cleat put f --text "without $node"
        same "$(cleat get f)" "without $node"
        cluster start "$node"
    done
    # A node that hangs is left for another one.
    cluster pause 1
    cleat put f --text paused --timeout 4
    cluster resume 1
    same "$(cleat get f)" paused
    # No majority: nothing is done, and nobody knows.
    cluster kill 2
    cluster kill 3
    fails 5 cleat get f --timeout 1
    fails 6 cleat put f --text lost --timeout 1
    cluster start 2
    cluster start 3
    wait_for 20 cleat_gets f
}

cleat_gets() {
    cleat get "$1" --timeout 2 >/dev/null 2>&1
}

# One client counts up while nodes are killed: each count is done once.
test_cli_does_each_change_once() {
    cli_cluster 3
    background kill_in_turn
    local i=0
    while (($(kills) < 30)); do
        i=$((i + 1))
        same "$(cleat incr n --timeout 60)" "$i"
    done
    touch "$directory/enough"
    wait "${started[0]}"
    same "$(cleat get n)" "$i"
}

test_cli_names_what_is_not_there() {
    cli_cluster 1
    fails 3 cleat get none --stale
    same "$(<"$directory/stderr")" "cleat: get: none: there is no such file"
    fails 3 cleat stat none --stale --json
    same "$(jq -r .name "$directory/stdout")" none
    fails 3 cleat txn <<<"delete stale"
    same "$(<"$directory/stderr")" "cleat: txn: stale: there is no such file"
}

# A listing is taken from no server at its word: what is behind the prefix becomes a local path, or is deleted.
test_cli_takes_no_names_that_were_not_asked_for() {
    local port verb
    use_cluster none
    port=$(port 1)
    for verb in "get -r app/folder $directory/out" "rm -r app/folder" "tree app/folder" "ls app/folder/" \
        "cp -r app/folder x"; do
        nc -l 127.0.0.1 "$port" >/dev/null <<<$'LIST 1 9 end\r\nx 1 1 0\n\r\r' &
        started+=($!)
        wait_for listened_to "$port"
        # shellcheck disable=SC2086
        fails 5 cleat --endpoints "127.0.0.1:$port" $verb
        matches "$(<"$directory/stderr")" "*names that were not asked for*"
        wait "${started[-1]}" || true
    done
}

taken() { # PORT
    grep -qi "$(printf ':%04X 00000000:0000 0A' "$1")" /proc/net/tcp
}
