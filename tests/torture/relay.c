/* The network between the nodes: stands between every two of them, and does to what they say what it is told, each
 * direction on its own. Needs no rights that a user does not have.
 *
 *      relay --nodes 5 --listen PORT --peers PORT
 *
 * Node I listens for the others on PEERS + I - 1. Of two nodes the one with the higher id calls, so node I (from 2 on)
 * is told that node J < I is at LISTEN + (I - 1)(I - 2) / 2 + J - 1: here.
 *
 * Orders on stdin, a line each; A and B are nodes, and a direction is from A to B:
 *
 *      pass A B          hands on what comes; all directions do at first
 *      delay A B MS      the same, so much later
 *      hold A B          hands on nothing; what came goes on when the direction passes again
 *      lose A B          hands on nothing and drops what comes; the connections are reset when it passes again
 *      reset A B         resets the connections of the two
 *      heal              all directions pass
 *
 * While a direction is cut, no end of a connection gets through it, and none is made between the two. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "e2e/tools/shared/wire.h"
#include "torture/pipe.h"

enum {
    NODES_MAX = 9,
    LISTENERS_MAX = NODES_MAX * (NODES_MAX - 1) / 2,
    CONNECTIONS_MAX = 256,
    IDLE_MS = 100,
    LINE_MAX = 100,
};

/* Where the node with the higher id calls the other one. */
struct listener {
    int socket;
    uint32_t caller;
    uint32_t called;
};

struct connection {
    uint32_t caller;
    uint32_t called;
    int sockets[2];        /* the caller's; and the called node's, -1 until both directions pass */
    struct pipe pipes[2];  /* to the called node, and from it */
};

struct relay {
    struct pipe_rule rules[NODES_MAX + 1][NODES_MAX + 1]; /* from, to */
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    struct connection *connections[CONNECTIONS_MAX];
    size_t connection_count;
    uint32_t nodes;
    uint16_t peers;
    struct buffer orders; /* what came from stdin and is no whole line yet */
    bool ended;
};

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* --- sockets ---------------------------------------------------------------------------------------------------- */

static struct sockaddr_in address_of(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int new_socket(void)
{
    int file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (file < 0)
        wire_fail("relay: socket: %s", strerror(errno));
    return file;
}

static void no_delay(int file)
{
    int on = 1;
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* Closes so that the other side notices at once, whatever was under way. */
static void reset_socket(int file)
{
    const struct linger at_once = {.l_onoff = 1};
    if (file < 0)
        return;
    setsockopt(file, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(file);
}

static void listen_all(struct relay *relay, uint16_t first_port)
{
    for (uint32_t caller = 2; caller <= relay->nodes; caller++) {
        for (uint32_t called = 1; called < caller; called++) {
            struct listener *listener = &relay->listeners[relay->listener_count];
            uint16_t port = (uint16_t)(first_port + relay->listener_count++);
            const struct sockaddr_in address = address_of(port);
            int on = 1;
            *listener = (struct listener){new_socket(), caller, called};
            setsockopt(listener->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
            if (bind(listener->socket, (const struct sockaddr *)&address, sizeof address) < 0 ||
                listen(listener->socket, 64) < 0)
                wire_fail("relay: port %u: %s", port, strerror(errno));
        }
    }
}

/* --- connections ------------------------------------------------------------------------------------------------ */

static const struct pipe_rule *rule_of(const struct relay *relay, const struct connection *connection, size_t way)
{
    return way == 0 ? &relay->rules[connection->caller][connection->called]
                    : &relay->rules[connection->called][connection->caller];
}

static void drop(struct relay *relay, size_t place)
{
    struct connection *connection = relay->connections[place];
    for (size_t way = 0; way < 2; way++) {
        reset_socket(connection->sockets[way]);
        pipe_close(&connection->pipes[way]);
    }
    free(connection);
    relay->connections[place] = relay->connections[--relay->connection_count];
}

static void take_call(struct relay *relay, const struct listener *listener)
{
    int file = accept4(listener->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (file < 0)
        return;
    if (relay->connection_count == CONNECTIONS_MAX) {
        reset_socket(file);
        return;
    }
    no_delay(file);
    struct connection *connection = memory_get(sizeof *connection);
    connection->caller = listener->caller;
    connection->called = listener->called;
    connection->sockets[0] = file;
    connection->sockets[1] = -1;
    relay->connections[relay->connection_count++] = connection;
}

/* Calls the other node, once both directions pass. False: it does not answer. */
static bool call(const struct relay *relay, struct connection *connection)
{
    if (connection->sockets[1] >= 0 || rule_of(relay, connection, 0)->mode != PIPE_PASS ||
        rule_of(relay, connection, 1)->mode != PIPE_PASS)
        return true;
    const struct sockaddr_in address = address_of((uint16_t)(relay->peers + connection->called - 1));
    connection->sockets[1] = new_socket();
    no_delay(connection->sockets[1]);
    /* On the loopback a connection is made, or refused, at once. */
    return connect(connection->sockets[1], (const struct sockaddr *)&address, sizeof address) == 0 ||
           errno == EINPROGRESS;
}

static short events_of(const struct relay *relay, const struct connection *connection, size_t side, uint64_t at_us)
{
    short events = 0;
    if (connection->sockets[1] < 0)
        return POLLRDHUP; /* the caller may have given up */
    if (pipe_wants(&connection->pipes[side]))
        events |= POLLIN;
    if (pipe_pushes(&connection->pipes[1 - side], rule_of(relay, connection, 1 - side), at_us))
        events |= POLLOUT;
    return events;
}

/* Reads and writes what can be. False: the connection is at its end. */
static bool step(const struct relay *relay, struct connection *connection, const short events[2], uint64_t at_us)
{
    if (connection->sockets[1] < 0)
        return events[0] == 0 && call(relay, connection);
    for (size_t way = 0; way < 2; way++) {
        struct pipe *pipe = &connection->pipes[way];
        const struct pipe_rule *rule = rule_of(relay, connection, way);
        if (events[way] & (POLLIN | POLLHUP | POLLERR) && pipe_wants(pipe))
            pipe_read(pipe, connection->sockets[way], rule, at_us);
        if (!pipe_write(pipe, connection->sockets[1 - way], rule, at_us))
            return false;
        /* Who speaks to somebody who is gone is told so by what comes back, if that gets through. */
        if (pipe->deaf)
            connection->pipes[1 - way].ended = true;
    }
    return true;
}

/* --- orders ----------------------------------------------------------------------------------------------------- */

static void reset_between(struct relay *relay, uint32_t a, uint32_t b)
{
    for (size_t i = relay->connection_count; i-- > 0;) {
        const struct connection *connection = relay->connections[i];
        if ((connection->caller == a && connection->called == b) ||
            (connection->caller == b && connection->called == a))
            drop(relay, i);
    }
}

static void obey(struct relay *relay, const char *line)
{
    char verb[16];
    uint32_t a = 0, b = 0, delay_ms = 0;
    int words = sscanf(line, "%15s %u %u %u", verb, &a, &b, &delay_ms);
    if (words == 1 && strcmp(verb, "heal") == 0) {
        memset(relay->rules, 0, sizeof relay->rules);
        return;
    }
    if (words < 3 || a < 1 || b < 1 || a > relay->nodes || b > relay->nodes)
        wire_fail("relay: not an order: '%s'", line);
    struct pipe_rule *rule = &relay->rules[a][b];
    if (strcmp(verb, "pass") == 0)
        *rule = (struct pipe_rule){.mode = PIPE_PASS};
    else if (strcmp(verb, "delay") == 0)
        *rule = (struct pipe_rule){.mode = PIPE_PASS, .delay_us = (uint64_t)delay_ms * 1000};
    else if (strcmp(verb, "hold") == 0)
        *rule = (struct pipe_rule){.mode = PIPE_HOLD};
    else if (strcmp(verb, "lose") == 0)
        *rule = (struct pipe_rule){.mode = PIPE_LOSE};
    else if (strcmp(verb, "reset") == 0)
        reset_between(relay, a, b);
    else
        wire_fail("relay: not an order: '%s'", line);
}

static void take_orders(struct relay *relay)
{
    uint8_t *at = buffer_reserve(&relay->orders, 4096);
    ssize_t got = at ? read(STDIN_FILENO, at, 4096) : 0;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    relay->ended = got <= 0;
    if (relay->ended)
        return;
    buffer_added(&relay->orders, (size_t)got);
    for (;;) {
        size_t size = buffer_size(&relay->orders);
        char *line = (char *)buffer_start(&relay->orders), *end = size > 0 ? memchr(line, '\n', size) : NULL;
        if (!end)
            return;
        char copy[LINE_MAX];
        snprintf(copy, sizeof copy, "%.*s", (int)(end - line), line);
        buffer_consume(&relay->orders, (size_t)(end - line) + 1);
        obey(relay, copy);
    }
}

/* --- the loop --------------------------------------------------------------------------------------------------- */

/* How long nothing is to be done unless something comes. */
static int idle_ms(const struct relay *relay, uint64_t at_us)
{
    uint64_t due_us = at_us + IDLE_MS * 1000;
    for (size_t i = 0; i < relay->connection_count; i++) {
        const struct connection *connection = relay->connections[i];
        for (size_t way = 0; way < 2 && connection->sockets[1] >= 0; way++) {
            uint64_t next_us = pipe_due_us(&connection->pipes[way], rule_of(relay, connection, way));
            if (next_us > at_us && next_us < due_us)
                due_us = next_us;
        }
    }
    return (int)((due_us - at_us + 999) / 1000);
}

static void turn(struct relay *relay)
{
    struct pollfd polls[2 * CONNECTIONS_MAX + LISTENERS_MAX + 1];
    size_t connections = relay->connection_count, count = 0;
    uint64_t at_us = now_us();
    for (size_t i = 0; i < connections; i++) {
        for (size_t side = 0; side < 2; side++) {
            /* Without events it is not looked at: a broken one would be reported over and over. */
            short events = events_of(relay, relay->connections[i], side, at_us);
            polls[count++] = (struct pollfd){.fd = events ? relay->connections[i]->sockets[side] : -1,
                                             .events = events};
        }
    }
    for (size_t i = 0; i < relay->listener_count; i++)
        polls[count++] = (struct pollfd){.fd = relay->listeners[i].socket, .events = POLLIN};
    polls[count++] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(polls, count, idle_ms(relay, at_us)) < 0)
        return;
    at_us = now_us();
    for (size_t i = connections; i-- > 0;) {
        const short events[2] = {polls[2 * i].revents, polls[2 * i + 1].revents};
        if (!step(relay, relay->connections[i], events, at_us))
            drop(relay, i);
    }
    for (size_t i = 0; i < relay->listener_count; i++)
        if (polls[2 * connections + i].revents)
            take_call(relay, &relay->listeners[i]);
    if (polls[count - 1].revents)
        take_orders(relay);
}

static uint64_t number_of(const char *text, uint64_t most)
{
    char *end;
    uint64_t number = strtoull(text, &end, 10);
    if (end == text || *end || number == 0 || number > most)
        wire_fail("relay: not a number from 1 to %llu: '%s'", (unsigned long long)most, text);
    return number;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"nodes", required_argument, NULL, 'n'},
        {"listen", required_argument, NULL, 'l'},
        {"peers", required_argument, NULL, 'p'},
        {0},
    };
    static struct relay relay;
    uint16_t listen_port = 0;
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (option) {
        case 'n': relay.nodes = (uint32_t)number_of(optarg, NODES_MAX); break;
        case 'l': listen_port = (uint16_t)number_of(optarg, UINT16_MAX); break;
        case 'p': relay.peers = (uint16_t)number_of(optarg, UINT16_MAX); break;
        default: return EXIT_FAILURE;
        }
    }
    if (relay.nodes < 2 || listen_port == 0 || relay.peers == 0 || optind < argc)
        wire_fail("usage: relay --nodes N --listen PORT --peers PORT");
    signal(SIGPIPE, SIG_IGN);
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    listen_all(&relay, listen_port);
    while (!relay.ended)
        turn(&relay);
    while (relay.connection_count > 0)
        drop(&relay, 0);
    buffer_close(&relay.orders);
    return EXIT_SUCCESS;
}
