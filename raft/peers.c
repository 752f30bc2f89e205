/* The other members, and which of them count: voters whose data directory is the one that the configuration names, and
 * holds all that it ever acknowledged. A voter whose disk was wiped, or put back from an older copy, has forgotten what
 * it promised; it gets a copy of the log but decides nothing. */
#include <string.h>

#include "base/ensure.h"
#include "raft/internal.h"

struct raft_link *raft_peers_link(struct raft *raft, uint32_t id)
{
    for (size_t i = 0; i < RAFT_LINKS_MAX; i++) {
        if (raft->links[i].id == id)
            return &raft->links[i];
    }
    return NULL;
}

/* A peer whose data directory is not known yet is taken for the member. */
bool raft_peers_member_counts(struct raft *raft, const struct raft_member *member)
{
    const struct raft_link *link = raft_peers_link(raft, member->id);
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
        peer->counts = raft_peers_member_counts(raft, member);
    }
    ensure(raft->peer_count <= configuration->count);
}

uint32_t raft_peers_quorum(const struct raft *raft)
{
    return raft_configuration_quorum(raft_members(raft));
}

uint64_t raft_quorum_index(const struct raft *raft, uint64_t self, uint64_t (*peer)(const struct raft_progress *))
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

/* --- what they said --------------------------------------------------------------------------------------------- */

/* Whether what is at the other end now is the directory that is known, and no older copy of it: what a stranger or a
 * copy says or acknowledges is nothing to hold against the member when it comes back. */
static bool is_known(const struct raft_link *link)
{
    return link->incarnation == link->known && !link->rolled_back;
}

void raft_peers_spoke(struct raft *raft, uint32_t peer, uint64_t term)
{
    struct raft_link *link = raft_peers_link(raft, peer);
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
        struct raft_link *link = raft_peers_link(raft, peer->id);
        if (!link || !is_known(link) || (peer->match == 0 && peer->round == 0))
            continue;
        uint64_t acknowledged = peer->match < raft->commit ? peer->match : raft->commit;
        if (link->acknowledged < acknowledged)
            link->acknowledged = acknowledged;
        raft_peers_spoke(raft, peer->id, raft->term);
    }
}

void raft_tell(struct raft *raft, uint32_t id)
{
    struct raft_progress *peer = raft->role == RAFT_LEADER ? raft_peers_find(raft, id) : NULL;
    if (peer)
        peer->commit_wanted = true;
}
