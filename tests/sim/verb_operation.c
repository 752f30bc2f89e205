#include "sim/verb_operation.h"

#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "sim/change.h"
#include "sim/oracle.h"
#include "sim/world.h"

enum { NAMES = 8, COUNTERS = 2, PARTS_MAX = 4, CONTENTS_MAX = 120, BURST_NAME_MAX = 24 };

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
    if (world->profile.burst_permille > 0 && world_chance(world, 200000)) {
        snprintf(name, 256, "e/%u", (unsigned)world_between(world, 0, CHANGE_PARTS_MAX - 1));
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

/* Where the contents of a change lie. */
struct room {
    char contents[CONTENTS_MAX + 1];
};

/* Of how many draws each kind of change, and of condition, is one. A kind that has no number here does not compile. */
enum {
    DRAWS_WRITE = 2,
    DRAWS_CAS = 1,
    DRAWS_DELETE = 1,
    DRAWS_TOUCH = 2,
    DRAWS_APPEND = 1,
    DRAWS_INCR = 2,
    DRAWS_COPY = 1,
    DRAWS_MOVE = 2,
    DRAWS_SWAP = 2,
    DRAWS_IF_VERSION = 1,
    DRAWS_IF_PRESENT = 1,
};

struct draws {
    enum command_kind kind;
    uint64_t count;
};

#define NO_DRAWS(name)
#define DRAWS(name) {COMMAND_##name, DRAWS_##name},
#define CHANGE_DRAWS(name, number, text, level, class, ...) CHANGE_DRAWS_##class(name)
#define CHANGE_DRAWS_CHANGE DRAWS
#define CHANGE_DRAWS_CONDITION NO_DRAWS
#define CHANGE_DRAWS_INTERNAL NO_DRAWS
#define CHANGE_DRAWS_TRANSACTION NO_DRAWS
#define CHANGE_DRAWS_SETTING NO_DRAWS
#define CHANGE_DRAWS_CLUSTER NO_DRAWS
#define CONDITION_DRAWS(name, number, text, level, class, ...) CONDITION_DRAWS_##class(name)
#define CONDITION_DRAWS_CHANGE NO_DRAWS
#define CONDITION_DRAWS_CONDITION DRAWS
#define CONDITION_DRAWS_INTERNAL NO_DRAWS
#define CONDITION_DRAWS_TRANSACTION NO_DRAWS
#define CONDITION_DRAWS_SETTING NO_DRAWS
#define CONDITION_DRAWS_CLUSTER NO_DRAWS
static const struct draws changes_drawn[] = {COMMAND_KINDS(CHANGE_DRAWS)};
static const struct draws conditions_drawn[] = {COMMAND_KINDS(CONDITION_DRAWS)};

static uint64_t sum_of(const struct draws *draws, size_t size)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < size / sizeof *draws; i++)
        sum += draws[i].count;
    return sum;
}

static enum command_kind draw_kind(struct world *world, bool is_part)
{
    uint64_t changes = sum_of(changes_drawn, sizeof changes_drawn);
    uint64_t conditions = is_part ? sum_of(conditions_drawn, sizeof conditions_drawn) : 0;
    uint64_t draw = world_between(world, 0, changes + conditions - 1);
    const struct draws *at = draw < changes ? changes_drawn : conditions_drawn;
    for (draw -= draw < changes ? 0 : changes; draw >= at->count; at++)
        draw -= at->count;
    return at->kind;
}

/* Some are at an edge. */
static void draw_exptime(struct world *world, struct change *change)
{
    static const uint64_t longest_s = 4294967295;
    if (world_chance(world, 500000))
        change->exptime_s = world_chance(world, 30000) ? longest_s : world_between(world, 1, 5);
}

static void draw_contents(struct world *world, struct change *change, size_t number, struct room *room)
{
    change->contents = (const uint8_t *)room->contents;
    if (world_chance(world, 30000))
        return; /* none */
    change->contents_size = (size_t)snprintf(room->contents, sizeof room->contents, "%zu:%0*d.", number,
                                             (int)world_between(world, 1, CONTENTS_MAX - 30), 0);
}

static struct change draw_change(struct world *world, size_t number, bool is_part, struct room *room)
{
    struct change change = {.kind = draw_kind(world, is_part)};
    const char *name = change.kind == COMMAND_INCR ? names[world_between(world, NAMES - COUNTERS, NAMES - 1)]
                                                   : draw_name(world);
    if (change.kind == COMMAND_INCR && world_chance(world, 50000))
        name = draw_name(world);
    change.name = (const uint8_t *)name;
    change.name_size = strlen(name);
    if (change_has_source(&change)) {
        const char *source = draw_name(world);
        if (source == name)
            source = name == names[0] ? names[1] : names[0];
        change.contents = (const uint8_t *)source;
        change.contents_size = strlen(source);
    }
    bool may_be_exact = change.kind == COMMAND_DELETE || change.kind == COMMAND_TOUCH || change_has_source(&change);
    change.exact = change_always_exact(&change) || (may_be_exact && world_chance(world, 300000));
    if (change.exact)
        change.version = world_chance(world, 20000) ? UINT64_MAX : draw_version(world, name);
    if (change.exact && change.kind == COMMAND_SWAP)
        change.source_version = draw_version(world, (const char *)change.contents);
    if (change.kind == COMMAND_INCR)
        change.delta = (int64_t)world_between(world, 0, 20) - 10;
    if (change_has_contents(&change))
        draw_contents(world, &change, number, room);
    if (change_has_contents(&change) || change.kind == COMMAND_TOUCH || change.kind == COMMAND_INCR)
        draw_exptime(world, &change);
    return change;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static void say(struct buffer *out, const void *word, size_t size)
{
    buffer_append_text(out, " ");
    buffer_append(out, word, size);
}

static void say_number(struct buffer *out, uint64_t number)
{
    buffer_append_text(out, " ");
    buffer_append_number(out, number);
}

/* Names, and what else comes before EXPTIME. */
static void say_words(struct buffer *out, const struct change *change)
{
    char delta[24];
    if (change_has_source(change) && change->kind != COMMAND_SWAP)
        say(out, change->contents, change->contents_size);
    say(out, change->name, change->name_size);
    if (change->kind == COMMAND_SWAP)
        say(out, change->contents, change->contents_size);
    if (change->kind == COMMAND_IF_PRESENT)
        say(out, "present", 7);
    if (change->exact && change->kind != COMMAND_TOUCH)
        say_number(out, change->version);
    if (change->exact && change->kind == COMMAND_SWAP)
        say_number(out, change->source_version);
    if (change_has_contents(change))
        say_number(out, change->contents_size);
    if (change->kind == COMMAND_INCR)
        say(out, delta, (size_t)snprintf(delta, sizeof delta, "%lld", (long long)change->delta));
}

/* CHANGE as a line, with LAST (once=... or nothing) at its end, and its contents. */
static void say_change(struct buffer *out, const struct change *change, const char *last)
{
    static const char *const verbs[COMMAND_NUMBERS] = {
        [COMMAND_WRITE] = "write",   [COMMAND_CAS] = "cas",   [COMMAND_DELETE] = "delete", [COMMAND_TOUCH] = "touch",
        [COMMAND_APPEND] = "append", [COMMAND_INCR] = "incr", [COMMAND_COPY] = "copy",     [COMMAND_MOVE] = "move",
        [COMMAND_SWAP] = "swap",     [COMMAND_IF_VERSION] = "if", [COMMAND_IF_PRESENT] = "if",
    };
    buffer_append_text(out, verbs[change->kind]);
    say_words(out, change);
    if (change->exptime_s > 0 || change->kind == COMMAND_TOUCH)
        say_number(out, change->exptime_s);
    if (change->exact && change->kind == COMMAND_TOUCH)
        say_number(out, change->version);
    buffer_append_text(out, last);
    buffer_append_text(out, "\r\n");
    if (!change_has_contents(change))
        return;
    buffer_append(out, change->contents, change->contents_size);
    buffer_append_text(out, "\n");
}

/* Another way to say it: contents in the line itself. */
static void say_set(struct buffer *out, const struct change *change)
{
    buffer_append_text(out, "set");
    say(out, change->name, change->name_size);
    say(out, change->contents, change->contents_size);
    buffer_append_text(out, "\n");
}

static void say_either(struct world *world, struct buffer *out, const struct change *change, const char *last)
{
    if (change->kind == COMMAND_WRITE && change->exptime_s == 0 && *last == '\0' && world_chance(world, 300000))
        say_set(out, change);
    else
        say_change(out, change, last);
}

/* --- transactions ------------------------------------------------------------------------------------------------- */

/* No file may be in two changes of one transaction. */
static bool meets_another(const struct change *changes, size_t count, const struct change *change)
{
    for (size_t i = 0; i < count; i++)
        if (!change_is_condition(&changes[i]) && change_meets(&changes[i], change))
            return true;
    return false;
}

/* A few changes and conditions; returns how many. */
static size_t draw_transaction(struct world *world, struct buffer *text, size_t number,
                               struct change changes[PARTS_MAX + 1], struct room rooms[PARTS_MAX + 1])
{
    bool has_change = false;
    size_t count = 0;
    for (uint64_t i = world_between(world, 1, PARTS_MAX); i > 0 || !has_change; i -= i > 0) {
        struct change part = draw_change(world, number, true, &rooms[count]);
        bool is_change = !change_is_condition(&part);
        if ((is_change && meets_another(changes, count, &part)) || (count == PARTS_MAX && !is_change))
            continue;
        has_change |= is_change;
        changes[count++] = part;
        say_either(world, text, &part, "");
    }
    return count;
}

/* So many new files with one life that they fall due at one moment, and are more than one entry expires. */
static size_t draw_burst(struct world *world, struct buffer *text, size_t number,
                         struct change changes[CHANGE_PARTS_MAX], struct room *room)
{
    static char burst_names[CHANGE_PARTS_MAX][BURST_NAME_MAX];
    size_t count = world_between(world, STORE_SWEEP_MAX + 1, CHANGE_PARTS_MAX);
    uint64_t exptime_s = world_between(world, 1, 3);
    int size = snprintf(room->contents, sizeof room->contents, "%zu", number);
    for (size_t i = 0; i < count; i++) {
        /* Not in the order of names, which is the order in which they go. */
        size_t at = (i * 37 + number) % CHANGE_PARTS_MAX;
        snprintf(burst_names[i], BURST_NAME_MAX, "e/%zu", at);
        changes[i] = (struct change){.kind = COMMAND_WRITE, .name = (const uint8_t *)burst_names[i],
                                     .name_size = strlen(burst_names[i]), .contents = (const uint8_t *)room->contents,
                                     .contents_size = (size_t)size, .exptime_s = exptime_s};
        say_change(text, &changes[i], "");
    }
    return count;
}

static void draw_changing(struct world *world, struct verb_operation *operation, size_t number)
{
    struct change changes[CHANGE_PARTS_MAX];
    struct room rooms[PARTS_MAX + 1];
    char last[40] = "";
    uint8_t token[COMMAND_TOKEN_SIZE];
    struct asked asked = {.changes = changes, .count = 1};
    operation->has_token = world_chance(world, 500000);
    if (operation->has_token) {
        snprintf(last, sizeof last, " once=t%zu", number);
        asked_token(last + 6, token);
        asked.token = token;
    }
    bool bursts = world_chance(world, world->profile.burst_permille * 1000);
    asked.transaction = bursts || world_chance(world, 250000);
    if (asked.transaction) {
        buffer_append_text(&operation->text, "txn");
        buffer_append_text(&operation->text, last);
        buffer_append_text(&operation->text, "\n");
        asked.count = bursts ? draw_burst(world, &operation->text, number, changes, rooms)
                             : draw_transaction(world, &operation->text, number, changes, rooms);
        buffer_append_text(&operation->text, "commit\n");
    } else {
        changes[0] = draw_change(world, number, false, rooms);
        say_either(world, &operation->text, changes, last);
    }
    operation->digest = asked_digest(&asked);
}

/* To the level that all nodes know; or above it, which is refused before it comes into the log. */
static void draw_raise(struct world *world, struct verb_operation *operation)
{
    static const uint64_t levels[] = {1, 1, 1, 2, 2, 3, 65535};
    struct change change = {.kind = COMMAND_RAISE,
                            .level = levels[world_between(world, 0, sizeof levels / sizeof *levels - 1)]};
    buffer_append_text(&operation->text, "cluster level");
    say_number(&operation->text, change.level);
    buffer_append_text(&operation->text, "\n");
    operation->above = change.level > ORACLE_LEVEL;
    operation->digest = asked_digest(&(struct asked){.changes = &change, .count = 1});
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

static void draw_list(struct world *world, struct verb_operation *operation)
{
    static const char *const prefixes[] = {"", "", "g/", "g/x/", "n/", "e/1", "f", "f1", "none"};
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
    if (world_chance(world, 20000)) {
        draw_raise(world, operation);
        return;
    }
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
