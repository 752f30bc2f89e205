/* What a store must do, too simple to be wrong: plain arrays, searched from the front. */
#ifndef CLEAT_TESTS_UNIT_STORE_MODEL_STATE_H
#define CLEAT_TESTS_UNIT_STORE_MODEL_STATE_H

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "protocol/transaction.h"
#include "store/state.h"

enum { FILES_MAX = 3000, NUMBERS_MAX = 1000, VALUE_MAX = 60, NAME_SIZE_MAX = 24, REPEATS_MAX = 4096, PARTS_MAX = 4 };

struct model_file {
    char name[NAME_SIZE_MAX];
    uint64_t version;
    uint64_t created;
    uint64_t expires_ms;
    size_t value_size;
    uint8_t value[VALUE_MAX];
};

/* Of a transaction. */
struct model_parts {
    size_t count;
    struct command at[PARTS_MAX];
};

struct model_gateway {
    uint32_t id;
    uint64_t nonce;
    uint64_t epoch;
    uint64_t applied;
    uint64_t lowest;
    struct outcome outcomes[NUMBERS_MAX + 1]; /* by number */
};

struct model_repeat {
    uint8_t token[COMMAND_TOKEN_SIZE];
    uint64_t time_ms;
    struct decision result;
};

struct model {
    uint64_t index;
    uint64_t time_ms;
    uint64_t revision;
    size_t file_count;
    size_t gateway_count;
    size_t repeat_count;
    struct model_file files[FILES_MAX];
    struct model_gateway gateways[STORE_GATEWAYS_MAX];
    struct model_repeat repeats[REPEATS_MAX];
};

static inline struct model_file *model_find(struct model *model, const uint8_t *name, size_t name_size)
{
    for (size_t i = 0; i < model->file_count; i++) {
        struct model_file *file = &model->files[i];
        if (strlen(file->name) == name_size && memcmp(file->name, name, name_size) == 0)
            return file;
    }
    return NULL;
}

static inline void model_remove(struct model *model, struct model_file *file)
{
    *file = model->files[--model->file_count];
}

static inline bool model_due(const struct model *model, const struct model_file *file)
{
    return file->expires_ms != 0 && file->expires_ms <= model->time_ms;
}

/* True where A falls due before B. */
static inline bool model_sooner(const struct model_file *a, const struct model_file *b)
{
    if (a->expires_ms != b->expires_ms)
        return a->expires_ms < b->expires_ms;
    return a->version != b->version ? a->version < b->version : strcmp(a->name, b->name) < 0;
}

/* The file that falls due first, or NULL. */
static inline struct model_file *model_first_due(struct model *model)
{
    struct model_file *first = NULL;
    for (size_t i = 0; i < model->file_count; i++) {
        struct model_file *file = &model->files[i];
        if (file->expires_ms != 0 && (!first || model_sooner(file, first)))
            first = file;
    }
    return first;
}

/* The file of that name, which expires now if it is due. */
static inline struct model_file *model_look(struct model *model, const uint8_t *name, size_t name_size)
{
    struct model_file *file = model_find(model, name, name_size);
    if (!file || !model_due(model, file))
        return file;
    model->revision++;
    model_remove(model, file);
    return NULL;
}

/* The number in FILE: true if there is one. A line end behind it does not matter. */
static inline bool model_number(const struct model_file *file, int64_t *number)
{
    char text[VALUE_MAX + 1] = "0";
    if (file) {
        memcpy(text, file->value, file->value_size);
        text[file->value_size] = '\0';
    }
    char *end = text + strlen(text);
    if (end > text && end[-1] == '\n')
        *--end = '\0';
    if (end > text && end[-1] == '\r')
        *--end = '\0';
    const char *digits = text + (text[0] == '-');
    errno = 0;
    *number = strtoll(text, NULL, 10);
    return *digits != '\0' && digits[strspn(digits, "0123456789")] == '\0' && errno == 0;
}

/* Likewise for a swap: *MOVED is what the other file then is. */
static inline struct decision model_swap(struct model *model, const struct command *change, struct model_file *made,
                                         struct model_file *moved)
{
    const struct model_file none = {.version = 0}, *found = model_look(model, change->name, change->name_size);
    struct model_file file = found ? *found : none; /* the arrays move when something expires */
    found = model_look(model, change->source, change->source_size);
    struct model_file other = found ? *found : none;
    if (file.version == 0 || other.version == 0)
        return (struct decision){OUTCOME_NOT_FOUND, 0, file.version == 0 ? 0 : -1};
    if (change->guarded && file.version != change->version)
        return (struct decision){OUTCOME_MISMATCH, file.version, 0};
    if (change->guarded && other.version != change->source_version)
        return (struct decision){OUTCOME_MISMATCH, other.version, -1};
    *made = other;
    *moved = file;
    memcpy(made->name, file.name, sizeof file.name);
    memcpy(moved->name, other.name, sizeof other.name);
    return (struct decision){OUTCOME_WRITTEN, 0, 0};
}

/* What CHANGE, or a condition, comes to; *MADE is the state of its file where it may be made: version 0 for a file that
 * goes. Sets *MOVED to the file that goes beside it. Where it fails, the value is -1 if it is at its source. Nothing is
 * changed but for what expires. */
static inline struct decision model_change(struct model *model, const struct command *change, struct model_file *made,
                                           struct model_file *moved)
{
    if (change->kind == COMMAND_SWAP)
        return model_swap(model, change, made, moved);
    bool has_source = change->kind == COMMAND_COPY || change->kind == COMMAND_MOVE;
    struct model_file source = {.version = 0};
    struct model_file *from = has_source ? model_look(model, change->source, change->source_size) : NULL;
    if (has_source && !from)
        return (struct decision){OUTCOME_NOT_FOUND, 0, -1};
    if (from)
        source = *from; /* the arrays move when something expires */
    struct model_file *file = model_look(model, change->name, change->name_size);
    uint64_t version = file ? file->version : 0;
    bool present = change->kind == COMMAND_DELETE || change->kind == COMMAND_TOUCH ||
                   change->kind == COMMAND_IF_PRESENT;
    if (present && !file)
        return (struct decision){OUTCOME_NOT_FOUND, 0, 0};
    if ((change->guarded || change->kind == COMMAND_CAS || change->kind == COMMAND_IF_VERSION) &&
        change->version != version)
        return (struct decision){OUTCOME_MISMATCH, version, 0};
    uint64_t expires_ms = change->exptime_s > 0 ? model->time_ms + change->exptime_s * 1000 : 0;
    *made = file ? *file : (struct model_file){.expires_ms = expires_ms};
    memcpy(made->name, change->name, change->name_size);
    *moved = (struct model_file){.version = 0};
    made->version = 1; /* the next one; set when it is made */
    int64_t number;
    switch (change->kind) {
    case COMMAND_WRITE:
    case COMMAND_CAS:
        made->value_size = 0;
        made->expires_ms = expires_ms;
        break;
    case COMMAND_TOUCH:
        made->version = version;
        made->expires_ms = expires_ms;
        return (struct decision){OUTCOME_WRITTEN, version, 0};
    case COMMAND_DELETE:
        made->version = 0;
        return (struct decision){OUTCOME_DELETED, 0, 0};
    case COMMAND_INCR:
        if (!model_number(file, &number) || __builtin_add_overflow(number, change->delta, &number))
            return (struct decision){OUTCOME_NOT_A_NUMBER, 0, 0};
        made->value_size = (size_t)snprintf((char *)made->value, VALUE_MAX, "%" PRId64, number);
        return (struct decision){OUTCOME_COUNTED, 0, number};
    case COMMAND_COPY:
    case COMMAND_MOVE:
        memcpy(made->value, source.value, source.value_size);
        made->value_size = source.value_size;
        made->expires_ms = source.expires_ms;
        if (change->kind == COMMAND_MOVE)
            *moved = source;
        return (struct decision){OUTCOME_WRITTEN, 0, file ? 0 : 1};
    default:
        break;
    }
    if (made->value_size + change->value_size > VALUE_MAX)
        return (struct decision){OUTCOME_TOO_BIG, 0, 0};
    if (change->value_size > 0)
        memcpy(made->value + made->value_size, change->value, change->value_size);
    made->value_size += change->value_size;
    return (struct decision){OUTCOME_WRITTEN, 0, file ? 0 : 1};
}

/* MADE takes the place of what it was, as VERSION unless it keeps its own. */
static inline void model_put(struct model *model, const struct command *change, const struct model_file *made,
                             const struct model_file *moved, uint64_t version)
{
    struct model_file *file = model_find(model, change->name, change->name_size);
    if (made->version == 0) {
        model_remove(model, file);
    } else {
        ensure(model->file_count < FILES_MAX || file);
        if (!file) {
            file = &model->files[model->file_count++];
            *file = (struct model_file){.created = version};
        }
        uint64_t created = file->created;
        *file = *made;
        file->created = created;
        if (change->kind != COMMAND_TOUCH)
            file->version = version;
    }
    if (moved->version == 0)
        return;
    struct model_file *other = model_find(model, (const uint8_t *)moved->name, strlen(moved->name));
    if (change->kind == COMMAND_MOVE) {
        model_remove(model, other);
    } else {
        uint64_t created = other->created;
        *other = *moved;
        other->created = created;
        other->version = version;
    }
}

/* What model_change says of what failed, as the COUNTth part. */
static inline int64_t model_place(struct decision failed, size_t count)
{
    return failed.value < 0 ? -(int64_t)count : (int64_t)count;
}

static inline struct decision model_single(struct model *model, const struct command *change)
{
    struct model_file made, moved;
    struct decision result = model_change(model, change, &made, &moved);
    if (result.code != OUTCOME_WRITTEN && result.code != OUTCOME_DELETED && result.code != OUTCOME_COUNTED) {
        result.value = change->kind == COMMAND_SWAP ? model_place(result, 1) : 0;
        return result;
    }
    if (change->kind != COMMAND_TOUCH)
        result.version = ++model->revision;
    model_put(model, change, &made, &moved, model->revision);
    return result;
}

static inline bool model_is_condition(const struct command *part)
{
    return part->kind == COMMAND_IF_VERSION || part->kind == COMMAND_IF_PRESENT;
}

static inline struct decision model_transaction(struct model *model, const struct model_parts *parts)
{
    struct model_file made[PARTS_MAX], moved[PARTS_MAX];
    for (size_t i = 0; i < parts->count; i++) {
        struct decision result = model_change(model, &parts->at[i], &made[i], &moved[i]);
        if (result.code != OUTCOME_WRITTEN && result.code != OUTCOME_DELETED && result.code != OUTCOME_COUNTED)
            return (struct decision){result.code, result.version, model_place(result, i + 1)};
    }
    model->revision++;
    for (size_t i = 0; i < parts->count; i++)
        if (!model_is_condition(&parts->at[i]))
            model_put(model, &parts->at[i], &made[i], &moved[i], model->revision);
    return (struct decision){OUTCOME_WRITTEN, model->revision, 0};
}

static inline struct decision model_once(struct model *model, const struct command *command,
                                         const struct model_parts *parts)
{
    if (command->kind == COMMAND_SKIP)
        return (struct decision){OUTCOME_SKIPPED, 0, 0};
    for (size_t i = model->repeat_count; command->token && i-- > 0;) {
        const struct model_repeat *repeat = &model->repeats[i];
        if (memcmp(repeat->token, command->token, COMMAND_TOKEN_SIZE) == 0 &&
            model->time_ms - repeat->time_ms <= STORE_TOKENS_S * 1000)
            return repeat->result;
    }
    struct decision result =
        command->kind == COMMAND_TXN ? model_transaction(model, parts) : model_single(model, command);
    if (command->token) {
        ensure(model->repeat_count < REPEATS_MAX);
        struct model_repeat *repeat = &model->repeats[model->repeat_count++];
        memcpy(repeat->token, command->token, COMMAND_TOKEN_SIZE);
        repeat->time_ms = model->time_ms;
        repeat->result = result;
    }
    return result;
}

static inline struct model_gateway *model_gateway(struct model *model, uint32_t id)
{
    for (size_t i = 0; i < model->gateway_count; i++) {
        if (model->gateways[i].id == id)
            return &model->gateways[i];
    }
    return NULL;
}

static inline struct outcome model_open(struct model *model, const struct command *command)
{
    struct model_gateway *gateway = model_gateway(model, command->gateway);
    struct outcome outcome = {OUTCOME_NONE, command->gateway, gateway ? gateway->epoch : 0, 0, 0, 0};
    if ((gateway && gateway->nonce == command->epoch) || (!gateway && model->gateway_count == STORE_GATEWAYS_MAX))
        return outcome;
    if (!gateway)
        gateway = &model->gateways[model->gateway_count++];
    gateway->id = command->gateway;
    gateway->nonce = command->epoch;
    gateway->epoch = model->index;
    gateway->applied = 0;
    gateway->lowest = 1;
    outcome.code = OUTCOME_OPENED;
    outcome.epoch = model->index;
    return outcome;
}

static inline struct outcome model_numbered(struct model *model, const struct command *command,
                                            const struct model_parts *parts)
{
    struct model_gateway *gateway = model_gateway(model, command->gateway);
    struct outcome outcome = {OUTCOME_NONE, command->gateway, command->epoch, command->number, 0, 0};
    if (!gateway || gateway->epoch != command->epoch || gateway->applied + 1 != command->number)
        return outcome;
    struct decision result = model_once(model, command, parts);
    outcome.code = result.code;
    outcome.version = result.version;
    outcome.value = result.value;
    gateway->outcomes[++gateway->applied] = outcome;
    if (command->lowest <= command->number && command->lowest > gateway->lowest)
        gateway->lowest = command->lowest;
    return outcome;
}

/* COMMAND is NULL for an entry that is none. PARTS are those of a transaction, as they were drawn: the model does not
 * read them from what the store's own encoder made of them. */
static inline struct outcome model_apply(struct model *model, uint64_t time_ms, const struct command *command,
                                         const struct model_parts *parts)
{
    model->index++;
    if (time_ms > model->time_ms)
        model->time_ms = time_ms;
    struct outcome outcome = {OUTCOME_NONE, 0, 0, 0, 0, 0};
    if (command && command->kind == COMMAND_OPEN)
        outcome = model_open(model, command);
    else if (command && command->kind != COMMAND_TICK)
        outcome = model_numbered(model, command, parts);
    for (int i = 0; i < STORE_SWEEP_MAX; i++) {
        struct model_file *file = model_first_due(model);
        if (!file || !model_due(model, file))
            break;
        model->revision++;
        model_remove(model, file);
    }
    return outcome;
}

#endif
