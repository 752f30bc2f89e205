# shellcheck shell=bash
# cleat's prompt, on a terminal of its own; and commands on stdin.

# shellcheck source=tests/e2e/cli.sh
source "$root/tests/e2e/cli.sh"

# Runs the lines of stdin as a person at a terminal: expect's language, with `say TEXT` (and Return), `key KEYS`, `see
# TEXT`, which waits for it, and `ends STATUS`. Of a word that is completed, the terminal gets only what is added.
person() {
    {
        cat <<'END'
set timeout 20
log_user 0
set seen ""
proc broken {what} {
    global seen
    puts "not seen: $what; after:\n$seen"
    exit 1
}
proc see {text} {
    global seen
    expect {
        -ex $text { append seen $expect_out(buffer) }
        timeout { append seen [expr {[info exists expect_out(buffer)] ? $expect_out(buffer) : ""}]; broken $text }
        eof { broken "$text (it ended)" }
    }
}
proc key {keys} { send -- $keys }
proc say {text} { send -- "$text\r" }
proc ends {status} {
    expect { eof {} timeout { broken "its end" } }
    set result [wait]
    if {[lindex $result 3] != $status} { broken "status $status, but [lindex $result 3]" }
}
proc begin {args} {
    global cleat spawn_id
    spawn -noecho $cleat {*}$args
}
END
        printf 'set cleat "%s"\n' "$cleat"
        cat
    } >"$directory/person"
    TERM=xterm expect -f "$directory/person" >"$directory/stdout" || fail "$(<"$directory/stdout")"
}

test_prompt_runs_verbs() {
    cli_cluster 3
    person <<'END'
begin
see "cleat> "
say "put greeting --text 'hello you'"
see "cleat> "
say "get greeting"
see "hello you\r\n"
see "cleat> "
say "get none"
see "there is no such file"
see "cleat> "
say "get 'open"
see "a quote is not closed"
see "cleat> "
say "ls -l"
see "greeting"
see "cleat> "
say "put typed"
see "then Ctrl-D"
say "first"
say "second"
key "\004"
see "cleat> "
say "get typed"
see "first\r\nsecond\r\n"
see "cleat> "
say "exit"
ends 0
END
    same "$(cleat get typed)" $'first\nsecond'
}

test_prompt_completes_verbs_and_names() {
    cli_cluster 3
    cleat put folder/apple --text one
    cleat put folder/apricot --text two
    cleat put other --text three
    person <<'END'
begin
see "cleat> "
key "mem\t"
see "bers "
say ""
see "address"
see "cleat> "
key "get fo\t"
see "lder/"
key "\t"
see "ap"
key "\t"
see "folder/apple"
see "folder/apricot"
key "r\t"
see "icot "
say ""
see "two\r\n"
see "cleat> "
key "get o\t"
see "ther "
say ""
see "three\r\n"
see "cleat> "
key "ls --lo\t"
see "ng "
say ""
see "other"
see "cleat> "
key "\004"
ends 0
END
}

test_prompt_shows_choices_in_the_width_of_the_terminal() {
    local columns between
    cli_cluster 1
    cleat put folder/with-a-long-name-1 --text one
    cleat put folder/with-a-long-name-2 --text two
    for columns in 40 80; do
        between='  '
        ((columns > 50)) || between='\r\n'
        person <<END
set stty_init "columns $columns rows 24"
begin
see "cleat> "
key "get fo\t"
see "lder/"
key "\t"
see "with-a-long-name-"
key "\t"
see "folder/with-a-long-name-1${between}folder/with-a-long-name-2\r\n"
key "\003"
see "cleat> "
say "exit"
ends 130
END
    done
}

# What Tab types reads as the name that it stands for.
test_prompt_completes_what_needs_quotes() {
    cli_cluster 1
    cleat put "t/it's" --text one
    cleat put 'u/a"b\c' --text two
    cleat put '#/x' --text three
    cleat put $'v\x9b/y' --text four
    mkdir "$directory/a folder"
    printf 'five' >"$directory/a folder/file"
    person <<END
begin
see "cleat> "
key "get t/it\t"
see "\\\\'s "
say ""
see "one\r\n"
see "cleat> "
key "get 't/\t"
see "it'\\\\''s' "
say ""
see "one\r\n"
see "cleat> "
key "get u\t"
see "/"
key "\t"
say ""
see "two\r\n"
see "cleat> "
key "get \"u/a\t"
say ""
see "two\r\n"
see "cleat> "
key "get \\\\#\t"
see "/"
key "\t"
say ""
see "three\r\n"
see "cleat> "
key "get v\t"
see "\\\\x9b"
key "\t"
say ""
see "four\r\n"
see "cleat> "
key "put five $directory/a\t"
see "folder/"
key "f\t"
say ""
see "cleat> "
say "get five"
see "five\r\n"
see "cleat> "
key "\004"
ends 0
END
}

test_prompt_keeps_its_history() {
    cli_cluster 1
    person <<'END'
begin
see "cleat> "
say "put a --text remembered"
see "cleat> "
say " put a --text unseen"
see "cleat> "
key "\004"
ends 0
begin
see "cleat> "
key "\033\[A"
see "put a --text remembered"
say ""
see "cleat> "
say "get a"
see "remembered\r\n"
see "cleat> "
key "\004"
ends 0
END
    same "$(stat -c %a "$HOME/.cleat_history")" 600
    matches "$(<"$HOME/.cleat_history")" "*remembered*"
    [[ $(<"$HOME/.cleat_history") != *unseen* ]] || fail "what begins with a blank is kept"
    local state=$directory/not/made/yet
    XDG_STATE_HOME=$state person <<'END'
begin
see "cleat> "
say "ls"
see "cleat> "
key "\004"
ends 0
END
    [[ -s $state/cleat_history ]] || fail "no history in XDG_STATE_HOME"
    same "$(stat -c %a "$state" "$directory/not")" $'700\n700'
    # A home that is not there is not made.
    HOME=$directory/no/home person <<'END'
begin
see "cleat> "
say "ls"
see "no history is kept: "
see "cleat> "
key "\004"
ends 0
END
    [[ ! -e $directory/no ]] || fail "it made a home"
    XDG_STATE_HOME=/dev/null person <<'END'
begin
see "cleat> "
say "ls"
see "no history is kept: /dev/null/cleat_history: Not a directory"
see "cleat> "
say "exit 7"
ends 7
begin
see "cleat> "
say "get none"
see "cleat> "
say "exit"
ends 3
END
}

# A byte that begins a character and is not gone on with takes no key with it.
test_prompt_puts_up_with_broken_characters() {
    cli_cluster 1
    LC_ALL=C person <<'END'
spawn -noecho env LC_ALL=C.UTF-8 $cleat
see "cleat> "
key "help ping \xe4\r"
see "usage: cleat ping"
see "cleat> "
key "get x \xe4\003"
see "^C"
see "cleat> "
key "put \xc3\xa9 --text x\r"
see "cleat> "
key "ls\r"
see "\xc3\xa9"
see "cleat> "
key "\004"
ends 0
END
    same "$(cleat get $'\xc3\xa9')" x
}

# Ctrl-C drops a line, or ends a command; the prompt stays.
test_prompt_is_interrupted() {
    cli_cluster 3
    cluster kill 2
    cluster kill 3
    person <<'END'
begin
see "cleat> "
key "put a --text x\003"
see "^C"
see "cleat> "
say "get a --timeout 600 --show-wire"
see "> read a"
key "\003"
see "cleat> "
say "ping -q"
see "refused"
see "cleat> "
key "\004"
ends 5
END
    cluster start 2
    wait_for serves 1
    fails 3 cleat get a
}

test_prompt_ends_when_its_terminal_goes() {
    cli_cluster 1
    person <<'END'
begin
see "cleat> "
exec kill -HUP [exp_pid]
ends 129
begin
see "cleat> "
exec kill -TERM [exp_pid]
ends 143
END
}

test_commands_on_stdin_stop_at_the_first_failure() {
    cli_cluster 1
    printf 'contents' >"$directory/file"
    cleat <<END >"$directory/stdout"
# comments and empty lines count for nothing

put a --text 'one two'
put b "$directory/file"
get a
ls
END
    same "$(<"$directory/stdout")" $'one twoa\nb'
    fails 3 cleat <<<$'rm a\nget a\nrm b'
    matches "$(<"$directory/stderr")" "cleat: line 2: get: a: there is no such file"
    same "$(cleat ls)" b
    fails 2 cleat <<<$'rm b\nbogus'
    matches "$(<"$directory/stderr")" "cleat: line 2: *"
    fails 2 cleat <<<$'put b\ncontents?'
    matches "$(<"$directory/stderr")" "*stdin has commands*"
    cleat <<<$'ls\nexit\nbogus'
    cleat </dev/null
}

test_progress_is_shown_on_a_terminal_alone() {
    cli_cluster 1
    mkdir "$directory/in"
    printf x | tee "$directory/in/"{1,2,3,4,5} >/dev/null
    person <<END
begin put -r "$directory/in" t
see "putting \[##############################\] 5 of 5 files"
ends 0
begin get -r t "$directory/out"
see "getting \[##############################\] 5 of 5 files"
ends 0
END
    same "$(cleat put -r "$directory/in" t 2>&1)" ""
}
