/* Term and vote: what was acknowledged is never forgotten, and what cannot be known is refused. */
#include "support/check.h"

#include <inttypes.h>

#include "disk_fs/rig.c"

#define VOTE_PATH RIG_DIRECTORY "/vote"

enum { VOTE_BLOCK = 4096 };

static struct rig rig;

static void setup(void)
{
    rig_init(&rig, 2);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 7, 1), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 8, 2), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
}

static void teardown(void)
{
    rig_close(&rig);
}

START_TEST(the_vote_comes_back)
{
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_uint_eq(rig.recovered.term, 8);
    ck_assert_uint_eq(rig.recovered.vote, 2);
    ck_assert(!rig.recovered.identity.fresh);
}
END_TEST

/* One bad block is mended from the other, so that a further one does no harm either. */
START_TEST(every_flipped_bit_is_mended)
{
    for (uint64_t bit = 0; bit < 2 * VOTE_BLOCK * 8; bit++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        fs_memory_flip(copy.memory, VOTE_PATH, bit);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        ck_assert_uint_eq(copy.recovered.term, 8);
        ck_assert_uint_eq(copy.recovered.vote, 2);
        if (bit % 16 == 0) {
            rig_crash(&copy, FS_MEMORY_LOSE);
            fs_memory_flip(copy.memory, VOTE_PATH, (bit + VOTE_BLOCK * 8) % (2 * VOTE_BLOCK * 8));
            ck_assert_int_eq(rig_open(&copy), DISK_OK);
            ck_assert_uint_eq(copy.recovered.term, 8);
            ck_assert_uint_eq(copy.recovered.vote, 2);
        }
        rig_close(&copy);
    }
}
END_TEST

START_TEST(two_bad_blocks_are_refused)
{
    fs_memory_flip(rig.memory, VOTE_PATH, 300);
    fs_memory_flip(rig.memory, VOTE_PATH, VOTE_BLOCK * 8 + 5000);
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(rig.reason, VOTE_PATH ": offset 0: "));
}
END_TEST

START_TEST(a_block_in_the_other_ones_place_is_bad)
{
    size_t size;
    uint8_t block[VOTE_BLOCK];
    memcpy(block, fs_memory_content(rig.memory, VOTE_PATH, &size), sizeof block);
    fs_memory_spoil(rig.memory, VOTE_PATH, VOTE_BLOCK, block, sizeof block);
    fs_memory_flip(rig.memory, VOTE_PATH, 300);
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
}
END_TEST

START_TEST(a_stale_block_gives_way_to_the_newer_one)
{
    for (uint64_t place = 0; place < 2; place++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        size_t size;
        uint8_t block[VOTE_BLOCK];
        memcpy(block, fs_memory_content(copy.memory, VOTE_PATH, &size) + place * VOTE_BLOCK, sizeof block);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        ck_assert_int_eq(rig_vote(&copy, 9, 1), DISK_OK);
        rig_crash(&copy, FS_MEMORY_LOSE);
        fs_memory_spoil(copy.memory, VOTE_PATH, place * VOTE_BLOCK, block, sizeof block);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        ck_assert_uint_eq(copy.recovered.term, 9);
        ck_assert_uint_eq(copy.recovered.vote, 1);
        rig_close(&copy);
    }
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    for (size_t length = 0; length < 2 * VOTE_BLOCK; length++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        fs_memory_resize(copy.memory, VOTE_PATH, length);
        ck_assert_int_eq(rig_open(&copy), DISK_REFUSED);
        ck_assert_ptr_nonnull(strstr(copy.reason, VOTE_PATH));
        rig_close(&copy);
    }
}
END_TEST

START_TEST(a_missing_vote_is_refused)
{
    fs_memory_delete(rig.memory, VOTE_PATH);
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(rig.reason, "missing"));
}
END_TEST

START_TEST(a_vote_that_is_older_than_the_log_is_refused)
{
    size_t size;
    uint8_t old[2 * VOTE_BLOCK];
    memcpy(old, fs_memory_content(rig.memory, VOTE_PATH, &size), sizeof old);
    ck_assert_int_eq(rig_open(&rig), DISK_OK);
    ck_assert_int_eq(rig_append(&rig, 1, 10), DISK_OK);
    ck_assert_int_eq(rig_vote(&rig, 9, 1), DISK_OK);
    struct rig copy;
    rig_copy(&copy, &rig);
    fs_memory_spoil(copy.memory, VOTE_PATH, 0, old, sizeof old);
    ck_assert_int_eq(rig_open(&copy), DISK_OK); /* no one can tell */
    rig_close(&copy);
    ck_assert_int_eq(rig_append(&rig, 1, 10), DISK_OK);
    rig_crash(&rig, FS_MEMORY_LOSE);
    fs_memory_spoil(rig.memory, VOTE_PATH, 0, old, sizeof old);
    ck_assert_int_eq(rig_open(&rig), DISK_REFUSED);
    ck_assert_ptr_nonnull(strstr(rig.reason, VOTE_PATH));
    ck_assert_ptr_nonnull(strstr(rig.reason, "later term"));
}
END_TEST

/* Killed at every step of a change, with every kind of loss; then again while it is mended. */
START_TEST(a_change_cut_short_at_every_step)
{
    for (uint64_t step = 1; step <= 5; step++) {
        for (int loss = FS_MEMORY_KEEP; loss <= FS_MEMORY_TEAR; loss++) {
            struct rig copy;
            rig_copy(&copy, &rig);
            ck_assert_int_eq(rig_open(&copy), DISK_OK);
            fs_memory_stop(copy.memory, copy.machine, step);
            bool acknowledged = rig_vote(&copy, 9, 3) == DISK_OK;
            ck_assert(acknowledged == (step > 4));
            rig_crash(&copy, (enum fs_memory_loss)loss);
            for (uint64_t call = 1;; call++) {
                struct rig again;
                rig_copy(&again, &copy);
                fs_memory_seed(again.memory, call * 4 + (uint64_t)loss);
                fs_memory_stop(again.memory, again.machine, call);
                enum disk_status status = rig_open(&again);
                uint64_t told = status == DISK_OK ? again.recovered.term : 0;
                bool struck = fs_memory_struck(again.memory, again.machine);
                rig_crash(&again, FS_MEMORY_SOME);
                ck_assert_int_eq(rig_open(&again), DISK_OK);
                uint64_t term = again.recovered.term;
                ck_assert(term == 8 || term == 9);
                ck_assert_uint_eq(again.recovered.vote, term == 8 ? 2 : 3);
                ck_assert(!acknowledged || term == 9);
                ck_assert_msg(term >= told, "the term that a start believed is lost");
                rig_close(&again);
                if (!struck)
                    break;
            }
            rig_close(&copy);
        }
    }
}
END_TEST

/* The kernel forgets a block whose sync failed: a start finds it in the cache, and must not lose it later. */
START_TEST(a_vote_in_the_page_cache_alone)
{
    for (uint64_t step = 1; step <= 4; step++) {
        struct rig copy;
        rig_copy(&copy, &rig);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        fs_memory_fail(copy.memory, copy.machine, step, -EIO);
        ck_assert_int_eq(rig_vote(&copy, 9, 3), DISK_FAILED);
        ck_assert_int_eq(rig_append(&copy, 1, 10), DISK_FAILED);
        rig_crash(&copy, FS_MEMORY_KEEP);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        uint64_t term = copy.recovered.term;
        uint32_t vote = copy.recovered.vote;
        rig_crash(&copy, FS_MEMORY_LOSE);
        ck_assert_int_eq(rig_open(&copy), DISK_OK);
        ck_assert_uint_eq(copy.recovered.term, term);
        ck_assert_uint_eq(copy.recovered.vote, vote);
        rig_close(&copy);
    }
}
END_TEST

/* Such a block is written again, whole, before the only good one on the disk is touched. */
START_TEST(mending_is_cut_short_after_a_failed_sync)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct rig dead;
        rig_copy(&dead, &rig);
        ck_assert_int_eq(rig_open(&dead), DISK_OK);
        fs_memory_seed(dead.memory, seed);
        fs_memory_fail(dead.memory, dead.machine, 2, -EIO);
        ck_assert_int_eq(rig_vote(&dead, 9, 3), DISK_FAILED);
        rig_crash(&dead, FS_MEMORY_KEEP);
        bool struck = true;
        for (uint64_t call = 1; struck; call++) {
            struct rig again;
            rig_copy(&again, &dead);
            fs_memory_seed(again.memory, seed * 100 + call);
            fs_memory_stop(again.memory, again.machine, call);
            (void)rig_open(&again);
            struck = fs_memory_struck(again.memory, again.machine);
            rig_crash(&again, FS_MEMORY_SOME);
            ck_assert_msg(rig_open(&again) == DISK_OK, "%s", again.reason);
            ck_assert(again.recovered.term == 9 || (again.recovered.term == 8 && struck));
            rig_close(&again);
        }
        rig_close(&dead);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/vote");
    TCase *tcase = tcase_create("vote");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_vote_comes_back);
    tcase_add_test(tcase, every_flipped_bit_is_mended);
    tcase_add_test(tcase, two_bad_blocks_are_refused);
    tcase_add_test(tcase, a_block_in_the_other_ones_place_is_bad);
    tcase_add_test(tcase, a_stale_block_gives_way_to_the_newer_one);
    tcase_add_test(tcase, every_truncation_is_refused);
    tcase_add_test(tcase, a_missing_vote_is_refused);
    tcase_add_test(tcase, a_vote_that_is_older_than_the_log_is_refused);
    tcase_add_test(tcase, a_change_cut_short_at_every_step);
    tcase_add_test(tcase, a_vote_in_the_page_cache_alone);
    tcase_add_test(tcase, mending_is_cut_short_after_a_failed_sync);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
