/* Many clients count up one file by read and cas.
 *
 *      counter --ports 8080,8081 --connections 100 --count 10 NAME
 *
 * Each connection adds one to the number in file NAME, COUNT times. Any error but a version that is no longer right, or
 * ERR_BUSY, is a failure. Prints how many cas were tried. The sum is in the file. */
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/wire.h"

struct client {
    struct wire wire;
    uint64_t left;
    bool reading; /* else a cas is under way */
};

struct crowd {
    struct client *clients;
    size_t count;
    const char *name;
    uint64_t tried;
    uint64_t done;
};

static void ask_read(struct client *client, const char *name)
{
    client->reading = true;
    wire_text(&client->wire, "read %s\r\n", name);
}

static void ask_cas(struct crowd *crowd, struct client *client, uint64_t version, uint64_t value)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRIu64, value);
    client->reading = false;
    crowd->tried++;
    wire_text(&client->wire, "cas %s %" PRIu64 " %d\r\n%s\r\n", crowd->name, version, size, digits);
}

static uint64_t number_in(const struct wire_reply *reply)
{
    char digits[24] = {0};
    if (reply->value_size == 0 || reply->value_size >= sizeof digits)
        wire_fail("the file holds no number");
    memcpy(digits, reply->value, reply->value_size);
    return strtoull(digits, NULL, 10);
}

static void answered(struct crowd *crowd, struct client *client, const struct wire_reply *reply)
{
    bool busy = reply->code == WIRE_REFUSED && strncmp(reply->line, "ERR_BUSY", 8) == 0;
    if (client->reading && reply->code == WIRE_CONTENTS) {
        ask_cas(crowd, client, reply->version, number_in(reply) + 1);
    } else if (client->reading && reply->code == WIRE_NOT_FOUND) {
        ask_cas(crowd, client, 0, 1);
    } else if (!client->reading && reply->code == WIRE_OK) {
        client->left--;
        crowd->done++;
        if (client->left > 0)
            ask_read(client, crowd->name);
    } else if (busy || (!client->reading && reply->code == WIRE_MISMATCH)) {
        ask_read(client, crowd->name);
    } else {
        wire_fail("%s got '%s'", client->reading ? "read" : "cas", reply->line);
    }
}

static void count_up(struct crowd *crowd, uint64_t wanted)
{
    struct pollfd *entries = calloc(crowd->count, sizeof *entries);
    if (!entries)
        wire_fail("out of memory");
    while (crowd->done < wanted) {
        for (size_t i = 0; i < crowd->count; i++)
            entries[i] = (struct pollfd){.fd = crowd->clients[i].wire.socket,
                                         .events = wire_events(&crowd->clients[i].wire)};
        if (poll(entries, crowd->count, 30000) == 0)
            wire_fail("nothing for 30 s; %" PRIu64 " of %" PRIu64 " done", crowd->done, wanted);
        for (size_t i = 0; i < crowd->count; i++) {
            struct client *client = &crowd->clients[i];
            struct wire_reply reply;
            if (entries[i].revents == 0)
                continue;
            if (!wire_step(&client->wire))
                wire_fail("a connection broke");
            int got;
            while ((got = wire_reply(&client->wire, &reply)) > 0)
                answered(crowd, client, &reply);
            if (got < 0)
                wire_fail("not a reply");
        }
    }
    free(entries);
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"ports", required_argument, NULL, 'p'},
        {"connections", required_argument, NULL, 'c'},
        {"count", required_argument, NULL, 'n'},
        {0},
    };
    uint16_t ports[WIRE_PORTS_MAX];
    size_t port_count = 0;
    struct crowd crowd = {.count = 1};
    uint64_t each = 1;
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (option) {
        case 'p': port_count = wire_ports(optarg, ports); break;
        case 'c': crowd.count = strtoull(optarg, NULL, 10); break;
        case 'n': each = strtoull(optarg, NULL, 10); break;
        default: return EXIT_FAILURE;
        }
    }
    if (port_count == 0 || optind + 1 != argc || each == 0)
        wire_fail("usage: counter --ports P,... [--connections N] [--count N] NAME");
    crowd.name = argv[optind];
    crowd.clients = calloc(crowd.count, sizeof *crowd.clients);
    if (!crowd.clients)
        wire_fail("out of memory");
    for (size_t i = 0; i < crowd.count; i++) {
        crowd.clients[i].left = each;
        if (!wire_open(&crowd.clients[i].wire, ports[i % port_count]))
            wire_fail("nobody listens on port %u", ports[i % port_count]);
        ask_read(&crowd.clients[i], crowd.name);
    }
    count_up(&crowd, each * crowd.count);
    for (size_t i = 0; i < crowd.count; i++)
        wire_close(&crowd.clients[i].wire);
    free(crowd.clients);
    printf("counted=%" PRIu64 " tried=%" PRIu64 "\n", crowd.done, crowd.tried);
    return EXIT_SUCCESS;
}
