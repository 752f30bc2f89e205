/* A whole node on a disk in memory, two of whose peers and one client say whatever the input tells: bytes, frames that
 * are sound by themselves, and messages of Raft that nearly fit. Nothing that comes from outside may stop the program;
 * a node that finds something wrong says so and stops by itself. */
#include <string.h>

#include "base/ensure.h"
#include "disk_fs/fs_memory.h"
#include "node/parts.h"
#include "protocol/level.h"

enum { STEPS_MAX = 60, BODY_MAX = 400, PEERS = 2, VALUE_MAX = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct world {
    struct fs_memory *memory;
    struct disk *disk;
    struct node *node;
    struct node_client *client;
    struct node_link *links[PEERS];   /* the node's; NULL: closed */
    struct node_link *senders[PEERS]; /* make frames for them */
    struct random random;
    uint64_t now_ms;
};

static uint64_t numbers(void *context)
{
    return random_u64(context);
}

/* --- the node's driver -------------------------------------------------------------------------------------------- */

static void take_output(struct world *world)
{
    struct node_client *client;
    while ((client = node_next_output(world->node)) != NULL) {
        struct chain *output = node_client_output(client);
        chain_consume(output, output->size);
        node_client_written(world->node, client);
    }
    for (int i = 0; i < PEERS; i++) {
        struct node_link *link = world->links[i];
        if (!link)
            continue;
        node_link_consume(link, node_link_output_bytes(link));
        if (!node_link_ends(link))
            continue;
        node_link_close(world->node, link);
        world->links[i] = NULL;
    }
    if (node_client_ends(world->client)) {
        node_client_close(world->node, world->client);
        world->client = node_client_open(world->node, NULL);
    }
    buffer_clear(node_log(world->node), 4096);
}

static void turn(struct world *world, uint64_t step_ms)
{
    world->now_ms += step_ms;
    node_time(world->node, world->now_ms);
    node_turn(world->node);
    take_output(world);
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
    node_time(world->node, world->now_ms);
    node_turn(world->node);
    take_output(world);
}

static void say_frame(struct world *world, int peer, enum frame_type type, const void *body, size_t size)
{
    struct chain chain = {0};
    struct iovec piece;
    chain_append(&chain, body, size);
    link_send(world->senders[peer], type, false, &chain);
    while (node_link_peek(world->senders[peer], &piece, 1) == 1) {
        if (world->links[peer] && !node_link_ends(world->links[peer]))
            node_link_bytes(world->node, world->links[peer], piece.iov_base, piece.iov_len);
        node_link_consume(world->senders[peer], piece.iov_len);
    }
}

/* A new link from the peer, which says who it is. */
static void call(struct world *world, int peer, enum node_link_kind kind)
{
    uint8_t hello[65] = {0};
    if (world->links[peer])
        node_link_close(world->node, world->links[peer]);
    world->links[peer] = node_link_open(world->node, NULL, kind, 0);
    ensure(world->links[peer] != NULL);
    uint64_t cluster_id = node_parts(world->node).peers->identity.directory.configuration.cluster_id;
    bytes_put_u32(hello, FRAME_FORMAT);
    hello[4] = (uint8_t)kind;
    bytes_put_u32(hello + 5, (uint32_t)peer + 2);
    bytes_put_u32(hello + 9, 1);
    bytes_put_u64(hello + 13, 101 + (uint64_t)peer);
    bytes_put_u64(hello + 21, cluster_id);
    hello[29] = cluster_id == 0;
    bytes_put_u16(hello + 30, LEVEL_KNOWN + 1);    /* it could follow more */
    bytes_put_u64(hello + 32, 1);                  /* life */
    bytes_put_u64(hello + 40, UINT32_MAX);         /* term */
    bytes_put_u64(hello + 48, UINT32_MAX);         /* durable index */
    hello[56] = 1;
    bytes_put_u64(hello + 57, (uint64_t)peer + 1); /* process */
    say_frame(world, peer, FRAME_HELLO, hello, sizeof hello);
}

static void begin(struct world *world)
{
    *world = (struct world){.memory = fs_memory_open(1), .random = {.state = 1}, .now_ms = 1000};
    struct disk_options disk_options = {.directory = "/m/data", .node_id = 1, .segment_bytes = 65536,
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
    options.snapshot_every_bytes = 4096;
    options.peer_count = 1 + PEERS;
    for (uint32_t i = 0; i < options.peer_count; i++)
        options.peers[i] = (struct raft_member){.id = i + 1, .role = RAFT_VOTER, .address = "host:1"};
    world->node = node_open(&options, world->disk, &recovered, store_open(1), world->now_ms, reason);
    ensure(world->node != NULL);
    disk_recovered_free(&recovered);
    world->client = node_client_open(world->node, NULL);
    for (int i = 0; i < PEERS; i++) {
        world->senders[i] = link_new(NULL, NODE_LINK_CONSENSUS, 1, 0);
        call(world, i, NODE_LINK_CONSENSUS);
    }
    for (int i = 0; i < 4; i++)
        turn(world, 1);
    ensure(node_parts(world->node).peers->identity.directory.configuration.count == options.peer_count);
}

static void end(struct world *world)
{
    node_close(world->node); /* the links too */
    disk_close(world->disk);
    for (int i = 0; i < PEERS; i++)
        link_free(world->senders[i]);
    fs_memory_close(world->memory);
}

/* --- what the input tells ----------------------------------------------------------------------------------------- */

/* A number close to BASE, and not below LOWEST. */
static uint64_t near(struct reader *input, uint64_t base, uint64_t lowest)
{
    uint64_t number = base + reader_u8(input) % 8;
    return number >= 4 + lowest ? number - 4 : lowest;
}

static void say_raft(struct world *world, int peer, struct reader *input)
{
    enum { ENTRIES_MAX = 4, PAYLOAD_MAX = 191 /* a transaction of several parts is that long */ };
    const struct raft *raft = node_raft(world->node);
    uint64_t term = raft_term(raft), last = raft_last_index(raft);
    struct raft_entry entries[ENTRIES_MAX];
    struct raft_message message = {
        .type = (enum raft_message_type)(1 + reader_u8(input) % (RAFT_MESSAGE_TYPE_END - 1)),
        .from = (uint32_t)peer + 2, .to = 1, .term = near(input, term + 2, 1),
        .index = near(input, last + 3, 0),
        .log_term = near(input, term + 2, 0), .commit = near(input, last + 3, 0), .round = near(input, 5, 0),
        .time_ms = reader_u16(input), .ok = reader_u8(input) % 2 == 1, .match = near(input, last + 3, 0),
        .entries = entries,
    };
    message.entry_count = message.type == RAFT_APPEND ? reader_u8(input) % (ENTRIES_MAX + 1) : 0;
    for (uint32_t i = 0; i < message.entry_count; i++) {
        size_t size = reader_u8(input) % (PAYLOAD_MAX + 1);
        const uint8_t *payload = reader_bytes(input, size);
        entries[i] = (struct raft_entry){.index = message.index + 1 + i, .term = near(input, message.term + 3, 1),
                                         .time_ms = message.time_ms + i, .type = reader_u8(input) % 5};
        entries[i].payload = payload && size > 0 ? blob_new(size) : NULL;
        if (entries[i].payload)
            memcpy(entries[i].payload->bytes, payload, size);
    }
    struct chain chain = {0};
    uint8_t body[BODY_MAX + ENTRIES_MAX * PAYLOAD_MAX];
    raft_message_encode(&message, &chain);
    size_t size = chain.size;
    ensure(size <= sizeof body);
    chain_copy(&chain, body, size);
    chain_close(&chain);
    for (uint32_t i = 0; i < message.entry_count; i++)
        blob_release(entries[i].payload);
    say_frame(world, peer, FRAME_RAFT, body, size);
}

static void take_step(struct world *world, struct reader *input)
{
    static const uint8_t nothing;
    uint8_t step = reader_u8(input);
    int peer = step / 8 % PEERS;
    uint8_t type = (uint8_t)(step / 16 % FRAME_TYPE_END);
    size_t size = step % 8 < 3 ? reader_u16(input) % BODY_MAX : 0;
    size = size < reader_left(input) ? size : reader_left(input);
    const uint8_t *bytes = size > 0 ? reader_bytes(input, size) : &nothing;
    switch (step % 8) {
    case 0:
        node_client_bytes(world->node, world->client, bytes, size);
        break;
    case 1:
        say_frame(world, peer, (enum frame_type)type, bytes, size);
        break;
    case 2:
        if (world->links[peer] && !node_link_ends(world->links[peer]))
            node_link_bytes(world->node, world->links[peer], bytes, size);
        break;
    case 3:
        call(world, peer, type % 2 == 0 ? NODE_LINK_CONSENSUS : NODE_LINK_BULK);
        break;
    case 4:
        turn(world, reader_u16(input) % 400);
        break;
    default:
        say_raft(world, peer, input);
    }
    turn(world, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct reader input = reader_of(bytes, size);
    struct world world;
    begin(&world);
    for (int i = 0; i < STEPS_MAX && reader_left(&input) > 0 && !node_stop_reason(world.node); i++)
        take_step(&world, &input);
    end(&world);
    return 0;
}
