/* HTTP from the socket to the node and back. The first byte of the input says which of three:
 *
 *   - whatever bytes on a connection, in pieces, to the whole of it: the library, the shim and a node of its own. What
 *     comes out, if anything, is an answer, and no request stops the program;
 *   - a request as it is after the library, line by line: what is made of it is well-formed text, or a refusal;
 *   - a transaction's JSON: likewise. And the node's own texts to JSON and metrics. */
#include <ev.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ensure.h"
#include "disk_fs/fs_memory.h"
#include "http/http.h"
#include "http/json.h"
#include "http/metrics.h"
#include "http/plan.h"
#include "http/txn.h"
#include "json/encode.h"
#include "node/connection.h"
#include "node/limits.h"

enum { VALUE_MAX = 2000, INPUT_MAX = 20000, TURNS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* --- a node of one, and the shim on it --------------------------------------------------------------------------- */

struct world {
    struct fs_memory *memory;
    struct disk *disk;
    struct node *node;
    struct http *http;
    struct ev_loop *loop;
    uint64_t random;
    uint64_t now_ms;
    int socket;        /* the client's end; -1: closed */
    uint8_t first[16]; /* of what came out */
    size_t received;
};

static uint64_t numbers(void *context)
{
    uint64_t *number = context;
    return *number = *number * 6364136223846793005u + 1442695040888963407u;
}

static void turn(struct world *world)
{
    struct node_client *client;
    for (int i = 0; i < 2; i++) {
        node_time(world->node, ++world->now_ms);
        node_turn(world->node);
        struct disk_log *log = node_take_log(world->node);
        if (log) {
            disk_log_execute(world->disk, log);
            node_log_done(world->node, log);
        }
        struct disk_bulk *bulk = node_take_bulk(world->node);
        if (bulk) {
            disk_bulk_execute(world->disk, bulk);
            node_bulk_done(world->node, bulk);
        }
        while ((client = node_next_output(world->node)) != NULL) {
            struct connection *owner = node_client_owner(client);
            owner->flush(owner);
        }
    }
    buffer_clear(node_log(world->node), 4096);
}

static void begin(struct world *world)
{
    *world = (struct world){.memory = fs_memory_open(1), .random = 1, .now_ms = 1000};
    const struct disk_options disk_options = {.directory = "/m/data", .node_id = 1, .segment_bytes = 65536,
                                              .record_max_bytes = VALUE_MAX + PAYLOAD_ALLOWANCE, .random = numbers,
                                              .random_context = &world->random};
    struct disk_recovered recovered;
    struct node_options options;
    char reason[DISK_REASON_MAX];
    fs_memory_machine(world->memory, "/m");
    fs_memory_use(world->memory);
    ensure(disk_open(&disk_options, &world->disk, &recovered, reason) == DISK_OK);
    node_options_default(&options);
    options.id = 1;
    options.value_max_bytes = VALUE_MAX;
    options.peer_count = 1;
    options.peers[0] = (struct raft_member){.id = 1, .role = RAFT_VOTER, .address = "self"};
    world->node = node_open(&options, world->disk, &recovered, store_open(1), world->now_ms, reason);
    ensure(world->node != NULL);
    disk_recovered_free(&recovered);
    for (int i = 0; i < 10; i++)
        turn(world);
    ensure(node_ready(world->node));
    const struct http_options http_options = {.connections_max = 4, .stall_ms = 1000, .value_max_bytes = VALUE_MAX};
    world->loop = ev_default_loop(EVFLAG_AUTO);
    world->http = http_open(&http_options, world->loop, world->node);
    ensure(world->http != NULL);
    int ends[2];
    ensure(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    world->socket = ends[0];
    http_take(world->http, ends[1]);
}

static void end(struct world *world)
{
    http_close(world->http);
    close(world->socket);
    node_close(world->node);
    disk_close(world->disk);
    fs_memory_close(world->memory);
}

static void receive(struct world *world)
{
    uint8_t buffer[4096];
    ssize_t got;
    while ((got = recv(world->socket, buffer, sizeof buffer, 0)) > 0) {
        for (ssize_t i = 0; i < got && world->received < sizeof world->first; i++)
            world->first[world->received++] = buffer[i];
    }
}

/* Pieces end at a byte 0xff, which is left out. */
static void converse(const uint8_t *bytes, size_t size)
{
    struct world world;
    begin(&world);
    for (const uint8_t *at = bytes, *all = bytes + size; at < all;) {
        const uint8_t *stop = memchr(at, 0xff, (size_t)(all - at));
        size_t piece = (size_t)((stop ? stop : all) - at);
        if (piece > 0)
            (void)!send(world.socket, at, piece, MSG_NOSIGNAL);
        for (int i = 0; i < TURNS; i++) {
            ev_run(world.loop, EVRUN_NOWAIT);
            turn(&world);
            receive(&world);
        }
        at += piece + 1;
    }
    shutdown(world.socket, SHUT_WR);
    for (int i = 0; i < TURNS; i++) {
        ev_run(world.loop, EVRUN_NOWAIT);
        turn(&world);
        receive(&world);
    }
    static const char answer[] = "HTTP/1.";
    size_t shown = world.received < sizeof answer - 1 ? world.received : sizeof answer - 1;
    ensure(memcmp(world.first, answer, shown) == 0);
    ensure(!node_stop_reason(world.node));
    end(&world);
}

/* --- what is made of requests ------------------------------------------------------------------------------------ */

/* TEXT is lines that the node takes for what they are meant, contents of `numbytes` behind those that say so. */
static void check_lines(const uint8_t *text, size_t size)
{
    while (size > 0) {
        struct request request;
        size_t consumed = 0;
        ensure(request_parse(text, size, UINT32_MAX, &request, &consumed) == REQUEST_LINE);
        ensure(request.error == REQUEST_OK);
        text += consumed;
        size -= consumed;
        if (!request.has_contents)
            continue;
        ensure(size >= request.numbytes + 2 && memcmp(text + request.numbytes, "\r\n", 2) == 0);
        text += request.numbytes + 2;
        size -= request.numbytes + 2;
    }
}

static void check_plan(const struct fields *fields)
{
    struct plan plan;
    struct refusal refusal;
    plan_make(fields, "cleat.example.com", &plan, &refusal);
    if (refusal.message) {
        unsigned status = error_row(refusal.error)->http;
        ensure(status >= 400 && status < 500);
    } else if (plan.body == PLAN_BODY_CONTENTS) {
        buffer_append_text(&plan.lines, "3");
        buffer_append(&plan.lines, buffer_start(&plan.rest), buffer_size(&plan.rest));
        buffer_append_text(&plan.lines, "\n\r\n");
        buffer_append_text(&plan.lines, plan.end);
        check_lines(buffer_start(&plan.lines), buffer_size(&plan.lines));
    } else if (plan.body == PLAN_BODY_NONE) {
        ensure(buffer_size(&plan.lines) > 0);
        check_lines(buffer_start(&plan.lines), buffer_size(&plan.lines));
    }
    plan_close(&plan);
}

/* A field in each line; an empty one is not there. */
static void request(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    ensure(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';
    struct fields fields = {.method = "GET", .target = "/"};
    const char **const slots[] = {
        &fields.method, &fields.target, &fields.if_match, &fields.if_none_match, &fields.idempotency_key,
        &fields.browser.content_type, &fields.browser.host, &fields.browser.origin, &fields.browser.sec_fetch_site,
        &fields.browser.user_agent, &fields.range,
    };
    char *at = text;
    for (size_t i = 0; i < sizeof slots / sizeof slots[0] && at; i++) {
        char *stop = strchr(at, '\n');
        if (stop)
            *stop = '\0';
        if (*at)
            *slots[i] = at;
        at = stop ? stop + 1 : NULL;
    }
    check_plan(&fields);
    struct range range;
    if (range_parse(fields.range, size, &range) == RANGE_PART)
        ensure(range.size > 0 && range.first < size && range.size <= size - range.first);
    if (fields.if_match)
        precondition_matches(fields.if_match, 7, size % 2 == 1);
    free(text);
}

static void json(const uint8_t *bytes, size_t size)
{
    static const struct target_text none;
    static const struct meter meter;
    static const struct meter_levels levels;
    struct buffer lines = {0}, metrics = {0};
    char reason[TXN_REASON_MAX];
    if (txn_lines(bytes, size, &none, &lines, reason))
        check_lines(buffer_start(&lines), buffer_size(&lines));
    buffer_close(&lines);
    const struct answer answer = {.kind = ANSWER_LIST, .version = 7, .more = true};
    json_decref(json_list(&answer, (const char *)bytes, size));
    json_decref(json_status((const char *)bytes, size));
    metrics_write(&metrics, (const char *)bytes, size, &meter, &levels);
    buffer_close(&metrics);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0 || size > INPUT_MAX)
        return 0;
    if (bytes[0] == 'r')
        request(bytes + 1, size - 1);
    else if (bytes[0] == 'j')
        json(bytes + 1, size - 1);
    else
        converse(bytes, size);
    return 0;
}
