/* What travels on a link between two nodes: frames.
 *
 *      offset  size
 *           0     4  size of the body, at most FRAME_BODY_MAX
 *           4     1  type
 *           5     1  1: more parts of this message follow, 0: this is its last
 *           6     2  part of the message, from 0
 *           8     8  number of the message on this link
 *          16     8  XXH3 of the first FRAME_HEAD_MAX bytes of the body. Its seed is the XXH3 of bytes 0..15 XOR, if
 *                    the body is longer, the XXH3 of the rest, which has a seed of its own
 *          24        body
 *
 * So the rest is hashed once where it goes to several nodes: the entries of an APPEND, whose head differs.
 *
 * A message longer than a frame goes in parts, and frames of other messages may go between them: so heartbeats never
 * wait behind bytes. A frame that does not check out ends the link; a part that does not fit the ones before it drops
 * its message.
 *
 * Bodies (integers little-endian):
 *
 *      HELLO      u32 format 2; u8 kind of link; u32 from; u32 to (0: whoever answers); u64 incarnation; u64 cluster id
 *                 (0: none yet); u8 flags: 1 the data directory is empty, 2 it was rolled back; u8 entry types known;
 *                 u8 command kinds known; u64 life; u64 durable term; u64 durable index; u8 count of processes, at
 *                 most RAFT_LIVES_MAX; count x u64 process: of this life, of the one before, and so on
 *      FORM       the cluster's configuration (raft/configuration.h)
 *      RAFT       one message (raft/message.h)
 *      OPEN       u64 term; u64 nonce                                   gateway -> leader
 *      FORWARD    u64 term; n x (u32 size; command)                     gateway -> leader; n = 0 asks for a CREDIT
 *      CREDIT     u64 term; u64 epoch; u64 received; u8 writable        leader -> gateway
 *      STATE      u64 index; u64 hash of the state; u8 flags            to all, now and then
 *      OFFER      u64 index; u64 term; u64 size                         bulk: a snapshot begins
 *      CHUNK      u64 offset; bytes                                     bulk
 *      TAKEN      u64 index; u64 offset; u8 state (enum transfer_taken) bulk
 *      REFUSED    u8 code (enum frame_refusal); why, as text            in place of HELLO, or when a link is ended */
#ifndef CLEAT_NODE_FRAME_H
#define CLEAT_NODE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/chain.h"

enum {
    FRAME_FORMAT = 2,
    FRAME_HEADER_SIZE = 24,
    FRAME_HEAD_MAX = 62, /* of a body: what an APPEND has before its entries */
    FRAME_BODY_MAX = 256 * 1024,
    FRAME_REASON_MAX = 200, /* bytes of text in REFUSED that are looked at */
};

/* Flags of STATE: there is room on the disk; the cluster's configuration is stored; the receiver's data directory is an
 * older copy of what it was; the sender's is (raft_roll_back). */
enum {
    FRAME_STATE_ROOM = 1,
    FRAME_STATE_FORMED = 2,
    FRAME_STATE_PEER_ROLLED_BACK = 32,
    FRAME_STATE_ROLLED_BACK = 64,
};

enum frame_refusal { FRAME_REFUSAL_OTHER = 0, FRAME_REFUSAL_DUPLICATE = 1 /* another process has the id */ };

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_FORM,
    FRAME_RAFT,
    FRAME_OPEN,
    FRAME_FORWARD,
    FRAME_CREDIT,
    FRAME_STATE,
    FRAME_OFFER,
    FRAME_CHUNK,
    FRAME_TAKEN,
    FRAME_REFUSED = 14, /* 11 to 13 are not used yet */
    FRAME_TYPE_END,
};

struct frame {
    enum frame_type type;
    bool more;
    uint16_t part;
    uint64_t message;
    const uint8_t *body; /* borrowed from the input */
    size_t size;
};

/* Appends the message whose bytes are BODY (emptied) to OUT, as frames with at most PART_MAX bytes of body each (1 to
 * FRAME_BODY_MAX). */
void frame_write(struct chain *out, enum frame_type type, uint64_t message, size_t part_max, struct chain *body);

/* The same for a message of one frame whose body begins with the HEAD_SIZE bytes at HEAD. TAIL is the rest, or empty.
 * If it is not, HEAD has FRAME_HEAD_MAX bytes, TAIL stays and is made of references (chain_append_chain), and TAIL_HASH
 * is its frame_tail_hash. */
void frame_write_head(struct chain *out, enum frame_type type, uint64_t message, const uint8_t *head, size_t head_size,
                      const struct chain *tail, uint64_t tail_hash);
/* What a frame's checksum has of the bytes of TAIL, which are what follows the head of a body. */
uint64_t frame_tail_hash(const struct chain *tail);

/* Parses the frame at the start of BYTES: its length in bytes, 0 if more are needed, -1 if it is bad. */
long frame_parse(const uint8_t *bytes, size_t size, struct frame *frame);

/* The length of the frame whose header (FRAME_HEADER_SIZE bytes) is at BYTES. */
size_t frame_length(const uint8_t *bytes);

#endif
