/* Whatever a snapshot's blocks hold: a store takes it or says no. What it takes is dumped and loaded again to the same
 * state, and both go on alike. */
#include <string.h>

#include "base/ensure.h"
#include "store/dump.h"
#include "store/files/settings.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Some settings are known, so that records of settings are let in at all. */
static bool takes_all(const uint8_t *value, size_t size)
{
    (void)value;
    (void)size;
    return true;
}

static const struct setting settings[] = {{"s", LEVEL_BASE, takes_all}, {"t/", LEVEL_BASE, takes_all}, {NULL, 0, NULL}};

static struct store *new_store(uint64_t seed)
{
    struct store *store = store_open(seed);
    store_settings(store, settings);
    return store;
}

/* The next entry of both is COMMAND. */
static void apply(struct store *store, struct store *copy, uint64_t time_ms, const struct command *command)
{
    struct blob *blob = command_encode(command);
    ensure(blob != NULL);
    struct outcome one = store_apply(store, store_applied(store) + 1, time_ms, blob);
    struct outcome other = store_apply(copy, store_applied(copy) + 1, time_ms, blob);
    ensure(one.code == other.code && one.version == other.version && one.value == other.value);
    ensure(store_hash(store) == store_hash(copy) && store_due_ms(store) == store_due_ms(copy));
    blob_release(blob);
}

static struct command change_of(enum command_kind kind, const char *name)
{
    return (struct command){.kind = kind, .name = (const uint8_t *)name, .name_size = strlen(name)};
}

/* What was let in can be worked with: the gateway that is there, or a new one, changes what may be there. */
static void go_on(struct store *store, struct store *copy)
{
    struct command changes[] = {
        change_of(COMMAND_SET, "\1s"),    change_of(COMMAND_UNSET, "\1s"), change_of(COMMAND_WRITE, "a"),
        change_of(COMMAND_APPEND, "a"),   change_of(COMMAND_TOUCH, "b"),   change_of(COMMAND_INCR, "c"),
        change_of(COMMAND_DELETE, "b"),   change_of(COMMAND_MOVE, "d"),    change_of(COMMAND_CAS, "c"),
    };
    const struct command tick = {.kind = COMMAND_TICK}, open = {.kind = COMMAND_OPEN, .gateway = 3, .epoch = 99};
    apply(store, copy, 0, &open);
    struct store_gateway gateway;
    for (size_t i = 0; i < sizeof changes / sizeof *changes && store_gateway(store, 3, &gateway); i++) {
        changes[i].gateway = 3;
        changes[i].epoch = gateway.epoch;
        changes[i].number = gateway.applied + 1;
        if (changes[i].kind == COMMAND_MOVE) {
            changes[i].source = (const uint8_t *)"a";
            changes[i].source_size = 1;
        }
        apply(store, copy, store_due_ms(store), &changes[i]);
    }
    const uint32_t members[] = {1, 3};
    store_members(store, members, 2);
    store_members(copy, members, 2);
    apply(store, copy, UINT64_MAX, &tick);
}

static void load_again(struct store *store)
{
    struct store *copy = new_store(2);
    struct buffer block = {0};
    store_dump_begin(store);
    for (bool done = false; !done;) {
        done = store_dump_step(store, &block, 512);
        ensure(store_load(copy, buffer_start(&block), buffer_size(&block)));
        buffer_clear(&block, SIZE_MAX);
    }
    ensure(store_load_end(copy));
    ensure(store_hash(copy) == store_hash(store) && store_applied(copy) == store_applied(store));
    buffer_close(&block);
    go_on(store, copy);
    store_close(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct store *store = new_store(1);
    if (store_load(store, bytes, size) && store_load_end(store))
        load_again(store);
    store_close(store);
    return 0;
}
