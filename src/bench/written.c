#include "bench/written.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "bench/template.h"
#include "client/session.h"

enum { MANY = 100000 }; /* files that take a while to delete: it is said */

static uint32_t words(uint32_t keys)
{
    return keys / 64 + 1;
}

void written_init(struct written *written, uint32_t keys)
{
    *written = (struct written){.bits = memory_get(words(keys) * sizeof written->bits[0]), .keys = keys};
}

void written_close(struct written *written)
{
    free(written->bits);
    *written = (struct written){0};
}

uint64_t written_count(const struct written *written)
{
    uint64_t count = 0;
    for (uint32_t i = 0; written->bits && i < words(written->keys); i++)
        count += (uint64_t)__builtin_popcountll(written->bits[i]);
    return count;
}

uint32_t written_next(const struct written *written, uint32_t key)
{
    while (key < written->keys) {
        uint64_t rest = written->bits[key / 64] >> key % 64;
        if (rest != 0)
            return key + (uint32_t)__builtin_ctzll(rest);
        key = (key / 64 + 1) * 64;
    }
    return written->keys;
}

struct removal {
    struct session session;
    uint64_t removed;
    char reason[CALL_REASON_MAX]; /* why the first one was not */
};

static void pop(struct removal *removal)
{
    struct call *call = session_pop(&removal->session);
    bool answered = call->outcome == CALL_ANSWERED;
    if (answered && (call->answer.kind == ANSWER_OK || call->answer.kind == ANSWER_NOT_FOUND))
        removal->removed++;
    else if (removal->reason[0] == '\0' && answered)
        snprintf(removal->reason, sizeof removal->reason, "%.*s", (int)call->answer.line_size,
                 (const char *)call->answer.line);
    else if (removal->reason[0] == '\0')
        snprintf(removal->reason, sizeof removal->reason, "%s", call->reason);
    call_close(call);
}

/* A deletion may be sent any number of times: it needs no token, with which it would be done once. */
static void push(struct removal *removal, const struct bench_options *options, uint32_t key)
{
    struct call *call = call_open(NULL);
    call_ask(call, ANSWER_OK, "delete %s%0*" PRIu32, options->prefix, (int)templates_key_digits(options->keys), key);
    session_push(&removal->session, call);
}

bool written_remove(const struct written *written, const struct bench_options *options)
{
    uint64_t count = written_count(written);
    if (count == 0)
        return true;
    if (count >= MANY && !options->quiet)
        fprintf(stderr, "removing %" PRIu64 " files\n", count);
    struct removal removal = {0};
    session_open(&removal.session, &(struct session_options){.endpoints = options->endpoints,
                                                             .timeout_ms = SESSION_TIMEOUT_MS});
    uint32_t key = written_next(written, 0);
    while (key < written->keys && removal.reason[0] == '\0') {
        while (session_full(&removal.session))
            pop(&removal);
        push(&removal, options, key);
        key = written_next(written, key + 1);
    }
    while (removal.session.first)
        pop(&removal);
    session_close(&removal.session);
    if (removal.removed < count)
        fprintf(stderr, "cleat bench: %" PRIu64 " of its files are left, whose names begin with '%s': %s\n",
                count - removal.removed, options->prefix, removal.reason);
    return removal.removed == count;
}
