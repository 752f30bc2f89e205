/* A write here, a read there: once a write was acknowledged by one node, no other node may show an older state.
 *
 *      chase --ports 8080,8081,8082 --seconds 5
 *
 * Takes the nodes by turns. Refusals, broken connections and silence (for a moment) are put up with, so it can run
 * while nodes die and stop; but a read that goes back, or none that succeeds at all, is a failure. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/wire.h"

enum { CHASE_WAIT_MS = 250 };

struct node {
    struct wire wire;
    uint16_t port;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

/* Sends TEXT to the node; false where no reply came. A connection that gave none is closed: its reply may come late. */
static bool ask(struct node *node, const char *text, struct wire_reply *reply)
{
    if (node->wire.socket < 0 && !wire_open(&node->wire, node->port))
        return false;
    wire_text(&node->wire, "%s", text);
    if (wire_ask(&node->wire, reply, CHASE_WAIT_MS))
        return true;
    wire_close(&node->wire);
    return false;
}

static void chase(struct node *nodes, size_t count, uint64_t end_ms)
{
    uint64_t seen = 0; /* the newest version that anybody was told of */
    uint64_t writes = 0;
    uint64_t reads = 0;
    for (size_t i = 0; !stopped && wire_now_ms() < end_ms; i++) {
        struct wire_reply reply;
        struct node *writer = &nodes[i % count];
        struct node *reader = &nodes[(i + 1 + i / count % (count > 1 ? count - 1 : 1)) % count];
        if (ask(writer, "write chase 1\r\nx\r\n", &reply) && reply.code == WIRE_OK) {
            if (reply.version <= seen)
                wire_fail("port %u: a write got version %" PRIu64 " after %" PRIu64, writer->port, reply.version, seen);
            seen = reply.version;
            writes++;
        }
        if (!ask(reader, "read chase\r\n", &reply) || (reply.code != WIRE_CONTENTS && reply.code != WIRE_NOT_FOUND))
            continue;
        uint64_t version = reply.code == WIRE_CONTENTS ? reply.version : 0;
        if (version < seen)
            wire_fail("port %u: a read showed version %" PRIu64 " after %" PRIu64, reader->port, version, seen);
        seen = version;
        reads++;
    }
    if (writes == 0 || reads == 0)
        wire_fail("%" PRIu64 " writes and %" PRIu64 " reads succeeded", writes, reads);
    printf("writes=%" PRIu64 " reads=%" PRIu64 "\n", writes, reads);
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"ports", required_argument, NULL, 'p'},
        {"seconds", required_argument, NULL, 't'},
        {0},
    };
    uint16_t ports[WIRE_PORTS_MAX];
    size_t count = 0;
    uint64_t seconds = 3600;
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (option) {
        case 'p': count = wire_ports(optarg, ports); break;
        case 't': seconds = strtoull(optarg, NULL, 10); break;
        default: return EXIT_FAILURE;
        }
    }
    if (count == 0 || optind < argc)
        wire_fail("usage: chase --ports P,... [--seconds N]");
    signal(SIGTERM, stop);
    signal(SIGPIPE, SIG_IGN);
    static struct node nodes[WIRE_PORTS_MAX];
    for (size_t i = 0; i < count; i++)
        nodes[i] = (struct node){.wire = {.socket = -1}, .port = ports[i]};
    chase(nodes, count, wire_now_ms() + seconds * 1000);
    for (size_t i = 0; i < count; i++)
        wire_close(&nodes[i].wire);
    return EXIT_SUCCESS;
}
