#include "sim/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"
#include "sim/connection.h"
#include "sim/verb_operation.h"
#include "sim/world.h"

void verbs_close(struct world *world)
{
    struct verbs *verbs = &world->verbs;
    for (size_t i = 0; i < verbs->count; i++) {
        buffer_close(&verbs->operations[i].text);
    }
    free(verbs->operations);
}

size_t verbs_draw(struct world *world, struct client *client)
{
    struct verbs *verbs = &world->verbs;
    if (client->again > 0) { /* only a client that got another connection comes here with one */
        size_t number = client->again - 1;
        client->again = 0;
        verbs->repeated++;
        return number;
    }
    if (verbs->count == verbs->capacity) {
        verbs->capacity = verbs->capacity > 0 ? 2 * verbs->capacity : 256;
        verbs->operations = memory_resize(verbs->operations, verbs->capacity, sizeof *verbs->operations);
    }
    verb_operation_draw(world, &verbs->operations[verbs->count], verbs->count);
    return verbs->count++;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void verbs_send(struct world *world, struct client *client, size_t number, struct buffer *out)
{
    struct verb_operation *operation = &world->verbs.operations[number];
    const struct machine *machine = client->connection->machine;
    buffer_append(out, buffer_start(&operation->text), buffer_size(&operation->text));
    if (operation->tries++ == 0) {
        operation->floor = operation->stale ? 0 : world->verbs.floor;
        if (operation->digest != 0)
            operation->request = oracle_asked(&world->oracle, operation->digest);
    } else if (operation->digest != 0) {
        oracle_asked_again(&world->oracle, operation->request);
    }
    operation->life = machine->life;
    story_tell(&world->story, 1, client->name, "try %u: %.*s", operation->tries,
               (int)strcspn((const char *)buffer_start(&operation->text), "\r\n"),
               (const char *)buffer_start(&operation->text));
    if (operation->stale && machine->stale_life == machine->life)
        operation->floor = machine->stale_floor;
}

void verbs_unknown(struct world *world, struct client *client, size_t number)
{
    const struct verb_operation *operation = &world->verbs.operations[number];
    if (operation->has_token && client->again == 0 && operation->tries < TRIES_MAX)
        client->again = number + 1;
}

/* Entry INDEX was shown on CONNECTION. */
static void show(struct world *world, struct connection *connection, uint64_t index, bool stale)
{
    struct machine *machine = connection->machine;
    connection->shown = larger(connection->shown, index);
    if (!stale) {
        world->verbs.floor = larger(world->verbs.floor, index);
        return;
    }
    if (connection->life != machine->life)
        return;
    machine->stale_floor = machine->stale_life == machine->life ? larger(machine->stale_floor, index) : index;
    machine->stale_life = machine->life;
}

void verbs_learn(struct world *world, struct connection *connection, uint64_t version)
{
    uint64_t index = oracle_taken(&world->oracle, version);
    if (index != UINT64_MAX)
        show(world, connection, index, false);
}

static _Noreturn void impossible(struct world *world, const struct connection *connection, size_t number,
                                 const struct answer *answer, const char *why)
{
    struct verb_operation *operation = &world->verbs.operations[number];
    char text[120];
    size_t size = buffer_size(&operation->text) < sizeof text ? buffer_size(&operation->text) : sizeof text - 1;
    memcpy(text, buffer_start(&operation->text), size);
    text[size] = '\0';
    for (char *at = text; *at; at++)
        if (*at < ' ')
            *at = '|';
    world_fail(world,
               "%s: connection %llu got %s version %llu value %lld to '%s' (try %u, after entry %llu of %llu): %s",
               connection->machine->name, (unsigned long long)connection->id, answer->code,
               (unsigned long long)answer->version, (long long)answer->value, text, operation->tries,
               (unsigned long long)operation->floor, (unsigned long long)world->oracle.count, why);
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

/* True where who asked for ENTRY is told ANSWER. */
static bool tells(const struct oracle_entry *entry, const struct answer *answer)
{
    const struct decision *result = &entry->result;
    bool named = entry->failed ? strlen(answer->name) == entry->failed->name_size &&
                                     memcmp(answer->name, entry->failed->name, entry->failed->name_size) == 0
                               : answer->name[0] == '\0';
    switch (result->code) {
    case OUTCOME_WRITTEN:
        return answer->kind == ANSWER_OK_VERSION && answer->version == result->version;
    case OUTCOME_COUNTED:
        return answer->kind == ANSWER_OK_VALUE && answer->version == result->version && answer->value == result->value;
    case OUTCOME_LEVEL:
        return answer->kind == ANSWER_OK_VERSION && answer->version == (uint64_t)result->value;
    case OUTCOME_DELETED:
        return answer->kind == ANSWER_OK;
    case OUTCOME_NOT_FOUND:
        return answer->kind == ANSWER_NOT_FOUND && named;
    case OUTCOME_MISMATCH:
        return answer->kind == ANSWER_VERSION && answer->version == result->version && named;
    case OUTCOME_TOO_BIG:
        return strcmp(answer->code, "ERR_TOO_BIG") == 0;
    case OUTCOME_NOT_A_NUMBER:
        return strcmp(answer->code, "ERR_NOT_A_NUMBER") == 0;
    case OUTCOME_FULL:
        return strcmp(answer->code, "ERR_STORE_FULL") == 0;
    default:
        return false;
    }
}

/* The first entry behind FLOOR that OPERATION may be; 0: none. Another client may have asked for the very same, and
 * been told of the same entry: which of two was whose cannot be told, and what they did is compared anyway. */
static uint64_t find_entry(const struct oracle *oracle, const struct verb_operation *operation, uint64_t floor,
                           const struct answer *answer)
{
    uint64_t found = 0;
    for (uint64_t index = oracle->buckets[operation->digest % ORACLE_BUCKETS]; index > floor;
         index = oracle->entries[index].older) {
        const struct oracle_entry *entry = &oracle->entries[index];
        if (entry->digest == operation->digest && tells(entry, answer))
            found = index;
    }
    return found;
}

/* The entry that ANSWER to a change is of; 0: there is none. */
static uint64_t decided_by(const struct world *world, const struct connection *connection,
                           const struct verb_operation *operation, const struct answer *answer)
{
    uint64_t floor = operation->tries > 1 ? operation->floor : larger(operation->floor, connection->shown);
    return find_entry(&world->oracle, operation, floor, answer);
}

static void judge_change(struct world *world, struct connection *connection, size_t number,
                         const struct answer *answer)
{
    uint64_t index = decided_by(world, connection, &world->verbs.operations[number], answer);
    if (index == 0)
        impossible(world, connection, number, answer, "no entry of the log comes to that");
    show(world, connection, index, false);
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

/* True if REMAINING_S can be what is left of a life that ends at EXPIRES_MS, as of an entry at TIME_MS or later. */
static bool remains(uint64_t remaining_s, uint64_t expires_ms, uint64_t time_ms)
{
    if (expires_ms == 0)
        return remaining_s == 0;
    uint64_t most_s = expires_ms > time_ms ? (expires_ms - time_ms + 999) / 1000 : 1;
    return remaining_s >= 1 && remaining_s <= most_s;
}

static bool state_is(const struct oracle *oracle, const struct oracle_state *state, uint64_t index,
                     const struct answer *answer)
{
    if (answer->kind == ANSWER_NOT_FOUND || state->version == 0)
        return answer->kind == ANSWER_NOT_FOUND && state->version == 0;
    bool same = answer->version == state->version && answer->size == state->size &&
                remains(answer->exptime_s, state->expires_ms, oracle->entries[index].time_ms);
    if (answer->kind == ANSWER_STAT)
        return same && answer->created == state->created && answer->hash == state->hash;
    return same && hash_bytes(answer->bytes, answer->size, 0) == state->hash;
}

/* The first entry from FLOOR on after which NAME was as ANSWER says; UINT64_MAX: none. */
static uint64_t find_state(const struct oracle *oracle, const char *name, uint64_t floor, const struct answer *answer)
{
    const struct oracle_file *file = oracle_file(oracle, name, strlen(name));
    if (!file)
        return answer->kind == ANSWER_NOT_FOUND ? floor : UINT64_MAX;
    for (const struct oracle_state *at = oracle_state(file, floor); at < file->states + file->count; at++) {
        uint64_t index = larger(at->index, floor);
        if (state_is(oracle, at, index, answer))
            return index;
    }
    return UINT64_MAX;
}

/* The listing's next line at *TEXT is EXPECTED and, where STATE is given, what it says of it. */
static bool next_line(const char **text, const char *end, const char *expected, const struct oracle_state *state,
                      uint64_t time_ms)
{
    size_t size = strlen(expected);
    if ((size_t)(end - *text) <= size || memcmp(*text, expected, size) != 0)
        return false;
    *text += size;
    if (state) {
        char *rest;
        uint64_t remaining_s = strtoull(*text, &rest, 10);
        if (rest == *text || !remains(remaining_s, state->expires_ms, time_ms))
            return false;
        *text = rest;
    }
    return *(*text)++ == '\n';
}

/* The size of the folder that NAME is in, as seen from PREFIX; 0: in none. */
static size_t folder_of(const struct verb_operation *operation, const char *name)
{
    if (operation->delimiter == 0)
        return 0;
    const char *end = strchr(name + strlen(operation->name), operation->delimiter);
    return end ? (size_t)(end - name) + 1 : 0;
}

/* Whether the listing in ANSWER is that of the state after entry INDEX. */
static bool list_is(const struct oracle *oracle, const struct verb_operation *operation, uint64_t index,
                    const struct answer *answer)
{
    const char *text = (const char *)answer->bytes, *end = text + answer->size;
    char folder[256] = "";
    uint32_t lines = 0;
    bool more = false;
    size_t after_size = strlen(operation->other);
    for (uint32_t i = 0; i < oracle->file_count && !more; i++) {
        const struct oracle_file *file = &oracle->files[oracle->order[i]];
        const struct oracle_state *state = oracle_state(file, index);
        char name[256], expected[400];
        snprintf(name, sizeof name, "%.*s", (int)file->name_size, (const char *)file->name);
        if (state->version == 0 || strncmp(name, operation->name, strlen(operation->name)) != 0 ||
            (after_size > 0 && strcmp(name, operation->other) <= 0))
            continue;
        size_t folded = folder_of(operation, name);
        bool passed = folded > 0 && folded == after_size && strncmp(name, operation->other, folded) == 0;
        if (passed || (folded > 0 && strncmp(name, folder, folded) == 0 && folder[folded] == '\0'))
            continue;
        more = lines++ == operation->limit;
        if (more)
            break;
        snprintf(folder, sizeof folder, "%.*s", (int)folded, name);
        snprintf(expected, sizeof expected, "%s %llu %llu ", name, (unsigned long long)state->version,
                 (unsigned long long)state->size);
        if (!next_line(&text, end, folded > 0 ? folder : expected, folded > 0 ? NULL : state,
                       oracle->entries[index].time_ms))
            return false;
    }
    return text == end && more == answer->more;
}

/* The first entry from FLOOR on whose state is that of the listing's revision, and of which it is the listing. */
static uint64_t find_list(const struct oracle *oracle, const struct verb_operation *operation, uint64_t floor,
                          const struct answer *answer)
{
    uint64_t from = oracle_taken(oracle, answer->version), next = oracle_taken(oracle, answer->version + 1);
    if (from == UINT64_MAX)
        return UINT64_MAX;
    uint64_t last = next == UINT64_MAX ? oracle->count : next - 1;
    for (uint64_t index = larger(from, floor); index <= last; index++)
        if (list_is(oracle, operation, index, answer))
            return index;
    return UINT64_MAX;
}

static void judge_question(struct world *world, struct connection *connection, size_t number,
                           const struct answer *answer)
{
    const struct verb_operation *operation = &world->verbs.operations[number];
    uint64_t floor = connection->shown;
    if (!operation->stale || operation->life == connection->life)
        floor = larger(floor, operation->floor);
    uint64_t index = answer->kind == ANSWER_LIST ? find_list(&world->oracle, operation, floor, answer)
                                                 : find_state(&world->oracle, operation->name, floor, answer);
    if (index == UINT64_MAX)
        impossible(world, connection, number, answer, "no state since then was like that");
    show(world, connection, index, operation->stale);
}

/* What was refused before it came into the log; the oracle minds that it does not come there after all. */
static enum operation_outcome judge_refusal(struct world *world, struct connection *connection, size_t number,
                                            const struct answer *answer)
{
    bool above = world->verbs.operations[number].above;
    bool upgrade = strcmp(answer->code, "ERR_UPGRADE") == 0;
    bool crowded = strcmp(answer->code, "ERR_BUSY") == 0; /* a node with too many connections says so of any line */
    if (above ? !upgrade && !crowded : upgrade) /* no number is given to it: no other error can come */
        impossible(world, connection, number, answer, "that is not what keeps it from being done");
    if (strcmp(answer->code, "ERR_TIMEOUT") == 0)
        return RESULT_UNKNOWN;
    if (strcmp(answer->code, "ERR_CMD_ERR") == 0)
        impossible(world, connection, number, answer, "nothing was wrong with it");
    if (strcmp(answer->code, "ERR_STORE_FULL") == 0 && !oracle_may_be_full(&world->oracle))
        impossible(world, connection, number, answer, "it was never full");
    return RESULT_REFUSED;
}

/* Errors that an entry of the log came to. A full store is one that was full when the entry was applied, or at whoever
 * took the command. */
static bool is_decided(const struct world *world, const struct connection *connection, size_t number,
                       const struct answer *answer)
{
    if (strcmp(answer->code, "ERR_STORE_FULL") == 0)
        return decided_by(world, connection, &world->verbs.operations[number], answer) > 0;
    return strcmp(answer->code, "ERR_TOO_BIG") == 0 || strcmp(answer->code, "ERR_NOT_A_NUMBER") == 0;
}

enum operation_outcome verbs_answered(struct world *world, struct connection *connection, size_t number,
                                      const struct answer *answer)
{
    const struct verb_operation *operation = &world->verbs.operations[number];
    if (answer->kind == ANSWER_ERROR && !is_decided(world, connection, number, answer))
        return judge_refusal(world, connection, number, answer);
    world->verbs.judged++;
    if (operation->digest != 0) {
        judge_change(world, connection, number, answer);
        return RESULT_OK;
    }
    static const enum answer_kind kinds[] = {
        [VERB_OPERATION_READ] = ANSWER_CONTENTS,
        [VERB_OPERATION_STAT] = ANSWER_STAT,
        [VERB_OPERATION_LIST] = ANSWER_LIST,
    };
    bool missed = answer->kind == ANSWER_NOT_FOUND && operation->kind != VERB_OPERATION_LIST;
    if ((!missed && answer->kind != kinds[operation->kind]) || answer->stale != operation->stale)
        return RESULT_PENDING;
    judge_question(world, connection, number, answer);
    return RESULT_OK;
}
