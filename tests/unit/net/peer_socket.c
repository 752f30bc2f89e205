/* The listener for other nodes, with a loop that is turned by hand and a node that takes every link. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "net/peer_socket.h"
#include "support/check.h"
#include "support/names.h"

enum { FILES = 64, TURNS_MAX = 1000 };

/* --- the node ---------------------------------------------------------------------------------------------------- */

struct node {
    size_t links;
    bool linked;   /* by the other node's call: this one is not to call */
    int failures;
};

static struct node node;
static struct loop loop;

struct node_link *node_link_open(struct node *of, struct peer_socket *owner, enum node_link_kind kind, uint32_t peer)
{
    (void)owner, (void)kind, (void)peer;
    of->links++;
    return (struct node_link *)of; /* there is nothing to be seen in it */
}

void node_call_failed(struct node *of, uint32_t peer, const char *reason)
{
    (void)peer, (void)reason;
    of->failures++;
}

void node_link_from(struct node_link *link, const char *address)
{
    (void)link;
    ck_assert_int_eq(strncmp(address, "127.0.0.1:", 10), 0);
}

void node_link_close(struct node *of, struct node_link *link)
{
    (void)link;
    of->links--;
}

void node_link_bytes(struct node *of, struct node_link *link, const uint8_t *bytes, size_t size)
{
    (void)of, (void)link, (void)bytes, (void)size;
}

bool node_link_ends(const struct node_link *link)
{
    (void)link;
    return false;
}

bool node_calls(const struct node *of, uint32_t peer, enum node_link_kind kind)
{
    (void)peer, (void)kind;
    return !of->linked;
}

bool node_link_up(const struct node_link *link)
{
    (void)link;
    return false;
}

bool node_link_refused(const struct node_link *link)
{
    (void)link;
    return false;
}

size_t node_link_peek(struct node_link *link, struct iovec *pieces, size_t count)
{
    (void)link, (void)pieces, (void)count;
    return 0;
}

void node_link_consume(struct node_link *link, size_t size)
{
    (void)link, (void)size;
}

size_t node_link_output_bytes(const struct node_link *link)
{
    (void)link;
    return 0;
}

void loop_read(struct loop *of, size_t size)
{
    (void)of, (void)size;
}

static int complaints;

void loop_cannot_accept(struct loop *of, const struct listener *listener, int error)
{
    (void)of, (void)listener;
    ck_assert_int_eq(error, -EMFILE);
    complaints++;
}

/* --- what went wrong --------------------------------------------------------------------------------------------- */

/* Opens what is left of descriptors; returns how many that were. */
static int use_up(int *files)
{
    int count = 0;
    while (count < FILES && (files[count] = open("/dev/null", O_RDONLY)) >= 0)
        count++;
    ck_assert_int_lt(count, FILES);
    ck_assert_int_eq(errno, EMFILE);
    return count;
}

/* It once turned at full speed while a node called and there was no descriptor for it. */
START_TEST(without_descriptors_the_loop_rests_and_listens_again_later)
{
    static struct peer_sockets sockets = {.loop = &loop};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int files[FILES];
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), caller = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    loop.node = &node;
    loop.ev = ev_default_loop(EVFLAG_AUTO);
    sockets.links_max = 2;
    peer_sockets_init(&sockets);
    listener_add(&sockets.listener, listener);
    const struct ev_io *io = &sockets.listener.sockets[0];
    ev_run(loop.ev, EVRUN_NOWAIT); /* what the loop opens for itself it has now */

    setrlimit(RLIMIT_NOFILE, &(struct rlimit){FILES, FILES});
    int count = use_up(files);
    ck_assert_int_eq(connect(caller, (struct sockaddr *)&address, sizeof address), 0);
    for (int i = 0; i < TURNS_MAX && ev_is_active(io); i++)
        ev_run(loop.ev, EVRUN_NOWAIT);
    ck_assert(!ev_is_active(io));
    listener_sweep(&sockets.listener); /* nothing has changed */
    for (int i = 0; i < TURNS_MAX && ev_is_active(io); i++)
        ev_run(loop.ev, EVRUN_NOWAIT);
    ck_assert(!ev_is_active(io));
    ck_assert_uint_eq(node.links, 0);
    ck_assert_int_eq(complaints, 2);

    while (count > 0)
        close(files[--count]);
    listener_sweep(&sockets.listener);
    for (int i = 0; i < TURNS_MAX && node.links == 0; i++)
        ev_run(loop.ev, EVRUN_NOWAIT);
    ck_assert_uint_eq(node.links, 1);
    ck_assert(ev_is_active(io));
    peer_sockets_close(&sockets);
    ck_assert_uint_eq(node.links, 0);
    close(caller);
}
END_TEST

/* A socket that listens at ADDRESS, at *PORT or at a port that is free, with room for so many. */
static int listen_at(const char *text, uint16_t *port, int backlog)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t size = sizeof address;
    ck_assert_int_eq(inet_pton(AF_INET, text, &address.sin_addr), 1);
    int file = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ck_assert_int_eq(bind(file, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(file, backlog), 0);
    ck_assert_int_eq(getsockname(file, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return file;
}

/* Calls whoever listens there until it takes no more: then it answers nobody. */
static void fill(const char *text, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    ck_assert_int_eq(inet_pton(AF_INET, text, &address.sin_addr), 1);
    for (int i = 0; i < 8; i++)
        (void)connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), (struct sockaddr *)&address, sizeof address);
    usleep(100 * 1000);
}

static void turn(struct peer_sockets *sockets)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    sockets->loop->now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    ev_run(sockets->loop->ev, EVRUN_NOWAIT);
    usleep(1000);
}

static void turn_until_links(struct peer_sockets *sockets, size_t links)
{
    uint64_t end_ms = 20000;
    for (uint64_t i = 0; i < end_ms && node.links != links; i++)
        turn(sockets);
    ck_assert_uint_eq(node.links, links);
}

/* Until no call is under way. */
static void turn_until_idle(struct peer_sockets *sockets)
{
    for (int i = 0; i < 20000 && (sockets->dials[0].socket || sockets->dials[1].socket); i++)
        turn(sockets);
    ck_assert_ptr_null(sockets->dials[0].socket);
    ck_assert_ptr_null(sockets->dials[1].socket);
}

/* Its first address refuses, the second says nothing, the third is the right one; then it moves. */
START_TEST(every_address_of_a_name_is_called_and_a_new_one_too)
{
    static struct peer_sockets sockets = {.loop = &loop};
    struct raft_member peer = {.id = 1};
    uint16_t port = 0;
    int silent = listen_at("127.0.0.3", &port, 0), good = listen_at("127.0.0.4", &port, 8);
    fill("127.0.0.3", port);
    snprintf(peer.address, sizeof peer.address, "node1:%u", (unsigned)port);
    names_set("node1", "127.0.0.2 127.0.0.3 127.0.0.4");
    loop.node = &node;
    loop.ev = ev_default_loop(EVFLAG_AUTO);
    loop.logger = logger_open(STDERR_FILENO);
    sockets.peer_count = 1;
    sockets.peers = &peer;
    peer_sockets_init(&sockets);
    peer_sockets_dial(&sockets);
    turn_until_links(&sockets, 2);
    ck_assert_uint_eq(sockets.dials[0].next, 2);
    int accepted[2];
    for (int i = 0; i < 2; i++)
        ck_assert_int_ge(accepted[i] = accept(good, NULL, NULL), 0);
    /* It is gone, and its name is another's: nobody asked for the name as long as all went well. */
    int asked = names_asked("node1");
    turn_until_links(&sockets, 2);
    ck_assert_int_eq(names_asked("node1"), asked);
    names_set("node1", "127.0.0.5");
    int moved = listen_at("127.0.0.5", &port, 8);
    close(good);
    for (int i = 0; i < 2; i++)
        close(accepted[i]);
    turn_until_links(&sockets, 0);
    turn_until_links(&sockets, 2);
    ck_assert_int_ge(accepted[0] = accept(moved, NULL, NULL), 0);
    ck_assert_int_ge(accepted[1] = accept(moved, NULL, NULL), 0);
    peer_sockets_close(&sockets);
    ck_assert_uint_eq(node.links, 0);
    logger_close(loop.logger);
    close(silent);
    close(moved);
}
END_TEST

/* The other node's links come up while it is being called: whatever becomes of the calls, they change nothing, and none
 * is made until those links are lost. Then this node, whose id is higher, calls soon, the other after a while. */
START_TEST(a_node_that_called_meanwhile_is_not_linked_again)
{
    static const struct {
        const char *address;
        bool silent; /* nobody answers there, not even with a refusal */
        uint32_t id, peer;
    } cases[] = {
        {"127.0.0.6", false, 2, 1}, {"127.0.0.6", false, 1, 2}, {"127.0.0.7", false, 2, 1}, {"127.0.0.8", true, 2, 1}};
    uint16_t port = 0;
    int good = listen_at("127.0.0.6", &port, 8), silent = listen_at("127.0.0.8", &port, 0);
    fill("127.0.0.8", port);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct peer_sockets sockets = {.loop = &loop};
        loop = (struct loop){.node = &node, .ev = ev_default_loop(EVFLAG_AUTO)};
        struct raft_member peer = {.id = cases[i].peer};
        snprintf(peer.address, sizeof peer.address, "%s:%u", cases[i].address, (unsigned)port);
        sockets.id = cases[i].id;
        sockets.peer_count = 1;
        sockets.peers = &peer;
        node = (struct node){0};
        peer_sockets_init(&sockets);
        peer_sockets_dial(&sockets);
        ck_assert(sockets.dials[0].socket || cases[i].address[8] == '7'); /* a refusal may come at once */
        node.failures = 0;
        node.linked = true;
        turn_until_idle(&sockets);
        ck_assert_uint_eq(node.links, 0);
        ck_assert_int_eq(node.failures, 0);
        ck_assert_uint_eq(sockets.dials[0].next, 0);
        for (int k = 0; k < REDIAL_MAX_MS + 100; k++) {
            turn(&sockets);
            ck_assert_ptr_null(sockets.dials[0].socket);
        }
        double wait_s = ev_timer_remaining(loop.ev, &sockets.dials[0].again);
        ck_assert(cases[i].peer < cases[i].id ? wait_s <= REDIAL_MAX_MS / 1000.0 : wait_s > REDIAL_MAX_MS / 1000.0);
        node.linked = false;
        if (cases[i].address[8] == '6')
            turn_until_links(&sockets, 2);
        peer_sockets_close(&sockets);
        ck_assert_uint_eq(node.links, 0);
    }
    close(good);
    close(silent);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("peer_socket");
    TCase *tests = tcase_create("peer_socket");
    tcase_add_test(tests, without_descriptors_the_loop_rests_and_listens_again_later);
    tcase_add_test(tests, every_address_of_a_name_is_called_and_a_new_one_too);
    tcase_add_test(tests, a_node_that_called_meanwhile_is_not_linked_again);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
