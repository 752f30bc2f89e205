/* Links to peers that come and go, and the data directories that are found at their other ends: whether one is what its
 * member had, or an older copy of that. */
#include <string.h>

#include "base/ensure.h"
#include "raft/internal.h"

/* A free place, or that of a peer which is no member any more: there are more places than members. */
static struct raft_link *link_add(struct raft *raft, uint32_t id)
{
    struct raft_link *link = raft_peers_link(raft, 0);
    for (size_t i = 0; !link && i < RAFT_LINKS_MAX; i++) {
        if (!raft_configuration_member(raft_members(raft), raft->links[i].id))
            link = &raft->links[i];
    }
    ensure(link != NULL);
    *link = (struct raft_link){.id = id};
    return link;
}

/* Whether the process that LINK was last met with is one of DIRECTORY's lives, or may be. */
static bool descends(const struct raft_link *link, const struct raft_directory *directory)
{
    if (directory->life <= link->life)
        return false;
    uint64_t back = directory->life - link->life;
    if (back >= RAFT_LIVES_MAX || directory->processes[back] == 0)
        return true; /* it cannot be told */
    return directory->processes[back] == link->processes[0];
}

/* Whether DIRECTORY is what a process said that is dead: one before the process that was last met. A copy that is put
 * back begins a life of its own, which has a number of its own. */
static bool is_late(const struct raft_link *link, const struct raft_directory *directory)
{
    for (size_t i = 1; i < RAFT_LIVES_MAX; i++)
        if (link->processes[i] == directory->processes[0])
            return true;
    return false;
}

/* Whether DIRECTORY holds all that the member at the other end of LINK is known to have had. Asked of a new process
 * alone: what one process said last may arrive before what it said first, on another connection. STAYED: it is the
 * directory that was found there last, so what a leader knows of its log is of this one. */
static bool holds_all(struct raft *raft, const struct raft_link *link, const struct raft_directory *directory,
                      bool stayed)
{
    if (link->processes[0] == 0 || link->processes[0] == directory->processes[0])
        return true;
    if (!descends(link, directory) || directory->term < link->term)
        return false;
    const struct raft_progress *progress = raft_peers_find(raft, link->id);
    uint64_t acknowledged = link->acknowledged;
    bool led = raft->role == RAFT_LEADER && progress && stayed && directory->term == raft->term;
    if (led && progress->match > acknowledged)
        acknowledged = progress->match; /* no later leader can have taken it away */
    return directory->durable_index >= acknowledged;
}

/* Whether the member at the other end still counts, after its directory was found to be another one or an older one. */
static void reconsider(struct raft *raft, uint32_t id)
{
    struct raft_progress *progress = raft_peers_find(raft, id);
    const struct raft_member *member = raft_configuration_member(raft_members(raft), id);
    if (progress && member)
        progress->counts = raft_peers_member_counts(raft, member);
}

/* DIRECTORY is at the other end of LINK now. False: it is an older copy of the one that is known. */
static bool link_met(struct raft *raft, struct raft_link *link, const struct raft_directory *directory)
{
    const struct raft_member *member = raft_configuration_member(raft_members(raft), link->id);
    bool stayed = link->incarnation == directory->incarnation && !link->rolled_back;
    link->incarnation = directory->incarnation;
    if (link->known != directory->incarnation) {
        if (member && link->known == member->incarnation)
            return true;
        *link = (struct raft_link){.id = link->id, .incarnation = directory->incarnation};
        link->known = directory->incarnation;
    }
    if (is_late(link, directory))
        return true; /* its connection will be found dead */
    if (directory->rolled_back) { /* and knows it: it need not be told */
        link->rolled_back = true;
        return true;
    }
    bool holds = holds_all(raft, link, directory, stayed);
    link->rolled_back = !holds;
    if (holds) {
        link->life = directory->life;
        memcpy(link->processes, directory->processes, sizeof link->processes);
    }
    return holds;
}

bool raft_peer_up(struct raft *raft, uint32_t peer, const struct raft_directory *directory)
{
    ensure(peer > 0 && directory->processes[0] != 0);
    if (peer == raft->options.id)
        return true;
    if (raft->role == RAFT_LEADER)
        raft_peers_remember(raft);
    struct raft_link *link = raft_peers_link(raft, peer);
    bool changed = link && link->incarnation != directory->incarnation;
    if (!link)
        link = link_add(raft, peer);
    bool holds = link_met(raft, link, directory);
    reconsider(raft, peer);
    struct raft_progress *progress = raft_peers_find(raft, peer);
    if (!progress)
        return holds;
    const struct raft_member *member = raft_configuration_member(raft_members(raft), peer);
    ensure(member != NULL);
    /* Another directory, or an older one, holds nothing for certain of what was acknowledged. */
    if (changed || !holds || directory->rolled_back || member->incarnation != directory->incarnation)
        raft_progress_init(progress, raft_log_last(&raft->log) + 1, raft->now_ms);
    else if (progress->state != RAFT_PEER_SNAPSHOT)
        raft_progress_probe(progress, progress->state == RAFT_PEER_PROBE ? progress->next : progress->match + 1);
    /* A candidate that campaigned before its links were up asks again. */
    if (progress->counts && progress->vote == RAFT_VOTE_OPEN)
        raft_election_ask(raft, progress);
    return holds;
}

void raft_peer_rolled_back(struct raft *raft, uint32_t peer)
{
    struct raft_link *link = raft_peers_link(raft, peer);
    if (!link || link->rolled_back)
        return;
    link->rolled_back = true;
    reconsider(raft, peer);
}

void raft_peer_down(struct raft *raft, uint32_t peer)
{
    struct raft_progress *progress = raft_peers_find(raft, peer);
    if (raft->role == RAFT_LEADER && progress) {
        bool known = progress->state == RAFT_PEER_REPLICATE;
        progress->heard = false;
        raft_progress_probe(progress, known ? progress->match + 1 : progress->next);
        if (raft->leading.transfer == peer)
            raft_transfer_end(raft);
    }
    if (raft->role != RAFT_LEADER && peer > 0 && raft->leader == peer)
        raft_timeout_leader_gone(raft);
}
