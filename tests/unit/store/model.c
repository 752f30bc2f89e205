/* Long random runs against a model that is too simple to be wrong: plain arrays, searched from the front. A dump begins
 * now and then and is written while the run goes on; loaded, it must be the model as it was when the dump began. Then
 * the loaded store takes the entries since, and must be what the first one is; often the run goes on with it. */
#include <stdlib.h>

#include "base/names.h"
#include "base/random.h"
#include "support/check.h"
#include "unit/store/model_state.h"
#include "unit/store/story.h"

enum { SUFFIX_MAX = 20000 };

/* A check that says nothing where all is well: there are millions of them, and Check takes note of each of its own. */
#define expect_equal(is, expected)                                                                                     \
    do {                                                                                                               \
        if ((uint64_t)(is) != (uint64_t)(expected))                                                                    \
            ck_assert_uint_eq((uint64_t)(is), (uint64_t)(expected));                                                   \
    } while (0)

/* --- comparing -------------------------------------------------------------------------------------------------- */

static void expect_outcome(struct outcome is, struct outcome expected)
{
    expect_equal(is.code, expected.code);
    expect_equal(is.gateway, expected.gateway);
    expect_equal(is.epoch, expected.epoch);
    expect_equal(is.number, expected.number);
    expect_equal(is.version, expected.version);
    expect_equal(is.value, expected.value);
}

static void expect_counters(const struct store *store, struct model *model)
{
    expect_equal(store_applied(store), model->index);
    expect_equal(store_time_ms(store), model->time_ms);
    expect_equal(store_revision(store), model->revision);
    expect_equal(store_file_count(store), model->file_count);
}

static void expect_gateway(const struct store *store, const struct model_gateway *gateway)
{
    struct store_gateway state;
    expect_equal(store_gateway(store, gateway->id, &state), true);
    expect_equal(state.nonce, gateway->nonce);
    expect_equal(state.epoch, gateway->epoch);
    expect_equal(state.applied, gateway->applied);
    expect_equal(state.lowest, gateway->lowest);
    for (uint64_t number = 0; number <= gateway->applied + 1; number++) {
        struct outcome expected = {OUTCOME_NONE, gateway->id, gateway->epoch, number, 0, 0};
        if (number >= gateway->lowest && number <= gateway->applied)
            expected = gateway->outcomes[number];
        expect_outcome(store_outcome(store, gateway->id, number), expected);
    }
}

static void expect_model(struct store *store, struct model *model)
{
    expect_counters(store, model);
    const struct model_file *due = model_first_due(model);
    expect_equal(store_due_ms(store), due ? due->expires_ms : 0);
    for (size_t i = 0; i < model->file_count; i++) {
        const struct model_file *expected = &model->files[i];
        struct store_file file;
        expect_equal(store_read(store, expected->name, strlen(expected->name), &file), true);
        expect_equal(file.version, expected->version);
        expect_equal(file.created, expected->created);
        expect_equal(file.expires_ms, expected->expires_ms);
        expect_equal(file.value_size, expected->value_size);
        expect_equal(memcmp(file.blob->bytes + file.value_offset, expected->value, file.value_size), 0);
    }
    /* All of these are there and the count is right, so the listing is right if it goes up. */
    size_t listed = 0;
    const struct named *last = NULL;
    for (struct named *named = names_first(&store->files.names); named; listed++, last = named,
                      named = names_after(&store->files.names, last->name, last->name_size))
        expect_equal(!last || names_compare(last->name, last->name_size, named->name, named->name_size) < 0, true);
    expect_equal(listed, model->file_count);
    for (size_t i = 0; i < model->gateway_count; i++)
        expect_gateway(store, &model->gateways[i]);
}

/* --- a run ------------------------------------------------------------------------------------------------------ */

struct entry {
    uint64_t time_ms;
    struct blob *blob;
};

struct run {
    struct random random;
    unsigned names;               /* how many different ones */
    struct model *model;
    struct store *store;
    struct store *shadow;         /* another seed, and never dumped */
    struct model *at_begin;       /* of the dump under way */
    uint64_t hash_at_begin;
    struct buffer dump;
    struct entry *suffix;         /* the entries since the dump began */
    size_t suffix_count;
    unsigned dumps;               /* that were completed and loaded */
};

static bool one_in(struct run *run, uint64_t n)
{
    return random_between(&run->random, 1, n) == 1;
}

/* Where the parts of a command are put together. */
struct room {
    char names[2 * PARTS_MAX][NAME_SIZE_MAX];
    size_t names_used;
    uint8_t values[PARTS_MAX][VALUE_MAX];
    size_t values_used;
    struct model_parts parts; /* of a transaction, */
    struct buffer encoded;    /* and their bytes */
    uint8_t token[COMMAND_TOKEN_SIZE];
};

static const uint8_t *make_name(struct run *run, struct room *room, size_t *size)
{
    char *name = room->names[room->names_used++];
    *size = (size_t)snprintf(name, NAME_SIZE_MAX, "%u/name", (unsigned)random_between(&run->random, 1, run->names));
    return (const uint8_t *)name;
}

static void make_value(struct run *run, struct room *room, struct command *command)
{
    uint8_t *value = room->values[room->values_used++];
    command->value = value;
    command->value_size = random_between(&run->random, 0, VALUE_MAX / 2);
    for (size_t i = 0; i < command->value_size; i++)
        value[i] = (uint8_t)random_between(&run->random, 1, 255);
    if (one_in(run, 3))
        command->value_size =
            (size_t)snprintf((char *)value, VALUE_MAX, "%d", (int)random_between(&run->random, 0, 99));
}

static bool has_source(const struct command *change)
{
    return change->kind == COMMAND_COPY || change->kind == COMMAND_MOVE || change->kind == COMMAND_SWAP;
}

/* One change or, in a transaction, condition. */
static struct command make_change(struct run *run, struct room *room, bool in_transaction)
{
    static const enum command_kind kinds[] = {
        COMMAND_WRITE, COMMAND_WRITE, COMMAND_WRITE, COMMAND_CAS,  COMMAND_CAS,  COMMAND_DELETE,     COMMAND_TOUCH,
        COMMAND_TOUCH, COMMAND_APPEND, COMMAND_INCR, COMMAND_COPY, COMMAND_MOVE, COMMAND_SWAP,       COMMAND_SWAP,
        COMMAND_IF_VERSION, COMMAND_IF_PRESENT,
    };
    struct random *random = &run->random;
    struct command command = {.kind = kinds[random_between(random, 0, in_transaction ? 15 : 13)]};
    command.name = make_name(run, room, &command.name_size);
    const struct model_file *file = model_find(run->model, command.name, command.name_size);
    if (has_source(&command)) {
        command.source = make_name(run, room, &command.source_size);
        if (command.source_size == command.name_size && memcmp(command.source, command.name, command.name_size) == 0)
            command.kind = COMMAND_DELETE;
    }
    if (command.kind == COMMAND_DELETE) {
        command.source = NULL;
        command.source_size = 0;
    }
    if (command.kind == COMMAND_DELETE || command.kind == COMMAND_TOUCH || has_source(&command))
        command.guarded = one_in(run, 2);
    if (command.guarded || command.kind == COMMAND_CAS || command.kind == COMMAND_IF_VERSION)
        command.version = file && !one_in(run, 3) ? file->version
                          : one_in(run, 2)        ? random_between(random, 0, run->model->revision + 1)
                                                  : 0;
    const struct model_file *other =
        command.source ? model_find(run->model, command.source, command.source_size) : NULL;
    if (command.guarded && command.kind == COMMAND_SWAP)
        command.source_version = other && !one_in(run, 3) ? other->version : random_between(random, 0, 3);
    if (command.kind == COMMAND_INCR)
        command.delta = one_in(run, 20) ? INT64_MAX : (int64_t)(random_u64(random) % 100) - 50;
    if (command.kind == COMMAND_WRITE || command.kind == COMMAND_CAS || command.kind == COMMAND_APPEND)
        make_value(run, room, &command);
    if (command.kind == COMMAND_WRITE || command.kind == COMMAND_CAS || command.kind == COMMAND_TOUCH ||
        command.kind == COMMAND_APPEND || command.kind == COMMAND_INCR)
        command.exptime_s = one_in(run, 2) ? random_between(random, 1, 5) : 0;
    return command;
}

static bool same_name(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

/* A and B are about one file. */
static bool meet(const struct command *a, const struct command *b)
{
    return same_name(a->name, a->name_size, b->name, b->name_size) ||
           (has_source(a) && same_name(a->source, a->source_size, b->name, b->name_size)) ||
           (has_source(b) && same_name(a->name, a->name_size, b->source, b->source_size)) ||
           (has_source(a) && has_source(b) && same_name(a->source, a->source_size, b->source, b->source_size));
}

static bool meets_another(const struct model_parts *parts, const struct command *change)
{
    for (size_t i = 0; i < parts->count; i++)
        if (!model_is_condition(&parts->at[i]) && meet(&parts->at[i], change))
            return true;
    return false;
}

/* One to four parts, as long as each has files of its own. A transaction without a change becomes a skip. */
static struct command make_transaction(struct run *run, struct room *room)
{
    struct command command = {.kind = COMMAND_SKIP};
    for (uint64_t i = random_between(&run->random, 1, PARTS_MAX); i > 0; i--) {
        struct command part = make_change(run, room, true);
        bool changes = !model_is_condition(&part);
        if (changes && meets_another(&room->parts, &part))
            continue;
        room->parts.at[room->parts.count++] = part;
        expect_equal(transaction_append(&room->encoded, &part), true);
        if (changes)
            command.kind = COMMAND_TXN;
    }
    if (command.kind == COMMAND_TXN) {
        command.value = buffer_start(&room->encoded);
        command.value_size = buffer_size(&room->encoded);
    }
    return command;
}

/* What a gateway may say: mostly what it should, sometimes what a log can hold nevertheless. */
static struct command make_numbered(struct run *run, struct room *room)
{
    struct random *random = &run->random;
    struct command command = one_in(run, 10)  ? (struct command){.kind = COMMAND_SKIP}
                             : one_in(run, 5) ? make_transaction(run, room)
                                              : make_change(run, room, false);
    command.gateway = (uint32_t)random_between(random, 1, one_in(run, 10) ? 18 : 5);
    struct model_gateway *gateway = model_gateway(run->model, command.gateway);
    uint64_t applied = gateway ? gateway->applied : 0;
    command.epoch = gateway ? gateway->epoch : 1;
    command.number = applied + 1;
    if (one_in(run, 15))
        command.number = random_between(random, 0, applied + 4);
    if (one_in(run, 30))
        command.epoch = random_between(random, 0, run->model->index + 1);
    command.lowest = gateway ? gateway->lowest + random_between(random, 0, 2) : 0;
    if (one_in(run, 20))
        command.lowest = random_between(random, 0, applied + 3);
    if (one_in(run, 5) && command.kind != COMMAND_SKIP && run->model->repeat_count < REPEATS_MAX) {
        uint64_t text = random_between(random, 0, 300); /* mostly one that was there before */
        command_token(&text, sizeof text, room->token);
        command.token = room->token;
    }
    return command;
}

static struct command make_open(struct run *run)
{
    struct random *random = &run->random;
    struct command command = {.kind = COMMAND_OPEN};
    command.gateway = (uint32_t)random_between(random, 1, one_in(run, 4) ? 18 : 5);
    command.epoch = random_between(random, 1, 1000000);
    const struct model_gateway *gateway = model_gateway(run->model, command.gateway);
    if (gateway && one_in(run, 3))
        command.epoch = gateway->nonce;
    return command;
}

/* The time that the next entry carries: most go on a little, some go back, some jump far. */
static uint64_t make_time(struct run *run)
{
    uint64_t time_ms = run->model->time_ms;
    if (one_in(run, 20))
        return random_between(&run->random, 0, time_ms);
    if (one_in(run, 300))
        return time_ms + 4000;
    if (one_in(run, 1500))
        return time_ms + STORE_TOKENS_S * 600; /* most tokens are forgotten in two such steps */
    return time_ms + (one_in(run, 3) ? random_between(&run->random, 0, 100000 / (100 + run->names)) : 0);
}

/* One entry to the model and to the stores: all say the same. */
static void run_entry(struct run *run)
{
    struct room room;
    room.names_used = room.values_used = room.parts.count = 0; /* the rest is not zeroed: there are many entries */
    room.encoded = (struct buffer){0};
    struct command command;
    bool is_command = true;
    uint64_t chance = random_between(&run->random, 1, 100);
    if (chance <= 2)
        command = make_open(run);
    else if (chance <= 6)
        command = (struct command){.kind = COMMAND_TICK};
    else if (chance <= 10)
        is_command = false;
    else
        command = make_numbered(run, &room);
    for (size_t i = 0; i < run->model->gateway_count; i++) {
        if (run->model->gateways[i].applied < NUMBERS_MAX)
            continue;
        is_command = true;
        command = (struct command){.kind = COMMAND_OPEN, .gateway = run->model->gateways[i].id};
        command.epoch = run->model->index + 5000000;
    }
    struct entry entry = {make_time(run), is_command ? command_encode(&command) : NULL};
    if (is_command)
        command_number(entry.blob, command.gateway, command.epoch, command.number, command.lowest);
    struct outcome expected = model_apply(run->model, entry.time_ms, is_command ? &command : NULL, &room.parts);
    buffer_close(&room.encoded);
    const struct blob *next = entry.blob;
    store_expect(run->store, &next, 1);
    expect_outcome(store_apply(run->store, run->model->index, entry.time_ms, entry.blob), expected);
    expect_outcome(store_apply(run->shadow, run->model->index, entry.time_ms, entry.blob), expected);
    expect_counters(run->store, run->model);
    expect_equal(store_hash(run->store), store_hash(run->shadow));
    if (store_dump_active(run->store)) {
        expect_equal(run->suffix_count < SUFFIX_MAX, true);
        run->suffix[run->suffix_count++] = entry;
    } else {
        blob_release(entry.blob);
    }
}

static void forget_dump(struct run *run)
{
    for (size_t i = 0; i < run->suffix_count; i++)
        blob_release(run->suffix[i].blob);
    run->suffix_count = 0;
    buffer_clear(&run->dump, SIZE_MAX);
}

/* The dump is complete: loaded, it is what was there at its beginning, and becomes what is there now. */
static void use_dump(struct run *run)
{
    struct store *loaded = story_load(&run->dump, random_u64(&run->random));
    store_limit(loaded, VALUE_MAX, UINT64_MAX);
    expect_equal(store_hash(loaded), run->hash_at_begin);
    expect_model(loaded, run->at_begin);
    for (size_t i = 0; i < run->suffix_count; i++)
        store_apply(loaded, store_applied(loaded) + 1, run->suffix[i].time_ms, run->suffix[i].blob);
    expect_model(loaded, run->model);
    expect_equal(store_hash(loaded), store_hash(run->store));
    struct store *done = loaded;
    if (one_in(run, 2)) {
        done = run->store;
        run->store = loaded;
    }
    store_close(done);
    forget_dump(run);
    run->dumps++;
}

/* Sometimes a dump begins, goes on or is given up. */
static void run_dump(struct run *run)
{
    if (!store_dump_active(run->store)) {
        if (!one_in(run, 100))
            return;
        *run->at_begin = *run->model;
        run->hash_at_begin = store_hash(run->store);
        store_dump_begin(run->store);
        expect_equal(store_hash(run->store), run->hash_at_begin);
    } else if (one_in(run, 2000)) {
        store_dump_cancel(run->store);
        forget_dump(run);
    } else if (one_in(run, 4)) {
        struct buffer block = {0};
        bool complete = store_dump_step(run->store, &block, random_between(&run->random, 1, 10 * run->names));
        if (buffer_size(&block) > 0)
            buffer_append(&run->dump, buffer_start(&block), buffer_size(&block));
        buffer_close(&block);
        if (complete)
            use_dump(run);
    }
}

static void run_model(uint64_t seed, unsigned names, unsigned entries, unsigned dumps_min)
{
    struct run run = {.random = {seed}, .names = names};
    ck_assert_uint_le(names, FILES_MAX);
    run.model = calloc(1, sizeof *run.model);
    run.at_begin = calloc(1, sizeof *run.at_begin);
    run.suffix = calloc(SUFFIX_MAX, sizeof *run.suffix);
    run.store = store_open(seed);
    run.shadow = store_open(seed + 1);
    store_limit(run.store, VALUE_MAX, UINT64_MAX);
    store_limit(run.shadow, VALUE_MAX, UINT64_MAX);
    for (unsigned i = 1; i <= entries; i++) {
        run_entry(&run);
        run_dump(&run);
        if (i % 250 == 0)
            expect_model(run.store, run.model);
    }
    expect_model(run.store, run.model);
    expect_model(run.shadow, run.model);
    ck_assert_uint_ge(run.dumps, dumps_min);
    forget_dump(&run);
    buffer_close(&run.dump);
    store_close(run.store);
    store_close(run.shadow);
    free(run.suffix);
    free(run.at_begin);
    free(run.model);
}

START_TEST(few_names)
{
    for (uint64_t seed = 1; seed <= 30; seed++)
        run_model(seed, 4, 4000, 10);
}
END_TEST

START_TEST(some_names)
{
    for (uint64_t seed = 100; seed < 110; seed++)
        run_model(seed, 150, 8000, 10);
}
END_TEST

START_TEST(many_names)
{
    for (uint64_t seed = 200; seed < 203; seed++)
        run_model(seed, 3000, 12000, 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/model");
    TCase *tests = tcase_create("model");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, few_names);
    tcase_add_test(tests, some_names);
    tcase_add_test(tests, many_names);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
