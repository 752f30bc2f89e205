#include "sim/oracle_change.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"
#include "sim/oracle_feed.h"
#include "sim/oracle_files.h"

enum { NUMBER_MAX = 24 }; /* no number of the workload's is longer */

/* --- looking ------------------------------------------------------------------------------------------------------ */

static bool number_in(const struct oracle_file *file, int64_t *number)
{
    char text[NUMBER_MAX + 1] = "0", *end;
    struct oracle_state state = oracle_last(file);
    if (state.version > 0 && (state.size == 0 || state.size > NUMBER_MAX))
        return false;
    if (state.version > 0) {
        memcpy(text, file->contents, state.size);
        text[state.size] = '\0';
    }
    errno = 0;
    *number = strtoll(text, &end, 10); /* the workload makes none with blanks or a plus sign before it */
    return *end == '\0' && end > text && errno == 0;
}

/* Likewise a swap: at which of its files. */
static struct decision look_swap(struct oracle *oracle, const struct change *change, bool *of_source)
{
    uint64_t version = oracle_last(oracle_look_up(oracle, change->name, change->name_size)).version;
    uint64_t other = oracle_last(oracle_look_up(oracle, change->contents, change->contents_size)).version;
    bool fits = !change->exact || version == change->version;
    bool other_fits = !change->exact || other == change->source_version;
    *of_source = version > 0 && (other == 0 || fits);
    if (version == 0 || other == 0)
        return (struct decision){OUTCOME_NOT_FOUND, 0, 0};
    if (!fits || !other_fits)
        return (struct decision){OUTCOME_MISMATCH, fits ? other : version, 0};
    return (struct decision){OUTCOME_NONE, 0, 0};
}

/* How CHANGE, or a condition, fails now; or NONE. *OF_SOURCE: at its source. */
static struct decision look(struct oracle *oracle, const struct change *change, bool *of_source)
{
    const struct decision absent = {OUTCOME_NOT_FOUND, 0, 0};
    if (change->kind == COMMAND_SWAP)
        return look_swap(oracle, change, of_source);
    *of_source = change_has_source(change) &&
                 oracle_last(oracle_look_up(oracle, change->contents, change->contents_size)).version == 0;
    if (*of_source)
        return absent;
    struct oracle_file *file = oracle_look_up(oracle, change->name, change->name_size);
    struct oracle_state state = oracle_last(file);
    bool wants = change->kind == COMMAND_DELETE || change->kind == COMMAND_TOUCH || change->kind == COMMAND_IF_PRESENT;
    if (wants && state.version == 0)
        return absent;
    if (change->exact && state.version != change->version)
        return (struct decision){OUTCOME_MISMATCH, state.version, 0};
    if (change->kind == COMMAND_APPEND && state.size + change->contents_size > oracle->value_max_bytes)
        return (struct decision){OUTCOME_TOO_BIG, 0, 0};
    int64_t number;
    if (change->kind == COMMAND_INCR &&
        (!number_in(file, &number) || __builtin_add_overflow(number, change->delta, &number)))
        return (struct decision){OUTCOME_NOT_A_NUMBER, 0, 0};
    return (struct decision){OUTCOME_NONE, 0, 0};
}

/* Bytes that CHANGE, of which look said NONE, adds as a copy. */
static uint64_t growth(struct oracle *oracle, const struct change *change)
{
    if (change->kind != COMMAND_COPY)
        return 0;
    return change->name_size + oracle_last(oracle_file_of(oracle, change->contents, change->contents_size)).size;
}

static bool has_room(const struct oracle *oracle, uint64_t more)
{
    return more == 0 || oracle->used_bytes + more <= oracle->memory_max_bytes;
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static void set_contents(struct oracle_file *file, struct oracle_state *state, const void *bytes, size_t size)
{
    uint8_t *contents = memory_get(size + 1);
    if (size > 0)
        memcpy(contents, bytes, size);
    free(file->contents);
    file->contents = contents;
    state->size = size;
    state->hash = hash_bytes(contents, size, 0);
}

static void set_expiry(struct oracle *oracle, struct oracle_file *file, struct oracle_state *state, uint64_t life_s)
{
    const struct oracle_entry *entry = &oracle->entries[oracle->count];
    state->expires_ms = life_s > 0 ? entry->time_ms + life_s * 1000 : 0;
    file->life_ms = life_s * 1000;
    file->sent_us = life_s > 0 ? oracle_sent_us(oracle, entry->digest) : UINT64_MAX;
}

static void append_to(struct oracle_file *file, struct oracle_state *state, const struct change *change)
{
    size_t old_size = state->version > 0 ? state->size : 0;
    uint8_t *both = memory_get(old_size + change->contents_size + 1);
    if (old_size > 0)
        memcpy(both, file->contents, old_size);
    if (change->contents_size > 0)
        memcpy(both + old_size, change->contents, change->contents_size);
    set_contents(file, state, both, old_size + change->contents_size);
    free(both);
}

/* FILE gets what the file of CHANGE has, which goes if it is moved. */
static void copy_to(struct oracle *oracle, struct oracle_file *file, struct oracle_state *state,
                    const struct change *change)
{
    struct oracle_file *source = oracle_file_of(oracle, change->contents, change->contents_size);
    set_contents(file, state, source->contents, oracle_last(source).size);
    state->expires_ms = oracle_last(source).expires_ms;
    file->sent_us = source->sent_us;
    file->life_ms = source->life_ms;
    if (change->kind == COMMAND_MOVE)
        oracle_put(oracle, source, (struct oracle_state){0});
}

/* FILE and the other one of CHANGE exchange what they hold; the other one's is put as VERSION. */
static void exchange(struct oracle *oracle, struct oracle_file *file, struct oracle_state *state,
                     const struct change *change, uint64_t version)
{
    struct oracle_file *other = oracle_file_of(oracle, change->contents, change->contents_size);
    struct oracle_state was = *state, others = oracle_last(other);
    uint8_t *contents = file->contents;
    uint64_t sent_us = file->sent_us, life_ms = file->life_ms;
    *state = others;
    state->created = was.created;
    file->contents = other->contents;
    file->sent_us = other->sent_us;
    file->life_ms = other->life_ms;
    was.created = others.created;
    was.version = version;
    other->contents = contents;
    other->sent_us = sent_us;
    other->life_ms = life_ms;
    oracle_put(oracle, other, was);
}

/* Adds to the number in FILE, and returns the sum. */
static int64_t add_to(struct oracle_file *file, struct oracle_state *state, int64_t delta)
{
    int64_t number = 0;
    char text[NUMBER_MAX];
    ensure(number_in(file, &number));
    number += delta;
    set_contents(file, state, text, (size_t)snprintf(text, sizeof text, "%" PRId64, number));
    return number;
}

/* Makes CHANGE, of which look said NONE, as VERSION. */
static struct decision make(struct oracle *oracle, const struct change *change, uint64_t version)
{
    struct oracle_file *file = oracle_file_of(oracle, change->name, change->name_size);
    struct oracle_state state = oracle_last(file);
    struct decision result = {OUTCOME_WRITTEN, version, 0};
    bool is_new = state.version == 0, renews = false;
    uint64_t moved = 0; /* the version of what was moved here */
    switch (change->kind) {
    case COMMAND_DELETE:
        oracle_put(oracle, file, (struct oracle_state){0});
        oracle_tell_removed(oracle, file, state.version, false);
        return (struct decision){OUTCOME_DELETED, version, 0};
    case COMMAND_TOUCH:
        set_expiry(oracle, file, &state, change->exptime_s);
        oracle_put(oracle, file, state);
        return (struct decision){OUTCOME_WRITTEN, state.version, 0};
    case COMMAND_APPEND:
        append_to(file, &state, change);
        renews = is_new;
        break;
    case COMMAND_INCR:
        result = (struct decision){OUTCOME_COUNTED, version, add_to(file, &state, change->delta)};
        renews = is_new;
        break;
    case COMMAND_COPY:
    case COMMAND_MOVE:
        moved = oracle_last(oracle_file_of(oracle, change->contents, change->contents_size)).version;
        copy_to(oracle, file, &state, change);
        break;
    case COMMAND_SWAP:
        exchange(oracle, file, &state, change, version);
        break;
    default:
        set_contents(file, &state, change->contents, change->contents_size);
        renews = true;
    }
    if (renews)
        set_expiry(oracle, file, &state, change->exptime_s);
    state.version = version;
    state.created = is_new ? version : state.created;
    oracle_put(oracle, file, state);
    oracle_tell_changed(oracle, file);
    if (change->kind == COMMAND_SWAP)
        oracle_tell_changed(oracle, oracle_file_of(oracle, change->contents, change->contents_size));
    if (change->kind == COMMAND_MOVE)
        oracle_tell_removed(oracle, oracle_file_of(oracle, change->contents, change->contents_size), moved, false);
    return result;
}

/* --- one, or several as one --------------------------------------------------------------------------------------- */

/* The file at which CHANGE failed. */
static const struct oracle_file *failed_at(struct oracle *oracle, const struct change *change, bool of_source)
{
    return of_source ? oracle_file_of(oracle, change->contents, change->contents_size)
                     : oracle_file_of(oracle, change->name, change->name_size);
}

/* It is there from the start: nothing is raised, and who asks is told. */
static struct decision raise_to(struct oracle *oracle, uint64_t level)
{
    if (level > ORACLE_LEVEL)
        oracle->wrong = "the level is raised above what all nodes know";
    return (struct decision){OUTCOME_LEVEL, 0, ORACLE_LEVEL};
}

struct decision oracle_change(struct oracle *oracle, const struct asked *asked)
{
    if (asked->changes[0].kind == COMMAND_RAISE)
        return raise_to(oracle, asked->changes[0].level);
    uint64_t more = 0;
    for (size_t i = 0; i < asked->count; i++) {
        const struct change *change = &asked->changes[i];
        bool of_source = false;
        struct decision failed = look(oracle, change, &of_source);
        if (failed.code == OUTCOME_NONE) {
            more += growth(oracle, change);
            continue;
        }
        if (asked->transaction || change->kind == COMMAND_SWAP)
            oracle->entries[oracle->count].failed = failed_at(oracle, change, of_source);
        return failed;
    }
    if (!has_room(oracle, more))
        return (struct decision){OUTCOME_FULL, 0, 0};
    if (!asked->transaction) {
        bool keeps = asked->changes[0].kind == COMMAND_TOUCH;
        return make(oracle, &asked->changes[0], keeps ? 0 : oracle_take_revision(oracle));
    }
    uint64_t version = oracle_take_revision(oracle);
    for (size_t i = 0; i < asked->count; i++)
        if (!change_is_condition(&asked->changes[i]))
            make(oracle, &asked->changes[i], version);
    return (struct decision){OUTCOME_WRITTEN, version, 0};
}
