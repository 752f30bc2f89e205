#include "node/peers/quorum.h"

#include <string.h>

#include "base/ensure.h"
#include "node/event.h"

enum presence { HERE, DOWN, VOTELESS };

/* What is looked at: who they are, who is linked, and who has a vote. */
struct view {
    const struct peers *peers;
    const struct env *env;
    const struct raft *raft;
    bool formed;
    const struct raft_member *members; /* of a configuration, or where there is none yet, of --cluster */
    uint32_t count;
};

static struct view view_of(const struct peers *peers, const struct env *env, const struct raft *raft)
{
    const struct raft_configuration *members = peers_members(peers, raft);
    struct view view = {.peers = peers, .env = env, .raft = raft, .formed = identity_formed(&peers->identity)};
    view.count = members->count > 0 ? members->count : env->options.peer_count;
    view.members = members->count > 0 ? members->members : env->options.peers;
    ensure(view.count > 0);
    return view;
}

/* A member whose data directory is a new or an older one does not vote, whatever its role. */
static enum presence presence_of(const struct view *view, const struct raft_member *member)
{
    bool in_log = raft_members(view->raft)->count > 0, votes;
    if (member->id == view->env->options.id) {
        votes = in_log ? raft_is_voter(view->raft)
                       : member->incarnation == view->peers->identity.directory.incarnation;
    } else {
        const struct peer *peer = peers_look(view->peers, member->id);
        if (!peer || !peer->links[NODE_LINK_CONSENSUS])
            return DOWN;
        votes = in_log ? raft_peer_counts(view->raft, member->id) : peer->incarnation == member->incarnation;
    }
    return !view->formed || votes ? HERE : VOTELESS;
}

static struct quorum count(const struct view *view)
{
    struct quorum quorum = {0};
    for (uint32_t i = 0; i < view->count; i++) {
        quorum.voters += view->members[i].role == RAFT_VOTER;
        quorum.here += view->members[i].role == RAFT_VOTER && presence_of(view, &view->members[i]) == HERE;
    }
    quorum.needed = view->formed ? quorum.voters / 2 + 1 : quorum.voters;
    ensure(quorum.here <= quorum.voters && quorum.needed <= quorum.voters);
    return quorum;
}

struct quorum quorum_of(const struct peers *peers, const struct env *env, const struct raft *raft)
{
    const struct view view = view_of(peers, env, raft);
    return count(&view);
}

/* --- the line ---------------------------------------------------------------------------------------------------- */

/* "3, 4": ids of the voters of which that holds; how many. */
static uint32_t append_ids(const struct view *view, enum presence presence, struct buffer *out)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < view->count; i++) {
        const struct raft_member *member = &view->members[i];
        if (member->role != RAFT_VOTER || presence_of(view, member) != presence)
            continue;
        buffer_append_text(out, found++ > 0 ? ", " : "");
        buffer_append_number(out, member->id);
    }
    return found;
}

/* Who is missing, in brackets; nothing where none is. */
static void append_missing(const struct view *view, const struct quorum *quorum, struct buffer *out)
{
    struct buffer down = {0}, voteless = {0};
    uint32_t down_count = append_ids(view, DOWN, &down), voteless_count = append_ids(view, VOTELESS, &voteless);
    ensure(quorum->here + down_count + voteless_count == quorum->voters); /* each is one of these */
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

static void append_text(const struct view *view, struct buffer *out)
{
    struct quorum quorum = count(view);
    if (!view->formed)
        buffer_append_text(out, "the cluster has not formed: ");
    else if (quorum.here >= quorum.needed)
        buffer_append_text(out, "no leader is elected yet: ");
    buffer_append_number(out, quorum.here);
    buffer_append_text(out, " of ");
    buffer_append_number(out, quorum.voters);
    buffer_append_text(out, view->formed ? " voters are here, " : " nodes are here, ");
    buffer_append_number(out, quorum.needed);
    buffer_append_text(out, quorum.needed == 1 ? " is needed" : " are needed");
    append_missing(view, &quorum, out);
}

static void write_text(const struct view *view, char text[QUORUM_TEXT_MAX])
{
    struct buffer line = {0};
    append_text(view, &line);
    ensure(buffer_size(&line) > 0);
    size_t size = buffer_size(&line) < QUORUM_TEXT_MAX ? buffer_size(&line) : QUORUM_TEXT_MAX - 1;
    memcpy(text, buffer_start(&line), size);
    text[size] = '\0';
    buffer_close(&line);
}

void quorum_text(const struct peers *peers, const struct env *env, const struct raft *raft,
                 char text[QUORUM_TEXT_MAX])
{
    const struct view view = view_of(peers, env, raft);
    write_text(&view, text);
}

/* --- once a minute ----------------------------------------------------------------------------------------------- */

/* "2 at 10.0.0.2:9080 is not linked (Connection refused)" */
static void append_peer(const struct view *view, const struct peer *peer, struct buffer *out)
{
    uint32_t own = view->env->options.id;
    const struct node_link *link = peer->links[NODE_LINK_CONSENSUS];
    ensure(peer->id != own || !link);
    buffer_append_number(out, peer->id);
    buffer_append_text(out, " at ");
    buffer_append_text(out, peer->address);
    if (peer->id == own) {
        buffer_append_text(out, " is this node");
    } else if (link) {
        buffer_append_text(out, " is linked");
        if (!view->formed && !link->fresh && !link->formed)
            buffer_append_text(out, " (its data directory is not empty)");
    } else {
        buffer_append_text(out, " is not linked (");
        const char *waits = peer->id < own ? "it has not answered" : "it has not called";
        buffer_append_text(out, peer->trouble[0] != '\0' ? peer->trouble : waits);
        buffer_append_text(out, ")");
    }
}

static void say_missing(const struct view *view, struct env *env)
{
    const struct quorum quorum = count(view);
    struct buffer nodes = {0};
    char text[QUORUM_TEXT_MAX];
    write_text(view, text);
    for (uint32_t i = 0; i < view->peers->count; i++) {
        buffer_append_text(&nodes, i > 0 ? "; " : "");
        append_peer(view, &view->peers->list[i], &nodes);
    }
    buffer_append_u8(&nodes, '\0');
    event_begin(env, view->formed ? LOG_NO_LEADER : LOG_NOT_FORMED);
    event_number(env, "here", quorum.here);
    event_number(env, "needed", quorum.needed);
    event_text(env, "reason", text);
    event_text(env, "nodes", (const char *)buffer_start(&nodes));
    event_end(env);
    buffer_close(&nodes);
}

static bool waits(const struct env *env, const struct raft *raft)
{
    return raft_leader(raft) == 0 && !env->shutting_down;
}

void quorum_tick(struct peers *peers, struct env *env, const struct raft *raft)
{
    if (!waits(env, raft)) {
        peers->leaderless_say_ms = 0;
    } else if (peers->leaderless_say_ms == 0) {
        peers->leaderless_say_ms = env->now_ms + QUORUM_WAIT_MS;
    } else if (env->now_ms >= peers->leaderless_say_ms) {
        const struct view view = view_of(peers, env, raft);
        say_missing(&view, env);
        peers->leaderless_say_ms = env->now_ms + QUORUM_AGAIN_MS;
    }
}

uint64_t quorum_deadline_ms(const struct peers *peers, const struct env *env, const struct raft *raft)
{
    return waits(env, raft) && peers->leaderless_say_ms > 0 ? peers->leaderless_say_ms : UINT64_MAX;
}
