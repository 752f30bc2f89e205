#include "node/replica/state_check.h"

#include <string.h>

#include "base/ensure.h"

#define DIFFERS "this node's state differs from the majority's at the same index: wipe its data directory, and it " \
                "comes back with a copy, as a learner"
#define ALL_DIFFER "no majority of the nodes has the same state at the same index: keep all data directories, and " \
                   "report this as a bug"

/* Where the reports of that node are; `count`: there are none. */
static size_t place_of(const struct state_check *check, uint32_t id)
{
    size_t place = 0;
    while (place < check->count && check->nodes[place].id != id)
        place++;
    return place;
}

/* The report at INDEX from the node with that id, or NULL. */
static const struct state_report *report_of(const struct state_check *check, uint32_t id, uint64_t index)
{
    size_t place = place_of(check, id);
    if (place == check->count)
        return NULL;
    for (size_t i = 0; i < STATE_CHECK_KEPT; i++)
        if (check->nodes[place].kept[i].index == index)
            return &check->nodes[place].kept[i];
    return NULL;
}

static void note(struct state_check *check, uint32_t id, uint64_t index, uint64_t hash)
{
    if (report_of(check, id, index))
        return; /* the first counts */
    size_t place = place_of(check, id);
    if (place == check->count) {
        ensure(check->count < STATE_CHECK_NODES_MAX); /* who is none any more was forgotten */
        check->nodes[check->count++] = (struct state_reports){.id = id};
    }
    struct state_reports *reports = &check->nodes[place];
    ensure(reports->id == id);
    reports->kept[reports->next++ % STATE_CHECK_KEPT] = (struct state_report){.index = index, .hash = hash};
}

static void judge(const struct state_check *check, struct env *env, const struct raft *raft, uint64_t index)
{
    const struct raft_configuration *members = raft_members(raft);
    uint32_t reported = 0, most = 0, same = 0;
    const struct state_report *own = report_of(check, env->options.id, index);
    if (!own)
        return;
    for (uint32_t i = 0; i < members->count; i++) {
        const struct state_report *report = report_of(check, members->members[i].id, index);
        uint32_t equal = 0;
        for (uint32_t j = 0; report && j < members->count; j++) {
            const struct state_report *other = report_of(check, members->members[j].id, index);
            equal += other && other->hash == report->hash;
        }
        reported += report != NULL;
        most = equal > most ? equal : most;
        same += report && report->hash == own->hash;
    }
    ensure(most <= reported && same <= most);
    uint32_t majority = members->count / 2 + 1;
    if (most >= majority && same < majority)
        env_stop(env, LOG_STATE_DIFFERS, DIFFERS);
    else if (reported == members->count && most < majority)
        env_stop(env, LOG_STATES_DIFFER, ALL_DIFFER);
}

void state_check_heard(struct state_check *check, struct env *env, const struct raft *raft, uint32_t id, uint64_t index,
                       uint64_t hash)
{
    ensure(id != 0 && index > 0);
    note(check, id, index, hash);
    judge(check, env, raft, index);
}

void state_check_forget(struct state_check *check, uint32_t id)
{
    size_t place = place_of(check, id);
    if (place == check->count)
        return;
    check->count--;
    memmove(&check->nodes[place], &check->nodes[place + 1], (check->count - place) * sizeof check->nodes[0]);
}
