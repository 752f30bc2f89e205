/* What an apply leaves for those who watch, and the feed that is made of it. */
#include "store/events.h"

#include <stdlib.h>

#include "store/feed.h"
#include "support/check.h"
#include "unit/store/story.h"

static struct story story;

static void setup(void)
{
    story = story_begin(1);
}

static void teardown(void)
{
    story_end(&story);
}

/* The events as text: "+a 3 5 0" changed at revision 3, 5 bytes, for ever; "-a 4" removed, "-a 4 expired"; & more. */
static const char *told(void)
{
    static char text[4000];
    const struct store_event *events;
    size_t count = store_events(story.store, &events), used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const struct store_event *event = &events[i];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s %u", event->kind == EVENT_CHANGED ? "+" : "-",
                                 (int)event->name_size, event->name, (unsigned)event->revision);
        if (event->kind == EVENT_CHANGED)
            used += (size_t)snprintf(text + used, sizeof text - used, " %u %u", (unsigned)store_event_size(event),
                                     (unsigned)event->expires_ms);
        else if (event->cause == EVENT_BY_EXPIRY)
            used += (size_t)snprintf(text + used, sizeof text - used, " expired");
        used += (size_t)snprintf(text + used, sizeof text - used, event->more ? "&" : ".");
    }
    return text;
}

START_TEST(each_change_of_a_file_is_told)
{
    story_write(&story, "a", "12345", 0);
    ck_assert_str_eq(told(), "+a 1 5 0.");
    story_write(&story, "a", "", 2);
    ck_assert_str_eq(told(), "+a 2 0 3000.");
    story_delete(&story, "b");
    ck_assert_str_eq(told(), "");
    story_say(&story, story_command(COMMAND_APPEND, "a", "x"));
    ck_assert_str_eq(told(), "+a 3 1 3000.");
    struct command touch = story_command(COMMAND_TOUCH, "a", NULL);
    story_say(&story, touch);
    ck_assert_str_eq(told(), "");
    story_delete(&story, "a");
    ck_assert_str_eq(told(), "-a 4.");
    const struct store_event *events;
    ck_assert_uint_eq(store_events(story.store, &events), 1);
    ck_assert_uint_eq(events->version, 3);
    ck_assert_uint_eq(store_event_size(events), 0);
    store_events_clear(story.store);
    ck_assert_str_eq(told(), "");
    struct outcome again = story_delete(&story, "a");
    ck_assert_int_eq(again.code, OUTCOME_NOT_FOUND);
}
END_TEST

START_TEST(what_expires_is_told)
{
    story_write(&story, "a", "x", 1);
    story_write(&story, "b", "x", 1);
    story_write(&story, "c", "x", 1);
    story.now_ms = 2000;
    /* b first, for the command is about it; and it is made anew. */
    story_write(&story, "b", "y", 0);
    ck_assert_str_eq(told(), "-b 4 expired.+b 5 1 0.-a 6 expired.-c 7 expired.");
    story_tick(&story, 3000);
    ck_assert_str_eq(told(), "");
}
END_TEST

static struct command of_parts(const struct command *parts, size_t count, struct buffer *encoded)
{
    for (size_t i = 0; i < count; i++)
        ck_assert(transaction_append(encoded, &parts[i]));
    struct command command = {.kind = COMMAND_TXN};
    command.value = buffer_start(encoded);
    command.value_size = buffer_size(encoded);
    return command;
}

START_TEST(what_is_of_one_revision_stands_side_by_side)
{
    story_write(&story, "a", "x", 0);
    story_write(&story, "b", "x", 0);
    struct command move = story_command(COMMAND_MOVE, "c", NULL);
    move.source = (const uint8_t *)"a";
    move.source_size = 1;
    story_say(&story, move);
    ck_assert_str_eq(told(), "+c 3 1 0&-a 3.");
    const struct command parts[] = {story_command(COMMAND_DELETE, "b", NULL), story_command(COMMAND_WRITE, "d", "yy"),
                                    story_command(COMMAND_IF_PRESENT, "c", NULL)};
    struct buffer encoded = {0};
    story_say(&story, of_parts(parts, 3, &encoded));
    ck_assert_str_eq(told(), "-b 4&+d 4 2 0.");
    buffer_close(&encoded);
}
END_TEST

/* --- the feed ----------------------------------------------------------------------------------------------------- */

/* What the feed has behind REVISION: names of one letter, "&" where more of the same revision follow; "lost". */
static const char *fed(const struct feed *feed, uint64_t revision)
{
    static char text[1000];
    uint64_t number;
    size_t used = 0;
    if (!feed_find(feed, revision, &number))
        return "lost";
    text[0] = '\0';
    for (; number < feed->end; number++) {
        const struct feed_entry *entry = feed_at(feed, number);
        used += (size_t)snprintf(text + used, sizeof text - used, "%.*s%u%s", (int)entry->name_size, entry->name,
                                 (unsigned)entry->revision, entry->more ? "&" : " ");
    }
    return text;
}

static void feed_changes(struct feed *feed, uint64_t revision, const char *names)
{
    struct store_event events[20];
    size_t count = strlen(names);
    for (size_t i = 0; i < count; i++)
        events[i] = (struct store_event){.kind = EVENT_REMOVED, .name = (const uint8_t *)names + i, .name_size = 1,
                                         .revision = revision, .version = revision, .more = i + 1 < count};
    feed_add(feed, events, count);
}

START_TEST(the_feed_is_cut_by_whole_revisions)
{
    struct feed feed;
    feed_init(&feed, 5, 300);
    ck_assert_str_eq(fed(&feed, 0), "");
    feed_changes(&feed, 1, "a");
    feed_changes(&feed, 2, "bc");
    feed_changes(&feed, 4, "d");
    ck_assert_str_eq(fed(&feed, 0), "a1 b2&c2 d4 ");
    ck_assert_str_eq(fed(&feed, 1), "b2&c2 d4 ");
    ck_assert_str_eq(fed(&feed, 3), "d4 ");
    ck_assert_str_eq(fed(&feed, 4), "");
    feed_changes(&feed, 5, "ef");
    ck_assert_str_eq(fed(&feed, 0), "lost");
    ck_assert_str_eq(fed(&feed, 1), "b2&c2 d4 e5&f5 ");
    feed_changes(&feed, 6, "g");
    ck_assert_str_eq(fed(&feed, 1), "lost");
    ck_assert_str_eq(fed(&feed, 2), "d4 e5&f5 g6 ");
    feed_changes(&feed, 7, "hijklm"); /* more than there is room for: nothing of it, and nothing before */
    ck_assert_str_eq(fed(&feed, 6), "lost");
    ck_assert_str_eq(fed(&feed, 7), "");
    feed_changes(&feed, 8, "n");
    ck_assert_str_eq(fed(&feed, 7), "n8 ");
    feed_changes(&feed, 9, "opqrs");
    ck_assert_str_eq(fed(&feed, 8), "o9&p9&q9&r9&s9 ");
    feed_reset(&feed, 20);
    ck_assert_str_eq(fed(&feed, 19), "lost");
    ck_assert_str_eq(fed(&feed, 20), "");
    feed_changes(&feed, 21, "t");
    ck_assert_str_eq(fed(&feed, 20), "t21 ");
    feed_close(&feed);
}
END_TEST

START_TEST(a_feed_without_room_costs_nothing)
{
    struct feed feed;
    feed_init(&feed, 0, 0);
    feed_changes(&feed, 1, "a");
    ck_assert_ptr_null(feed.entries);
    ck_assert_uint_eq(feed.end, 0);
    feed_close(&feed);
}
END_TEST

/* Names of all sizes go round and round: whatever is told is what was added, and there is as much as there is room. */
START_TEST(names_stay_what_they_are)
{
    enum { NAMES = 1000, COUNT = 5000 };
    uint8_t name[400];
    uint64_t drawn = 1;
    struct feed feed;
    feed_init(&feed, 40, NAMES);
    size_t *sizes = calloc(COUNT + 1, sizeof *sizes);
    for (uint64_t revision = 1; revision <= COUNT; revision++) {
        drawn = drawn * 6364136223846793005u + 1442695040888963407u;
        sizes[revision] = 1 + (drawn >> 33) % (revision % 100 < 50 ? 30 : sizeof name);
        memset(name, (int)revision, sizes[revision]);
        const struct store_event event = {.kind = EVENT_REMOVED, .name = name, .name_size = (uint16_t)sizes[revision],
                                          .revision = revision, .version = 1};
        feed_add(&feed, &event, 1);
        uint64_t number;
        ensure(feed_find(&feed, feed.since, &number) && number == feed.first);
        ensure(feed.end - feed.first == revision - feed.since);
        ensure(feed.end - feed.first == 40 || feed.names_end - feed.names_first + 2 * sizeof name > NAMES ||
               feed.since == 0);
        for (; number < feed.end; number++) {
            const struct feed_entry *entry = feed_at(&feed, number);
            ensure(entry->name_size == sizes[entry->revision] && entry->name + entry->name_size <= feed.names + NAMES);
            for (size_t i = 0; i < entry->name_size; i++)
                ensure(entry->name[i] == (uint8_t)entry->revision);
        }
    }
    free(sizes);
    feed_close(&feed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/events");
    TCase *tests = tcase_create("events");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, each_change_of_a_file_is_told);
    tcase_add_test(tests, what_expires_is_told);
    tcase_add_test(tests, what_is_of_one_revision_stands_side_by_side);
    tcase_add_test(tests, the_feed_is_cut_by_whole_revisions);
    tcase_add_test(tests, a_feed_without_room_costs_nothing);
    tcase_add_test(tests, names_stay_what_they_are);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
