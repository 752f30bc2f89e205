#include "protocol/reply.h"

#include <string.h>

#include "base/ensure.h"
#include "protocol/request.h"
#include "protocol/words.h"

enum {
    NUMBER_DIGITS_MAX = 20, /* of 2^64 - 1 */
    LINE_SIZE_MAX = 320,    /* of the lines that are put together here: the longest have a file's name */
};

/* A short line that is being put together, to be copied to the chain in one piece. */
struct line {
    size_t size;
    uint8_t bytes[LINE_SIZE_MAX];
};

static void line_add(struct line *line, const void *bytes, size_t size)
{
    ensure(size <= LINE_SIZE_MAX - line->size);
    memcpy(line->bytes + line->size, bytes, size);
    line->size += size;
}

static void line_add_number(struct line *line, uint64_t number)
{
    uint8_t digits[NUMBER_DIGITS_MAX];
    size_t start = sizeof digits;
    do {
        digits[--start] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    line_add(line, digits + start, sizeof digits - start);
}

/* Of a string in quotes, whose size the compiler knows. */
#define line_add_literal(line, text) line_add((line), (text), sizeof(text) - 1)

void reply_ok(struct chain *out)
{
    chain_append(out, "OK\r\n", 4);
}

static void line_number_reply(struct line *line, uint64_t number, struct chain *out)
{
    line_add_number(line, number);
    line_add_literal(line, "\r\n");
    chain_append(out, line->bytes, line->size);
}

void reply_ok_version(struct chain *out, uint64_t version)
{
    struct line line;
    line.size = 0; /* its bytes are not zeroed: this is done for every write */
    line_add_literal(&line, "OK ");
    line_number_reply(&line, version, out);
}

void reply_ok_value(struct chain *out, uint64_t version, int64_t value)
{
    struct line line;
    line.size = 0;
    line_add_literal(&line, "OK ");
    line_add_number(&line, version);
    line_add_literal(&line, " ");
    uint8_t text[INTEGER_TEXT_MAX];
    line_add(&line, text, integer_format(value, text));
    line_add_literal(&line, "\r\n");
    chain_append(out, line.bytes, line.size);
}

static void line_add_code(struct line *line, enum reply_error error)
{
    line_add(line, error_row(error)->code, error_row(error)->code_size);
}

/* " NAME" unless it is NULL, and the line's end. */
static void line_name_reply(struct line *line, const void *name, size_t name_size, struct chain *out)
{
    ensure(!name || name_size <= REQUEST_NAME_MAX);
    if (name) {
        line_add_literal(line, " ");
        line_add(line, name, name_size);
    }
    line_add_literal(line, "\r\n");
    chain_append(out, line->bytes, line->size);
}

void reply_not_found(struct chain *out, const void *name, size_t name_size)
{
    struct line line;
    line.size = 0;
    line_add_code(&line, REPLY_FILE_NOT_FOUND);
    line_name_reply(&line, name, name_size, out);
}

void reply_version_mismatch(struct chain *out, uint64_t version, const void *name, size_t name_size)
{
    struct line line;
    line.size = 0;
    line_add_code(&line, REPLY_VERSION);
    line_add_literal(&line, " ");
    line_add_number(&line, version);
    line_name_reply(&line, name, name_size, out);
}

/* How stale it is, where it is, and the line's end. */
static void line_stale_reply(struct line *line, const struct reply_stale *stale, struct chain *out)
{
    if (stale) {
        line_add_literal(line, " stale revision=");
        line_add_number(line, stale->revision);
    }
    if (stale && stale->leaderless) {
        line_add_literal(line, " leaderless_s=");
        line_add_number(line, stale->leaderless_s);
    }
    line_add_literal(line, "\r\n");
    chain_append(out, line->bytes, line->size);
}

void reply_not_found_stale(struct chain *out, const struct reply_stale *stale)
{
    struct line line;
    line.size = 0;
    line_add_code(&line, REPLY_FILE_NOT_FOUND);
    line_stale_reply(&line, stale, out);
}

void reply_contents(struct chain *out, uint64_t version, uint64_t exptime_s, struct blob *blob, size_t offset,
                    size_t size, const struct reply_stale *stale)
{
    struct line line;
    line.size = 0;
    line_add_literal(&line, "CONTENTS ");
    line_add_number(&line, version);
    line_add_literal(&line, " ");
    line_add_number(&line, size);
    line_add_literal(&line, " ");
    line_add_number(&line, exptime_s);
    line_stale_reply(&line, stale, out);
    chain_append_blob(out, blob, offset, size);
    chain_append(out, "\r\n", 2);
}

static void line_add_hex(struct line *line, uint64_t number)
{
    uint8_t digits[16];
    for (int i = 0; i < 16; i++)
        digits[i] = (uint8_t)"0123456789abcdef"[number >> (60 - 4 * i) & 15];
    line_add(line, digits, sizeof digits);
}

void reply_stat(struct chain *out, const struct reply_stat *stat, const struct reply_stale *stale)
{
    struct line line;
    line.size = 0;
    line_add_literal(&line, "STAT version=");
    line_add_number(&line, stat->version);
    line_add_literal(&line, " size=");
    line_add_number(&line, stat->size);
    line_add_literal(&line, " exptime=");
    line_add_number(&line, stat->exptime_s);
    line_add_literal(&line, " created=");
    line_add_number(&line, stat->created);
    line_add_literal(&line, " xxh3=");
    line_add_hex(&line, stat->hash);
    line_stale_reply(&line, stale, out);
}

void reply_list(struct chain *out, uint64_t revision, bool more, const void *text, size_t size,
                const struct reply_stale *stale)
{
    struct line line;
    line.size = 0;
    line_add_literal(&line, "LIST ");
    line_add_number(&line, revision);
    line_add_literal(&line, " ");
    line_add_number(&line, size);
    line_add(&line, more ? " more" : " end", more ? 5 : 4);
    line_stale_reply(&line, stale, out);
    chain_append(out, text, size);
    chain_append(out, "\r\n", 2);
}

void reply_text(struct chain *out, const char *code, const void *text, size_t size)
{
    struct line line;
    line.size = 0;
    line_add(&line, code, strlen(code));
    line_add_literal(&line, " ");
    line_number_reply(&line, size, out);
    chain_append(out, text, size);
    chain_append(out, "\r\n", 2);
}

void reply_line(struct chain *out, const char *line)
{
    ensure(strpbrk(line, "\r\n") == NULL);
    chain_append(out, line, strlen(line));
    chain_append(out, "\r\n", 2);
}

static void error_begin(struct chain *out, enum reply_error error)
{
    ensure(error < REPLY_ERROR_COUNT);
    chain_append(out, error_row(error)->code, error_row(error)->code_size);
    chain_append(out, " ", 1);
}

void reply_error(struct chain *out, enum reply_error error, const char *reason)
{
    error_begin(out, error);
    reply_line(out, reason ? reason : error_row(error)->reason);
}

void reply_error_at(struct chain *out, enum reply_error error, const void *name, size_t name_size)
{
    error_begin(out, error);
    chain_append(out, name, name_size);
    chain_append(out, ": ", 2);
    reply_line(out, error_row(error)->reason);
}
