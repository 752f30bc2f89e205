# shellcheck shell=bash
# cleat and folders: whole trees of files, put, got, copied, moved and deleted.

# shellcheck source=tests/e2e/cli.sh
source "$root/tests/e2e/cli.sh"

same_trees() {
    diff -r "$1" "$2" >"$directory/diff" || fail "$(head -n 5 "$directory/diff")"
}

# Some hundred real files go in, are listed, come out, move and go away, again and again, while nodes are killed.
test_cli_folders_outlive_nodes_that_are_killed() {
    local files rounds=0
    cli_cluster 3
    cp -r /usr/include/linux "$directory/in"
    files=$(find "$directory/in" -type f | wc -l)
    ((files > 300)) || fail "/usr/include/linux has only $files files"
    background kill_in_turn
    while (($(kills) < 12)); do
        cleat put -r "$directory/in" tree --timeout 60
        same "$(cleat ls -r tree/ --timeout 60)" \
            "$(cd "$directory/in" && find . -type f | sed 's|^[.]|tree|' | LC_ALL=C sort)"
        cleat get -r tree "$directory/out" --timeout 60
        same_trees "$directory/in" "$directory/out"
        cleat cp -r tree copy --timeout 60
        cleat mv -r tree moved/here --timeout 60
        cleat get -r moved/here "$directory/moved" --timeout 60
        same_trees "$directory/in" "$directory/moved"
        cleat rm -r moved --timeout 60
        same "$(cleat ls --timeout 60)" copy/
        same "$(cleat ls -r --timeout 60 | wc -l)" "$files"
        cleat rm -r copy --timeout 60
        same "$(cleat ls --timeout 60)" ""
        rm -r "$directory/out" "$directory/moved"
        rounds=$((rounds + 1))
    done
    touch "$directory/enough"
    wait "${started[0]}"
    # In each round each file was changed five times: put, copied, moved, and both deleted. None of it was done twice.
    same "$(cleat incr n -v)" "n: 1, version $((rounds * 5 * files + 1))"
}

test_cli_get_r_stays_in_its_folder() {
    cli_cluster 1
    local name
    for name in t/good t/../up t/.. t/. t/a//b t//abs t/end/ t/sub/../../x t/sub/fine; do
        cleat put "$name" --text "$name"
    done
    mkdir "$directory/local"
    fails 1 cleat get -r t "$directory/local"
    same "$(cd "$directory/local" && find . -type f | sort)" $'./good\n./sub/fine'
    same "$(grep -c 'cannot be a local file' "$directory/stderr")" 7
    [[ ! -e $directory/up && ! -e $directory/x ]] || fail "it left its folder"
    fails 1 cleat get -r '' "$directory/all"
    same "$(cd "$directory/all" && find . -type f | sort)" $'./t/good\n./t/sub/fine'
    fails 1 cleat get t/.. "$directory/local"
    # Links that are there lead nowhere.
    cleat put l/out/file --text x
    cleat put l/target --text new
    mkdir "$directory/links" "$directory/elsewhere"
    printf old >"$directory/elsewhere/target"
    ln -s ../elsewhere "$directory/links/out"
    ln -s ../elsewhere/target "$directory/links/target"
    fails 1 cleat get -r l "$directory/links"
    same "$(find "$directory/elsewhere" -type f)" "$directory/elsewhere/target"
    same "$(<"$directory/elsewhere/target")" old
    # A name that is a file and a folder.
    cleat put both --text file
    cleat put both/deep --text folder
    cleat put other --text x
    fails 1 cleat get -r '' "$directory/mixed"
    same "$(<"$directory/mixed/both")" file
    same "$(<"$directory/mixed/other")" x
    fails 3 cleat get -r nothing "$directory/nothing"
    [[ ! -e $directory/nothing ]] || fail "a folder for nothing"
}

test_cli_put_r_tells_what_it_cannot_put() {
    cli_cluster 1 --value-max 65536
    mkdir -p "$directory/in/sub"
    printf a >"$directory/in/a"
    printf b >"$directory/in/sub/b"
    printf c >"$directory/in/with blank"
    head -c 100000 /dev/zero >"$directory/in/big"
    truncate -s 9M "$directory/in/bigger"
    ln -s a "$directory/in/link"
    mkfifo "$directory/in/pipe"
    fails 1 cleat put -r "$directory/in"
    same "$(cleat ls -r)" $'in/a\nin/sub/b'
    same "$(grep -c 'skipped: it is no regular file' "$directory/stderr")" 2
    matches "$(<"$directory/stderr")" "*ERR_TOO_BIG*"
    matches "$(<"$directory/stderr")" "*bigger: it has more than 8 MiB*"
    matches "$(<"$directory/stderr")" "*'in/with blank' is no name*"
    cleat rm -r in
    cd "$directory/in/sub" || fail "it is gone"
    cleat put -r . ''
    cleat put -r . to/
    cleat put -r . --ttl 100
    same "$(cleat ls -r)" $'b\nsub/b\nto/b'
    matches "$(cleat stat sub/b)" "* ttl=100 *"
    fails 4 cleat put -r . to --create
    fails 1 cleat put -r "$directory/none"
    fails 1 cleat put -r b
}

test_cli_moves_and_copies_folders() {
    cli_cluster 1
    local name
    for name in a a/1 a/2/x ab b/1; do
        cleat put "$name" --text "$name"
    done
    cleat cp -r a c
    same "$(cleat ls -r c)" $'c/1\nc/2/x'
    cleat mv -r a/ b/
    same "$(cleat ls -r)" $'a\nab\nb/1\nb/a/1\nb/a/2/x\nc/1\nc/2/x'
    same "$(cleat get b/a/2/x)" a/2/x
    fails 4 cleat mv -r b/a c --create
    fails 2 cleat mv -r b b/a
    fails 2 cleat mv -r b/a b
    fails 2 cleat cp -r b b
    fails 3 cleat mv -r none x
    cleat cp a dir/
    same "$(cleat get dir/a)" a
    fails 2 cleat cp "$(printf 'n%.0s' {1..240})" "$(printf 'm%.0s' {1..240})"
    matches "$(<"$directory/stderr")" "*too long*"
    cleat rm -r b dir
    same "$(cleat ls)" $'a\nab\nc/'
    fails 3 cleat rm -r a
    cleat rm -rf a
    same "$(cleat get a)" a
    cleat rm -r ''
    same "$(cleat ls)" ""
}

# More than a page, and names between pages that share beginnings.
test_cli_lists_more_than_a_page() {
    cli_cluster 1
    mkdir -p "$directory/in/f"
    local i
    for ((i = 0; i < 2500; i++)); do
        : >"$directory/in/f/$i"
    done
    cleat put -r "$directory/in" ''
    same "$(cleat ls)" f/
    same "$(cleat ls f/ | wc -l)" 2500
    same "$(cleat ls -r --json | wc -l)" 2500
    same "$(cleat tree | tail -n 1)" "1 folder, 2500 files"
    same "$(cleat ls -r f/24 | wc -l)" 111
    cleat rm -r f
    same "$(cleat ls)" ""
}
