/* The addresses of one "HOST:PORT", looked up again and again.
 *
 *      numeric --> known at once and for good: no thread
 *      a name  --> a thread of its own asks the system (getaddrinfo), which may take long; a name whose servers are
 *                  silent holds up neither the loop nor another name
 *
 * A name that does not resolve is tried again until it does. One that does is looked up again when its owner says
 * that its addresses do not serve (resolver_want); until there are others the old ones stay. A log line says when a
 * name begins to fail (cannot_resolve), and another when it has addresses again, or others than before (resolved). */
#ifndef CLEAT_NET_RESOLVER_H
#define CLEAT_NET_RESOLVER_H

#include <ev.h>

#include "net/address.h"
#include "net/logger.h"

enum {
    RESOLVE_MIN_MS = 1000,  /* between two look-ups of a name */
    RESOLVE_MAX_MS = 5000,  /* likewise, when they keep to give nothing new */
    RESOLVE_SLOW_MS = 5000, /* a look-up that takes longer is told as failing */
};

struct lookup; /* what the thread and the loop share */

struct resolver {
    const char *text;
    struct addresses addresses; /* as last found; none: not known yet */
    bool failing;
    /* Called by the loop when `addresses` were found for the first time, or are others than before; for a numeric one
     * never. */
    void (*found)(struct resolver *resolver);
    void *owner;
    /* Its own. */
    struct logger *logger;
    struct ev_loop *loop;
    struct lookup *lookup;      /* NULL: numeric */
    bool under_way;
    uint64_t wait_ms;           /* until the next look-up may begin */
    struct ev_async done;
    struct ev_timer again;      /* runs: it may not begin yet; or that the one under way is slow */
    bool wanted;
};

/* TEXT is kept. A name is looked up at once. */
void resolver_open(struct resolver *resolver, const char *text, struct ev_loop *loop, struct logger *logger,
                   void (*found)(struct resolver *resolver), void *owner);
/* What is known does not serve: looks it up again, as soon as it may. */
void resolver_want(struct resolver *resolver);
/* It does serve: the next time it does not is news. */
void resolver_serves(struct resolver *resolver);
/* Does not wait for a look-up under way: its thread ends by itself. */
void resolver_close(struct resolver *resolver);

#endif
