#include "sim/verb_operation.h"

#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "protocol/transaction.h"
#include "sim/oracle.h"
#include "sim/world.h"

enum { NAMES = 8, COUNTERS = 2, PARTS_MAX = 4, CONTENTS_MAX = 120 };

/* The last ones hold numbers. */
static const char *const names[NAMES] = {"g/a", "g/b", "g/x/c", "g/x/d", "g/x/", "h", "n/1", "n/2"};

static const char *draw_name(struct world *world)
{
    return names[world_between(world, 0, NAMES - COUNTERS - 1)];
}

/* Of any file. */
static void draw_any_name(struct world *world, char name[256])
{
    if (world_chance(world, 500000)) {
        strcpy(name, names[world_between(world, 0, NAMES - 1)]);
        return;
    }
    uint32_t file = (uint32_t)world_between(world, 0, world->profile.files - 1);
    struct buffer text = {0};
    workload_name(&text, file);
    memcpy(name, buffer_start(&text), buffer_size(&text));
    name[buffer_size(&text)] = '\0';
    buffer_close(&text);
}

/* A version that NAME has or had, or none. */
static uint64_t draw_version(struct world *world, const char *name)
{
    const struct oracle_file *file = oracle_file(&world->oracle, name, strlen(name));
    if (!file || world_chance(world, 200000))
        return 0;
    return oracle_state(file, world->oracle.count)->version;
}

/* Where what a change borrows lies. */
struct room {
    char contents[CONTENTS_MAX + 1];
};

static enum command_kind draw_kind(struct world *world, bool is_part)
{
    static const enum command_kind kinds[] = {
        COMMAND_WRITE, COMMAND_WRITE, COMMAND_CAS,  COMMAND_DELETE, COMMAND_TOUCH, COMMAND_TOUCH,      COMMAND_APPEND,
        COMMAND_INCR,  COMMAND_INCR,  COMMAND_COPY, COMMAND_MOVE,   COMMAND_MOVE,  COMMAND_IF_VERSION,
        COMMAND_IF_PRESENT,
    };
    return kinds[world_between(world, 0, is_part ? 13 : 11)];
}

static struct command draw_change(struct world *world, size_t number, bool is_part, struct room *room)
{
    struct command change = {.kind = draw_kind(world, is_part)};
    const char *name = change.kind == COMMAND_INCR ? names[world_between(world, NAMES - COUNTERS, NAMES - 1)]
                                                   : draw_name(world);
    if (change.kind == COMMAND_INCR && world_chance(world, 50000))
        name = draw_name(world);
    change.name = (const uint8_t *)name;
    change.name_size = strlen(name);
    bool copies = change.kind == COMMAND_COPY || change.kind == COMMAND_MOVE;
    if (copies) {
        const char *source = draw_name(world);
        if (source == name)
            source = name == names[0] ? names[1] : names[0];
        change.value = (const uint8_t *)source;
        change.value_size = strlen(source);
    }
    if (change.kind == COMMAND_DELETE || change.kind == COMMAND_TOUCH || copies)
        change.guarded = world_chance(world, 300000);
    if (change.guarded || change.kind == COMMAND_CAS || change.kind == COMMAND_IF_VERSION)
        change.version = draw_version(world, name);
    if (change.kind == COMMAND_INCR)
        change.version = (uint64_t)world_between(world, 0, 20) - 10;
    if (change.kind == COMMAND_WRITE || change.kind == COMMAND_CAS || change.kind == COMMAND_APPEND) {
        int size = snprintf(room->contents, sizeof room->contents, "%zu:%0*d.", number,
                            (int)world_between(world, 1, CONTENTS_MAX - 30), 0);
        change.value = (const uint8_t *)room->contents;
        change.value_size = (size_t)size;
    }
    bool lives = change.kind != COMMAND_DELETE && !copies && change.kind < COMMAND_IF_VERSION;
    if (lives && world_chance(world, 500000))
        change.exptime_s = world_between(world, 1, 5);
    return change;
}

static void say(struct buffer *out, const char *word, size_t size)
{
    buffer_append_text(out, " ");
    buffer_append(out, word, size);
}

static void say_number(struct buffer *out, uint64_t number)
{
    buffer_append_text(out, " ");
    buffer_append_number(out, number);
}

/* CHANGE as a line, with LAST (once=... or nothing) at its end, and its contents. */
static void say_change(struct buffer *out, const struct command *change, const char *last)
{
    static const char *const verbs[COMMAND_KIND_END] = {
        [COMMAND_WRITE] = "write",   [COMMAND_CAS] = "cas",   [COMMAND_DELETE] = "delete", [COMMAND_TOUCH] = "touch",
        [COMMAND_APPEND] = "append", [COMMAND_INCR] = "incr", [COMMAND_COPY] = "copy",     [COMMAND_MOVE] = "move",
        [COMMAND_IF_VERSION] = "if", [COMMAND_IF_PRESENT] = "if",
    };
    bool copies = change->kind == COMMAND_COPY || change->kind == COMMAND_MOVE;
    bool contents = change->kind == COMMAND_WRITE || change->kind == COMMAND_CAS || change->kind == COMMAND_APPEND;
    buffer_append_text(out, verbs[change->kind]);
    if (copies)
        say(out, (const char *)change->value, change->value_size);
    say(out, (const char *)change->name, change->name_size);
    if (change->kind == COMMAND_IF_PRESENT)
        say(out, "present", 7);
    if (change->kind != COMMAND_TOUCH &&
        (change->guarded || change->kind == COMMAND_CAS || change->kind == COMMAND_IF_VERSION))
        say_number(out, change->version);
    if (contents)
        say_number(out, change->value_size);
    if (change->kind == COMMAND_INCR) {
        char delta[24];
        say(out, delta, (size_t)snprintf(delta, sizeof delta, "%lld", (long long)command_delta(change)));
    }
    if (change->exptime_s > 0 || change->kind == COMMAND_TOUCH)
        say_number(out, change->exptime_s);
    if (change->kind == COMMAND_TOUCH && change->guarded)
        say_number(out, change->version);
    buffer_append_text(out, last);
    buffer_append_text(out, "\r\n");
    if (!contents)
        return;
    buffer_append(out, change->value, change->value_size);
    buffer_append_text(out, "\n");
}

static struct command draw_transaction(struct world *world, struct verb_operation *operation, size_t number,
                                       const char *last)
{
    bool changes = false;
    buffer_append_text(&operation->text, "txn");
    buffer_append_text(&operation->text, last);
    buffer_append_text(&operation->text, "\n");
    for (uint64_t i = world_between(world, 1, PARTS_MAX); i > 0 || !changes; i -= i > 0) {
        struct room room;
        struct command part = draw_change(world, number, true, &room);
        bool change = command_changes(part.kind);
        if (change && transaction_touches(buffer_start(&operation->parts), buffer_size(&operation->parts), &part))
            continue;
        changes |= change;
        ensure(transaction_append(&operation->parts, &part));
        say_change(&operation->text, &part, "");
    }
    buffer_append_text(&operation->text, "commit\n");
    return (struct command){
        .kind = COMMAND_TXN,
        .value = buffer_start(&operation->parts),
        .value_size = buffer_size(&operation->parts),
    };
}

static void draw_changing(struct world *world, struct verb_operation *operation, size_t number)
{
    char last[40] = "";
    uint8_t token[COMMAND_TOKEN_SIZE];
    struct room room;
    operation->has_token = world_chance(world, 500000);
    if (operation->has_token) {
        snprintf(last, sizeof last, " once=t%zu", number);
        command_token(last + 6, strlen(last) - 6, token);
    }
    bool transaction = world_chance(world, 250000);
    struct command change = transaction ? draw_transaction(world, operation, number, last)
                                        : draw_change(world, number, false, &room);
    if (!transaction)
        say_change(&operation->text, &change, last);
    if (operation->has_token)
        change.token = token;
    operation->digest = oracle_digest(&change);
}

static void draw_list(struct world *world, struct verb_operation *operation)
{
    static const char *const prefixes[] = {"", "", "g/", "g/x/", "n/", "f", "f1", "none"};
    struct buffer *out = &operation->text;
    operation->kind = VERB_OPERATION_LIST;
    strcpy(operation->name, prefixes[world_between(world, 0, 7)]);
    operation->limit = world_chance(world, 500000) ? 1000 : (uint32_t)world_between(world, 1, 6);
    buffer_append_text(out, "list");
    if (operation->name[0] != '\0')
        say(out, operation->name, strlen(operation->name));
    if (operation->limit != 1000) {
        buffer_append_text(out, " limit=");
        buffer_append_number(out, operation->limit);
    }
    if (world_chance(world, 500000)) {
        operation->delimiter = '/';
        buffer_append_text(out, " delim=/");
    }
    if (world_chance(world, 300000)) {
        draw_any_name(world, operation->other);
        buffer_append_text(out, " after=");
        buffer_append_text(out, operation->other);
    }
}

void verb_operation_draw(struct world *world, struct verb_operation *operation, size_t number)
{
    *operation = (struct verb_operation){.kind = VERB_OPERATION_CHANGE};
    uint64_t draw = world_between(world, 1, 100);
    if (draw <= 65) {
        draw_changing(world, operation, number);
        return;
    }
    operation->stale = world_chance(world, 400000);
    if (draw <= 80) {
        draw_list(world, operation);
    } else {
        operation->kind = draw <= 90 ? VERB_OPERATION_READ : VERB_OPERATION_STAT;
        draw_any_name(world, operation->name);
        buffer_append_text(&operation->text, draw <= 90 ? "read " : "stat ");
        buffer_append_text(&operation->text, operation->name);
    }
    buffer_append_text(&operation->text, operation->stale ? " stale\n" : "\n");
}
