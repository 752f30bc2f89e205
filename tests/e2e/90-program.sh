# shellcheck shell=bash
# The program and the scripts around it.

# Starts the server without any flags, in the test's directory; its process is $process.
start_alone() {
    (cd "$directory" && exec "$server" >stdout 2>>stderr) &
    process=$!
    started+=("$process")
}

first_write() {
    [[ $(ask 1 "write a 1" x) == "OK 1" ]]
}

listens() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

test_a_single_node_needs_no_flags() {
    ! listens 8080 || skip "port 8080 is taken here"
    use_cluster none
    start_alone
    wait_for listens 8080
    export CLEAT_PORT=8080
    wait_for first_write
    [[ -d $directory/cleat-data ]] || fail "no cleat-data"
    kill -TERM "$process"
    local code=0
    wait "$process" || code=$?
    same "$code" 0 "exit code on SIGTERM"
    start_alone
    wait_for listens 8080
    answers 1 "read a" -- "CONTENTS 1 1 0" x
    kill -INT "$process"
    wait "$process" || code=$?
    same "$code" 0 "exit code on SIGINT"
    same "$(<"$directory/stdout")" "" "nothing on stdout"
    if grep -vE '^ts=[^ ]+ event=[a-z_]+( [a-z_]+=("([^"\\]|\\.)*"|[^" ]*))*$' "$directory/stderr"; then
        fail "a log line that is not key=value"
    fi
}

test_help_version_and_bad_options() {
    local code
    matches "$("$server" --help)" "*--cluster*--listen*--data*"
    matches "$("$server" --version)" "*+([0-9]).+([0-9]).+([0-9])*"
    use_cluster none
    local options
    for options in "--nonsense" "--id x" "--id 0" "--id 3 --cluster 1=127.0.0.1:1,2=127.0.0.1:2" "--cluster 1" \
        "--listen nowhere" "--value-max -1" "--value-max 99999999999" "--election-ms 300-150" "--heartbeat-ms 0" \
        "--segment-size 1" "--data" "surplus"; do
        code=0
        # shellcheck disable=SC2086
        timeout 5 "$server" --data "$directory/data" --listen "127.0.0.1:$CLEAT_PORT" $options \
            >"$directory/stdout" 2>"$directory/stderr" || code=$?
        same "$code" 1 "cleatd $options"
        [[ -s $directory/stderr ]] || fail "no reason for '$options'"
    done
}

# Fails unless cleatd with the options $1 refuses to start with a line that matches $2, and touches nothing.
refuses() {
    local code=0
    # shellcheck disable=SC2086
    timeout 5 "$server" --data "$directory/data" $1 2>"$directory/stderr" || code=$?
    same "$code" 1 "cleatd $1"
    matches "$(<"$directory/stderr")" "cleatd: *$2*" "cleatd $1"
    [[ ! -e $directory/data ]] || fail "cleatd $1: it made a data directory"
}

# Each of them once started: alone where it was to be one of several, or where no other node could ever call it.
test_slips_in_who_the_nodes_are() {
    local here=127.0.0.1:9081 address pair id
    for id in 1 2 9 255; do
        refuses "--id $id" "--id $id goes with --cluster: give that too, or leave out --id"
        refuses "--alone --id $id" "--id $id goes with --cluster"
    done
    refuses "--cluster 2=$here,3=127.0.0.1:9082" "--cluster does not name node 1, which this is without --id"
    refuses "--id 4 --cluster 2=$here,3=127.0.0.1:9082" "--cluster does not name this node's --id 4: it lists all nodes"
    refuses "--alone --cluster 1=$here" "--alone and --cluster exclude each other"
    for address in 0.0.0.0:9082 0:9082 0.0:9082 '[::]:9082' '[::0]:9082' '[0:0:0:0:0:0:0:0]:9082' '[::%lo]:9082' \
        '[::ffff:0.0.0.0]:9082' '[::ffff:0:0]:9082' 255.255.255.255:9082 224.0.0.1:9082 '[ff02::1]:9082'; do
        for pair in "1=$here,2=$address" "1=$address,2=$here" "1=$address"; do
            refuses "--cluster $pair" "\"[12]=*\": 0.0.0.0, * and the like name no machine: give the address at which"
        done
    done
    for pair in "1=a:9081,2=a:9081" "1=a:9081,3=b:9081,2=a:9081" "1=a:9081,2=A:09081" "1=a.example.:1,2=A.Example:1" \
        "1=127.0.0.1:9081,2=127.1:9081" "1=127.0.0.1:9081,2=[::ffff:127.0.0.1]:9081" "1=[::1]:9081,2=[0:0::1]:9081"; do
        refuses "--cluster $pair" "\"2=*\": two ids have the same address: each node has one of its own"
    done
    for pair in "1=a:1,1=b:1" "1=a:1,2=b:1,1=c:1" "1=a:1,01=b:1"; do
        refuses "--cluster $pair" "\"*1=?:1\": an id is there twice: each node has one of its own"
    done
    for pair in "" "," "1=a:1," ",1=a:1" "1=a:1,,2=b:1" "1=a:1;2=b:1" "a:1" "0=a:1" "256=a:1" "-1=a:1"; do
        refuses "--cluster=$pair" "--cluster *\"*\": *"
    done
    for address in 127.0.0.1:9081 127.1:9081 0.0.0.0:9081 '[::]:9081'; do
        refuses "--cluster 1=$here --listen $address" "--listen is for clients: it takes another port"
    done
    refuses "--cluster 1=a:1,2=b:1,3=c:1,4=d:1,5=e:1,6=f:1,7=g:1,8=h:1,9=i:1,10=j:1" "a cluster has at most 9 nodes"
    refuses "--service /etc/somewhere" "say in /etc/somewhere who this node is"
}

# What looks like such a slip and is none.
test_what_is_no_slip_in_who_the_nodes_are() {
    local options line
    use_cluster none
    local first=127.0.0.1:$CLEAT_PEER_PORT other=127.0.0.1:$((CLEAT_PEER_PORT + 1))
    for options in "--alone" "--service /etc/somewhere --alone" "--cluster 1=$first" "--id 9 --cluster 9=$first" \
        "--id 2 --cluster 2=$first,1=$other" "--cluster 1=$first,2=127.0.0.2:$CLEAT_PEER_PORT" \
        "--service /etc/somewhere --cluster 1=$first,2=$other" "--id 255 --cluster 255=$first,1=$other"; do
        rm -rf "$directory/data"
        # shellcheck disable=SC2086
        background "$server" --data "$directory/data" --listen "127.0.0.1:$CLEAT_PORT" $options 2>"$directory/stderr"
        wait_for listened_to "$CLEAT_PORT"
        kill -TERM "$!"
        wait "$!" || fail "cleatd $options: $(<"$directory/stderr")"
    done
    for options in "--id 9 --help" "--cluster nonsense --version" "--help --alone --cluster 1=$first"; do
        # shellcheck disable=SC2086
        line=$("$server" $options 2>&1 | head -n 1) || true
        [[ $options == *nonsense* ]] || matches "$line" "Usage: cleatd *" "cleatd $options"
    done
}

# Prints redirections that close the descriptors of the bits in $1.
closing() {
    local file
    for file in 0 1 2; do
        (($1 >> file & 1)) && printf ' %d>&-' "$file"
    done
    return 0
}

# Becomes the command $2... with the descriptors of the bits in $1 closed.
become_closed() {
    local closed
    closed=$(closing "$1")
    shift
    eval 'exec "$@"'"$closed"
}

# Starts node $1 of $2 (1 or 3) with the descriptors of the bits in $3 closed; its process is $process.
start_closed() {
    local -a options=(--listen "127.0.0.1:$(port "$1")" --data "$directory/closed-$3-$2-$1")
    if (($2 == 3)); then
        local peer=127.0.0.1:$CLEAT_PEER_PORT
        peer+=,2=${peer%:*}:$((CLEAT_PEER_PORT + 1)),3=${peer%:*}:$((CLEAT_PEER_PORT + 2))
        options+=(--id "$1" --cluster "1=$peer")
    fi
    background become_closed "$3" "$server" "${options[@]}" 2>>"$directory/stderr"
    process=$!
}

serves_reads() { # NODE
    [[ $(ask "$1" "read nothing" 2>/dev/null) == ERR_FILE_NOT_FOUND ]]
}

# The log lines once went into the log of changes, in place of what was acknowledged.
test_descriptors_that_are_closed_at_the_start_become_no_files() {
    local closed file
    use_cluster none
    for closed in {0..7}; do
        start_closed 1 1 "$closed"
        wait_for serves_reads 1
        for file in 0 1 2; do
            if ((closed >> file & 1)); then
                matches "$(readlink "/proc/$process/fd/$file")" /dev/null "descriptor $file, closed $closed"
            fi
        done
        answers 1 "write a 5" hello -- "OK 1"
        kill -KILL "$process"
        wait "$process" 2>/dev/null || true
        ! grep -lr "ts=20" "$directory/closed-$closed-1-1" || fail "log lines in its data, closed $closed"
        start_closed 1 1 "$closed"
        wait_for serves_reads 1
        answers 1 "read a" -- "CONTENTS 1 5 0" hello
        kill -TERM "$process"
        wait "$process"
    done
}

test_three_nodes_without_descriptors_come_back() {
    local node life
    use_cluster none
    for life in 1 2; do
        local -a processes=()
        for node in 1 2 3; do
            start_closed "$node" 3 7
            processes+=("$process")
        done
        for node in 1 2 3; do
            wait_for serves_reads "$node"
        done
        answers "$life" "write a 1" x -- "OK $life"
        kill -KILL "${processes[@]}"
        wait "${processes[@]}" 2>/dev/null || true
    done
}

# What is meant for stdout once went to the server, and a file that was to be sent was stdin.
test_the_client_with_closed_descriptors_spoils_nothing() {
    local cleat=${BUILD:-$root/build}/cleat closed code
    fresh_cluster 1
    export CLEAT_ENDPOINTS=127.0.0.1:$CLEAT_PORT
    printf 'some text' >"$directory/from"
    for closed in {0..7}; do
        code=0
        (cd "$directory" && become_closed "$closed" "$cleat" put "f$closed" from >stdout 2>stderr) || code=$?
        same "$code" 0 "put, closed $closed"
        code=0
        (cd "$directory" && become_closed "$closed" "$cleat" get "f$closed" "to$closed" >stdout 2>stderr) || code=$?
        same "$(<"$directory/to$closed")" "some text" "get, closed $closed"
        same "$code" 0 "get to a file, closed $closed"
        code=0
        (cd "$directory" && become_closed "$closed" "$cleat" get "f$closed" >stdout 2>stderr) || code=$?
        same "$code" "$((closed & 2 ? 1 : 0))" "get to stdout, closed $closed"
        code=0
        (cd "$directory" && become_closed "$((closed | 1))" "$cleat" put "g$closed" >stdout 2>stderr) || code=$?
        same "$code" 1 "put of a stdin that is closed"
        answers 1 "read f$closed" "read g$closed" -- "CONTENTS $((closed + 1)) 9 0" "some text" ERR_FILE_NOT_FOUND
    done
}

test_help_that_cannot_be_told_is_a_failure() {
    local option where
    for option in --help --version; do
        for where in '>/dev/full' '>&-' '2>&- >&-'; do
            ! bash -c "\"\$0\" $option $where" "$server" 2>/dev/null || fail "$option $where"
        done
    done
}

# What cannot be done any more is answered all the same, before the end.
test_a_node_that_is_told_to_end_answers_all() {
    local line
    fresh_cluster 3
    cluster kill 2
    cluster kill 3
    exec 7<>"/dev/tcp/127.0.0.1/$(port 1)"
    printf 'write a 1\r\nx\r\nread a\r\nping\r\n' >&7
    wait_for holds 1 1
    cluster stop 1
    read -r line <&7
    matches "$line" "ERR_@(TIMEOUT|NO_LEADER|BUSY) *"
    read -r line <&7
    matches "$line" "ERR_@(TIMEOUT|NO_LEADER|BUSY) *"
    read -r line <&7
    same "$line" $'PONG\r'
    ! read -r line <&7 || fail "and then: $line"
    exec 7>&-
}

holds() { # NODE BYTES: of contents
    curl -s "http://127.0.0.1:$(port "$1")/metrics" | grep -qx "cleat_held_bytes $2"
}

# Such a typo once went into the identity of the node that formed the cluster, which could not be started ever again.
test_an_address_with_a_space_is_refused() {
    use_cluster none
    local cluster code
    for cluster in "1=127.0.0.1:9081,2=127.0.0.1 :9082" "1=127.0.0.1:9081, 2=127.0.0.1:9082" \
        "1=127.0.0.1:9081,2=::1:9082" "1=127.0.0.1:9081,2=127.0.0.1:0" "1=127.0.0.1:9081,2=127.0.0.1"; do
        code=0
        timeout 5 "$server" --data "$directory/data" --listen "127.0.0.1:$CLEAT_PORT" --cluster "$cluster" \
            2>"$directory/stderr" || code=$?
        same "$code" 1 "--cluster '$cluster'"
        matches "$(<"$directory/stderr")" "cleatd: --cluster $cluster: *"
        [[ ! -e $directory/data ]] || fail "it made a data directory"
    done
}

test_a_port_that_is_taken_is_refused() {
    fresh_cluster 1
    local code=0
    timeout 5 "$server" --data "$directory/data" --listen "127.0.0.1:$(port 1)" 2>"$directory/stderr" || code=$?
    same "$code" 1
    grep -q "event=cannot_listen address=127.0.0.1:$(port 1) reason=\"another process listens there: end it, or" \
        "$directory/stderr" || fail "$(<"$directory/stderr")"
    # 192.0.2.0/24 is nobody's.
    code=0
    timeout 5 "$server" --data "$directory/data" --listen "192.0.2.1:$CLEAT_PORT" 2>"$directory/stderr" || code=$?
    same "$code" 1
    grep -q "event=cannot_listen address=192.0.2.1:.* reason=\"it is no address of this machine: choose one that is" \
        "$directory/stderr" || fail "$(<"$directory/stderr")"
}

# It once took fewer clients than it was told to without a word.
test_too_few_descriptors_for_its_connections_are_told() {
    local i line file allowed
    use_cluster cluster
    export CLEAT_ARGS="--connections-max 5000"
    (ulimit -n 300 && cluster up 1)
    logged 1 'event=connections_limited wanted=5000 allowed=2[0-9]+ reason=".*raise RLIMIT_NOFILE' ||
        fail "$(cluster log 1)"
    allowed=$(sed -n 's/.* allowed=\([0-9]*\) .*/\1/p' "$CLEAT_DIR/1/log")
    (
        for ((i = 0; i < allowed; i++)); do
            exec {file}<>"/dev/tcp/127.0.0.1/$(port 1)"
        done
        matches "$(say 1 </dev/null)" "ERR_BUSY ?*"
        printf 'ping\n' >&"$file"
        IFS= read -r -t 10 line <&"$file"
        same "${line%$'\r'}" PONG
    )
    cluster stop 1
    export CLEAT_ARGS="--connections-max 150"
    (ulimit -n 300 && cluster start 1)
    same "$(grep -c event=connections_limited "$CLEAT_DIR/1/log")" 1
}

test_two_clusters_side_by_side() {
    fresh_cluster 3
    answers 1 "write a 1" x -- "OK 1"
    local first=$CLEAT_DIR first_port=$CLEAT_PORT first_peer_port=$CLEAT_PEER_PORT
    use_cluster second
    cluster up 3
    answers 1 "read a" "write a 1" y -- "ERR_FILE_NOT_FOUND" "OK 1"
    local id
    id=$(status 1 cluster_id)
    cluster down
    CLEAT_DIR=$first CLEAT_PORT=$first_port CLEAT_PEER_PORT=$first_peer_port
    answers 2 "read a" -- "CONTENTS 1 1 0" x
    [[ $(status 1 cluster_id) != "$id" ]] || fail "two clusters with one id"
}

test_nodes_of_another_cluster_are_refused() {
    fresh_cluster 3 --timeout-ms 500
    answers 1 "write a 1" x -- "OK 1"
    local first=$CLEAT_DIR first_port=$CLEAT_PORT
    use_cluster second
    local second=$CLEAT_DIR
    cluster up 3
    cluster down
    # A node of the second cluster with the addresses of the first.
    CLEAT_DIR=$first CLEAT_PORT=$first_port CLEAT_PEER_PORT=$((first_port + 10))
    cluster kill 3
    mv "$CLEAT_DIR/3/data" "$directory/kept"
    cp -r "$second/3/data" "$CLEAT_DIR/3/data"
    cluster start 3 2>"$directory/why" || true
    answers 1 "write a 1" y -- "OK 2"
    if cluster pid 3 >/dev/null 2>&1; then
        matches "$(ask 3 "read a")" "ERR_*" "it does not get the first cluster's files"
        cluster kill 3
    fi
    rm -r "$CLEAT_DIR/3/data"
    mv "$directory/kept" "$CLEAT_DIR/3/data"
    cluster start 3
    wait_for level 1 2 3
    answers 3 "read a" -- "CONTENTS 2 1 0" y
}

test_scripts_cluster() {
    use_cluster cluster
    export CLEAT_ARGS=
    local text
    ! cluster leader 2>/dev/null || fail "a leader of nothing"
    # A cluster that cannot be made leaves nothing behind, so that another can be.
    nc -l 127.0.0.1 "$(port 5)" >/dev/null &
    started+=($!)
    wait_for listened_to "$(port 5)"
    ! cluster up 5 2>"$directory/why" || fail "a port that is taken"
    matches "$(<"$directory/why")" "*port $(port 5)*CLEAT_PORT*"
    cluster up 3
    cluster up # again: nothing to do
    ! cluster up 5 2>/dev/null || fail "three nodes became five"
    matches "$(cluster leader)" "[123]"
    matches "$(cluster pid 2)" "+([0-9])"
    matches "$(cluster log 2)" "*event=listening*"
    text=$(cluster status)
    same "$(wc -l <<<"$text")" 4
    same "$(tail -n 3 <<<"$text" | awk '{ print $3 }' | sort | paste -sd ' ')" "follower follower leader"
    ! cluster wipe 2 2>/dev/null || fail "wiped a node that runs"
    ! cluster start 2 2>/dev/null || fail "started a node that runs"
    ! cluster kill 4 2>/dev/null || fail "killed a node that is none"
    cluster stop 2
    ! cluster pid 2 2>/dev/null || fail "it runs on"
    matches "$(cluster status)" "*down*"
    # The number of a process that is gone may be another's by now: that one is left alone.
    sleep 60 &
    started+=($!)
    printf '%s 1\n' $! >"$CLEAT_DIR/2/pid"
    ! cluster kill 2 2>/dev/null || fail "killed another's process"
    kill -0 $!
    cluster start 2
    cluster pause 2
    matches "$(cluster status)" "*paused*"
    cluster resume 2
    wait_for status_is 2 role follower
    cluster pause 3
    cluster down
    for node in 1 2 3; do
        ! cluster pid "$node" 2>/dev/null || fail "node $node runs on"
    done
    # Another program on a port.
    exec 3>&-
    nc -l 127.0.0.1 "$(port 2)" >/dev/null &
    started+=($!)
    wait_for listened_to "$(port 2)"
    ! cluster up 2>"$directory/why" || fail "two programs on one port"
    matches "$(<"$directory/why")" "*port $(port 2)*CLEAT_PORT*"
    ! cluster pid 1 2>/dev/null || fail "and left a node behind"
}

# A killed process is gone when its last thread is, not its first.
test_scripts_cluster_wait_for_the_last_thread() {
    local pid
    use_cluster cluster
    export CLEAT_ARGS=
    mkdir "$CLEAT_DIR"
    printf '1\n' >"$CLEAT_DIR/size"
    CLEATD=$tools/remains "$root/scripts/cluster" start 1
    read -r pid _ <"$CLEAT_DIR/1/pid"
    wait_for grep -q '^State:.*zombie' "/proc/$pid/status"
    same "$(cluster pid 1)" "$pid"
    ! cluster start 1 2>"$directory/why" || fail "started a node that still ends"
    matches "$(<"$directory/why")" "*runs already*"
    cluster kill 1
    ! cluster pid 1 2>/dev/null || fail "it runs on"
    ! listened_to "$(port 1)" || fail "its port is taken"
}

taken() { # PORT: somebody listens (looked up, not tried: the one who listens takes one connection only)
    grep -qi "$(printf ':%04X 00000000:0000 0A' "$1")" /proc/net/tcp
}

test_scripts_run_in_the_foreground() {
    use_cluster cluster
    export CLEAT_ARGS=
    matches "$("$root/scripts/run" --help)" "usage: *"
    ! "$root/scripts/run" bogus 2>/dev/null || fail "it takes any word"
    CLEATD=$server "$root/scripts/run" >"$directory/output" 2>&1 &
    local runner=$!
    started+=("$runner")
    wait_for grep -q "telnet localhost $(port 1)" "$directory/output"
    answers 5 "write a 1" x -- "OK 1"
    # What it says of another terminal holds there.
    same "$(env -u CLEAT_DIR -u CLEAT_PORT -u CLEAT_PEER_PORT bash -c \
        "$(grep '^ *export' "$directory/output"); $root/scripts/cluster status" |
        grep -cE '^[0-9].* (leader|follower) ')" 5
    local code=0
    CLEATD=$server "$root/scripts/run" >"$directory/second" 2>&1 || code=$?
    same "$code" 1 "a second one"
    matches "$(<"$directory/second")" "*run already*"
    answers 5 "read a" -- "CONTENTS 1 1 0" x
    kill -TERM "$runner"
    wait "$runner"
    for node in 1 2 3 4 5; do
        ! cluster pid "$node" 2>/dev/null || fail "node $node runs on"
    done
    # Once more: what was written is still there.
    CLEATD=$server "$root/scripts/run" >"$directory/again" 2>&1 &
    runner=$!
    started+=("$runner")
    wait_for grep -q "telnet localhost $(port 1)" "$directory/again"
    answers 2 "read a" -- "CONTENTS 1 1 0" x
    kill -TERM "$runner"
    wait "$runner"
}
