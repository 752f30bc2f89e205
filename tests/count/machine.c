#include "count/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/limits.h"
#include "node/peers/frame.h"
#include "raft/raft.h"

enum {
    SEGMENT_BYTES = 16 * 1024 * 1024, /* as the server's, so that none is prepared while counting */
    READ_BYTES = 256 * 1024,          /* of one read, as the server's */
    PIECES = 64,
};

/* --- counted work ------------------------------------------------------------------------------------------------ */

enum work_kind {
    WORK_TIME,
    WORK_LOG_DONE,
    WORK_LINK_BYTES,
    WORK_CLIENT_BYTES,
    WORK_TURN,
    WORK_TAKE,
    WORK_LOG,
    WORK_NEXT_CLIENT,
    WORK_CLIENT_PEEK,
    WORK_CLIENT_CONSUME,
    WORK_LINK_PEEK,
    WORK_LINK_CONSUME,
};

struct work {
    enum work_kind kind;
    struct machine *machine;
    struct node_client *client;
    struct node_link *link;
    const uint8_t *bytes;
    size_t size;
    uint64_t now_ms;
    struct iovec *pieces; /* of PIECES */
    size_t count;
};

static void perform(struct work *work)
{
    struct machine *machine = work->machine;
    struct node *node = machine->node;
    switch (work->kind) {
    case WORK_TIME:
        node_time(node, work->now_ms);
        break;
    case WORK_LOG_DONE:
        node_log_done(node, machine->log);
        break;
    case WORK_LINK_BYTES:
        node_link_bytes(node, work->link, work->bytes, work->size);
        break;
    case WORK_CLIENT_BYTES:
        node_client_bytes(node, work->client, work->bytes, work->size);
        break;
    case WORK_TURN:
        node_turn(node);
        break;
    case WORK_TAKE:
        machine->log = node_take_log(node);
        machine->bulk = node_take_bulk(node);
        break;
    case WORK_LOG:
        disk_log_execute(machine->disk, machine->log);
        break;
    case WORK_NEXT_CLIENT:
        work->client = node_next_output(node);
        break;
    case WORK_CLIENT_PEEK:
        work->count = chain_peek(node_client_output(work->client), work->pieces, PIECES);
        break;
    case WORK_CLIENT_CONSUME:
        chain_consume(node_client_output(work->client), work->size);
        node_client_written(node, work->client);
        break;
    case WORK_LINK_PEEK:
        work->count = node_link_peek(work->link, work->pieces, PIECES);
        break;
    case WORK_LINK_CONSUME:
        node_link_consume(work->link, work->size);
        break;
    }
}

static uint64_t calls[ROLE_COUNT]; /* keeps the compiler from making one of the functions below */

/* Callgrind's output has what is called by each of these: the names tell the roles there. */
__attribute__((noinline)) static void at_leader(struct work *work)
{
    calls[ROLE_LEADER]++;
    perform(work);
    meter_use(NULL);
}

__attribute__((noinline)) static void at_gateway(struct work *work)
{
    calls[ROLE_GATEWAY]++;
    perform(work);
    meter_use(NULL);
}

__attribute__((noinline)) static void at_follower(struct work *work)
{
    calls[ROLE_FOLLOWER]++;
    perform(work);
    meter_use(NULL);
}

static void count(struct work *work)
{
    if (work->machine->role == ROLE_NONE) {
        perform(work);
        return;
    }
    meter_use(&work->machine->meter);
    if (work->machine->role == ROLE_LEADER)
        at_leader(work);
    else if (work->machine->role == ROLE_GATEWAY)
        at_gateway(work);
    else
        at_follower(work);
}

/* --- start and end ----------------------------------------------------------------------------------------------- */

static uint64_t disk_random(void *context)
{
    return random_u64(context);
}

static void fail(const struct machine *machine, const char *what, const char *reason)
{
    fprintf(stderr, "count: node %u: %s: %s\n", (unsigned)machine->id, what, reason);
    exit(EXIT_FAILURE);
}

static void open_node(struct machine *machine, const struct disk_recovered *recovered)
{
    char reason[DISK_REASON_MAX] = "";
    struct node_options options;
    node_options_default(&options);
    options.id = machine->id;
    options.seed = 1000 + machine->id;
    options.peer_count = MACHINE_COUNT;
    for (uint32_t i = 0; i < MACHINE_COUNT; i++) {
        options.peers[i] = (struct raft_member){.id = i + 1, .role = RAFT_VOTER};
        snprintf(options.peers[i].address, sizeof options.peers[i].address, "n%u:1", (unsigned)i + 1);
    }
    struct store *store = store_open(machine->id);
    machine->node = node_open(&options, machine->disk, recovered, store, 1, reason);
    if (!machine->node)
        fail(machine, "node_open", reason);
}

void machine_open(struct machine *machine, uint32_t id)
{
    *machine = (struct machine){.id = id, .random = {.state = id}};
    char directory[32], reason[DISK_REASON_MAX] = "";
    snprintf(directory, sizeof directory, "/n%u/data", (unsigned)id);
    const struct disk_options options = {
        .directory = directory,
        .node_id = id,
        .segment_bytes = SEGMENT_BYTES,
        .record_max_bytes = 1024 * 1024 + PAYLOAD_ALLOWANCE,
        .random = disk_random,
        .random_context = &machine->random,
    };
    struct disk_recovered recovered;
    if (disk_open(&options, &machine->disk, &recovered, reason) != DISK_OK)
        fail(machine, "disk_open", reason);
    open_node(machine, &recovered);
    disk_recovered_free(&recovered);
    struct peer_socket *socket = machine->sockets;
    for (uint32_t peer = 1; peer <= MACHINE_COUNT; peer++) {
        for (int kind = NODE_LINK_CONSENSUS; kind <= NODE_LINK_BULK && peer != id; kind++) {
            /* Who accepts cannot know the kind: the hello says it. */
            socket->kind = peer < id ? (enum node_link_kind)kind : NODE_LINK_CONSENSUS;
            socket->peer = peer < id ? peer : 0;
            socket++;
        }
    }
}

void machine_open_link(struct machine *machine, struct peer_socket *socket)
{
    socket->link = node_link_open(machine->node, socket, socket->kind, socket->peer);
    ensure(socket->link != NULL);
}

void machine_open_clients(struct machine *machine, size_t connections)
{
    machine->connections = memory_get(connections * sizeof *machine->connections);
    machine->connection_count = connections;
    for (size_t i = 0; i < connections; i++) {
        machine->connections[i].client = node_client_open(machine->node, &machine->connections[i]);
        ensure(machine->connections[i].client != NULL);
    }
}

void machine_close(struct machine *machine)
{
    if (machine->log)
        node_log_done(machine->node, machine->log);
    if (machine->bulk)
        node_bulk_done(machine->node, machine->bulk);
    node_close(machine->node);
    disk_close(machine->disk);
    for (size_t i = 0; i < MACHINE_SOCKETS; i++)
        buffer_close(&machine->sockets[i].inbox);
    for (size_t i = 0; i < machine->connection_count; i++) {
        buffer_close(&machine->connections[i].inbox);
        buffer_close(&machine->connections[i].replies);
    }
    free(machine->connections);
}

/* --- the first half of a round ----------------------------------------------------------------------------------- */

static bool wants_input(const struct connection *connection)
{
    return buffer_size(&connection->inbox) > 0 && node_client_reads(connection->client);
}

uint64_t machine_due_ms(const struct machine *machine)
{
    if (machine->log || machine->bulk)
        return 0;
    for (size_t i = 0; i < MACHINE_SOCKETS; i++)
        if (buffer_size(&machine->sockets[i].inbox) > 0)
            return 0;
    for (size_t i = 0; i < machine->connection_count; i++)
        if (wants_input(&machine->connections[i]))
            return 0;
    return node_deadline_ms(machine->node);
}

static void take_disk(struct machine *machine)
{
    if (machine->log) {
        if (machine->log->status != DISK_OK)
            fail(machine, "disk_log_execute", machine->log->reason);
        count(&(struct work){.kind = WORK_LOG_DONE, .machine = machine});
        machine->log = NULL;
    }
    if (machine->bulk) {
        if (machine->bulk->status != DISK_OK)
            fail(machine, "disk_bulk_execute", machine->bulk->reason);
        node_bulk_done(machine->node, machine->bulk);
        machine->bulk = NULL;
    }
}

/* One read of BUFFER's bytes at most. */
static size_t read_size(const struct buffer *buffer)
{
    return buffer_size(buffer) < READ_BYTES ? buffer_size(buffer) : READ_BYTES;
}

static void take_bytes(struct machine *machine)
{
    for (size_t i = 0; i < MACHINE_SOCKETS; i++) {
        struct peer_socket *socket = &machine->sockets[i];
        struct work work = {.kind = WORK_LINK_BYTES, .machine = machine, .link = socket->link};
        while ((work.size = read_size(&socket->inbox)) > 0) {
            work.bytes = buffer_start(&socket->inbox);
            count(&work);
            buffer_consume(&socket->inbox, work.size);
        }
    }
    for (size_t i = 0; i < machine->connection_count; i++) {
        struct connection *connection = &machine->connections[i];
        if (!wants_input(connection))
            continue;
        count(&(struct work){
            .kind = WORK_CLIENT_BYTES,
            .machine = machine,
            .client = connection->client,
            .bytes = buffer_start(&connection->inbox),
            .size = read_size(&connection->inbox),
        });
        buffer_consume(&connection->inbox, read_size(&connection->inbox));
    }
}

void machine_turn(struct machine *machine, uint64_t now_ms)
{
    count(&(struct work){.kind = WORK_TIME, .machine = machine, .now_ms = now_ms});
    take_disk(machine);
    take_bytes(machine);
    count(&(struct work){.kind = WORK_TURN, .machine = machine});
    machine->meter.turns++;
    if (node_stop_reason(machine->node))
        fail(machine, "it stops", node_stop_reason(machine->node));
    buffer_clear(node_log(machine->node), SIZE_MAX);
    count(&(struct work){.kind = WORK_TAKE, .machine = machine});
}

/* --- the second half --------------------------------------------------------------------------------------------- */

static size_t append_pieces(struct buffer *buffer, const struct iovec *pieces, size_t piece_count)
{
    size_t size = 0;
    for (size_t i = 0; i < piece_count; i++) {
        buffer_append(buffer, pieces[i].iov_base, pieces[i].iov_len);
        size += pieces[i].iov_len;
    }
    return size;
}

static uint64_t count_frames(const uint8_t *bytes, size_t size)
{
    uint64_t frames = 0;
    for (size_t at = 0; at < size; at += frame_length(bytes + at))
        frames++;
    return frames;
}

static void write_link(struct machine *machine, struct peer_socket *socket)
{
    ensure(!node_link_ends(socket->link));
    if (node_link_output_bytes(socket->link) == 0)
        return;
    struct buffer *inbox = &socket->other->inbox;
    size_t before = buffer_size(inbox);
    struct iovec pieces[PIECES];
    struct work work = {.machine = machine, .link = socket->link, .pieces = pieces};
    while (node_link_output_bytes(socket->link) > 0) {
        work.kind = WORK_LINK_PEEK;
        count(&work);
        work.size = append_pieces(inbox, work.pieces, work.count);
        work.kind = WORK_LINK_CONSUME;
        count(&work);
    }
    size_t size = buffer_size(inbox) - before;
    machine->meter.sends++;
    machine->meter.link_bytes += size;
    machine->meter.frames += count_frames(buffer_start(inbox) + before, size);
}

static void write_clients(struct machine *machine)
{
    struct iovec pieces[PIECES];
    struct work work = {.machine = machine, .pieces = pieces};
    for (;;) {
        work.kind = WORK_NEXT_CLIENT;
        count(&work);
        if (!work.client)
            return;
        struct connection *connection = node_client_owner(work.client);
        while (node_client_output(work.client)->size > 0) {
            work.kind = WORK_CLIENT_PEEK;
            count(&work);
            work.size = append_pieces(&connection->replies, work.pieces, work.count);
            work.kind = WORK_CLIENT_CONSUME;
            count(&work);
        }
        ensure(!node_client_ends(work.client));
    }
}

void machine_flush(struct machine *machine)
{
    if (machine->log) {
        machine->meter.requests++;
        count(&(struct work){.kind = WORK_LOG, .machine = machine});
    }
    if (machine->bulk)
        disk_bulk_execute(machine->disk, machine->bulk);
    for (size_t i = 0; i < MACHINE_SOCKETS; i++)
        write_link(machine, &machine->sockets[i]);
    write_clients(machine);
}

/* --- what it is like --------------------------------------------------------------------------------------------- */

bool machine_leads(const struct machine *machine)
{
    return raft_role(node_raft(machine->node)) == RAFT_LEADER && raft_term_committed(node_raft(machine->node));
}

uint32_t machine_leader(const struct machine *machine)
{
    return raft_leader(node_raft(machine->node));
}
