/* How a change ends that no server did, or did not tell of: which of these it is, and what is said. */
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "unit/client/servers.h"

#define NO_LEADER "ERR_NO_LEADER none\r\n"
#define BUSY "ERR_BUSY later\r\n"
#define TIMEOUT "ERR_TIMEOUT perhaps\r\n"

static void ended(enum call_outcome outcome, const char *reason)
{
    struct call *call = session_pop(&session);
    ck_assert_msg(call->outcome == outcome && strstr(call->reason, reason), "%d: %s", call->outcome, call->reason);
    call_close(call);
}

/* One change, and servers that say these things one after the other, the last one for ever. Only where one sending may
 * have been done is that not known, and it is told why: not what came of another sending. */
START_TEST(only_what_may_have_been_done_is_not_known)
{
    static const struct {
        struct life lives[4];
        enum call_outcome outcome;
        const char *reason;
    } cases[] = {
        {{{2, NO_LEADER, true}, {2, BUSY, true}, {2, NO_LEADER, true}}, CALL_UNREACHABLE, "ERR_NO_LEADER none"},
        {{{2, BUSY, false}}, CALL_UNREACHABLE, "ERR_BUSY"},
        {{{2, TIMEOUT, true}, {2, NO_LEADER, true}}, CALL_UNKNOWN, "ERR_TIMEOUT perhaps"},
        {{{2, NO_LEADER, true}, {2, TIMEOUT, true}, {2, NO_LEADER, true}}, CALL_UNKNOWN, "ERR_TIMEOUT perhaps"},
        {{{2, "", false}, {2, NO_LEADER, true}}, CALL_UNKNOWN, "the connection was closed"},
        {{{2, NO_LEADER, true}, {2, "", false}, {2, NO_LEADER, true}}, CALL_UNKNOWN, "the connection was closed"},
        {{{2, NO_LEADER, true}, {1000, "", true}}, CALL_UNKNOWN, "no answer within 0.4 s"},
        {{{1000, "", true}, {2, NO_LEADER, true}}, CALL_UNKNOWN, "it does not answer"},
        {{{2, "what?\r\n", true}, {2, BUSY, true}}, CALL_UNKNOWN, "what came is no answer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct life lives[LIVES_MAX];
        for (int j = 0, k = 0; j < LIVES_MAX; j++, k += k < 3 && cases[i].lives[k + 1].text)
            lives[j] = cases[i].lives[k];
        begin(lives, LIVES_MAX, NULL, 0);
        session.options.timeout_ms = 400;
        session_push(&session, change("a"));
        ended(cases[i].outcome, cases[i].reason);
        end();
    }
}
END_TEST

/* The third try would have ended with a refusal, but after the time was up. */
START_TEST(a_try_that_cannot_end_in_time_is_not_begun)
{
    struct life lives[LIVES_MAX];
    for (int i = 0; i < LIVES_MAX; i++)
        lives[i] = (struct life){2, NO_LEADER, true};
    slow_ms = 200;
    begin(lives, LIVES_MAX, NULL, 0);
    session.options.timeout_ms = 550;
    session_push(&session, change("a"));
    ended(CALL_UNREACHABLE, "ERR_NO_LEADER none");
    /* The next command gets its own time. */
    session_push(&session, change("b"));
    ended(CALL_UNREACHABLE, "ERR_NO_LEADER none");
    end();
    ck_assert_int_ge(servers[0].connections, 2);
    ck_assert_int_le(servers[0].connections, 4);
}
END_TEST

/* The third refusal comes after the time, but little. (Each comes before the server would count as silent.) */
START_TEST(a_refusal_that_is_due_is_waited_for)
{
    static const struct life lives[] = {{2, NO_LEADER, true}, {2, NO_LEADER, true}};
    slow_ms = 600;
    begin(lives, 2, lives, 1);
    session.options.timeout_ms = 3 * 600 + 15;
    session_push(&session, change("a"));
    ended(CALL_UNREACHABLE, "ERR_NO_LEADER none");
    end();
    ck_assert_int_ge(servers[0].connections + servers[1].connections, 2);
}
END_TEST

/* Nothing is unknown of those behind the first, either. */
START_TEST(each_of_many_is_refused)
{
    struct life lives[LIVES_MAX];
    for (int i = 0; i < LIVES_MAX; i++)
        lives[i] = (struct life){6, NO_LEADER BUSY NO_LEADER, true};
    begin(lives, LIVES_MAX, NULL, 0);
    session.options.timeout_ms = 200;
    for (int i = 0; i < 3; i++)
        session_push(&session, change("a"));
    for (int i = 0; i < 3; i++)
        ended(CALL_UNREACHABLE, "ERR_");
    end();
}
END_TEST

/* What is answered behind a refusal is done; the rest goes elsewhere, in its order. */
START_TEST(some_of_many_are_refused)
{
    static const struct life some = {8, NO_LEADER "OK 5\r\n" BUSY "OK 6\r\n", true};
    static const struct life lives = {4, "OK 7\r\nOK 8\r\n", true};
    static const struct life some_and_dies = {8, NO_LEADER "OK 5\r\n", false};
    static const struct life lives_for_three = {6, "OK 7\r\nOK 8\r\nOK 9\r\n", true};
    static const char *const names[] = {"a", "b", "c", "d"};
    static const uint64_t versions[2][4] = {{7, 5, 8, 6}, {7, 5, 8, 9}};
    for (int dies = 0; dies < 2; dies++) {
        begin(dies ? &some_and_dies : &some, 1, dies ? &lives_for_three : &lives, 1);
        for (int i = 0; i < 4; i++)
            session_push(&session, change(names[i]));
        for (int i = 0; i < 4; i++) {
            struct call *call = session_pop(&session);
            ck_assert_str_eq(call->subject, names[i]);
            ck_assert_uint_eq(call->answer.version, versions[dies][i]);
            answered(call, ANSWER_OK);
        }
        end();
        ck_assert_ptr_null(strstr(servers[1].heard[0], "write b"));
        ck_assert(dies == (strstr(servers[1].heard[0], "write d") != NULL));
    }
}
END_TEST

/* A request of which only a part was sent is not run. */
START_TEST(what_is_not_sent_as_a_whole_is_not_done)
{
    static const struct life lives[] = {{1, "", false}, {1, "", false}};
    size_t size = 8 * 1024 * 1024;
    char *contents = calloc(1, size);
    begin(lives, 2, NULL, 0);
    session.options.timeout_ms = 300;
    struct call *call = call_open("big");
    call_change(call, "write big %zu", size);
    call_contents(call, contents, size);
    session_push(&session, call);
    ended(CALL_UNREACHABLE, "");
    end();
    free(contents);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outcomes");
    TCase *tests = tcase_create("outcomes");
    tcase_add_test(tests, only_what_may_have_been_done_is_not_known);
    tcase_add_test(tests, a_try_that_cannot_end_in_time_is_not_begun);
    tcase_add_test(tests, a_refusal_that_is_due_is_waited_for);
    tcase_add_test(tests, each_of_many_is_refused);
    tcase_add_test(tests, some_of_many_are_refused);
    tcase_add_test(tests, what_is_not_sent_as_a_whole_is_not_done);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
