#include "node/gateway/gateway.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "protocol/command.h"

static uint64_t cost(size_t command_bytes)
{
    return command_bytes + GATEWAY_OVERHEAD;
}

/* Places for COUNT_MAX numbers at once: a power of two of them, so that a number's low bits name its own. */
static void make_slots(struct gateway *gateway, uint64_t count_max)
{
    uint64_t size = 1;
    while (size < count_max)
        size *= 2;
    if (gateway->slots && size <= gateway->mask + 1)
        return;
    struct gateway_slot *slots = memory_get(size * sizeof *slots);
    ensure(gateway->next - gateway->first <= size);
    for (uint64_t number = gateway->first; number < gateway->next; number++)
        slots[number & (size - 1)] = *gateway_slot(gateway, number);
    free(gateway->slots);
    gateway->slots = slots;
    gateway->mask = size - 1;
}

void gateway_init(struct gateway *gateway, uint32_t id, uint64_t nonce, uint64_t window_max, uint64_t bytes_max)
{
    ensure(id > 0 && nonce != 0);
    *gateway = (struct gateway){.id = id, .writable = true};
    gateway_limit(gateway, window_max, bytes_max);
    gateway_reopen(gateway, nonce);
}

void gateway_limit(struct gateway *gateway, uint64_t window_max, uint64_t bytes_max)
{
    ensure(window_max > 0 && bytes_max > 0);
    make_slots(gateway, window_max);
    gateway->count_max = window_max;
    if (gateway->allowed == gateway->allowed_max || gateway->allowed > bytes_max)
        gateway->allowed = bytes_max;
    gateway->allowed_max = bytes_max;
    ensure(gateway->allowed <= gateway->allowed_max && gateway->count_max <= gateway->mask + 1);
}

void gateway_close(struct gateway *gateway)
{
    if (gateway->slots)
        gateway_reopen(gateway, 0);
    free(gateway->slots);
    *gateway = (struct gateway){0};
}

void gateway_reopen(struct gateway *gateway, uint64_t nonce)
{
    for (uint64_t number = gateway->first; number < gateway->next; number++) {
        struct gateway_slot *slot = gateway_slot(gateway, number);
        ensure(!slot->pending); /* its owner has been answered */
        ensure(gateway->bytes >= slot->cost);
        gateway->bytes -= slot->cost;
        blob_release(slot->command);
        *slot = (struct gateway_slot){0};
    }
    ensure(gateway->bytes == 0);
    gateway->nonce = nonce;
    gateway->epoch = 0;
    gateway->open_asked_ms = 0;
    gateway->first = gateway->sent = gateway->next = 1;
    gateway->credit_term = 0;
    gateway->allowed = gateway->allowed_max;
    gateway->shrunk_at = 0;
}

void gateway_opened(struct gateway *gateway, uint64_t epoch)
{
    ensure(epoch > 0);
    ensure(gateway->epoch == 0 && gateway->nonce != 0); /* it asked, and a nonce opens once */
    ensure(gateway->next == 1); /* nothing is numbered while it is not open */
    gateway->epoch = epoch;
    gateway->asked_term = 0;
}

bool gateway_superseded(struct gateway *gateway, const struct store_gateway *state)
{
    if (!state)
        return gateway->epoch != 0; /* what was opened is in the state until it is dropped */
    if (state->nonce != gateway->nonce)
        return gateway->epoch != 0 && state->epoch > gateway->epoch;
    if (gateway->epoch == 0)
        gateway_opened(gateway, state->epoch);
    ensure(gateway->epoch == state->epoch); /* a nonce opens once */
    return false;
}

bool gateway_has_room(const struct gateway *gateway, size_t command_bytes)
{
    uint64_t count = gateway->next - gateway->first;
    ensure(count > 0 || gateway->bytes == 0);
    /* An empty window takes any one command, so that the largest value always gets through. */
    return count == 0 || (count < gateway->count_max && gateway->bytes + cost(command_bytes) <= gateway->allowed);
}

uint64_t gateway_add(struct gateway *gateway, struct blob *command, struct pending *pending, uint64_t now_ms)
{
    ensure(gateway->epoch > 0);
    ensure(gateway->next - gateway->first <= gateway->mask);
    uint64_t number = gateway->next++;
    command_number(command, gateway->id, gateway->epoch, number, gateway->first);
    *gateway_slot(gateway, number) = (struct gateway_slot){
        .command = command,
        .pending = pending,
        .numbered_ms = now_ms,
        .cost = cost(command->size),
    };
    gateway->bytes += cost(command->size);
    return number;
}

struct gateway_slot *gateway_slot(struct gateway *gateway, uint64_t number)
{
    ensure(number >= gateway->first && number < gateway->next);
    return &gateway->slots[number & gateway->mask];
}

void gateway_forget(struct gateway *gateway, uint64_t number, const struct pending *pending)
{
    struct gateway_slot *slot = gateway_slot(gateway, number);
    ensure(slot->pending == pending);
    slot->pending = NULL;
}

uint64_t gateway_next_in(const struct gateway *gateway, const struct blob *payload)
{
    if (gateway->epoch == 0 || gateway->first == gateway->next)
        return 0;
    uint64_t first = gateway->first;
    return command_is(payload->bytes, payload->size, gateway->id, gateway->epoch, first) ? first : 0;
}

static void adapt(struct gateway *gateway, uint64_t took_ms, uint64_t patience_ms, uint64_t done)
{
    if (took_ms <= patience_ms) {
        gateway->allowed += done;
        if (gateway->allowed > gateway->allowed_max)
            gateway->allowed = gateway->allowed_max;
    } else if (gateway->first > gateway->shrunk_at) {
        /* Half of what is in it, not of what might be: that may be far more than ever was. */
        uint64_t used = gateway->bytes < gateway->allowed ? gateway->bytes : gateway->allowed;
        gateway->allowed = used / 2; /* down to nothing: an empty window takes one command nevertheless */
        gateway->shrunk_at = gateway->next - 1;
    }
    ensure(gateway->allowed <= gateway->allowed_max);
}

void gateway_waits(struct gateway *gateway, uint64_t now_ms, uint64_t patience_ms)
{
    if (gateway->first == gateway->next)
        return;
    uint64_t numbered_ms = gateway_slot(gateway, gateway->first)->numbered_ms;
    ensure(now_ms >= numbered_ms);
    uint64_t waited_ms = now_ms - numbered_ms;
    if (waited_ms > patience_ms)
        adapt(gateway, waited_ms, patience_ms, 0);
}

struct pending *gateway_applied(struct gateway *gateway, uint64_t now_ms, uint64_t patience_ms)
{
    struct gateway_slot *slot = gateway_slot(gateway, gateway->first);
    struct pending *pending = slot->pending;
    ensure(gateway->bytes >= slot->cost && now_ms >= slot->numbered_ms);
    gateway->bytes -= slot->cost;
    adapt(gateway, now_ms - slot->numbered_ms, patience_ms, slot->cost);
    blob_release(slot->command);
    *slot = (struct gateway_slot){0};
    gateway->first++;
    gateway->progress_ms = now_ms;
    if (gateway->sent < gateway->first)
        gateway->sent = gateway->first;
    ensure(gateway->sent <= gateway->next);
    return pending;
}

void gateway_skip(struct gateway *gateway, uint64_t number)
{
    struct gateway_slot *slot = gateway_slot(gateway, number);
    struct command skip = {.kind = COMMAND_SKIP};
    struct blob *command = command_encode(&skip);
    if (!command)
        memory_out(sizeof(struct blob), __func__);
    ensure(slot->cost >= cost(command->size)); /* what it counts is enough for both */
    command_number(command, gateway->id, gateway->epoch, number, gateway->first);
    blob_release(slot->command);
    slot->command = command;
    slot->pending = NULL;
}

void gateway_credit(struct gateway *gateway, uint64_t term, uint64_t received)
{
    ensure(gateway->epoch != 0 && gateway->first <= gateway->next);
    ensure(term > 0 && term >= gateway->credit_term); /* that of a leader of an older term does not count any more */
    gateway->credit_term = term;
    uint64_t sent = received + 1;
    if (sent < gateway->first)
        sent = gateway->first;
    if (sent > gateway->next)
        sent = gateway->next;
    gateway->sent = sent;
}
