/* The listener for other nodes, with a loop that is turned by hand and a node that takes every link. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/inside.h"
#include "support/check.h"

enum { FILES = 64, TURNS_MAX = 1000 };

/* --- the node ---------------------------------------------------------------------------------------------------- */

struct node {
    size_t links;
};

static struct node node;

struct node_link *node_link_open(struct node *of, struct peer_socket *owner, enum node_link_kind kind, uint32_t peer)
{
    (void)owner, (void)kind, (void)peer;
    of->links++;
    return (struct node_link *)of; /* there is nothing to be seen in it */
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

void server_read(struct server *server, size_t size)
{
    (void)server, (void)size;
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
    static struct server server;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int files[FILES];
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), caller = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    server.node = &node;
    server.loop = ev_default_loop(EVFLAG_AUTO);
    server.options.peer_listen = "here";
    list_init(&server.peer_sockets);
    peers_listen(&server, listener);
    ev_run(server.loop, EVRUN_NOWAIT); /* what the loop opens for itself it has now */

    setrlimit(RLIMIT_NOFILE, &(struct rlimit){FILES, FILES});
    int count = use_up(files);
    ck_assert_int_eq(connect(caller, (struct sockaddr *)&address, sizeof address), 0);
    for (int i = 0; i < TURNS_MAX && ev_is_active(&server.peer_listener); i++)
        ev_run(server.loop, EVRUN_NOWAIT);
    ck_assert(!ev_is_active(&server.peer_listener));
    peers_sweep(&server); /* nothing has changed */
    for (int i = 0; i < TURNS_MAX && ev_is_active(&server.peer_listener); i++)
        ev_run(server.loop, EVRUN_NOWAIT);
    ck_assert(!ev_is_active(&server.peer_listener));
    ck_assert_uint_eq(node.links, 0);

    while (count > 0)
        close(files[--count]);
    peers_sweep(&server);
    for (int i = 0; i < TURNS_MAX && node.links == 0; i++)
        ev_run(server.loop, EVRUN_NOWAIT);
    ck_assert_uint_eq(node.links, 1);
    ck_assert(ev_is_active(&server.peer_listener));
    peers_close(&server);
    ck_assert_uint_eq(node.links, 0);
    close(caller);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("peers");
    TCase *tests = tcase_create("peers");
    tcase_add_test(tests, without_descriptors_the_loop_rests_and_listens_again_later);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
