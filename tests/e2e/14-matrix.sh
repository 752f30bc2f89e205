# shellcheck shell=bash
# Every verb with every option, by itself and in a transaction, in the text protocol, over HTTP and by cleat: all come
# to the same. The table is in tools/matrix.py.

# shellcheck source=tests/e2e/cli.sh
source "$root/tests/e2e/cli.sh"

matrix() { # VERB...
    local verb
    cli_cluster 1
    for verb in "$@"; do
        python3 "$root/tests/e2e/tools/matrix.py" "$verb" "$cleat" "$(port 1)" || fail "$verb"
    done
}

test_matrix_of_contents() {
    matrix write set append incr
}

test_matrix_of_cas() {
    matrix cas
}

test_matrix_of_conditions() {
    matrix delete touch if
}

test_matrix_of_copies() {
    matrix copy move swap
}

test_matrix_of_questions() {
    matrix read stat list
}

test_matrix_of_the_level() {
    matrix cluster
}

# A verb that is not in the table is compared by nobody.
test_matrix_has_every_verb() {
    fresh_cluster 1
    same "$(ask 1 help | grep -oP '^  \K[a-z]+(?= |$)' | grep -vxE 'txn' | sort)" \
        "$(python3 "$root/tests/e2e/tools/matrix.py" --verbs | grep -vxE 'txn|if|commit|cancel' | sort)"
}
