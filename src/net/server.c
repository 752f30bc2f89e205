#include "net/server.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "net/inside.h"

uint64_t server_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void log_event(const struct server *server, enum log_event event, const char *what, const char *reason)
{
    logger_event(server->options.logger, event, "address", what, reason);
}

/* --- a turn ----------------------------------------------------------------------------------------------------- */

static void submit_disk(struct server *server)
{
    struct disk_log *log = server->log_busy ? NULL : node_take_log(server->node);
    if (log) {
        server->log_busy = true;
        worker_submit_log(&server->log_worker, log);
    }
    struct disk_bulk *bulk = server->bulk_busy ? NULL : node_take_bulk(server->node);
    if (bulk) {
        server->bulk_busy = true;
        worker_submit_bulk(&server->bulk_worker, bulk);
    }
}

static void set_deadline(struct server *server)
{
    uint64_t now_ms = server_now_ms(), deadline_ms = node_deadline_ms(server->node);
    ev_timer_stop(server->loop, &server->deadline);
    if (deadline_ms == UINT64_MAX)
        return;
    double wait_s = deadline_ms > now_ms ? (double)(deadline_ms - now_ms) / 1000 : 0;
    ev_now_update(server->loop);
    ev_timer_set(&server->deadline, wait_s, 0);
    ev_timer_start(server->loop, &server->deadline);
}

static void take_time(struct server *server)
{
    server->now_ms = server_now_ms();
    node_time(server->node, server->now_ms);
}

static void turn(struct server *server)
{
    server->turn_bytes = 0;
    take_time(server);
    node_turn(server->node);
    submit_disk(server); /* first, so that the disk works while the messages are written */
    peers_flush(server);
    connections_flush(server);
}

void server_read(struct server *server, size_t size)
{
    server->turn_bytes += size;
    if (server->turn_bytes >= TURN_BYTES)
        turn(server);
}

/* NULL, or why the server must stop: the node does, or a listener that waited for its name's address cannot be had. */
static const char *stop_reason(const struct server *server)
{
    if (server->client_listener.failed)
        return server->client_listener.reason;
    return server->peer_listener.failed ? server->peer_listener.reason : node_stop_reason(server->node);
}

/* What the node waits for before it serves clients: NULL, or static text. */
static const char *waits_for(const struct server *server)
{
    if (server->client_listener.count == 0)
        return "the name in --listen has no address here yet";
    return node_unready(server->node);
}

void server_cannot_accept(struct server *server, const struct listener *listener, int error)
{
    if (server->complained_ms != 0 && server->now_ms - server->complained_ms < COMPLAINT_MS)
        return;
    server->complained_ms = server->now_ms;
    log_event(server, LOG_CANNOT_ACCEPT, listener->text, strerror(-error));
}

static void on_before_block(struct ev_loop *loop, struct ev_prepare *prepare, int events)
{
    struct server *server = prepare->data;
    (void)events;
    turn(server);
    bool over = stop_reason(server) || node_shutdown_done(server->node);
    if (over)
        logger_last(server->options.logger);
    logger_write(server->options.logger, node_log(server->node));
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
    server->round++;
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
        node_log_done(server->node, log);
    }
    struct disk_bulk *bulk = worker_take_bulk(&server->bulk_worker);
    if (bulk) {
        server->bulk_busy = false;
        node_bulk_done(server->node, bulk);
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
    connections_sweep(server);
    if (server->options.peer_listen)
        listener_sweep(&server->peer_listener);
}

static void on_signal(struct ev_loop *loop, struct ev_signal *signal_watcher, int events)
{
    struct server *server = signal_watcher->data;
    (void)loop;
    (void)events;
    server->ending = true;
    node_shutdown(server->node);
}

/* --- start and end ---------------------------------------------------------------------------------------------- */

static void start_watchers(struct server *server)
{
    ev_prepare_init(&server->before_block, on_before_block);
    server->before_block.data = server;
    ev_prepare_start(server->loop, &server->before_block);
    ev_check_init(&server->after_block, on_after_block);
    ev_set_priority(&server->after_block, EV_MAXPRI);
    server->after_block.data = server;
    ev_check_start(server->loop, &server->after_block);
    ev_timer_init(&server->deadline, on_deadline, 0, 0);
    ev_timer_init(&server->sweep, on_sweep, (double)SWEEP_MS / 1000, (double)SWEEP_MS / 1000);
    server->sweep.data = server;
    ev_timer_start(server->loop, &server->sweep);
    ev_async_init(&server->disk_done, on_disk_done);
    server->disk_done.data = server;
    ev_async_start(server->loop, &server->disk_done);
    ev_signal_init(&server->terminate, on_signal, SIGTERM);
    server->terminate.data = server;
    ev_signal_start(server->loop, &server->terminate);
    ev_signal_init(&server->interrupt, on_signal, SIGINT);
    server->interrupt.data = server;
    ev_signal_start(server->loop, &server->interrupt);
}

/* Opens the listeners; false where one cannot be had ever. */
static bool listen_to_all(struct server *server)
{
    listener_open(&server->client_listener, server->options.listen);
    if (server->options.peer_listen && !server->client_listener.failed)
        listener_open(&server->peer_listener, server->options.peer_listen);
    return !server->client_listener.failed && !server->peer_listener.failed;
}

static int server_end(struct server *server)
{
    bool failed = stop_reason(server) != NULL;
    connections_finish(server);
    if (server->options.http.http)
        server->options.http.close(server->options.http.http);
    logger_write(server->options.logger, node_log(server->node));
    if (failed || server->log_busy || server->bulk_busy) {
        /* A disk request may never return; the log on disk is right at any moment, so there is nothing to wait for. */
        log_event(server, LOG_STOPPED, server->options.listen, stop_reason(server));
        logger_close(server->options.logger);
        _exit(failed ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    worker_stop(&server->log_worker);
    worker_stop(&server->bulk_worker);
    connections_close(server);
    peers_close(server);
    log_event(server, LOG_STOPPED, server->options.listen, NULL);
    return EXIT_SUCCESS;
}

int server_run(const struct server_options *options, struct node *node, struct disk *disk)
{
    struct server server = {.node = node, .options = *options, .now_ms = server_now_ms()};
    server.buffer = memory_get(READ_BUFFER_BYTES);
    server.loop = ev_default_loop(EVFLAG_AUTO);
    ensure(server.loop != NULL);
    connections_init(&server);
    peers_init(&server);
    if (!listen_to_all(&server)) {
        connections_close(&server);
        peers_close(&server);
        free(server.buffer);
        return EXIT_FAILURE;
    }
    const char *problem = notify_open(&server.notify, getenv("NOTIFY_SOCKET"));
    if (problem)
        log_event(&server, LOG_CANNOT_NOTIFY, getenv("NOTIFY_SOCKET"), problem);
    start_watchers(&server);
    worker_start(&server.log_worker, disk, server.loop, &server.disk_done, 0);
    worker_start(&server.bulk_worker, disk, server.loop, &server.disk_done, BULK_NICE);
    peers_dial(&server);
    ev_run(server.loop, 0);
    int status = server_end(&server);
    notify_close(&server.notify);
    free(server.buffer);
    return status;
}
