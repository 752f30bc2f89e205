/* One connection to another node: frames out, in two queues, and frames in.
 *
 *      urgent  [frame][frame]            heartbeats, votes, replies: go first, between two frames of the other queue
 *      normal  [frame........][frame]    entries, forwards, snapshots
 *
 * A link says hello first; until the other's hello has come and fits, nothing else is taken from it. */
#ifndef CLEAT_NODE_LINK_H
#define CLEAT_NODE_LINK_H

#include "base/buffer.h"
#include "base/chain.h"
#include "node/ends.h"
#include "node/peers/frame.h"
#include "raft/configuration.h"

enum {
    LINK_HELLO_TIMEOUT_MS = 2000,
    LINK_OUTPUT_MAX = 64 * 1024 * 1024, /* bytes waiting for a peer that takes none: the link is given up */
};

struct node_link {
    struct peer_socket *owner;
    enum node_link_kind kind;
    uint32_t peer;          /* 0 until its hello, if it called us */
    char address[RAFT_ADDRESS_MAX + 1]; /* for log lines: where it was called, or calls from; empty: not known */
    uint64_t incarnation;   /* the peer's; known when up */
    uint64_t process;       /* likewise */
    bool up;                /* both hellos have come and fit */
    uint16_t level;         /* the highest that the peer knows, as it said */
    bool formed;            /* the peer knows a cluster: it said so */
    bool fresh;             /* the peer's data directory was empty then */
    bool ends;              /* to be closed by the driver */
    bool refused;           /* by the other end: it is not to be called again at once */
    uint64_t opened_ms;
    uint64_t messages;      /* sent, for numbering */
    size_t part_max;        /* bytes of a frame's body; FRAME_BODY_MAX unless changed */
    size_t frame_left;      /* bytes of the normal queue's first frame still to be written; 0: between frames */
    struct chain urgent;
    struct chain normal;
    struct buffer input;    /* a frame that has not come whole */
    /* A message in parts that has not come whole. */
    uint64_t part_message;
    uint16_t part_count;
    enum frame_type part_type;
    struct buffer parts;
};

struct node_link *link_new(struct peer_socket *owner, enum node_link_kind kind, uint32_t peer, uint64_t now_ms);
void link_free(struct node_link *link);

/* Sends the message in BODY (emptied). Dropped when the link ends. */
void link_send(struct node_link *link, enum frame_type type, bool urgent, struct chain *body);
/* Sends the message that begins with HEAD_SIZE bytes at HEAD and goes on with TAIL (frame_write_head). TAIL stays. */
void link_send_head(struct node_link *link, enum frame_type type, bool urgent, const uint8_t *head, size_t head_size,
                    const struct chain *tail, uint64_t tail_hash);
void link_send_bytes(struct node_link *link, enum frame_type type, bool urgent, const struct buffer *body);

/* One whole message that came in. BODY is borrowed until the next call. */
struct link_message {
    enum frame_type type;
    const uint8_t *body;
    size_t size;
};

/* Feeds BYTES in and takes one message out: true, and MESSAGE; call again with *BYTES advanced. False: all was taken,
 * or the link ends because of a bad frame. MESSAGE_MAX bounds a message in parts. */
bool link_receive(struct node_link *link, const uint8_t **bytes, size_t *size, size_t message_max,
                  struct link_message *message);

#endif
