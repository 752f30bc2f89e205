#include "disk/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

void replay_init(struct replay *replay, uint64_t after, uint64_t base_index, uint64_t base_term)
{
    *replay = (struct replay){.after = after};
    replay_reset(replay, base_index, base_term);
}

static void replay_cut(struct replay *replay, size_t count)
{
    ensure(count <= replay->count);
    while (replay->count > count)
        blob_release(replay->entries[--replay->count].payload);
}

void replay_close(struct replay *replay)
{
    replay_cut(replay, 0);
    free(replay->entries);
    *replay = (struct replay){0};
}

void replay_reset(struct replay *replay, uint64_t index, uint64_t term)
{
    replay_cut(replay, 0);
    replay->base_index = replay->last_index = index;
    replay->base_term = replay->last_term = term;
    replay->commit = index;
    replay->after_term = 0;
}

static const char *replay_keep(struct replay *replay, const struct record *record)
{
    if (replay->count == replay->capacity) {
        replay->capacity = replay->capacity > 0 ? replay->capacity * 2 : 256;
        replay->entries = memory_resize(replay->entries, replay->capacity, sizeof *replay->entries);
    }
    struct blob *payload = NULL;
    if (record->payload_size > 0) {
        payload = blob_new(record->payload_size);
        if (!payload)
            return "no memory for this record; cleatd needs more";
        memcpy(payload->bytes, record->payload, record->payload_size);
    }
    replay->entries[replay->count++] = (struct raft_entry){
        .index = record->index,
        .term = record->term,
        .time_ms = record->time_ms,
        .type = record->entry_type,
        .payload = payload,
    };
    return NULL;
}

static const char *replay_entry(struct replay *replay, const struct record *record)
{
    uint64_t index = record->index;
    if (index == 0 || index > replay->last_index + 1)
        return "damaged: an entry that does not follow the one before it";
    if (index <= replay->base_index) {
        /* Superseding reaches back to before the oldest segment: a snapshot stands for what was there. */
        replay_reset(replay, index - 1, 0);
    } else if (replay->count > 0) {
        uint64_t first = replay->entries[0].index;
        uint64_t keep = index > first ? index - first : 0;
        replay_cut(replay, keep < replay->count ? (size_t)keep : replay->count);
    }
    uint64_t before = index == replay->last_index + 1 ? replay->last_term : replay_term_at(replay, index - 1);
    if (record->term < before || record->term == 0)
        return "damaged: an entry of a term that is lower than the one before it";
    replay->last_index = index;
    replay->last_term = record->term;
    if (replay->commit >= index)
        replay->commit = index - 1; /* it was wrong: what is committed is not superseded */
    if (index <= replay->after) {
        replay->after_term = index == replay->after ? record->term : 0;
        return NULL;
    }
    return replay_keep(replay, record);
}

static void replay_commit(struct replay *replay, uint64_t commit)
{
    if (commit > replay->commit && commit <= replay->last_index)
        replay->commit = commit;
}

const char *replay_apply(struct replay *replay, const struct record *record)
{
    switch (record->type) {
    case RECORD_ENTRY:
        return replay_entry(replay, record);
    case RECORD_RESET:
        replay_reset(replay, record->index, record->term);
        return NULL;
    case RECORD_COMMIT:
        replay_commit(replay, record->commit);
        return NULL;
    case RECORD_MARK:
        if (record->index != replay->last_index || record->term != replay->last_term)
            return "damaged: a mark that does not fit the entry before it";
        replay_commit(replay, record->commit);
        return NULL;
    case RECORD_BEGIN:
        break;
    }
    return "damaged: the beginning of a segment in its middle";
}

uint64_t replay_term_at(const struct replay *replay, uint64_t index)
{
    if (index == replay->last_index)
        return replay->last_term;
    if (index == replay->base_index)
        return replay->base_term;
    if (index < replay->base_index || index > replay->last_index)
        return 0;
    if (index == replay->after)
        return replay->after_term;
    if (replay->count > 0 && index >= replay->entries[0].index)
        return replay->entries[index - replay->entries[0].index].term;
    return 0;
}
