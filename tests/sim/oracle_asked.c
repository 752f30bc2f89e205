/* What clients asked for, against what came into the log: nothing that no one asked for, nothing more often than it was
 * sent, and nothing that was refused. */
#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "sim/oracle.h"

/* The number of the record of DIGEST from 1; 0: no one asked for that. */
static size_t find(const struct oracle *oracle, uint64_t digest)
{
    size_t ask = oracle->ask_buckets[digest % ORACLE_BUCKETS];
    while (ask > 0 && oracle->asks[ask - 1].digest != digest)
        ask = oracle->asks[ask - 1].older;
    return ask;
}

static size_t find_or_add(struct oracle *oracle, uint64_t digest)
{
    size_t found = find(oracle, digest);
    if (found > 0)
        return found;
    if (oracle->ask_count == oracle->ask_capacity) {
        oracle->ask_capacity = oracle->ask_capacity > 0 ? 2 * oracle->ask_capacity : 64;
        oracle->asks = memory_resize(oracle->asks, oracle->ask_capacity, sizeof *oracle->asks);
    }
    size_t *bucket = &oracle->ask_buckets[digest % ORACLE_BUCKETS];
    oracle->asks[oracle->ask_count++] = (struct oracle_ask){.digest = digest, .older = *bucket};
    *bucket = oracle->ask_count;
    return oracle->ask_count;
}

static void check(struct oracle *oracle, const struct oracle_ask *ask)
{
    if (ask->logged + ask->refused > ask->tries)
        oracle->wrong = ask->refused > 0 ? "a change is made that a client was told is not"
                                         : "a change is made more often than it was sent";
}

size_t oracle_asked(struct oracle *oracle, uint64_t digest)
{
    size_t ask = find_or_add(oracle, digest);
    if (oracle->request_count == oracle->request_capacity) {
        oracle->request_capacity = oracle->request_capacity > 0 ? 2 * oracle->request_capacity : 64;
        oracle->requests = memory_resize(oracle->requests, oracle->request_capacity, sizeof *oracle->requests);
    }
    oracle->requests[oracle->request_count++] = (struct oracle_request){
        .ask = ask, .sent_us = *oracle->now_us, .open = true, .older = oracle->asks[ask - 1].newest};
    oracle->asks[ask - 1].newest = oracle->request_count;
    oracle->asks[ask - 1].tries++;
    return oracle->request_count;
}

static struct oracle_request *request_of(struct oracle *oracle, size_t request)
{
    ensure(request > 0 && request <= oracle->request_count);
    return &oracle->requests[request - 1];
}

void oracle_asked_again(struct oracle *oracle, size_t request)
{
    oracle->asks[request_of(oracle, request)->ask - 1].tries++;
}

void oracle_answered(struct oracle *oracle, size_t request)
{
    request_of(oracle, request)->open = false;
}

void oracle_refused(struct oracle *oracle, size_t request)
{
    struct oracle_ask *ask = &oracle->asks[request_of(oracle, request)->ask - 1];
    ask->refused++;
    check(oracle, ask);
}

void oracle_logged(struct oracle *oracle, uint64_t digest)
{
    size_t found = find(oracle, digest);
    if (found == 0) {
        oracle->wrong = oracle->asks_all ? "a change is made that no one asked for" : oracle->wrong;
        return;
    }
    oracle->asks[found - 1].logged++;
    check(oracle, &oracle->asks[found - 1]);
}

uint64_t oracle_sent_us(const struct oracle *oracle, uint64_t digest)
{
    uint64_t sent_us = UINT64_MAX;
    size_t ask = find(oracle, digest);
    for (size_t at = ask > 0 ? oracle->asks[ask - 1].newest : 0; at > 0; at = oracle->requests[at - 1].older)
        if (oracle->requests[at - 1].open && oracle->requests[at - 1].sent_us < sent_us)
            sent_us = oracle->requests[at - 1].sent_us;
    return sent_us;
}

/* Every file costs something beside its contents, and while a snapshot is written old contents stay: this is more than
 * a store may count. */
enum { FILE_BYTES_MAX = 1024, STORE_BYTES_MAX = 64 * 1024 };

bool oracle_may_be_full(const struct oracle *oracle)
{
    uint64_t most = 3 * oracle->most_bytes + STORE_BYTES_MAX + oracle->file_count * FILE_BYTES_MAX;
    return most + oracle->value_max_bytes > oracle->memory_max_bytes;
}
