/* Whatever a peer sends: frames in any split, and Raft messages. Nothing crashes, nothing leaks, and what decodes is
 * encoded to the same bytes again. */
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "node/peers/link.h"
#include "raft/message.h"

enum { MESSAGE_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void decode(const uint8_t *bytes, size_t size)
{
    static struct raft_entry entries[RAFT_MESSAGE_ENTRIES_MAX];
    struct raft_message message;
    if (!raft_message_decode(bytes, size, &message, entries))
        return;
    struct chain chain = {0};
    raft_message_encode(&message, &chain);
    ensure(chain.size == size && raft_message_size(&message) == size);
    uint8_t *again = malloc(size > 0 ? size : 1);
    ensure(again != NULL);
    chain_copy(&chain, again, size);
    ensure(memcmp(again, bytes, size) == 0);
    free(again);
    chain_close(&chain);
    raft_message_release(&message);
}

/* The first byte says how large the pieces are in which the rest comes. */
static void receive(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return;
    size_t step = bytes[0] > 0 ? bytes[0] : size;
    struct node_link *link = link_new(NULL, NODE_LINK_CONSENSUS, 2, 0);
    for (size_t at = 1; at < size && !node_link_ends(link); at += step) {
        const uint8_t *piece = bytes + at;
        size_t left = size - at < step ? size - at : step;
        struct link_message message;
        while (link_receive(link, &piece, &left, MESSAGE_MAX, &message))
            decode(message.body, message.size);
    }
    link_free(link);
}

/* The same as a sound frame, so that more than checksums is tried. */
static void receive_framed(const uint8_t *bytes, size_t size)
{
    struct node_link *from = link_new(NULL, NODE_LINK_CONSENSUS, 2, 0);
    struct node_link *to = link_new(NULL, NODE_LINK_CONSENSUS, 1, 0);
    struct chain body = {0};
    chain_append(&body, bytes, size);
    link_send(from, FRAME_RAFT, false, &body);
    size_t got = 0;
    while (node_link_output_bytes(from) > 0) {
        struct iovec piece;
        ensure(node_link_peek(from, &piece, 1) == 1);
        const uint8_t *at = piece.iov_base;
        size_t left = piece.iov_len;
        struct link_message message;
        while (link_receive(to, &at, &left, MESSAGE_MAX, &message)) {
            ensure(message.size == size && (size == 0 || memcmp(message.body, bytes, size) == 0));
            got++;
        }
        node_link_consume(from, piece.iov_len);
    }
    ensure(got == 1);
    link_free(from);
    link_free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    decode(bytes, size);
    receive(bytes, size);
    receive_framed(bytes, size);
    return 0;
}
