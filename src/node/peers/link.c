#include "node/peers/link.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

enum { INPUT_KEPT = 64 * 1024 /* bytes of memory that an emptied input buffer keeps */ };

struct node_link *link_new(struct peer_socket *owner, enum node_link_kind kind, uint32_t peer, uint64_t now_ms)
{
    ensure(kind == NODE_LINK_CONSENSUS || kind == NODE_LINK_BULK);
    struct node_link *link = memory_get(sizeof *link);
    link->owner = owner;
    link->kind = kind;
    link->peer = peer;
    link->opened_ms = now_ms;
    link->part_max = FRAME_BODY_MAX;
    return link;
}

void link_free(struct node_link *link)
{
    ensure(link->frame_left <= link->normal.size);
    chain_close(&link->urgent);
    chain_close(&link->normal);
    buffer_close(&link->input);
    buffer_close(&link->parts);
    free(link);
}

void node_link_from(struct node_link *link, const char *address)
{
    strncpy(link->address, address, sizeof link->address - 1);
}

void link_send(struct node_link *link, enum frame_type type, bool urgent, struct chain *body)
{
    if (link->ends) {
        chain_close(body);
        return;
    }
    /* A message in parts never goes through the urgent queue: it would make others wait. */
    bool whole = body->size <= link->part_max;
    frame_write(urgent && whole ? &link->urgent : &link->normal, type, ++link->messages, link->part_max, body);
    ensure(body->size == 0);
    if (link->urgent.size + link->normal.size > LINK_OUTPUT_MAX)
        link->ends = true;
}

void link_send_head(struct node_link *link, enum frame_type type, bool urgent, const uint8_t *head, size_t head_size,
                    const struct chain *tail, uint64_t tail_hash)
{
    if (link->ends)
        return;
    if (head_size + tail->size > link->part_max) {
        struct chain body = {0};
        chain_append(&body, head, head_size);
        chain_append_chain(&body, tail);
        link_send(link, type, urgent, &body);
        return;
    }
    frame_write_head(urgent ? &link->urgent : &link->normal, type, ++link->messages, head, head_size, tail, tail_hash);
    if (link->urgent.size + link->normal.size > LINK_OUTPUT_MAX)
        link->ends = true;
}

void link_send_bytes(struct node_link *link, enum frame_type type, bool urgent, const struct buffer *body)
{
    struct chain chain = {0};
    chain_append(&chain, body->bytes + body->start, buffer_size(body));
    link_send(link, type, urgent, &chain);
}

/* --- output ----------------------------------------------------------------------------------------------------- */

/* Bytes of QUEUE's first frame, of which nothing is written yet. */
static size_t first_frame(const struct chain *queue)
{
    uint8_t header[FRAME_HEADER_SIZE];
    ensure(queue->size >= sizeof header);
    chain_copy(queue, header, sizeof header);
    ensure(queue->size >= frame_length(header)); /* a queue has whole frames, but for the first when that was begun */
    return frame_length(header);
}

/* Pieces of the first SIZE bytes of QUEUE. */
static size_t peek_bytes(const struct chain *queue, size_t size, struct iovec *pieces, size_t count)
{
    size_t used = chain_peek(queue, pieces, count);
    for (size_t i = 0; i < used; i++) {
        if (pieces[i].iov_len >= size) {
            pieces[i].iov_len = size;
            return i + (size > 0);
        }
        size -= pieces[i].iov_len;
    }
    return used;
}

size_t node_link_peek(struct node_link *link, struct iovec *pieces, size_t count)
{
    ensure(link->frame_left <= link->normal.size);
    /* What was begun is finished first; then urgent frames; then the rest. Urgent and normal frames are not mixed in
     * one call unless all of the urgent queue comes first, so that consume can tell them apart. */
    if (link->frame_left > 0)
        return peek_bytes(&link->normal, link->frame_left, pieces, count);
    size_t used = chain_peek(&link->urgent, pieces, count);
    size_t urgent = 0;
    for (size_t i = 0; i < used; i++)
        urgent += pieces[i].iov_len;
    if (urgent < link->urgent.size || used == count)
        return used;
    return used + chain_peek(&link->normal, pieces + used, count - used);
}

/* SIZE bytes of the normal queue were written: keep track of where its frames end. */
static void consume_normal(struct node_link *link, size_t size)
{
    while (size > 0) {
        if (link->frame_left == 0)
            link->frame_left = first_frame(&link->normal);
        size_t part = size < link->frame_left ? size : link->frame_left;
        chain_consume(&link->normal, part);
        link->frame_left -= part;
        size -= part;
    }
}

void node_link_consume(struct node_link *link, size_t size)
{
    ensure(size <= link->urgent.size + link->normal.size);
    if (link->frame_left > 0) {
        consume_normal(link, size);
        return;
    }
    size_t urgent = size < link->urgent.size ? size : link->urgent.size;
    chain_consume(&link->urgent, urgent);
    consume_normal(link, size - urgent);
}

size_t node_link_output_bytes(const struct node_link *link)
{
    return link->urgent.size + link->normal.size;
}

bool node_link_up(const struct node_link *link)
{
    return link->up;
}

bool node_link_refused(const struct node_link *link)
{
    return link->refused;
}

bool node_link_ends(const struct node_link *link)
{
    return link->ends;
}

struct peer_socket *node_link_owner(const struct node_link *link)
{
    return link->owner;
}

/* --- input ------------------------------------------------------------------------------------------------------ */

/* Adds a part to its message. True when the message is whole; a part that does not follow the ones before drops it. */
static bool assemble(struct node_link *link, const struct frame *frame, size_t message_max)
{
    if (frame->part == 0) {
        buffer_clear(&link->parts, 0);
        link->part_message = frame->message;
        link->part_type = frame->type;
        link->part_count = 0;
    } else if (frame->message != link->part_message || frame->part != link->part_count ||
               frame->type != link->part_type) {
        return false;
    }
    if (buffer_size(&link->parts) + frame->size > message_max || !buffer_reserve(&link->parts, frame->size)) {
        link->ends = true;
        return false;
    }
    buffer_append(&link->parts, frame->body, frame->size);
    link->part_count++;
    return !frame->more;
}

/* One frame from BYTES; true if it completes a message. */
static bool take_frame(struct node_link *link, const struct frame *frame, size_t message_max,
                       struct link_message *message)
{
    if (!frame->more && frame->part == 0) {
        *message = (struct link_message){.type = frame->type, .body = frame->body, .size = frame->size};
        return true;
    }
    if (!assemble(link, frame, message_max))
        return false;
    *message = (struct link_message){
        .type = frame->type,
        .body = buffer_start(&link->parts),
        .size = buffer_size(&link->parts),
    };
    link->part_message = 0; /* a repeated last part must not complete it again */
    link->part_count = UINT16_MAX;
    return true;
}

/* A frame that began in an earlier read: adds just as many bytes as it lacks, so that it can be parsed whole. */
static long complete_input(struct node_link *link, const uint8_t **bytes, size_t *size, struct frame *frame)
{
    for (;;) {
        size_t have = buffer_size(&link->input);
        size_t want = have < FRAME_HEADER_SIZE ? FRAME_HEADER_SIZE : frame_length(buffer_start(&link->input));
        if (have >= FRAME_HEADER_SIZE && have >= want)
            return frame_parse(buffer_start(&link->input), have, frame);
        size_t part = want - have < *size ? want - have : *size;
        if (part == 0)
            return 0;
        buffer_append(&link->input, *bytes, part);
        *bytes += part;
        *size -= part;
        have += part;
        /* Its header must be sound before its length is believed. */
        if (have == FRAME_HEADER_SIZE && frame_parse(buffer_start(&link->input), have, frame) < 0)
            return -1;
    }
}

bool link_receive(struct node_link *link, const uint8_t **bytes, size_t *size, size_t message_max,
                  struct link_message *message)
{
    while (!link->ends) {
        struct frame frame;
        /* What the last call gave out of the input buffer is done with (start > 0 marks that). */
        if (link->input.start > 0)
            buffer_clear(&link->input, INPUT_KEPT);
        bool buffered = buffer_size(&link->input) > 0;
        long length = buffered ? complete_input(link, bytes, size, &frame) : frame_parse(*bytes, *size, &frame);
        if (length < 0) {
            link->ends = true;
            return false;
        }
        if (length == 0) {
            if (!buffered && *size > 0)
                buffer_append(&link->input, *bytes, *size);
            *bytes += *size;
            *size = 0;
            return false;
        }
        if (buffered) {
            link->input.start = link->input.end;
        } else {
            *bytes += length;
            *size -= (size_t)length;
        }
        if (take_frame(link, &frame, message_max, message))
            return true;
    }
    return false;
}
