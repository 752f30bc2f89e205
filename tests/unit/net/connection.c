/* A client's socket, with a loop that is turned by hand and a node that only has replies. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/inside.h"
#include "support/check.h"

enum { REPLIES_BYTES = 16 * 1024 * 1024, PART_BYTES = 64 * 1024, TURNS_MAX = 10000 };

/* --- the node ---------------------------------------------------------------------------------------------------- */

struct node_client {
    struct connection *owner;
    struct chain output;
    size_t taken_bytes;
};

struct node {
    struct node_client client;
    bool touched;
};

struct node_client *node_client_open(struct node *node, struct connection *owner)
{
    node->client.owner = owner;
    return &node->client;
}

void node_client_close(struct node *node, struct node_client *client)
{
    (void)node;
    chain_close(&client->output);
}

void node_client_bytes(struct node *node, struct node_client *client, const uint8_t *bytes, size_t size)
{
    (void)node, (void)bytes;
    client->taken_bytes += size;
}

void node_client_end(struct node *node, struct node_client *client)
{
    (void)node, (void)client;
}

bool node_client_reads(const struct node_client *client)
{
    (void)client;
    return true;
}

bool node_client_ends(const struct node_client *client)
{
    (void)client;
    return false;
}

void node_client_written(struct node *node, struct node_client *client)
{
    (void)node, (void)client;
}

struct chain *node_client_output(struct node_client *client)
{
    return &client->output;
}

struct connection *node_client_owner(const struct node_client *client)
{
    return client->owner;
}

struct node_client *node_next_output(struct node *node)
{
    bool touched = node->touched;
    node->touched = false;
    return touched ? &node->client : NULL;
}

const char *node_busy_line(void)
{
    return "ERR_BUSY\r\n";
}

void server_read(struct server *server, size_t size)
{
    (void)server, (void)size;
}

/* --- the server, and its client's end ----------------------------------------------------------------------------- */

static struct node node;
static struct server server;
static int client;

static void setup(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    server.node = &node;
    server.loop = ev_default_loop(EVFLAG_AUTO);
    server.buffer = malloc(READ_BUFFER_BYTES);
    connections_listen(&server, listener);
    client = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    for (int i = 0; i < TURNS_MAX && !node.client.owner; i++)
        ev_run(server.loop, EVRUN_NOWAIT);
    ck_assert_ptr_nonnull(node.client.owner);
}

static void teardown(void)
{
    connections_close(&server);
    close(client);
    free(server.buffer);
}

static uint8_t part[PART_BYTES];

/* Uploads until the sockets hold no more. */
static void upload(void)
{
    ssize_t sent;
    do
        sent = send(client, part, sizeof part, MSG_DONTWAIT);
    while (sent > 0);
    ck_assert_int_eq(errno, EAGAIN);
}

/* Takes the replies that are there; returns their size. */
static size_t take_replies(void)
{
    size_t size = 0;
    ssize_t got;
    while ((got = recv(client, part, sizeof part, MSG_DONTWAIT)) > 0)
        size += (size_t)got;
    ck_assert_int_eq(errno, EAGAIN);
    return size;
}

/* It once got no reply beyond what the socket held at once, until its upload made a pause. */
START_TEST(who_uploads_without_a_pause_gets_earlier_replies)
{
    size_t taken_bytes = 0;
    while (node.client.output.size < REPLIES_BYTES)
        chain_append(&node.client.output, part, sizeof part);
    node.touched = true;
    connections_flush(&server);
    ck_assert_uint_gt(node.client.output.size, 0);
    for (int i = 0; i < TURNS_MAX && taken_bytes < REPLIES_BYTES; i++) {
        upload();
        taken_bytes += take_replies();
        ev_run(server.loop, EVRUN_NOWAIT);
    }
    ck_assert_uint_eq(taken_bytes, REPLIES_BYTES);
    ck_assert_uint_gt(node.client.taken_bytes, 0);
}
END_TEST

/* Its socket is writable, for nothing more can be written to it, and readable, for what it sent before. */
START_TEST(who_is_gone_before_its_replies_is_forgotten)
{
    while (node.client.output.size < REPLIES_BYTES)
        chain_append(&node.client.output, part, sizeof part);
    node.touched = true;
    connections_flush(&server);
    upload();
    struct linger reset = {.l_onoff = 1};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(client);
    client = -1;
    for (int i = 0; i < TURNS_MAX && !list_empty(&server.connections); i++)
        ev_run(server.loop, EVRUN_NOWAIT);
    ck_assert(list_empty(&server.connections));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("connection");
    TCase *tests = tcase_create("connection");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, who_uploads_without_a_pause_gets_earlier_replies);
    tcase_add_test(tests, who_is_gone_before_its_replies_is_forgotten);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
