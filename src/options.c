#include "options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

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
    "  --cluster LIST         all nodes, this one too, as ID=HOST:PEERPORT, separated by commas; the same on all\n"
    "  --alone                a cluster of one, as without --cluster, but stated explicitly\n"
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
    "  --service FILE         for service managers that keep these options in FILE: it does not start without\n"
    "                         --cluster or --alone, and says that they go there\n"
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

#define TOO_MANY "a cluster has at most 9 nodes"
_Static_assert(RAFT_MEMBERS_MAX == 9, "what --cluster's refusal says");

enum { SEGMENT_DEFAULT_BYTES = 16 * 1024 * 1024 };

enum option_id {
    OPTION_ID = 1,
    OPTION_CLUSTER,
    OPTION_ALONE,
    OPTION_LISTEN,
    OPTION_DATA,
    OPTION_TIMEOUT,
    OPTION_ELECTION,
    OPTION_HEARTBEAT,
    OPTION_CONNECTIONS,
    OPTION_STALL,
    OPTION_NO_HTTP,
    OPTION_HTTP_HOSTS,
    OPTION_SERVICE,
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

/* The host as an address of IPv6, one of IPv4 as what is mapped to it. False: it is a name. All forms that the resolver
 * takes for numbers are taken here: "127.1" and "0" too. */
static bool host_number(const struct hostport *parts, struct in6_addr *number)
{
    char host[HOSTPORT_HOST_MAX + 1] = "";
    struct in_addr four;
    memcpy(host, parts->host, parts->host_size);
    if (!inet_aton(host, &four))
        return inet_pton(AF_INET6, host, number) == 1;
    *number = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(number->s6_addr + 12, &four, sizeof four);
    return true;
}

/* Other nodes can call it: it stands for one machine. */
static bool host_callable(const struct hostport *parts)
{
    struct in6_addr number;
    struct hostport host = *parts;
    const char *zone = memchr(host.host, '%', host.host_size);
    if (zone)
        host.host_size = (size_t)(zone - host.host);
    if (!host_number(&host, &number))
        return true;
    uint32_t four;
    memcpy(&four, number.s6_addr + 12, sizeof four);
    four = ntohl(four);
    if (IN6_IS_ADDR_V4MAPPED(&number))
        return four != INADDR_ANY && four != INADDR_BROADCAST && !IN_MULTICAST(four);
    return !IN6_IS_ADDR_UNSPECIFIED(&number) && !IN6_IS_ADDR_MULTICAST(&number);
}

static bool same_host(const struct hostport *a, const struct hostport *b)
{
    struct in6_addr a_number, b_number;
    if (host_number(a, &a_number) && host_number(b, &b_number))
        return memcmp(&a_number, &b_number, sizeof a_number) == 0;
    /* Names have no case, and may end in a dot. */
    size_t a_size = a->host_size - (a->host[a->host_size - 1] == '.');
    size_t b_size = b->host_size - (b->host[b->host_size - 1] == '.');
    return a_size == b_size && strncasecmp(a->host, b->host, a_size) == 0;
}

static bool same_port(const struct hostport *a, const struct hostport *b)
{
    uint64_t a_number = 0, b_number = 0;
    return request_number(a->port, a->port_size, &a_number) && request_number(b->port, b->port_size, &b_number) &&
           a_number == b_number;
}

static struct hostport parts_of(const char *address)
{
    struct hostport parts = {0};
    (void)hostport_split_whole(&parts, address, strlen(address));
    return parts;
}

/* NULL, or what speaks against a further node with that id at that address. */
static const char *peer_refusal(const struct node_options *node, uint64_t id, const struct hostport *address)
{
    if (node->peer_count == RAFT_MEMBERS_MAX)
        return TOO_MANY;
    if (!host_callable(address))
        return "0.0.0.0, [::] and the like name no machine: give the address at which the other nodes call this one";
    for (uint32_t i = 0; i < node->peer_count; i++) {
        struct hostport other = parts_of(node->peers[i].address);
        if (node->peers[i].id == id)
            return "an id is there twice: each node has one of its own";
        if (same_host(&other, address) && same_port(&other, address))
            return "two ids have the same address: each node has one of its own";
    }
    return NULL;
}

/* One "ID=HOST:PORT" of SIZE bytes into the list, which stays in order of ids. */
static const char *add_peer(struct node_options *node, const char *text, size_t size)
{
    const char *equals = memchr(text, '=', size);
    uint64_t id;
    if (!equals || !request_number(text, (size_t)(equals - text), &id) || id == 0 || id > 255)
        return "each node is ID=HOST:PORT, with an ID from 1 to 255, and a comma before the next";
    const char *address = equals + 1;
    size_t address_size = size - (size_t)(address - text);
    struct hostport parts;
    const char *problem = hostport_split_whole(&parts, address, address_size);
    if (problem)
        return problem;
    if (address_size > RAFT_ADDRESS_MAX)
        return "a node's HOST:PORT has at most 120 characters";
    problem = peer_refusal(node, id, &parts);
    if (problem)
        return problem;
    uint32_t place = node->peer_count;
    while (place > 0 && node->peers[place - 1].id > id) {
        node->peers[place] = node->peers[place - 1];
        place--;
    }
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
        if (problem) {
            char must[ARGUMENT_REASON_MAX];
            snprintf(must, sizeof must, "\"%.*s\": %s", size < 60 ? (int)size : 60, at, problem);
            return argument_refuse(reason, "cluster", text, must);
        }
        if (at[size] == '\0')
            return true;
        at += size + 1;
    }
}

static bool parse_listen(struct options *options, const char *text, char *reason)
{
    struct hostport parts;
    const char *problem = hostport_split_whole(&parts, text, strlen(text));
    options->listen = text;
    return !problem || argument_refuse(reason, "listen", text, problem);
}

static bool take(struct options *options, int option, const char *name, const char *value, char *reason)
{
    struct node_options *node = &options->node;
    switch (option) {
    case OPTION_ID:
        options->identified = true;
        return argument_u32(name, value, 1, 255, &node->id, reason);
    case OPTION_CLUSTER:
        return parse_cluster(options, value, reason);
    case OPTION_ALONE:
        options->alone = true;
        return true;
    case OPTION_LISTEN:
        return parse_listen(options, value, reason);
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
    case OPTION_SERVICE:
        options->service = value;
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

static bool refuse(char reason[ARGUMENT_REASON_MAX], const char *text)
{
    snprintf(reason, ARGUMENT_REASON_MAX, "%s", text);
    return false;
}

/* This node's place in --cluster. */
static bool check_place(const struct options *options, char *reason)
{
    const struct node_options *node = &options->node;
    const struct raft_member *self = NULL;
    for (uint32_t i = 0; i < node->peer_count; i++)
        if (node->peers[i].id == node->id)
            self = &node->peers[i];
    if (!self && !options->identified)
        return refuse(reason, "--cluster does not name node 1, which this is without --id: give --id too");
    if (!self) {
        snprintf(reason, ARGUMENT_REASON_MAX, "--cluster does not name this node's --id %u: it lists all nodes, this "
                 "one too", (unsigned)node->id);
        return false;
    }
    struct hostport address = parts_of(self->address), listen = {0};
    if (hostport_split_whole(&listen, options->listen, strlen(options->listen)) == NULL &&
        same_port(&listen, &address) && (same_host(&listen, &address) || !host_callable(&listen)))
        return refuse(reason, "--listen is for clients: it takes another port than this node has in --cluster");
    return true;
}

/* Who this node is. To be alone is what it is by default, but never what a slip makes of a node of several. */
static bool check_identity(struct options *options, char *reason)
{
    struct node_options *node = &options->node;
    if (options->alone && options->clustered)
        return refuse(reason, "--alone and --cluster exclude each other: leave one out");
    if (options->clustered)
        return check_place(options, reason);
    if (options->service && !options->alone) {
        snprintf(reason, ARGUMENT_REASON_MAX, "say in %.60s who this node is: --id and --cluster for one of several, "
                 "or --alone for a cluster of one", options->service);
        return false;
    }
    if (options->identified) {
        snprintf(reason, ARGUMENT_REASON_MAX, "--id %u goes with --cluster: give that too, or leave out --id for a "
                 "cluster of one", (unsigned)node->id);
        return false;
    }
    node->peer_count = 1;
    node->peers[0] = (struct raft_member){.id = node->id, .role = RAFT_VOTER, .address = NODE_ALONE_ADDRESS};
    return true;
}

/* What only holds between several options. */
static bool check(struct options *options, char *reason)
{
    const struct node_options *node = &options->node;
    if (!check_identity(options, reason))
        return false;
    if (node->heartbeat_ms * 2 > node->election_min_ms)
        return refuse(reason, "--heartbeat-ms must be at most half of the shortest election timeout");
    if (options->segment_bytes == 0)
        options->segment_bytes = default_segment(node->value_max_bytes);
    if (options->segment_bytes / 4 < node->value_max_bytes)
        return refuse(reason, "--segment-size must be at least four times --value-max");
    return true;
}

bool options_parse(struct options *options, int argc, char **argv, char reason[ARGUMENT_REASON_MAX])
{
    static const struct option names[] = {
        {"id", required_argument, NULL, OPTION_ID},
        {"cluster", required_argument, NULL, OPTION_CLUSTER},
        {"listen", required_argument, NULL, OPTION_LISTEN},
        {"alone", no_argument, NULL, OPTION_ALONE},
        {"data", required_argument, NULL, OPTION_DATA},
        {"timeout-ms", required_argument, NULL, OPTION_TIMEOUT},
        {"election-ms", required_argument, NULL, OPTION_ELECTION},
        {"heartbeat-ms", required_argument, NULL, OPTION_HEARTBEAT},
        {"connections-max", required_argument, NULL, OPTION_CONNECTIONS},
        {"client-stall-ms", required_argument, NULL, OPTION_STALL},
        {"no-http", no_argument, NULL, OPTION_NO_HTTP},
        {"http-hosts", required_argument, NULL, OPTION_HTTP_HOSTS},
        {"service", required_argument, NULL, OPTION_SERVICE},
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
    return options->help || options->version || check(options, reason);
}
