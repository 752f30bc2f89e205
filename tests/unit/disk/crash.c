/* A short life of a data directory, in which the process dies, the power fails, or a call fails, at every single call;
 * and again at every call of the start that follows. Nothing acknowledged may be missing, and nothing may be there that
 * was not written. */
#include "support/check.h"

#include <inttypes.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "disk_fs/log_model.h"
#include "disk_fs/rig.c"

#if defined(__SANITIZE_ADDRESS__)
#define CRASH_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CRASH_SANITIZED 1
#endif
#endif
#ifndef CRASH_SANITIZED
#define CRASH_SANITIZED 0
#endif

/* Of the calls of a start that follows a crash, every so many is where it is cut off: sanitizers are slow. */
enum { START_STRIDE = CRASH_SANITIZED ? 5 : 1 };

/* What was acknowledged, and the one thing that is under way. */
struct model {
    struct log_model log;
    uint64_t term;
    uint32_t vote;
    uint64_t snapshot;
    uint64_t commit;          /* the log was told of it */
    bool formed;

    uint64_t next_term;       /* 0: no vote is under way */
    uint32_t next_vote;
    uint64_t next_first;      /* entries under way; 0: none */
    uint64_t next_count;
    uint64_t next_entry_term;
    uint64_t next_snapshot;
    uint64_t next_commit;
    bool next_reset;          /* to next_snapshot */
};

static struct rig rig;
static struct model model;

static void model_check(const struct disk_recovered *recovered)
{
    bool vote_is_old = recovered->term == model.term && recovered->vote == model.vote;
    bool vote_is_next = model.next_term > 0 && recovered->term == model.next_term && recovered->vote == model.next_vote;
    ck_assert_msg(vote_is_old || vote_is_next, "term %" PRIu64 " vote %u", recovered->term, recovered->vote);
    ck_assert(recovered->snapshot_index == model.snapshot ||
              (model.next_snapshot > 0 && recovered->snapshot_index == model.next_snapshot));
    ck_assert(!model.formed || recovered->identity.configuration.count == 1);
    /* Its log was told; and it takes nothing for committed of which it was not told, but what a snapshot holds. */
    ck_assert_uint_ge(recovered->commit, model.commit);
    ck_assert(recovered->commit <= model.commit || recovered->commit <= model.next_commit ||
              recovered->commit <= recovered->snapshot_index);
    bool fits = log_model_fits(&model.log, recovered);
    for (uint64_t count = 1; count <= model.next_count && !fits; count++) {
        struct log_model log = model.log;
        log_model_append(&log, model.next_first, count, model.next_entry_term);
        fits = log_model_fits(&log, recovered);
    }
    if (!fits && model.next_reset) {
        struct log_model log = model.log;
        log_model_reset(&log, model.next_snapshot, model.term);
        fits = log_model_fits(&log, recovered);
    }
    ck_assert_msg(fits, "snapshot %" PRIu64 ", entries up to %" PRIu64, recovered->snapshot_index,
                  recovered->snapshot_index + recovered->entry_count);
}

/* What was under way is done. */
static void model_settle(void)
{
    if (model.next_term > 0) {
        model.term = model.next_term;
        model.vote = model.next_vote;
    }
    if (model.next_count > 0)
        log_model_append(&model.log, model.next_first, model.next_count, model.next_entry_term);
    if (model.next_reset)
        log_model_reset(&model.log, model.next_snapshot, model.term);
    if (model.next_commit > model.commit)
        model.commit = model.next_commit;
    if (model.next_reset)
        model.commit = model.next_snapshot;
    if (model.next_snapshot > model.snapshot)
        model.snapshot = model.next_snapshot;
    model.next_term = model.next_first = model.next_count = model.next_snapshot = model.next_commit = 0;
    model.next_reset = false;
}

/* --- the life ----------------------------------------------------------------------------------------------------- */

enum step_kind { OPEN, SHUT, FORM, VOTE, APPEND, MARK, SPARE, SNAPSHOT, RESET, CLEAN };

struct step {
    enum step_kind kind;
    uint64_t a;
    uint64_t b;
    uint64_t size;
};

static const struct step life[] = {
    {.kind = OPEN},
    {.kind = FORM},
    {.kind = VOTE, .a = 1, .b = 2},
    {.kind = APPEND, .a = 1, .b = 3, .size = 700},
    {.kind = SPARE},
    {.kind = APPEND, .a = 4, .b = 9, .size = RIG_RECORD_MAX}, /* into the next segment */
    {.kind = MARK, .a = 5},
    {.kind = MARK, .a = 9},                                   /* it was heard of later */
    {.kind = SNAPSHOT, .a = 5},
    {.kind = VOTE, .a = 2, .b = 0},
    {.kind = APPEND, .a = 10, .b = 6, .size = 300},           /* supersedes */
    {.kind = SPARE},
    {.kind = SPARE},
    {.kind = SNAPSHOT, .a = 12},
    {.kind = APPEND, .a = 16, .b = 10, .size = RIG_RECORD_MAX},
    {.kind = SNAPSHOT, .a = 20},
    {.kind = CLEAN},
    {.kind = SPARE},                                          /* a segment is used again */
    {.kind = APPEND, .a = 26, .b = 9, .size = RIG_RECORD_MAX},
    {.kind = SHUT},
    {.kind = OPEN},
    {.kind = APPEND, .a = 35, .b = 2, .size = 10},
    {.kind = SNAPSHOT, .a = 40},                              /* the leader's; it is ahead of the log */
    {.kind = RESET, .a = 40},
    {.kind = APPEND, .a = 41, .b = 2, .size = 10},
    {.kind = SNAPSHOT, .a = 42},
    {.kind = CLEAN},
    {.kind = SHUT},
    {.kind = OPEN},
};

enum { LIFE_STEPS = sizeof life / sizeof *life };

static enum disk_status step_run(const struct step *step)
{
    /* A start that found no room for a segment waits for a spare one. */
    if ((step->kind == APPEND || step->kind == RESET) && disk_room_bytes(rig.disk) == 0) {
        enum disk_status status = rig_spare(&rig);
        if (status != DISK_OK)
            return status;
    }
    switch (step->kind) {
    case OPEN:
        return rig_open(&rig);
    case SHUT:
        rig_shut(&rig);
        return DISK_OK; /* it has nothing to promise */
    case FORM:
        return rig_identity(&rig);
    case VOTE:
        model.next_term = step->a;
        model.next_vote = (uint32_t)step->b;
        return rig_vote(&rig, step->a, (uint32_t)step->b);
    case APPEND:
        model.next_first = step->a;
        model.next_count = step->b;
        model.next_entry_term = model.term;
        model.next_commit = rig.commit = step->a - 1;
        return rig_append_from(&rig, step->a, step->b, step->size);
    case MARK:
        model.next_commit = rig.commit = step->a;
        return rig_mark(&rig);
    case SPARE:
        return rig_spare(&rig);
    case SNAPSHOT:
        model.next_snapshot = step->a;
        return rig_snapshot(&rig, step->a, step->a > model.log.last ? model.term : model.log.terms[step->a], 3);
    case RESET:
        model.next_snapshot = step->a;
        model.next_reset = true;
        return rig_reset(&rig, step->a, model.term);
    case CLEAN:
        return rig_clean(&rig);
    }
    return DISK_FAILED;
}

static void step_done(const struct step *step)
{
    if (step->kind == FORM)
        model.formed = true;
    if (step->kind == OPEN)
        model_check(&rig.recovered);
    model_settle();
}

static void life_begin(uint64_t seed)
{
    rig_init(&rig, seed);
    model = (struct model){0};
}

/* --- death -------------------------------------------------------------------------------------------------------- */

/* The start after a crash, itself cut off at CALL; true if it was. What it said must hold at the next one. */
static bool start_again(const struct rig *dead, uint64_t call, enum fs_memory_loss loss, uint64_t seed)
{
    struct rig again;
    rig_copy(&again, dead);
    fs_memory_seed(again.memory, seed);
    fs_memory_stop(again.memory, again.machine, call);
    enum disk_status status = rig_open(&again);
    bool struck = fs_memory_struck(again.memory, again.machine);
    ck_assert_msg(status == DISK_OK || (struck && status == DISK_FAILED), "%s", again.reason);
    uint64_t told = 0;
    if (status == DISK_OK) {
        model_check(&again.recovered);
        told = again.index;
    }
    rig_crash(&again, loss);
    status = rig_open(&again);
    ck_assert_msg(status == DISK_OK, "%s", again.reason);
    model_check(&again.recovered);
    ck_assert_uint_ge(again.index, told);
    ck_assert_int_ge(rig_load(&again), 0);
    rig_close(&again);
    return struck;
}

/* Killed at every call; what was not synced is kept, lost, partly lost, torn. */
static void die_at_every_call(enum fs_memory_loss loss, uint64_t seed)
{
    uint64_t deaths = 0;
    for (uint64_t call = 1;; call++) {
        life_begin(seed);
        fs_memory_stop(rig.memory, rig.machine, call);
        for (size_t i = 0; i < LIFE_STEPS; i++) {
            if (step_run(&life[i]) != DISK_OK)
                break;
            step_done(&life[i]);
        }
        bool struck = fs_memory_struck(rig.memory, rig.machine);
        fs_memory_seed(rig.memory, seed * 1000 + call);
        rig_crash(&rig, loss);
        uint64_t again = 1 + call % START_STRIDE;
        while (start_again(&rig, again, again % 2 == 0 ? FS_MEMORY_SOME : FS_MEMORY_LOSE, call * 100 + again))
            again += START_STRIDE;
        deaths += again;
        rig_close(&rig);
        if (!struck)
            break;
        ck_assert_uint_lt(call, 2000);
    }
    ck_assert_uint_gt(deaths, 2000);
}

START_TEST(the_process_is_killed_at_every_call)
{
    die_at_every_call(FS_MEMORY_KEEP, 1);
}
END_TEST

START_TEST(the_power_fails_at_every_call)
{
    die_at_every_call(FS_MEMORY_LOSE, 2);
}
END_TEST

START_TEST(the_power_fails_and_some_sectors_are_kept)
{
    die_at_every_call(FS_MEMORY_SOME, (uint64_t)_i + 10);
}
END_TEST

START_TEST(the_power_fails_and_writes_are_torn)
{
    die_at_every_call(FS_MEMORY_TEAR, (uint64_t)_i + 20);
}
END_TEST

/* Every call fails once. The node stops then, or goes on where there was only no room. */
static void fail_at_every_call(int error)
{
    int failed = 0;
    int full = 0;
    for (uint64_t call = 1;; call++) {
        life_begin(7);
        fs_memory_fail(rig.memory, rig.machine, call, error);
        bool stopped = false;
        for (size_t i = 0; i < LIFE_STEPS && !stopped; i++) {
            bool struck_before = fs_memory_struck(rig.memory, rig.machine);
            enum disk_status status = step_run(&life[i]);
            if (status == DISK_FULL) {
                ck_assert_int_eq(error, -ENOSPC);
                ck_assert(life[i].kind != VOTE && life[i].kind != MARK && life[i].kind != CLEAN);
                ck_assert(!struck_before);
                full++;
                /* It is as it was: the same again succeeds. */
                status = step_run(&life[i]);
                ck_assert_msg(status == DISK_OK, "%s", rig.reason);
            }
            if (status != DISK_OK) {
                ck_assert_int_eq(status, DISK_FAILED);
                ck_assert_msg(!struck_before, "%s", rig.reason);
                stopped = true;
                failed++;
                break;
            }
            step_done(&life[i]);
        }
        bool struck = fs_memory_struck(rig.memory, rig.machine);
        struct rig copy;
        for (int loss = FS_MEMORY_KEEP; loss <= FS_MEMORY_TEAR; loss++) {
            rig_copy(&copy, &rig);
            rig_crash(&copy, (enum fs_memory_loss)loss);
            enum disk_status status = rig_open(&copy);
            ck_assert_msg(status == DISK_OK, "%s", copy.reason);
            model_check(&copy.recovered);
            uint64_t told = copy.index;
            rig_crash(&copy, FS_MEMORY_LOSE);
            ck_assert_int_eq(rig_open(&copy), DISK_OK);
            model_check(&copy.recovered);
            ck_assert_uint_eq(copy.index, told);
            rig_close(&copy);
        }
        fs_memory_use(rig.memory);
        rig_shut(&rig);
        ck_assert_uint_eq(fs_memory_open_files(rig.memory), 0);
        rig_close(&rig);
        if (!struck)
            break;
        ck_assert_uint_lt(call, 2000);
    }
    ck_assert_int_gt(failed, 50);
    ck_assert(error != -ENOSPC || full > 10);
}

START_TEST(every_call_fails_once)
{
    fail_at_every_call(-EIO);
}
END_TEST

START_TEST(every_call_finds_no_room_once)
{
    fail_at_every_call(-ENOSPC);
}
END_TEST

int main(void)
{
#ifdef __GLIBC__
    /* A segment's bytes come and go a million times: not each time from the kernel. */
    mallopt(M_MMAP_THRESHOLD, 16 * 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024);
#endif
    Suite *suite = suite_create("disk/crash");
    TCase *tcase = tcase_create("crash");
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, the_process_is_killed_at_every_call);
    tcase_add_test(tcase, the_power_fails_at_every_call);
    tcase_add_loop_test(tcase, the_power_fails_and_some_sectors_are_kept, 0, 2);
    tcase_add_loop_test(tcase, the_power_fails_and_writes_are_torn, 0, 1);
    tcase_add_test(tcase, every_call_fails_once);
    tcase_add_test(tcase, every_call_finds_no_room_once);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
