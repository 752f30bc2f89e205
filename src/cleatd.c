/* cleatd: one node of Cleat. Options, recovery, then the server's loop. */
#include <errno.h>
#include <ev.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/ensure.h"
#include "base/hostport.h"
#include "http/http.h"
#include "net/capacity.h"
#include "net/logger.h"
#include "net/server.h"
#include "node/env.h"
#include "node/limits.h"
#include "node/node.h"
#include "options.h"
#include "store/dump.h"

static uint64_t random_number(void *context)
{
    uint64_t number;
    (void)context;
    ensure(getrandom(&number, sizeof number, 0) == (ssize_t)sizeof number);
    return number;
}

static void log_line(struct logger *logger, enum log_event event, const char *reason)
{
    logger_event(logger, event, NULL, NULL, reason);
}

/* The log in memory grows and shrinks all the time: what is freed is kept for that, up to a limit, rather than given
 * back to the system and fetched again, page by page. */
static void keep_memory(void)
{
    enum { KEPT_BYTES = 8 * 1024 * 1024, STEP_BYTES = 1024 * 1024 };
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    mallopt(M_TOP_PAD, STEP_BYTES);
}

static void log_connections(struct logger *logger, uint32_t wanted, uint32_t allowed)
{
    struct buffer line = {0};
    log_event_begin(&line, LOG_CONNECTIONS_LIMITED);
    buffer_append_text(&line, " wanted=");
    buffer_append_number(&line, wanted);
    buffer_append_text(&line, " allowed=");
    buffer_append_number(&line, allowed);
    buffer_append_text(&line, " reason=\"no more open files are allowed: raise RLIMIT_NOFILE (ulimit -n)\"\n");
    logger_write(logger, &line);
    buffer_close(&line);
}

/* Clients get the descriptors that the node does not need. False: it needs more than there are. */
static bool share_descriptors(struct options *options, struct logger *logger, struct capacity *capacity)
{
    char reason[CAPACITY_REASON_MAX];
    struct node_options *node = &options->node;
    uint32_t others = options->clustered ? node->peer_count - 1 : 0;
    if (!capacity_share(capacity, node->connections_max, others, NODE_LINKS_MAX, reason)) {
        log_line(logger, LOG_REFUSED, reason);
        return false;
    }
    if (capacity->clients_count < node->connections_max)
        log_connections(logger, node->connections_max, capacity->clients_count);
    node->connections_max = capacity->clients_count;
    return true;
}

/* The recovered snapshot's state. NULL, and a log line: it does not load, though its checksums were right. */
static struct store *load_store(struct disk *disk, const struct disk_recovered *recovered, struct logger *logger)
{
    struct store *store = store_open(random_number(NULL));
    if (recovered->snapshot_index == 0)
        return store;
    const uint8_t *bytes;
    size_t size;
    int more;
    while ((more = disk_load_next(disk, &bytes, &size)) > 0)
        if (!store_load(store, bytes, size))
            break;
    if (more == 0 && store_load_end(store) && store_applied(store) == recovered->snapshot_index)
        return store;
    if (store_load_starved(store))
        log_line(logger, LOG_OUT_OF_MEMORY,
                 "there is no memory for the snapshot's files: give cleatd more, and start it again");
    else if (store_load_newer(store))
        log_line(logger, LOG_UNKNOWN_SNAPSHOT, "the snapshot holds what this version cannot read: " NODE_NEWER);
    else
        log_line(logger, LOG_REFUSED, "the snapshot's contents do not load; " DISK_MEND);
    store_close(store);
    return NULL;
}

/* The host in ADDRESS, "HOST:PORT", and a comma. */
static void add_host(struct buffer *names, const char *address)
{
    struct hostport parts;
    if (hostport_split(&parts, address, strlen(address)) == NULL)
        buffer_append(names, parts.host, parts.host_size);
    buffer_append_text(names, ",");
}

/* The names of this node that its own options tell: the hosts of --listen and --cluster, the machine's, and those of
 * --http-hosts. To be closed by the caller. */
static struct buffer host_names(const struct options *options)
{
    const struct node_options *node = &options->node;
    struct buffer names = {0};
    char machine[256] = "";
    gethostname(machine, sizeof machine - 1);
    buffer_append_text(&names, machine);
    buffer_append_text(&names, ",");
    add_host(&names, options->listen);
    for (uint32_t i = 0; i < node->peer_count; i++)
        add_host(&names, node->peers[i].address);
    buffer_append_text(&names, options->http_hosts ? options->http_hosts : "");
    buffer_append_u8(&names, 0);
    return names;
}

/* The shim, where it is wanted. False: it cannot be had. */
static bool open_http(const struct options *options, struct node *node, const char *names, struct server_http *server)
{
    if (options->no_http)
        return true;
    const struct http_options http_options = {
        .host_names = names,
        .connections_max = options->node.connections_max,
        .stall_ms = options->client_stall_ms,
        .value_max_bytes = options->node.value_max_bytes,
    };
    *server = (struct server_http){.take = http_take, .close = http_close, .count = http_count};
    server->http = http_open(&http_options, ev_default_loop(EVFLAG_AUTO), node);
    return server->http != NULL;
}

static int run(const struct options *options, const struct capacity *capacity, struct logger *logger,
               struct node *node, struct disk *disk)
{
    const struct node_options *node_options = &options->node;
    struct server_options server = {
        .listen = options->listen,
        .connections_max = capacity->clients_count,
        .links_max = capacity->links_count,
        .client_stall_ms = options->client_stall_ms,
        .peer_count = node_options->peer_count,
        .peers = node_options->peers,
        .id = node_options->id,
        .logger = logger,
    };
    for (uint32_t i = 0; i < node_options->peer_count; i++) {
        if (node_options->peers[i].id == node_options->id && options->clustered)
            server.peer_listen = node_options->peers[i].address;
    }
    struct buffer names = host_names(options);
    int exit_status = EXIT_FAILURE;
    if (open_http(options, node, (const char *)buffer_start(&names), &server.http))
        exit_status = server_run(&server, node, disk);
    else
        log_line(logger, LOG_REFUSED,
                 "libmicrohttpd does not start: it needs more memory or descriptors; or say --no-http");
    buffer_close(&names);
    return exit_status;
}

static int open_and_run(struct options *options, const struct capacity *capacity, struct logger *logger)
{
    char reason[DISK_REASON_MAX] = "";
    const struct disk_options disk_options = {
        .directory = options->data,
        .node_id = options->node.id,
        .segment_bytes = options->segment_bytes,
        .record_max_bytes = (uint32_t)options->node.value_max_bytes + PAYLOAD_ALLOWANCE,
        .random = random_number,
    };
    struct disk *disk;
    struct disk_recovered recovered;
    enum disk_status status = disk_open(&disk_options, &disk, &recovered, reason);
    if (status != DISK_OK) {
        enum log_event event = status == DISK_REFUSED ? LOG_REFUSED
                               : status == DISK_FULL  ? LOG_DISK_FULL
                                                      : LOG_DISK_FAILED;
        log_line(logger, event, reason);
        return EXIT_FAILURE;
    }
    logger_write(logger, &recovered.notes);
    struct store *store = load_store(disk, &recovered, logger);
    if (!store)
        return EXIT_FAILURE;
    struct node *node = node_open(&options->node, disk, &recovered, store, server_now_ms(), reason);
    disk_recovered_free(&recovered);
#ifdef __GLIBC__
    malloc_trim(0); /* recovery read whole segments: a node at rest should not keep their memory */
#endif
    if (!node) {
        log_line(logger, LOG_REFUSED, reason);
        return EXIT_FAILURE;
    }
    int exit_status = run(options, capacity, logger, node, disk);
    node_close(node);
    disk_close(disk);
    return exit_status;
}

int main(int argc, char **argv)
{
    struct options options;
    char reason[ARGUMENT_REASON_MAX];
    const char *problem = descriptors_fill();
    if (problem) {
        fprintf(stderr, "cleatd: descriptors 0 to 2 cannot be opened: %s\n", problem);
        return EXIT_FAILURE;
    }
    if (!options_parse(&options, argc, argv, reason)) {
        fprintf(stderr, "cleatd: %s\n", reason);
        return EXIT_FAILURE;
    }
    if (options.help || options.version) {
        fputs(options.help ? options_help : "cleatd " CLEAT_VERSION "\n", stdout);
        if (fflush(stdout) == 0)
            return EXIT_SUCCESS;
        fprintf(stderr, "cleatd: cannot write to stdout: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its size limit is an error like any other: EFBIG */
    keep_memory();
    options.node.seed = random_number(NULL);
    struct logger *logger = logger_open(STDERR_FILENO);
    struct capacity capacity;
    int exit_status = EXIT_FAILURE;
    if (share_descriptors(&options, logger, &capacity))
        exit_status = open_and_run(&options, &capacity, logger);
    logger_close(logger);
    return exit_status;
}
