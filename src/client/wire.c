#include "client/wire.h"

#include <stdarg.h>

enum { SHOWN_MAX = 200 }; /* bytes of contents */

static bool is_text(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] < 0x20 || bytes[i] == 0x7f)
            return false;
    return size <= SHOWN_MAX;
}

static void show_line(FILE *file, char mark, const uint8_t *bytes, size_t size)
{
    fprintf(file, "%c ", mark);
    for (size_t i = 0; i < size; i++)
        putc(bytes[i] < 0x20 || bytes[i] == 0x7f ? '?' : bytes[i], file);
    putc('\n', file);
}

static void show_contents(FILE *file, char mark, const uint8_t *bytes, size_t size)
{
    if (is_text(bytes, size))
        show_line(file, mark, bytes, size);
    else
        fprintf(file, "%c (%zu bytes)\n", mark, size);
}

void wire_sent(FILE *file, const struct call *call)
{
    const uint8_t *at = call->request.bytes + call->request.start;
    for (size_t i = 0; i < call->part_count; i++) {
        size_t size = call->parts[i].size - 2;
        if (call->parts[i].contents)
            show_contents(file, '>', at, size);
        else
            show_line(file, '>', at, size);
        at += call->parts[i].size;
    }
}

/* Texts of several lines are the server's, and shown as such. */
void wire_got(FILE *file, const struct call *call)
{
    show_line(file, '<', call->answer.line, call->answer.line_size);
    if (!call->answer.has_body)
        return;
    const uint8_t *at = call->body.bytes ? call->body.bytes + call->body.start : (const uint8_t *)"";
    size_t left = buffer_size(&call->body);
    if (call->answer.kind == ANSWER_CONTENTS) {
        show_contents(file, '<', at, left);
        return;
    }
    while (left > 0) {
        size_t size = 0;
        while (size < left && at[size] != '\n')
            size++;
        show_line(file, '<', at, size > 0 && at[size - 1] == '\r' ? size - 1 : size);
        size += size < left;
        at += size;
        left -= size;
    }
}

void wire_note(FILE *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("* ", file);
    vfprintf(file, format, arguments);
    putc('\n', file);
    va_end(arguments);
}
