/* The life of a follower's disk, told by the requests that its node would make. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "crashpoints/life.h"
#include "crashpoints/meet.h"

enum { ID = 2, SEGMENT_BYTES = 64 * 1024, RECORD_MAX = 8 * 1024, ENTRIES_MAX = 16, CHUNK = 1500, CLUSTER = 77 };
enum { REMOVAL_BYTES = 6000 };

struct run {
    struct world *world;
    struct follower *follower;
    struct disk *disk; /* NULL: it is closed */
    struct disk_segment prepared; /* and not handed over yet; sequence 0: none */
};

enum step_kind {
    OPEN, CLOSE, KILL, FORM, VOTE, APPEND, MARK, SPARE, PREPARE, HAND_OVER, SNAPSHOT, RECEIVE, GIVE_UP, INSTALL, CLEAN,
    SET_ASIDE, FILL, FREE, END,
};

struct step {
    enum step_kind kind;
    uint64_t index;
    uint64_t count;
    uint64_t term;
    uint32_t vote;
    size_t size; /* of an entry */
    const struct step *with; /* what the bulk thread does at the same time; NULL: nothing */
};

static const struct step steps[] = {
    {.kind = OPEN},
    {.kind = FORM},
    {.kind = VOTE, .term = 1, .vote = 1},
    {.kind = SPARE},
    {.kind = APPEND, .index = 1, .count = 6, .size = 700},
    {.kind = MARK},
    {.kind = APPEND, .index = 7, .count = 3, .size = 10},
    {.kind = VOTE, .term = 2, .vote = 0},
    {.kind = VOTE, .term = 2, .vote = 3},                          /* the same term, and a vote now */
    {.kind = APPEND, .index = 4, .count = 5, .size = 300},         /* takes back 4 to 9 */
    {.kind = SPARE},
    {.kind = APPEND, .index = 9, .count = 10, .size = RECORD_MAX}, /* rolls over within the batch */
    {.kind = SNAPSHOT, .index = 6},
    {.kind = APPEND, .index = 12, .count = 4, .term = 3, .size = 90}, /* a new term, and back over a segment's end */
    {.kind = KILL},
    {.kind = OPEN},
    {.kind = SPARE},
    {.kind = SNAPSHOT, .index = 13},
    {.kind = CLEAN},
    {.kind = RECEIVE, .index = 14},                                /* its log holds it: the rest stays */
    {.kind = SPARE},                                               /* a segment is used again */
    {.kind = APPEND, .index = 16, .count = 9, .size = RECORD_MAX},
    {.kind = VOTE, .term = 5, .vote = 0},
    {.kind = GIVE_UP, .index = 40},                                /* ahead of the log: its leader dies */
    {.kind = RECEIVE, .index = 40},
    {.kind = INSTALL, .index = 40},
    {.kind = APPEND, .index = 41, .count = 3, .size = 4000},
    {.kind = CLEAN},
    {.kind = CLOSE},
    {.kind = OPEN},
    {.kind = SPARE},
    {.kind = APPEND, .index = 44, .count = 9, .size = RECORD_MAX},
    {.kind = RECEIVE, .index = 60},
    {.kind = RECEIVE, .index = 70},                                /* two in quick succession */
    {.kind = INSTALL, .index = 70},
    {.kind = APPEND, .index = 71, .count = 2, .term = 6, .size = 10},
    {.kind = SNAPSHOT, .index = 72},
    {.kind = CLEAN},
    {.kind = CLOSE},
    {.kind = END},
};

#define WITH(...) .with = &(const struct step){__VA_ARGS__}

/* Both threads are at work. */
static const struct step steps_at_once[] = {
    {.kind = OPEN},
    {.kind = FORM},
    {.kind = VOTE, .term = 1, .vote = 1, WITH(.kind = PREPARE)},
    {.kind = HAND_OVER},
    {.kind = APPEND, .index = 1, .count = 6, .size = 700, WITH(.kind = PREPARE)},
    {.kind = HAND_OVER},
    {.kind = APPEND, .index = 7, .count = 12, .size = RECORD_MAX, WITH(.kind = SNAPSHOT, .index = 5)}, /* rolls */
    {.kind = MARK, WITH(.kind = PREPARE)},
    {.kind = HAND_OVER},
    {.kind = VOTE, .term = 2, .vote = 3, WITH(.kind = SNAPSHOT, .index = 14)},
    {.kind = SPARE},
    {.kind = APPEND, .index = 17, .count = 9, .size = RECORD_MAX, WITH(.kind = SNAPSHOT, .index = 16)}, /* goes back */
    {.kind = APPEND, .index = 26, .count = 1, .size = 10, WITH(.kind = CLEAN)},
    {.kind = VOTE, .term = 3, .vote = 0, WITH(.kind = PREPARE)}, /* a segment is used again */
    {.kind = HAND_OVER},
    {.kind = KILL},
    {.kind = OPEN},
    {.kind = SPARE},
    {.kind = RECEIVE, .index = 40},
    {.kind = APPEND, .index = 27, .count = 2, .size = 300, WITH(.kind = RECEIVE, .index = 50)}, /* far ahead */
    {.kind = APPEND, .index = 29, .count = 9, .size = RECORD_MAX, WITH(.kind = CLEAN)}, /* rolls: all before may go */
    {.kind = INSTALL, .index = 50, WITH(.kind = PREPARE)},
    {.kind = HAND_OVER},
    {.kind = APPEND, .index = 51, .count = 6, .size = RECORD_MAX, WITH(.kind = GIVE_UP, .index = 80)},
    {.kind = RECEIVE, .index = 80},
    {.kind = INSTALL, .index = 80, WITH(.kind = CLEAN)},
    {.kind = SPARE},
    {.kind = APPEND, .index = 81, .count = 3, .term = 4, .size = 10, WITH(.kind = SNAPSHOT, .index = 81)},
    {.kind = CLOSE},
    {.kind = END},
};

/* The disk is full for a while, in which there are several starts. */
static const struct step full_steps[] = {
    {.kind = OPEN},
    {.kind = FORM},
    {.kind = VOTE, .term = 1, .vote = 1},
    {.kind = SPARE},
    {.kind = SET_ASIDE},
    {.kind = APPEND, .index = 1, .count = 9, .size = RECORD_MAX}, /* rolls over */
    {.kind = FILL},
    {.kind = KILL},
    {.kind = OPEN},                                               /* from the reserve: the last batch is large */
    {.kind = APPEND, .index = 10, .count = 1, .term = 2, .size = 10},
    {.kind = MARK},
    {.kind = APPEND, .index = 11, .count = 1, .size = 48},
    {.kind = KILL},
    {.kind = OPEN},                                               /* its two parts take turns */
    {.kind = APPEND, .index = 12, .count = 1, .term = 3, .size = 10},
    {.kind = CLOSE},
    {.kind = OPEN},
    {.kind = APPEND, .index = 12, .count = 1, .term = 4, .size = 20}, /* takes back one */
    {.kind = KILL},
    {.kind = FREE},
    {.kind = SET_ASIDE},
    {.kind = SPARE},
    {.kind = APPEND, .index = 13, .count = 9, .size = RECORD_MAX},
    {.kind = SNAPSHOT, .index = 15},
    {.kind = CLOSE},
    {.kind = OPEN},
    {.kind = CLOSE},
    {.kind = END},
};

/* --- requests ---------------------------------------------------------------------------------------------------- */

static enum result finish(struct run *run, enum disk_status status, const char *reason)
{
    if (world_stopped(run->world))
        return DEAD;
    return status == DISK_OK ? DONE : world_wrong(run->world, "a request fails: %s", reason);
}

static enum result log_do(struct run *run, struct disk_log *request)
{
    disk_log_execute(run->disk, request);
    enum result result = finish(run, request->status, request->reason);
    if (result == DONE)
        follower_settle_log(run->follower);
    return result;
}

/* And a step of what is to be removed, which goes between any two requests. */
static enum result bulk_do(struct run *run, struct disk_bulk *request, enum disk_bulk_kind kind)
{
    request->kind = kind;
    disk_bulk_execute(run->disk, request);
    enum result result = finish(run, request->status, request->reason);
    if (result != DONE || !request->removals)
        return result;
    struct disk_bulk step = {.kind = DISK_REMOVE};
    disk_bulk_execute(run->disk, &step);
    return finish(run, step.status, step.reason);
}

static struct raft_configuration configuration(void)
{
    struct raft_configuration configuration = {.cluster_id = CLUSTER, .count = 3};
    for (uint32_t i = 0; i < configuration.count; i++) {
        struct raft_member member = {.id = i + 1, .incarnation = i + 5, .role = RAFT_VOTER, .address = "host:1",
                                     .client_address = "host:2"};
        configuration.members[i] = member;
    }
    return configuration;
}

static enum result vote(struct run *run, uint64_t term, uint32_t candidate)
{
    struct follower *follower = run->follower;
    follower->vote_next = true;
    follower->term_next = term;
    follower->vote_for_next = candidate;
    struct disk_log request = {.write_vote = true, .term = term, .vote = candidate};
    return log_do(run, &request);
}

static enum result prepare(struct run *run)
{
    struct disk_bulk request = {0};
    enum result result = bulk_do(run, &request, DISK_PREPARE_SEGMENT);
    if (result == DONE)
        run->prepared = request.segment;
    return result;
}

static enum result hand_over(struct run *run)
{
    struct disk_log request = {.spare_count = 1, .spares = {run->prepared}};
    ensure(run->prepared.sequence > 0);
    run->prepared.sequence = 0;
    return log_do(run, &request);
}

/* With a TERM above its own the follower writes that down in the same batch. */
static enum result append(struct run *run, const struct step *step)
{
    struct follower *follower = run->follower;
    struct raft_entry entries[ENTRIES_MAX];
    ensure(step->count <= ENTRIES_MAX);
    uint64_t term = step->term > 0 ? step->term : follower->term;
    for (size_t i = 0; i < step->count; i++) {
        uint64_t index = step->index + i;
        entries[i] = (struct raft_entry){.index = index, .term = term, .time_ms = index * 10,
                                         .type = RAFT_ENTRY_COMMAND, .payload = blob_new(step->size)};
        follower_payload(index, term, entries[i].payload->bytes, step->size);
    }
    struct disk_log request = {.entries = entries, .entry_count = step->count};
    if (term > follower->term) {
        request.write_vote = follower->vote_next = true;
        request.term = follower->term_next = term;
        follower->vote_for_next = 0;
    }
    follower->first_next = step->index;
    follower->count_next = step->count;
    follower->entry_term_next = term;
    enum result result = log_do(run, &request);
    for (size_t i = 0; i < step->count; i++)
        blob_release(entries[i].payload);
    return result;
}

static enum result snapshot(struct run *run, uint64_t index)
{
    struct follower *follower = run->follower;
    struct disk_bulk request = {.index = index, .term = follower->log.terms[index], .configuration = configuration()};
    uint64_t term = request.term;
    enum result result = bulk_do(run, &request, DISK_SNAPSHOT_BEGIN);
    for (uint64_t i = 0; i < FOLLOWER_BLOCKS && result == DONE; i++) {
        uint8_t bytes[FOLLOWER_BLOCK];
        follower_payload(index + i, term, bytes, sizeof bytes);
        buffer_clear(&request.bytes, SIZE_MAX);
        buffer_append(&request.bytes, bytes, sizeof bytes);
        result = bulk_do(run, &request, DISK_SNAPSHOT_BLOCK);
    }
    follower->snapshot_next = index;
    if (result == DONE)
        result = bulk_do(run, &request, DISK_SNAPSHOT_END);
    buffer_close(&request.bytes);
    if (result == DONE)
        follower_settle_snapshot(follower);
    return result;
}

/* --- snapshots of a leader ---------------------------------------------------------------------------------------- */

/* The bytes of a leader's snapshot: made once, on a disk of its own. */
static struct buffer *leaders_snapshot(uint64_t index, uint64_t term)
{
    static struct {
        uint64_t index;
        uint64_t term;
        struct buffer bytes;
    } made[8];
    size_t i = 0;
    while (made[i].index != 0 && (made[i].index != index || made[i].term != term))
        ensure(++i < sizeof made / sizeof *made);
    if (made[i].index != 0)
        return &made[i].bytes;
    struct world world;
    struct follower follower = {0};
    world_open(&world, false);
    struct run run = {.world = &world, .follower = &follower};
    follower.log.terms[index] = term;
    const struct disk_options options = {.directory = WORLD_DIRECTORY, .node_id = 1, .segment_bytes = SEGMENT_BYTES,
                                         .record_max_bytes = RECORD_MAX, .random = world_random,
                                         .random_context = &world.random};
    struct disk_recovered recovered;
    char reason[DISK_REASON_MAX];
    ensure(disk_open(&options, &run.disk, &recovered, reason) == DISK_OK);
    ensure(snapshot(&run, index) == DONE);
    struct disk_bulk request = {0};
    ensure(bulk_do(&run, &request, DISK_SEND_OPEN) == DONE);
    ensure(bulk_do(&run, &request, DISK_SEND_READ) == DONE);
    made[i].index = index;
    made[i].term = term;
    made[i].bytes = request.bytes;
    disk_close(run.disk);
    disk_recovered_free(&recovered);
    world_close(&world);
    return &made[i].bytes;
}

/* The bytes of FILE, as many as come of SIZE. */
static enum result receive_part(struct run *run, struct disk_bulk *request, struct buffer *file, size_t size)
{
    size = size < buffer_size(file) ? size : buffer_size(file);
    world_use(run->world);
    enum result result = bulk_do(run, request, DISK_RECEIVE_BEGIN);
    for (size_t at = 0; at < size && result == DONE; at += CHUNK) {
        buffer_clear(&request->bytes, SIZE_MAX);
        buffer_append(&request->bytes, buffer_start(file) + at, size - at < CHUNK ? size - at : CHUNK);
        request->offset = at;
        result = bulk_do(run, request, DISK_RECEIVE_WRITE);
    }
    return result;
}

static enum result receive(struct run *run, uint64_t index)
{
    struct follower *follower = run->follower;
    bool held = index <= follower->log.last;
    uint64_t term = held ? follower->log.terms[index] : follower->term;
    struct disk_bulk request = {0};
    enum result result = receive_part(run, &request, leaders_snapshot(index, term), SIZE_MAX);
    follower->snapshot_next = index;
    if (result == DONE)
        result = bulk_do(run, &request, DISK_RECEIVE_END);
    buffer_close(&request.bytes);
    if (result == DONE && (request.index != index || request.term != term))
        return world_wrong(run->world, "another snapshot came in than was sent");
    if (result == DONE)
        follower_settle_snapshot(follower);
    return result;
}

/* Part of it comes, and no more. */
static enum result give_up(struct run *run, uint64_t index)
{
    struct disk_bulk request = {0};
    struct buffer *file = leaders_snapshot(index, run->follower->term);
    enum result result = receive_part(run, &request, file, buffer_size(file) / 2);
    if (result == DONE)
        result = bulk_do(run, &request, DISK_RECEIVE_CANCEL);
    buffer_close(&request.bytes);
    return result;
}

/* The log gives way to the snapshot that came in. */
static enum result install(struct run *run, uint64_t index)
{
    struct follower *follower = run->follower;
    follower->reset_next = index;
    follower->reset_term_next = follower->term;
    struct disk_log request = {.reset = true, .reset_index = index, .reset_term = follower->term};
    return log_do(run, &request);
}

/* --- start and end ------------------------------------------------------------------------------------------------ */

static enum result load(struct run *run, const struct disk_recovered *recovered)
{
    uint64_t count = 0;
    const uint8_t *bytes;
    size_t size;
    int more;
    while ((more = disk_load_next(run->disk, &bytes, &size)) > 0) {
        uint8_t expected[FOLLOWER_BLOCK];
        follower_payload(recovered->snapshot_index + count++, recovered->snapshot_term, expected, sizeof expected);
        if (size != sizeof expected || memcmp(bytes, expected, size) != 0)
            return world_wrong(run->world, "a block of the snapshot is not what was written");
    }
    if (world_stopped(run->world))
        return DEAD;
    if (more < 0 || count != (recovered->snapshot_index > 0 ? FOLLOWER_BLOCKS : 0))
        return world_wrong(run->world, "the snapshot cannot be read");
    return DONE;
}

static enum result start(struct run *run)
{
    struct world *world = run->world;
    const struct disk_options options = {.directory = WORLD_DIRECTORY, .node_id = ID, .segment_bytes = SEGMENT_BYTES,
                                         .removal_bytes = REMOVAL_BYTES, .record_max_bytes = RECORD_MAX,
                                         .random = world_random, .random_context = &world->random};
    struct disk_recovered recovered;
    char reason[DISK_REASON_MAX];
    world_use(world);
    enum disk_status status = disk_open(&options, &run->disk, &recovered, reason);
    if (status == DISK_REFUSED)
        return world_wrong(world, "the disk does not open: %s", reason);
    enum result result = finish(run, status, reason);
    if (result == DONE) {
        world_tell(world, "starts: snapshot %" PRIu64 ", %" PRIu64 " entries, term %" PRIu64 ", vote %u",
                   recovered.snapshot_index, recovered.entry_count, recovered.term, recovered.vote);
        result = follower_check(run->follower, world, &recovered);
    }
    if (result == DONE) {
        follower_adopt(run->follower, &recovered);
        result = load(run, &recovered);
    }
    disk_recovered_free(&recovered);
    return result;
}

static void end(struct run *run)
{
    world_use(run->world);
    if (run->disk)
        disk_close(run->disk);
    run->disk = NULL;
}

/* --- the life ---------------------------------------------------------------------------------------------------- */

static enum result take_one(struct run *run, const struct step *step)
{
    struct disk_bulk bulk = {.configuration = configuration()};
    struct disk_log log = {.mark = true};
    enum result result = DONE;
    switch (step->kind) {
    case OPEN:
        return start(run);
    case KILL:
        world_kill(run->world);
        end(run);
        return DONE;
    case CLOSE:
        end(run);
        return world_stopped(run->world) ? DEAD : DONE;
    case FORM:
        result = bulk_do(run, &bulk, DISK_IDENTITY);
        run->follower->formed |= result == DONE;
        return result;
    case VOTE:
        return vote(run, step->term, step->vote);
    case APPEND:
        return append(run, step);
    case MARK:
        return log_do(run, &log);
    case SPARE:
        result = prepare(run);
        return result == DONE ? hand_over(run) : result;
    case PREPARE:
        return prepare(run);
    case HAND_OVER:
        return hand_over(run);
    case SNAPSHOT:
        return snapshot(run, step->index);
    case RECEIVE:
        return receive(run, step->index);
    case GIVE_UP:
        return give_up(run, step->index);
    case INSTALL:
        return install(run, step->index);
    case CLEAN:
        return bulk_do(run, &bulk, DISK_CLEAN);
    case SET_ASIDE:
        while (result == DONE && !bulk.reserved)
            result = bulk_do(run, &bulk, DISK_PREPARE_RESERVE);
        return result;
    case FILL:
        fs_memory_limit(run->world->memory, run->world->machine,
                        fs_memory_used(run->world->memory, run->world->machine));
        return DONE;
    case FREE:
        fs_memory_limit(run->world->memory, run->world->machine, UINT64_MAX);
        return start(run);
    case END:
        break;
    }
    return WRONG;
}

struct part {
    struct run *run;
    const struct step *step;
    enum result result;
};

static void take_part(void *context)
{
    struct part *part = context;
    part->result = take_one(part->run, part->step);
}

static enum result take_step(struct run *run, const struct step *step)
{
    if (!step->with)
        return take_one(run, step);
    struct part log = {.run = run, .step = step}, bulk = {.run = run, .step = step->with};
    meet(run->world, take_part, &log, take_part, &bulk);
    if (log.result == WRONG || bulk.result == WRONG)
        return WRONG;
    return log.result == DEAD ? DEAD : bulk.result;
}

static void follower_begin(union promises *promises)
{
    promises->follower = (struct follower){0};
}

static enum result take_steps(struct world *world, union promises *promises, const struct step *step)
{
    struct run run = {.world = world, .follower = &promises->follower};
    enum result result = DONE;
    for (; step->kind != END && result == DONE; step++)
        result = take_step(&run, step);
    end(&run);
    return result;
}

static enum result follower_live(struct world *world, union promises *promises)
{
    return take_steps(world, promises, steps);
}

static enum result threads_live(struct world *world, union promises *promises)
{
    return take_steps(world, promises, steps_at_once);
}

static enum result full_live(struct world *world, union promises *promises)
{
    return take_steps(world, promises, full_steps);
}

/* What comes after a start: a vote in a new term, and two entries of it. */
static enum result follower_start(struct world *world, union promises *promises)
{
    struct run run = {.world = world, .follower = &promises->follower};
    enum result result = start(&run);
    if (result == DONE)
        result = vote(&run, run.follower->term + 1, 3);
    if (result == DONE) {
        const struct step step = {.kind = APPEND, .index = run.follower->log.last + 1, .count = 2, .size = 100};
        result = append(&run, &step);
    }
    end(&run);
    return result;
}

const struct life life_follower = {.name = "follower", .begin = follower_begin, .live = follower_live,
                                   .start = follower_start};
const struct life life_threads = {.name = "threads", .begin = follower_begin, .live = threads_live,
                                  .start = follower_start, .dies_in_meets = true};
const struct life life_full = {.name = "full", .begin = follower_begin, .live = full_live, .start = follower_start};
