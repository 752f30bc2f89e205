#include "crashpoints/meet.h"

#include <limits.h>

#include "base/ensure.h"
#include "disk_fs/strand.h"

/* How many calls the one that runs may make before it rests. */
static void before_call(void *context)
{
    unsigned *left = context;
    if (*left == 0)
        strand_rest();
    else if (*left < UINT_MAX)
        --*left;
}

/* One that rested before a call makes that call without being asked again. */
static unsigned after_rest(unsigned calls)
{
    return calls < UINT_MAX ? calls - 1 : calls;
}

void meet(struct world *world, void (*first)(void *), void *first_context, void (*second)(void *),
          void *second_context)
{
    ensure(world->order < MEET_ORDERS);
    struct strand *strands[2] = {strand_open(), strand_open()};
    void (*const works[2])(void *) = {first, second};
    void *const contexts[2] = {first_context, second_context};
    bool begun[2] = {false, false}, done[2] = {false, false};
    unsigned who = world->order % 2, lead = world->order / 2 + 1, calls = lead > MEET_LEAD_MAX ? 1 : lead;
    unsigned left;
    fs_memory_watch(world->memory, before_call, &left);
    world->meets = true;
    while (!done[0] || !done[1]) {
        if (begun[who] && !done[who]) {
            left = after_rest(calls);
            done[who] = strand_go_on(strands[who]);
        } else if (!done[who]) {
            left = calls;
            begun[who] = true;
            done[who] = strand_begin(strands[who], works[who], contexts[who]);
        }
        calls = lead > MEET_LEAD_MAX ? 1 : UINT_MAX;
        who = 1 - who;
    }
    if (!world_stopped(world))
        world->meets = false;
    fs_memory_watch(world->memory, NULL, NULL);
    strand_close(strands[0]);
    strand_close(strands[1]);
}
