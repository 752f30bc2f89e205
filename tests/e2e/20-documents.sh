# shellcheck shell=bash
# What the documents show is what happens. A block marked ```transcript is typed into a fresh cluster: lines that start
# with "> " are sent, the others are what comes, where "..." stands for anything, and alone for any lines.

# The number of ```$2 blocks in file $1, and block $3 (from 1) of them.
block_count() {
    grep -c "^\`\`\`$2\$" "$1" || true
}

block() {
    awk -v mark="\`\`\`$2" -v number="$3" '
        $0 == mark { count++; inside = count == number; next }
        /^```/ { inside = 0 }
        inside { print }' "$1"
}

# Takes a line of the other side, and compares it with $1.
expect_line() {
    local line pattern
    pattern=$(sed 's/[][*?\\]/\\&/g; s/\.\.\./*/g' <<<"$1")
    while IFS= read -r -t 10 line <&3; do
        line=${line%$'\r'}
        # shellcheck disable=SC2053
        [[ $line != $pattern ]] || return 0
        ((skipping)) || fail "'$line' came instead of '$1'"
    done
    fail "nothing came instead of '$1'"
}

play() { # the transcript on stdin, to node 1
    local line
    skipping=0
    exec 3<>"/dev/tcp/127.0.0.1/$(port 1)"
    while IFS= read -r line; do
        if [[ $line == ">" || $line == "> "* ]]; then
            line=${line#>}
            printf '%s\r\n' "${line# }" >&3
        elif [[ $line == "..." ]]; then
            skipping=1
        else
            expect_line "$line"
            skipping=0
        fi
    done
    # Nothing more must come: the next is the answer to this, or the end.
    printf 'ping\r\n' >&3 2>/dev/null || true
    if IFS= read -r -t 10 line <&3 && ((!skipping)) && [[ ${line%$'\r'} != PONG ]]; then
        fail "and then '$line' came"
    fi
    exec 3>&-
}

play_all() {
    local document=$root/$1 count i
    count=$(block_count "$document" transcript)
    ((count > 0)) || fail "$1 has no transcript"
    for ((i = 1; i <= count; i++)); do
        fresh_cluster 5
        play < <(block "$document" transcript "$i")
        cluster down
        rm -r "$CLEAT_DIR"
    done
}

test_the_transcripts_of_the_readme() {
    play_all README.md
}

test_the_transcripts_of_the_specification() {
    play_all SPEC.md
}

# The lock of the README, with the ports $1, $2 and $3 in place of its own.
lock_script() {
    block "$root/README.md" "sh lock" 1 | sed "s/8080 8081 8082/$1 $2 $3/"
}

test_the_lock_script_of_the_readme() {
    fresh_cluster 5
    same "$(block_count "$root/README.md" "sh lock")" 1
    matches "$(lock_script "$(port 1)" "$(port 2)" "$(port 3)" | sh)" "mine until *"$'\n'"OK"
    wait_for status_is 1 files 0 # given back
    # Held by another, it waits until that one's time is over.
    answers 2 "cas lock 0 3 2" "bob" -- "OK $(($(settled 2 revision) + 1))"
    local begun
    begun=$(now_ms)
    matches "$(lock_script "$(port 1)" "$(port 2)" "$(port 3)" | sh)" "mine until *"$'\n'"OK"
    (($(now_ms) - begun >= 1800)) || fail "two held the lock"
    # Nodes that are not there are passed over.
    cluster kill 1
    cluster kill 2
    matches "$(lock_script "$(port 1)" "$(port 2)" "$(port 3)" | sh)" "mine until *"$'\n'"OK"
    # What will never be any better ends it.
    local code=0
    lock_script "$(port 3)" "$(port 4)" "$(port 5)" | sed 's/ lock 0/ lock x/' | sh >"$directory/out" 2>&1 || code=$?
    same "$code" 1
    matches "$(<"$directory/out")" "ERR_CMD_ERR *"
}

# Whoever connects to port $1 gets the answer of node 1 as the commands in $2 pass it on, once; then nobody is there.
answer_by() {
    printf '%s\n' "exec 3>&1" "cat | nc -N -w 6 127.0.0.1 $(port 1) | { $2; } >&3" >"$directory/between"
    background socat -t 10 "TCP-LISTEN:$1,reuseaddr" "SYSTEM:bash $directory/between"
    wait_for listened_to "$1"
}

# The answer is lost: the lock is ours nevertheless, by the one change that was made, and we know it at once.
test_the_lock_of_the_readme_when_an_answer_is_lost() {
    local lost how begun revision
    fresh_cluster 3
    lost=$(free_ports 1)
    for how in "cat >/dev/null" "head -c 4" "tr -d '\r'"; do # all of it, or its end
        revision=$(settled 1 revision)
        begun=$(now_ms)
        answer_by "$lost" "$how"
        matches "$(lock_script "$lost" "$(port 2)" "$(port 3)" | sh)" \
            "mine until *number $((revision + 1)) is*"$'\n'"OK"
        (($(now_ms) - begun < 20000)) || fail "it locked itself out"
        same "$(settled 1 files)" 0
        wait "${started[-1]}" || true
    done
}

# The answer comes when the time is over, and the lock another's: it is not taken for ours.
test_the_lock_of_the_readme_when_an_answer_is_late() {
    local late revision number
    fresh_cluster 3
    late=$(free_ports 1)
    revision=$(settled 1 revision)
    answer_by "$late" 'sleep 5; cat' # longer than the 3 seconds that the lock lasts here
    lock_script "$late" "$(port 2)" "$(port 3)" | sed 's/ 30 once/ 3 once/; s/-lt 25/-lt 2/' | sh >"$directory/out" &
    wait_for revision_reached 1 $((revision + 2)) # it was given, and it expired
    ask 2 "cas lock 0 3 3" "bob" >/dev/null
    wait $! || fail "$(<"$directory/out")"
    # It waited for bob's end: what came late was given back, and was not bob's.
    matches "$(<"$directory/out")" "ERR_VERSION $((revision + 3))"$'\n'"*mine until *"$'\n'"OK"
    number=$(sed -n 's/.*its number \([0-9]*\) is.*/\1/p' "$directory/out")
    ((number >= revision + 5)) || fail "$(<"$directory/out")"
}
