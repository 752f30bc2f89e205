#include "net/logger.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/memory.h"

enum {
    STAMP_MAX = 64,
    WRITE_BYTES = PIPE_BUF, /* in one call: in a pipe that others write to as well no line gets into another */
};

struct logger {
    int file;
    pthread_t thread;
    pthread_mutex_t mutex;  /* for all that follows, but for `torn` */
    pthread_cond_t changed; /* lines wait, some moved, or the end is asked for */
    struct buffer waiting;
    size_t room_bytes;      /* for what waits */
    uint64_t dropped;       /* lines behind those that wait; until these are taken no others are let in */
    uint64_t moved;         /* calls that wrote something, or failed */
    bool ending;
    bool ended;
    bool torn;              /* the thread's: what was written last does not end in a line end */
};

static size_t put_stamp(char stamp[STAMP_MAX])
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t size = strftime(stamp, STAMP_MAX, "ts=%Y-%m-%dT%H:%M:%S", &parts);
    size += (size_t)snprintf(stamp + size, STAMP_MAX - size, ".%03ldZ ", now.tv_nsec / 1000000);
    return size;
}

static uint64_t count_lines(const uint8_t *bytes, size_t size)
{
    uint64_t count = 0;
    for (const uint8_t *end = bytes + size; bytes < end && (bytes = memchr(bytes, '\n', (size_t)(end - bytes)));
         bytes++)
        count++;
    return count;
}

/* The place of lines that were lost. */
static void append_note(struct buffer *lines, uint64_t count)
{
    char stamp[STAMP_MAX];
    buffer_append(lines, stamp, put_stamp(stamp));
    log_event_begin(lines, LOG_LOG_DROPPED);
    buffer_append_text(lines, " count=");
    buffer_append_number(lines, count);
    buffer_append_text(lines, "\n");
}

/* --- the thread ------------------------------------------------------------------------------------------------- */

static void tell_moved(struct logger *logger)
{
    pthread_mutex_lock(&logger->mutex);
    logger->moved++;
    pthread_cond_broadcast(&logger->changed);
    pthread_mutex_unlock(&logger->mutex);
}

/* As many whole lines as go in one call, or one longer line. */
static size_t one_call(const uint8_t *bytes, size_t size)
{
    if (size <= WRITE_BYTES)
        return size;
    const uint8_t *end = memrchr(bytes, '\n', WRITE_BYTES);
    if (!end)
        end = memchr(bytes, '\n', size);
    return end ? (size_t)(end - bytes) + 1 : size;
}

/* Returns how many bytes of it were written: all, or those before it failed. */
static size_t write_all(struct logger *logger, const uint8_t *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t written = write(logger->file, bytes + done, one_call(bytes + done, size - done));
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EAGAIN) {
            /* Somebody else made it non-blocking; this thread has the time. */
            struct pollfd ready = {.fd = logger->file, .events = POLLOUT};
            (void)poll(&ready, 1, -1);
            continue;
        }
        tell_moved(logger);
        if (written <= 0)
            break;
        done += (size_t)written;
        logger->torn = bytes[done - 1] != '\n';
    }
    return done;
}

/* Returns how many lines of it were lost. */
static uint64_t write_lines(struct logger *logger, const uint8_t *bytes, size_t size)
{
    /* Half a line was written before it failed: what follows is none of it. */
    if (logger->torn && write_all(logger, (const uint8_t *)"\n", 1) == 0)
        return count_lines(bytes, size);
    size_t done = write_all(logger, bytes, size);
    return count_lines(bytes + done, size - done);
}

static bool write_note(struct logger *logger, uint64_t count)
{
    struct buffer note = {0};
    append_note(&note, count);
    bool written = write_lines(logger, buffer_start(&note), buffer_size(&note)) == 0;
    buffer_close(&note);
    return written;
}

/* LINES were taken, behind which DROPPED are missing; LOST before them. Returns how many are lost and not told. */
static uint64_t deliver(struct logger *logger, const struct buffer *lines, uint64_t lost, uint64_t dropped)
{
    const uint8_t *bytes = buffer_start(lines);
    size_t size = buffer_size(lines);
    if (lost > 0 && write_note(logger, lost))
        lost = 0;
    lost += lost > 0 ? count_lines(bytes, size) : write_lines(logger, bytes, size);
    lost += dropped;
    return dropped > 0 && write_note(logger, lost) ? 0 : lost;
}

static void *run(void *argument)
{
    struct logger *logger = argument;
    struct buffer lines = {0};
    uint64_t lost = 0;
    pthread_mutex_lock(&logger->mutex);
    for (;;) {
        while (buffer_size(&logger->waiting) == 0 && !logger->ending)
            pthread_cond_wait(&logger->changed, &logger->mutex);
        uint64_t dropped = logger->dropped;
        if (buffer_size(&logger->waiting) == 0)
            break;
        struct buffer taken = logger->waiting;
        logger->waiting = lines;
        logger->dropped = 0;
        pthread_mutex_unlock(&logger->mutex);
        lost = deliver(logger, &taken, lost, dropped);
        buffer_clear(&taken, WRITE_BYTES);
        lines = taken;
        pthread_mutex_lock(&logger->mutex);
    }
    logger->ended = true;
    pthread_cond_broadcast(&logger->changed);
    pthread_mutex_unlock(&logger->mutex);
    buffer_close(&lines);
    return NULL;
}

/* --- from outside ----------------------------------------------------------------------------------------------- */

struct logger *logger_open(int file)
{
    struct logger *logger = memory_get(sizeof *logger);
    pthread_condattr_t monotonic;
    logger->file = file;
    logger->room_bytes = LOGGER_BYTES;
    ensure(pthread_mutex_init(&logger->mutex, NULL) == 0);
    ensure(pthread_condattr_init(&monotonic) == 0);
    ensure(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    ensure(pthread_cond_init(&logger->changed, &monotonic) == 0);
    pthread_condattr_destroy(&monotonic);
    /* Signals are the loop's; and without SIGTTOU a terminal takes lines of a process in the background too. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ensure(pthread_create(&logger->thread, NULL, run, logger) == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return logger;
}

static struct timespec later(struct timespec time, uint64_t ms)
{
    uint64_t ns = (uint64_t)time.tv_nsec + ms % 1000 * 1000000;
    return (struct timespec){.tv_sec = time.tv_sec + (time_t)(ms / 1000 + ns / 1000000000),
                             .tv_nsec = (long)(ns % 1000000000)};
}

static bool is_before(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

/* With the mutex: until the thread has ended. False: it does not. */
static bool await_end(struct logger *logger)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct timespec last = later(now, LOGGER_END_MAX_MS);
    while (!logger->ended) {
        uint64_t moved = logger->moved;
        clock_gettime(CLOCK_MONOTONIC, &now);
        struct timespec until = later(now, LOGGER_END_MS);
        if (is_before(last, until))
            until = last;
        int error = 0;
        while (!logger->ended && logger->moved == moved && error == 0)
            error = pthread_cond_timedwait(&logger->changed, &logger->mutex, &until);
        if (error != 0)
            return logger->ended;
    }
    return true;
}

void logger_close(struct logger *logger)
{
    if (!logger)
        return;
    pthread_mutex_lock(&logger->mutex);
    logger->ending = true;
    pthread_cond_broadcast(&logger->changed);
    bool ended = await_end(logger);
    pthread_mutex_unlock(&logger->mutex);
    if (!ended) {
        pthread_detach(logger->thread); /* it hangs in a write, and ends with the process */
        return;
    }
    pthread_join(logger->thread, NULL);
    pthread_cond_destroy(&logger->changed);
    pthread_mutex_destroy(&logger->mutex);
    buffer_close(&logger->waiting);
    free(logger);
}

/* With the mutex. */
static void add_line(struct logger *logger, const char *stamp, size_t stamp_size, const uint8_t *line, size_t size)
{
    if (logger->dropped > 0 || buffer_size(&logger->waiting) + stamp_size + size > logger->room_bytes) {
        logger->dropped++;
        return;
    }
    buffer_append(&logger->waiting, stamp, stamp_size);
    buffer_append(&logger->waiting, line, size);
}

void logger_write(struct logger *logger, struct buffer *lines)
{
    char stamp[STAMP_MAX];
    const uint8_t *end;
    if (buffer_size(lines) == 0)
        return;
    size_t stamp_size = put_stamp(stamp);
    pthread_mutex_lock(&logger->mutex);
    while (buffer_size(lines) > 0 && (end = memchr(buffer_start(lines), '\n', buffer_size(lines)))) {
        size_t size = (size_t)(end - buffer_start(lines)) + 1;
        add_line(logger, stamp, stamp_size, buffer_start(lines), size);
        buffer_consume(lines, size);
    }
    pthread_cond_broadcast(&logger->changed);
    pthread_mutex_unlock(&logger->mutex);
}

void logger_event(struct logger *logger, enum log_event event, const char *key, const char *value, const char *reason)
{
    struct buffer line = {0};
    log_event_begin(&line, event);
    if (key) {
        buffer_append_text(&line, " ");
        buffer_append_text(&line, key);
        buffer_append_text(&line, "=");
        buffer_append_text(&line, value);
    }
    if (reason) {
        buffer_append_text(&line, " reason=\"");
        for (const char *at = reason; *at; at++)
            buffer_append_u8(&line, *at == '"' || *at == '\n' ? '\'' : (uint8_t)*at);
        buffer_append_text(&line, "\"");
    }
    buffer_append_text(&line, "\n");
    logger_write(logger, &line);
    buffer_close(&line);
}

void logger_last(struct logger *logger)
{
    pthread_mutex_lock(&logger->mutex);
    if (logger->dropped > 0)
        append_note(&logger->waiting, logger->dropped);
    logger->dropped = 0;
    logger->room_bytes = LOGGER_BYTES + LOGGER_LAST_BYTES;
    pthread_mutex_unlock(&logger->mutex);
}
