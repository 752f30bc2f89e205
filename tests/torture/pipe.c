#include "torture/pipe.h"

#include <errno.h>
#include <sys/socket.h>

enum { READ_SIZE = 65536 };

void pipe_close(struct pipe *pipe)
{
    buffer_close(&pipe->bytes);
}

bool pipe_wants(const struct pipe *pipe)
{
    return !pipe->ended && pipe->count < PIPE_PIECES_MAX && buffer_size(&pipe->bytes) < PIPE_BYTES_MAX;
}

static void add_piece(struct pipe *pipe, size_t size, const struct pipe_rule *rule, uint64_t now_us)
{
    uint64_t due_us = now_us + (rule->mode == PIPE_PASS ? rule->delay_us : 0);
    if (pipe->count > 0) { /* what came later does not overtake */
        const struct piece *last = &pipe->pieces[(pipe->first + pipe->count - 1) % PIPE_PIECES_MAX];
        due_us = last->due_us > due_us ? last->due_us : due_us;
    }
    pipe->pieces[(pipe->first + pipe->count++) % PIPE_PIECES_MAX] = (struct piece){due_us, size};
}

void pipe_read(struct pipe *pipe, int source, const struct pipe_rule *rule, uint64_t now_us)
{
    uint8_t *at = buffer_reserve(&pipe->bytes, READ_SIZE);
    ssize_t got = at ? recv(source, at, READ_SIZE, 0) : -1;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        pipe->ended = true;
        return;
    }
    if (rule->mode == PIPE_LOSE) {
        pipe->torn = true;
        return;
    }
    if (pipe->deaf)
        return;
    buffer_added(&pipe->bytes, (size_t)got);
    add_piece(pipe, (size_t)got, rule, now_us);
}

bool pipe_write(struct pipe *pipe, int target, const struct pipe_rule *rule, uint64_t now_us)
{
    if (rule->mode != PIPE_PASS || pipe->deaf)
        return true;
    while (!pipe->torn && pipe->count > 0) {
        struct piece *piece = &pipe->pieces[pipe->first];
        if (piece->due_us > now_us)
            return true;
        ssize_t sent = send(target, buffer_start(&pipe->bytes), piece->size, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (sent < 0) {
            pipe->deaf = true;
            pipe->count = 0;
            buffer_clear(&pipe->bytes, READ_SIZE);
            return true;
        }
        buffer_consume(&pipe->bytes, (size_t)sent);
        piece->size -= (size_t)sent;
        if (piece->size > 0)
            return true;
        pipe->first = (pipe->first + 1) % PIPE_PIECES_MAX;
        pipe->count--;
    }
    return !pipe->torn && !pipe->ended;
}

bool pipe_pushes(const struct pipe *pipe, const struct pipe_rule *rule, uint64_t now_us)
{
    return rule->mode == PIPE_PASS && pipe->count > 0 && pipe->pieces[pipe->first].due_us <= now_us;
}

uint64_t pipe_due_us(const struct pipe *pipe, const struct pipe_rule *rule)
{
    return rule->mode == PIPE_PASS && pipe->count > 0 ? pipe->pieces[pipe->first].due_us : UINT64_MAX;
}
