/* What the sockets of a server share. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net/loop.h"
#include "support/check.h"

enum { SOCKETS = 5 };

static struct loop loop;
static struct ev_io sockets[SOCKETS];
static char story[64]; /* r: a socket was read; T: a turn */

static void tell(char what)
{
    size_t size = strlen(story);
    ck_assert_uint_lt(size + 1, sizeof story);
    story[size] = what;
}

static void on_readable(struct ev_loop *ev, struct ev_io *io, int events)
{
    (void)events;
    ev_io_stop(ev, io);
    tell('r');
    loop_read(&loop, *(size_t *)io->data);
}

static void on_turn_due(struct ev_loop *ev, struct ev_watcher *due, int events)
{
    (void)ev, (void)events;
    ck_assert_ptr_eq(due->data, &story);
    loop.turn_bytes = 0;
    tell('T');
}

/* All sockets are readable at once, and SIZE bytes are read of each. */
static void read_all(size_t size)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq((int)write(ends[1], "x", 1), 1);
    loop = (struct loop){.ev = ev_default_loop(EVFLAG_AUTO)};
    loop_init(&loop, on_turn_due, story);
    memset(story, 0, sizeof story);
    for (size_t i = 0; i < SOCKETS; i++) {
        ev_io_init(&sockets[i], on_readable, ends[0], EV_READ);
        sockets[i].data = &size;
        ev_io_start(loop.ev, &sockets[i]);
    }
    ev_run(loop.ev, EVRUN_NOWAIT);
    close(ends[0]);
    close(ends[1]);
}

START_TEST(after_enough_bytes_the_turn_comes_before_what_is_still_to_be_read)
{
    read_all(TURN_BYTES / 2);
    ck_assert_str_eq(story, "rrTrrTr");
    read_all(TURN_BYTES);
    ck_assert_str_eq(story, "rTrTrTrTrT");
    read_all(TURN_BYTES / SOCKETS - 1);
    ck_assert_str_eq(story, "rrrrr");
}
END_TEST

static size_t lines_of(int file)
{
    char bytes[4096];
    ssize_t got = read(file, bytes, sizeof bytes);
    size_t count = 0;
    for (ssize_t i = 0; i < got; i++)
        count += bytes[i] == '\n';
    return count;
}

START_TEST(that_nobody_can_be_accepted_is_said_once_a_minute)
{
    int ends[2];
    const struct listener listener = {.text = "here"};
    ck_assert_int_eq(pipe(ends), 0);
    loop = (struct loop){.logger = logger_open(ends[1]), .now_ms = 5};
    for (; loop.now_ms < 5 + COMPLAINT_MS; loop.now_ms += COMPLAINT_MS / 10)
        loop_cannot_accept(&loop, &listener, -EMFILE);
    loop_cannot_accept(&loop, &listener, -ENFILE);
    logger_close(loop.logger);
    close(ends[1]);
    ck_assert_uint_eq(lines_of(ends[0]), 2);
    close(ends[0]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop");
    TCase *tests = tcase_create("loop");
    tcase_add_test(tests, after_enough_bytes_the_turn_comes_before_what_is_still_to_be_read);
    tcase_add_test(tests, that_nobody_can_be_accepted_is_said_once_a_minute);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
