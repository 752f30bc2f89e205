/* The table of the log's events: every name is one that scripts can rely on. */
#include "base/log_events.h"

#include <string.h>

#include "support/check.h"

START_TEST(every_event_has_a_name_of_its_own)
{
    for (int event = 0; event < LOG_EVENT_COUNT; event++) {
        const char *name = log_event_name((enum log_event)event);
        ck_assert_msg(name[0] != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name), "%s", name);
        for (int other = 0; other < event; other++)
            ck_assert_str_ne(name, log_event_name((enum log_event)other));
    }
}
END_TEST

START_TEST(a_line_begins_with_its_event)
{
    struct buffer line = {0};
    log_event_begin(&line, LOG_TORN_TAIL);
    ck_assert_uint_eq(buffer_size(&line), strlen("event=torn_tail"));
    ck_assert(memcmp(buffer_start(&line), "event=torn_tail", buffer_size(&line)) == 0);
    buffer_close(&line);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log_events");
    TCase *tests = tcase_create("log_events");
    tcase_add_test(tests, every_event_has_a_name_of_its_own);
    tcase_add_test(tests, a_line_begins_with_its_event);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
