/* The life of a cluster of one node: what its clients were told must hold. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crashpoints/life.h"
#include "crashpoints/process.h"

enum {
    FILE_SHORT_LIVED = LEDGER_FILES - 2,
    FILE_AFTER = LEDGER_FILES - 1, /* written after each start */
    BATCHES = 7,
    BATCH_DEEDS = 9,
    REST_TURNS = 12,               /* enough for a mark, and for a snapshot under way to be finished */
};

/* Clients do these over and over. */
static const struct deed deeds[] = {
    {.kind = DEED_WRITE, .file = 0, .size = 4000},
    {.kind = DEED_CAS, .file = 1, .size = 20},
    {.kind = DEED_WRITE, .file = 2, .size = 0},
    {.kind = DEED_CAS_WRONG, .file = 1, .size = 30},
    {.kind = DEED_WRITE, .file = 3, .size = 3500},
    {.kind = DEED_DELETE, .file = 2},
    {.kind = DEED_DELETE, .file = 2}, /* it is not there */
    {.kind = DEED_WRITE, .file = 4, .size = 100, .exptime_s = 100000},
    {.kind = DEED_WRITE, .file = 0, .size = 3001},
    {.kind = DEED_CAS, .file = 5, .size = 2500},
    {.kind = DEED_DELETE, .file = 3},
};

enum { DEEDS = sizeof deeds / sizeof *deeds };

static enum result rest(struct process *process)
{
    enum result result = DONE;
    for (int i = 0; i < REST_TURNS && result == DONE; i++)
        result = process_turn(process);
    return result;
}

/* Several batches, each sent at once; between some of them the disk comes to rest. */
static enum result work(struct process *process, size_t batches)
{
    enum result result = DONE;
    struct buffer text = {0};
    for (size_t batch = 0; batch < batches && result == DONE; batch++) {
        for (size_t i = 0; i < BATCH_DEEDS; i++)
            ledger_send(process->ledger, deeds[(process->ledger->number + 1) % DEEDS], &text);
        result = process_do(process, &text);
        if (result == DONE && batch % 3 == 2)
            result = rest(process);
    }
    buffer_close(&text);
    return result;
}

/* A file comes to its end, which nobody but the node itself sees to. */
static enum result outlive(struct process *process)
{
    struct ledger *ledger = process->ledger;
    struct buffer text = {0};
    ledger_send(ledger, (struct deed){.kind = DEED_WRITE, .file = FILE_SHORT_LIVED, .size = 9, .exptime_s = 1}, &text);
    ledger_send(ledger, (struct deed){.kind = DEED_EXPIRE, .file = FILE_SHORT_LIVED}, &text);
    enum result result = process_do(process, &text);
    buffer_close(&text);
    return result == DONE ? process_read(process) : result;
}

/* A start that serves: all that should be there is, and a write gets the version that is next. */
static enum result start(struct process *process, struct world *world, struct ledger *ledger)
{
    struct buffer text = {0};
    enum result result = process_start(process, world, ledger);
    if (result == DONE)
        result = process_read(process);
    if (result == DONE) {
        ledger_send(ledger, (struct deed){.kind = DEED_WRITE, .file = FILE_AFTER, .size = 40}, &text);
        result = process_do(process, &text);
    }
    buffer_close(&text);
    return result;
}

/* A sector of the newest snapshot goes bad while nothing runs. */
static enum result spoil_snapshot(struct world *world, const struct ledger *ledger)
{
    for (uint64_t index = ledger->applied; index > 0; index--) {
        for (uint64_t term = 1; term <= ledger->term; term++) {
            char path[128];
            snprintf(path, sizeof path, WORLD_DIRECTORY "/snapshot-%016" PRIx64 "-%016" PRIx64, index, term);
            if (!fs_memory_exists(world->memory, path))
                continue;
            fs_memory_flip(world->memory, path, 8 * 5000 + 3);
            world_tell(world, "%s is spoilt", path);
            return DONE;
        }
    }
    return world_wrong(world, "there is no snapshot to be spoilt");
}

static void node_begin(union promises *promises)
{
    promises->ledger = (struct ledger){0};
}

static enum result node_live(struct world *world, union promises *promises)
{
    struct process process;
    struct ledger *ledger = &promises->ledger;
    enum result result = start(&process, world, ledger); /* it is born */
    if (result == DONE)
        result = work(&process, 2 * BATCHES);
    if (result == DONE)
        result = outlive(&process);
    if (result == DONE)
        result = process_end(&process);
    if (result == DONE)
        result = start(&process, world, ledger);
    if (result == DONE)
        result = work(&process, BATCHES);
    if (result == DONE) {
        world_kill(world);
        process_kill(&process);
        result = spoil_snapshot(world, ledger);
    }
    if (result == DONE)
        result = start(&process, world, ledger);
    if (result == DONE)
        result = work(&process, BATCHES);
    if (result == DONE)
        result = process_end(&process);
    process_kill(&process);
    return result;
}

static enum result node_start(struct world *world, union promises *promises)
{
    struct process process;
    enum result result = start(&process, world, &promises->ledger);
    process_kill(&process);
    return result;
}

const struct life life_node = {.name = "node", .begin = node_begin, .live = node_live, .start = node_start};
