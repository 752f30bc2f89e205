/* Nodes compare the hash of their state at the same index now and then. One that differs from a majority stops, so that
 * it cannot mislead clients; where all have spoken and no value has a majority, all stop. All are the members of the
 * configuration, learners too; whoever else --cluster names has no part in it. */
#include "base/ensure.h"
#include "node/state.h"

#define DIFFERS "this node's state differs from the majority's at the same index: wipe its data directory, and it " \
                "comes back with a copy, as a learner"
#define ALL_DIFFER "no majority of the nodes has the same state at the same index: keep all data directories, and " \
                   "report this as a bug"

static void note(struct agreement *agreement, size_t place, uint64_t index, uint64_t hash)
{
    for (size_t i = 0; i < AGREEMENT_KEPT; i++)
        if (agreement->reports[place][i].index == index)
            return;
    size_t slot = agreement->next[place]++ % AGREEMENT_KEPT;
    agreement->reports[place][slot] = (struct agreement_report){.index = index, .hash = hash};
}

/* The report at INDEX from that place, or NULL. */
static const struct agreement_report *report_at(const struct agreement *agreement, size_t place, uint64_t index)
{
    for (size_t i = 0; i < AGREEMENT_KEPT; i++)
        if (agreement->reports[place][i].index == index)
            return &agreement->reports[place][i];
    return NULL;
}

/* The report at INDEX from the member with that id, or NULL. */
static const struct agreement_report *report_of(const struct node *node, uint32_t id, uint64_t index)
{
    int place = exchange_place(node, id);
    return place < 0 ? NULL : report_at(&node->agreement, (size_t)place, index);
}

static void judge(struct node *node, uint64_t index)
{
    const struct raft_configuration *members = raft_members(node->raft);
    uint32_t reported = 0, most = 0, same = 0;
    const struct agreement_report *own = report_of(node, node->env.options.id, index);
    if (!own)
        return;
    for (uint32_t i = 0; i < members->count; i++) {
        const struct agreement_report *report = report_of(node, members->members[i].id, index);
        uint32_t equal = 0;
        for (uint32_t j = 0; report && j < members->count; j++) {
            const struct agreement_report *other = report_of(node, members->members[j].id, index);
            equal += other && other->hash == report->hash;
        }
        reported += report != NULL;
        most = equal > most ? equal : most;
        same += report && report->hash == own->hash;
    }
    uint32_t majority = members->count / 2 + 1;
    if (most >= majority && same < majority)
        env_stop(&node->env, LOG_STATE_DIFFERS, DIFFERS);
    else if (reported == members->count && most < majority)
        env_stop(&node->env, LOG_STATES_DIFFER, ALL_DIFFER);
}

void agreement_applied(struct node *node)
{
    uint64_t index = store_applied(node->store);
    if (index % node->env.options.agreement_every != 0 || raft_members(node->raft)->count == 1)
        return;
    uint64_t hash = store_hash(node->store);
    note(&node->agreement, (size_t)exchange_place(node, node->env.options.id), index, hash);
    exchange_tell_state(node, index, hash);
    judge(node, index);
}

void agreement_heard(struct node *node, uint32_t from, uint64_t index, uint64_t hash)
{
    int place = exchange_place(node, from);
    ensure(place >= 0);
    note(&node->agreement, (size_t)place, index, hash);
    judge(node, index);
}
