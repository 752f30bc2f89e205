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
    for name in alpha 'al$(touch${IFS}sprung)' a:b a:c 'quo"te' "end'" 'end"' "endt-'" 'ends-"' 'par(x' 'par$y' k=v \
        folder/ folder/one folder/two folder/deep/; do
        rest=${name#"$2"}
        [[ $name != "$2"* || (-z $rest && $name == */) || ${rest%/} == */* ]] || printf '%s\n' "$name"
    done
    ;;
*)
    printf '<%s>' "$@" >>"$RAN"
    echo >>"$RAN"
    ;;
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
    completes "cleat help dele" delete
    completes "cleat wr" write
    completes "cleat m" move
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
    completes "cleat put name here/" here/below/ here/file
    completes "cleat put -r here/" here/below/
    completes "cleat put -r here/below fol" folder/
    completes "cleat get -r folder/ here/" here/below/
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

# A shell on a terminal, in which somebody types the lines of $directory/keys ("^I" is the tabulator). What cleat was
# run with goes to $directory/ran, and what was to be seen to $directory/screen.
type_in_a_shell() {
    cat >"$directory/typist" <<'END'
set timeout 20
log_user 0
log_file -noappend -a $env(SCREEN)
proc ready {} {
    expect -ex "ready> " {} timeout { puts "the shell is stuck"; exit 1 } eof { puts "the shell ended"; exit 1 }
}
spawn -noecho bash --norc --noprofile -i
send "PS1='rea''dy> '; bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; "
send "source \$COMPLETION/cleat; source \$COMPLETION/cleatd\r"
ready
set keys [open $env(KEYS)]
fconfigure $keys -encoding utf-8
while {[gets $keys line] >= 0} {
    send -- "[string map {^I \t} $line]\r"
    ready
}
END
    : >"$directory/ran"
    KEYS=$directory/keys RAN=$directory/ran SCREEN=$directory/screen HISTFILE='' INPUTRC=/dev/null TERM=dumb \
        LC_ALL=C.UTF-8 COMPLETION=$root/scripts/packaging/completion \
        expect -f "$directory/typist" || fail "$(<"$directory/screen")"
}

# Each line that is typed, and what cleat is then run with: what was typed stands as it was, and what Tab added is that
# name, in whatever quotes.
# shellcheck disable=SC2016,SC2088,SC1003 # lines as they are typed
test_completion_in_a_shell() {
    local -a cases=(
        # Local paths with blanks.
        'cleat put x "my f^Is^I' '<put><x><my folder/some file>'
        "cleat put x 'my f^Is^I" '<put><x><my folder/some file>'
        'cleat put x my\ f^Is^I' '<put><x><my folder/some file>'
        'cleat put x "my folder/o^I' '<put><x><my folder/other (1)>'
        'cleat put x my\ folder/o^I' '<put><x><my folder/other (1)>'
        'cleat put x "my folder"/o^I' '<put><x><my folder/other (1)>'
        'cleat put x "my fold"er/o^I' '<put><x><my folder/other (1)>'
        'cleat put x my" folder/"o^I' '<put><x><my folder/other (1)>'
        "cleat put x my' 'folder/o^I" '<put><x><my folder/other (1)>'
        'cleat put "a b" "my folder/o^I' '<put><a b><my folder/other (1)>'
        'cleat put -r "my f^I' '<put><-r><my folder/>'
        'cleat put -vr "my f^I fol^I' '<put><-vr><my folder/><folder/>'
        'cleat put x "my folder/nothing^I"' '<put><x><my folder/nothing>'
        # What the shell expands stays to be expanded.
        'cleat put x "$HOME/do^Ia^I' '<put><x>'"<$directory/home/docs/a b>"
        'cleat put x "${HOME}/do^Ia^I' '<put><x>'"<$directory/home/docs/a b>"
        'cleat put x $HOME/do^Ia^I' '<put><x>'"<$directory/home/docs/a b>"
        'cleat put x "$HOME"/do^Ia^I' '<put><x>'"<$directory/home/docs/a b>"
        'cleat put x ~/do^Ia^I' '<put><x>'"<$directory/home/docs/a b>"
        'cleat put x "~/do^I"' '<put><x><~/do>'
        "cleat put x '\$HOME/do^I'" '<put><x><$HOME/do>'
        'cleat get "$PART/o^I' '<get><folder/one>'
        'cleat get $PART/o^I' '<get><folder/one>'
        'cleat put x "$(echo my) f^I"' '<put><x><my f>'
        'cleat put x `echo my`^I' '<put><x><my>'
        'cleat get --endpoints "$(echo "e:1")" alp^I' '<get><--endpoints><e:1><alp>'
        'cleat put "$(echo a b)" "my folder/o^I' '<put><a b><my folder/other (1)>'
        # Signs that mean something to the shell, in what is added.
        'cleat put x it^I' "<put><x><it's here>"
        'cleat put x "it^I' "<put><x><it's here>"
        "cleat put x 'it^I" "<put><x><it's here>"
        "cleat put x \"it's h^I" "<put><x><it's here>"
        "cleat put x 'it'\\''s h^I" "<put><x><it's here>"
        "cleat put x it\\'s^I" "<put><x><it's here>"
        "cleat put x 'it'^I" "<put><x><it's here>"
        "cleat put x 'it^I" "<put><x><it's here>"
        "cleat put x 'it'\\''^I" "<put><x><it's here>"
        "cleat put x 'it'\"'s^I" "<put><x><it's here>"
        'cleat put x "bang^I' '<put><x><bang!x y>'
        'cleat put x "ban"g"^I' '<put><x><bang!x y>'
        'cleat put x dol^I' '<put><x><dol$HOME lar>'
        'cleat put x "dol^I' '<put><x><dol$HOME lar>'
        "cleat put x 'dol^I" '<put><x><dol$HOME lar>'
        'cleat put x sta^I' '<put><x><star* [1]>'
        'cleat put x "sta^I' '<put><x><star* [1]>'
        'cleat put x "sta"^I' '<put><x><star* [1]>'
        'cleat put x bac^I' '<put><x><back\slash `x`>'
        'cleat put x "bac^I' '<put><x><back\slash `x`>'
        "cleat put x 'bac^I" '<put><x><back\slash `x`>'
        'cleat put x "ü^I' '<put><x><über uns>'
        'cleat put x ü^I' '<put><x><über uns>'
        'cleat put x ban^I' '<put><x><bang!x y>'
        'cleat put x "ban^I' '<put><x><bang!x y>'
        "cleat put x 'ban^I" '<put><x><bang!x y>'
        # Where the quote is that would close it.
        'cleat get "quo^I alpha' '<get><quo"te><alpha>'
        'cleat get quo^I alpha' '<get><quo"te><alpha>'
        'cleat get "end\"^I alpha' '<get><end"><alpha>'
        'cleat get "ends^I alpha' '<get><ends-"><alpha>'
        "cleat get 'endt^I alpha" "<get><endt-'><alpha>"
        "cleat get 'end'\\''^I alpha" "<get><end'><alpha>"
        "cleat get end\\'^I alpha" "<get><end'><alpha>"
        # Several that differ in a sign which takes an escape: half of it is not left there.
        'cleat get par^I\(^I' '<get><par(x>'
        'cleat get par^I"(^I' '<get><par(x>'
        'cleat get "par^I(^I' '<get><par(x>'
        'cleat get "par^I\$^I' '<get><par$y>'
        "cleat get 'par^I\$^I" '<get><par$y>'
        "cleat get 'par^I'" '<get><par>'
        # Where readline itself begins another word.
        'cleat get a:^Ib' '<get><a:b>'
        'cleat get "a:^Ib"' '<get><a:b>'
        'cleat get k=^I' '<get><k=v>'
        'cleat get --endpoints one:1,t^I x' '<get><--endpoints><one:1,two:2><x>'
        'cleat get --endpoints="one:1,t^I x' '<get><--endpoints=one:1,two:2><x>'
        'cleat get --endpoints=one:1,t^I x' '<get><--endpoints=one:1,two:2><x>'
        "cleat get --outp^I 'j^I x" '<get><--output><json><x>'
        # What is no argument.
        'cleat put x <"my folder/s^I' '<put><x>'
        'cleat put x < my\ f^Is^I' '<put><x>'
        'cleat get 2>/dev/null fo^Ione' '<get><folder/one>'
        'true; cleat ge^I alp^I' '<get><alpha>'
        'true "a;b" | cleat ge^I alp^I' '<get><alpha>'
        'PART=folder cleat ge^I alp^I' '<get><alpha>'
        # And the plain ones.
        'cleat pu^Ia:^Ihere' '<put><a:here>'
        'cleat get fo^Io^I' '<get><folder/one>'
        'cleat get "fo^Io^I' '<get><folder/one>'
        'cleat rm alpha "folder/de^I' '<rm><alpha><folder/deep/>'
        'cleat rea^Ialp^I' '<read><alpha>'
        'cleat wri^I x "my folder/o^I' '<write><x><my folder/other (1)>'
        # cleatd has but one option that is a path.
        'cleatd --id 1 --data "my f^I' '<--id><1><--data><my folder/>'
        'cleatd --data my\ f^I' '<--data><my folder/>'
        'cleatd --data=my\ f^I' '<--data=my folder/>'
        'cleatd --data "$HOME/do^I"' "<--data><$directory/home/docs/>"
        'cleatd --data ~/do^I' "<--data><$directory/home/docs/>"
    )
    local i
    stand_in
    mkdir -p "my folder" home/docs
    touch "my folder/some file" "my folder/other (1)" "home/docs/a b" home/docs/other "it's here" 'dol$HOME lar' \
        'star* [1]' 'back\slash `x`' 'über uns' 'bang!x y'
    printf '%s\n' '#!/usr/bin/env bash' 'printf "<%s>" "$@" >>"$RAN"' 'echo >>"$RAN"' >bin/cleatd
    chmod +x bin/cleatd
    export HOME=$directory/home PART=folder CLEAT_ENDPOINTS='one:1, two:2'
    for ((i = 0; i < ${#cases[@]}; i += 2)); do
        printf '%s\n' "${cases[i]}"
    done >"$directory/keys"
    type_in_a_shell
    for ((i = 0; i < ${#cases[@]}; i += 2)); do
        same "$(sed -n "$((i / 2 + 1))p" "$directory/ran")" "${cases[i + 1]}" "${cases[i]}"
    done
    [[ ! -e sprung ]] || fail "a name was run"
}
