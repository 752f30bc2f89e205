/* Servers with a script, and a session with them. */
#ifndef CLEAT_TESTS_UNIT_CLIENT_SERVERS_H
#define CLEAT_TESTS_UNIT_CLIENT_SERVERS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/session.h"
#include "support/check.h"

enum { LIVES_MAX = 8, HEARD_MAX = 64 * 1024 };

/* What a server does with one connection: waits for so many lines, then sends the text, and closes. */
struct life {
    int lines;
    const char *text;
    bool stays;          /* does not close, until the other side does */
};

/* A server with a script: the first connection has the first life, and so on. */
struct server {
    const struct life *lives;
    int count;
    int listener;
    pthread_t thread;
    char heard[LIVES_MAX][HEARD_MAX];  /* by each connection */
    int connections;
};

static int count_lines(const char *text)
{
    int lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static int slow_ms; /* how long each of them takes before it sends its text */

static void live(const struct life *life, int connection, char *heard)
{
    size_t size = 0;
    while (count_lines(heard) < life->lines) {
        ssize_t got = read(connection, heard + size, HEARD_MAX - size - 1);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    nanosleep(&(struct timespec){.tv_nsec = slow_ms * 1000000L}, NULL);
    ssize_t sent = write(connection, life->text, strlen(life->text));
    char rest[64 * 1024];
    while (sent >= 0 && life->stays && read(connection, rest, sizeof rest) > 0)
        continue;
    close(connection);
}

static void *serve(void *argument)
{
    struct server *server = argument;
    for (int i = 0; i < server->count; i++) {
        int connection = accept(server->listener, NULL, NULL);
        if (connection < 0)
            break;
        server->connections++;
        live(&server->lives[i], connection, server->heard[i]);
    }
    return NULL;
}

static void start(struct server *server, struct endpoint *endpoint, const struct life *lives, int count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->lives = lives;
    server->count = count;
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(server->listener, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(server->listener, 16), 0);
    ck_assert_int_eq(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    strcpy(endpoint->host, "127.0.0.1");
    snprintf(endpoint->port, sizeof endpoint->port, "%d", ntohs(address.sin_port));
    ck_assert_int_eq(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

static struct server servers[2];
static struct session session;
static struct session_options options;

/* A session with one server, or two. */
static void begin(const struct life *first, int first_count, const struct life *second, int second_count)
{
    memset(servers, 0, sizeof servers);
    options = (struct session_options){.timeout_ms = 5000};
    options.endpoints.count = second ? 2 : 1;
    start(&servers[0], &options.endpoints.list[0], first, first_count);
    if (second)
        start(&servers[1], &options.endpoints.list[1], second, second_count);
    session_open(&session, &options);
}

static void end(void)
{
    session_close(&session);
    for (size_t i = 0; i < options.endpoints.count; i++)
        stop(&servers[i]);
}

static struct call *change(const char *name)
{
    struct call *call = call_open(name);
    call_change(call, "write %s 1", name);
    call_contents(call, "x", 1);
    return call;
}

static void answered(struct call *call, enum answer_kind kind)
{
    ck_assert_int_eq(call->outcome, CALL_ANSWERED);
    ck_assert_int_eq(call->answer.kind, kind);
    call_close(call);
}

#endif
