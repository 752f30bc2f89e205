/* Log lines, and readers that stop. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "net/logger.h"
#include "support/check.h"

enum { TEXT_BYTES = 4 * 1024 * 1024, PATIENCE_S = 20, MANY = 20000 };

static char text[TEXT_BYTES];
static size_t text_size;
static struct logger *logger;

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Takes what is at FILE, without waiting. False: there was nothing. */
static bool take(int file)
{
    fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK);
    ssize_t got = read(file, text + text_size, sizeof text - 1 - text_size);
    if (got <= 0)
        return false;
    text_size += (size_t)got;
    text[text_size] = '\0';
    return true;
}

static void take_until(int file, const char *words)
{
    uint64_t end_ms = now_ms() + PATIENCE_S * 1000;
    while (!strstr(text, words)) {
        ck_assert_msg(now_ms() < end_ms, "'%s' does not come: %.200s", words, text);
        if (!take(file))
            usleep(1000);
    }
}

static void say(uint64_t number)
{
    char value[32];
    snprintf(value, sizeof value, "%llu", (unsigned long long)number);
    logger_event(logger, LOG_LISTENING, "number", value, NULL);
}

/* COUNT lines, which takes no time worth speaking of. */
static void say_many(uint64_t first, uint64_t count)
{
    uint64_t begun_ms = now_ms();
    for (uint64_t i = 0; i < count; i++)
        say(first + i);
    ck_assert_uint_lt(now_ms() - begun_ms, 5000);
}

/* Goes through what was taken: whole lines, ticks from FIRST on, in order; where some are missing a line tells how
 * many. Returns what would come next. */
static uint64_t check_ticks(uint64_t first)
{
    uint64_t next = first;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        unsigned long long number;
        int end = 0;
        char *event = strstr(line, "Z event=");
        ck_assert_msg(event && strncmp(line, "ts=", 3) == 0 && event - line == 26, "%s", line);
        if (sscanf(event, "Z event=log_dropped count=%llu%n", &number, &end) == 1 && event[end] == '\0') {
            next += number;
        } else {
            int found = sscanf(event, "Z event=listening number=%llu%n", &number, &end);
            ck_assert_msg(found == 1 && event[end] == '\0', "%s", line);
            ck_assert_uint_eq(number, next);
            next++;
        }
    }
    text_size = 0;
    text[0] = '\0';
    return next;
}

/* --- who takes the lines ------------------------------------------------------------------------------------------ */

static int ends[2];

static void make_pipe(void)
{
    ck_assert_int_eq(pipe(ends), 0);
}

static void make_socket(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

/* As a parent leaves it that shares it with others. */
static void make_non_blocking_pipe(void)
{
    ck_assert_int_eq(pipe(ends), 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
}

static void make_non_blocking_socket(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
}

static void make_terminal(void)
{
    ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert(ends[0] >= 0 && grantpt(ends[0]) == 0 && unlockpt(ends[0]) == 0);
    ends[1] = open(ptsname(ends[0]), O_WRONLY | O_NOCTTY);
    ck_assert_int_ge(ends[1], 0);
}

static void (*const makers[])(void) = {make_pipe, make_socket, make_non_blocking_pipe, make_non_blocking_socket,
                                       make_terminal};
enum { MAKERS = sizeof makers / sizeof *makers };

/* A terminal has CR LF. */
static void drop_returns(void)
{
    size_t kept = 0;
    for (size_t i = 0; i < text_size; i++) {
        if (text[i] != '\r')
            text[kept++] = text[i];
    }
    text_size = kept;
    text[kept] = '\0';
}

static void open_at(size_t maker)
{
    makers[maker]();
    logger = logger_open(ends[1]);
}

static void shut(void)
{
    logger_close(logger);
    close(ends[0]);
    close(ends[1]);
}

/* --- stories ------------------------------------------------------------------------------------------------------ */

START_TEST(lines_come_in_order)
{
    open_at((size_t)_i);
    for (uint64_t first = 1; first <= 2001; first += 100) {
        char last[64];
        say_many(first, 100);
        snprintf(last, sizeof last, "number=%llu", (unsigned long long)first + 99);
        take_until(ends[0], last);
        while (text[text_size - 1] != '\n')
            (void)take(ends[0]);
    }
    drop_returns();
    ck_assert_uint_eq(check_ticks(1), 2101);
    ck_assert_ptr_null(strstr(text, "log_dropped"));
    shut();
}
END_TEST

/* The loop once waited in a write until its reader went on. */
START_TEST(a_reader_that_stops_holds_up_nobody_and_is_told_what_it_missed)
{
    open_at((size_t)_i);
    say_many(1, MANY);
    take_until(ends[0], "event=log_dropped count=");
    while (text[text_size - 1] != '\n')
        (void)take(ends[0]);
    say(MANY + 1);
    take_until(ends[0], "number=20001");
    while (text[text_size - 1] != '\n')
        (void)take(ends[0]);
    drop_returns();
    ck_assert_uint_eq(check_ticks(1), MANY + 2);
    shut();
}
END_TEST

START_TEST(a_reader_that_is_gone_and_comes_back)
{
    char path[] = "/tmp/cleat-logger-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(path));
    char fifo[64];
    snprintf(fifo, sizeof fifo, "%s/fifo", path);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    int reader = open(fifo, O_RDONLY | O_NONBLOCK);
    int writer = open(fifo, O_WRONLY);
    logger = logger_open(writer);
    say(1);
    take_until(reader, "number=1\n");
    close(reader);
    say_many(2, MANY); /* no signal ends us, either */
    usleep(100 * 1000);
    reader = open(fifo, O_RDONLY | O_NONBLOCK);
    say(MANY + 2);
    take_until(reader, "number=20002\n");
    ck_assert_uint_eq(check_ticks(1), MANY + 3);
    logger_close(logger);
    close(writer);
    close(reader);
    unlink(fifo);
    rmdir(path);
}
END_TEST

/* A disk that is full in the middle of a line. */
START_TEST(a_file_that_cannot_grow_and_then_can)
{
    char path[] = "/tmp/cleat-logger-XXXXXX";
    int file = mkstemp(path), reader = open(path, O_RDONLY);
    struct rlimit before, limit = {.rlim_cur = 1000 + (rlim_t)_i};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit.rlim_max = before.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    logger = logger_open(file);
    say_many(1, 100);
    uint64_t end_ms = now_ms() + PATIENCE_S * 1000;
    while (lseek(file, 0, SEEK_END) < (off_t)limit.rlim_cur && now_ms() < end_ms)
        usleep(1000);
    usleep(20 * 1000); /* for the rest to be lost */
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    say(101);
    take_until(reader, "number=101\n");
    /* The line that was torn is no line, and what follows it is one. All of it is taken out but for what was lost with
     * it; if all that it lacked was its end, it is there and counted as lost too. */
    char *note = strstr(text, "event=log_dropped"), *torn;
    ck_assert_ptr_nonnull(note);
    while (note[-1] != '\n')
        note--;
    ck_assert_int_eq(strncmp(note, "ts=", 3), 0);
    for (torn = note - 1; torn > text && torn[-1] != '\n';)
        torn--;
    if ((size_t)(note - text) == limit.rlim_cur + 1) /* else the limit was at the end of a line */
        memmove(torn, note, strlen(note) + 1);
    text_size = strlen(text);
    ck_assert_uint_eq(check_ticks(1), 102);
    logger_close(logger);
    close(file);
    close(reader);
    unlink(path);
}
END_TEST

START_TEST(the_end_does_not_wait_for_who_takes_nothing)
{
    open_at((size_t)_i);
    say_many(1, MANY);
    uint64_t begun_ms = now_ms();
    logger_last(logger);
    say(MANY + 1);
    logger_close(logger);
    ck_assert_uint_ge(now_ms() - begun_ms, LOGGER_END_MS);
    ck_assert_uint_lt(now_ms() - begun_ms, 5 * LOGGER_END_MS);
}
END_TEST

static void *read_on(void *argument)
{
    (void)argument;
    usleep(LOGGER_END_MS / 2 * 1000);
    take_until(ends[0], "number=20001");
    while (text[text_size - 1] != '\n')
        (void)take(ends[0]);
    return NULL;
}

/* Though all was full when it was said. */
START_TEST(the_last_line_reaches_a_reader_that_goes_on)
{
    pthread_t reader;
    open_at((size_t)_i);
    say_many(1, MANY);
    ck_assert_int_eq(pthread_create(&reader, NULL, read_on, NULL), 0);
    logger_last(logger);
    say(MANY + 1);
    logger_close(logger);
    pthread_join(reader, NULL);
    drop_returns();
    ck_assert_uint_eq(check_ticks(1), MANY + 2);
}
END_TEST

START_TEST(a_closed_descriptor_is_no_end)
{
    logger = logger_open(-1);
    say_many(1, 1000);
    logger_close(logger);
    logger = logger_open(open("/dev/full", O_WRONLY));
    say_many(1, 1000);
    logger_close(logger);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("logger");
    TCase *tests = tcase_create("logger");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, lines_come_in_order, 0, MAKERS);
    tcase_add_loop_test(tests, a_reader_that_stops_holds_up_nobody_and_is_told_what_it_missed, 0, MAKERS);
    tcase_add_test(tests, a_reader_that_is_gone_and_comes_back);
    tcase_add_loop_test(tests, a_file_that_cannot_grow_and_then_can, 0, 60);
    tcase_add_loop_test(tests, the_end_does_not_wait_for_who_takes_nothing, 0, MAKERS);
    tcase_add_loop_test(tests, the_last_line_reaches_a_reader_that_goes_on, 0, MAKERS);
    tcase_add_test(tests, a_closed_descriptor_is_no_end);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
