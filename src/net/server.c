#include "net/server.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "net/client_socket.h"
#include "net/loop.h"
#include "net/notify.h"
#include "net/peer_socket.h"
#include "net/worker.h"

enum {
    BULK_NICE = 4,   /* snapshots and spare segments are less urgent than clients */
    SWEEP_MS = 1000, /* how often clients are looked at for stalls, and peers listened for again */
};

struct server {
    struct loop loop;
    struct server_options options;
    struct client_sockets clients;
    struct peer_sockets peers;
    struct ev_prepare before_block;
    struct ev_check after_block;
    struct ev_timer deadline;
    struct ev_timer sweep;
    struct ev_async disk_done;
    struct ev_signal terminate;
    struct ev_signal interrupt;
    struct worker log_worker;
    struct worker bulk_worker;
    bool log_busy;
    bool bulk_busy;
    struct notify notify;
    bool ending; /* a signal asked for it */
};

uint64_t server_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void log_event(const struct server *server, enum log_event event, const char *what, const char *reason)
{
    logger_event(server->loop.logger, event, "address", what, reason);
}

/* --- a turn ----------------------------------------------------------------------------------------------------- */

static void submit_disk(struct server *server)
{
    struct disk_log *log = server->log_busy ? NULL : node_take_log(server->loop.node);
    if (log) {
        server->log_busy = true;
        worker_submit_log(&server->log_worker, log);
    }
    struct disk_bulk *bulk = server->bulk_busy ? NULL : node_take_bulk(server->loop.node);
    if (bulk) {
        server->bulk_busy = true;
        worker_submit_bulk(&server->bulk_worker, bulk);
    }
}

static void set_deadline(struct server *server)
{
    uint64_t now_ms = server_now_ms(), deadline_ms = node_deadline_ms(server->loop.node);
    ev_timer_stop(server->loop.ev, &server->deadline);
    if (deadline_ms == UINT64_MAX)
        return;
    double wait_s = deadline_ms > now_ms ? (double)(deadline_ms - now_ms) / 1000 : 0;
    ev_now_update(server->loop.ev);
    ev_timer_set(&server->deadline, wait_s, 0);
    ev_timer_start(server->loop.ev, &server->deadline);
}

static void take_time(struct server *server)
{
    server->loop.now_ms = server_now_ms();
    node_time(server->loop.node, server->loop.now_ms);
}

static void turn(struct server *server)
{
    server->loop.turn_bytes = 0;
    take_time(server);
    node_turn(server->loop.node);
    submit_disk(server); /* first, so that the disk works while the messages are written */
    peer_sockets_flush(&server->peers);
    client_sockets_flush(&server->clients);
}

static void on_turn_due(struct ev_loop *loop, struct ev_watcher *due, int events)
{
    (void)loop;
    (void)events;
    turn(due->data);
}

/* NULL, or why the server must stop: the node does, or a listener that waited for its name's address cannot be had. */
static const char *stop_reason(const struct server *server)
{
    if (server->clients.listener.failed)
        return server->clients.listener.reason;
    return server->peers.listener.failed ? server->peers.listener.reason : node_stop_reason(server->loop.node);
}

/* What the node waits for before it serves clients: NULL, or static text. */
static const char *waits_for(const struct server *server)
{
    if (server->clients.listener.count == 0)
        return "the name in --listen has no address here yet";
    return node_unready(server->loop.node);
}

static void on_before_block(struct ev_loop *loop, struct ev_prepare *prepare, int events)
{
    struct server *server = prepare->data;
    (void)events;
    turn(server);
    bool over = stop_reason(server) || node_shutdown_done(server->loop.node);
    if (over)
        logger_last(server->loop.logger);
    logger_write(server->loop.logger, node_log(server->loop.node));
    notify_tell(&server->notify, waits_for(server), server->ending);
    if (over)
        ev_break(loop, EVBREAK_ALL);
    set_deadline(server);
}

static void on_after_block(struct ev_loop *loop, struct ev_check *check, int events)
{
    struct server *server = check->data;
    (void)loop;
    (void)events;
    server->loop.round++;
    take_time(server);
}

static void on_disk_done(struct ev_loop *loop, struct ev_async *async, int events)
{
    struct server *server = async->data;
    (void)loop;
    (void)events;
    struct disk_log *log = worker_take_log(&server->log_worker);
    if (log) {
        server->log_busy = false;
        node_log_done(server->loop.node, log);
    }
    struct disk_bulk *bulk = worker_take_bulk(&server->bulk_worker);
    if (bulk) {
        server->bulk_busy = false;
        node_bulk_done(server->loop.node, bulk);
    }
}

static void on_deadline(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)timer;
    (void)events; /* that the loop turned is enough */
}

static void on_sweep(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    struct server *server = timer->data;
    client_sockets_sweep(&server->clients);
    if (server->options.peer_listen)
        listener_sweep(&server->peers.listener);
}

static void on_signal(struct ev_loop *loop, struct ev_signal *signal_watcher, int events)
{
    struct server *server = signal_watcher->data;
    (void)loop;
    (void)events;
    server->ending = true;
    node_shutdown(server->loop.node);
}

/* --- start and end ---------------------------------------------------------------------------------------------- */

static void start_watchers(struct server *server)
{
    ev_prepare_init(&server->before_block, on_before_block);
    server->before_block.data = server;
    ev_prepare_start(server->loop.ev, &server->before_block);
    ev_check_init(&server->after_block, on_after_block);
    ev_set_priority(&server->after_block, EV_MAXPRI);
    server->after_block.data = server;
    ev_check_start(server->loop.ev, &server->after_block);
    ev_timer_init(&server->deadline, on_deadline, 0, 0);
    ev_timer_init(&server->sweep, on_sweep, (double)SWEEP_MS / 1000, (double)SWEEP_MS / 1000);
    server->sweep.data = server;
    ev_timer_start(server->loop.ev, &server->sweep);
    ev_async_init(&server->disk_done, on_disk_done);
    server->disk_done.data = server;
    ev_async_start(server->loop.ev, &server->disk_done);
    ev_signal_init(&server->terminate, on_signal, SIGTERM);
    server->terminate.data = server;
    ev_signal_start(server->loop.ev, &server->terminate);
    ev_signal_init(&server->interrupt, on_signal, SIGINT);
    server->interrupt.data = server;
    ev_signal_start(server->loop.ev, &server->interrupt);
}

/* Opens the listeners; false where one cannot be had ever. */
static bool listen_to_all(struct server *server)
{
    listener_open(&server->clients.listener, server->options.listen);
    if (server->options.peer_listen && !server->clients.listener.failed)
        listener_open(&server->peers.listener, server->options.peer_listen);
    return !server->clients.listener.failed && !server->peers.listener.failed;
}

static int server_end(struct server *server)
{
    bool failed = stop_reason(server) != NULL;
    client_sockets_finish(&server->clients);
    if (server->options.http.http)
        server->options.http.close(server->options.http.http);
    logger_write(server->loop.logger, node_log(server->loop.node));
    if (failed || server->log_busy || server->bulk_busy) {
        /* A disk request may never return; the log on disk is right at any moment, so there is nothing to wait for. */
        log_event(server, LOG_STOPPED, server->options.listen, stop_reason(server));
        logger_close(server->loop.logger);
        _exit(failed ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    worker_stop(&server->log_worker);
    worker_stop(&server->bulk_worker);
    client_sockets_close(&server->clients);
    peer_sockets_close(&server->peers);
    log_event(server, LOG_STOPPED, server->options.listen, NULL);
    return EXIT_SUCCESS;
}

static void server_init(struct server *server, const struct server_options *options, struct node *node)
{
    *server = (struct server){
        .loop = {.node = node, .logger = options->logger, .now_ms = server_now_ms()},
        .options = *options,
        .clients = {.loop = &server->loop,
                    .max = options->connections_max,
                    .stall_ms = options->client_stall_ms,
                    .http = options->http},
        .peers = {.loop = &server->loop,
                  .id = options->id,
                  .peer_count = options->peer_count,
                  .peers = options->peers,
                  .links_max = options->links_max},
    };
    server->loop.buffer = memory_get(READ_BUFFER_BYTES);
    server->loop.ev = ev_default_loop(EVFLAG_AUTO);
    ensure(server->loop.ev != NULL);
    loop_init(&server->loop, on_turn_due, server);
    client_sockets_init(&server->clients);
    peer_sockets_init(&server->peers);
}

int server_run(const struct server_options *options, struct node *node, struct disk *disk)
{
    struct server server;
    server_init(&server, options, node);
    if (!listen_to_all(&server)) {
        client_sockets_close(&server.clients);
        peer_sockets_close(&server.peers);
        free(server.loop.buffer);
        return EXIT_FAILURE;
    }
    const char *problem = notify_open(&server.notify, getenv("NOTIFY_SOCKET"));
    if (problem)
        log_event(&server, LOG_CANNOT_NOTIFY, getenv("NOTIFY_SOCKET"), problem);
    start_watchers(&server);
    worker_start(&server.log_worker, disk, server.loop.ev, &server.disk_done, 0);
    worker_start(&server.bulk_worker, disk, server.loop.ev, &server.disk_done, BULK_NICE);
    peer_sockets_dial(&server.peers);
    ev_run(server.loop.ev, 0);
    int status = server_end(&server);
    notify_close(&server.notify);
    free(server.loop.buffer);
    return status;
}
