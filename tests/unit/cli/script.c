#include "cli/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "protocol/verb.h"
#include "support/check.h"

static struct script_problem problem;

/* The lines that TEXT becomes, without the token; to be given back with free(). NULL: PROBLEM. */
static char *wire(const char *text, size_t size)
{
    struct call *call = call_open(NULL);
    char *lines = NULL;
    if (script_parse(call, text, size, &problem)) {
        size_t length = buffer_size(&call->request);
        lines = calloc(1, length + 1);
        memcpy(lines, buffer_start(&call->request), length);
        ck_assert_int_eq(strncmp(lines, "txn once=", 9), 0);
        char *rest = strstr(lines, "\r\n") + 2;
        memmove(lines, rest, strlen(rest) + 1);
    }
    call_close(call);
    return lines;
}

static void becomes(const char *text, const char *expected)
{
    char *lines = wire(text, strlen(text));
    ck_assert_msg(lines != NULL, "%s: %s", text, problem.text);
    ck_assert_str_eq(lines, expected);
    free(lines);
}

static void refused(const char *text, unsigned line, const char *word)
{
    char *lines = wire(text, strlen(text));
    ck_assert_msg(lines == NULL, "%s", text);
    ck_assert_uint_eq(problem.line, line);
    ck_assert_msg(strstr(problem.text, word) != NULL, "%s: %s", text, problem.text);
}

/* Whatever a transaction takes is told by `cleat help txn`, and by the error for a line that begins otherwise. */
START_TEST(every_verb_of_a_script_is_told)
{
    const char *help = verbs_find("txn")->help;
    refused("nonsense", 1, "a line begins with if, put, write");
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        char line[32];
        bool taken = verb_row(verb)->in_txn && verb != VERB_SET;
        snprintf(line, sizeof line, "\n  %s ", verb_name(verb));
        ck_assert_msg((strstr(help, line) != NULL) == taken, "%s", line);
        snprintf(line, sizeof line, " %s", verb_name(verb));
        const char *told = strstr(problem.text, line);
        char behind = told ? told[strlen(line)] : ' ';
        ck_assert_msg((behind == ',' || behind == '\0') == taken, "%s: %s", line, problem.text);
    }
    for (size_t i = 0; i < verbs_alias_count; i++)
        ck_assert_msg(verb_find(verbs_aliases[i].name, strlen(verbs_aliases[i].name)) != VERB_NONE, "%s",
                      verbs_aliases[i].name);
}
END_TEST

START_TEST(every_kind_of_line)
{
    becomes("if a absent\nif b present\nif c 7\n", "if a absent\r\nif b present\r\nif c 7\r\ncommit\r\n");
    becomes("write a some text\n", "write a 9\r\nsome text\r\ncommit\r\n");
    becomes("write a", "write a 0\r\n\r\ncommit\r\n");
    becomes("write a   \"x\\n\\x41\\\"\"  ttl=60", "write a 4 60\r\nx\nA\"\r\ncommit\r\n");
    becomes("write a 5 ttl=60", "write a 8\r\n5 ttl=60\r\ncommit\r\n");
    becomes("cas a 7 text\r\n", "cas a 7 4\r\ntext\r\ncommit\r\n");
    becomes("append a more", "append a 4\r\nmore\r\ncommit\r\n");
    becomes("delete a\ndelete b 7\n", "delete a\r\ndelete b 7\r\ncommit\r\n");
    becomes("append a \"more\" ttl=60", "append a 4 60\r\nmore\r\ncommit\r\n");
    becomes("touch a 60\nincr n -5\n", "touch a 60\r\nincr n -5\r\ncommit\r\n");
    becomes("touch a 60 7\ntouch b 0 0", "touch a 60 7\r\ntouch b 0 0\r\ncommit\r\n");
    becomes("incr n 1 ttl=60\nincr m 1  ttl=0 ", "incr n 1 60\r\nincr m 1\r\ncommit\r\n");
    becomes("copy a b\nmove c d 0\n", "copy a b\r\nmove c d 0\r\ncommit\r\n");
    becomes("swap a b\nswap c d 1 2\n", "swap a b\r\nswap c d 1 2\r\ncommit\r\n");
    becomes("# a comment\n\n   \n  delete a  \n", "delete a\r\ncommit\r\n");
}
END_TEST

START_TEST(a_local_file)
{
    char path[] = "/tmp/cleat-script-XXXXXX", text[100], expected[100];
    int file = mkstemp(path);
    ck_assert_int_eq(write(file, "a\0b", 3), 3);
    close(file);
    snprintf(text, sizeof text, "put a \"%s\" ttl=5", path);
    struct call *call = call_open(NULL);
    ck_assert(script_parse(call, text, strlen(text), &problem));
    memcpy(expected, "write a 3 5\r\na\0b\r\ncommit\r\n", 26);
    ck_assert_mem_eq(buffer_start(&call->request) + buffer_size(&call->request) - 26, expected, 26);
    call_close(call);
    unlink(path);
    refused(text, 1, "No such file");
    refused("put a /", 1, "/: it is no regular");
    ck_assert(problem.local);
    refused("put a", 1, "missing");
    ck_assert(!problem.local);
    refused("put a /nothing/there", 1, "/nothing/there: ");
    ck_assert(problem.local);
    refused("put a \"", 1, "");
    ck_assert(!problem.local);
}
END_TEST

START_TEST(what_is_wrong_is_told_with_its_line)
{
    refused("delete a\nbogus b\n", 2, "begins with");
    refused("# one\n\ndelete\n", 3, "name");
    refused("if a maybe", 1, "condition");
    refused("if a", 1, "condition");
    refused("cas a x text", 1, "version");
    refused("delete a 1 2", 1, "too much");
    refused("delete a -1", 1, "version");
    refused("touch a", 1, "seconds");
    refused("touch a 4294967296", 1, "seconds");
    refused("incr a 9223372036854775808", 1, "number");
    refused("incr a 1 1", 1, "ttl=SECONDS");
    refused("incr a 1 ttl=4294967296", 1, "ttl=SECONDS");
    refused("touch a 5 x", 1, "version");
    refused("touch a 5 7 8", 1, "too much");
    refused("copy a", 1, "name");
    refused("swap a b 1", 1, "all there, or none");
    refused("swap a b 1 2 3", 1, "too much");
    refused("swap a b 1 x", 1, "version");
    refused("write a \"open", 1, "closed");
    refused("write a \"x\" y", 1, "ttl");
    refused("write a \"x\" ttl=", 1, "ttl");
    refused("write a \"x\" ttl=4294967296", 1, "ttl");
    refused("append a \"x\" ttl=", 1, "ttl=SECONDS");
    refused("write a \"\\q\"", 1, "backslash");
    ck_assert_ptr_null(wire("write a \0", 9));
    ck_assert_uint_eq(problem.line, 0);
}
END_TEST

START_TEST(as_many_lines_as_a_transaction_has)
{
    char text[20 * 130] = "";
    for (int i = 0; i < 128; i++)
        sprintf(text + strlen(text), "# and\ndelete n%d\n", i);
    char *lines = wire(text, strlen(text));
    ck_assert_ptr_nonnull(lines);
    free(lines);
    strcat(text, "delete m");
    refused(text, 257, "128");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("script");
    TCase *tests = tcase_create("script");
    tcase_add_test(tests, every_verb_of_a_script_is_told);
    tcase_add_test(tests, every_kind_of_line);
    tcase_add_test(tests, a_local_file);
    tcase_add_test(tests, what_is_wrong_is_told_with_its_line);
    tcase_add_test(tests, as_many_lines_as_a_transaction_has);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
