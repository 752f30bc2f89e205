#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "support/storm_state.h"

static uint64_t entry_id(const struct raft_entry *entry)
{
    return entry->payload && entry->type == RAFT_ENTRY_COMMAND ? bytes_u64(entry->payload->bytes) : 0;
}

/* Only a leader finds something committed, and only what is on the disks of a majority. */
static void commit(struct storm *storm, struct node *node, const struct raft_entry *entry)
{
    ensure(entry->index == storm->committed + 1);
    ensure(raft_role(node->replica.raft) == RAFT_LEADER || node->led || entry->index == 1);
    uint32_t holders = 0;
    for (uint32_t id = 1; id <= storm->count; id++) {
        const struct node *holder = &storm->nodes[id];
        holders += holder->wiped ? entry->index <= holder->lost
                                 : replica_disk_holds(&holder->replica, entry->index, entry->term);
    }
    ensure(entry->index == 1 || holders >= storm->count / 2 + 1);
    storm->committed++;
    storm->committed_term[storm->committed] = entry->term;
    storm->committed_id[storm->committed] = entry_id(entry);
    storm->committed_in[storm->committed] = raft_term(node->replica.raft);
}

void storm_apply(struct storm *storm, struct node *node)
{
    struct replica *replica = &node->replica;
    while (replica->applied < raft_commit(replica->raft)) {
        const struct raft_entry *entry = raft_entry(replica->raft, ++replica->applied);
        if (entry->index > storm->committed)
            commit(storm, node, entry);
        ensure(entry->index <= storm->committed);
        ensure(storm->committed_term[entry->index] == entry->term);
        ensure(storm->committed_id[entry->index] == entry_id(entry));
    }
    uint64_t id;
    uint64_t index;
    while (raft_take_read(replica->raft, &id, &index)) {
        ensure(id < storm->reads && index >= storm->read_floor[id]);
        ensure(storm->read_owner[id] == replica->options.id);
        storm->read_owner[id] = 0;
        storm->reads_answered++;
    }
}

static void check_peers(struct storm *storm, struct node *node)
{
    const struct raft *raft = node->replica.raft;
    for (uint32_t id = 1; id <= storm->count; id++) {
        struct raft_peer_view view;
        if (!raft_peer(raft, id, &view))
            continue;
        ensure(view.next > view.match && view.next <= raft_last_index(raft) + 1);
        bool counts = view.voter && !storm->nodes[id].wiped;
        ensure(!counts || node->match_term != raft_term(raft) || view.match >= node->match_seen[id]);
        node->match_seen[id] = view.match;
    }
    node->match_term = raft_term(raft);
}

/* Leader Completeness (5.4.3): what was committed in terms before a leader's is in its log. */
static void check_complete(const struct storm *storm, const struct raft *raft)
{
    uint64_t index = storm->committed;
    while (index > 0 && storm->committed_in[index] >= raft_term(raft))
        index--;
    if (index >= raft_first_index(raft))
        ensure(raft_last_index(raft) >= index && raft_term_at(raft, index) == storm->committed_term[index]);
}

void storm_check(struct storm *storm, struct node *node)
{
    const struct raft *raft = node->replica.raft;
    ensure(raft_term(raft) >= node->term_seen && raft_commit(raft) >= node->commit_seen);
    ensure(raft_commit(raft) >= node->replica.disk.snapshot_index);
    ensure(raft_durable_index(raft) <= replica_disk_last(&node->replica));
    ensure(raft_deadline_ms(raft) > storm->now_ms);
    node->term_seen = node->replica.disk.term;
    node->commit_seen = raft_commit(raft);
    node->led = raft_role(raft) == RAFT_LEADER;
    if (raft_role(raft) == RAFT_LEADER) {
        uint32_t *leader = &storm->leader_of[raft_term(raft)];
        ensure(raft_term(raft) < TERMS_MAX && (*leader == 0 || *leader == node->replica.options.id));
        *leader = node->replica.options.id;
        ensure(!node->wiped);
        check_complete(storm, raft);
        check_peers(storm, node);
    }
}

/* If two logs have an entry of the same index and term, they are the same up to there. */
void storm_check_logs(const struct storm *storm)
{
    for (uint32_t a = 1; a <= storm->count; a++) {
        for (uint32_t b = a + 1; b <= storm->count; b++) {
            const struct raft *left = storm->nodes[a].replica.raft;
            const struct raft *right = storm->nodes[b].replica.raft;
            if (!left || !right)
                continue;
            uint64_t last = raft_last_index(left) < raft_last_index(right) ? raft_last_index(left)
                                                                           : raft_last_index(right);
            uint64_t first = raft_first_index(left) > raft_first_index(right) ? raft_first_index(left)
                                                                              : raft_first_index(right);
            bool same = false;
            for (uint64_t i = last; i >= first; i--) {
                same = same || raft_term_at(left, i) == raft_term_at(right, i);
                ensure(!same || raft_term_at(left, i) == raft_term_at(right, i));
                ensure(!same || entry_id(raft_entry(left, i)) == entry_id(raft_entry(right, i)));
                ensure(!same || raft_entry(left, i)->time_ms == raft_entry(right, i)->time_ms);
            }
        }
    }
}

bool storm_settled(const struct storm *storm)
{
    uint32_t leaders = 0;
    for (uint32_t id = 1; id <= storm->count; id++) {
        const struct raft *raft = storm->nodes[id].replica.raft;
        if (!raft || raft_commit(raft) != storm->committed || raft_last_index(raft) != storm->committed)
            return false;
        leaders += raft_term_committed(raft);
    }
    return leaders == 1;
}

void storm_expect(bool condition, const struct storm *storm, uint64_t seed, const char *otherwise)
{
    if (condition)
        return;
    fprintf(stderr, "seed %lu: %s\n", seed, otherwise);
    for (uint32_t id = 1; id <= storm->count; id++) {
        const struct raft *raft = storm->nodes[id].replica.raft;
        if (!raft)
            continue;
        fprintf(stderr, "node %u role %d term %lu leader %u commit %lu first %lu last %lu durable %lu wakes %lu\n",
                id, (int)raft_role(raft), raft_term(raft), raft_leader(raft), raft_commit(raft), raft_first_index(raft),
                raft_last_index(raft), raft_durable_index(raft), raft_deadline_ms(raft));
        struct raft_peer_view view;
        for (uint32_t peer = 1; peer <= storm->count; peer++) {
            if (raft_peer(raft, peer, &view))
                fprintf(stderr, "    peer %u state %d match %lu next %lu heard %lu\n", peer, (int)view.state,
                        view.match, view.next, view.heard_ms);
        }
    }
    abort();
}
