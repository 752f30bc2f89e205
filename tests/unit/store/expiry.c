/* Expiry: the life of files by the time that entries carry. */
#include "base/names.h"
#include "store/state.h"
#include "support/check.h"
#include "unit/store/story.h"

START_TEST(a_file_lives_until_its_moment_and_takes_a_revision_when_it_goes)
{
    struct story story = story_begin(1);
    ck_assert_uint_eq(store_due_ms(story.store), 0);
    story_write(&story, "a", "x", 5);
    struct store_file file;
    ck_assert(store_read(story.store, "a", 1, &file));
    ck_assert_uint_eq(file.expires_ms, 6000);
    ck_assert_uint_eq(store_due_ms(story.store), 6000);
    story_tick(&story, 5999);
    ck_assert(story_has(&story, "a"));
    story_tick(&story, 6000);
    ck_assert(!story_has(&story, "a"));
    ck_assert_uint_eq(store_revision(story.store), 2);
    ck_assert_uint_eq(store_due_ms(story.store), 0);
    story_end(&story);
}
END_TEST

START_TEST(a_write_renews_or_cancels)
{
    struct story story = story_begin(1);
    story_write(&story, "renewed", "x", 5);
    story_write(&story, "cancelled", "x", 5);
    story_write(&story, "cas", "x", 5);
    story.now_ms = 4000;
    story_write(&story, "renewed", "y", 5);
    story_write(&story, "cancelled", "y", 0);
    story_cas(&story, "cas", 3, "y", 0);
    ck_assert_uint_eq(store_due_ms(story.store), 9000);
    story_tick(&story, 8999);
    ck_assert_uint_eq(store_file_count(story.store), 3);
    story_tick(&story, 9000);
    ck_assert(!story_has(&story, "renewed"));
    story_tick(&story, UINT64_MAX);
    ck_assert(story_has(&story, "cancelled"));
    ck_assert(story_has(&story, "cas"));
    story_end(&story);
}
END_TEST

START_TEST(a_file_made_anew_does_not_inherit_the_old_life)
{
    struct story story = story_begin(1);
    story_write(&story, "a", "x", 5);
    story_delete(&story, "a");
    ck_assert_uint_eq(store_due_ms(story.store), 0);
    story_write(&story, "a", "y", 0);
    story_tick(&story, 100000);
    story_expect(&story, "a", "y", 3);
    story_end(&story);
}
END_TEST

START_TEST(a_command_finds_its_due_file_gone)
{
    struct story story = story_begin(1);
    story_write(&story, "written", "x", 5);
    story_write(&story, "created", "x", 5);
    story_write(&story, "compared", "x", 5);
    story_write(&story, "deleted", "x", 5);
    /* A sweep would take the earliest first; that each command meets its own file shows in the versions. */
    story.now_ms = 6000;
    story_expect_outcome(story_cas(&story, "compared", 3, "y", 0), OUTCOME_MISMATCH, 0);
    ck_assert_uint_eq(store_revision(story.store), 8);
    story_end(&story);

    story = story_begin(1);
    story_write(&story, "a", "x", 5);
    story.now_ms = 6000;
    story_expect_outcome(story_write(&story, "a", "y", 0), OUTCOME_WRITTEN, 3);
    story_end(&story);

    story = story_begin(1);
    story_write(&story, "a", "x", 5);
    story.now_ms = 6000;
    story_expect_outcome(story_cas(&story, "a", 0, "y", 0), OUTCOME_WRITTEN, 3);
    story_end(&story);

    story = story_begin(1);
    story_write(&story, "a", "x", 5);
    story.now_ms = 6000;
    story_expect_outcome(story_delete(&story, "a"), OUTCOME_NOT_FOUND, 0);
    ck_assert_uint_eq(store_revision(story.store), 2);
    story_end(&story);
}
END_TEST

START_TEST(a_renewal_ordered_before_the_moment_wins)
{
    struct story story = story_begin(1);
    story_write(&story, "lock", "me", 5);
    story.now_ms = 5999;
    story_expect_outcome(story_cas(&story, "lock", 1, "me", 5), OUTCOME_WRITTEN, 2);
    story_tick(&story, 6000);
    story_expect(&story, "lock", "me", 2);
    story_end(&story);
}
END_TEST

START_TEST(time_never_goes_back)
{
    struct story story = story_begin(1);
    story_tick(&story, 9000);
    story.now_ms = 2000;
    story_write(&story, "a", "x", 5);
    ck_assert_uint_eq(store_time_ms(story.store), 9000);
    ck_assert_uint_eq(store_due_ms(story.store), 14000);
    story_tick(&story, 13999);
    ck_assert(story_has(&story, "a"));
    story_end(&story);
}
END_TEST

START_TEST(a_node_whose_time_differs_is_told_from_the_others)
{
    struct story a = story_begin(1);
    struct story b = story_begin(1);
    ck_assert_uint_eq(store_hash(a.store), store_hash(b.store));
    story_tick(&a, 5000);
    story_tick(&b, 5001);
    ck_assert_uint_ne(store_hash(a.store), store_hash(b.store));
    story_end(&a);
    story_end(&b);
}
END_TEST

START_TEST(every_entry_sweeps)
{
    struct story story = story_begin(1);
    story_write(&story, "a", "x", 1);
    ck_assert_int_eq(store_apply(story.store, store_applied(story.store) + 1, 2000, NULL).code, OUTCOME_NONE);
    ck_assert(!story_has(&story, "a"));
    story.now_ms = 2000;
    story_write(&story, "a", "x", 1);
    story.now_ms = 3000;
    story_open_gateway(&story, 9, 9);
    ck_assert(!story_has(&story, "a"));
    story_write(&story, "a", "x", 1);
    story.now_ms = 4000;
    story_write(&story, "b", "x", 1);
    ck_assert(!story_has(&story, "a"));
    story_end(&story);
}
END_TEST

START_TEST(the_longest_life_ends_after_all_and_the_end_of_time_is_no_trap)
{
    struct story story = story_begin(1);
    story_write(&story, "a", "x", REQUEST_EXPTIME_MAX_S);
    ck_assert_uint_eq(store_due_ms(story.store), 1000 + 1000 * (uint64_t)REQUEST_EXPTIME_MAX_S);
    story_tick(&story, UINT64_MAX - 1);
    ck_assert(!story_has(&story, "a"));
    story_write(&story, "a", "x", 1);
    ck_assert_uint_eq(store_due_ms(story.store), UINT64_MAX);
    ck_assert(story_has(&story, "a"));
    story_tick(&story, UINT64_MAX);
    ck_assert(!story_has(&story, "a"));
    /* From here on a life has no length: it ends with the entry that gave it. */
    story_write(&story, "a", "x", 1);
    ck_assert(!story_has(&story, "a"));
    story_write(&story, "a", "x", 0);
    ck_assert(story_has(&story, "a"));
    story_end(&story);
}
END_TEST

static void name_of(char name[16], unsigned number)
{
    snprintf(name, 16, "f%05u", number);
}

START_TEST(one_entry_sweeps_a_bounded_number_besides_its_own_file)
{
    struct story story = story_begin(1);
    char name[16];
    for (unsigned i = 0; i < 250; i++) {
        name_of(name, i);
        story_write(&story, name, "x", 1);
    }
    story.now_ms = 5000;
    story_delete(&story, "f00249");
    ck_assert_uint_eq(store_file_count(story.store), 250 - 1 - STORE_SWEEP_MAX);
    ck_assert_uint_eq(store_due_ms(story.store), 2000);
    /* Due, not swept yet: still there for readers, gone for whoever changes it. */
    ck_assert(story_has(&story, "f00248"));
    story_expect_outcome(story_cas(&story, "f00248", 0, "mine", 0), OUTCOME_WRITTEN, 250 + 1 + 100 + 1 + 1);
    ck_assert_uint_eq(store_file_count(story.store), 49);
    story_tick(&story, 5000);
    ck_assert_uint_eq(store_file_count(story.store), 1);
    story_expect(&story, "f00248", "mine", 353);
    story_end(&story);
}
END_TEST

START_TEST(of_files_due_at_the_same_time_the_oldest_version_goes_first)
{
    struct story story = story_begin(1);
    char name[16];
    for (unsigned i = 0; i < 300; i++) {
        name_of(name, i * 7919 % 300);
        story_write(&story, name, "x", 10);
    }
    /* Written again, number 0 is the youngest; number 299 is due before all others. */
    story_write(&story, "f00000", "y", 10);
    story_write(&story, "f00299", "y", 9);
    story_tick(&story, 11000);
    ck_assert_uint_eq(store_file_count(story.store), 200);
    ck_assert(story_has(&story, "f00000"));
    ck_assert(!story_has(&story, "f00299"));
    struct store_file file;
    for (unsigned i = 0; i < 300; i++) {
        name_of(name, i);
        if (store_read(story.store, name, strlen(name), &file))
            ck_assert_uint_gt(file.version, 100);
    }
    story_end(&story);
}
END_TEST

/* Both stores have the same files in the same order, and say the same of themselves. */
static void expect_same(const struct store *a, const struct store *b)
{
    ck_assert_uint_eq(store_hash(a), store_hash(b));
    ck_assert_uint_eq(store_file_count(a), store_file_count(b));
    ck_assert_uint_eq(store_due_ms(a), store_due_ms(b));
    struct named *in_a = names_first(&a->files.names);
    struct named *in_b = names_first(&b->files.names);
    for (; in_a && in_b; in_a = names_after(&a->files.names, in_a->name, in_a->name_size),
                         in_b = names_after(&b->files.names, in_b->name, in_b->name_size))
        ck_assert_int_eq(names_compare(in_a->name, in_a->name_size, in_b->name, in_b->name_size), 0);
    ck_assert(!in_a && !in_b);
}

/* One node saw every entry, another was made from its dump when half of the files had gone. */
START_TEST(ten_thousand_files_go_in_the_same_order_on_a_node_made_from_a_dump)
{
    struct story story = story_begin(1);
    char name[16];
    for (unsigned i = 0; i < 10000; i++) {
        name_of(name, i * 7919 % 10000);
        story_write(&story, name, "x", i % 3 == 0 ? 7 : 8);
    }
    for (unsigned i = 0; i < 10000; i += 17) {
        name_of(name, i);
        story_write(&story, name, "again", 8);
    }
    story.now_ms = 9000;
    struct store *other = NULL;
    unsigned entries = 0;
    while (store_due_ms(story.store) != 0) {
        uint64_t index = store_applied(story.store) + 1;
        store_apply(story.store, index, story.now_ms, NULL);
        if (other) {
            store_apply(other, index, story.now_ms, NULL);
            expect_same(story.store, other);
        }
        if (++entries == 50) {
            struct buffer dump = {0};
            store_dump_begin(story.store);
            story_dump_rest(story.store, &dump, 4096);
            other = story_load(&dump, 99);
            expect_same(story.store, other);
            buffer_close(&dump);
        }
    }
    ck_assert_uint_eq(entries, 100);
    ck_assert_uint_eq(store_file_count(other), 0);
    store_close(other);
    story_end(&story);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/expiry");
    TCase *tests = tcase_create("expiry");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_file_lives_until_its_moment_and_takes_a_revision_when_it_goes);
    tcase_add_test(tests, a_write_renews_or_cancels);
    tcase_add_test(tests, a_file_made_anew_does_not_inherit_the_old_life);
    tcase_add_test(tests, a_command_finds_its_due_file_gone);
    tcase_add_test(tests, a_renewal_ordered_before_the_moment_wins);
    tcase_add_test(tests, time_never_goes_back);
    tcase_add_test(tests, a_node_whose_time_differs_is_told_from_the_others);
    tcase_add_test(tests, every_entry_sweeps);
    tcase_add_test(tests, the_longest_life_ends_after_all_and_the_end_of_time_is_no_trap);
    tcase_add_test(tests, one_entry_sweeps_a_bounded_number_besides_its_own_file);
    tcase_add_test(tests, of_files_due_at_the_same_time_the_oldest_version_goes_first);
    tcase_add_test(tests, ten_thousand_files_go_in_the_same_order_on_a_node_made_from_a_dump);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
