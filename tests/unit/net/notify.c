/* What a service manager hears of a node, on a socket as it would have one. */
#include "net/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/check.h"

static char directory[64];
static char path[96];
static int manager;
static struct notify notify;

static int listen_at(const char *name, socklen_t name_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, name, name_size);
    int file = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(bind(file, (struct sockaddr *)&address,
                          (socklen_t)offsetof(struct sockaddr_un, sun_path) + name_size), 0);
    return file;
}

static void setup(void)
{
    strcpy(directory, "/tmp/cleat-notify-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/socket", directory);
    manager = listen_at(path, (socklen_t)strlen(path) + 1);
    ck_assert_ptr_null(notify_open(&notify, path));
}

static void teardown(void)
{
    notify_close(&notify);
    close(manager);
    unlink(path);
    rmdir(directory);
}

/* The next message that the manager has; "" if there is none. */
static const char *heard(void)
{
    static char message[512];
    ssize_t size = recv(manager, message, sizeof message - 1, 0);
    message[size > 0 ? size : 0] = '\0';
    return message;
}

START_TEST(ready_is_told_once_and_what_it_waits_for_whenever_it_changes)
{
    static const char no_leader[] = "no leader";
    notify_tell(&notify, no_leader, false);
    notify_tell(&notify, no_leader, false);
    ck_assert_str_eq(heard(), "STATUS=Not ready: no leader\n");
    ck_assert_str_eq(heard(), "");
    notify_tell(&notify, NULL, false);
    notify_tell(&notify, NULL, false);
    ck_assert_str_eq(heard(), "READY=1\nSTATUS=Ready\n");
    ck_assert_str_eq(heard(), "");
    notify_tell(&notify, no_leader, false);
    ck_assert_str_eq(heard(), "STATUS=Not ready: no leader\n");
    notify_tell(&notify, NULL, false);
    ck_assert_str_eq(heard(), "STATUS=Ready\n");
}
END_TEST

/* The same memory, other words: once their place alone was looked at. */
START_TEST(a_reason_that_changes_where_it_stands_is_news)
{
    char reason[2 * NOTIFY_REASON_MAX] = "1 of 3 voters";
    notify_tell(&notify, reason, false);
    ck_assert_str_eq(heard(), "STATUS=Not ready: 1 of 3 voters\n");
    reason[0] = '2';
    notify_tell(&notify, reason, false);
    notify_tell(&notify, "2 of 3 voters", false);
    ck_assert_str_eq(heard(), "STATUS=Not ready: 2 of 3 voters\n");
    ck_assert_str_eq(heard(), "");
    memset(reason, 'x', sizeof reason - 1);
    notify_tell(&notify, reason, false);
    notify_tell(&notify, reason, false);
    ck_assert_uint_eq(strlen(heard()), strlen("STATUS=Not ready: ") + NOTIFY_REASON_MAX - 1 + 1);
    ck_assert_str_eq(heard(), "");
}
END_TEST

START_TEST(the_end_is_told_also_when_it_was_never_ready)
{
    notify_tell(&notify, "it ends", true);
    notify_tell(&notify, "it ends", true);
    ck_assert_str_eq(heard(), "STOPPING=1\nSTATUS=Not ready: it ends\n");
    ck_assert_str_eq(heard(), "");
}
END_TEST

START_TEST(a_manager_that_is_not_there_yet_is_told_later)
{
    close(manager);
    unlink(path);
    notify_tell(&notify, NULL, false);
    manager = listen_at(path, (socklen_t)strlen(path) + 1);
    notify_tell(&notify, NULL, false);
    ck_assert_str_eq(heard(), "READY=1\nSTATUS=Ready\n");
}
END_TEST

START_TEST(a_manager_that_takes_nothing_is_told_later)
{
    static const char *const reasons[] = {"one", "other"};
    int told = 0;
    for (int i = 0; i < 10000 && (i == 0 || strcmp(notify.waits_for, reasons[(i - 1) % 2]) == 0); i++, told++)
        notify_tell(&notify, reasons[i % 2], false);
    ck_assert_int_lt(told, 10000); /* its queue is full, and nothing waits for it */
    notify_tell(&notify, NULL, false);
    ck_assert(!notify.was_ready);
    while (heard()[0] != '\0')
        continue;
    notify_tell(&notify, NULL, false);
    ck_assert_str_eq(heard(), "READY=1\nSTATUS=Ready\n");
}
END_TEST

START_TEST(an_abstract_name_will_do)
{
    char name[64], given[64];
    int size = snprintf(name, sizeof name, "%ccleat-notify-%ld", '\0', (long)getpid());
    int other = listen_at(name, (socklen_t)size);
    snprintf(given, sizeof given, "@%s", name + 1);
    notify_close(&notify);
    ck_assert_ptr_null(notify_open(&notify, given));
    notify_tell(&notify, NULL, false);
    char message[64] = "";
    ck_assert_int_gt(recv(other, message, sizeof message - 1, 0), 0);
    ck_assert_str_eq(message, "READY=1\nSTATUS=Ready\n");
    close(other);
}
END_TEST

START_TEST(without_a_manager_nothing_is_done)
{
    struct notify none;
    ck_assert_ptr_null(notify_open(&none, NULL));
    notify_tell(&none, NULL, false);
    ck_assert(!none.told);
    ck_assert_ptr_null(notify_open(&none, ""));
    ck_assert_ptr_nonnull(notify_open(&none, "vsock:2:1"));
    char long_path[200];
    memset(long_path, '/', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    ck_assert_ptr_nonnull(notify_open(&none, long_path));
    notify_tell(&none, NULL, false);
    notify_close(&none);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("notify");
    TCase *tests = tcase_create("notify");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, ready_is_told_once_and_what_it_waits_for_whenever_it_changes);
    tcase_add_test(tests, a_reason_that_changes_where_it_stands_is_news);
    tcase_add_test(tests, the_end_is_told_also_when_it_was_never_ready);
    tcase_add_test(tests, a_manager_that_is_not_there_yet_is_told_later);
    tcase_add_test(tests, a_manager_that_takes_nothing_is_told_later);
    tcase_add_test(tests, an_abstract_name_will_do);
    tcase_add_test(tests, without_a_manager_nothing_is_done);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
