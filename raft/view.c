/* What a node is like, for whoever asks: nothing here changes anything. */
#include "raft/internal.h"

enum raft_role raft_role(const struct raft *raft)
{
    return raft->role;
}

uint64_t raft_term(const struct raft *raft)
{
    return raft->term;
}

uint32_t raft_voted_for(const struct raft *raft)
{
    return raft->vote;
}

uint32_t raft_leader(const struct raft *raft)
{
    return raft->election.gone ? 0 : raft->leader;
}

bool raft_is_voter(const struct raft *raft)
{
    const struct raft_member *member = raft_configuration_member(raft_members(raft), raft->options.id);
    return member && member->role == RAFT_VOTER && member->incarnation == raft->options.incarnation &&
           !raft->rolled_back;
}

bool raft_peer_counts(const struct raft *raft, uint32_t peer)
{
    for (uint32_t i = 0; i < raft->peer_count; i++)
        if (raft->peers[i].id == peer)
            return raft->peers[i].counts;
    return false;
}

bool raft_met_newer(const struct raft *raft)
{
    return raft->met_newer;
}

bool raft_rolled_back(const struct raft *raft)
{
    return raft->rolled_back;
}

uint64_t raft_commit(const struct raft *raft)
{
    return raft->commit;
}

uint64_t raft_commit_handed(const struct raft *raft)
{
    if (raft->log.reset)
        return 0; /* on the disk there still is another log */
    return raft->commit < raft->log.handed ? raft->commit : raft->log.handed;
}

uint64_t raft_first_index(const struct raft *raft)
{
    return raft->log.base_index + 1;
}

uint64_t raft_last_index(const struct raft *raft)
{
    return raft_log_last(&raft->log);
}

uint64_t raft_durable_index(const struct raft *raft)
{
    return raft->log.durable;
}

uint64_t raft_term_at(const struct raft *raft, uint64_t index)
{
    return raft_log_term(&raft->log, index);
}

const struct raft_entry *raft_entry(const struct raft *raft, uint64_t index)
{
    return raft_log_entry(&raft->log, index);
}

uint64_t raft_log_bytes(const struct raft *raft)
{
    return raft->log.bytes;
}

uint64_t raft_unwritten_bytes(const struct raft *raft)
{
    return raft->log.unwritten_bytes;
}

const struct raft_configuration *raft_members(const struct raft *raft)
{
    return raft_log_configuration(&raft->log);
}

uint64_t raft_members_changes(const struct raft *raft)
{
    return raft->log.configuration_changes;
}

const struct raft_configuration *raft_members_at(const struct raft *raft, uint64_t index)
{
    return raft_log_configuration_at(&raft->log, index);
}

bool raft_term_committed(const struct raft *raft)
{
    return raft->role == RAFT_LEADER && raft->commit >= raft->leading.noop;
}

bool raft_transferring(const struct raft *raft)
{
    return raft->leading.transfer != 0;
}

bool raft_peer(const struct raft *raft, uint32_t peer, struct raft_peer_view *view)
{
    if (raft->role != RAFT_LEADER)
        return false;
    for (uint32_t i = 0; i < raft->peer_count; i++) {
        const struct raft_progress *progress = &raft->peers[i];
        if (progress->id != peer)
            continue;
        *view = (struct raft_peer_view){
            .match = progress->match,
            .next = progress->next,
            .state = progress->state,
            .voter = progress->counts,
            .heard_ms = progress->heard_ms,
        };
        return true;
    }
    return false;
}
