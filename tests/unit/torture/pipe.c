/* What the relay does to one direction of a connection, by the clock that it is given. */
#include "torture/pipe.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/check.h"

/* The node that speaks - source = the relay = target - the node that listens. */
struct line {
    int speaker, source, target, listener;
    struct pipe pipe;
};

static struct line line_begin(void)
{
    struct line line = {0};
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    line.speaker = ends[0];
    line.source = ends[1];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    line.target = ends[0];
    line.listener = ends[1];
    return line;
}

static void line_end(struct line *line)
{
    close(line->speaker);
    close(line->source);
    close(line->target);
    close(line->listener);
    pipe_close(&line->pipe);
}

static void say(struct line *line, const char *text, const struct pipe_rule *rule, uint64_t now_us)
{
    ck_assert_int_eq(write(line->speaker, text, strlen(text)), (ssize_t)strlen(text));
    pipe_read(&line->pipe, line->source, rule, now_us);
}

/* What the listener hears when the pipe is written at NOW_US; "" if nothing. */
static const char *heard(struct line *line, const struct pipe_rule *rule, uint64_t now_us, bool goes_on)
{
    static char text[100];
    ck_assert_int_eq(pipe_write(&line->pipe, line->target, rule, now_us), goes_on);
    ssize_t got = read(line->listener, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

static const struct pipe_rule pass = {.mode = PIPE_PASS};
static const struct pipe_rule hold = {.mode = PIPE_HOLD};
static const struct pipe_rule lose = {.mode = PIPE_LOSE};
static const struct pipe_rule slow = {.mode = PIPE_PASS, .delay_us = 5000};

START_TEST(what_is_held_goes_on_later_and_in_order)
{
    struct line line = line_begin();
    say(&line, "a", &pass, 10);
    ck_assert_str_eq(heard(&line, &pass, 10, true), "a");
    say(&line, "b", &hold, 20);
    say(&line, "c", &hold, 30);
    ck_assert_str_eq(heard(&line, &hold, 40, true), "");
    say(&line, "d", &pass, 50);
    ck_assert_str_eq(heard(&line, &pass, 50, true), "bcd");
    line_end(&line);
}
END_TEST

START_TEST(what_is_late_is_not_overtaken)
{
    struct line line = line_begin();
    say(&line, "a", &slow, 1000);
    ck_assert_uint_eq(pipe_due_us(&line.pipe, &slow), 6000);
    say(&line, "b", &pass, 2000);
    ck_assert_str_eq(heard(&line, &pass, 5999, true), "");
    ck_assert_str_eq(heard(&line, &pass, 6000, true), "ab");
    ck_assert_uint_eq(pipe_due_us(&line.pipe, &slow), UINT64_MAX);
    line_end(&line);
}
END_TEST

START_TEST(what_is_lost_ends_the_connection_when_it_passes_again)
{
    struct line line = line_begin();
    say(&line, "a", &pass, 10);
    say(&line, "b", &lose, 20);
    ck_assert_str_eq(heard(&line, &lose, 30, true), "");
    ck_assert_str_eq(heard(&line, &pass, 40, false), "");
    line_end(&line);
}
END_TEST

START_TEST(an_end_comes_after_all_that_was_said_and_not_through_a_cut)
{
    struct line line = line_begin();
    say(&line, "a", &hold, 10);
    close(line.speaker);
    line.speaker = -1;
    pipe_read(&line.pipe, line.source, &hold, 20);
    ck_assert(!pipe_wants(&line.pipe));
    ck_assert_str_eq(heard(&line, &hold, 30, true), "");
    ck_assert_str_eq(heard(&line, &pass, 40, false), "a");
    line_end(&line);
}
END_TEST

START_TEST(nobody_is_there_to_listen)
{
    struct line line = line_begin();
    close(line.listener);
    line.listener = -1;
    say(&line, "a", &pass, 10);
    ck_assert(pipe_write(&line.pipe, line.target, &pass, 10));
    ck_assert(line.pipe.deaf);
    say(&line, "b", &pass, 20);
    ck_assert(!pipe_pushes(&line.pipe, &pass, 20));
    line_end(&line);
}
END_TEST

int main(void)
{
    TCase *stories = tcase_create("pipe");
    tcase_add_test(stories, what_is_held_goes_on_later_and_in_order);
    tcase_add_test(stories, what_is_late_is_not_overtaken);
    tcase_add_test(stories, what_is_lost_ends_the_connection_when_it_passes_again);
    tcase_add_test(stories, an_end_comes_after_all_that_was_said_and_not_through_a_cut);
    tcase_add_test(stories, nobody_is_there_to_listen);
    Suite *suite = suite_create("torture/pipe");
    suite_add_tcase(suite, stories);
    return check_run(suite);
}
