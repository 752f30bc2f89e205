#include "node/gateway/forward.h"

#include "base/ensure.h"

enum { FORWARD_BYTES_MAX = 128 * 1024 /* of commands in one message; one larger command goes alone */ };

bool forward_opens(const struct gateway *gateway, const struct env *env)
{
    ensure(gateway->epoch != 0 || gateway->first == gateway->next);
    bool just_now = gateway->open_asked_ms != 0 && env->now_ms - gateway->open_asked_ms < NODE_RETRY_MS;
    return gateway->epoch == 0 && !just_now;
}

void forward_asked(struct gateway *gateway, const struct env *env)
{
    ensure(gateway->epoch == 0 && gateway->first == gateway->next);
    gateway->open_asked_ms = env->now_ms > 0 ? env->now_ms : 1;
}

void forward_ask_again(struct gateway *gateway)
{
    gateway->open_asked_ms = 0;
}

void forward_open(const struct gateway *gateway, uint64_t term, struct chain *body)
{
    ensure(gateway->epoch == 0 && gateway->nonce != 0 && term > 0);
    ensure(body->size == 0);
    bytes_put_u64(chain_reserve(body, 8), term);
    bytes_put_u64(chain_reserve(body, 8), gateway->nonce);
}

void forward_here(struct gateway *gateway, uint64_t term, uint64_t received, bool writable)
{
    ensure(gateway->epoch != 0 && received < gateway->next); /* it has none that was not numbered */
    if (gateway->credit_term != term)
        gateway_credit(gateway, term, received);
    gateway->writable = writable;
    ensure(gateway->sent >= gateway->first && gateway->sent <= gateway->next);
}

struct blob *forward_next(struct gateway *gateway, uint64_t *number)
{
    if (gateway->sent == gateway->next)
        return NULL;
    *number = gateway->sent++;
    return gateway_slot(gateway, *number)->command;
}

bool forward_query(struct gateway *gateway, const struct env *env, uint64_t term, struct chain *body)
{
    bool credited = gateway->credit_term == term, asked = gateway->asked_term == term;
    ensure(term >= gateway->asked_term && term >= gateway->credit_term);
    if (gateway->first == gateway->next && gateway->writable && credited)
        return false;
    if (env->now_ms - gateway->progress_ms < NODE_RETRY_MS && (credited || asked))
        return false;
    ensure(body->size == 0 && env->now_ms >= gateway->progress_ms);
    /* A new leader, or nothing has moved for a while. */
    bytes_put_u64(chain_reserve(body, 8), term);
    gateway->progress_ms = env->now_ms;
    gateway->asked_term = term;
    return true;
}

bool forward_commands(struct gateway *gateway, uint64_t term, struct chain *body)
{
    ensure(body->size == 0);
    if (gateway->credit_term != term || gateway->sent == gateway->next)
        return false;
    bytes_put_u64(chain_reserve(body, 8), term);
    while (gateway->sent < gateway->next) {
        struct blob *command = gateway_slot(gateway, gateway->sent)->command;
        if (body->size > 8 && body->size + command->size > FORWARD_BYTES_MAX)
            break;
        bytes_put_u32(chain_reserve(body, 4), command->size);
        chain_append_blob(body, command, 0, command->size);
        gateway->sent++;
    }
    ensure(body->size > 8); /* without a command it would be a query */
    return true;
}

void forward_credit(struct gateway *gateway, const struct env *env, const struct raft *raft, uint32_t from,
                    struct reader *reader)
{
    uint64_t term = reader_u64(reader);
    uint64_t epoch = reader_u64(reader);
    uint64_t received = reader_u64(reader);
    uint8_t writable = reader_u8(reader);
    if (reader->bad || writable > 1 || from != raft_leader(raft) || term != raft_term(raft))
        return;
    gateway->writable = writable == 1;
    if (epoch != gateway->epoch || epoch == 0)
        return;
    /* A credit that is older than what we know to be applied says nothing new; gateway_credit sees to that. */
    gateway_credit(gateway, term, received);
    gateway->progress_ms = env->now_ms;
}

uint64_t forward_deadline_ms(const struct gateway *gateway, const struct raft *raft, bool reached)
{
    if (!reached)
        return UINT64_MAX;
    if (gateway->epoch == 0)
        return gateway->open_asked_ms + NODE_RETRY_MS;
    bool settled = gateway->first == gateway->next && gateway->writable && gateway->credit_term == raft_term(raft);
    if (settled || raft_role(raft) == RAFT_LEADER)
        return UINT64_MAX;
    return gateway->progress_ms + NODE_RETRY_MS;
}
