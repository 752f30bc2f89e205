/* What must become durable, one batch at a time: the vote before the entries (5.1 of the paper). */
#include "base/ensure.h"
#include "raft/state.h"

bool raft_take_writes(struct raft *raft, size_t bytes_max, struct raft_writes *writes)
{
    if (raft->writes.under_way)
        return false;
    struct raft_log *log = &raft->log;
    uint64_t last = log->handed;
    uint64_t bytes = 0;
    while (last < raft_log_last(log)) {
        const struct raft_entry *entry = raft_log_entry(log, last + 1);
        uint64_t more = RAFT_ENTRY_OVERHEAD + (uint64_t)(entry->payload ? entry->payload->size : 0);
        if (last > log->handed && bytes + more > bytes_max)
            break;
        bytes += more;
        last++;
    }
    bool vote = raft->term != raft->durable_term || raft->vote != raft->durable_vote;
    if (!vote && !log->reset && last == log->handed)
        return false;
    *writes = (struct raft_writes){
        .vote = vote,
        .term = raft->term,
        .voted_for = raft->vote,
        .reset = log->reset,
        .reset_index = log->reset ? log->base_index : 0,
        .reset_term = log->reset ? log->base_term : 0,
        .first = log->handed + 1,
        .last = last,
    };
    ensure(!log->reset || log->handed == log->base_index);
    raft->writes.under_way = true;
    raft->writes.term = raft->term;
    raft->writes.vote = raft->vote;
    raft_log_hand(log, last);
    return true;
}

void raft_written(struct raft *raft)
{
    ensure(raft->writes.under_way);
    ensure(raft->writes.term >= raft->durable_term && raft->writes.term <= raft->term);
    raft->writes.under_way = false;
    raft->durable_term = raft->writes.term;
    raft->durable_vote = raft->writes.vote;
    raft_log_written(&raft->log);
    /* A follower's next answer says it, in raft_flush. */
    if (raft->role == RAFT_LEADER)
        raft_leader_commit(raft);
    else if (raft->role == RAFT_CANDIDATE)
        raft_election_count(raft);
}
