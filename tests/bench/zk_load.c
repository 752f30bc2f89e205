/* Load for ZooKeeper, which has no tool of its own for it; by its own C client library (the one without threads).
 *
 *      zk_load --endpoints H:P,... --mode set --connections 64 --depth 16 --keys 10000 --size 256 --seconds 3
 *
 * Each connection is a session with DEPTH requests under way at all times, each for a random one of the KEYS nodes.
 * `fill` makes the nodes, each once: "/p0000/n00000000", a thousand under each parent. `get` and `set` go on for
 * SECONDS, or up to COUNT successes. A session that breaks is opened again by the library, at the next endpoint.
 *
 * Prints one line: ops, ops_s, p50_us, p99_us, errors, and longest_gap_ms, the longest time without a success. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <zookeeper/zookeeper.h>

enum {
    PARENT_CHILDREN = 1000,
    NAME_MAX_BYTES = 24,
    SESSION_MS = 10000,
    CONNECT_US = 60 * 1000 * 1000, /* for all sessions to be there */
    SCAN_US = 10 * 1000,           /* how often sessions are looked at without an event */
    PATIENCE_US = 30 * 1000 * 1000, /* `fill` gives up after this long without a success */
    EVENTS_MAX = 256,
};

enum mode { MODE_GET, MODE_SET, MODE_FILL };

struct options {
    const char *endpoints;
    enum mode mode;
    uint64_t connections, depth, keys, size, duration_us, count;
};

struct session;

struct request {
    struct session *session;
    uint64_t key;
    uint64_t sent_us;
    bool under_way;
    bool again; /* it failed and its key must still be made */
};

struct session {
    zhandle_t *handle;
    struct request *requests;
    uint64_t due_us; /* when the library wants to be called without an event */
};

struct load {
    struct options options;
    struct session *sessions;
    char *value;
    int epoll;
    bool parents;      /* `fill`: these are made, not their children */
    uint64_t key_next; /* `fill` */
    uint64_t key_end;
    uint64_t random;
    uint64_t from_us, to_us; /* what counts */
    uint64_t last_us;        /* of the newest success */
    uint64_t gap_us;
    uint64_t successes;      /* all of them */
    uint64_t errors;
    uint32_t *samples_us;
    size_t sample_count, sample_capacity;
};

static struct load load = {.random = 88172645463325252U};

_Noreturn static void fail(const char *what, const char *why)
{
    fprintf(stderr, "zk_load: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void *get_memory(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory)
        fail("memory", "none left");
    return memory;
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t random_below(uint64_t limit)
{
    load.random ^= load.random << 13;
    load.random ^= load.random >> 7;
    load.random ^= load.random << 17;
    return load.random % limit;
}

/* --- what came back ----------------------------------------------------------------------------------------------- */

static void sample(uint64_t us)
{
    if (load.sample_count == load.sample_capacity) {
        load.sample_capacity = load.sample_capacity ? 2 * load.sample_capacity : 65536;
        load.samples_us = realloc(load.samples_us, load.sample_capacity * sizeof *load.samples_us);
        if (!load.samples_us)
            fail("memory", "none left");
    }
    load.samples_us[load.sample_count++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static void done(int code, const void *data)
{
    struct request *request = (struct request *)(uintptr_t)data; /* the library hands back what it was given */
    request->under_way = false;
    if (code != ZOK && code != ZNODEEXISTS) {
        load.errors++;
        request->again = load.options.mode == MODE_FILL;
        return;
    }
    uint64_t now = now_us();
    load.successes++;
    if (now < load.from_us || now > load.to_us)
        return;
    if (now - load.last_us > load.gap_us)
        load.gap_us = now - load.last_us;
    load.last_us = now;
    sample(now - request->sent_us);
}

static void done_set(int code, const struct Stat *stat, const void *data)
{
    (void)stat;
    done(code, data);
}

static void done_get(int code, const char *value, int size, const struct Stat *stat, const void *data)
{
    (void)value;
    (void)size;
    (void)stat;
    done(code, data);
}

static void done_create(int code, const char *name, const void *data)
{
    (void)name;
    done(code, data);
}

/* --- what goes out ------------------------------------------------------------------------------------------------ */

static bool choose_key(struct request *request)
{
    if (request->again) {
        request->again = false;
        return true;
    }
    if (load.options.mode != MODE_FILL) {
        request->key = random_below(load.options.keys);
        return true;
    }
    if (load.key_next == load.key_end)
        return false;
    request->key = load.key_next++;
    return true;
}

static void request_send(struct request *request)
{
    char name[NAME_MAX_BYTES];
    zhandle_t *handle = request->session->handle;
    int code, size = (int)load.options.size;
    if (!choose_key(request))
        return;
    if (load.parents)
        snprintf(name, sizeof name, "/p%04u", (unsigned)request->key % 10000);
    else
        snprintf(name, sizeof name, "/p%04u/n%08u", (unsigned)(request->key / PARENT_CHILDREN) % 10000,
                 (unsigned)request->key % 100000000);
    request->sent_us = now_us();
    request->under_way = true;
    if (load.options.mode == MODE_GET)
        code = zoo_aget(handle, name, 0, done_get, request);
    else if (load.options.mode == MODE_SET)
        code = zoo_aset(handle, name, load.value, size, -1, done_set, request);
    else
        code = zoo_acreate(handle, name, load.parents ? "" : load.value, load.parents ? 0 : size, &ZOO_OPEN_ACL_UNSAFE,
                           0, done_create, request);
    if (code != ZOK)
        done(code, request);
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

static void watch(zhandle_t *handle, int type, int state, const char *path, void *context)
{
    (void)handle;
    (void)type;
    (void)state;
    (void)path;
    (void)context;
}

static void session_open(struct session *session)
{
    session->handle = zookeeper_init(load.options.endpoints, watch, SESSION_MS, NULL, NULL, ZOO_NO_LOG_CLIENTENV);
    if (!session->handle)
        fail("zookeeper_init", strerror(errno));
    zoo_set_servers_resolution_delay(session->handle, -1);
}

static void session_wait(struct session *session)
{
    struct timeval wait = {0};
    struct epoll_event event = {.data.ptr = session};
    int socket = -1, interest = 0;
    int code = zookeeper_interest(session->handle, &socket, &interest, &wait);
    uint64_t wait_us = (uint64_t)wait.tv_sec * 1000000 + (uint64_t)wait.tv_usec;
    session->due_us = now_us() + (code == ZOK && wait_us > SCAN_US ? wait_us : SCAN_US);
    if (socket < 0)
        return;
    if (interest & ZOOKEEPER_READ)
        event.events |= EPOLLIN;
    if (interest & ZOOKEEPER_WRITE)
        event.events |= EPOLLOUT;
    /* A socket that the library closed has left epoll by itself; the next one may have its number. */
    if (epoll_ctl(load.epoll, EPOLL_CTL_MOD, socket, &event) && errno == ENOENT)
        epoll_ctl(load.epoll, EPOLL_CTL_ADD, socket, &event);
}

static void session_turn(struct session *session, uint32_t events)
{
    int ready = 0;
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        ready |= ZOOKEEPER_READ;
    if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
        ready |= ZOOKEEPER_WRITE;
    zookeeper_process(session->handle, ready);
    if (zoo_state(session->handle) == ZOO_EXPIRED_SESSION_STATE) {
        zookeeper_close(session->handle);
        session_open(session);
    }
    if (zoo_state(session->handle) == ZOO_CONNECTED_STATE && load.to_us > 0)
        for (uint64_t i = 0; i < load.options.depth; i++)
            if (!session->requests[i].under_way)
                request_send(&session->requests[i]);
    session_wait(session);
}

static void turn(void)
{
    static uint64_t scanned_us;
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(load.epoll, events, EVENTS_MAX, SCAN_US / 1000);
    for (int i = 0; i < count; i++)
        session_turn(events[i].data.ptr, events[i].events);
    uint64_t now = now_us();
    if (now - scanned_us < SCAN_US)
        return;
    scanned_us = now;
    for (uint64_t i = 0; i < load.options.connections; i++)
        if (load.sessions[i].due_us <= now)
            session_turn(&load.sessions[i], 0);
}

static void connect_all(void)
{
    uint64_t end = now_us() + CONNECT_US, connected = 0;
    load.epoll = epoll_create1(0);
    load.sessions = get_memory(load.options.connections, sizeof *load.sessions);
    for (uint64_t i = 0; i < load.options.connections; i++) {
        struct session *session = &load.sessions[i];
        session->requests = get_memory(load.options.depth, sizeof *session->requests);
        for (uint64_t j = 0; j < load.options.depth; j++)
            session->requests[j].session = session;
        session_open(session);
        session_wait(session);
    }
    while (connected < load.options.connections) {
        if (now_us() > end)
            fail("connecting", "not all sessions are there after a minute");
        turn();
        connected = 0;
        for (uint64_t i = 0; i < load.options.connections; i++)
            connected += zoo_state(load.sessions[i].handle) == ZOO_CONNECTED_STATE;
    }
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

static void start_all(uint64_t from_us, uint64_t to_us)
{
    load.from_us = from_us;
    load.to_us = to_us;
    load.last_us = from_us;
    for (uint64_t i = 0; i < load.options.connections; i++)
        session_turn(&load.sessions[i], 0);
}

static void fill(bool parents, uint64_t count)
{
    uint64_t end = load.successes + count;
    load.parents = parents;
    load.key_next = 0;
    load.key_end = count;
    start_all(now_us(), UINT64_MAX);
    while (load.successes < end) {
        turn();
        if (now_us() - load.last_us > PATIENCE_US)
            fail("fill", "no success for half a minute");
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t percentile(double part)
{
    return load.sample_count ? load.samples_us[(size_t)((double)(load.sample_count - 1) * part)] : 0;
}

static void report(uint64_t end_us)
{
    double seconds = (double)(end_us - load.from_us) / 1e6;
    if (end_us - load.last_us > load.gap_us)
        load.gap_us = end_us - load.last_us;
    if (load.sample_count)
        qsort(load.samples_us, load.sample_count, sizeof *load.samples_us, compare);
    printf("ops=%zu ops_s=%.1f p50_us=%u p99_us=%u errors=%" PRIu64 " longest_gap_ms=%.1f\n", load.sample_count,
           seconds > 0 ? (double)load.sample_count / seconds : 0, percentile(0.5), percentile(0.99), load.errors,
           (double)load.gap_us / 1e3);
}

static uint64_t number_of(const char *text)
{
    char *end;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    if (errno || end == text || *end)
        fail("not a number", text);
    return number;
}

static uint64_t us_of(const char *seconds)
{
    char *end;
    double number = strtod(seconds, &end);
    if (end == seconds || *end || !(number > 0 && number < 1e6))
        fail("not a number of seconds", seconds);
    return (uint64_t)(number * 1e6);
}

static enum mode mode_of(const char *text)
{
    static const char *const names[] = {[MODE_GET] = "get", [MODE_SET] = "set", [MODE_FILL] = "fill"};
    for (int mode = MODE_GET; mode <= MODE_FILL; mode++)
        if (strcmp(text, names[mode]) == 0)
            return (enum mode)mode;
    fail("no such mode", text);
}

static struct options parse_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"endpoints", required_argument, NULL, 'e'}, {"mode", required_argument, NULL, 'm'},
        {"connections", required_argument, NULL, 'c'}, {"depth", required_argument, NULL, 'd'},
        {"keys", required_argument, NULL, 'k'}, {"size", required_argument, NULL, 's'},
        {"seconds", required_argument, NULL, 't'}, {"count", required_argument, NULL, 'n'}, {0},
    };
    struct options options = {.connections = 1, .depth = 1, .keys = 10000, .size = 256, .duration_us = 3000000};
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (option) {
        case 'e': options.endpoints = optarg; break;
        case 'm': options.mode = mode_of(optarg); break;
        case 'c': options.connections = number_of(optarg); break;
        case 'd': options.depth = number_of(optarg); break;
        case 'k': options.keys = number_of(optarg); break;
        case 's': options.size = number_of(optarg); break;
        case 't': options.duration_us = us_of(optarg); break;
        case 'n': options.count = number_of(optarg); break;
        default: exit(EXIT_FAILURE);
        }
    }
    if (!options.endpoints || optind < argc || !options.connections || !options.depth || !options.keys)
        fail("usage", "zk_load --endpoints H:P,... --mode get|set|fill [--connections N] [--depth N] [--keys N]\n"
                      "                [--size BYTES] [--seconds S] [--count N]");
    return options;
}

int main(int argc, char **argv)
{
    load.options = parse_options(argc, argv);
    load.value = get_memory(load.options.size + 1, 1);
    memset(load.value, 'v', load.options.size);
    zoo_set_debug_level((ZooLogLevel)0);
    zoo_deterministic_conn_order(0);
    connect_all();
    uint64_t begin = now_us();
    if (load.options.mode == MODE_FILL) {
        fill(true, (load.options.keys + PARENT_CHILDREN - 1) / PARENT_CHILDREN);
        load.sample_count = 0;
        begin = now_us();
        fill(false, load.options.keys);
        load.from_us = begin;
        report(now_us());
        return EXIT_SUCCESS;
    }
    start_all(begin, begin + load.options.duration_us);
    while (now_us() < load.to_us && (!load.options.count || load.successes < load.options.count))
        turn();
    uint64_t end = now_us();
    report(end < load.to_us ? end : load.to_us);
    return load.sample_count ? EXIT_SUCCESS : EXIT_FAILURE;
}
