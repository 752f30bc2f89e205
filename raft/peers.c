/* The other members, and which of them count: voters whose data directory is the one that the configuration names, and
 * holds all that it ever acknowledged. A voter whose disk was wiped, or put back from an older copy, has forgotten what
 * it promised; it gets a copy of the log but decides nothing. */
#include <string.h>

#include "base/ensure.h"
#include "raft/state.h"

static struct raft_link *link_find(struct raft *raft, uint32_t id)
{
    for (size_t i = 0; i < RAFT_LINKS_MAX; i++) {
        if (raft->links[i].id == id)
            return &raft->links[i];
    }
    return NULL;
}

/* A free place, or that of a peer which is no member any more: there are more places than members. */
static struct raft_link *link_add(struct raft *raft, uint32_t id)
{
    struct raft_link *link = link_find(raft, 0);
    for (size_t i = 0; !link && i < RAFT_LINKS_MAX; i++) {
        if (!raft_configuration_member(raft_members(raft), raft->links[i].id))
            link = &raft->links[i];
    }
    ensure(link != NULL);
    *link = (struct raft_link){.id = id};
    return link;
}

/* A peer whose data directory is not known yet is taken for the member. */
static bool counts(struct raft *raft, const struct raft_member *member)
{
    const struct raft_link *link = link_find(raft, member->id);
    return member->role == RAFT_VOTER &&
           (!link || (link->incarnation == member->incarnation && !link->rolled_back));
}

struct raft_progress *raft_peers_find(struct raft *raft, uint32_t id)
{
    for (uint32_t i = 0; i < raft->peer_count; i++) {
        if (raft->peers[i].id == id)
            return &raft->peers[i];
    }
    return NULL;
}

static void remove_peer(struct raft *raft, uint32_t place)
{
    ensure(place < raft->peer_count);
    raft->peer_count--;
    memmove(&raft->peers[place], &raft->peers[place + 1], (raft->peer_count - place) * sizeof raft->peers[0]);
}

void raft_peers_sync(struct raft *raft)
{
    const struct raft_configuration *configuration = raft_members(raft);
    for (uint32_t i = raft->peer_count; i > 0; i--) {
        if (!raft_configuration_member(configuration, raft->peers[i - 1].id))
            remove_peer(raft, i - 1);
    }
    for (uint32_t i = 0; i < configuration->count; i++) {
        const struct raft_member *member = &configuration->members[i];
        if (member->id == raft->options.id)
            continue;
        struct raft_progress *peer = raft_peers_find(raft, member->id);
        if (!peer) {
            ensure(raft->peer_count < RAFT_MEMBERS_MAX);
            peer = &raft->peers[raft->peer_count++];
            peer->id = member->id;
            raft_progress_init(peer, raft_log_last(&raft->log) + 1, raft->now_ms);
        }
        peer->counts = counts(raft, member);
    }
    ensure(raft->peer_count <= configuration->count);
}

uint32_t raft_peers_quorum(const struct raft *raft)
{
    return raft_configuration_quorum(raft_members(raft));
}

uint64_t raft_peers_reach(const struct raft *raft, uint64_t self, uint64_t (*peer)(const struct raft_progress *))
{
    uint64_t numbers[RAFT_MEMBERS_MAX]; /* the largest first */
    uint32_t count = 0;
    for (uint32_t i = 0; i <= raft->peer_count && count < RAFT_MEMBERS_MAX; i++) {
        bool is_self = i == raft->peer_count;
        if (is_self ? !raft_is_voter(raft) : !raft->peers[i].counts)
            continue;
        uint64_t number = is_self ? self : peer(&raft->peers[i]);
        uint32_t place = count++;
        for (; place > 0 && numbers[place - 1] < number; place--)
            numbers[place] = numbers[place - 1];
        numbers[place] = number;
    }
    /* The quorum is one of all voters: one that does not count is one that never answers. */
    uint32_t quorum = raft_peers_quorum(raft);
    ensure(quorum > 0);
    return count >= quorum ? numbers[quorum - 1] : 0;
}

/* --- links ------------------------------------------------------------------------------------------------------ */

/* Whether what is at the other end now is the directory that is known, and no older copy of it: what a stranger or a
 * copy says or acknowledges is nothing to hold against the member when it comes back. */
static bool is_known(const struct raft_link *link)
{
    return link->incarnation == link->known && !link->rolled_back;
}

void raft_peers_spoke(struct raft *raft, uint32_t peer, uint64_t term)
{
    struct raft_link *link = link_find(raft, peer);
    if (link && is_known(link) && link->term < term)
        link->term = term;
}

/* A committed entry that a member acknowledged stays in its log for good: so much can be asked of it when it comes
 * back. What was not committed may since have given way to another leader's entries. */
void raft_peers_remember(struct raft *raft)
{
    ensure(raft->role == RAFT_LEADER);
    for (uint32_t i = 0; i < raft->peer_count; i++) {
        const struct raft_progress *peer = &raft->peers[i];
        struct raft_link *link = link_find(raft, peer->id);
        if (!link || !is_known(link) || (peer->match == 0 && peer->round == 0))
            continue;
        uint64_t acknowledged = peer->match < raft->commit ? peer->match : raft->commit;
        if (link->acknowledged < acknowledged)
            link->acknowledged = acknowledged;
        raft_peers_spoke(raft, peer->id, raft->term);
    }
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
        progress->counts = counts(raft, member);
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
    struct raft_link *link = link_find(raft, peer);
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
    /* A candidate that stood before its links were up asks again. */
    if (progress->counts && progress->vote == RAFT_VOTE_OPEN)
        raft_election_ask(raft, progress);
    return holds;
}

void raft_peer_rolled_back(struct raft *raft, uint32_t peer)
{
    struct raft_link *link = link_find(raft, peer);
    if (!link || link->rolled_back)
        return;
    link->rolled_back = true;
    reconsider(raft, peer);
}

bool raft_peer_counts(const struct raft *raft, uint32_t peer)
{
    for (uint32_t i = 0; i < raft->peer_count; i++)
        if (raft->peers[i].id == peer)
            return raft->peers[i].counts;
    return false;
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
        raft_election_leader_gone(raft);
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
