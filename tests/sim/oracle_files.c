#include "sim/oracle_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "sim/oracle_feed.h"

/* --- files -------------------------------------------------------------------------------------------------------- */

static int compare_names(const void *a, size_t a_size, const void *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order != 0 ? order : a_size < b_size ? -1 : a_size > b_size;
}

const struct oracle_file *oracle_file(const struct oracle *oracle, const void *name, size_t size)
{
    for (uint32_t i = 0; i < oracle->file_count; i++)
        if (oracle->files[i].name_size == size && memcmp(oracle->files[i].name, name, size) == 0)
            return &oracle->files[i];
    return NULL;
}

const struct oracle_state *oracle_state(const struct oracle_file *file, uint64_t index)
{
    size_t at = file->count;
    while (file->states[--at].index > index)
        ensure(at > 0);
    return &file->states[at];
}

struct oracle_state oracle_last(const struct oracle_file *file)
{
    return file->states[file->count - 1];
}

void oracle_put(struct oracle *oracle, struct oracle_file *file, struct oracle_state state)
{
    struct oracle_state before = file->count > 0 ? oracle_last(file) : (struct oracle_state){0};
    oracle->used_bytes -= before.version > 0 ? file->name_size + before.size : 0;
    oracle->used_bytes += state.version > 0 ? file->name_size + state.size : 0;
    if (oracle->used_bytes > oracle->most_bytes)
        oracle->most_bytes = oracle->used_bytes;
    state.index = oracle->count;
    if (file->count > 0 && file->states[file->count - 1].index == state.index)
        file->count--;
    if (file->count == file->capacity) {
        file->capacity = file->capacity > 0 ? 2 * file->capacity : 16;
        file->states = memory_resize(file->states, file->capacity, sizeof *file->states);
    }
    file->states[file->count++] = state;
}

struct oracle_file *oracle_file_of(struct oracle *oracle, const uint8_t *name, size_t size)
{
    struct oracle_file *file = (struct oracle_file *)(uintptr_t)oracle_file(oracle, name, size);
    if (file)
        return file;
    ensure(oracle->file_count < ORACLE_FILES_MAX);
    file = &oracle->files[oracle->file_count];
    memcpy(file->name, name, size);
    file->name_size = size;
    uint64_t present = oracle->count;
    oracle->count = 0;
    oracle_put(oracle, file, (struct oracle_state){0});
    oracle->count = present;
    uint32_t place = oracle->file_count++;
    for (; place > 0; place--) {
        const struct oracle_file *before = &oracle->files[oracle->order[place - 1]];
        if (compare_names(before->name, before->name_size, name, size) < 0)
            break;
        oracle->order[place] = oracle->order[place - 1];
    }
    oracle->order[place] = oracle->file_count - 1;
    return file;
}

uint64_t oracle_take_revision(struct oracle *oracle)
{
    uint64_t revision = ++oracle->entries[oracle->count].revision;
    if (revision == oracle->taken_capacity) {
        oracle->taken_capacity *= 2;
        oracle->taken = memory_resize(oracle->taken, oracle->taken_capacity, sizeof *oracle->taken);
    }
    oracle->taken[revision] = oracle->count;
    return revision;
}

uint64_t oracle_taken(const struct oracle *oracle, uint64_t revision)
{
    if (revision == 0)
        return 0;
    return revision <= oracle->entries[oracle->count].revision ? oracle->taken[revision] : UINT64_MAX;
}

/* --- expiry ------------------------------------------------------------------------------------------------------- */

static bool is_due(const struct oracle *oracle, const struct oracle_file *file)
{
    struct oracle_state state = oracle_last(file);
    return state.version > 0 && state.expires_ms > 0 && state.expires_ms <= oracle->entries[oracle->count].time_ms;
}

static void expire(struct oracle *oracle, struct oracle_file *file)
{
    uint64_t life_us = file->life_ms * 1000;
    life_us -= life_us * oracle->drift_ppm / 1000000 + oracle->slack_us;
    if (file->sent_us != UINT64_MAX && life_us < file->life_ms * 1000 && *oracle->now_us < file->sent_us + life_us)
        oracle->wrong = "a file expired before its time";
    uint64_t version = oracle_last(file).version;
    oracle_take_revision(oracle);
    oracle_put(oracle, file, (struct oracle_state){0});
    oracle_tell_removed(oracle, file, version, true);
}

void oracle_sweep(struct oracle *oracle)
{
    for (int i = 0; i < STORE_SWEEP_MAX; i++) {
        struct oracle_file *first = NULL;
        for (uint32_t j = 0; j < oracle->file_count; j++) {
            struct oracle_file *file = &oracle->files[oracle->order[j]];
            if (!is_due(oracle, file))
                continue;
            struct oracle_state one = oracle_last(file), other = first ? oracle_last(first) : one;
            if (!first || one.expires_ms < other.expires_ms ||
                (one.expires_ms == other.expires_ms && one.version < other.version))
                first = file;
        }
        if (!first)
            return;
        expire(oracle, first);
    }
}

struct oracle_file *oracle_look_up(struct oracle *oracle, const uint8_t *name, size_t size)
{
    struct oracle_file *file = oracle_file_of(oracle, name, size);
    if (is_due(oracle, file))
        expire(oracle, file);
    return file;
}
