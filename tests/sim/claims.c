/* What leaves a node against what its disk has synced: 5.1 and figure 2 of the paper, "updated on stable storage before
 * responding". Heartbeats and entries are looked at only as far as they are short: their terms repeat anyway. */
#include "node/peers/frame.h"
#include "raft/message.h"
#include "sim/invariants.h"

enum { LOOKED_AT_MAX = 512 };

/* NULL, or what MESSAGE claims that is not durable. */
static const char *claim(const struct synced *synced, const struct raft_message *message)
{
    /* Asking for a PreVote, and answering, claims nothing. */
    if (message->type == RAFT_PREVOTE || message->type == RAFT_PREVOTE_REPLY)
        return NULL;
    if (message->term > synced->term)
        return "a message of a term that is not durable";
    if (synced->never_votes && message->type == RAFT_VOTE_REPLY && message->ok)
        return "a vote of a node whose disk was emptied: it may have voted before";
    bool votes = message->type == RAFT_VOTE || (message->type == RAFT_VOTE_REPLY && message->ok);
    uint32_t candidate = message->type == RAFT_VOTE ? message->from : message->to;
    if (votes && message->term == synced->term && synced->vote != candidate)
        return "a vote that is not durable";
    /* What waited in a queue since an earlier term may be gone by now: it was there when it was claimed. */
    if (message->type == RAFT_APPEND_REPLY && message->ok && message->term == synced->term &&
        message->match > synced->base + synced->count)
        return "entries are acknowledged that are not durable";
    return NULL;
}

const char *invariants_frame(struct invariants *invariants, uint32_t id, const uint8_t *bytes, size_t size)
{
    static struct raft_entry entries[RAFT_MESSAGE_ENTRIES_MAX];
    struct raft_message message;
    struct frame frame;
    if (size > LOOKED_AT_MAX || frame_parse(bytes, size, &frame) <= 0)
        return NULL;
    if (frame.type != FRAME_RAFT || frame.more || frame.part > 0)
        return NULL;
    if (!raft_message_decode(frame.body, frame.size, &message, entries))
        return "a message that cannot be decoded";
    const char *wrong = claim(&invariants->watched[id - 1].synced, &message);
    raft_message_release(&message);
    return wrong;
}
