/* Long random runs against a model that is too simple to be wrong: plain arrays, searched from the front. A dump begins
 * now and then and is written while the run goes on; loaded, it must be the model as it was when the dump began. Then
 * the loaded store takes the entries since, and must be what the first one is; often the run goes on with it. */
#include <stdlib.h>

#include "base/names.h"
#include "base/random.h"
#include "store/state.h"
#include "support/check.h"
#include "unit/store/story.h"

enum { FILES_MAX = 3000, NUMBERS_MAX = 1000, VALUE_MAX = 40, NAME_SIZE_MAX = 24, SUFFIX_MAX = 20000 };

struct model_file {
    char name[NAME_SIZE_MAX];
    uint64_t version;
    uint64_t expires_ms;
    size_t value_size;
    uint8_t value[VALUE_MAX];
};

struct model_gateway {
    uint32_t id;
    uint64_t nonce;
    uint64_t epoch;
    uint64_t applied;
    uint64_t lowest;
    struct outcome outcomes[NUMBERS_MAX + 1]; /* by number */
};

struct model {
    uint64_t index;
    uint64_t time_ms;
    uint64_t revision;
    size_t file_count;
    size_t gateway_count;
    struct model_file files[FILES_MAX];
    struct model_gateway gateways[STORE_GATEWAYS_MAX];
};

/* --- the model -------------------------------------------------------------------------------------------------- */

static struct model_file *model_find(struct model *model, const struct command *command)
{
    for (size_t i = 0; i < model->file_count; i++) {
        struct model_file *file = &model->files[i];
        if (strlen(file->name) == command->name_size && memcmp(file->name, command->name, command->name_size) == 0)
            return file;
    }
    return NULL;
}

static void model_remove(struct model *model, struct model_file *file)
{
    model->revision++;
    *file = model->files[--model->file_count];
}

static bool model_due(const struct model *model, const struct model_file *file)
{
    return file->expires_ms != 0 && file->expires_ms <= model->time_ms;
}

/* The file that falls due first, or NULL. */
static struct model_file *model_first_due(struct model *model)
{
    struct model_file *first = NULL;
    for (size_t i = 0; i < model->file_count; i++) {
        struct model_file *file = &model->files[i];
        if (file->expires_ms != 0 &&
            (!first || file->expires_ms < first->expires_ms ||
             (file->expires_ms == first->expires_ms && file->version < first->version)))
            first = file;
    }
    return first;
}

static struct outcome model_command(struct model *model, const struct command *command)
{
    struct outcome outcome = {OUTCOME_SKIPPED, command->gateway, command->epoch, command->number, 0, 0};
    if (command->kind == COMMAND_SKIP)
        return outcome;
    struct model_file *file = model_find(model, command);
    if (file && model_due(model, file)) {
        model_remove(model, file);
        file = NULL;
    }
    uint64_t version = file ? file->version : 0;
    if (command->kind == COMMAND_DELETE) {
        outcome.code = file ? OUTCOME_DELETED : OUTCOME_NOT_FOUND;
        if (file)
            model_remove(model, file);
        outcome.version = file ? model->revision : 0;
        return outcome;
    }
    if (command->kind == COMMAND_CAS && command->version != version) {
        outcome.code = OUTCOME_MISMATCH;
        outcome.version = version;
        return outcome;
    }
    if (!file) {
        ensure(model->file_count < FILES_MAX);
        file = &model->files[model->file_count++];
    }
    *file = (struct model_file){.version = ++model->revision, .value_size = command->value_size};
    memcpy(file->name, command->name, command->name_size);
    if (command->value_size > 0)
        memcpy(file->value, command->value, command->value_size);
    file->expires_ms = command->exptime_s > 0 ? model->time_ms + command->exptime_s * 1000 : 0;
    outcome.code = OUTCOME_WRITTEN;
    outcome.version = file->version;
    return outcome;
}

static struct model_gateway *model_gateway(struct model *model, uint32_t id)
{
    for (size_t i = 0; i < model->gateway_count; i++) {
        if (model->gateways[i].id == id)
            return &model->gateways[i];
    }
    return NULL;
}

static struct outcome model_open(struct model *model, const struct command *command)
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

/* COMMAND is NULL for an entry that is none. */
static struct outcome model_apply(struct model *model, uint64_t time_ms, const struct command *command)
{
    model->index++;
    if (time_ms > model->time_ms)
        model->time_ms = time_ms;
    struct outcome outcome = {OUTCOME_NONE, 0, 0, 0, 0, 0};
    if (command && command->kind == COMMAND_OPEN) {
        outcome = model_open(model, command);
    } else if (command && command->kind != COMMAND_TICK) {
        struct model_gateway *gateway = model_gateway(model, command->gateway);
        outcome = (struct outcome){OUTCOME_NONE, command->gateway, command->epoch, command->number, 0, 0};
        if (gateway && gateway->epoch == command->epoch && gateway->applied + 1 == command->number) {
            outcome = model_command(model, command);
            gateway->outcomes[++gateway->applied] = outcome;
            if (command->lowest <= command->number && command->lowest > gateway->lowest)
                gateway->lowest = command->lowest;
        }
    }
    for (int i = 0; i < STORE_SWEEP_MAX; i++) {
        struct model_file *file = model_first_due(model);
        if (!file || !model_due(model, file))
            break;
        model_remove(model, file);
    }
    return outcome;
}

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

/* What a gateway may say: mostly what it should, sometimes what a log can hold nevertheless. NAME is where the name
 * goes, VALUE where the value goes. */
static struct command make_numbered(struct run *run, char name[NAME_SIZE_MAX], uint8_t value[VALUE_MAX])
{
    struct random *random = &run->random;
    struct command command = {.gateway = (uint32_t)random_between(random, 1, one_in(run, 10) ? 18 : 5)};
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
    static const enum command_kind KINDS[] = {COMMAND_WRITE, COMMAND_WRITE, COMMAND_WRITE,  COMMAND_CAS,
                                              COMMAND_CAS,   COMMAND_CAS,   COMMAND_DELETE, COMMAND_SKIP};
    command.kind = KINDS[random_between(random, 0, 7)];
    if (command.kind == COMMAND_SKIP)
        return command;
    snprintf(name, NAME_SIZE_MAX, "%u/name", (unsigned)random_between(random, 1, run->names));
    command.name = (const uint8_t *)name;
    command.name_size = strlen(name);
    if (command.kind == COMMAND_DELETE)
        return command;
    const struct model_file *file = model_find(run->model, &command);
    if (command.kind == COMMAND_CAS && file && !one_in(run, 3))
        command.version = file->version;
    else if (command.kind == COMMAND_CAS && one_in(run, 2))
        command.version = random_between(random, 0, run->model->revision + 1);
    command.value = value;
    command.value_size = random_between(random, 0, VALUE_MAX);
    for (size_t i = 0; i < command.value_size; i++)
        value[i] = (uint8_t)random_u64(random);
    if (one_in(run, 2))
        command.exptime_s = random_between(random, 1, 5);
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
    return time_ms + (one_in(run, 3) ? random_between(&run->random, 0, 100000 / (100 + run->names)) : 0);
}

/* One entry to the model and to the stores: all say the same. */
static void run_entry(struct run *run)
{
    char name[NAME_SIZE_MAX];
    uint8_t value[VALUE_MAX];
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
        command = make_numbered(run, name, value);
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
    struct outcome expected = model_apply(run->model, entry.time_ms, is_command ? &command : NULL);
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
