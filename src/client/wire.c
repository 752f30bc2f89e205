#include "client/wire.h"

#include <stdarg.h>
#include <wchar.h>
#include <wctype.h>

enum { SHOWN_MAX = 200 }; /* bytes of contents */

/* Bytes of the character that BYTES begin with; 0: a terminal could not show it, or would obey. */
static size_t printable(const uint8_t *bytes, size_t size)
{
    wchar_t wide;
    mbstate_t state = {0};
    size_t taken = mbrtowc(&wide, (const char *)bytes, size, &state);
    return taken > 0 && taken <= size && iswprint((wint_t)wide) ? taken : 0;
}

static bool is_text(const uint8_t *bytes, size_t size)
{
    size_t at = 0, taken = 1;
    for (; at < size && size <= SHOWN_MAX && taken > 0; at += taken)
        taken = printable(bytes + at, size - at);
    return size <= SHOWN_MAX && taken > 0;
}

static void show_line(FILE *file, char mark, const uint8_t *bytes, size_t size)
{
    fprintf(file, "%c ", mark);
    for (size_t at = 0, taken; at < size; at += taken > 0 ? taken : 1) {
        taken = printable(bytes + at, size - at);
        if (taken > 0)
            fwrite(bytes + at, 1, taken, file);
        else
            putc('?', file);
    }
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

void wire_pushed(FILE *file, const uint8_t *line, size_t size)
{
    show_line(file, '<', line, size);
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
