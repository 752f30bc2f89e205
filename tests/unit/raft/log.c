#include "raft/log.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "support/check.h"
#include "support/replica.h"

static struct raft_configuration configuration;

static void open_at(struct raft_log *log, uint64_t index, uint64_t term)
{
    replica_configuration(&configuration, 3);
    raft_log_init(log, index, term, &configuration);
}

/* Appends an entry of TERM with SIZE bytes. */
static void add(struct raft_log *log, uint64_t term, size_t size)
{
    struct blob *payload = size > 0 ? blob_new(size) : NULL;
    struct raft_entry entry = {.index = raft_log_last(log) + 1,
                               .term = term,
                               .time_ms = raft_log_last(log) * 10,
                               .type = RAFT_ENTRY_COMMAND,
                               .payload = payload};
    ck_assert(!raft_log_append(log, &entry));
    blob_release(payload);
}

static void sync(struct raft_log *log)
{
    raft_log_hand(log, raft_log_last(log));
    raft_log_written(log);
}

START_TEST(knows_terms_from_its_base_on)
{
    struct raft_log log;
    open_at(&log, 10, 2);
    ck_assert_uint_eq(raft_log_last(&log), 10);
    ck_assert_uint_eq(raft_log_last_term(&log), 2);
    add(&log, 2, 0);
    add(&log, 5, 0);
    ck_assert_uint_eq(raft_log_term(&log, 9), 0);
    ck_assert_uint_eq(raft_log_term(&log, 10), 2);
    ck_assert_uint_eq(raft_log_term(&log, 11), 2);
    ck_assert_uint_eq(raft_log_term(&log, 12), 5);
    ck_assert_uint_eq(raft_log_term(&log, 13), 0);
    ck_assert_uint_eq(raft_log_entry(&log, 12)->index, 12);
    ck_assert_uint_eq(raft_log_last_time_ms(&log), 110);
    raft_log_close(&log);
}
END_TEST

START_TEST(finds_the_last_entry_of_a_term)
{
    struct raft_log log;
    open_at(&log, 3, 2);
    static const uint64_t terms[] = {2, 2, 4, 4, 4, 7}; /* at 4 .. 9 */
    for (size_t i = 0; i < 6; i++)
        add(&log, terms[i], 0);
    ck_assert_uint_eq(raft_log_find(&log, 9, 7), 9);
    ck_assert_uint_eq(raft_log_find(&log, 9, 100), 9);
    ck_assert_uint_eq(raft_log_find(&log, 100, 100), 9);
    ck_assert_uint_eq(raft_log_find(&log, 9, 6), 8);
    ck_assert_uint_eq(raft_log_find(&log, 7, 6), 7);
    ck_assert_uint_eq(raft_log_find(&log, 9, 3), 5);
    ck_assert_uint_eq(raft_log_find(&log, 9, 2), 5);
    ck_assert_uint_eq(raft_log_find(&log, 3, 2), 3);
    ck_assert_msg(raft_log_find(&log, 9, 1) == 2, "before the base, where nothing is known");
    ck_assert_msg(raft_log_find(&log, 2, 9) == 2, "before the base, where nothing is known");
    raft_log_close(&log);
}
END_TEST

START_TEST(counts_bytes)
{
    struct raft_log log;
    open_at(&log, 0, 0);
    add(&log, 1, 100);
    add(&log, 1, 10);
    add(&log, 1, 1);
    ck_assert_uint_eq(log.bytes, 111);
    ck_assert_uint_eq(log.unwritten_bytes, 111);
    raft_log_hand(&log, 2);
    ck_assert_uint_eq(log.unwritten_bytes, 111);
    raft_log_written(&log);
    ck_assert_uint_eq(log.unwritten_bytes, 1);
    raft_log_compact(&log, 1);
    ck_assert_uint_eq(log.bytes, 11);
    ck_assert_uint_eq(log.unwritten_bytes, 1);
    raft_log_truncate(&log, 3);
    ck_assert_uint_eq(log.bytes, 10);
    ck_assert_uint_eq(log.unwritten_bytes, 0);
    raft_log_close(&log);
}
END_TEST

START_TEST(holds_and_releases_payloads)
{
    struct raft_log log;
    struct blob *payload = blob_new(5);
    open_at(&log, 0, 0);
    for (uint64_t i = 1; i <= 4; i++) {
        struct raft_entry entry = {.index = i, .term = 1, .type = RAFT_ENTRY_COMMAND, .payload = payload};
        raft_log_append(&log, &entry);
    }
    ck_assert_uint_eq(payload->references, 5);
    raft_log_truncate(&log, 4);
    ck_assert_uint_eq(payload->references, 4);
    sync(&log);
    raft_log_compact(&log, 1);
    ck_assert_uint_eq(payload->references, 3);
    raft_log_close(&log);
    ck_assert_uint_eq(payload->references, 1);
    blob_release(payload);
}
END_TEST

START_TEST(truncation_takes_the_durable_mark_along)
{
    struct raft_log log;
    open_at(&log, 0, 0);
    for (int i = 0; i < 5; i++)
        add(&log, 1, 1);
    sync(&log);
    ck_assert_uint_eq(log.durable, 5);
    raft_log_truncate(&log, 4);
    ck_assert_uint_eq(log.durable, 3);
    add(&log, 2, 1);
    ck_assert_uint_eq(log.durable, 3);
    sync(&log);
    ck_assert_uint_eq(log.durable, 4);
    raft_log_close(&log);
}
END_TEST

START_TEST(a_batch_makes_nothing_durable_that_took_a_dropped_entrys_place)
{
    struct raft_log log;
    open_at(&log, 0, 0);
    for (int i = 0; i < 5; i++)
        add(&log, 1, 1);
    raft_log_hand(&log, 5); /* 1 .. 5 of term 1 are being written */
    raft_log_truncate(&log, 3);
    add(&log, 2, 1);
    add(&log, 2, 1);
    add(&log, 2, 1); /* 3 .. 5 of term 2 are not */
    raft_log_written(&log);
    ck_assert_uint_eq(log.durable, 2);
    ck_assert_uint_eq(log.unwritten_bytes, 3);
    raft_log_close(&log);
}
END_TEST

/* --- configurations --------------------------------------------------------------------------------------------- */

static bool add_configuration(struct raft_log *log, uint32_t count)
{
    struct raft_configuration value;
    struct buffer bytes = {0};
    replica_configuration(&value, count);
    raft_configuration_encode(&value, &bytes);
    struct blob *payload = blob_new(buffer_size(&bytes));
    memcpy(payload->bytes, buffer_start(&bytes), payload->size);
    buffer_close(&bytes);
    struct raft_entry entry = {.index = raft_log_last(log) + 1,
                               .term = raft_log_last_term(log),
                               .type = RAFT_ENTRY_CONFIGURATION,
                               .payload = payload};
    bool changed = raft_log_append(log, &entry);
    blob_release(payload);
    return changed;
}

START_TEST(the_newest_configuration_counts_from_when_it_is_appended)
{
    struct raft_log log;
    open_at(&log, 7, 1);
    ck_assert_uint_eq(raft_log_configuration(&log)->count, 3);
    ck_assert(add_configuration(&log, 4)); /* at 8 */
    add(&log, 1, 0);
    ck_assert(add_configuration(&log, 5)); /* at 10 */
    ck_assert_uint_eq(raft_log_configuration(&log)->count, 5);
    uint64_t changes = log.configuration_changes;
    ck_assert_msg(raft_log_truncate(&log, 10), "it falls back");
    ck_assert_uint_eq(log.configuration_changes, changes + 1);
    ck_assert_uint_eq(raft_log_configuration(&log)->count, 4);
    ck_assert(!raft_log_truncate(&log, 9));
    ck_assert_uint_eq(log.configuration_changes, changes + 1);
    ck_assert(add_configuration(&log, 5)); /* at 9 */
    sync(&log);
    raft_log_compact(&log, 8);
    ck_assert(raft_log_truncate(&log, 9));
    ck_assert_msg(raft_log_configuration(&log)->count == 4, "the compacted one is still there to fall back to");
    raft_log_close(&log);
}
END_TEST

/* A snapshot has the one as of its own last entry, whatever follows in the log. */
START_TEST(the_configuration_as_of_an_entry)
{
    struct raft_log log;
    open_at(&log, 7, 1);
    add_configuration(&log, 4); /* at 8 */
    add(&log, 1, 0);
    add_configuration(&log, 5); /* at 10 */
    add(&log, 1, 0);
    static const uint32_t counts[] = {3, 4, 4, 5, 5};
    for (uint64_t i = 0; i < 5; i++)
        ck_assert_uint_eq(raft_log_configuration_at(&log, 7 + i)->count, counts[i]);
    sync(&log);
    raft_log_compact(&log, 9);
    ck_assert_uint_eq(raft_log_configuration_at(&log, 9)->count, 4);
    ck_assert_uint_eq(raft_log_configuration_at(&log, 10)->count, 5);
    raft_log_close(&log);
}
END_TEST

/* --- snapshots -------------------------------------------------------------------------------------------------- */

START_TEST(restore_drops_what_does_not_match)
{
    struct raft_log log;
    open_at(&log, 0, 0);
    for (int i = 0; i < 5; i++)
        add(&log, 1, 1);
    add_configuration(&log, 5);
    sync(&log);
    replica_configuration(&configuration, 4);
    raft_log_restore(&log, 3, 2, false, &configuration);
    ck_assert_uint_eq(raft_log_last(&log), 3);
    ck_assert_uint_eq(raft_log_last_term(&log), 2);
    ck_assert_uint_eq(log.durable, 3);
    ck_assert_uint_eq(log.bytes, 0);
    ck_assert(log.reset);
    ck_assert_uint_eq(raft_log_configuration(&log)->count, 4);
    raft_log_close(&log);
}
END_TEST

START_TEST(restore_keeps_a_suffix)
{
    struct raft_log log;
    open_at(&log, 0, 0);
    for (int i = 0; i < 5; i++)
        add(&log, 1, 1);
    sync(&log);
    raft_log_restore(&log, 3, 1, true, &configuration);
    ck_assert_uint_eq(raft_log_last(&log), 5);
    ck_assert_uint_eq(log.base_index, 3);
    ck_assert_uint_eq(log.durable, 5);
    ck_assert(!log.reset);
    raft_log_close(&log);
}
END_TEST

START_TEST(restore_beyond_what_is_written_starts_the_log_on_disk_anew)
{
    struct raft_log log;
    open_at(&log, 0, 0);
    for (int i = 0; i < 5; i++)
        add(&log, 1, 1);
    raft_log_hand(&log, 2);
    raft_log_restore(&log, 3, 1, true, &configuration);
    ck_assert_msg(log.reset, "entry 3 never goes to the disk: there would be a gap");
    ck_assert_uint_eq(log.durable, 3);
    raft_log_written(&log);
    ck_assert_uint_eq(log.durable, 3);
    sync(&log);
    ck_assert_uint_eq(log.durable, 5);
    ck_assert(!log.reset);
    raft_log_close(&log);
}
END_TEST

START_TEST(restore_within_a_batch_under_way_needs_no_reset)
{
    struct raft_log log;
    open_at(&log, 0, 0);
    for (int i = 0; i < 5; i++)
        add(&log, 1, 1);
    raft_log_hand(&log, 5);
    raft_log_restore(&log, 3, 1, true, &configuration);
    ck_assert(!log.reset);
    ck_assert_uint_eq(log.durable, 3);
    ck_assert_uint_eq(log.unwritten_bytes, 2);
    raft_log_written(&log);
    ck_assert_uint_eq(log.durable, 5);
    ck_assert_uint_eq(log.unwritten_bytes, 0);
    raft_log_close(&log);
}
END_TEST

/* --- against a naive model -------------------------------------------------------------------------------------- */

START_TEST(random_walk)
{
    struct random random = {.state = (uint64_t)_i};
    struct raft_log log;
    open_at(&log, 0, 0);
    uint64_t terms[4000] = {0}; /* by index */
    uint64_t last = 0;
    uint64_t base = 0;
    uint64_t durable = 0;
    for (int i = 0; i < 2000; i++) {
        switch (random_between(&random, 0, 9)) {
        case 0:
            if (last > base) {
                uint64_t index = random_between(&random, base + 1, last);
                raft_log_truncate(&log, index);
                last = index - 1;
                durable = durable < last ? durable : last;
            }
            break;
        case 1:
            sync(&log);
            durable = last;
            break;
        case 2:
            base = random_between(&random, base, durable);
            raft_log_compact(&log, base);
            break;
        default:
            for (uint64_t more = random_between(&random, 1, i % 100 == 50 ? 500 : 3); more > 0 && last < 3999; more--) {
                terms[last + 1] = (terms[last] > 0 ? terms[last] : 1) + (random_between(&random, 0, 4) == 0);
                add(&log, terms[++last], 3);
            }
        }
        ck_assert_uint_eq(raft_log_last(&log), last);
        ck_assert_uint_eq(log.base_index, base);
        ck_assert_uint_eq(log.durable, durable);
        ck_assert_uint_eq(log.bytes, 3 * (last - base));
        ck_assert_uint_eq(log.unwritten_bytes, 3 * (last - durable));
        uint64_t index = random_between(&random, base, last);
        ck_assert_uint_eq(raft_log_term(&log, index), terms[index]);
    }
    raft_log_close(&log);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raft/log");
    TCase *tests = tcase_create("log");
    tcase_add_test(tests, knows_terms_from_its_base_on);
    tcase_add_test(tests, finds_the_last_entry_of_a_term);
    tcase_add_test(tests, counts_bytes);
    tcase_add_test(tests, holds_and_releases_payloads);
    tcase_add_test(tests, truncation_takes_the_durable_mark_along);
    tcase_add_test(tests, a_batch_makes_nothing_durable_that_took_a_dropped_entrys_place);
    tcase_add_test(tests, the_newest_configuration_counts_from_when_it_is_appended);
    tcase_add_test(tests, the_configuration_as_of_an_entry);
    tcase_add_test(tests, restore_drops_what_does_not_match);
    tcase_add_test(tests, restore_keeps_a_suffix);
    tcase_add_test(tests, restore_beyond_what_is_written_starts_the_log_on_disk_anew);
    tcase_add_test(tests, restore_within_a_batch_under_way_needs_no_reset);
    tcase_add_loop_test(tests, random_walk, 0, 20);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
