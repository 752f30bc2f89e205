#include "client/session.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "unit/client/servers.h"

static struct call *question(const char *name)
{
    struct call *call = call_open(name);
    call_ask(call, ANSWER_CONTENTS, "read %s", name);
    return call;
}

START_TEST(answers_in_their_order_over_one_connection)
{
    static const struct life life = {4, "OK 1\r\nCONTENTS 1 3 0\r\nabc\r\nERR_FILE_NOT_FOUND\r\n", true};
    begin(&life, 1, NULL, 0);
    session_push(&session, change("a"));
    session_push(&session, question("a"));
    session_push(&session, question("b"));
    struct call *call = session_pop(&session);
    ck_assert_str_eq(call->subject, "a");
    ck_assert_uint_eq(call->answer.version, 1);
    answered(call, ANSWER_OK);
    call = session_pop(&session);
    ck_assert_uint_eq(buffer_size(&call->body), 3);
    ck_assert_mem_eq(buffer_start(&call->body), "abc", 3);
    answered(call, ANSWER_CONTENTS);
    answered(session_pop(&session), ANSWER_NOT_FOUND);
    ck_assert_ptr_null(session_pop(&session));
    end();
}
END_TEST

/* Before the first answer, between two, between a refusal and the next one, and behind the last. */
START_TEST(what_a_server_says_by_itself_is_passed_over)
{
    static const struct life life = {7, "+HELLO of tomorrow\r\nOK 1\r\n+\r\n+OK 7\r\nCONTENTS 1 6 0\r\n+no\r\n+\r\n"
                                        "ERR_TOO_BIG no\r\n+CONTENTS 1 3 0\r\nOK 2\r\n+BEHIND 5\r\n", true};
    char *shown;
    size_t shown_size;
    begin(&life, 1, NULL, 0);
    FILE *wire = open_memstream(&shown, &shown_size);
    session.options.wire = wire;
    session_push(&session, change("a"));
    session_push(&session, question("a"));
    session_push(&session, change("b"));
    session_push(&session, change("c"));
    struct call *call = session_pop(&session);
    ck_assert_uint_eq(call->answer.version, 1);
    answered(call, ANSWER_OK);
    call = session_pop(&session);
    ck_assert_uint_eq(buffer_size(&call->body), 6); /* contents are contents, however they begin */
    ck_assert_mem_eq(buffer_start(&call->body), "+no\r\n+", 6);
    answered(call, ANSWER_CONTENTS);
    answered(session_pop(&session), ANSWER_ERROR);
    call = session_pop(&session);
    ck_assert_uint_eq(call->answer.version, 2);
    answered(call, ANSWER_OK);
    ck_assert_uint_eq(session.losses, 0);
    fclose(wire);
    ck_assert(strstr(shown, "< +HELLO of tomorrow\n") != NULL);
    free(shown);
    session.options.wire = NULL;
    end();
}
END_TEST

START_TEST(what_is_lost_is_sent_again_with_the_same_token)
{
    static const struct life dies = {4, "OK 1\r\n", false}, lives = {2, "OK 2\r\n", true};
    begin(&dies, 1, &lives, 1);
    session_push(&session, change("a"));
    session_push(&session, change("b"));
    answered(session_pop(&session), ANSWER_OK);
    answered(session_pop(&session), ANSWER_OK);
    end();
    const char *again = strstr(servers[0].heard[0], "write b ");
    ck_assert_ptr_nonnull(again);
    ck_assert_ptr_nonnull(strstr(again, " once="));
    ck_assert_str_eq(again, servers[1].heard[0]);
}
END_TEST

START_TEST(what_must_not_be_done_twice_is_not_sent_twice)
{
    static const struct life dies = {6, "", false}, lives = {2, "ERR_FILE_NOT_FOUND\r\nERR_FILE_NOT_FOUND\r\n", true};
    begin(&dies, 1, &lives, 1);
    struct call *unsafe = change("b"), *old = change("c");
    unsafe->safe = false;
    old->first_sent_ms = 1 - SESSION_TOKEN_MS; /* long ago, whatever the clock says */
    session_push(&session, question("a"));
    session_push(&session, unsafe);
    session_push(&session, old);
    session_push(&session, question("d"));
    answered(session_pop(&session), ANSWER_NOT_FOUND);
    for (int i = 0; i < 2; i++) {
        struct call *call = session_pop(&session);
        ck_assert_int_eq(call->outcome, CALL_UNKNOWN);
        ck_assert_ptr_nonnull(strstr(call->reason, "closed"));
        call_close(call);
    }
    answered(session_pop(&session), ANSWER_NOT_FOUND);
    end();
    ck_assert_ptr_null(strstr(servers[1].heard[0], "write"));
}
END_TEST

START_TEST(errors_that_pass_are_tried_elsewhere)
{
    static const char *const errors[] = {"ERR_NO_LEADER none\r\n", "ERR_BUSY later\r\n", "ERR_TIMEOUT perhaps\r\n"};
    for (size_t i = 0; i < 3; i++) {
        const struct life refuses = {2, errors[i], true}, lives = {2, "OK 7\r\n", true};
        begin(&refuses, 1, &lives, 1);
        struct call *call = change("a");
        session_do(&session, call);
        ck_assert_uint_eq(call->answer.version, 7);
        answered(call, ANSWER_OK);
        end();
    }
}
END_TEST

/* Only after ERR_TIMEOUT may it have been done. */
START_TEST(errors_that_do_not_pass_in_time)
{
    static const struct {
        const char *text;
        enum call_outcome outcome;
    } cases[] = {
        {"ERR_NO_LEADER none\r\n", CALL_UNREACHABLE},
        {"ERR_BUSY later\r\n", CALL_UNREACHABLE},
        {"ERR_TIMEOUT perhaps\r\n", CALL_UNKNOWN},
    };
    for (size_t i = 0; i < 3; i++) {
        struct life lives[LIVES_MAX];
        for (int j = 0; j < LIVES_MAX; j++)
            lives[j] = (struct life){2, cases[i].text, true};
        begin(lives, LIVES_MAX, NULL, 0);
        session.options.timeout_ms = 200;
        struct call *call = change("a");
        session_do(&session, call);
        ck_assert_int_eq(call->outcome, cases[i].outcome);
        ck_assert_ptr_nonnull(strstr(call->reason, "ERR_"));
        call_close(call);
        end();
    }
}
END_TEST

START_TEST(a_server_that_is_silent)
{
    static const struct life silent = {1000, "", true}, lives = {1, "PONG\r\n", true};
    begin(&silent, 1, &lives, 1);
    session.options.timeout_ms = 1000;
    struct call *call = call_open(NULL);
    call_ask(call, ANSWER_PONG, "ping");
    session_do(&session, call);
    answered(call, ANSWER_PONG);
    end();
    begin(&silent, 1, NULL, 0);
    session.options.timeout_ms = 200;
    session_push(&session, question("a"));
    session_push(&session, change("b"));
    call = session_pop(&session);
    ck_assert_int_eq(call->outcome, CALL_UNREACHABLE);
    ck_assert_msg(strstr(call->reason, "no answer within 0.2 s") != NULL, "%s", call->reason);
    call_close(call);
    call = session_pop(&session);
    ck_assert_int_eq(call->outcome, CALL_UNKNOWN);
    ck_assert_msg(strstr(call->reason, "no answer within 0.2 s") != NULL, "%s", call->reason);
    call_close(call);
    end();
}
END_TEST

START_TEST(an_address_with_colons_is_told_in_brackets)
{
    options = (struct session_options){.timeout_ms = 200, .endpoints = {.list = {{"::1", "1"}}, .count = 1}};
    session_open(&session, &options);
    struct call *call = question("a");
    session_do(&session, call);
    ck_assert_msg(strncmp(call->reason, "[::1]:1: ", 9) == 0, "%s", call->reason);
    call_close(call);
    session_close(&session);
}
END_TEST

START_TEST(no_server_at_all)
{
    static const struct life none = {0, "", false};
    begin(&none, 0, NULL, 0);
    stop(&servers[0]);
    session.options.timeout_ms = 200;
    struct call *call = change("a");
    session_do(&session, call);
    ck_assert_int_eq(call->outcome, CALL_UNREACHABLE);
    ck_assert_ptr_nonnull(strstr(call->reason, "refused"));
    call_close(call);
    session_close(&session);
}
END_TEST

START_TEST(answers_that_are_none)
{
    static const char *const texts[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n", "CONTENTS 1 99999999999 0\r\n", "PONG\r\nPONG\r\n", "OK x\r\n",
        "OK 1\r\n", "STAT version=7 size=1 exptime=0 created=3 xxh3=2d06800538d394c2\r\n", "LIST 1 0 end\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct life odd = {1, texts[i], true}, lives = {1, "ERR_FILE_NOT_FOUND\r\n", true};
        begin(&odd, 1, &lives, 1);
        struct call *call = question("a");
        session_do(&session, call);
        ck_assert_int_eq(call->answer.kind, ANSWER_NOT_FOUND);
        call_close(call);
        end();
    }
}
END_TEST

/* The server refuses contents before it has read them, and closes; then comes another call. */
START_TEST(an_answer_before_all_is_sent)
{
    static const struct life lives[] = {{1, "ERR_TOO_BIG no\r\n", true}, {1, "PONG\r\n", true}};
    size_t size = 8 * 1024 * 1024;
    char *contents = calloc(1, size);
    begin(lives, 2, NULL, 0);
    struct call *call = call_open("big");
    call_change(call, "write big %zu", size);
    call_contents(call, contents, size);
    session_push(&session, call);
    call = call_open(NULL);
    call_ask(call, ANSWER_PONG, "ping");
    session_push(&session, call);
    call = session_pop(&session);
    ck_assert_int_eq(call->answer.error, REPLY_TOO_BIG);
    answered(call, ANSWER_ERROR);
    answered(session_pop(&session), ANSWER_PONG);
    end();
    free(contents);
}
END_TEST

START_TEST(it_can_be_interrupted)
{
    static const struct life silent = {1000, "", true};
    begin(&silent, 1, NULL, 0);
    session_push(&session, question("a"));
    session_push(&session, question("b"));
    session_interrupt(true);
    for (int i = 0; i < 2; i++) {
        struct call *call = session_pop(&session);
        ck_assert_int_eq(call->outcome, CALL_INTERRUPTED);
        call_close(call);
    }
    session_interrupt(false);
    end();
}
END_TEST

START_TEST(lines_that_are_too_long_are_not_sent)
{
    char name[600];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct call *call = call_open("long");
    call_ask(call, ANSWER_CONTENTS, "read %.*s", 494, name);
    ck_assert(!call->bad);
    call_ask(call, ANSWER_CONTENTS, "read %.*s", 495, name);
    ck_assert(call->bad);
    call_close(call);
    call = call_open("long");
    call_change(call, "move %.*s x", 480, name);
    ck_assert_msg(call->bad, "there is no room for the token");
    call_close(call);
    call = call_open("long");
    call_change(call, "move %s x", name);
    ck_assert(call->bad);
    call_close(call);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session");
    TCase *tests = tcase_create("session");
    tcase_add_test(tests, answers_in_their_order_over_one_connection);
    tcase_add_test(tests, what_a_server_says_by_itself_is_passed_over);
    tcase_add_test(tests, what_is_lost_is_sent_again_with_the_same_token);
    tcase_add_test(tests, what_must_not_be_done_twice_is_not_sent_twice);
    tcase_add_test(tests, errors_that_pass_are_tried_elsewhere);
    tcase_add_test(tests, errors_that_do_not_pass_in_time);
    tcase_add_test(tests, a_server_that_is_silent);
    tcase_add_test(tests, an_address_with_colons_is_told_in_brackets);
    tcase_add_test(tests, no_server_at_all);
    tcase_add_test(tests, answers_that_are_none);
    tcase_add_test(tests, an_answer_before_all_is_sent);
    tcase_add_test(tests, it_can_be_interrupted);
    tcase_add_test(tests, lines_that_are_too_long_are_not_sent);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
