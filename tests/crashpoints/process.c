#include "crashpoints/process.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "node/parts.h"
#include "store/dump.h"

enum {
    PROCESS_ID = 1,
    PROCESS_TURNS_MAX = 3000, /* to wait for anything */
    PROCESS_STEP_MAX_MS = 200,
    PROCESS_SEGMENT_BYTES = 64 * 1024,
    PROCESS_SNAPSHOT_EVERY = 48 * 1024,
};

/* --- starting ---------------------------------------------------------------------------------------------------- */

/* The recovered snapshot's state, in two copies: one to be held against the ledger, one for the node. */
static enum result load(struct process *process, struct store *stores[2])
{
    const uint8_t *bytes;
    size_t size;
    int more;
    while ((more = disk_load_next(process->disk, &bytes, &size)) > 0) {
        for (int i = 0; i < 2; i++) {
            if (!store_load(stores[i], bytes, size))
                return world_wrong(process->world, "a block of the snapshot cannot be loaded");
        }
    }
    if (world_stopped(process->world))
        return DEAD;
    if (more < 0 || !store_load_end(stores[0]) || !store_load_end(stores[1]))
        return world_wrong(process->world, "the snapshot cannot be loaded");
    return DONE;
}

static enum result open_node(struct process *process, const struct disk_recovered *recovered)
{
    struct world *world = process->world;
    struct store *stores[2] = {store_open(1), store_open(2)};
    enum result result = recovered->snapshot_index > 0 ? load(process, stores) : DONE;
    if (result == DONE)
        result = ledger_check_recovered(process->ledger, world, recovered, stores[0]);
    store_close(stores[0]);
    if (result != DONE) {
        store_close(stores[1]);
        return result;
    }
    struct node_options options;
    node_options_default(&options);
    options.id = PROCESS_ID;
    options.value_max_bytes = LEDGER_CONTENTS_MAX;
    options.snapshot_every_bytes = PROCESS_SNAPSHOT_EVERY;
    options.seed = random_u64(&world->random);
    options.peer_count = 1;
    options.peers[0] = (struct raft_member){.id = PROCESS_ID, .role = RAFT_VOTER, .address = "self"};
    char reason[DISK_REASON_MAX];
    process->node = node_open(&options, process->disk, recovered, stores[1], world->now_ms, reason);
    if (process->node)
        return DONE;
    store_close(stores[1]);
    return world_wrong(world, "the node does not start: %s", reason);
}

static enum result open_disk(struct process *process, struct disk_recovered *recovered)
{
    struct world *world = process->world;
    const struct disk_options options = {
        .directory = WORLD_DIRECTORY,
        .node_id = PROCESS_ID,
        .segment_bytes = PROCESS_SEGMENT_BYTES,
        .removal_bytes = PROCESS_SEGMENT_BYTES / 2 + 1000,
        .record_max_bytes = LEDGER_CONTENTS_MAX + PAYLOAD_ALLOWANCE,
        .random = world_random,
        .random_context = &world->random,
    };
    char reason[DISK_REASON_MAX];
    enum disk_status status = disk_open(&options, &process->disk, recovered, reason);
    if (world_stopped(world))
        return status == DISK_REFUSED ? world_wrong(world, "an interrupted start refuses: %s", reason) : DEAD;
    if (status != DISK_OK)
        return world_wrong(world, "the disk does not open: %s", reason);
    world_tell(world, "starts: snapshot %" PRIu64 ", %" PRIu64 " entries, term %" PRIu64 "  %.*s",
               recovered->snapshot_index, recovered->entry_count, recovered->term, (int)buffer_size(&recovered->notes),
               buffer_size(&recovered->notes) > 0 ? (char *)buffer_start(&recovered->notes) : "");
    return DONE;
}

enum result process_start(struct process *process, struct world *world, struct ledger *ledger)
{
    *process = (struct process){.world = world, .ledger = ledger};
    struct disk_recovered recovered = {0};
    world_use(world);
    enum result result = open_disk(process, &recovered);
    if (result == DONE)
        result = open_node(process, &recovered);
    uint64_t incarnation = recovered.identity.incarnation;
    disk_recovered_free(&recovered);
    for (int i = 0; result == DONE && node_parts(process->node).gateway->epoch == 0; i++)
        result = i < PROCESS_TURNS_MAX ? process_turn(process) : world_wrong(world, "it does not come to lead");
    if (result != DONE)
        return result;
    ledger->incarnation = incarnation;
    process->client = node_client_open(process->node, NULL);
    ensure(process->client != NULL);
    return DONE;
}

/* --- a turn ------------------------------------------------------------------------------------------------------ */

static void take_output(struct process *process)
{
    struct node_client *client;
    while ((client = node_next_output(process->node)) != NULL) {
        struct chain *output = node_client_output(client);
        size_t size = output->size;
        uint8_t *at = buffer_reserve(&process->replies, size + 1);
        ensure(at != NULL && client == process->client);
        chain_copy(output, at, size);
        buffer_added(&process->replies, size);
        process->revision = store_revision(node_store(process->node));
        chain_consume(output, size);
        node_client_written(process->node, client);
    }
    struct buffer *log = node_log(process->node);
    if (process->world->trace && buffer_size(log) > 0)
        printf("        %.*s", (int)buffer_size(log), (char *)buffer_start(log));
    buffer_clear(log, SIZE_MAX);
}

/* What the node does with the moment; what it shows then is a promise. */
static enum result live(struct process *process)
{
    node_time(process->node, process->world->now_ms);
    node_turn(process->node);
    take_output(process);
    ledger_observe(process->ledger, process->node);
    const char *reason = node_stop_reason(process->node);
    return reason ? world_wrong(process->world, "the node stops: %s", reason) : DONE;
}

/* Both threads' work, one after the other. What failed because the disk stopped the node never hears of. */
static enum result work(struct process *process)
{
    struct disk_log *log = node_take_log(process->node);
    if (log) {
        disk_log_execute(process->disk, log);
        bool stopped = world_stopped(process->world);
        log->status = stopped ? DISK_FAILED : log->status;
        node_log_done(process->node, log);
        if (stopped)
            return DEAD;
        if (live(process) != DONE)
            return WRONG;
    }
    struct disk_bulk *bulk = node_take_bulk(process->node);
    if (bulk) {
        disk_bulk_execute(process->disk, bulk);
        bool stopped = world_stopped(process->world);
        bulk->status = stopped ? DISK_FAILED : bulk->status;
        node_bulk_done(process->node, bulk);
        if (stopped)
            return DEAD;
    }
    return DONE;
}

enum result process_turn(struct process *process)
{
    struct world *world = process->world;
    uint64_t deadline_ms = node_deadline_ms(process->node);
    uint64_t latest_ms = world->now_ms + PROCESS_STEP_MAX_MS;
    world->now_ms = deadline_ms <= world->now_ms ? world->now_ms + 1
                                                 : deadline_ms < latest_ms ? deadline_ms : latest_ms;
    enum result result = live(process);
    return result == DONE ? work(process) : result;
}

/* --- a client ---------------------------------------------------------------------------------------------------- */

static void send(struct process *process, struct buffer *text)
{
    if (buffer_size(text) > 0)
        node_client_bytes(process->node, process->client, buffer_start(text), buffer_size(text));
    buffer_clear(text, SIZE_MAX);
}

enum result process_do(struct process *process, struct buffer *text)
{
    struct ledger *ledger = process->ledger;
    send(process, text);
    size_t wanted = ledger->sent;
    while (wanted > ledger->answered && ledger->deeds[wanted - 1].kind == DEED_EXPIRE)
        wanted--;
    for (int i = 0; i < PROCESS_TURNS_MAX; i++) {
        enum result result = process_turn(process);
        if (result != WRONG && ledger_hear(ledger, process->world, &process->replies) != DONE)
            return WRONG;
        if (result != DONE)
            return result;
        if (ledger->answered >= wanted)
            return DONE;
    }
    return world_wrong(process->world, "a command gets no answer");
}

enum result process_read(struct process *process)
{
    struct ledger *ledger = process->ledger;
    enum result result = DONE;
    bool asked = false;
    for (int i = 0; i < PROCESS_TURNS_MAX && result == DONE; i++) {
        if (!asked) {
            struct buffer text = {0};
            ledger_ask(&text);
            send(process, &text);
            buffer_close(&text);
            asked = true;
        }
        result = process_turn(process);
        if (result != DONE || !ledger_answers(&process->replies))
            continue;
        result = ledger_check_answers(ledger, process->world, &process->replies, process->revision);
        if (result == DONE && ledger->answered == ledger->sent)
            return DONE;
        asked = false;
    }
    return result == DONE ? world_wrong(process->world, "a read gets no answer, or a file does not end") : result;
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

enum result process_end(struct process *process)
{
    node_shutdown(process->node);
    for (int i = 0; i < PROCESS_TURNS_MAX && !node_shutdown_done(process->node); i++) {
        enum result result = process_turn(process);
        if (result != DONE)
            return result;
    }
    process_kill(process);
    return world_stopped(process->world) ? DEAD : DONE;
}

void process_kill(struct process *process)
{
    world_use(process->world);
    if (process->node)
        node_close(process->node);
    if (process->disk)
        disk_close(process->disk);
    buffer_close(&process->replies);
    *process = (struct process){.world = process->world, .ledger = process->ledger};
}
