# shellcheck shell=bash
# A data directory that is taken away while a node runs on it.

# Starts a node alone on $1, with further options; its process is $process, what it logs in $directory/log-LETTER.
start_on() { # DATA LETTER OPTION...
    local data=$1 letter=$2
    shift 2
    background "$server" --data "$data" --listen "127.0.0.1:$CLEAT_PORT" "$@" 2>>"$directory/log-$letter"
    process=$!
    wait_for serves_reads 1
}

serves_reads() { # NODE
    [[ $(ask "$1" "read nothing" 2>/dev/null) == ERR_FILE_NOT_FOUND ]]
}

gone() { # PROCESS
    ! kill -0 "$1" 2>/dev/null
}

# Fails unless process $1 ends by itself, with status 1, and its log $2 says why and what to do.
stops_and_says_so() {
    local code=0
    wait_for 5 gone "$1"
    wait "$1" || code=$?
    same "$code" 1 "its exit status"
    grep "event=disk_failed" "$directory/log-$2" | grep -F "/lock: is " | grep -q "start again" ||
        fail "it does not say so: $(<"$directory/log-$2")"
}

# Fails unless a second process is refused on the directory $1.
second_is_refused() {
    local code=0
    timeout 5 "$server" --data "$1" --listen "127.0.0.1:$((CLEAT_PORT + 1))" 2>"$directory/stderr" || code=$?
    same "$code" 1 "a second process on $1"
    grep "event=refused" "$directory/stderr" | grep -q "another process runs on it" || fail "$(<"$directory/stderr")"
}

remove_lock() {
    rm "$data/lock"
}

replace_lock() {
    mv "$data/lock" "$data/lock.aside"
    touch "$data/lock"
}

move_away() {
    mv "$data" "$directory/aside"
}

put_another_there() {
    cp -a "$data" "$directory/other" 2>/dev/null || true # files come and go meanwhile
    mv "$data" "$directory/aside"
    mv "$directory/other" "$data"
}

put_an_empty_one_there() {
    mv "$data" "$directory/aside"
    mkdir "$data"
}

remove_all() {
    rm -rf "$data"
}

move_what_is_above() {
    mv "$(dirname "$data")" "$directory/aside"
}

point_the_link_elsewhere() {
    cp -a "$directory/real" "$directory/other"
    ln -sfn "$directory/other" "$data"
}

mount_over_it() {
    mounted=$data
    mount -t tmpfs -o size=1m cleat-e2e "$data"
}

mounted=
cleanup() {
    [[ -z $mounted ]] || umount -l "$mounted"
}

ways=(remove_lock replace_lock move_away put_another_there put_an_empty_one_there remove_all move_what_is_above
    point_the_link_elsewhere)

# A directory for $1, one of the ways: $data.
make_place() {
    directory=$test_directory/$1
    data=$directory/above/data
    mkdir -p "$directory/above"
    if [[ $1 == point_the_link_elsewhere ]]; then
        mkdir "$directory/real"
        ln -s "$directory/real" "$data"
    fi
}

test_a_node_at_rest_stops_when_its_directory_is_taken_away() {
    local test_directory=$directory way data
    use_cluster none
    ((EUID == 0)) && ways+=(mount_over_it)
    for way in "${ways[@]}"; do
        make_place "$way"
        start_on "$data" first
        answers 1 "write a 1" x -- "OK 1"
        "$way"
        stops_and_says_so "$process" first
    done
}

# The file can be removed by anybody: a second process once wrote beside the first.
test_a_second_process_is_refused_wherever_the_directory_went() {
    local test_directory=$directory way data place
    use_cluster none
    for way in remove_lock replace_lock move_away move_what_is_above point_the_link_elsewhere; do
        make_place "$way"
        start_on "$data" first
        kill -STOP "$process" # it cannot notice, nor end
        "$way"
        case $way in
        move_away) place=$directory/aside ;;
        move_what_is_above) place=$directory/aside/data ;;
        point_the_link_elsewhere) place=$directory/real ;;
        *) place=$data ;;
        esac
        second_is_refused "$place"
        kill -CONT "$process"
        stops_and_says_so "$process" first
        # Nothing is in the way once it has ended.
        start_on "$place" second
        kill "$process"
        wait "$process"
    done
}

test_a_second_process_is_refused_through_another_mount() {
    local data=$directory/data
    ((EUID == 0)) || skip "mounting takes root"
    use_cluster none
    start_on "$data" first
    mkdir "$directory/mounted"
    mount --bind "$data" "$directory/mounted" 2>/dev/null || skip "nothing can be mounted here"
    mounted=$directory/mounted
    second_is_refused "$directory/mounted"
    kill -STOP "$process" # it cannot notice, nor end
    rm "$data/lock"
    second_is_refused "$directory/mounted"
}

# What was acknowledged is in the directory that was the node's, wherever that is by now.
test_what_was_acknowledged_is_where_the_directory_went() {
    local test_directory=$directory way data place
    use_cluster none
    for way in remove_lock move_away put_another_there; do
        make_place "$way"
        start_on "$data" first --segment-size 131072 --value-max 10000 --snapshot-every 300000
        local node=$process
        background "$tools/hammer" --ports "$(ports 1)" --connections 4 --depth 8 --files 20 --size 500 \
            --reconnect --prefix m --journal "$directory/journal" >"$directory/hammered" 2>&1
        local hammer=$!
        wait_for revision_reached 1 3000
        "$way"
        stops_and_says_so "$node" first
        kill -TERM "$hammer"
        wait "$hammer" || fail "$(<"$directory/hammered")"
        place=$data
        [[ $way == remove_lock ]] || place=$directory/aside
        start_on "$place" second --segment-size 131072 --value-max 10000 --snapshot-every 300000
        "$tools/ledger" --ports "$(ports 1)" --prefix m --files 20 "$directory/journal"
        kill "$process"
        wait "$process"
    done
}

nothing_goes() { # DATA: no file waits to be removed
    ! compgen -G "$1/*.tmp" >/dev/null
}

# What an earlier life left unfinished may be large: the start does not wait until it is gone.
test_large_files_that_were_left_unfinished_go_while_the_node_runs() {
    local data=$directory/data
    use_cluster none
    start_on "$data" first
    answers 1 "write a 1" x -- "OK 1"
    kill -KILL "$process"
    wait "$process" 2>/dev/null || true
    head -c 60000000 /dev/zero >"$data/snapshot-own.tmp"
    head -c 60000000 /dev/zero >"$data/snapshot-received.tmp"
    start_on "$data" second
    ! compgen -G "$data/snapshot*.tmp" >/dev/null || fail "they have their names"
    wait_for nothing_goes "$data"
    answers 1 "read a" -- "CONTENTS 1 1 0" x
}

# A node that stops over this hands over first.
test_the_leaders_directory_is_taken_away_and_the_others_go_on() {
    fresh_cluster 3
    local leader pid
    leader=$(cluster leader)
    pid=$(cluster pid "$leader")
    background "$tools/hammer" --ports "$(ports 1 2 3)" --connections 6 --depth 4 --files 10 --reconnect --prefix t \
        --journal "$directory/journal"
    local hammer=$!
    wait_for revision_reached "$leader" 500
    mv "$CLEAT_DIR/$leader/data" "$directory/aside"
    wait_for 5 gone "$pid"
    logged "$leader" "event=disk_failed reason=.*/lock: is gone" || fail "it does not say so"
    local other
    other=$(others "$leader")
    wait_for revision_reached "${other% *}" 2000
    kill -TERM "$hammer"
    wait "$hammer"
    mv "$directory/aside" "$CLEAT_DIR/$leader/data"
    cluster start "$leader"
    wait_for level 1 2 3
    "$tools/ledger" --ports "$(ports 1 2 3)" --prefix t --files 10 "$directory/journal"
}
