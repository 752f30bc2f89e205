/* What must become durable, one batch at a time: the vote before the entries (5.1 of the paper). The entry with which a
 * cluster began goes before any vote: a directory that has voted always has a log. */
#include "base/ensure.h"
#include "raft/internal.h"

void raft_writes_allow(struct raft *raft, uint64_t last)
{
    raft->writes.allowed = last;
}

/* The last entry of the next batch. */
static uint64_t batch_end(const struct raft *raft, size_t bytes_max, bool birth)
{
    const struct raft_log *log = &raft->log;
    uint64_t end = birth ? 1 : raft_log_last(log);
    uint64_t last = log->handed;
    uint64_t bytes = 0;
    if (end > raft->writes.allowed)
        end = raft->writes.allowed;
    while (last < end) {
        const struct raft_entry *entry = raft_log_entry(log, last + 1);
        uint64_t more = RAFT_ENTRY_OVERHEAD + (uint64_t)(entry->payload ? entry->payload->size : 0);
        if (last > log->handed && bytes + more > bytes_max)
            break;
        bytes += more;
        last++;
    }
    return last;
}

bool raft_take_writes(struct raft *raft, size_t bytes_max, struct raft_writes *writes)
{
    if (raft->writes.under_way)
        return false;
    struct raft_log *log = &raft->log;
    bool birth = raft->bootstrapped && log->durable == 0;
    uint64_t term = raft->term;
    uint32_t voted_for = raft->vote;
    if (birth) {
        term = raft->durable_term > 1 ? raft->durable_term : 1;
        voted_for = raft->durable_vote;
    }
    bool vote = term != raft->durable_term || voted_for != raft->durable_vote ||
                raft->rolled_back != raft->durable_rolled_back;
    bool reset = log->reset && raft->writes.allowed >= log->base_index;
    uint64_t last = log->reset && !reset ? log->handed : batch_end(raft, bytes_max, birth);
    if (!vote && !reset && last == log->handed)
        return false;
    *writes = (struct raft_writes){
        .vote = vote,
        .term = term,
        .voted_for = voted_for,
        .rolled_back = raft->rolled_back,
        .reset = reset,
        .reset_index = reset ? log->base_index : 0,
        .reset_term = reset ? log->base_term : 0,
        .first = log->handed + 1,
        .last = last,
    };
    ensure(!reset || log->handed == log->base_index);
    raft->writes.under_way = true;
    raft->writes.term = term;
    raft->writes.vote = voted_for;
    raft->writes.rolled_back = raft->rolled_back;
    if (reset || last > log->handed)
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
    raft->durable_rolled_back = raft->writes.rolled_back;
    raft_log_written(&raft->log);
    /* A follower's next answer says it, in raft_flush. */
    if (raft->role == RAFT_LEADER)
        raft_commit_advance(raft);
    else if (raft->role == RAFT_CANDIDATE)
        raft_election_voted(raft);
}
