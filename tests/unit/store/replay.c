/* A dump that is taken while everything changes, loaded: the state in which it began, and it goes on from there, entry
 * by entry, as the store did that was dumped. With all kinds of changes, settings, expiry, tokens and gateways. */
#include <stdlib.h>

#include "store/state.h"
#include "support/check.h"
#include "unit/store/story.h"

enum { GATEWAYS = 4, NAMES = 300, ENTRIES_MAX = 60000 };
#ifndef SEEDS
#define SEEDS 20
#endif

static uint64_t drawn;

static uint64_t draw(uint64_t below)
{
    drawn = drawn * 6364136223846793005u + 1442695040888963407u;
    return (drawn >> 33) % below;
}

static bool takes_all(const uint8_t *value, size_t size)
{
    (void)value;
    return size < 50;
}

static const struct setting settings[] = {{"s/", 1, takes_all}, {"two", 2, takes_all}, {NULL, 0, NULL}};

/* What the store was given since the dump began. */
struct entry {
    uint64_t time_ms;
    struct blob *blob; /* NULL: the members were told, then an entry of none */
    uint64_t members;  /* bits; 0: no change */
    uint64_t hash;     /* after it */
    uint64_t due_ms;
    struct outcome outcome;
    size_t events;
};

struct run {
    struct store *store;
    uint64_t now_ms;
    size_t count;
    bool records;
    struct entry entries[ENTRIES_MAX];
    struct {
        uint64_t lowest;
    } gateways[GATEWAYS + 1];
};

static void tell_members(struct store *store, uint64_t members)
{
    uint32_t ids[64];
    size_t count = 0;
    for (uint32_t id = 1; id < 64; id++)
        if (members >> id & 1)
            ids[count++] = id;
    store_members(store, ids, count);
}

/* What is left by an apply must be what is there: revisions and the order. */
static size_t check_events(const struct store *store)
{
    const struct store_event *events;
    size_t count = store_events(store, &events);
    for (size_t i = 0; i < count; i++) {
        ensure(events[i].name_size > 0 && events[i].name[0] != COMMAND_SETTING_MARK);
        ensure(events[i].revision <= store_revision(store));
        ensure(i == 0 || events[i].revision >= events[i - 1].revision);
        ensure(events[i].more == (i + 1 < count && events[i + 1].revision == events[i].revision));
    }
    return count;
}

static void apply(struct run *run, struct blob *blob, uint64_t members)
{
    struct entry entry = {.time_ms = run->now_ms, .blob = blob, .members = members};
    if (members)
        tell_members(run->store, members);
    entry.outcome = store_apply(run->store, store_applied(run->store) + 1, run->now_ms, blob);
    ensure(entry.outcome.code != OUTCOME_UNKNOWN);
    entry.hash = store_hash(run->store);
    entry.due_ms = store_due_ms(run->store);
    entry.events = check_events(run->store);
    if (run->records) {
        ensure(run->count < ENTRIES_MAX);
        run->entries[run->count++] = entry;
    } else {
        blob_release(blob);
    }
}

struct text {
    uint8_t bytes[COMMAND_NAME_MAX];
    size_t size;
};

/* Some are as long as names can be, and some begin as others do. */
static struct text file_name(uint64_t number)
{
    struct text text;
    text.size = 3 + (number * 7919) % (number % 5 == 0 ? COMMAND_NAME_MAX - 2 : 40);
    memset(text.bytes, number % 3 == 0 ? 0xff : 'a' + (int)(number % 20), text.size);
    text.bytes[text.size - 2] = (uint8_t)(2 + number / 200);
    text.bytes[text.size - 1] = (uint8_t)(2 + number % 200);
    return text;
}

static struct text a_name(bool setting)
{
    static const char *const settings_names[] = {"\1s/a", "\1s/b", "\1two", "\1unknown", "\1s/"};
    struct text text;
    if (setting) {
        const char *name = settings_names[draw(5)];
        text.size = strlen(name);
        memcpy(text.bytes, name, text.size);
        return text;
    }
    return file_name(draw(draw(3) ? 60 : NAMES)); /* some are met again and again */
}

static struct command a_change(struct text *name, struct text *other, uint8_t *value)
{
    static const enum command_kind kinds[] = {COMMAND_WRITE, COMMAND_CAS, COMMAND_DELETE, COMMAND_TOUCH, COMMAND_APPEND,
                                              COMMAND_INCR, COMMAND_COPY, COMMAND_MOVE, COMMAND_SWAP, COMMAND_DELETE};
    *name = a_name(false);
    *other = a_name(false);
    struct command change = {.kind = kinds[draw(10)], .name = name->bytes, .name_size = name->size};
    uint8_t body = command_row(change.kind)->body;
    enum command_contents contents = command_row(change.kind)->contents;
    if (contents == COMMAND_CONTENTS_VALUE) {
        change.value = value;
        change.value_size = draw(30);
        memset(value, draw(2) ? '1' : (int)draw(250), 30);
    } else if (contents == COMMAND_CONTENTS_SOURCE) {
        if (other->size == name->size && memcmp(other->bytes, name->bytes, name->size) == 0)
            change.kind = COMMAND_DELETE;
        else {
            change.source = other->bytes;
            change.source_size = other->size;
        }
    }
    body = command_row(change.kind)->body;
    if (body & BODY_EXPTIME)
        change.exptime_s = draw(3) ? 0 : 1 + draw(8);
    if (body & BODY_DELTA)
        change.delta = (int64_t)draw(100) - 50;
    return change;
}

static void a_transaction(struct buffer *parts)
{
    for (uint64_t i = 1 + draw(draw(4) == 0 ? 60 : 4); i > 0; i--) {
        struct text name, other;
        uint8_t value[30];
        struct command change = a_change(&name, &other, value);
        if (!transaction_touches(buffer_start(parts), buffer_size(parts), &change))
            ensure(transaction_append(parts, &change));
    }
}

/* Moves over what is there: it drops more than an entry releases. Of names that are not there it writes the first. */
static void many_moves(struct store *store, struct buffer *parts)
{
    for (uint64_t i = 0; i < TRANSACTION_PARTS_MAX; i++) {
        struct text name = file_name(2 * i), other = file_name(2 * i + 1);
        struct store_file file;
        bool both = store_read(store, name.bytes, name.size, &file) && file.expires_ms == 0 &&
                    store_read(store, other.bytes, other.size, &file) && file.expires_ms == 0;
        struct command change = {.kind = COMMAND_WRITE, .name = name.bytes, .name_size = name.size};
        if (both && draw(4)) {
            change.kind = COMMAND_MOVE;
            change.source = other.bytes;
            change.source_size = other.size;
        } else if (draw(2)) {
            change.name = other.bytes;
            change.name_size = other.size;
        }
        ensure(transaction_append(parts, &change));
    }
}

static void numbered(struct run *run, struct command *command, uint32_t id, const struct store_gateway *state)
{
    uint8_t token[COMMAND_TOKEN_SIZE];
    uint64_t text = draw(400);
    command_token(&text, sizeof text, token);
    if (draw(3) == 0 && command_row(command->kind)->extras)
        command->token = token;
    uint64_t kept = state->applied + 1 - state->lowest;
    command->gateway = id;
    command->epoch = state->epoch;
    command->number = state->applied + 1 + (draw(50) == 0);
    command->lowest = draw(3) ? 0 : state->lowest + draw(kept + 1);
    apply(run, command_encode(command), 0);
}

static void something(struct run *run)
{
    struct buffer parts = {0};
    struct text name, other;
    uint8_t value[40];
    uint32_t id = (uint32_t)(1 + draw(GATEWAYS));
    struct store_gateway state;
    if (draw(4) == 0)
        run->now_ms += draw(draw(20) == 0 ? 700000 : 900);
    uint64_t what = draw(100);
    if (what == 0 || !store_gateway(run->store, id, &state)) {
        struct command open = {.kind = COMMAND_OPEN, .gateway = id, .epoch = 1 + draw(100)};
        apply(run, command_encode(&open), 0);
    } else if (what == 1 && draw(3) == 0) {
        apply(run, NULL, 1 + (1u << 1) + (1u << (1 + draw(GATEWAYS))));
    } else if (what == 2) {
        struct command raise = {.kind = COMMAND_RAISE, .level = 1};
        apply(run, command_encode(&raise), 0);
    } else if (what < 10) {
        apply(run, NULL, 0);
    } else if (what < 20) {
        name = a_name(true);
        struct command set = {.kind = draw(3) ? COMMAND_SET : COMMAND_UNSET, .name = name.bytes,
                              .name_size = name.size};
        if (set.kind == COMMAND_SET) {
            memset(value, 'v', sizeof value);
            set.value = value;
            set.value_size = draw(40);
        }
        numbered(run, &set, id, &state);
    } else if (what < 30) {
        if (what % 2)
            a_transaction(&parts);
        else
            many_moves(run->store, &parts);
        struct command txn = {.kind = COMMAND_TXN, .value = buffer_start(&parts), .value_size = buffer_size(&parts)};
        numbered(run, &txn, id, &state);
    } else {
        struct command change = a_change(&name, &other, value);
        numbered(run, &change, id, &state);
    }
    buffer_close(&parts);
}

static struct store *dump_and_load(struct run *run)
{
    struct store *loaded = store_open(draw(1000));
    store_settings(loaded, settings);
    store_limit(loaded, 200, 100000);
    struct buffer block = {0};
    store_dump_begin(run->store);
    for (bool complete = false; !complete;) {
        for (uint64_t i = draw(4) ? draw(6) : 0; i > 0; i--)
            something(run);
        complete = store_dump_step(run->store, &block, 1 + draw(2000));
        ensure(store_load(loaded, buffer_start(&block), buffer_size(&block)));
        buffer_clear(&block, SIZE_MAX);
    }
    buffer_close(&block);
    ensure(store_load_end(loaded));
    return loaded;
}

static void replay(struct run *run, struct store *loaded)
{
    for (size_t i = 0; i < run->count; i++) {
        const struct entry *entry = &run->entries[i];
        if (entry->members)
            tell_members(loaded, entry->members);
        struct outcome outcome = store_apply(loaded, store_applied(loaded) + 1, entry->time_ms, entry->blob);
        ensure(outcome.code == entry->outcome.code && outcome.version == entry->outcome.version &&
               outcome.value == entry->outcome.value);
        ck_assert_uint_eq(store_hash(loaded), entry->hash);
        ck_assert_uint_eq(store_due_ms(loaded), entry->due_ms);
        ck_assert_uint_eq(check_events(loaded), entry->events);
        blob_release(entry->blob);
    }
    run->count = 0;
}

START_TEST(what_was_loaded_goes_on_as_what_was_dumped)
{
    static struct run run;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        drawn = seed;
        memset(&run, 0, sizeof run);
        run.store = store_open(seed);
        run.now_ms = 1000;
        store_settings(run.store, settings);
        store_limit(run.store, 200, 100000);
        for (unsigned dumps = 0; dumps < 4; dumps++) {
            run.records = false;
            for (uint64_t i = draw(1500); i > 0; i--)
                something(&run);
            run.records = true;
            uint64_t hash = store_hash(run.store), files = store_file_count(run.store);
            struct store *loaded = dump_and_load(&run);
            ck_assert_uint_eq(store_hash(loaded), hash);
            ck_assert_uint_eq(store_file_count(loaded), files);
            replay(&run, loaded);
            ck_assert_uint_eq(store_hash(loaded), store_hash(run.store));
            if (draw(2)) {
                store_close(run.store);
                run.store = loaded;
            } else {
                store_close(loaded);
            }
        }
        store_close(run.store);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/replay");
    TCase *tests = tcase_create("replay");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, what_was_loaded_goes_on_as_what_was_dumped);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
