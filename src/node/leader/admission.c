#include "node/leader/admission.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"

static void gateway_clear(struct admission_gateway *gateway)
{
    ensure(gateway->count <= gateway->capacity && gateway->count <= gateway->received);
    for (; gateway->count > 0; gateway->count--) {
        blob_release(gateway->queue[gateway->head]);
        gateway->head = (gateway->head + 1) % gateway->capacity;
    }
}

void admission_close(struct admission *admission)
{
    for (size_t i = 0; i < STORE_GATEWAYS_MAX; i++) {
        gateway_clear(&admission->gateways[i]);
        free(admission->gateways[i].queue);
    }
    *admission = (struct admission){0};
}

void admission_open(struct admission *admission, uint64_t term)
{
    ensure(admission->term == 0 && term > 0);
    ensure(admission->used == 0); /* what was known in an older term is forgotten */
    admission->term = term;
}

struct admission_gateway *admission_gateway(struct admission *admission, uint32_t id, const struct store *store)
{
    ensure(id > 0 && admission->term != 0);
    struct admission_gateway *gateway = admission->gateways;
    struct admission_gateway *end = gateway + admission->used;
    while (gateway < end && gateway->id != id)
        gateway++;
    if (gateway == end && admission->used == STORE_GATEWAYS_MAX)
        return NULL;
    if (gateway == end) {
        /* Nothing of it was admitted in this term, and what earlier terms had of it is applied: the store is right. */
        struct store_gateway state;
        bool known = store_gateway(store, id, &state);
        *gateway = (struct admission_gateway){
            .id = id,
            .epoch = known ? state.epoch : 0,
            .received = known ? state.applied : 0,
        };
        admission->used++;
    }
    return gateway;
}

void admission_retain(struct admission *admission, const struct raft_configuration *members)
{
    struct admission_gateway *kept = admission->gateways, *end = kept + admission->used;
    ensure(members->count > 0);
    for (struct admission_gateway *gateway = kept; gateway < end; gateway++) {
        struct admission_gateway found = *gateway;
        ensure(found.id != 0);
        *gateway = (struct admission_gateway){0};
        if (raft_configuration_member(members, found.id)) {
            *kept++ = found;
            continue;
        }
        gateway_clear(&found);
        free(found.queue);
    }
    admission->used = (size_t)(kept - admission->gateways);
    admission->next = 0;
}

void admission_opening(struct admission_gateway *gateway, uint64_t nonce, uint64_t index)
{
    ensure(nonce != 0 && index > gateway->epoch);
    ensure(gateway->id != 0 && gateway->opening != nonce);
    gateway_clear(gateway); /* of the older epoch */
    gateway->opening = nonce;
    gateway->epoch = index;
    gateway->received = 0;
}

bool admission_wants(struct admission_gateway *gateway, uint64_t epoch, uint64_t number)
{
    if (epoch != gateway->epoch || epoch == 0)
        return false;
    if (number > gateway->received + 1)
        gateway->asked = true;
    return number == gateway->received + 1;
}

void admission_take(struct admission_gateway *gateway, struct blob *command)
{
    ensure(gateway->epoch != 0 && gateway->count <= gateway->received); /* what waits was received */
    if (gateway->count == gateway->capacity) {
        size_t capacity = gateway->capacity > 0 ? gateway->capacity * 2 : 64;
        struct blob **queue = memory_resize(NULL, capacity, sizeof *queue);
        for (size_t i = 0; i < gateway->count; i++)
            queue[i] = gateway->queue[(gateway->head + i) % gateway->capacity];
        free(gateway->queue);
        gateway->queue = queue;
        gateway->capacity = capacity;
        gateway->head = 0;
    }
    size_t tail = (gateway->head + gateway->count) % gateway->capacity;
    gateway->queue[tail] = command;
    gateway->count++;
    gateway->received++;
}

struct blob *admission_peek(struct admission *admission)
{
    size_t place = admission->next < admission->used ? admission->next : 0;
    for (size_t i = 0; i < admission->used; i++) {
        struct admission_gateway *gateway = &admission->gateways[place];
        if (gateway->count > 0) {
            ensure(gateway->id != 0 && gateway->epoch != 0);
            admission->next = place;
            return gateway->queue[gateway->head];
        }
        place = place + 1 < admission->used ? place + 1 : 0;
    }
    return NULL;
}

struct blob *admission_pop(struct admission *admission)
{
    struct admission_gateway *gateway = &admission->gateways[admission->next];
    ensure(gateway->count > 0 && gateway->head < gateway->capacity);
    struct blob *command = gateway->queue[gateway->head];
    gateway->head = (gateway->head + 1) % gateway->capacity;
    gateway->count--;
    admission->next = (admission->next + 1) % STORE_GATEWAYS_MAX;
    return command;
}
