/* Load that keeps books: pipelined writers whose every write can be accounted for.
 *
 *      hammer --ports 8080,8081 --connections 8 --depth 64 --seconds 5 --journal FILE
 *
 * Connection C writes numbers 1, 2, 3, ... to its files PREFIX-C-(NUMBER mod FILES). Always checked: on a connection
 * versions rise, and no version was given twice. With --alone (nobody else writes) also: the versions have no gap, so
 * nothing was applied twice. Without --reconnect any error and any broken connection is a failure; with it, what was
 * not answered is unknown, and the connection is opened again.
 *
 * The journal has a line for each write: "C NUMBER VERSION", where 0 stands for unknown, and none for what was refused;
 * `ledger` compares it with what the nodes hold. SIGTERM ends the writing; what is under way is waited for. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/wire.h"

enum { RECONNECT_MS = 20, DRAIN_MS = 30000 };

struct options {
    uint16_t ports[WIRE_PORTS_MAX];
    size_t port_count;
    size_t connections;
    uint64_t depth;      /* unanswered writes on a connection */
    uint64_t count;      /* writes on a connection; 0: until the time is up */
    uint64_t seconds;
    uint64_t size;       /* bytes of a value */
    uint64_t files;      /* of a connection */
    const char *prefix;
    const char *journal;
    bool alone;
    bool reconnect;
};

struct writer {
    struct wire wire;
    size_t number;
    uint16_t port;
    uint64_t sent;
    uint64_t answered;
    uint64_t version;       /* of the newest acknowledged write */
    uint64_t reconnect_ms;  /* when to try again */
};

struct books {
    FILE *journal;
    uint64_t *versions;
    size_t count;
    size_t capacity;
    uint64_t unknown;
    uint64_t refused;
    uint64_t last_ms;       /* of the newest acknowledgement */
    uint64_t longest_ms;    /* time without one */
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static uint64_t number_of(const char *text)
{
    char *end;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    if (errno || end == text || *end)
        wire_fail("not a number: '%s'", text);
    return number;
}

static struct options parse_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"ports", required_argument, NULL, 'p'},  {"connections", required_argument, NULL, 'c'},
        {"depth", required_argument, NULL, 'd'},  {"count", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 't'}, {"size", required_argument, NULL, 's'},
        {"files", required_argument, NULL, 'f'},  {"prefix", required_argument, NULL, 'x'},
        {"journal", required_argument, NULL, 'j'}, {"alone", no_argument, NULL, 'a'},
        {"reconnect", no_argument, NULL, 'r'},    {0},
    };
    struct options options = {.connections = 1, .depth = 1, .size = 16, .files = 1, .prefix = "h", .seconds = 3600};
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (option) {
        case 'p': options.port_count = wire_ports(optarg, options.ports); break;
        case 'c': options.connections = number_of(optarg); break;
        case 'd': options.depth = number_of(optarg); break;
        case 'n': options.count = number_of(optarg); break;
        case 't': options.seconds = number_of(optarg); break;
        case 's': options.size = number_of(optarg); break;
        case 'f': options.files = number_of(optarg); break;
        case 'x': options.prefix = optarg; break;
        case 'j': options.journal = optarg; break;
        case 'a': options.alone = true; break;
        case 'r': options.reconnect = true; break;
        default: exit(EXIT_FAILURE);
        }
    }
    if (options.port_count == 0 || optind < argc || options.files == 0)
        wire_fail("usage: hammer --ports P,... [--connections N] [--depth N] [--count N | --seconds N] [--size BYTES]\n"
                  "              [--files N] [--prefix NAME] [--journal FILE] [--alone] [--reconnect]");
    return options;
}

/* --- books ------------------------------------------------------------------------------------------------------- */

static void book(struct books *books, const struct writer *writer, uint64_t number, uint64_t version)
{
    if (books->journal)
        fprintf(books->journal, "%zu %" PRIu64 " %" PRIu64 "\n", writer->number, number, version);
    if (version == 0) {
        books->unknown++;
        return;
    }
    if (books->count == books->capacity) {
        books->capacity = books->capacity ? books->capacity * 2 : 65536;
        books->versions = realloc(books->versions, books->capacity * sizeof *books->versions);
        if (!books->versions)
            wire_fail("out of memory");
    }
    books->versions[books->count++] = version;
    uint64_t now_ms = wire_now_ms();
    if (books->last_ms && now_ms - books->last_ms > books->longest_ms)
        books->longest_ms = now_ms - books->last_ms;
    books->last_ms = now_ms;
}

static int compare_versions(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void audit(struct books *books, bool alone)
{
    if (books->count == 0)
        return;
    qsort(books->versions, books->count, sizeof *books->versions, compare_versions);
    for (size_t i = 1; i < books->count; i++) {
        if (books->versions[i] == books->versions[i - 1])
            wire_fail("version %" PRIu64 " was given twice", books->versions[i]);
        if (alone && books->versions[i] != books->versions[i - 1] + 1)
            wire_fail("versions between %" PRIu64 " and %" PRIu64 " went to nobody: something was applied twice",
                      books->versions[i - 1], books->versions[i]);
    }
}

/* --- writers ----------------------------------------------------------------------------------------------------- */

static void send_write(struct writer *writer, const struct options *options, const char *padding)
{
    char head[64];
    uint64_t number = ++writer->sent;
    int size = snprintf(head, sizeof head, "%zu %" PRIu64 " ", writer->number, number);
    uint64_t fill = options->size > (uint64_t)size ? options->size - (uint64_t)size : 0;
    wire_text(&writer->wire, "write %s-%zu-%" PRIu64 " %" PRIu64 "\r\n%s%.*s\r\n", options->prefix, writer->number,
              number % options->files, (uint64_t)size + fill, head, (int)fill, padding);
}

static void take_replies(struct writer *writer, const struct options *options, struct books *books)
{
    struct wire_reply reply;
    int got;
    while ((got = wire_reply(&writer->wire, &reply)) > 0) {
        if (writer->answered == writer->sent)
            wire_fail("a reply to nothing: '%s'", reply.line);
        uint64_t number = ++writer->answered;
        if (reply.code == WIRE_OK && reply.version > 0) {
            if (reply.version <= writer->version)
                wire_fail("connection %zu: write %" PRIu64 " got version %" PRIu64 " after %" PRIu64, writer->number,
                          number, reply.version, writer->version);
            writer->version = reply.version;
            book(books, writer, number, reply.version);
        } else if (!options->reconnect) {
            wire_fail("connection %zu to port %u: write %" PRIu64 " got '%s'", writer->number, writer->port, number,
                      reply.line);
        } else if (reply.code == WIRE_TIMEOUT) {
            book(books, writer, number, 0);
        } else if (reply.code == WIRE_REFUSED) {
            books->refused++;
        } else {
            wire_fail("connection %zu: write %" PRIu64 " got '%s'", writer->number, number, reply.line);
        }
    }
    if (got < 0)
        wire_fail("connection %zu: not a reply", writer->number);
}

static void writer_lost(struct writer *writer, const struct options *options, struct books *books)
{
    if (!options->reconnect)
        wire_fail("connection %zu to port %u broke", writer->number, writer->port);
    while (writer->answered < writer->sent)
        book(books, writer, ++writer->answered, 0);
    wire_close(&writer->wire);
    writer->reconnect_ms = wire_now_ms() + RECONNECT_MS;
}

static void writer_reconnect(struct writer *writer)
{
    if (!wire_open(&writer->wire, writer->port))
        writer->reconnect_ms = wire_now_ms() + RECONNECT_MS;
}

/* One round: everyone writes what the depth allows, then what came is taken. Returns how many have work left. */
static size_t turn(struct writer *writers, const struct options *options, struct books *books, const char *padding,
                   bool ending)
{
    static struct pollfd entries[8192];
    size_t busy = 0;
    for (size_t i = 0; i < options->connections; i++) {
        struct writer *writer = &writers[i];
        bool done = ending || (options->count && writer->sent >= options->count);
        if (writer->wire.socket < 0 && !done && wire_now_ms() >= writer->reconnect_ms)
            writer_reconnect(writer);
        while (writer->wire.socket >= 0 && writer->sent - writer->answered < options->depth && !ending &&
               (!options->count || writer->sent < options->count))
            send_write(writer, options, padding);
        entries[i] = (struct pollfd){.fd = writer->wire.socket, .events = wire_events(&writer->wire)};
        if (!done || writer->answered < writer->sent)
            busy++;
    }
    if (busy == 0)
        return 0;
    poll(entries, options->connections, RECONNECT_MS);
    for (size_t i = 0; i < options->connections; i++) {
        struct writer *writer = &writers[i];
        if (entries[i].fd < 0 || entries[i].revents == 0)
            continue;
        bool alive = wire_step(&writer->wire);
        take_replies(writer, options, books);
        if (!alive)
            writer_lost(writer, options, books);
    }
    return busy;
}

static void run(const struct options *options, struct books *books)
{
    struct writer *writers = calloc(options->connections, sizeof *writers);
    char *padding = malloc(options->size + 1);
    if (!writers || !padding || options->connections > 8192)
        wire_fail("too many connections, or out of memory");
    memset(padding, 'x', options->size);
    padding[options->size] = 0;
    for (size_t i = 0; i < options->connections; i++) {
        writers[i] = (struct writer){.number = i + 1, .port = options->ports[i % options->port_count]};
        if (!wire_open(&writers[i].wire, writers[i].port) && !options->reconnect)
            wire_fail("nobody listens on port %u", writers[i].port);
    }
    uint64_t end_ms = wire_now_ms() + options->seconds * 1000;
    bool ending = false;
    while (turn(writers, options, books, padding, ending) > 0) {
        uint64_t now_ms = wire_now_ms();
        if (!ending && (stopped || now_ms >= end_ms)) {
            ending = true;
            end_ms = now_ms + DRAIN_MS;
        } else if (ending && now_ms >= end_ms) {
            wire_fail("no reply for %d s to what was sent before the end", DRAIN_MS / 1000);
        }
    }
    for (size_t i = 0; i < options->connections; i++)
        wire_close(&writers[i].wire);
    free(padding);
    free(writers);
}

int main(int argc, char **argv)
{
    struct options options = parse_options(argc, argv);
    struct books books = {0};
    if (options.journal && !(books.journal = fopen(options.journal, "w")))
        wire_fail("%s: %s", options.journal, strerror(errno));
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    signal(SIGPIPE, SIG_IGN);
    uint64_t begun_ms = wire_now_ms();
    run(&options, &books);
    uint64_t ms = wire_now_ms() - begun_ms;
    if (books.journal && fclose(books.journal) != 0)
        wire_fail("%s: %s", options.journal, strerror(errno));
    audit(&books, options.alone);
    printf("writes=%zu unknown=%" PRIu64 " refused=%" PRIu64 " ms=%" PRIu64 " longest_wait_ms=%" PRIu64 "\n",
           books.count, books.unknown, books.refused, ms, books.longest_ms);
    free(books.versions);
    return EXIT_SUCCESS;
}
