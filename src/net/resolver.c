#include "net/resolver.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

/* Freed by the thread, which ends once `quit` is set: only after a look-up that it is in. */
struct lookup {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct ev_loop *loop;
    struct ev_async *wake;       /* not looked at once `quit` is set */
    bool wanted;
    bool done;
    bool quit;
    /* Written by the thread before `done`, read by the loop after it. */
    bool good;
    struct addresses addresses;
    char problem[ADDRESS_PROBLEM_MAX];
    char text[];
};

/* --- the thread ------------------------------------------------------------------------------------------------- */

static void *run(void *argument)
{
    struct lookup *lookup = argument;
    pthread_mutex_lock(&lookup->mutex);
    for (;;) {
        while (!lookup->wanted && !lookup->quit)
            pthread_cond_wait(&lookup->changed, &lookup->mutex);
        if (lookup->quit)
            break;
        lookup->wanted = false;
        pthread_mutex_unlock(&lookup->mutex);
        lookup->good = address_resolve(lookup->text, &lookup->addresses, lookup->problem);
        pthread_mutex_lock(&lookup->mutex);
        if (lookup->quit)
            break;
        lookup->done = true;
        ev_async_send(lookup->loop, lookup->wake);
    }
    pthread_mutex_unlock(&lookup->mutex);
    pthread_mutex_destroy(&lookup->mutex);
    pthread_cond_destroy(&lookup->changed);
    free(lookup);
    return NULL;
}

static struct lookup *start(struct resolver *resolver)
{
    size_t size = strlen(resolver->text) + 1;
    struct lookup *lookup = memory_get(sizeof *lookup + size);
    memcpy(lookup->text, resolver->text, size);
    lookup->loop = resolver->loop;
    lookup->wake = &resolver->done;
    ensure(pthread_mutex_init(&lookup->mutex, NULL) == 0 && pthread_cond_init(&lookup->changed, NULL) == 0);
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ensure(pthread_create(&thread, NULL, run, lookup) == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_detach(thread);
    return lookup;
}

/* --- the loop --------------------------------------------------------------------------------------------------- */

static void set_timer(struct resolver *resolver, uint64_t time_ms)
{
    ev_timer_stop(resolver->loop, &resolver->again);
    ev_timer_set(&resolver->again, (double)time_ms / 1000, 0);
    ev_timer_start(resolver->loop, &resolver->again);
}

static void begin(struct resolver *resolver)
{
    struct lookup *lookup = resolver->lookup;
    resolver->under_way = true;
    resolver->wanted = false;
    pthread_mutex_lock(&lookup->mutex);
    lookup->wanted = true;
    pthread_cond_signal(&lookup->changed);
    pthread_mutex_unlock(&lookup->mutex);
    set_timer(resolver, RESOLVE_SLOW_MS);
}

static void say_failing(struct resolver *resolver, const char *reason)
{
    if (resolver->failing)
        return;
    resolver->failing = true;
    logger_event(resolver->logger, LOG_CANNOT_RESOLVE, "address", resolver->text, reason);
}

static void say_resolved(const struct resolver *resolver)
{
    struct buffer line = {0};
    log_event_begin(&line, LOG_RESOLVED);
    buffer_append_text(&line, " address=");
    buffer_append_text(&line, resolver->text);
    for (size_t i = 0; i < resolver->addresses.count; i++) {
        char text[ADDRESS_TEXT_MAX];
        address_text(&resolver->addresses.items[i], text);
        buffer_append_text(&line, i == 0 ? " to=" : ",");
        buffer_append_text(&line, text);
    }
    buffer_append_text(&line, "\n");
    logger_write(resolver->logger, &line);
    buffer_close(&line);
}

static void wait_longer(struct resolver *resolver)
{
    resolver->wait_ms = resolver->wait_ms * 2 < RESOLVE_MAX_MS ? resolver->wait_ms * 2 : RESOLVE_MAX_MS;
}

/* The look-up gave ADDRESSES. */
static void take_addresses(struct resolver *resolver, const struct addresses *addresses)
{
    bool first = resolver->addresses.count == 0;
    bool news = !addresses_same(&resolver->addresses, addresses);
    bool failed = resolver->failing;
    resolver->failing = false;
    if (!news)
        wait_longer(resolver);
    else
        resolver->wait_ms = RESOLVE_MIN_MS;
    if (news)
        resolver->addresses = *addresses; /* else in the order that is being gone through */
    if (failed || (news && !first))
        say_resolved(resolver);
    if (news)
        resolver->found(resolver);
}

static void on_done(struct ev_loop *loop, struct ev_async *async, int events)
{
    struct resolver *resolver = async->data;
    struct lookup *lookup = resolver->lookup;
    (void)loop;
    (void)events;
    pthread_mutex_lock(&lookup->mutex);
    bool done = lookup->done;
    lookup->done = false;
    pthread_mutex_unlock(&lookup->mutex);
    if (!done)
        return;
    resolver->under_way = false;
    set_timer(resolver, resolver->wait_ms);
    if (lookup->good) {
        take_addresses(resolver, &lookup->addresses);
    } else {
        resolver->wanted = true;
        wait_longer(resolver);
        say_failing(resolver, lookup->problem);
    }
}

static void on_again(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct resolver *resolver = timer->data;
    (void)loop;
    (void)events;
    if (resolver->under_way)
        say_failing(resolver, "no answer yet");
    else if (resolver->wanted)
        begin(resolver);
}

void resolver_open(struct resolver *resolver, const char *text, struct ev_loop *loop, struct logger *logger,
                   void (*found)(struct resolver *resolver), void *owner)
{
    *resolver = (struct resolver){
        .text = text, .loop = loop, .logger = logger, .found = found, .owner = owner, .wait_ms = RESOLVE_MIN_MS};
    if (address_numeric(text, &resolver->addresses.items[0])) {
        resolver->addresses.count = 1;
        return;
    }
    ev_async_init(&resolver->done, on_done);
    resolver->done.data = resolver;
    ev_async_start(loop, &resolver->done);
    ev_timer_init(&resolver->again, on_again, 0, 0);
    resolver->again.data = resolver;
    resolver->lookup = start(resolver);
    begin(resolver);
}

void resolver_want(struct resolver *resolver)
{
    if (!resolver->lookup || resolver->under_way || resolver->wanted)
        return;
    resolver->wanted = true;
    if (!ev_is_active(&resolver->again))
        begin(resolver);
}

void resolver_serves(struct resolver *resolver)
{
    resolver->wait_ms = RESOLVE_MIN_MS;
}

void resolver_close(struct resolver *resolver)
{
    struct lookup *lookup = resolver->lookup;
    if (!lookup)
        return;
    ev_async_stop(resolver->loop, &resolver->done);
    ev_timer_stop(resolver->loop, &resolver->again);
    pthread_mutex_lock(&lookup->mutex);
    lookup->quit = true;
    pthread_cond_signal(&lookup->changed);
    pthread_mutex_unlock(&lookup->mutex);
    resolver->lookup = NULL;
}
