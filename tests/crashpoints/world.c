#include "crashpoints/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"

enum { WORLD_SEED = 1 };

static const char *const loss_names[] = {
    [FS_MEMORY_KEEP] = "kill",
    [FS_MEMORY_LOSE] = "lose",
    [FS_MEMORY_SOME] = "some",
    [FS_MEMORY_TEAR] = "tear",
};

void world_open(struct world *world, bool trace)
{
    *world = (struct world){.memory = fs_memory_open(WORLD_SEED), .random = {.state = WORLD_SEED}, .trace = trace};
    world->machine = fs_memory_machine(world->memory, WORLD_PREFIX);
    world->now_ms = 1000;
    world_use(world);
}

void world_copy(struct world *world, const struct world *from)
{
    *world = *from;
    world->memory = fs_memory_clone(from->memory);
    world->wrong[0] = '\0';
}

void world_close(struct world *world)
{
    fs_memory_close(world->memory);
    world->memory = NULL;
}

void world_use(const struct world *world)
{
    fs_memory_use(world->memory);
}

void world_stop_at(struct world *world, uint64_t nth)
{
    world->stop = world_actions(world) + nth;
    fs_memory_stop(world->memory, world->machine, nth);
}

bool world_stopped(const struct world *world)
{
    return fs_memory_struck(world->memory, world->machine);
}

uint64_t world_actions(const struct world *world)
{
    return fs_memory_calls(world->memory, world->machine);
}

void world_die(struct world *world, struct death death, uint64_t seed)
{
    fs_memory_seed(world->memory, seed);
    fs_memory_crash(world->memory, world->machine, death.loss);
    world->stop = 0;
}

void world_kill(struct world *world)
{
    fs_memory_crash(world->memory, world->machine, FS_MEMORY_KEEP); /* it takes all that was to happen with it */
    if (world->stop > world_actions(world))
        fs_memory_stop(world->memory, world->machine, world->stop - world_actions(world));
}

enum result world_wrong(struct world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(world->wrong, sizeof world->wrong, format, arguments);
    va_end(arguments);
    return WRONG;
}

void world_tell(const struct world *world, const char *format, ...)
{
    if (!world->trace)
        return;
    va_list arguments;
    va_start(arguments, format);
    printf("%6llu  ", (unsigned long long)world_actions(world));
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
}

uint64_t world_random(void *context)
{
    return random_u64(context);
}

const char *death_name(struct death death, char text[16])
{
    if (death.loss == FS_MEMORY_KEEP || death.loss == FS_MEMORY_LOSE)
        snprintf(text, 16, "%s", loss_names[death.loss]);
    else
        snprintf(text, 16, "%s:%u", loss_names[death.loss], death.number % 1000);
    return text;
}

bool death_parse(const char *text, struct death *death)
{
    *death = (struct death){0};
    for (int loss = FS_MEMORY_KEEP; loss <= FS_MEMORY_TEAR; loss++) {
        size_t size = strlen(loss_names[loss]);
        if (strncmp(text, loss_names[loss], size) != 0 || (text[size] != '\0' && text[size] != ':'))
            continue;
        death->loss = (enum fs_memory_loss)loss;
        death->number = text[size] == ':' ? (unsigned)strtoul(text + size + 1, NULL, 10) : 0;
        return true;
    }
    return false;
}
