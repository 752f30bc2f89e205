/* Handing leadership over (3.10 of the dissertation): no proposals, bring the target's log up to date, tell it to
 * campaign at once. If it does not work out within an election timeout, the leader goes on. */
#include "base/ensure.h"
#include "raft/internal.h"

static bool fit(const struct raft *raft, const struct raft_progress *peer)
{
    return peer->counts && peer->state == RAFT_PEER_REPLICATE && peer->heard &&
           raft->now_ms - peer->heard_ms < raft->options.election_max_ms;
}

static struct raft_progress *best(struct raft *raft)
{
    struct raft_progress *found = NULL;
    for (uint32_t i = 0; i < raft->peer_count; i++) {
        struct raft_progress *peer = &raft->peers[i];
        if (fit(raft, peer) && (!found || peer->match > found->match))
            found = peer;
    }
    return found;
}

bool raft_transfer(struct raft *raft, uint32_t target)
{
    if (raft->role != RAFT_LEADER)
        return false;
    if (raft->leading.transfer != 0 && (target == 0 || target == raft->leading.transfer))
        return true;
    struct raft_progress *peer = target != 0 ? raft_peers_find(raft, target) : best(raft);
    if (!peer || !peer->counts)
        return false;
    raft->leading.transfer = peer->id;
    raft->leading.transfer_sent = false;
    raft->leading.transfer_ms = raft->now_ms + raft->options.election_max_ms;
    raft_transfer_go_on(raft);
    return true;
}

void raft_transfer_go_on(struct raft *raft)
{
    if (raft->leading.transfer == 0 || raft->leading.transfer_sent)
        return;
    ensure(raft->role == RAFT_LEADER);
    const struct raft_progress *peer = raft_peers_find(raft, raft->leading.transfer);
    if (!peer || !peer->counts) {
        raft_transfer_end(raft); /* it is no voter any more */
        return;
    }
    if (peer->match < raft_log_last(&raft->log))
        return;
    struct raft_message message = {.type = RAFT_TIMEOUT_NOW, .to = peer->id};
    raft_outbox_add(raft, &message);
    raft->leading.transfer_sent = true;
}

void raft_transfer_tick(struct raft *raft)
{
    if (raft->leading.transfer != 0 && raft->now_ms >= raft->leading.transfer_ms)
        raft_transfer_end(raft);
}

void raft_transfer_end(struct raft *raft)
{
    raft->leading.transfer = 0;
    raft->leading.transfer_sent = false;
}
