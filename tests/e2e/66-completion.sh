# shellcheck shell=bash
# Completion, as bash asks for it.

# A program with help texts like those of cleat, and a server behind it that holds some names. Goes to the test's
# directory, where a name that is run would leave a file.
stand_in() {
    cd "$directory" || return
    mkdir -p "$directory/bin"
    cat >"$directory/bin/cleat" <<'END'
#!/usr/bin/env bash
case "$1 ${2-}" in
"help " | "--help ")
    printf '%s\n' 'Usage: cleat VERB [argument...]' '' 'Verbs:' '  get NAME [PATH]    prints a file' \
        '  put NAME [PATH]    stores a file' '  rm NAME...         deletes files' '  help [VERB]        tells' \
        '  endpoints          no verb of this name' '' 'Options:' '  --version          the version'
    ;;
"help "*)
    printf '%s\n' "Usage: cleat $2 [options] NAME [PATH]" '' 'Does it.' '' 'Options:' \
        '  --endpoints LIST     where to' '  -r, --recursive      whole folders' \
        '  -o, --output FORMAT  table, json or text' \
        '  --ttl SECONDS        how long --create lasts' '  --create             only if it is absent'
    ;;
"ls "*)
    [[ $2 == --stale ]] || exit 2
    shift 2
    if [[ $1 == --endpoints ]]; then
        printf '%s %s\n' "$1" "$2" >>"$ASKED"
        shift 2
    fi
    [[ $1 == -- ]] || exit 2
    for name in alpha 'al$(touch${IFS}sprung)' a:b a:c 'quo"te' folder/ folder/one folder/two folder/deep/; do
        rest=${name#"$2"}
        [[ $name != "$2"* || -z $rest || ${rest%/} == */* ]] || printf '%s\n' "$name"
    done
    ;;
*) printf '<%s>' "$@" && echo ;;
esac
END
    chmod +x "$directory/bin/cleat"
    export PATH=$directory/bin:$PATH ASKED=$directory/asked
    : >"$ASKED"
    # shellcheck source=/dev/null
    source "$root/scripts/packaging/completion/cleat"
}

# What is proposed for the line $1, up to its end: a line each, sorted.
proposed() {
    COMP_LINE=$1 COMP_POINT=${#1}
    read -ra COMP_WORDS <<<"$1"
    [[ $1 != *' ' ]] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    local function
    function=$(complete -p "${COMP_WORDS[0]##*/}" | sed -E 's/.*-F ([^ ]+).*/\1/')
    COMPREPLY=()
    "$function" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort
}

completes() { # LINE PROPOSAL...
    local line=$1
    shift
    same "$(proposed "$line")" "$( (($# == 0)) || printf '%s\n' "$@")" "'$line'"
}

test_completion_of_verbs_and_options() {
    stand_in
    completes "cleat " endpoints get help put rm
    completes "cleat g" get
    completes "cleat x"
    completes "cleat --" --version
    completes "cleat help r" rm
    completes "cleat get -" --create --endpoints --output --recursive --ttl -o -r
    completes "cleat get --e" --endpoints
    completes "cleat get name --c" --create
    completes "cleat get -o " json table text
    completes "cleat get --output=t" table text
    completes "cleat get --ttl "
    completes "cleat get -- --c"
}

# shellcheck disable=SC2016 # names as they are
test_completion_of_names() {
    stand_in
    completes "cleat get al" 'al\$\(touch\$\{IFS\}sprung\)' alpha
    completes "cleat get f" folder/
    completes "cleat rm alpha folder/" folder/deep/ folder/one folder/two
    completes "cleat get folder/o" folder/one
    completes "cleat get nothing"
    completes "cleat get qu" 'quo\"te'
    completes "cleat get 'qu" 'quo"te'
    completes 'cleat get "al' 'al\$(touch\${IFS}sprung)' alpha
    # Behind a colon readline has begun another word.
    completes "cleat get a:" b c
    completes "cleat get --ttl 5 al" 'al\$\(touch\$\{IFS\}sprung\)' alpha
    [[ ! -e sprung ]] || fail "a name was run"
    same "$(<"$ASKED")" "" "asked for no endpoints"
    completes "cleat get --endpoints a:1,b:2 alp" alpha
    completes "cleat get --endpoints=c:3 alp" alpha
    same "$(<"$ASKED")" "--endpoints a:1,b:2"$'\n'"--endpoints c:3"
}

test_completion_of_files_and_endpoints() {
    stand_in
    mkdir -p here/below
    : >here/file
    completes "cleat put name here/" here/below here/file
    completes "cleat put -r here/" here/below
    completes "cleat put -r here/below fol" folder/
    completes "cleat get -r folder/ here/" here/below
    completes "cleat put name < here/f" here/file
    export CLEAT_ENDPOINTS=one:1,two:2
    completes "cleat get --endpoints " one:1 two:2
    completes "cleat get --endpoints t" two:2
    completes "cleat get --endpoints one:" 1
    completes "cleat get --endpoints one:1,t" 1,two:2
    unset CLEAT_ENDPOINTS
    completes "cleat get --endpoints " localhost:8080
}

# Nothing is proposed, and nothing is said, where there is no server or no program.
test_completion_without_a_server() {
    # shellcheck source=/dev/null
    source "$root/scripts/packaging/completion/cleat"
    use_cluster none
    CLEAT_ENDPOINTS=localhost:$(port 1)
    export CLEAT_ENDPOINTS
    same "$(proposed "$BUILD/cleat get a" 2>&1)" ""
    same "$(proposed "nowhere/cleat ge" 2>&1)" ""
}

test_completion_with_the_real_programs() {
    # shellcheck source=/dev/null
    source "$root/scripts/packaging/completion/cleat"
    # shellcheck source=/dev/null
    source "$root/scripts/packaging/completion/cleatd"
    completes "$BUILD/cleat ben" bench
    completes "$BUILD/cleat bench --di" --distribution
    completes "$BUILD/cleat bench --distribution z" zipf
    completes "$server --v" --value-max --version
    completes "$server --id 1 --sn" --snapshot-every
    mkdir "$directory/folder"
    completes "$server --data $directory/f" "$directory/folder"
}

test_completion_of_names_on_a_real_server() {
    "$BUILD/cleat" help ls >/dev/null 2>&1 || skip "this cleat does not list"
    # shellcheck source=/dev/null
    source "$root/scripts/packaging/completion/cleat"
    fresh_cluster 1
    answers 1 "write early 1" x "write etc/hosts 1" x "write etc/motd 1" x "write etc/ssh/config 1" x -- \
        "OK 1" "OK 2" "OK 3" "OK 4"
    CLEAT_ENDPOINTS=localhost:$(port 1)
    export CLEAT_ENDPOINTS
    completes "$BUILD/cleat get e" early etc/
    completes "$BUILD/cleat get etc/" etc/hosts etc/motd etc/ssh/
    completes "$BUILD/cleat get etc/s" etc/ssh/
    completes "$BUILD/cleat get --endpoints localhost:1 e"
}

# A shell on a terminal, in which somebody presses the tabulator.
test_completion_in_a_shell() {
    stand_in
    printf '%b\n' "source $root/scripts/packaging/completion/cleat" \
        'cleat pu\ta:\there' 'cleat get "qu\t' 'cleat get a:b' 'cleat get fo\to\t' exit >"$directory/keys"
    export HISTFILE='' INPUTRC=/dev/null TERM=dumb
    timeout 30 socat -t 20 "EXEC:bash --norc --noprofile -i,pty,ctty,setsid,stderr" - <"$directory/keys" \
        >"$directory/screen" 2>&1 || true
    grep -qF '<put><a:here>' "$directory/screen" || fail "$(<"$directory/screen")"
    grep -qF '<get><quo"te>' "$directory/screen" || fail "$(<"$directory/screen")"
    grep -qF '<get><folder/one>' "$directory/screen" || fail "$(<"$directory/screen")"
}
