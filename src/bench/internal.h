/* What the files of a load share: load.c (phases, what is to be done next) and connection.c (bytes). */
#ifndef CLEAT_BENCH_INTERNAL_H
#define CLEAT_BENCH_INTERNAL_H

#include <ev.h>
#include <time.h>

#include "base/list.h"
#include "bench/load.h"
#include "bench/pace.h"
#include "bench/template.h"
#include "protocol/answer.h"

enum {
    LOAD_INPUT_BYTES = 256 * 1024,   /* of one read() */
    LOAD_CONNECTING_MAX = 256,       /* at once, so that no server's backlog overflows */
    CONNECTION_WAIT_MIN_MS = 10,     /* before a lost connection is opened again, */
    CONNECTION_WAIT_MAX_MS = 200,    /* doubled each time that it fails */
    CONNECTION_CONNECT_MS = 2000,
    CONNECTION_REST_MAX = ANSWER_LINE_MAX + 2,
};

/* An operation that is under way, or about to be. */
struct flight {
    uint64_t start_ns;  /* closed loop: when its text was made; open loop: when it was due */
    uint64_t version;   /* cas */
    uint32_t key;
    uint8_t operation;
};

enum connection_state { CONNECTION_DOWN, CONNECTION_CONNECTING, CONNECTION_UP };

/*      answered           written            made          made - answered <= ring size
 *      |  wait for their  |  partly or not   |
 *      |  answers         |  written yet     |
 *
 * Counts from the beginning of the run; a flight is at its count modulo the ring's size. */
struct bench_connection {
    struct ev_io io;
    struct load *load;
    enum connection_state state;
    uint32_t number;
    struct flight *ring;
    uint32_t made;
    uint32_t written;
    uint32_t answered;
    uint32_t cursor;         /* for workload_key() */
    size_t offset;           /* bytes of flight number `written` that are written */
    uint64_t skip;           /* bytes of contents that are to come and to be dropped */
    struct answer held;      /* the answer to which they belong */
    struct list idle;        /* in load->idle: it takes more; open loop only */
    size_t address_index;
    uint64_t wait_ms;
    bool was_up;
    struct ev_timer timer;   /* to connect again, or until a connection must be there */
    size_t rest_size;
    uint8_t rest[CONNECTION_REST_MAX]; /* the begin of a line that has not come as a whole */
};

enum load_phase {
    LOAD_CONNECTING,
    LOAD_FILLING,
    LOAD_WARMING,
    LOAD_MEASURING,
    LOAD_DRAINING,   /* nothing new; what is under way is waited for */
};

struct load {
    const struct bench_options *options;
    const struct endpoint_address *addresses;
    size_t address_count;
    struct load_figures *figures;
    struct ev_loop *loop;
    enum load_phase phase;
    uint32_t depth;              /* in this phase */
    uint32_t ring_size;          /* a power of two */
    struct workload workload;
    struct templates templates;
    struct batch batch;
    uint8_t *input;              /* room for a rest, then LOAD_INPUT_BYTES */
    uint64_t *versions;          /* by key, as last seen; NULL where the mix has no cas */

    struct bench_connection *connections;
    struct flight *flights;      /* the rings */
    uint32_t begun_count;        /* connections that have been told to connect */
    uint32_t connecting_count;
    uint32_t up_count;
    uint64_t in_flight;          /* made and not answered, on all of them */

    uint64_t count_from_ns;      /* flights from here on are counted in `second` */
    uint64_t begin_ns;           /* of measuring; known from the warm-up on */
    uint64_t end_ns;             /* UINT64_MAX: there is none */
    uint64_t issued;             /* of options->count */
    uint64_t last_result_ns;
    uint64_t last_answer_ns;
    uint32_t fill_next;
    struct tally *second;        /* since the last tick */

    struct pace pace;            /* open loop */
    struct list idle;            /* connections that are up and take more, the longest idle first */
    struct bench_connection **touched; /* have something new to write */

    struct ev_timer tick;        /* a second */
    struct ev_timer deadline;    /* of the phase */
    struct ev_signal interrupt;
    struct ev_signal terminate;
    struct ev_io due;            /* pace's clock */
    uint64_t tick_ns;
};

static inline uint64_t load_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* FLIGHT has written its file, or may have. */
static inline void load_wrote(struct load *load, const struct flight *flight)
{
    if (flight->operation == OPERATION_WRITE || flight->operation == OPERATION_CAS)
        written_add(&load->figures->written, flight->key);
}

/* --- load.c --- */
/* CONNECTION came up, or an answer came: there may be room for more. */
void load_feed(struct load *load, struct bench_connection *connection, uint64_t now_ns);
/* FLIGHT's answer; false: it is no answer to that. */
bool load_answered(struct load *load, const struct flight *flight, const struct answer *answer, uint64_t now_ns);
void load_unknown(struct load *load, const struct flight *flight);
/* Something may have changed that ends a phase. */
void load_step(struct load *load, uint64_t now_ns);

/* --- connection.c --- */
void connection_open(struct bench_connection *connection);
void connection_close(struct bench_connection *connection);
void connection_push(struct bench_connection *connection, const struct flight *flight);
/* Writes what the socket takes. False: it was lost, and has been told so. */
bool connection_write(struct bench_connection *connection);

static inline uint32_t connection_room(const struct bench_connection *connection)
{
    uint32_t in_flight = connection->made - connection->answered;
    return in_flight < connection->load->depth ? connection->load->depth - in_flight : 0;
}

#endif
