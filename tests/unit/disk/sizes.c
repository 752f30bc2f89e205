/* Lives of one directory with segments of another size each: an operator may change --segment-size at every start. */
#include "support/check.h"

#include "base/random.h"
#include "disk_fs/rig.c"

enum { LIVES = 12, SEEDS = 40, ROUNDS_MAX = 4 };

static const uint32_t sizes[] = {
    RIG_SEGMENT_BYTES,                  /* the least */
    RIG_SEGMENT_BYTES + SEGMENT_HEADER, /* one block more */
    RIG_SEGMENT_BYTES * 3 / 2,
    RIG_SEGMENT_BYTES * 4,
    RIG_SEGMENT_BYTES * 16,
};

static size_t one_of(struct random *random, size_t count)
{
    return (size_t)random_between(random, 0, count - 1);
}

/* What a node does with its disk: batches large and small, snapshots, and segments that go. */
static void work(struct rig *rig, struct random *random)
{
    for (uint64_t round = random_between(random, 1, ROUNDS_MAX); round > 0; round--) {
        bool large = one_of(random, 2) == 0;
        size_t count = large ? 1 + one_of(random, 20) : 1 + one_of(random, 60);
        size_t size = large ? RIG_RECORD_MAX - one_of(random, 9) : one_of(random, 300);
        uint64_t need = count * disk_record_bytes(size);
        while (disk_room_bytes(rig->disk) < need)
            ck_assert_int_eq(rig_spare(rig), DISK_OK);
        ck_assert_int_eq(rig_append(rig, count, size), DISK_OK);
        if (one_of(random, 3) == 0)
            ck_assert_int_eq(rig_mark(rig), DISK_OK);
        if (one_of(random, 2) == 0)
            ck_assert_int_eq(rig_snapshot(rig, rig->index - one_of(random, count > 2 ? 2 : 1), rig->term, 1), DISK_OK);
        ck_assert_int_eq(rig_clean(rig), DISK_OK);
    }
}

static void die(struct rig *rig, struct random *random)
{
    static const enum fs_memory_loss losses[] = {FS_MEMORY_KEEP, FS_MEMORY_LOSE, FS_MEMORY_SOME, FS_MEMORY_TEAR};
    size_t way = one_of(random, 5);
    if (way == 4)
        rig_shut(rig);
    else
        rig_crash(rig, losses[way]);
}

/* Nothing of the log, and no segment, is lost or left over. */
START_TEST(each_life_with_another_size)
{
    struct random random = {.state = (uint64_t)_i + 1};
    struct rig rig;
    rig_init(&rig, (uint64_t)_i + 1);
    uint64_t index = 0;
    for (int life = 0; life < LIVES; life++) {
        rig.options.segment_bytes = sizes[one_of(&random, sizeof sizes / sizeof *sizes)];
        ck_assert_msg(rig_open(&rig) == DISK_OK, "life %d, segments of %u: %s", life, rig.options.segment_bytes,
                      rig.reason);
        ck_assert_uint_eq(rig.index, index);
        ck_assert_int_ge(rig_load(&rig), 0);
        if (life == 0)
            ck_assert_int_eq(rig_vote(&rig, 1, RIG_NODE), DISK_OK);
        work(&rig, &random);
        index = rig.index;
        die(&rig, &random);
    }
    rig_close(&rig);
}
END_TEST

/* What only larger segments hold goes when it is not needed, and none of it is used again. */
START_TEST(the_sizes_add_up)
{
    struct rig rig;
    rig_init(&rig, 5);
    for (size_t i = 0; i < 2 * (sizeof sizes / sizeof *sizes); i++) {
        rig.options.segment_bytes = sizes[i % (sizeof sizes / sizeof *sizes)];
        ck_assert_int_eq(rig_open(&rig), DISK_OK);
        if (i == 0)
            ck_assert_int_eq(rig_vote(&rig, 1, RIG_NODE), DISK_OK);
        ck_assert_int_eq(rig_spare(&rig), DISK_OK);
        ck_assert_int_eq(rig_append(&rig, 4, 1000), DISK_OK);
        ck_assert_int_eq(rig_snapshot(&rig, rig.index - 1, 1, 1), DISK_OK);
        ck_assert_int_eq(rig_snapshot(&rig, rig.index, 1, 1), DISK_OK);
        ck_assert_int_eq(rig_clean(&rig), DISK_OK);
        struct disk_sizes now;
        disk_sizes(rig.disk, &now);
        uint64_t bytes = 0;
        for (uint64_t sequence = 1; sequence < 100; sequence++) {
            size_t size;
            if (fs_memory_content(rig.memory, rig_segment(sequence), &size))
                bytes += size;
        }
        ck_assert_uint_le(bytes, now.wal_bytes); /* the rest waits to be used again */
        ck_assert_uint_eq((now.wal_bytes - bytes) % rig.options.segment_bytes, 0);
        rig_crash(&rig, i % 2 == 0 ? FS_MEMORY_KEEP : FS_MEMORY_LOSE);
    }
    rig_close(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/sizes");
    TCase *tcase = tcase_create("sizes");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, each_life_with_another_size, 0, SEEDS);
    tcase_add_test(tcase, the_sizes_add_up);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
