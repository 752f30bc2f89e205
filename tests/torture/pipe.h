/* One direction of a connection between two nodes: bytes that came from one and wait to go to the other, and the
 * connection's end, in their order. */
#ifndef CLEAT_TESTS_TORTURE_PIPE_H
#define CLEAT_TESTS_TORTURE_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* What a direction does to what comes along. */
enum pipe_mode {
    PIPE_PASS, /* hands it on, `delay_us` later */
    PIPE_HOLD, /* keeps it until it may pass, as a network that sends again and again */
    PIPE_LOSE, /* drops it; the connection is of no use afterwards, and is reset */
};

struct pipe_rule {
    enum pipe_mode mode;
    uint64_t delay_us;
};

enum { PIPE_PIECES_MAX = 4096, PIPE_BYTES_MAX = 4 * 1024 * 1024 };

/* So many bytes may go on from that moment. */
struct piece {
    uint64_t due_us;
    size_t size;
};

struct pipe {
    struct buffer bytes;
    struct piece pieces[PIPE_PIECES_MAX]; /* a ring */
    size_t first;
    size_t count;
    bool ended; /* no more comes: when all has gone on, the connection ends */
    bool torn;  /* something was lost */
    bool deaf;  /* the target is gone: what comes is dropped */
};

void pipe_close(struct pipe *pipe);
/* Whether more is to be read from SOURCE. */
bool pipe_wants(const struct pipe *pipe);
/* Reads what SOURCE has; its end is noted. */
void pipe_read(struct pipe *pipe, int source, const struct pipe_rule *rule, uint64_t now_us);
/* Writes to TARGET what may go on by now; that TARGET is gone is noted. False: the connection is to be closed now. */
bool pipe_write(struct pipe *pipe, int target, const struct pipe_rule *rule, uint64_t now_us);
/* Whether TARGET's readiness is waited for. */
bool pipe_pushes(const struct pipe *pipe, const struct pipe_rule *rule, uint64_t now_us);
/* When there is something to do next; UINT64_MAX: only when something comes. */
uint64_t pipe_due_us(const struct pipe *pipe, const struct pipe_rule *rule);

#endif
