/* What Raft nodes say to each other, and how it looks in bytes. A message travels whole and unchanged (the link below
 * sees to framing and checksums) but may be lost, delayed, repeated or overtaken. */
#ifndef CLEAT_RAFT_MESSAGE_H
#define CLEAT_RAFT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/chain.h"

enum raft_entry_type {
    RAFT_ENTRY_NOOP = 1,      /* a leader's first entry of its term (dissertation 6.4); no payload */
    RAFT_ENTRY_CONFIGURATION, /* struct raft_configuration */
    RAFT_ENTRY_COMMAND,       /* opaque to raft */
    RAFT_ENTRY_TYPE_END,      /* types from here on are not known */
};

struct raft_entry {
    uint64_t index;
    uint64_t term;
    uint64_t time_ms;    /* cluster time at which the leader proposed it; never falls along the log */
    uint8_t type;        /* enum raft_entry_type; may be one that this program does not know */
    struct blob *payload; /* NULL: empty. In the log: one reference held */
};

enum raft_message_type {
    RAFT_PREVOTE = 1,     /* would you vote for me in `term`? (dissertation 9.6) `term` is the sender's + 1 */
    RAFT_PREVOTE_REPLY,
    RAFT_VOTE,            /* RequestVote */
    RAFT_VOTE_REPLY,
    RAFT_APPEND,          /* AppendEntries; without entries a heartbeat */
    RAFT_APPEND_REPLY,
    RAFT_READ,            /* a follower asks for a read index (6.4) */
    RAFT_READ_REPLY,
    RAFT_TIMEOUT_NOW,     /* leadership transfer (3.10): campaign at once */
    RAFT_MESSAGE_TYPE_END,
};

struct raft_message {
    enum raft_message_type type;
    uint32_t from;
    uint32_t to;
    uint64_t term;
    /* VOTE, PREVOTE: the candidate's last entry. APPEND: the entry before the first. */
    uint64_t index;
    uint64_t log_term;
    /* APPEND: the leader's commit index. */
    uint64_t commit;
    /* APPEND: the leader's confirmation round; APPEND_REPLY: the newest round seen in this term. READ, READ_REPLY: the
     * asker's own id for the read. */
    uint64_t round;
    /* APPEND: cluster time, for followers' clocks. */
    uint64_t time_ms;
    /* *_REPLY: granted, or appended. VOTE: true in a transfer, when voters must not wait for their leader's silence. */
    bool ok;
    /* APPEND_REPLY: ok: `match`, up to which the follower's durable log equals the leader's; `index`, up to which its
     * log does, durable or not (so that what only waits for its disk is not sent again). Not ok: `index` is the
     * previous entry that was refused, `match` the last index worth trying, `log_term` the follower's term there (or
     * that of its conflicting entry). READ_REPLY: ok: `match` is the read index. */
    uint64_t match;
    /* APPEND. Borrowed: from the sender's log, or from the decoder's array. */
    uint32_t entry_count;
    const struct raft_entry *entries;
};

enum {
    RAFT_MESSAGE_ENTRIES_MAX = 4096, /* in one message */
    RAFT_ENTRY_OVERHEAD = 13,        /* bytes of an entry beside its payload, but for its term, on the wire */
};

/* Far more than elections can ever use up: a larger term comes from no sound node, and would leave no room above it. */
#define RAFT_TERM_MAX ((uint64_t)1 << 62)

/* Appends MESSAGE's bytes to OUT; large payloads go by reference. */
void raft_message_encode(const struct raft_message *message, struct chain *out);
/* The same in two parts: what comes before the entries goes to HEAD, and its size is returned; */
enum { RAFT_MESSAGE_HEAD_MAX = 62 };
size_t raft_message_encode_head(const struct raft_message *message, uint8_t head[RAFT_MESSAGE_HEAD_MAX]);
/* ... the entries, which are the same for every follower that gets the same ones, to OUT (empty before), by reference
 * alone: so OUT can be appended to several chains. */
void raft_message_encode_entries(const struct raft_message *message, struct chain *out);
/* Its size in bytes when encoded. For tests. */
size_t raft_message_size(const struct raft_message *message);

/* Decodes; parses as if the sender were hostile. On success the entries are in ENTRIES (room for
 * RAFT_MESSAGE_ENTRIES_MAX), each with a payload blob of its own that the caller must release (raft_step takes its own
 * references). Returns false where the bytes are not valid or memory fails: nothing to release then. */
bool raft_message_decode(const uint8_t *bytes, size_t size, struct raft_message *message, struct raft_entry *entries);
/* Releases the payloads of a decoded message. */
void raft_message_release(struct raft_message *message);

#endif
