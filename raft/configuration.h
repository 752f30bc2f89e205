/* Who is in the cluster: a value in the log. Fixed for now when the cluster forms; learners are already in it, so that
 * single-server changes (dissertation 4.1) find their place ready.
 *
 * Bytes: u8 format (2); u64 cluster id; u16 size of extra, extra; u8 count; count x (u32 id; u64 incarnation; u8 role;
 * u8 flags; u8 size, address for peers; u8 size, address for clients). `extra` is opaque here: the node keeps its
 * cluster-wide limits in it. */
#ifndef CLEAT_RAFT_CONFIGURATION_H
#define CLEAT_RAFT_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum {
    RAFT_MEMBERS_MAX = 9,
    RAFT_ADDRESS_MAX = 120, /* bytes of "host:port", each '!' to '~' */
    RAFT_EXTRA_MAX = 128,
    RAFT_MEMBER_BYTES_MAX = 4 + 8 + 1 + 1 + 2 * (1 + RAFT_ADDRESS_MAX),
    RAFT_CONFIGURATION_BYTES_MAX = 1 + 8 + 2 + RAFT_EXTRA_MAX + 1 + RAFT_MEMBERS_MAX * RAFT_MEMBER_BYTES_MAX,
};

enum raft_member_role { RAFT_VOTER = 1, RAFT_LEARNER = 2 };

/* Flags of a member. */
enum {
    RAFT_MEMBER_PROMOTE = 1, /* a learner that is to become a voter when it holds the log; kept, not acted upon yet */
#ifdef CLEAT_TEST_LEVEL /* protocol/level.h */
    RAFT_MEMBER_TEST = 128,
    RAFT_MEMBER_FLAGS = RAFT_MEMBER_PROMOTE | RAFT_MEMBER_TEST,
#else
    RAFT_MEMBER_FLAGS = RAFT_MEMBER_PROMOTE, /* that are known */
#endif
};

struct raft_member {
    uint32_t id;           /* from 1 */
    uint64_t incarnation;  /* of the data directory that is this member; 0: awaited, so a learner */
    enum raft_member_role role;
    uint8_t flags;
    char address[RAFT_ADDRESS_MAX + 1];
    char client_address[RAFT_ADDRESS_MAX + 1]; /* empty: not known */
};

struct raft_configuration {
    uint64_t cluster_id; /* 0: no cluster yet */
    uint32_t count;
    struct raft_member members[RAFT_MEMBERS_MAX]; /* by ascending id */
    uint32_t extra_size;
    uint8_t extra[RAFT_EXTRA_MAX];
};

/* Appends the bytes of a configuration that can be decoded, RAFT_CONFIGURATION_BYTES_MAX at most, to OUT. */
void raft_configuration_encode(const struct raft_configuration *configuration, struct buffer *out);
/* False where the bytes are no valid configuration: sizes, order, ids, roles, flags, at least one voter. */
bool raft_configuration_decode(const uint8_t *bytes, size_t size, struct raft_configuration *configuration);

/* True where BYTES are of a format, or hold a role or a flag, that only a newer program knows (decode says false). */
bool raft_configuration_is_newer(const uint8_t *bytes, size_t size);

const struct raft_member *raft_configuration_member(const struct raft_configuration *configuration, uint32_t id);
uint32_t raft_configuration_voters(const struct raft_configuration *configuration);
/* Votes or acknowledgements that decide: a majority of the voters. */
uint32_t raft_configuration_quorum(const struct raft_configuration *configuration);

#endif
