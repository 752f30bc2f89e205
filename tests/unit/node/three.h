/* The solo node as number 1 of three, which knows its cluster; node 2 is what a test makes of it. */
#ifndef CLEAT_TESTS_UNIT_NODE_THREE_H
#define CLEAT_TESTS_UNIT_NODE_THREE_H

#include "solo.h"
#include "stranger.h"

enum { MEMBER = 102, STRANGER = 555 /* incarnations */ };

/* Node 1 of three, which knows its cluster: node 2's directory there has the incarnation MEMBER. */
static void begin(void)
{
    struct raft_configuration configuration = {.cluster_id = 7, .count = 3};
    make_directory();
    peers = 3;
    start();
    for (uint32_t i = 0; i < 3; i++)
        configuration.members[i] =
            (struct raft_member){.id = i + 1, .incarnation = 101 + i, .role = RAFT_VOTER, .address = "self"};
    configuration.members[0].incarnation = parts.peers->identity.directory.incarnation;
    limits_encode(&parts.env->limits, &configuration);
    struct buffer body = {0};
    raft_configuration_encode(&configuration, &body);
    bootstrap_received(parts.peers, parts.env, 2, buffer_start(&body), buffer_size(&body));
    buffer_close(&body);
    for (int i = 0; i < 20 && raft_durable_index(parts.raft) == 0; i++)
        turn(true);
    ck_assert_uint_eq(raft_durable_index(parts.raft), 1);
}

/* Node 2 calls, from a data directory like that. */
static inline struct node_link *call(uint64_t incarnation, uint64_t life, uint64_t process, uint64_t durable)
{
    struct node_link *link = called_from("h:1");
    struct hello hello = HELLO(FRAME_FORMAT, NODE_LINK_CONSENSUS, 2, 1, 7);
    hello.incarnation = incarnation;
    hello.life = life;
    for (uint64_t i = 0; i < life && i < RAFT_LIVES_MAX; i++)
        hello.processes[i] = process - i; /* each life has the number that follows */
    hello.term = durable > 0;
    hello.durable_index = durable;
    say(link, &hello);
    return link;
}

/* The message in BODY (emptied) comes in on LINK. */
static void hear(struct node_link *link, enum frame_type type, struct chain *body)
{
    struct node_link *sender = link_new(NULL, NODE_LINK_CONSENSUS, 1, 0);
    struct iovec piece;
    link_send(sender, type, true, body);
    while (node_link_peek(sender, &piece, 1) == 1) {
        node_link_bytes(node, link, piece.iov_base, piece.iov_len);
        node_link_consume(sender, piece.iov_len);
    }
    link_free(sender);
}

#endif
