#include "http/http.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "http/inside.h"

/* --- the library's calls ---------------------------------------------------------------------------------------- */

static void on_output(struct connection *connection)
{
    struct http_connection *self = list_item(connection, struct http_connection, connection);
    if (self->exchange)
        exchange_flush(self->exchange);
}

static void on_connection(void *context, struct MHD_Connection *library, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *http = context;
    struct http_connection *connection = *socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        connection = memory_get(sizeof *connection);
        connection->connection.flush = on_output;
        connection->http = http;
        connection->library = library;
        list_add_last(&http->connections, &connection->all);
        *socket_context = connection;
        exchange_reset_client(connection);
        return;
    }
    if (connection->client)
        node_client_close(http->node, connection->client);
    list_remove(&connection->all);
    free(connection);
    *socket_context = NULL;
}

/* The library is about to keep each parameter in the connection's memory, and falls silent where that is too small.
 * target.c reads them in the exchange's own copy; the library's, in its buffer of what it read, ends before them. */
static void *on_target(void *context, const char *target, struct MHD_Connection *library)
{
    struct exchange *exchange = exchange_open(target);
    char *query = target ? strchr(target, '?') : NULL;
    (void)context;
    (void)library;
    if (query)
        query[1] = '\0';
    return exchange;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *library, const char *url, const char *method,
                                  const char *version, const char *bytes, size_t *size, void **request)
{
    struct exchange *exchange = *request;
    (void)context;
    (void)url;
    if (!exchange->connection) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(library, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        exchange->connection = info->socket_context;
        exchange->connection->exchange = exchange;
    }
    return exchange_step(exchange, method, version, bytes, size);
}

static void on_completed(void *context, struct MHD_Connection *library, void **request,
                         enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)library;
    (void)code;
    if (*request)
        exchange_close(*request);
    *request = NULL;
}

/* Escapes are taken back in target.c, which knows which ones are wrong. */
static size_t leave_escapes(void *context, struct MHD_Connection *library, char *text)
{
    (void)context;
    (void)library;
    return strlen(text);
}

/* --- the loop --------------------------------------------------------------------------------------------------- */

static void set_timer(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    ev_timer_stop(http->loop, &http->again);
    if (MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES)
        return;
    ev_timer_set(&http->again, (double)wait_ms / 1000, 0);
    ev_timer_start(http->loop, &http->again);
}

void http_run_soon(struct http *http)
{
    ev_timer_stop(http->loop, &http->again);
    ev_timer_set(&http->again, 0, 0);
    ev_timer_start(http->loop, &http->again);
}

static void run(struct http *http)
{
    MHD_run(http->daemon);
    set_timer(http);
}

static void on_ready(struct ev_loop *loop, struct ev_io *io, int events)
{
    (void)loop;
    (void)events;
    run(io->data);
}

static void on_again(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    run(timer->data);
}

static struct MHD_Daemon *start(struct http *http)
{
    const struct http_options *options = &http->options;
    /* Strictness is header.c's: what MHD_OPTION_STRICT_FOR_CLIENT checks beside that is little, and a request without
     * Host then gets two headers for an answer (version 0.9.75). */
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, http,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, http, MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, http,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(options->stall_ms + 999) / 1000, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEADER_BYTES,
        MHD_OPTION_END);
}

struct http *http_open(const struct http_options *options, struct ev_loop *loop, struct node *node)
{
    struct http *http = memory_get(sizeof *http);
    http->options = *options;
    http->loop = loop;
    http->node = node;
    list_init(&http->connections);
    http->daemon = start(http);
    if (!http->daemon) {
        free(http);
        return NULL;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    ev_io_init(&http->ready, on_ready, info->epoll_fd, EV_READ);
    http->ready.data = http;
    ev_io_start(loop, &http->ready);
    ev_timer_init(&http->again, on_again, 0, 0);
    http->again.data = http;
    return http;
}

void http_take(struct http *http, int file)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    if (getpeername(file, (struct sockaddr *)&peer, &size) != 0) {
        close(file);
        return;
    }
    /* Closes it where it cannot take it. */
    MHD_add_connection(http->daemon, file, (const struct sockaddr *)&peer, size);
    set_timer(http);
}

uint32_t http_count(const struct http *http)
{
    return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

void http_close(struct http *http)
{
    if (!http)
        return;
    http->closing = true;
    for (struct list *link = http->connections.next; link != &http->connections; link = link->next) {
        struct http_connection *connection = list_item(link, struct http_connection, all);
        if (connection->exchange)
            exchange_flush(connection->exchange);
    }
    MHD_run(http->daemon);
    ev_io_stop(http->loop, &http->ready);
    ev_timer_stop(http->loop, &http->again);
    MHD_stop_daemon(http->daemon);
    free(http);
}
