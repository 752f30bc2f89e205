/* Names of machines, with a loop that is turned by hand and answers of the test's own. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "net/resolver.h"
#include "support/check.h"
#include "support/names.h"

enum { LOG_BYTES = 64 * 1024, PATIENCE_S = 20 };

static struct ev_loop *loop;
static struct logger *logger;
static int log_pipe[2];
static char log_text[LOG_BYTES];
static int founds;

static void on_found(struct resolver *resolver)
{
    ck_assert_uint_gt(resolver->addresses.count, 0);
    founds++;
}

static void setup(void)
{
    ck_assert_int_eq(pipe(log_pipe), 0);
    loop = ev_default_loop(EVFLAG_AUTO);
    logger = logger_open(log_pipe[1]);
}

static void open_name(struct resolver *resolver, const char *text)
{
    resolver_open(resolver, text, loop, logger, on_found, NULL);
}

/* Turns the loop until CONDITION. */
#define turn_until(condition)                                                                                         \
    do {                                                                                                              \
        time_t end = time(NULL) + PATIENCE_S;                                                                         \
        while (!(condition)) {                                                                                        \
            ck_assert_msg(time(NULL) < end, "not within %d s: %s", PATIENCE_S, #condition);                           \
            ev_run(loop, EVRUN_NOWAIT);                                                                               \
            usleep(1000);                                                                                             \
        }                                                                                                             \
    } while (0)

/* Turns the loop for MS. */
static void turn_for(int ms)
{
    for (; ms > 0; ms--) {
        ev_run(loop, EVRUN_NOWAIT);
        usleep(1000);
    }
}

/* How many lines with WORDS were logged. The logger is closed, so this comes last. */
static int count_logged(const char *words)
{
    if (logger) {
        logger_close(logger);
        logger = NULL;
        close(log_pipe[1]);
        ssize_t got = read(log_pipe[0], log_text, sizeof log_text - 1);
        log_text[got > 0 ? got : 0] = '\0';
    }
    int count = 0;
    for (const char *at = log_text; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

static const char *first_of(const struct resolver *resolver)
{
    static char text[ADDRESS_TEXT_MAX];
    ck_assert_uint_gt(resolver->addresses.count, 0);
    address_text(&resolver->addresses.items[0], text);
    return text;
}

START_TEST(an_address_is_known_at_once)
{
    static const char *const texts[] = {"127.0.0.1:9080", "[::1]:9081", "0.0.0.0:1", "[fe80::1]:65535",
                                        "10.1.2.3:8080"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct resolver resolver;
        open_name(&resolver, texts[i]);
        ck_assert_uint_eq(resolver.addresses.count, 1);
        ck_assert_str_eq(first_of(&resolver), texts[i]);
        ck_assert_ptr_null(resolver.lookup);
        resolver_want(&resolver);
        turn_for(10);
        resolver_close(&resolver);
    }
    ck_assert_int_eq(names_asked(NULL), 0);
    ck_assert_int_eq(founds, 0);
}
END_TEST

START_TEST(a_name_that_does_not_resolve_is_tried_until_it_does)
{
    struct resolver resolver;
    open_name(&resolver, "node2:9080");
    turn_until(names_asked("node2") >= 2);
    ck_assert_uint_eq(resolver.addresses.count, 0);
    names_set("node2", "::1 127.0.0.2 127.0.0.3");
    turn_until(founds > 0);
    ck_assert_uint_eq(resolver.addresses.count, 3);
    ck_assert_str_eq(first_of(&resolver), "[::1]:9080");
    int asked = names_asked("node2");
    turn_for(RESOLVE_MIN_MS + 500);
    ck_assert_int_eq(names_asked("node2"), asked); /* nobody wants to know */
    resolver_close(&resolver);
    ck_assert_int_eq(count_logged("event=cannot_resolve address=node2:9080 reason="), 1);
    ck_assert_int_eq(count_logged("event=resolved address=node2:9080 "
                                  "to=[::1]:9080,127.0.0.2:9080,127.0.0.3:9080\n"),
                     1);
}
END_TEST

/* Who listens at each in turn would take the second for another process's. */
START_TEST(an_address_that_is_given_twice_is_there_once)
{
    static const struct {
        const char *given, *kept;
    } cases[] = {
        {"127.0.0.2 127.0.0.2", "127.0.0.2:9080"},
        {"::1 127.0.0.2 ::1 127.0.0.2", "[::1]:9080,127.0.0.2:9080"},
        {"127.0.0.2 127.0.0.3 127.0.0.2 127.0.0.3 127.0.0.3", "127.0.0.2:9080,127.0.0.3:9080"},
        /* More than ADDRESSES_MAX, so that the other counts only if they do not. */
        {"::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1 127.0.0.2", "[::1]:9080,127.0.0.2:9080"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct addresses addresses;
        char problem[ADDRESS_PROBLEM_MAX], text[ADDRESS_TEXT_MAX], all[ADDRESSES_MAX * (ADDRESS_TEXT_MAX + 1)] = "";
        names_set("node2", cases[i].given);
        ck_assert_msg(address_resolve("node2:9080", &addresses, problem), "%s", problem);
        for (size_t k = 0; k < addresses.count; k++) {
            address_text(&addresses.items[k], text);
            strcat(strcat(all, k > 0 ? "," : ""), text);
        }
        ck_assert_str_eq(all, cases[i].kept);
    }
}
END_TEST

START_TEST(a_name_that_moved_is_found)
{
    struct resolver resolver;
    names_set("node2", "127.0.0.2 127.0.0.3");
    open_name(&resolver, "node2:9080");
    turn_until(founds == 1);
    /* The same in another order is nothing new. */
    names_set("node2", "127.0.0.3 127.0.0.2");
    resolver_want(&resolver);
    turn_until(names_asked("node2") == 2);
    turn_for(100);
    ck_assert_int_eq(founds, 1);
    ck_assert_str_eq(first_of(&resolver), "127.0.0.2:9080");
    names_set("node2", "127.0.0.4");
    resolver_want(&resolver);
    turn_until(founds == 2);
    ck_assert_str_eq(first_of(&resolver), "127.0.0.4:9080");
    /* It is gone: what was known is still tried, and so is the name. */
    names_set("node2", "");
    resolver_want(&resolver);
    turn_until(resolver.failing);
    ck_assert_str_eq(first_of(&resolver), "127.0.0.4:9080");
    names_set("node2", "127.0.0.4");
    turn_until(!resolver.failing);
    ck_assert_int_eq(founds, 2);
    resolver_close(&resolver);
    ck_assert_int_eq(count_logged("event=cannot_resolve"), 1);
    ck_assert_int_eq(count_logged("event=resolved address=node2:9080 to=127.0.0.4:9080\n"), 2); /* moved, and back */
    ck_assert_int_eq(count_logged("event="), 3);
}
END_TEST

START_TEST(a_name_that_never_answers_holds_up_nobody)
{
    struct resolver silent, other;
    names_set("silent", "hang");
    names_set("other", "127.0.0.2");
    open_name(&silent, "silent:9080");
    open_name(&other, "other:9080");
    turn_until(founds == 1);
    ck_assert_str_eq(first_of(&other), "127.0.0.2:9080");
    turn_until(silent.failing);
    ck_assert_int_eq(names_asked("silent"), 1);
    names_set("silent", "127.0.0.3");
    turn_until(founds == 2);
    names_set("silent", "hang");
    resolver_want(&silent);
    turn_until(names_asked("silent") == 2);
    resolver_close(&silent); /* at once, or this never ends */
    resolver_close(&other);
    ck_assert_int_eq(count_logged("event=cannot_resolve address=silent:9080 reason=\"no answer yet\""), 1);
    ck_assert_int_eq(count_logged("event=resolved address=silent:9080"), 1);
    names_set("silent", "127.0.0.3"); /* and the thread ends */
}
END_TEST

START_TEST(a_name_that_is_wanted_all_the_time_is_not_asked_for_all_the_time)
{
    struct resolver resolver;
    names_set("node2", "127.0.0.2");
    open_name(&resolver, "node2:9080");
    for (int i = 0; i < 2500; i++) {
        resolver_want(&resolver);
        turn_for(1);
    }
    ck_assert_int_le(names_asked("node2"), 4);
    ck_assert_int_ge(names_asked("node2"), 2);
    resolver_close(&resolver);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resolver");
    TCase *tests = tcase_create("resolver");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, an_address_is_known_at_once);
    tcase_add_test(tests, a_name_that_does_not_resolve_is_tried_until_it_does);
    tcase_add_test(tests, an_address_that_is_given_twice_is_there_once);
    tcase_add_test(tests, a_name_that_moved_is_found);
    tcase_add_test(tests, a_name_that_never_answers_holds_up_nobody);
    tcase_add_test(tests, a_name_that_is_wanted_all_the_time_is_not_asked_for_all_the_time);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
