/* A node alone on a directory of its own, driven a turn at a time by a test: the disk works when the test lets it. */
#ifndef CLEAT_TESTS_UNIT_NODE_SOLO_H
#define CLEAT_TESTS_UNIT_NODE_SOLO_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ensure.h"
#include "node/parts.h"
#include "store/dump.h"
#include "support/check.h"

struct connection {
    int unused;
};

static char directory[64];
static struct disk *disk;
static struct node *node;
static struct node_parts parts; /* its own */
static uint64_t now_ms;
static uint32_t peers = 1; /* of --cluster; none of the others is ever there */
static uint64_t snapshot_every_bytes; /* 0: as a node has it by itself */

static uint64_t numbers(void *context)
{
    static uint64_t number = 12345;
    (void)context;
    return number += 7919;
}

/* A turn in which the disk writes the log at once, if it may. Returns what else is asked of it; NULL: nothing. */
static struct disk_bulk *log_turn(bool log_too)
{
    node_time(node, ++now_ms);
    node_turn(node);
    struct disk_log *log = log_too ? node_take_log(node) : NULL;
    if (log) {
        disk_log_execute(disk, log);
        node_log_done(node, log);
    }
    return node_take_bulk(node);
}

static void bulk_done(struct disk_bulk *request)
{
    disk_bulk_execute(disk, request);
    node_bulk_done(node, request);
}

/* A turn in which the disk does at once what is asked of it, if it may write the log. */
static void turn(bool log_too)
{
    struct disk_bulk *bulk = log_turn(log_too);
    if (bulk)
        bulk_done(bulk);
}

static struct store *load_store(void)
{
    struct store *store = store_open(1);
    const uint8_t *bytes;
    size_t size;
    int more, count = 0;
    for (; (more = disk_load_next(disk, &bytes, &size)) > 0; count++)
        ck_assert(store_load(store, bytes, size));
    ck_assert(more == 0 && (count == 0 || store_load_end(store)));
    return store;
}

/* Opens the node on what is in its directory. */
static void start(void)
{
    char reason[DISK_REASON_MAX];
    const struct disk_options disk_options = {
        .directory = directory,
        .node_id = 1,
        .segment_bytes = 65536,
        .record_max_bytes = 4096,
        .random = numbers,
    };
    struct disk_recovered recovered;
    ck_assert_int_eq(disk_open(&disk_options, &disk, &recovered, reason), DISK_OK);
    struct node_options options;
    node_options_default(&options);
    options.id = 1;
    options.seed = numbers(NULL); /* no two lives are alike */
    options.value_max_bytes = 1024;
    if (snapshot_every_bytes > 0)
        options.snapshot_every_bytes = snapshot_every_bytes;
    options.peer_count = peers;
    for (uint32_t i = 0; i < peers; i++)
        options.peers[i] = (struct raft_member){.id = i + 1, .role = RAFT_VOTER, .address = "self"};
    node = node_open(&options, disk, &recovered, load_store(), now_ms, reason);
    ck_assert_ptr_nonnull(node);
    parts = node_parts(node);
    disk_recovered_free(&recovered);
}

/* And ends it, with what its disk has under way done. */
static void stop(void)
{
    for (int i = 0; i < 100; i++)
        turn(true);
    node_close(node);
    disk_close(disk);
}

static void make_directory(void)
{
    strcpy(directory, "/tmp/cleat-solo-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static inline void setup(void)
{
    make_directory();
    start();
    for (int i = 0; i < 1000 && parts.gateway->epoch == 0; i++)
        turn(true);
    ck_assert_uint_gt(parts.gateway->epoch, 0);
}

static void teardown(void)
{
    stop();
    char command[200] = "rm -rf ";
    strcat(command, directory);
    ck_assert_int_eq(system(command), 0);
}

/* What CLIENT was told since it was last asked, to the letter. */
static inline void expect(struct node_client *client, const char *text)
{
    char got[1000] = "";
    struct chain *output = node_client_output(client);
    ck_assert_uint_lt(output->size, sizeof got);
    chain_copy(output, got, output->size);
    ck_assert_str_eq(got, text);
    chain_consume(output, output->size);
}

static inline void type(struct node_client *client, const char *text)
{
    node_client_bytes(node, client, (const uint8_t *)text, strlen(text));
}

#endif
