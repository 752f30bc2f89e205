/* A store and those who write to it, so that a test can be told in a few lines: what a gateway says, one entry after
 * the other. The gateway numbers its commands; the clock stands still unless the story moves it. */
#ifndef CLEAT_TESTS_UNIT_STORE_STORY_H
#define CLEAT_TESTS_UNIT_STORE_STORY_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/ensure.h"
#include "protocol/command.h"
#include "protocol/request.h"
#include "store/dump.h"
#include "store/store.h"

enum { STORY_GATEWAY = 3, STORY_NONCE = 77 };

struct story {
    struct store *store;
    uint64_t now_ms;
    uint64_t epoch;
    uint64_t number; /* of the last command */
};

/* Applies COMMAND as the next entry, as it is. */
static inline struct outcome story_apply(struct story *story, const struct command *command)
{
    struct blob *blob = command_encode(command);
    ensure(blob != NULL);
    command_number(blob, command->gateway, command->epoch, command->number, command->lowest);
    struct outcome outcome = store_apply(story->store, store_applied(story->store) + 1, story->now_ms, blob);
    blob_release(blob);
    return outcome;
}

/* Applies COMMAND under the gateway's next number. */
static inline struct outcome story_say(struct story *story, struct command command)
{
    command.gateway = STORY_GATEWAY;
    command.epoch = story->epoch;
    command.number = ++story->number;
    if (command.lowest == 0)
        command.lowest = story->number;
    return story_apply(story, &command);
}

static inline struct command story_command(enum command_kind kind, const char *name, const char *value)
{
    /* Then VALUE is the source's name. */
    bool copies = kind == COMMAND_COPY || kind == COMMAND_MOVE || kind == COMMAND_SWAP;
    const uint8_t *contents = (const uint8_t *)value;
    size_t size = value ? strlen(value) : 0;
    return (struct command){
        .kind = kind,
        .name = (const uint8_t *)name,
        .name_size = name ? strlen(name) : 0,
        .value = copies ? NULL : contents,
        .value_size = copies ? 0 : size,
        .source = copies ? contents : NULL,
        .source_size = copies ? size : 0,
    };
}

static inline struct outcome story_write(struct story *story, const char *name, const char *value, uint64_t exptime_s)
{
    struct command command = story_command(COMMAND_WRITE, name, value);
    command.exptime_s = exptime_s;
    return story_say(story, command);
}

static inline struct outcome story_cas(struct story *story, const char *name, uint64_t version, const char *value,
                                       uint64_t exptime_s)
{
    struct command command = story_command(COMMAND_CAS, name, value);
    command.version = version;
    command.exptime_s = exptime_s;
    return story_say(story, command);
}

static inline struct outcome story_delete(struct story *story, const char *name)
{
    return story_say(story, story_command(COMMAND_DELETE, name, NULL));
}

static inline struct outcome story_skip(struct story *story)
{
    return story_say(story, story_command(COMMAND_SKIP, NULL, NULL));
}

static inline struct outcome story_open_gateway(struct story *story, uint32_t gateway, uint64_t nonce)
{
    return story_apply(story, &(struct command){.kind = COMMAND_OPEN, .gateway = gateway, .epoch = nonce});
}

/* The time becomes NOW_MS, and the store learns of it. */
static inline void story_tick(struct story *story, uint64_t now_ms)
{
    story->now_ms = now_ms;
    struct outcome outcome = story_apply(story, &(struct command){.kind = COMMAND_TICK});
    ck_assert_int_eq(outcome.code, OUTCOME_NONE);
}

static inline struct story story_begin(uint64_t seed)
{
    struct story story = {.store = store_open(seed), .now_ms = 1000};
    struct outcome opened = story_open_gateway(&story, STORY_GATEWAY, STORY_NONCE);
    ck_assert_int_eq(opened.code, OUTCOME_OPENED);
    story.epoch = opened.epoch;
    return story;
}

static inline void story_end(struct story *story)
{
    store_close(story->store);
}

static inline bool story_has(const struct story *story, const char *name)
{
    struct store_file file;
    return store_read(story->store, name, strlen(name), &file);
}

/* NAME is there, with VALUE and VERSION. */
static inline void story_expect(const struct story *story, const char *name, const char *value, uint64_t version)
{
    struct store_file file;
    ck_assert_msg(store_read(story->store, name, strlen(name), &file), "%s is not there", name);
    ck_assert_uint_eq(file.version, version);
    ck_assert_uint_eq(file.value_size, strlen(value));
    ck_assert_mem_eq(file.blob->bytes + file.value_offset, value, file.value_size);
}

#define story_expect_outcome(outcome_, code_, version_)                                                                \
    do {                                                                                                               \
        struct outcome expected_ = (outcome_);                                                                         \
        ck_assert_int_eq(expected_.code, (code_));                                                                     \
        ck_assert_uint_eq(expected_.version, (version_));                                                              \
    } while (0)

/* The rest of the dump that is under way, in blocks of about BLOCK_BYTES, appended to OUT. */
static inline void story_dump_rest(struct store *store, struct buffer *out, size_t block_bytes)
{
    struct buffer block = {0};
    bool complete = false;
    while (!complete) {
        complete = store_dump_step(store, &block, block_bytes);
        buffer_append(out, buffer_start(&block), buffer_size(&block));
        buffer_clear(&block, SIZE_MAX);
    }
    buffer_close(&block);
    ck_assert(!store_dump_active(store));
}

/* A new store made from a dump, which must be valid. */
static inline struct store *story_load(struct buffer *dump, uint64_t seed)
{
    struct store *store = store_open(seed);
    ck_assert(store_load(store, buffer_start(dump), buffer_size(dump)));
    ck_assert(store_load_end(store));
    return store;
}

#endif
