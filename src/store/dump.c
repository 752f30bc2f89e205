/* Writing a dump; load.c reads it. */
#include "store/dump.h"

#include <string.h>

#include "base/ensure.h"
#include "store/state.h"

enum {
    WALK_COUNT = 64,          /* files looked at in one go */
    PASSED_COUNT_MAX = 4096,  /* files that one step passes over because the dump needs them no more */
};

bool store_dump_active(const struct store *store)
{
    return store->files.preimages.active;
}

/* A record was put at the end of the head, which was SIZE_BEFORE bytes long. */
static void head_added(struct dump *dump, size_t size_before)
{
    ensure(dump->head_count < sizeof dump->head_sizes / sizeof dump->head_sizes[0]);
    ensure(buffer_size(&dump->head) > size_before);
    dump->head_sizes[dump->head_count++] = buffer_size(&dump->head) - size_before;
}

static void put_state(struct store *store)
{
    struct buffer *head = &store->dump.head;
    buffer_append_u8(head, RECORD_STATE);
    buffer_append_u16(head, store->level);
    buffer_append_u64(head, store->applied);
    buffer_append_u64(head, store->time_ms);
    buffer_append_u64(head, store->revision);
    buffer_append_u64(head, store_file_count(store));
    buffer_append_u32(head, (uint32_t)store->gateways.count);
    buffer_append_u32(head, (uint32_t)store->tokens.count);
    head_added(&store->dump, 0);
}

static void put_decision(struct buffer *out, const struct decision *decision)
{
    buffer_append_u8(out, (uint8_t)decision->code);
    buffer_append_u64(out, decision->version);
    buffer_append_u64(out, (uint64_t)decision->value);
}

static void put_gateway(struct dump *dump, const struct gateway_state *gateway)
{
    size_t size_before = buffer_size(&dump->head);
    buffer_append_u8(&dump->head, RECORD_GATEWAY);
    buffer_append_u32(&dump->head, gateway->id);
    buffer_append_u64(&dump->head, gateway->nonce);
    buffer_append_u64(&dump->head, gateway->epoch);
    buffer_append_u64(&dump->head, gateway->applied);
    buffer_append_u64(&dump->head, gateway->lowest);
    buffer_append_u32(&dump->head, (uint32_t)gateway_outcome_count(gateway));
    for (uint64_t number = gateway->lowest; number <= gateway->applied; number++)
        put_decision(&dump->head, gateway_outcome(gateway, number));
    head_added(dump, size_before);
}

/* Those from PLACE on, as many as go into one record. Returns the place behind them. */
static size_t put_tokens(struct dump *dump, const struct tokens *tokens, size_t place)
{
    size_t size_before = buffer_size(&dump->head);
    size_t left = tokens->count - place;
    size_t end = place + (left < RECORD_TOKENS_MAX ? left : RECORD_TOKENS_MAX);
    buffer_append_u8(&dump->head, RECORD_TOKENS);
    buffer_append_u32(&dump->head, (uint32_t)(end - place));
    for (; place < end; place++) {
        const struct token *kept = tokens_at(tokens, place);
        buffer_append(&dump->head, kept->token, COMMAND_TOKEN_SIZE);
        buffer_append_u64(&dump->head, kept->time_ms);
        put_decision(&dump->head, &kept->decision);
    }
    head_added(dump, size_before);
    return end;
}

void store_dump_begin(struct store *store)
{
    ensure(!store->load.active && !store->files.draining);
    ensure(!store_dump_active(store));
    preimages_begin(&store->files.preimages);
    store->dump = (struct dump){.files_left = store_file_count(store)};
    put_state(store);
    for (size_t i = 0; i < store->gateways.count; i++)
        put_gateway(&store->dump, &store->gateways.items[i]);
    for (size_t place = 0; place < store->tokens.count;)
        place = put_tokens(&store->dump, &store->tokens, place);
}

void store_dump_cancel(struct store *store)
{
    ensure(store_dump_active(store));
    preimages_end(&store->files.preimages);
    buffer_close(&store->dump.head);
    store->dump = (struct dump){0};
    ensure(!store_dump_active(store));
}

static void put_file(struct dump *dump, struct buffer *out, const struct file_state *file)
{
    ensure(dump->files_left > 0);
    dump->files_left--;
    buffer_append_u8(out, RECORD_FILE);
    buffer_append_u64(out, file->version);
    buffer_append_u64(out, file->created);
    buffer_append_u64(out, file->expires_ms);
    buffer_append_u32(out, file->blob->size);
    buffer_append(out, file->blob->bytes, file->blob->size);
}

static void step_head(struct dump *dump, struct buffer *out)
{
    size_t size = dump->head_sizes[dump->head_next++];
    ensure(size <= buffer_size(&dump->head));
    buffer_append(out, buffer_start(&dump->head), size);
    buffer_consume(&dump->head, size);
    if (dump->head_next == dump->head_count)
        buffer_close(&dump->head);
}

/* The next few names: the files among them that the dump still needs go into OUT. Returns how many it passed over. */
static size_t step_walk(struct store *store, struct buffer *out, size_t block_bytes)
{
    struct dump *dump = &store->dump;
    struct preimages *preimages = &store->files.preimages;
    struct named *things[WALK_COUNT];
    const uint8_t *cursor = dump->cursor_size > 0 ? dump->cursor : NULL;
    size_t count = names_walk(&store->files.names, cursor, dump->cursor_size, things, WALK_COUNT);
    ensure(count > 0); /* files_left says that some are still to come */
    size_t passed = 0;
    size_t done = 0;
    while (done < count && buffer_size(out) < block_bytes) {
        struct file *file = (struct file *)things[done++];
        if (file->expiry.mark == preimages->number) {
            passed++;
            continue;
        }
        file->expiry.mark = preimages->number;
        struct file_state state = file_state(file);
        put_file(dump, out, &state);
    }
    ensure(done > 0);
    const struct named *last = things[done - 1];
    ensure(last->name_size <= sizeof dump->cursor);
    memcpy(dump->cursor, last->name, last->name_size);
    dump->cursor_size = last->name_size;
    return passed;
}

bool store_dump_step(struct store *store, struct buffer *out, size_t block_bytes)
{
    ensure(store_dump_active(store));
    ensure(block_bytes > 0);
    struct dump *dump = &store->dump;
    struct file_state file;
    size_t passed = 0;
    while (buffer_size(out) < block_bytes && passed < PASSED_COUNT_MAX) {
        if (dump->head_next < dump->head_count) {
            step_head(dump, out);
        } else if (preimages_take(&store->files.preimages, &file)) {
            put_file(dump, out, &file);
            blob_release(file.blob);
        } else if (dump->files_left > 0) {
            passed += step_walk(store, out, block_bytes);
        } else {
            break;
        }
    }
    /* The past's files count as left: what comes last is a record, so a block that completes the dump is not empty. */
    if (dump->head_next < dump->head_count || dump->files_left > 0)
        return false;
    ensure(store->files.preimages.count == 0);
    store_dump_cancel(store);
    return true;
}
