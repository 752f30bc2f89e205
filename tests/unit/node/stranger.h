/* Strangers that call the solo node: a link, a hello on it, and what the log then says. */
#ifndef CLEAT_TESTS_UNIT_NODE_STRANGER_H
#define CLEAT_TESTS_UNIT_NODE_STRANGER_H

#include "node/peers/frame.h"
#include "node/peers/hello.h"
#include "protocol/level.h"

#define HELLO(the_format, the_kind, who, whom, cluster) \
    {.format = (the_format), .kind = (the_kind), .from = (who), .to = (whom), .cluster_id = (cluster)}

static uint16_t stranger_level = LEVEL_KNOWN; /* that its program knows */

/* A link from a stranger, its first frame not yet said. */
static inline struct node_link *called_from(const char *address)
{
    struct node_link *link = node_link_open(node, NULL, NODE_LINK_CONSENSUS, 0);
    ck_assert_ptr_nonnull(link);
    node_link_from(link, address);
    return link;
}

static void say(struct node_link *link, const struct hello *hello)
{
    struct node_link *sender = link_new(NULL, NODE_LINK_CONSENSUS, 1, 0);
    struct buffer body = {0};
    struct iovec piece;
    buffer_append_u32(&body, hello->format);
    buffer_append_u8(&body, hello->kind);
    buffer_append_u32(&body, hello->from);
    buffer_append_u32(&body, hello->to);
    buffer_append_u64(&body, hello->incarnation != 0 ? hello->incarnation : 77);
    buffer_append_u64(&body, hello->cluster_id);
    buffer_append_u8(&body, (uint8_t)((hello->fresh ? 1 : 0) | (hello->rolled_back ? 2 : 0)));
    buffer_append_u16(&body, stranger_level);
    buffer_append_u64(&body, hello->life != 0 ? hello->life : 1);
    buffer_append_u64(&body, hello->term);
    buffer_append_u64(&body, hello->durable_index);
    uint8_t count = 0;
    while (count < RAFT_LIVES_MAX && hello->processes[count] != 0)
        count++;
    buffer_append_u8(&body, count > 0 ? count : 1);
    buffer_append_u64(&body, count > 0 ? hello->processes[0] : 7);
    for (uint8_t i = 1; i < count; i++)
        buffer_append_u64(&body, hello->processes[i]);
    link_send_bytes(sender, FRAME_HELLO, true, &body);
    while (node_link_peek(sender, &piece, 1) == 1) {
        node_link_bytes(node, link, piece.iov_base, piece.iov_len);
        node_link_consume(sender, piece.iov_len);
    }
    buffer_close(&body);
    link_free(sender);
}

/* How many lines of the log so far have TEXT. */
static inline int said(const char *text)
{
    struct buffer *log = node_log(node);
    int count = 0;
    buffer_append_u8(log, '\0');
    for (const char *at = (const char *)buffer_start(log); (at = strstr(at, text)) != NULL; at++)
        count++;
    log->end--;
    return count;
}

#endif
