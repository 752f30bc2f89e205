/* Many clients of a cluster whose nodes fail, and the history of what they were told.
 *
 *      load --ports 8080,8081,... --history FILE [--seed N] [--clients N] [--rate OPERATIONS_PER_SECOND]
 *
 * Is told on stdin what goes on, a line each:
 *
 *      note TEXT         to be written into the history
 *      break N           breaks N connections
 *      majority yes|no   whether a majority of the voters runs, and each of it reaches each; at first: yes
 *      final             all is healed: asks no more, waits until all is settled, reads every file from every node
 *
 * With the end of stdin it ends: prints what it counted, and the longest time in which no change succeeded though a
 * majority was connected. It fails where a reply is none, or a node does not answer in the end: then it says so. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "torture/client.h"

enum {
    TURN_MS = 5,
    DRAIN_US = CLIENT_SILENCE_US + 1000000, /* by then all is answered, or is not going to be */
    SETTLE_US = 2000000,                    /* and what has EXPTIME is gone so long after it at the latest */
    FINAL_DEPTH = 256,
    FINAL_WAIT_MS = 20000,
};

struct load {
    struct crowd crowd;
    struct client *clients;
    struct pollfd *polls; /* of the clients; then stdin */
    size_t client_count;
    struct buffer orders; /* what came from stdin and is no whole line yet */
    bool ended;           /* stdin is at its end */
    bool failed;          /* a node did not serve in the end */
};

/* --- clients ---------------------------------------------------------------------------------------------------- */

/* Waits for what comes, TURN_MS at most, and lets every client do what is to be done. */
static void turn(struct load *load)
{
    size_t count = load->client_count;
    for (size_t i = 0; i < count; i++) {
        const struct wire *wire = &load->clients[i].wire;
        load->polls[i] = (struct pollfd){.fd = wire->socket, .events = wire->socket < 0 ? 0 : wire_events(wire)};
    }
    load->polls[count] = (struct pollfd){.fd = load->ended ? -1 : STDIN_FILENO, .events = POLLIN};
    poll(load->polls, count + 1, TURN_MS);
    for (size_t i = 0; i < count; i++)
        client_turn(&load->clients[i], &load->crowd);
}

static void break_some(struct load *load, uint64_t count)
{
    for (; count > 0; count--) {
        size_t choice = (size_t)random_between(&load->crowd.plan.random, 0, load->client_count - 1);
        client_break(&load->clients[choice], &load->crowd);
    }
}

/* --- the end ---------------------------------------------------------------------------------------------------- */

static void wait_us(struct load *load, uint64_t duration_us)
{
    uint64_t end_us = record_now_us(&load->crowd.record) + duration_us;
    while (record_now_us(&load->crowd.record) < end_us)
        turn(load);
}

/* Reads every file from the node at PLACE. False, and said on stderr: it does not serve. */
static bool read_all(struct crowd *crowd, size_t place)
{
    struct wire wire;
    uint32_t asked = 0, answered = 0;
    uint64_t invoked_us[FINAL_DEPTH];
    struct wire_reply reply = {.line = "no reply"};
    if (!wire_open(&wire, crowd->ports[place])) {
        fprintf(stderr, "in the end nobody listens at node %zu\n", place + 1);
        return false;
    }
    crowd->record.connections++;
    bool fine = true;
    while (fine && answered < crowd->plan.files) {
        for (; asked < crowd->plan.files && asked - answered < FINAL_DEPTH; asked++) {
            invoked_us[asked % FINAL_DEPTH] = record_now_us(&crowd->record);
            wire_text(&wire, "read f%" PRIu32 "\r\n", asked);
        }
        struct operation operation = {
            .kind = OPERATION_FINAL,
            .file = answered,
            .node = (uint8_t)(place + 1),
            .connection = crowd->record.connections,
            .invoked_us = invoked_us[answered % FINAL_DEPTH],
        };
        fine = wire_ask(&wire, &reply, FINAL_WAIT_MS);
        record_operation(&crowd->record, &operation, fine ? &reply : NULL);
        fine = fine && (operation.outcome == OUTCOME_CONTENTS || operation.outcome == OUTCOME_NOT_FOUND);
        answered++;
    }
    if (!fine)
        fprintf(stderr, "in the end node %zu answers: %s\n", place + 1, reply.line);
    wire_close(&wire);
    return fine;
}

/* Nobody writes any more; and what was not answered has happened by now, or never will. */
static void settle(struct load *load)
{
    load->crowd.ending = true;
    record_majority(&load->crowd.record, false); /* nobody asks: there is nothing to succeed */
    wait_us(load, DRAIN_US);
    for (size_t i = 0; i < load->client_count; i++)
        client_break(&load->clients[i], &load->crowd);
    wait_us(load, PLAN_EXPTIME_MAX_S * 1000000 + SETTLE_US);
    record_note(&load->crowd.record, "final");
    for (size_t place = 0; place < load->crowd.port_count; place++)
        load->failed = !read_all(&load->crowd, place) || load->failed;
}

/* --- orders ----------------------------------------------------------------------------------------------------- */

static void obey(struct load *load, char *line)
{
    char *word = strtok(line, " "), *rest = strtok(NULL, "");
    struct record *record = &load->crowd.record;
    if (!word)
        return;
    if (strcmp(word, "note") == 0 && rest)
        record_note(record, rest);
    else if (strcmp(word, "break") == 0 && rest)
        break_some(load, strtoull(rest, NULL, 10));
    else if (strcmp(word, "majority") == 0 && rest)
        record_majority(record, strcmp(rest, "yes") == 0);
    else if (strcmp(word, "final") == 0)
        settle(load);
    else
        wire_fail("not an order: '%s'", word);
}

static void take_orders(struct load *load)
{
    uint8_t *at = buffer_reserve(&load->orders, 4096);
    ssize_t got = at ? read(STDIN_FILENO, at, 4096) : 0;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        load->ended = true;
        return;
    }
    buffer_added(&load->orders, (size_t)got);
    for (;;) {
        size_t size = buffer_size(&load->orders);
        char *line = (char *)buffer_start(&load->orders), *end = size > 0 ? memchr(line, '\n', size) : NULL;
        if (!end)
            return;
        char copy[512];
        size_t length = (size_t)(end - line);
        snprintf(copy, sizeof copy, "%.*s", (int)length, line);
        buffer_consume(&load->orders, length + 1);
        obey(load, copy);
    }
}

/* --- the program ------------------------------------------------------------------------------------------------ */

static uint64_t number_of(const char *text)
{
    char *end;
    uint64_t number = strtoull(text, &end, 10);
    if (end == text || *end)
        wire_fail("not a number: '%s'", text);
    return number;
}

static void make_clients(struct load *load, uint64_t rate)
{
    load->clients = memory_get(load->client_count * sizeof *load->clients);
    load->polls = memory_get((load->client_count + 1) * sizeof *load->polls);
    for (size_t i = 0; i < load->client_count; i++) {
        load->clients[i].wire.socket = -1;
        load->clients[i].reads = i % 3 == 2;
        load->clients[i].depth = i % 4 == 0 ? 4 : i % 16 == 1 ? CLIENT_DEPTH_MAX : 1;
    }
    load->crowd.pause_us = 1000000 * (uint64_t)load->client_count / rate;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"ports", required_argument, NULL, 'p'},   {"history", required_argument, NULL, 'h'},
        {"seed", required_argument, NULL, 's'},    {"clients", required_argument, NULL, 'c'},
        {"rate", required_argument, NULL, 'r'},    {0},
    };
    static struct load load = {.client_count = 60};
    const char *history = NULL;
    uint64_t seed = 1, rate = 3000;
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (option) {
        case 'p': load.crowd.port_count = wire_ports(optarg, load.crowd.ports); break;
        case 'h': history = optarg; break;
        case 's': seed = number_of(optarg); break;
        case 'c': load.client_count = (size_t)number_of(optarg); break;
        case 'r': rate = number_of(optarg); break;
        default: return EXIT_FAILURE;
        }
    }
    if (!history || load.crowd.port_count == 0 || load.client_count == 0 || rate == 0 || optind < argc)
        wire_fail("usage: load --ports P,... --history FILE [--seed N] [--clients N] [--rate N]");
    signal(SIGPIPE, SIG_IGN);
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    plan_init(&load.crowd.plan, seed);
    record_begin(&load.crowd.record, history);
    record_majority(&load.crowd.record, true);
    make_clients(&load, rate);
    while (!load.ended) {
        turn(&load);
        if (load.polls[load.client_count].revents)
            take_orders(&load);
    }
    for (size_t i = 0; i < load.client_count; i++)
        client_break(&load.clients[i], &load.crowd);
    record_gap(&load.crowd.record);
    record_end(&load.crowd.record, stdout);
    return load.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
