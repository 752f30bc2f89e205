/* Compares hammer's journal with what nodes hold.
 *
 *      ledger --ports 8080,8081 [--files N] [--prefix NAME] JOURNAL
 *
 * On every port, every file must hold its last acknowledged write, under the version that was acknowledged; or, under
 * a later version, a write of unknown outcome. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/wire.h"

enum { LEDGER_DEPTH = 512, LEDGER_WAIT_MS = 20000 };

/* One line of the journal. */
struct line {
    uint64_t connection;
    uint64_t file;
    uint64_t number;
    uint64_t version; /* 0: unknown */
};

struct journal {
    struct line *lines;
    size_t count;
    uint64_t files;
    const char *prefix;
};

/* By file, then with the acknowledged ones by version, before the unknown ones. */
static int compare_lines(const void *a, const void *b)
{
    const struct line *left = a;
    const struct line *right = b;
    if (left->connection != right->connection)
        return left->connection < right->connection ? -1 : 1;
    if (left->file != right->file)
        return left->file < right->file ? -1 : 1;
    if ((left->version == 0) != (right->version == 0))
        return left->version == 0 ? 1 : -1;
    return (left->version > right->version) - (left->version < right->version);
}

static void journal_load(struct journal *journal, const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        wire_fail("%s: %s", path, strerror(errno));
    struct line line;
    size_t capacity = 0;
    while (fscanf(file, "%" SCNu64 " %" SCNu64 " %" SCNu64, &line.connection, &line.number, &line.version) == 3) {
        if (journal->count == capacity) {
            capacity = capacity ? capacity * 2 : 65536;
            journal->lines = realloc(journal->lines, capacity * sizeof *journal->lines);
            if (!journal->lines)
                wire_fail("out of memory");
        }
        line.file = line.number % journal->files;
        journal->lines[journal->count++] = line;
    }
    if (!feof(file))
        wire_fail("%s: not a journal", path);
    fclose(file);
    if (journal->count > 0)
        qsort(journal->lines, journal->count, sizeof *journal->lines, compare_lines);
}

/* The lines of one file: from FIRST up to, not including, the result. */
static size_t group_end(const struct journal *journal, size_t first)
{
    size_t end = first + 1;
    while (end < journal->count && journal->lines[end].connection == journal->lines[first].connection &&
           journal->lines[end].file == journal->lines[first].file)
        end++;
    return end;
}

/* Which of the lines FIRST..END the value says it is; END if none. */
static size_t find_value(const struct journal *journal, size_t first, size_t end, const struct wire_reply *reply)
{
    char head[64] = {0};
    memcpy(head, reply->value, reply->value_size < sizeof head ? reply->value_size : sizeof head - 1);
    uint64_t connection;
    uint64_t number;
    if (sscanf(head, "%" SCNu64 " %" SCNu64 " ", &connection, &number) != 2 ||
        connection != journal->lines[first].connection)
        return end;
    while (first < end && journal->lines[first].number != number)
        first++;
    return first;
}

static void check_file(const struct journal *journal, size_t first, size_t end, uint16_t port,
                       const struct wire_reply *reply)
{
    const struct line *line = &journal->lines[first];
    size_t acknowledged = first; /* one past the last acknowledged line */
    while (acknowledged < end && journal->lines[acknowledged].version > 0)
        acknowledged++;
    uint64_t version = acknowledged > first ? journal->lines[acknowledged - 1].version : 0;
    if (reply->code == WIRE_NOT_FOUND && version == 0)
        return;
    if (reply->code != WIRE_CONTENTS)
        wire_fail("port %u: file %s-%" PRIu64 "-%" PRIu64 ", acknowledged with version %" PRIu64 ": '%s'", port,
                  journal->prefix, line->connection, line->file, version, reply->line);
    size_t held = find_value(journal, first, end, reply);
    bool unknown = held < end && journal->lines[held].version == 0 && reply->version > version;
    bool right = held < end && journal->lines[held].version == version && reply->version == version;
    if (!unknown && !right)
        wire_fail("port %u: file %s-%" PRIu64 "-%" PRIu64 ", acknowledged with version %" PRIu64
                  ", holds '%.*s' of '%s'", port, journal->prefix, line->connection, line->file, version,
                  (int)(reply->value_size < 40 ? reply->value_size : 40), (const char *)reply->value, reply->line);
}

static size_t check_port(const struct journal *journal, uint16_t port)
{
    struct wire wire;
    if (!wire_open(&wire, port))
        wire_fail("nobody listens on port %u", port);
    size_t asked = 0;
    size_t checked = 0;
    size_t files = 0;
    size_t waiting = 0;
    while (checked < journal->count) {
        for (; asked < journal->count && waiting < LEDGER_DEPTH; asked = group_end(journal, asked), waiting++)
            wire_text(&wire, "read %s-%" PRIu64 "-%" PRIu64 "\n", journal->prefix, journal->lines[asked].connection,
                      journal->lines[asked].file);
        struct wire_reply reply;
        if (!wire_ask(&wire, &reply, LEDGER_WAIT_MS))
            wire_fail("port %u: no reply", port);
        size_t end = group_end(journal, checked);
        check_file(journal, checked, end, port, &reply);
        checked = end;
        waiting--;
        files++;
    }
    wire_close(&wire);
    return files;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"ports", required_argument, NULL, 'p'},
        {"files", required_argument, NULL, 'f'},
        {"prefix", required_argument, NULL, 'x'},
        {0},
    };
    uint16_t ports[WIRE_PORTS_MAX];
    size_t port_count = 0;
    struct journal journal = {.files = 1, .prefix = "h"};
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (option) {
        case 'p': port_count = wire_ports(optarg, ports); break;
        case 'f': journal.files = strtoull(optarg, NULL, 10); break;
        case 'x': journal.prefix = optarg; break;
        default: return EXIT_FAILURE;
        }
    }
    if (port_count == 0 || optind + 1 != argc || journal.files == 0)
        wire_fail("usage: ledger --ports P,... [--files N] [--prefix NAME] JOURNAL");
    journal_load(&journal, argv[optind]);
    size_t files = 0;
    for (size_t i = 0; i < port_count; i++)
        files = check_port(&journal, ports[i]);
    printf("files=%zu writes=%zu ports=%zu\n", files, journal.count, port_count);
    free(journal.lines);
    return EXIT_SUCCESS;
}
