#include "protocol/reply.h"

#include <string.h>

#include "base/ensure.h"

enum {
    NUMBER_DIGITS_MAX = 20, /* of 2^64 - 1 */
    LINE_SIZE_MAX = 128,    /* of the lines that are put together here: the longest is CONTENTS with three numbers */
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

void reply_not_found(struct chain *out)
{
    reply_line(out, "ERR_FILE_NOT_FOUND");
}

void reply_version_mismatch(struct chain *out, uint64_t version)
{
    struct line line;
    line.size = 0;
    line_add_literal(&line, "ERR_VERSION ");
    line_number_reply(&line, version, out);
}

void reply_contents(struct chain *out, uint64_t version, uint64_t exptime_s, struct blob *blob, size_t offset,
                    size_t size)
{
    struct line line;
    line.size = 0;
    line_add_literal(&line, "CONTENTS ");
    line_add_number(&line, version);
    line_add_literal(&line, " ");
    line_add_number(&line, size);
    line_add_literal(&line, " ");
    line_number_reply(&line, exptime_s, out);
    chain_append_blob(out, blob, offset, size);
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

static const struct {
    const char *code;
    const char *reason;
} errors[REPLY_ERROR_COUNT] = {
    [REPLY_CMD_ERR] = {"ERR_CMD_ERR", "malformed command; 'help' shows how they are written"},
    [REPLY_NO_LEADER] = {"ERR_NO_LEADER", "no leader could be reached in time, nothing was done; try again"},
    [REPLY_TIMEOUT] = {"ERR_TIMEOUT", "not confirmed in time; it may or may not take effect: read before trying again"},
    [REPLY_BUSY] = {"ERR_BUSY", "too much is under way, nothing was done; try again"},
    [REPLY_TOO_BIG] = {"ERR_TOO_BIG", "above this cluster's limit for a file, nothing was done"},
    [REPLY_STORE_FULL] = {"ERR_STORE_FULL", "the memory limit for files is reached, nothing was done; delete some"},
    [REPLY_DISK_FULL] = {"ERR_DISK_FULL", "too few nodes have room on disk, nothing was done; reads still work"},
    [REPLY_INTERNAL] = {"ERR_INTERNAL", "the server failed, nothing was done; its log says why"},
};

void reply_error(struct chain *out, enum reply_error error, const char *reason)
{
    ensure(error < REPLY_ERROR_COUNT);
    if (!reason)
        reason = errors[error].reason;
    chain_append(out, errors[error].code, strlen(errors[error].code));
    chain_append(out, " ", 1);
    reply_line(out, reason);
}

const char *reply_error_code(enum reply_error error)
{
    ensure(error < REPLY_ERROR_COUNT);
    ensure(errors[error].code != NULL);
    return errors[error].code;
}
