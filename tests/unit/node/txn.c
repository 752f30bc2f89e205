/* A client's transaction, line by line. */
#include <stdio.h>

#include "protocol/transaction.h"
#include "solo.h"

static struct connection connection;
static struct node_client *client;

static void begin(void)
{
    setup();
    client = node_client_open(node, &connection);
}

static void end(void)
{
    ck_assert_ptr_null(client->txn);
    ck_assert_uint_eq(parts.session->held_bytes, 0);
    node_client_close(node, client);
    teardown();
}

/* CLIENT says TEXT and is told ANSWERS. */
static void ask(const char *text, const char *answers)
{
    type(client, text);
    for (int i = 0; i < 100 && (i == 0 || client->count > 0); i++)
        turn(true);
    expect(client, answers);
}

START_TEST(its_lines_are_done_at_once_and_answered_once)
{
    ask("write a 1\nx\nwrite n 1\n1\n", "OK 1\r\nOK 2\r\n");
    ask("txn\nif a 1\nappend a 1\ny\nincr n 9\nif b absent\nwrite b 2 60\nzz\n", "");
    ck_assert_uint_eq(store_revision(*parts.store), 2);
    ask("commit\n", "OK 3\r\n");
    ask("read a\nread n\nread b\n", "CONTENTS 3 2 0\r\nxy\r\nCONTENTS 3 2 0\r\n10\r\nCONTENTS 3 2 60\r\nzz\r\n");
    ask("txn\nmove a c\ndelete n 3\ntouch b 0\ncommit\nread b\nlist\n",
        "OK 4\r\nCONTENTS 3 2 0\r\nzz\r\nLIST 4 16 end\r\nb 3 2 0\nc 4 2 0\n\r\n");
}
END_TEST

START_TEST(a_text_may_be_part_of_it)
{
    ask("set a one two \nset a\nread a\n",
        "OK 1\r\nERR_CMD_ERR the text is missing: set NAME TEXT; see 'help set'\r\nCONTENTS 1 8 0\r\none two \r\n");
    ask("txn\nset a  once=x\nset b \nset c y\r\nif a 1\ncommit\n", "OK 2\r\n");
    ask("read a\nread b\nread c\n",
        "CONTENTS 2 7 0\r\n once=x\r\nCONTENTS 2 0 0\r\n\r\nCONTENTS 2 1 0\r\ny\r\n");
    parts.env->limits.value_max_bytes = 3;
    ask("set a abc\nset a abcd\n", "OK 3\r\nERR_TOO_BIG above this cluster's limit for a file, nothing was done\r\n");
    ask("txn\nset a ab\nset b abcd\ncommit\nread a\n",
        "ERR_TOO_BIG above this cluster's limit for a file, nothing was done\r\nCONTENTS 3 3 0\r\nabc\r\n");
    ask("delete a\ndelete b\ndelete c\n", "OK\r\nOK\r\nOK\r\n");
}
END_TEST

START_TEST(where_it_failed)
{
    ask("write a 1\nx\n", "OK 1\r\n");
    ask("txn\nif a 2\nwrite b 1\nx\ncommit\n", "ERR_VERSION 1 a\r\n");
    ask("txn\nwrite b 1\nx\nif a absent\ncommit\n", "ERR_VERSION 1 a\r\n");
    ask("txn\nwrite b 1\nx\nif c 3\ncommit\n", "ERR_VERSION 0 c\r\n");
    ask("txn\nwrite b 1\nx\nif c present\ncommit\n", "ERR_FILE_NOT_FOUND c\r\n");
    ask("txn\nwrite b 1\nx\ncopy from to\ncommit\n", "ERR_FILE_NOT_FOUND from\r\n");
    ask("txn\nwrite b 1\nx\ncopy a to 5\ncommit\n", "ERR_VERSION 0 to\r\n");
    ask("txn\nwrite b 1\nx\nincr a 1\ncommit\n",
        "ERR_NOT_A_NUMBER a: the file holds no whole number, or the sum has no room in 64 bits\r\n");
    ask("txn\nif stale present\ntouch a 1\ncommit\n", "ERR_FILE_NOT_FOUND stale\r\n");
    ask("list\n", "LIST 1 8 end\r\na 1 1 0\n\r\n");
}
END_TEST

/* It must not be done by half because one line was wrong: what is told is the first wrong line, at the end. */
START_TEST(a_wrong_line_spoils_all)
{
    static const struct {
        const char *line;
        const char *reason;
    } wrong[] = {
        {"write a 1 soon\nx\n", "exptime is not a plain number of seconds up to 4294967295"},
        {"read a\n", "only 'if' and what changes a file can be in it; commit or cancel ends it"},
        {"list\n", "only 'if' and what changes a file can be in it; commit or cancel ends it"},
        {"ping\n", "only 'if' and what changes a file can be in it; commit or cancel ends it"},
        {"txn\n", "only 'if' and what changes a file can be in it; commit or cancel ends it"},
        {"write a 1 once=x\ny\n", "once= belongs to txn itself"},
        {"\n", "empty line; 'help' lists the verbs"},
        {"quit now\n", "too few or too many words; 'help VERB' shows how it is written"},
        {"if a maybe\n", "a condition is a version, absent or present; see 'help if'"},
        {"set d\n", "the text is missing: set NAME TEXT; see 'help set'"},
        {"set b x\n", "another line has the same file; a file may be in one change only"},
        {"touch b 5\n", "another line has the same file; a file may be in one change only"},
        {"copy b c\n", "another line has the same file; a file may be in one change only"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char answer[200];
        type(client, "txn\nwrite b 1\nx\n");
        type(client, wrong[i].line);
        type(client, "copy z z\nwrite c 1\ny\n");
        snprintf(answer, sizeof answer, "ERR_CMD_ERR line 2 of the transaction: %s\r\n", wrong[i].reason);
        ask("commit\n", answer);
    }
    ask("list\n", "LIST 0 0 end\r\n\r\n");
    ask("write a 1\nx\n", "OK 1\r\n");
}
END_TEST

START_TEST(a_wrong_beginning_spoils_all_too)
{
    ask("txn later\nwrite b 1\nx\ncommit\n",
        "ERR_CMD_ERR too few or too many words; 'help VERB' shows how it is written\r\n");
    ask("txn once=\nwrite b 1\nx\ncommit\n",
        "ERR_CMD_ERR a token has 1 to 64 bytes, no space and no control character; see 'help'\r\n");
}
END_TEST

START_TEST(without_a_change_it_is_none)
{
    ask("txn\nif a absent\ncommit\n", "ERR_CMD_ERR line 1 of the transaction: nothing is changed by it\r\n");
    ask("txn\ncommit\n", "ERR_CMD_ERR nothing is changed by it\r\n");
    ask("commit\n", "ERR_CMD_ERR no transaction is under way; 'txn' begins one\r\n");
    ask("cancel\n", "ERR_CMD_ERR no transaction is under way; 'txn' begins one\r\n");
    ask("if a 1\n", "ERR_CMD_ERR no transaction is under way; 'txn' begins one\r\n");
}
END_TEST

START_TEST(cancelled)
{
    ask("txn\nwrite a 3\nabc\ncancel\nread a\n", "OK\r\nERR_FILE_NOT_FOUND\r\n");
    ask("txn\nnonsense\n", "ERR_CMD_ERR unknown verb (they are lower case); 'help' lists them; closing\r\n");
    ck_assert_ptr_nonnull(client->txn);
    node_client_close(node, client);
    client = node_client_open(node, &connection);
}
END_TEST

START_TEST(a_connection_that_ends_before_commit)
{
    type(client, "txn\nwrite a 3\nabc\nwrite b 100\nhalf");
    /* What came, not what is to come. */
    ck_assert_uint_eq(parts.session->held_bytes, 2 * (TRANSACTION_PART_HEADER + 1 + 8) + 7);
    turn(true);
    node_client_close(node, client);
    ck_assert_uint_eq(parts.session->held_bytes, 0);
    client = node_client_open(node, &connection);
    ask("list\n", "LIST 0 0 end\r\n\r\n");
    type(client, "txn\nwrite a 3\nabc\n");
    node_client_end(node, client); /* it has half-closed: commit will not come */
    ck_assert(node_client_ends(client));
    node_client_close(node, client);
    client = node_client_open(node, &connection);
    ask("txn\nwrite a 3\nabc\nquit\n", "BYE\r\n");
    ck_assert(node_client_ends(client));
    node_client_close(node, client);
    client = node_client_open(node, &connection);
    ask("list\n", "LIST 0 0 end\r\n\r\n");
}
END_TEST

START_TEST(it_has_128_lines_at_most)
{
    parts.env->limits.value_max_bytes = 1300; /* their heads alone are larger than 1024 and what is allowed above it */
    for (int lines = 127; lines <= 129; lines++) {
        type(client, "txn\nwrite a 1\nx\n");
        for (int i = 1; i < lines; i++)
            type(client, "if a absent\n");
        ask("commit\n", lines == 127   ? "OK 1\r\n"
                        : lines == 128 ? "ERR_VERSION 1 a\r\n"
                                       : "ERR_CMD_ERR line 129 of the transaction: a transaction has at most 128 "
                                         "lines\r\n");
    }
}
END_TEST

/* All together may be 2048 bytes longer than one file of 1024: three fit with their 25 bytes of head, and no fourth. */
START_TEST(all_lines_together_are_little_larger_than_a_file)
{
    char contents[1026];
    memset(contents, 'x', 1024);
    strcpy(contents + 1024, "\n");
    for (int count = 2; count <= 3; count++) {
        type(client, "txn\n");
        for (int i = 0; i < count; i++) {
            char line[30];
            snprintf(line, sizeof line, "write %d 1024\n", i);
            type(client, line);
            type(client, contents);
        }
        ask("commit\n", count == 2 ? "OK 1\r\n"
                                   : "ERR_TOO_BIG line 3 of the transaction: all lines together may be little larger "
                                     "than one file\r\n");
    }
    ask("txn\nappend 0 1\nx\ncommit\n", "ERR_TOO_BIG 0: above this cluster's limit for a file, nothing was done\r\n");
}
END_TEST

START_TEST(contents_above_the_limit_close)
{
    ask("txn\nwrite a 1\nx\nwrite b 1025\n",
        "ERR_TOO_BIG above this cluster's limit for a file, nothing was done\r\n");
    ck_assert(node_client_ends(client));
    node_client_close(node, client);
    client = node_client_open(node, &connection);
    ask("list\n", "LIST 0 0 end\r\n\r\n");
}
END_TEST

START_TEST(many_in_one_go)
{
    ask("txn\nincr n 1\ncommit\nread n\ntxn\nincr n 1\ncancel\n"
        "txn\nincr n 1\nping\ncommit\ntxn\nincr n 5\ncommit\nping\n",
        "OK 1\r\nCONTENTS 1 1 0\r\n1\r\nOK\r\n"
        "ERR_CMD_ERR line 2 of the transaction: only 'if' and what changes a file can be in it; commit or cancel ends "
        "it\r\nOK 2\r\nPONG\r\n");
}
END_TEST

START_TEST(a_token_makes_it_once)
{
    ask("txn once=t\nincr n 1\nwrite a 1\nx\ncommit\n", "OK 1\r\n");
    ask("txn once=t\nincr n 1\nwrite a 1\nx\ncommit\n", "OK 1\r\n");
    ask("incr n 5 once=t\n", "OK 1\r\n"); /* whatever comes with it */
    ask("incr n 5 once=u\nincr n 5 once=u\n", "OK 2 6\r\nOK 2 6\r\n");
    ask("txn once=v\nif n 1\nincr n 1\ncommit\ntxn once=v\nif n 1\nincr n 1\ncommit\n",
        "ERR_VERSION 2 n\r\nERR_VERSION 2 n\r\n");
}
END_TEST

/* However the bytes come in pieces, they are the same transaction. */
START_TEST(cut_at_every_byte)
{
    static const char text[] = "txn once=t%zu\r\nif n absent\r\nwrite a 3 60\r\nab\n\r\nappend b 1\nx\ncopy c d\n"
                               "incr n 5\r\ncommit\nmove d c\ndelete a\ndelete b\ndelete n\n";
    ask("write c 1\nc\n", "OK 1\r\n");
    uint64_t version = 1;
    for (size_t cut = 0; cut < sizeof text + 1; cut++) {
        char whole[sizeof text + 10], answers[100];
        int size = snprintf(whole, sizeof whole, text, cut);
        size_t at = cut < (size_t)size ? cut : (size_t)size;
        node_client_bytes(node, client, (const uint8_t *)whole, at);
        if (cut % 3 == 0)
            turn(true);
        snprintf(answers, sizeof answers, "OK %llu\r\nOK %llu\r\nOK\r\nOK\r\nOK\r\n", (unsigned long long)version + 1,
                 (unsigned long long)version + 2);
        ask(whole + at, answers);
        version += 5;
    }
}
END_TEST

/* A full store refuses what grows it, in a transaction as elsewhere; what makes room is taken. */
START_TEST(a_full_store)
{
    ask("write a 1\nx\nwrite b 1\ny\n", "OK 1\r\nOK 2\r\n");
    parts.env->limits.memory_max_bytes = store_memory_bytes(*parts.store) - 1;
    static const char full[] =
        "ERR_STORE_FULL the memory limit for files is reached, nothing was done; delete some\r\n";
    ask("txn\nwrite c 1\nx\ncommit\n", full);
    ask("txn\ncopy a c\ncommit\n", full);
    ask("txn\ntouch a 60\ndelete b\ncommit\n", "OK 3\r\n");
}
END_TEST

/* Lines without contents are held too: many transactions of nothing else take no more memory than changes may. */
START_TEST(what_it_holds_until_it_is_done)
{
    type(client, "txn\ncopy a b\nif c absent\n");
    size_t size = 2 * TRANSACTION_PART_HEADER + 3 + 9 + 8; /* a copy's and a condition's fields */
    ck_assert_uint_eq(parts.session->held_bytes, size);
    type(client, "commit\n");
    ck_assert_uint_eq(parts.session->held_bytes, size);
    ck_assert_uint_eq(client->bytes, size);
    ask("", "ERR_FILE_NOT_FOUND a\r\n");
    ck_assert_uint_eq(parts.session->held_bytes, 0);
}
END_TEST

#define WORDS "too few or too many words; 'help VERB' shows how it is written"

START_TEST(a_wrong_end_ends_it_undone)
{
    ask("txn\nwrite a 1\nx\ncommit once=t\nread a\n",
        "ERR_CMD_ERR line 2 of the transaction: no such option; commit takes none; see 'help commit'\r\n"
        "ERR_FILE_NOT_FOUND\r\n");
    ask("txn\nwrite a 1\nx\ncancel now\nping\n",
        "ERR_CMD_ERR line 2 of the transaction: " WORDS "\r\nPONG\r\n");
    ask("txn\ndelete\ncommit now\nread a\n",
        "ERR_CMD_ERR line 1 of the transaction: " WORDS "\r\nERR_FILE_NOT_FOUND\r\n");
}
END_TEST

enum { PROMISED = 1000, PROMISE = 1000, GRANTS = 4 };

/* Contents count as held as they come: lines that promise more than there is room for take nothing from others. */
START_TEST(what_is_promised_is_not_held)
{
    static struct node_client *others[PROMISED];
    static char bytes[PROMISE];
    for (size_t i = 0; i < PROMISED; i++) {
        others[i] = node_client_open(node, &connection);
        type(others[i], i % 2 == 0 ? "write a 1000\nx" : "txn\nwrite a 1000\nx");
    }
    ck_assert_uint_lt(parts.session->held_bytes, 100 * PROMISED);
    ask("write b 1\ny\n", "OK 1\r\n");
    /* What comes nevertheless is held as long as there is room, and refused from then on. */
    uint64_t held = parts.session->held_bytes;
    parts.session->held_bytes = LIMIT_HELD_BYTES - GRANTS * PROMISE;
    for (size_t i = 0; i < 2 * GRANTS; i++)
        node_client_bytes(node, others[i], (uint8_t *)bytes, PROMISE - 2);
    ck_assert_uint_le(parts.session->held_bytes, LIMIT_HELD_BYTES);
    for (size_t i = 0; i < 2 * GRANTS; i++)
        type(others[i], i % 2 == 0 ? "z\n" : "z\ncommit\n");
    for (int i = 0; i < 10; i++)
        turn(true);
    for (size_t i = 0; i < 2 * GRANTS; i++) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, "OK %zu\r\n", i + 2);
        expect(others[i], i < GRANTS ? wanted
                                     : "ERR_BUSY too much is under way, nothing was done; try again\r\n");
    }
    parts.session->held_bytes -= LIMIT_HELD_BYTES - GRANTS * PROMISE;
    parts.session->held_bytes += held;
    for (size_t i = 0; i < PROMISED; i++)
        node_client_close(node, others[i]);
}
END_TEST

START_TEST(what_fails_when_it_is_done_counts_as_failed)
{
    ask("write a 1\nx\n", "OK 1\r\n");
    ask("incr a 1\n", "ERR_NOT_A_NUMBER the file holds no whole number, or the sum has no room in 64 bits\r\n");
    ask("cas a 9 1\nx\n", "ERR_VERSION 1\r\n");
    ck_assert_uint_eq(parts.env->meter.commands[VERB_INCR][METER_FAILED], 1);
    ck_assert_uint_eq(parts.env->meter.commands[VERB_INCR][METER_DONE], 0);
    ck_assert_uint_eq(parts.env->meter.commands[VERB_CAS][METER_NOT_SO], 1);
    ck_assert_uint_eq(parts.env->meter.errors[REPLY_NOT_A_NUMBER], 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("txn");
    TCase *tests = tcase_create("txn");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, its_lines_are_done_at_once_and_answered_once);
    tcase_add_test(tests, a_text_may_be_part_of_it);
    tcase_add_test(tests, where_it_failed);
    tcase_add_test(tests, a_wrong_line_spoils_all);
    tcase_add_test(tests, a_wrong_beginning_spoils_all_too);
    tcase_add_test(tests, without_a_change_it_is_none);
    tcase_add_test(tests, cancelled);
    tcase_add_test(tests, a_connection_that_ends_before_commit);
    tcase_add_test(tests, it_has_128_lines_at_most);
    tcase_add_test(tests, all_lines_together_are_little_larger_than_a_file);
    tcase_add_test(tests, contents_above_the_limit_close);
    tcase_add_test(tests, many_in_one_go);
    tcase_add_test(tests, a_token_makes_it_once);
    tcase_add_test(tests, cut_at_every_byte);
    tcase_add_test(tests, a_full_store);
    tcase_add_test(tests, what_fails_when_it_is_done_counts_as_failed);
    tcase_add_test(tests, what_it_holds_until_it_is_done);
    tcase_add_test(tests, a_wrong_end_ends_it_undone);
    tcase_add_test(tests, what_is_promised_is_not_held);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
