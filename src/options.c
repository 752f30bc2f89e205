#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/hostport.h"
#include "node/limits.h"
#include "protocol/request.h"

const char options_help[] =
    "Usage: cleatd [--id N --cluster 1=HOST:PORT,2=HOST:PORT,...] [--listen HOST:PORT] [--data DIR] ...\n"
    "\n"
    "One node of Cleat. Without --cluster it is a cluster of one and needs no options at all.\n"
    "\n"
    "Options:\n"
    "  --id N                 this node's id in --cluster (default 1)\n"
    "  --cluster LIST         all nodes, this one too, as ID=HOST:PEERPORT, separated by commas\n"
    "  --listen HOST:PORT     where clients connect (default 127.0.0.1:8080)\n"
    "  --data DIR             the data directory, made if absent (default ./cleat-data)\n"
    "\n"
    "  --timeout-ms N         a command that waits is answered after this at the latest (default 5000)\n"
    "  --election-ms A-B      election timeouts, random in this range (default 150-300)\n"
    "  --heartbeat-ms N       how often a leader speaks (default 30); when nothing is asked of it, three times in the\n"
    "                         shortest election timeout\n"
    "  --connections-max N    client connections (default 10000)\n"
    "  --client-stall-ms N    a client that takes none of its replies for this long is cut off (default 30000)\n"
    "  --no-http              clients speak text only; otherwise HTTP too, on the same port\n"
    "  --http-hosts NAMES     host names of this node for HTTP, separated by commas, beside addresses, localhost,\n"
    "                         names without a dot, and those in --listen and --cluster\n"
    "  --segment-size BYTES   of one WAL segment, a multiple of 4096, at least four times --value-max (default\n"
    "                         16777216, or as much as --value-max needs)\n"
    "  --snapshot-every BYTES\n"
    "                         of log between two snapshots, at least (default 67108864)\n"
    "\n"
    "Fixed for the whole cluster when it forms; later values are not looked at, but that of --value-max must not be\n"
    "smaller on any node:\n"
    "  --value-max BYTES      the largest contents of a file, up to 8388608 (default 1048576)\n"
    "  --memory-max BYTES     of all files together; writes are refused above (default 4294967296)\n"
    "\n"
    "  --help                 this text\n"
    "  --version              the version\n"
    "\n"
    "Log lines go to stderr, one an event, as key=value. Try it: telnet localhost 8080, then: help\n"
    "\n"
    "Exit status:\n"
    "  0                      after SIGTERM or SIGINT, when what was under way has been answered\n"
    "  1                      it refused to start, or had to stop: the last log line says why\n";

enum { SEGMENT_DEFAULT_BYTES = 16 * 1024 * 1024 };

enum option_id {
    OPTION_ID = 1,
    OPTION_CLUSTER,
    OPTION_LISTEN,
    OPTION_DATA,
    OPTION_TIMEOUT,
    OPTION_ELECTION,
    OPTION_HEARTBEAT,
    OPTION_CONNECTIONS,
    OPTION_STALL,
    OPTION_NO_HTTP,
    OPTION_HTTP_HOSTS,
    OPTION_SEGMENT,
    OPTION_SNAPSHOT,
    OPTION_VALUE,
    OPTION_MEMORY,
    OPTION_HELP,
    OPTION_VERSION,
};

static bool parse_election(struct options *options, const char *text, char *reason)
{
    uint64_t low, high;
    const char *dash = strchr(text, '-');
    if (!dash || !request_number(text, (size_t)(dash - text), &low) ||
        !request_number(dash + 1, strlen(dash + 1), &high) || low < 10 || high < low || high > 60000)
        return argument_refuse(reason, "election-ms", text, "it must be A-B with 10 <= A <= B <= 60000");
    options->node.election_min_ms = (uint32_t)low;
    options->node.election_max_ms = (uint32_t)high;
    return true;
}

/* One "ID=HOST:PORT" of SIZE bytes into the list, which stays in order of ids. */
static const char *add_peer(struct node_options *node, const char *text, size_t size)
{
    const char *equals = memchr(text, '=', size);
    uint64_t id;
    if (!equals || !request_number(text, (size_t)(equals - text), &id) || id == 0 || id > 255)
        return "each node must be ID=HOST:PORT, with an ID from 1 to 255";
    const char *address = equals + 1;
    size_t address_size = size - (size_t)(address - text);
    struct hostport parts;
    const char *problem = hostport_split_whole(&parts, address, address_size);
    if (problem)
        return problem;
    if (address_size > RAFT_ADDRESS_MAX)
        return "a node's HOST:PORT has at most 120 characters";
    if (node->peer_count == RAFT_MEMBERS_MAX)
        return "there are too many nodes";
    uint32_t place = node->peer_count;
    while (place > 0 && node->peers[place - 1].id > id) {
        node->peers[place] = node->peers[place - 1];
        place--;
    }
    if (place > 0 && node->peers[place - 1].id == id)
        return "an id is there twice";
    struct raft_member *peer = &node->peers[place];
    *peer = (struct raft_member){.id = (uint32_t)id, .role = RAFT_VOTER};
    memcpy(peer->address, address, address_size);
    node->peer_count++;
    return NULL;
}

static bool parse_cluster(struct options *options, const char *text, char *reason)
{
    options->clustered = true;
    options->node.peer_count = 0;
    for (const char *at = text;;) {
        size_t size = strcspn(at, ",");
        const char *problem = add_peer(&options->node, at, size);
        if (problem)
            return argument_refuse(reason, "cluster", text, problem);
        if (at[size] == '\0')
            return true;
        at += size + 1;
    }
}

static bool take(struct options *options, int option, const char *name, const char *value, char *reason)
{
    struct node_options *node = &options->node;
    switch (option) {
    case OPTION_ID:
        return argument_u32(name, value, 1, 255, &node->id, reason);
    case OPTION_CLUSTER:
        return parse_cluster(options, value, reason);
    case OPTION_LISTEN:
        options->listen = value;
        return true;
    case OPTION_DATA:
        options->data = value;
        return true;
    case OPTION_TIMEOUT:
        return argument_u32(name, value, 10, 3600000, &node->command_timeout_ms, reason);
    case OPTION_ELECTION:
        return parse_election(options, value, reason);
    case OPTION_HEARTBEAT:
        return argument_u32(name, value, 1, 10000, &node->heartbeat_ms, reason);
    case OPTION_CONNECTIONS:
        return argument_u32(name, value, 1, 1000000, &node->connections_max, reason);
    case OPTION_STALL:
        return argument_u32(name, value, 100, 3600000, &options->client_stall_ms, reason);
    case OPTION_NO_HTTP:
        options->no_http = true;
        return true;
    case OPTION_HTTP_HOSTS:
        options->http_hosts = value;
        return true;
    case OPTION_SEGMENT:
        if (!argument_u32(name, value, 65536, 1u << 30, &options->segment_bytes, reason))
            return false;
        return options->segment_bytes % 4096 == 0 ||
               argument_refuse(reason, name, value, "it must be a multiple of 4096");
    case OPTION_SNAPSHOT:
        return argument_u64(name, value, 4096, (uint64_t)1 << 40, &node->snapshot_every_bytes, reason);
    case OPTION_VALUE:
        return argument_u64(name, value, 1, LIMIT_VALUE_MAX, &node->value_max_bytes, reason);
    case OPTION_MEMORY:
        return argument_u64(name, value, 1 << 20, (uint64_t)1 << 50, &node->memory_max_bytes, reason);
    case OPTION_HELP:
        options->help = true;
        return true;
    case OPTION_VERSION:
        options->version = true;
        return true;
    default:
        snprintf(reason, ARGUMENT_REASON_MAX, "see cleatd --help");
        return false;
    }
}

static void defaults(struct options *options)
{
    *options = (struct options){
        .listen = "127.0.0.1:8080",
        .data = "./cleat-data",
        .segment_bytes = 0, /* not given */
        .client_stall_ms = 30000,
    };
    node_options_default(&options->node);
    options->node.id = 1;
}

/* As many bytes as the largest contents want, in whole units of the usual size. */
static uint32_t default_segment(uint64_t value_max_bytes)
{
    uint64_t units = (4 * value_max_bytes + SEGMENT_DEFAULT_BYTES - 1) / SEGMENT_DEFAULT_BYTES;
    return (uint32_t)(units > 0 ? units : 1) * SEGMENT_DEFAULT_BYTES;
}

/* What only holds between several options. */
static bool check(struct options *options, char *reason)
{
    struct node_options *node = &options->node;
    if (!options->clustered) {
        node->peer_count = 1;
        node->peers[0] = (struct raft_member){.id = node->id, .role = RAFT_VOTER, .address = "self"};
    }
    bool listed = false;
    for (uint32_t i = 0; i < node->peer_count; i++)
        listed |= node->peers[i].id == node->id;
    if (!listed) {
        snprintf(reason, ARGUMENT_REASON_MAX, "--cluster does not name this node's --id %u", (unsigned)node->id);
        return false;
    }
    if (node->heartbeat_ms * 2 > node->election_min_ms) {
        snprintf(reason, ARGUMENT_REASON_MAX, "--heartbeat-ms must be at most half of the shortest election timeout");
        return false;
    }
    if (options->segment_bytes == 0)
        options->segment_bytes = default_segment(node->value_max_bytes);
    if (options->segment_bytes / 4 < node->value_max_bytes) {
        snprintf(reason, ARGUMENT_REASON_MAX, "--segment-size must be at least four times --value-max");
        return false;
    }
    return true;
}

bool options_parse(struct options *options, int argc, char **argv, char reason[ARGUMENT_REASON_MAX])
{
    static const struct option names[] = {
        {"id", required_argument, NULL, OPTION_ID},
        {"cluster", required_argument, NULL, OPTION_CLUSTER},
        {"listen", required_argument, NULL, OPTION_LISTEN},
        {"data", required_argument, NULL, OPTION_DATA},
        {"timeout-ms", required_argument, NULL, OPTION_TIMEOUT},
        {"election-ms", required_argument, NULL, OPTION_ELECTION},
        {"heartbeat-ms", required_argument, NULL, OPTION_HEARTBEAT},
        {"connections-max", required_argument, NULL, OPTION_CONNECTIONS},
        {"client-stall-ms", required_argument, NULL, OPTION_STALL},
        {"no-http", no_argument, NULL, OPTION_NO_HTTP},
        {"http-hosts", required_argument, NULL, OPTION_HTTP_HOSTS},
        {"segment-size", required_argument, NULL, OPTION_SEGMENT},
        {"snapshot-every", required_argument, NULL, OPTION_SNAPSHOT},
        {"value-max", required_argument, NULL, OPTION_VALUE},
        {"memory-max", required_argument, NULL, OPTION_MEMORY},
        {"help", no_argument, NULL, OPTION_HELP},
        {"version", no_argument, NULL, OPTION_VERSION},
        {NULL, 0, NULL, 0},
    };
    defaults(options);
    int place = 0, option;
    while ((option = getopt_long(argc, argv, "", names, &place)) != -1) {
        const char *name = option == '?' ? "" : names[place].name;
        if (!take(options, option, name, optarg, reason))
            return false;
    }
    if (optind < argc) {
        snprintf(reason, ARGUMENT_REASON_MAX, "%.100s: not an option; see cleatd --help", argv[optind]);
        return false;
    }
    return check(options, reason);
}
