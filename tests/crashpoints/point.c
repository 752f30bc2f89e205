#include "crashpoints/point.h"

#include <stdio.h>

#include "base/ensure.h"

enum { POINT_TOLD_MAX = 5, POINT_AGAIN_MAX = 5000 };

static const struct death deaths[] = {
    {.loss = FS_MEMORY_KEEP},
    {.loss = FS_MEMORY_LOSE},
    {.loss = FS_MEMORY_SOME, .number = 0},
    {.loss = FS_MEMORY_SOME, .number = 1},
    {.loss = FS_MEMORY_SOME, .number = 2},
    {.loss = FS_MEMORY_TEAR, .number = 0},
    {.loss = FS_MEMORY_TEAR, .number = 1},
};

static const struct death deaths_again[] = {
    {.loss = FS_MEMORY_KEEP},
    {.loss = FS_MEMORY_LOSE},
    {.loss = FS_MEMORY_SOME},
    {.loss = FS_MEMORY_TEAR},
};

enum { DEATHS = sizeof deaths / sizeof *deaths, DEATHS_AGAIN = sizeof deaths_again / sizeof *deaths_again };

static uint64_t seed_of(uint64_t action, struct death death)
{
    struct random random = {.state = action * 1000 + death.number};
    return random_u64(&random);
}

/* A world, and what was promised in it. */
struct moment {
    struct world world;
    union promises promises;
};

static void moment_begin(struct moment *moment, const struct life *life, bool trace)
{
    world_open(&moment->world, trace);
    moment->world.order = life->order;
    life->begin(&moment->promises);
}

static void moment_copy(struct moment *moment, const struct moment *from)
{
    world_copy(&moment->world, &from->world);
    moment->promises = from->promises;
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

void point_print(const struct point *point, const char *program)
{
    char name[16];
    printf("    %s --life %s --action %llu --death %s", program, point->life->name,
           (unsigned long long)point->action, death_name(point->death, name));
    if (point->again > 0)
        printf(" --again %llu --death-again %s", (unsigned long long)point->again,
               death_name(point->death_again, name));
    printf("\n");
}

static void fail(struct tally *tally, const char *wrong, const char *program)
{
    tally->failed++;
    if (tally->told == POINT_TOLD_MAX)
        return;
    tally->told++;
    printf("FAIL   %s: %s\n", tally->point.life->name, wrong);
    point_print(&tally->point, program);
    fflush(stdout);
}

uint64_t point_actions(const struct life *life, bool trace)
{
    struct moment moment;
    moment_begin(&moment, life, trace);
    enum result result = life->live(&moment.world, &moment.promises);
    uint64_t actions = world_actions(&moment.world);
    if (result != DONE)
        printf("FAIL   %s, without a crash: %s\n", life->name, moment.world.wrong);
    world_close(&moment.world);
    return result == DONE ? actions : 0;
}

/* --- one point ---------------------------------------------------------------------------------------------------- */

/* The last start, which nothing interrupts: FROM's promises are kept. */
static void try_start(const struct moment *from, const char *program, struct tally *tally)
{
    struct moment moment;
    moment_copy(&moment, from);
    tally->points++;
    tally->starts++;
    enum result result = tally->point.life->start(&moment.world, &moment.promises);
    if (result != DONE)
        fail(tally, result == WRONG ? moment.world.wrong : "the disk stopped by itself", program);
    world_close(&moment.world);
}

/* A start from DEAD that stops at action AGAIN: false if it was done before that. */
static bool start_until(const struct moment *dead, uint64_t again, const char *program, struct tally *tally,
                        struct moment *moment)
{
    moment_copy(moment, dead);
    world_stop_at(&moment->world, again);
    tally->starts++;
    enum result result = tally->point.life->start(&moment->world, &moment->promises);
    if (result == WRONG)
        fail(tally, moment->world.wrong, program);
    return result == DEAD;
}

static void die(struct moment *moment, const struct moment *from, uint64_t action, struct death death)
{
    moment_copy(moment, from);
    world_die(&moment->world, death, seed_of(action, death));
}

/* A life until ACTION. False, and told: it does not come to that, or something is wrong. */
static bool live_until(const struct life *life, uint64_t action, const char *program, struct tally *tally, bool trace,
                       struct moment *moment)
{
    tally->point = (struct point){.life = life, .action = action};
    moment_begin(moment, life, trace);
    world_stop_at(&moment->world, action);
    enum result result = life->live(&moment->world, &moment->promises);
    if (result != DEAD)
        fail(tally, result == WRONG ? moment->world.wrong : "it ended before this action", program);
    return result == DEAD;
}

/* --- all points --------------------------------------------------------------------------------------------------- */

/* Every STRIDE-th action of the start after FROM, beginning at one that depends on OFFSET. */
static void try_again(const struct moment *from, uint64_t offset, uint64_t stride, const char *program,
                      struct tally *tally)
{
    bool stopped = true;
    for (uint64_t again = 1 + offset % stride; stopped; again += stride) {
        struct moment dead;
        ensure(again < POINT_AGAIN_MAX + stride);
        tally->point.again = again;
        tally->point.death_again = deaths_again[0];
        stopped = start_until(from, again, program, tally, &dead);
        for (size_t i = 0; i < DEATHS_AGAIN && stopped; i++) {
            struct moment moment;
            tally->point.death_again = deaths_again[i];
            die(&moment, &dead, again, deaths_again[i]);
            try_start(&moment, program, tally);
            world_close(&moment.world);
        }
        world_close(&dead.world);
    }
    tally->point.again = 0;
}

void point_try_all(const struct life *life, uint64_t action, uint64_t stride, const char *program, struct tally *tally)
{
    struct moment dead;
    bool stopped = live_until(life, action, program, tally, false, &dead);
    if (life->dies_in_meets && !dead.world.meets)
        stopped = false;
    for (size_t i = 0; i < DEATHS && stopped; i++) {
        struct moment moment;
        tally->point.death = deaths[i];
        die(&moment, &dead, action, deaths[i]);
        try_start(&moment, program, tally);
        try_again(&moment, action + i, stride, program, tally);
        world_close(&moment.world);
    }
    world_close(&dead.world);
}

void point_try(const struct point *point, const char *program, struct tally *tally)
{
    struct moment dead, moment, again, last;
    char name[16];
    if (!live_until(point->life, point->action, program, tally, true, &dead)) {
        world_close(&dead.world);
        return;
    }
    tally->point = *point;
    world_tell(&dead.world, "--- %s", death_name(point->death, name));
    die(&moment, &dead, point->action, point->death);
    if (point->again == 0) {
        try_start(&moment, program, tally);
    } else {
        if (start_until(&moment, point->again, program, tally, &again)) {
            world_tell(&again.world, "--- again, %s", death_name(point->death_again, name));
            die(&last, &again, point->again, point->death_again);
            try_start(&last, program, tally);
            world_close(&last.world);
        }
        world_close(&again.world);
    }
    world_close(&moment.world);
    world_close(&dead.world);
}
