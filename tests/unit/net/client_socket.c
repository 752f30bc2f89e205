/* A client's socket, with a loop that is turned by hand and a node that only has replies. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/client_socket.h"
#include "node/connection.h"
#include "support/check.h"

enum {
    REPLIES_BYTES = 16 * 1024 * 1024,
    PART_BYTES = 64 * 1024,
    TURNS_MAX = 10000,
    CLIENTS_MAX = 8,
    FILES = 64,
};

/* --- the node ---------------------------------------------------------------------------------------------------- */

struct node_client {
    struct connection *owner;
    struct chain output;
    size_t taken_bytes;
    bool touched;
    bool ends;
};

struct node {
    struct node_client clients[CLIENTS_MAX];
};

struct node_client *node_client_open(struct node *node, struct connection *owner)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (!node->clients[i].owner) {
            node->clients[i] = (struct node_client){.owner = owner};
            return &node->clients[i];
        }
    }
    return NULL;
}

void node_client_close(struct node *node, struct node_client *client)
{
    (void)node;
    chain_close(&client->output);
    client->owner = NULL;
    client->touched = false;
}

void node_client_bytes(struct node *node, struct node_client *client, const uint8_t *bytes, size_t size)
{
    (void)node, (void)bytes;
    client->taken_bytes += size;
}

void node_client_end(struct node *node, struct node_client *client)
{
    (void)node;
    client->ends = client->touched = true;
}

bool node_client_reads(const struct node_client *client)
{
    return !client->ends;
}

bool node_client_ends(const struct node_client *client)
{
    return client->ends;
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
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (node->clients[i].touched) {
            node->clients[i].touched = false;
            return &node->clients[i];
        }
    }
    return NULL;
}

const char *node_busy_line(void)
{
    return "ERR_BUSY\r\n";
}

void loop_read(struct loop *of, size_t size)
{
    (void)of, (void)size;
}

static int complaints;

void loop_cannot_accept(struct loop *of, const struct listener *listener, int error)
{
    (void)of, (void)listener;
    ck_assert(error == -EMFILE || error == -ENFILE);
    complaints++;
}

/* --- the server, and its client's end ----------------------------------------------------------------------------- */

static struct node node;
static struct loop loop;
static struct client_sockets sockets;
static struct sockaddr_in address;
static int client;

/* A client that is connected; the node has it as number NUMBER. */
static int connect_client(size_t number)
{
    int file = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(file, (struct sockaddr *)&address, sizeof address), 0);
    for (int i = 0; i < TURNS_MAX && !node.clients[number].owner; i++)
        ev_run(loop.ev, EVRUN_NOWAIT);
    ck_assert_ptr_nonnull(node.clients[number].owner);
    return file;
}

static void setup(void)
{
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, CLIENTS_MAX), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    loop.node = &node;
    loop.ev = ev_default_loop(EVFLAG_AUTO);
    loop.buffer = malloc(READ_BUFFER_BYTES);
    sockets.max = CLIENTS_MAX;
    sockets.stall_ms = 1000;
    sockets.loop = &loop;
    client_sockets_init(&sockets);
    listener_add(&sockets.listener, listener);
    client = connect_client(0);
}

static void teardown(void)
{
    client_sockets_close(&sockets);
    close(client);
    free(loop.buffer);
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
    while (node.clients[0].output.size < REPLIES_BYTES)
        chain_append(&node.clients[0].output, part, sizeof part);
    node.clients[0].touched = true;
    client_sockets_flush(&sockets);
    ck_assert_uint_gt(node.clients[0].output.size, 0);
    for (int i = 0; i < TURNS_MAX && taken_bytes < REPLIES_BYTES; i++) {
        upload();
        taken_bytes += take_replies();
        loop.round++;
        ev_run(loop.ev, EVRUN_NOWAIT);
    }
    ck_assert_uint_eq(taken_bytes, REPLIES_BYTES);
    ck_assert_uint_gt(node.clients[0].taken_bytes, 0);
}
END_TEST

/* Its socket is writable, for nothing more can be written to it, and readable, for what it sent before. */
START_TEST(who_is_gone_before_its_replies_is_forgotten)
{
    while (node.clients[0].output.size < REPLIES_BYTES)
        chain_append(&node.clients[0].output, part, sizeof part);
    node.clients[0].touched = true;
    client_sockets_flush(&sockets);
    upload();
    struct linger reset = {.l_onoff = 1};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(client);
    client = -1;
    for (int i = 0; i < TURNS_MAX && !list_empty(&sockets.all); i++)
        ev_run(loop.ev, EVRUN_NOWAIT);
    ck_assert(list_empty(&sockets.all));
}
END_TEST

static void reply(struct node_client *to, size_t size)
{
    static const uint8_t bytes[PART_BYTES];
    for (size_t step; size > 0; size -= step) {
        step = size < sizeof bytes ? size : sizeof bytes;
        chain_append(&to->output, bytes, step);
    }
    to->touched = true;
}

/* Two that were sent megabytes once kept all others waiting until their sockets were full. */
START_TEST(a_large_reply_is_written_a_turn_at_a_time)
{
    int other = connect_client(1), buffer_bytes = 4 * CLIENT_TURN_BYTES;
    struct node_client *large = &node.clients[0], *small = &node.clients[1];
    ck_assert_int_eq(setsockopt(client, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes), 0);
    reply(large, REPLIES_BYTES);
    reply(small, 1);
    /* However often it is looked at within a turn, no more is written. */
    for (int i = 0; i < 3; i++) {
        large->touched = true;
        client_sockets_flush(&sockets);
        ck_assert_uint_eq(large->output.size, REPLIES_BYTES - CLIENT_TURN_BYTES);
    }
    ck_assert_uint_eq(small->output.size, 0);
    /* Nor is it forgotten: it goes on by itself, turn by turn, as long as the socket takes it. */
    size_t taken_bytes = 0;
    for (int i = 0; i < TURNS_MAX && large->output.size > 0; i++) {
        size_t before = large->output.size;
        taken_bytes += take_replies();
        loop.round++;
        ev_run(loop.ev, EVRUN_NOWAIT);
        ck_assert_uint_le(before - large->output.size, CLIENT_TURN_BYTES);
    }
    ck_assert_uint_eq(large->output.size, 0);
    for (int i = 0; i < TURNS_MAX && taken_bytes < REPLIES_BYTES; i++)
        taken_bytes += take_replies();
    ck_assert_uint_eq(taken_bytes, REPLIES_BYTES);
    /* With nothing left to be written it does not wake the loop. */
    ck_assert_int_eq(ev_pending_count(loop.ev), 0);
    close(other);
}
END_TEST

START_TEST(the_last_replies_are_written_as_long_as_the_socket_takes_them)
{
    reply(&node.clients[0], 4 * CLIENT_TURN_BYTES);
    client_sockets_flush(&sockets);
    ck_assert_uint_gt(node.clients[0].output.size, 0);
    client_sockets_finish(&sockets); /* though nothing of it is new */
    ck_assert_uint_eq(node.clients[0].output.size, 0);
    ck_assert_uint_eq(take_replies(), 4 * CLIENT_TURN_BYTES);
}
END_TEST

/* A client that has its last reply and does not close had a descriptor that nobody counted. */
START_TEST(who_lingers_counts_and_makes_place)
{
    int files[2 * CLIENTS_MAX];
    struct timeval patience = {.tv_sec = 10};
    char line[16];
    for (size_t i = 0; i < 2 * CLIENTS_MAX; i++) {
        files[i] = connect_client(1);
        node_client_end(&node, &node.clients[1]); /* it said quit */
        client_sockets_flush(&sockets);
        ck_assert_uint_le(sockets.count, CLIENTS_MAX);
        ck_assert_ptr_null(node.clients[1].owner);
    }
    ck_assert_uint_eq(sockets.count, CLIENTS_MAX);
    for (size_t i = 0; i < 2 * CLIENTS_MAX; i++)
        close(files[i]);
    /* Those that do not linger are not made to go. */
    for (size_t i = 1; i < CLIENTS_MAX; i++)
        files[i] = connect_client(i);
    files[0] = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(setsockopt(files[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    ck_assert_int_eq(connect(files[0], (struct sockaddr *)&address, sizeof address), 0);
    ev_run(loop.ev, EVRUN_ONCE);
    ck_assert_int_eq(recv(files[0], line, sizeof line, 0), (int)strlen(node_busy_line()));
    ck_assert_uint_eq(sockets.count, CLIENTS_MAX);
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        close(files[i]);
}
END_TEST

/* The loop once turned at full speed when the descriptor in reserve was gone too. */
START_TEST(without_any_descriptor_the_loop_rests_and_listens_again_later)
{
    int files[FILES], count = 0;
    int caller = socket(AF_INET, SOCK_STREAM, 0), second = socket(AF_INET, SOCK_STREAM, 0);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){FILES, FILES});
    while (count < FILES && (files[count] = open("/dev/null", O_RDONLY)) >= 0)
        count++;
    ck_assert_int_lt(count, FILES);
    /* With the one in reserve, who calls is turned away with a word. */
    char line[16];
    ck_assert_int_eq(connect(caller, (struct sockaddr *)&address, sizeof address), 0);
    ev_run(loop.ev, EVRUN_ONCE);
    ck_assert_int_eq(recv(caller, line, sizeof line, 0), (int)strlen(node_busy_line()));
    ck_assert(ev_is_active(&sockets.listener.sockets[0]));
    close(sockets.spare_file);
    sockets.spare_file = -1;
    ck_assert_int_ge(files[count++] = open("/dev/null", O_RDONLY), 0);
    ck_assert_int_eq(connect(second, (struct sockaddr *)&address, sizeof address), 0);
    ev_run(loop.ev, EVRUN_ONCE);
    ck_assert(!ev_is_active(&sockets.listener.sockets[0]));
    ck_assert_int_ge(complaints, 2);
    while (count > 0)
        close(files[--count]);
    client_sockets_sweep(&sockets);
    for (int i = 0; i < TURNS_MAX && !node.clients[1].owner; i++)
        ev_run(loop.ev, EVRUN_NOWAIT);
    ck_assert_ptr_nonnull(node.clients[1].owner);
    ck_assert_int_ge(sockets.spare_file, 0);
    close(caller);
    close(second);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client_socket");
    TCase *tests = tcase_create("client_socket");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, who_uploads_without_a_pause_gets_earlier_replies);
    tcase_add_test(tests, who_is_gone_before_its_replies_is_forgotten);
    tcase_add_test(tests, a_large_reply_is_written_a_turn_at_a_time);
    tcase_add_test(tests, the_last_replies_are_written_as_long_as_the_socket_takes_them);
    tcase_add_test(tests, who_lingers_counts_and_makes_place);
    tcase_add_test(tests, without_any_descriptor_the_loop_rests_and_listens_again_later);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
