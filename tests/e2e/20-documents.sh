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

# The lock of the README, with this cluster's port in place of 8080.
lock_script() {
    block "$root/README.md" "sh lock" 1 | sed "s/8080/$(port 1)/"
}

test_the_lock_script_of_the_readme() {
    fresh_cluster 5
    same "$(block_count "$root/README.md" "sh lock")" 1
    matches "$(lock_script | bash)" "*OK*"
    wait_for status_is 1 files 0 # given back
    # Held by another, it waits until that one's time is over.
    answers 2 "cas lock 0 3 2" "bob" -- "OK $(($(settled 2 revision) + 1))"
    local begun
    begun=$(now_ms)
    matches "$(lock_script | bash)" "*OK*"
    (($(now_ms) - begun >= 1800)) || fail "two held the lock"
}
