/* What a transfer has to say to a peer, on the link for bulk: one message, which waits until it is taken. Its bytes are
 * those of a frame of that name (peers/frame.h). */
#ifndef CLEAT_NODE_TRANSFER_MESSAGE_H
#define CLEAT_NODE_TRANSFER_MESSAGE_H

#include <stdint.h>

#include "base/chain.h"

enum transfer_message_kind { TRANSFER_NOTHING, TRANSFER_OFFER, TRANSFER_CHUNK, TRANSFER_TAKEN };

struct transfer_message {
    enum transfer_message_kind kind;
    uint32_t to;
    struct chain body;
};

/* The state in TAKEN, in docs/FORMATS.md's words: have it up to the offset; installed; not wanted. */
enum transfer_taken { TRANSFER_TAKEN_SO_FAR = 0, TRANSFER_TAKEN_INSTALLED = 1, TRANSFER_TAKEN_NOT = 2 };

#endif
