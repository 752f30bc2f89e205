#include "node/peers/quorum.h"

#include <string.h>

#include "node/state.h"

enum presence { HERE, DOWN, VOTELESS };

static bool has_formed(const struct node *node)
{
    return node->identity.configuration.count > 0;
}

/* All that count: of a configuration, or where there is none yet, of --cluster. */
static const struct raft_member *members_of(const struct node *node, uint32_t *count)
{
    const struct raft_configuration *configuration = raft_members(node->raft);
    if (configuration->count == 0)
        configuration = &node->identity.configuration;
    *count = configuration->count > 0 ? configuration->count : node->env.options.peer_count;
    return configuration->count > 0 ? configuration->members : node->env.options.peers;
}

/* A member whose data directory is a new or an older one does not vote, whatever its role. */
static enum presence presence_of(const struct node *node, const struct raft_member *member)
{
    int place = exchange_place(node, member->id);
    if (member->id == node->env.options.id) {
        bool votes = raft_members(node->raft)->count == 0 ? member->incarnation == node->identity.incarnation
                                                          : raft_is_voter(node->raft);
        return !has_formed(node) || votes ? HERE : VOTELESS;
    }
    if (place < 0 || !node->peers[place].links[NODE_LINK_CONSENSUS])
        return DOWN;
    bool votes = raft_members(node->raft)->count == 0 ? node->peers[place].incarnation == member->incarnation
                                                      : raft_peer_counts(node->raft, member->id);
    return !has_formed(node) || votes ? HERE : VOTELESS;
}

struct quorum quorum_of(const struct node *node)
{
    struct quorum quorum = {0};
    uint32_t count;
    const struct raft_member *members = members_of(node, &count);
    for (uint32_t i = 0; i < count; i++) {
        quorum.voters += members[i].role == RAFT_VOTER;
        quorum.here += members[i].role == RAFT_VOTER && presence_of(node, &members[i]) == HERE;
    }
    quorum.needed = has_formed(node) ? quorum.voters / 2 + 1 : quorum.voters;
    return quorum;
}

/* --- the line ---------------------------------------------------------------------------------------------------- */

/* "3, 4": ids of the voters of which that holds; how many. */
static uint32_t append_ids(const struct node *node, enum presence presence, struct buffer *out)
{
    uint32_t count, found = 0;
    const struct raft_member *members = members_of(node, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (members[i].role != RAFT_VOTER || presence_of(node, &members[i]) != presence)
            continue;
        buffer_append_text(out, found++ > 0 ? ", " : "");
        buffer_append_number(out, members[i].id);
    }
    return found;
}

/* Who is missing, in brackets; nothing where none is. */
static void append_missing(const struct node *node, struct buffer *out)
{
    struct buffer down = {0}, voteless = {0};
    uint32_t down_count = append_ids(node, DOWN, &down), voteless_count = append_ids(node, VOTELESS, &voteless);
    const char *parted = " (";
    if (down_count > 0) {
        buffer_append_text(out, down_count == 1 ? " (node " : " (nodes ");
        buffer_append(out, buffer_start(&down), buffer_size(&down));
        buffer_append_text(out, down_count == 1 ? " is down" : " are down");
        parted = "; ";
    }
    if (voteless_count > 0) {
        buffer_append_text(out, parted);
        if (down_count == 0)
            buffer_append_text(out, voteless_count == 1 ? "node " : "nodes ");
        buffer_append(out, buffer_start(&voteless), buffer_size(&voteless));
        buffer_append_text(out, voteless_count == 1 ? " does not vote" : " do not vote");
    }
    if (down_count + voteless_count > 0)
        buffer_append_text(out, ")");
    buffer_close(&down);
    buffer_close(&voteless);
}

static void append_text(const struct node *node, struct buffer *out)
{
    struct quorum quorum = quorum_of(node);
    if (!has_formed(node))
        buffer_append_text(out, "the cluster has not formed: ");
    else if (quorum.here >= quorum.needed)
        buffer_append_text(out, "no leader is elected yet: ");
    buffer_append_number(out, quorum.here);
    buffer_append_text(out, " of ");
    buffer_append_number(out, quorum.voters);
    buffer_append_text(out, has_formed(node) ? " voters are here, " : " nodes are here, ");
    buffer_append_number(out, quorum.needed);
    buffer_append_text(out, quorum.needed == 1 ? " is needed" : " are needed");
    append_missing(node, out);
}

void quorum_text(const struct node *node, char text[QUORUM_TEXT_MAX])
{
    struct buffer line = {0};
    append_text(node, &line);
    size_t size = buffer_size(&line) < QUORUM_TEXT_MAX ? buffer_size(&line) : QUORUM_TEXT_MAX - 1;
    memcpy(text, buffer_start(&line), size);
    text[size] = '\0';
    buffer_close(&line);
}

/* --- once a minute ----------------------------------------------------------------------------------------------- */

void quorum_trouble(struct peer *peer, const char *reason)
{
    strncpy(peer->trouble, reason, sizeof peer->trouble - 1);
}

/* "2 at 10.0.0.2:9080 is not linked (Connection refused)" */
static void append_peer(const struct node *node, uint32_t place, struct buffer *out)
{
    const struct raft_member *listed = &node->env.options.peers[place];
    const struct peer *peer = &node->peers[place];
    const struct node_link *link = peer->links[NODE_LINK_CONSENSUS];
    buffer_append_number(out, listed->id);
    buffer_append_text(out, " at ");
    buffer_append_text(out, listed->address);
    if (listed->id == node->env.options.id) {
        buffer_append_text(out, " is this node");
    } else if (link) {
        buffer_append_text(out, " is linked");
        if (!has_formed(node) && !link->fresh && !link->formed)
            buffer_append_text(out, " (its data directory is not empty)");
    } else {
        buffer_append_text(out, " is not linked (");
        const char *waits = listed->id < node->env.options.id ? "it has not answered" : "it has not called";
        buffer_append_text(out, peer->trouble[0] != '\0' ? peer->trouble : waits);
        buffer_append_text(out, ")");
    }
}

static void say_missing(struct node *node)
{
    struct quorum quorum = quorum_of(node);
    struct buffer peers = {0};
    char text[QUORUM_TEXT_MAX];
    quorum_text(node, text);
    for (uint32_t i = 0; i < node->env.options.peer_count; i++) {
        buffer_append_text(&peers, i > 0 ? "; " : "");
        append_peer(node, i, &peers);
    }
    buffer_append_u8(&peers, '\0');
    event_begin(&node->env, has_formed(node) ? LOG_NO_LEADER : LOG_NOT_FORMED);
    event_number(&node->env, "here", quorum.here);
    event_number(&node->env, "needed", quorum.needed);
    event_text(&node->env, "reason", text);
    event_text(&node->env, "nodes", (const char *)buffer_start(&peers));
    event_end(&node->env);
    buffer_close(&peers);
}

static bool waits(const struct node *node)
{
    return raft_leader(node->raft) == 0 && !node->shutting_down;
}

void quorum_tick(struct node *node)
{
    if (!waits(node)) {
        node->leaderless_say_ms = 0;
    } else if (node->leaderless_say_ms == 0) {
        node->leaderless_say_ms = node->env.now_ms + QUORUM_WAIT_MS;
    } else if (node->env.now_ms >= node->leaderless_say_ms) {
        say_missing(node);
        node->leaderless_say_ms = node->env.now_ms + QUORUM_AGAIN_MS;
    }
}

uint64_t quorum_deadline_ms(const struct node *node)
{
    return waits(node) && node->leaderless_say_ms > 0 ? node->leaderless_say_ms : UINT64_MAX;
}
