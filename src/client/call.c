#include "client/call.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "protocol/request.h"

enum { LINE_ROOM = REQUEST_LINE_MAX + 64 };

static char *copy_text(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        memory_out(strlen(text) + 1, __func__);
    return copy;
}

struct call *call_open(const char *subject)
{
    struct call *call = memory_get(sizeof *call);
    call->safe = true;
    call->expects = ANSWER_OK;
    call->subject = subject ? copy_text(subject) : NULL;
    return call;
}

struct call *call_open_to(const char *subject, const char *target)
{
    struct call *call = call_open(subject);
    call->target = copy_text(target);
    return call;
}

void call_close(struct call *call)
{
    if (!call)
        return;
    free(call->subject);
    free(call->target);
    free(call->parts);
    buffer_close(&call->request);
    buffer_close(&call->body);
    free(call);
}

static void add_part(struct call *call, const void *bytes, size_t size, bool contents)
{
    call->parts = memory_resize(call->parts, call->part_count + 1, sizeof call->parts[0]);
    call->parts[call->part_count++] = (struct call_part){.size = size + 2, .contents = contents};
    buffer_append(&call->request, bytes, size);
    buffer_append(&call->request, "\r\n", 2);
}

/* 64 random bits: servers keep the last 65536 of them. */
static uint64_t draw_token(void)
{
    uint64_t token;
    ssize_t got = getrandom(&token, sizeof token, 0);
    ensure(got == (ssize_t)sizeof token);
    return token;
}

/* A line as vprintf writes it, and a token behind it if it is to have one. */
static void add_line(struct call *call, bool token, const char *format, va_list arguments)
{
    char line[LINE_ROOM];
    int written = vsnprintf(line, sizeof line, format, arguments);
    ensure(written >= 0);
    size_t size = (size_t)written; /* which may be more than there is room for */
    if (token && size <= REQUEST_LINE_MAX)
        size += (size_t)snprintf(line + size, sizeof line - size, " once=%016" PRIx64, draw_token());
    call->bad |= size > REQUEST_LINE_MAX;
    if (!call->bad)
        add_part(call, line, size, false);
}

void call_line(struct call *call, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_line(call, false, format, arguments);
    va_end(arguments);
}

void call_ask(struct call *call, enum answer_kind expects, const char *format, ...)
{
    va_list arguments;
    call->expects = expects;
    va_start(arguments, format);
    add_line(call, false, format, arguments);
    va_end(arguments);
}

void call_change(struct call *call, const char *format, ...)
{
    va_list arguments;
    call->changes = true;
    va_start(arguments, format);
    add_line(call, true, format, arguments);
    va_end(arguments);
}

void call_contents(struct call *call, const void *bytes, size_t size)
{
    if (!call->bad)
        add_part(call, bytes, size, true);
}
