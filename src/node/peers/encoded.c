#include "node/peers/encoded.h"

#include "base/ensure.h"
#include "node/peers/frame.h"

_Static_assert((int)FRAME_HEAD_MAX == (int)RAFT_MESSAGE_HEAD_MAX, "entries are the tail of their frame's body");

static size_t kept(const struct encoded *encoded)
{
    return encoded->made < ENCODED_MAX ? encoded->made : ENCODED_MAX;
}

const struct encoded_entries *encoded_find(struct encoded *encoded, const struct raft_message *message)
{
    ensure(message->type == RAFT_APPEND && message->entry_count > 0);
    for (size_t i = 0; i < kept(encoded); i++) {
        const struct encoded_entries *range = &encoded->ranges[i];
        if (range->count == message->entry_count && range->index == message->index)
            return range;
    }
    struct encoded_entries *range = &encoded->ranges[encoded->made % ENCODED_MAX];
    if (encoded->made++ >= ENCODED_MAX)
        chain_close(&range->bytes);
    *range = (struct encoded_entries){.index = message->index, .count = message->entry_count};
    raft_message_encode_entries(message, &range->bytes);
    ensure(range->bytes.size > 0);
    bool fits = range->bytes.size <= FRAME_BODY_MAX - FRAME_HEAD_MAX;
    range->hash = fits ? frame_tail_hash(&range->bytes) : 0;
    return range;
}

void encoded_close(struct encoded *encoded)
{
    for (size_t i = 0; i < kept(encoded); i++)
        chain_close(&encoded->ranges[i].bytes);
    encoded->made = 0;
}
