#include "sim/answer.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"

enum { LINE_MAX = 600, CONTENTS_MAX = 64 * 1024 * 1024 };

/* The contents of SIZE bytes after the line of LINE_SIZE bytes, and their line end. */
static long take_contents(const uint8_t *bytes, size_t size, size_t line_size, size_t contents, struct answer *answer)
{
    if (contents > CONTENTS_MAX)
        return -1;
    if (size < line_size + contents + 2)
        return 0;
    answer->bytes = bytes + line_size;
    answer->size = contents;
    if (memcmp(answer->bytes + contents, "\r\n", 2) != 0)
        return -1;
    return (long)(line_size + contents + 2);
}

/* True if LINE is WORD followed by COUNT numbers, and nothing else. */
static bool numbers(const char *line, const char *word, uint64_t *values, int count)
{
    size_t length = strlen(word);
    if (strncmp(line, word, length) != 0)
        return false;
    const char *at = line + length;
    for (int i = 0; i < count; i++) {
        char *end;
        if (at[0] != ' ' || at[1] < '0' || at[1] > '9')
            return false;
        values[i] = strtoull(at + 1, &end, 10);
        at = end;
    }
    return *at == '\0';
}

/* Takes ` stale revision=N`, with or without ` leaderless_s=N`, off the end of LINE. */
static bool take_stale(char *line, uint64_t *revision)
{
    char *stale = strstr(line, " stale revision="), rest[2] = "";
    uint64_t seconds;
    if (!stale)
        return false;
    int count = sscanf(stale, " stale revision=%" SCNu64 "%1s", revision, rest);
    if (count == 2)
        count = sscanf(stale, " stale revision=%" SCNu64 " leaderless_s=%" SCNu64 "%1s", revision, &seconds, rest) - 1;
    if (count == 1)
        *stale = '\0';
    return count == 1;
}

/* The answers of what came with transactions. False: LINE is none of them. */
static bool parse_more(const char *line, struct answer *answer)
{
    char end[8] = "", rest[2] = "";
    if (sscanf(line, "OK %" SCNu64 " %" SCNd64 "%1s", &answer->version, &answer->value, rest) == 2) {
        answer->kind = ANSWER_OK_VALUE;
        return true;
    }
    if (sscanf(line, "STAT version=%" SCNu64 " size=%zu exptime=%" SCNu64 " created=%" SCNu64 " xxh3=%16" SCNx64 "%1s",
               &answer->version, &answer->size, &answer->exptime_s, &answer->created, &answer->hash, rest) == 5) {
        answer->kind = ANSWER_STAT;
        return true;
    }
    if (sscanf(line, "LIST %" SCNu64 " %zu %7s%1s", &answer->version, &answer->size, end, rest) == 3) {
        answer->kind = ANSWER_LIST;
        answer->more = strcmp(end, "more") == 0;
        return answer->more || strcmp(end, "end") == 0;
    }
    if (sscanf(line, "ERR_VERSION %" SCNu64 " %255s", &answer->version, answer->name) == 2) {
        answer->kind = ANSWER_VERSION;
        return true;
    }
    if (sscanf(line, "ERR_FILE_NOT_FOUND %255s", answer->name) == 1)
        answer->kind = ANSWER_NOT_FOUND;
    return answer->kind == ANSWER_NOT_FOUND;
}

long answer_parse(const uint8_t *bytes, size_t size, struct answer *answer)
{
    const uint8_t *end = memchr(bytes, '\n', size);
    if (!end)
        return size > LINE_MAX ? -1 : 0;
    size_t line_size = (size_t)(end - bytes) + 1;
    if (line_size < 3 || line_size > LINE_MAX || end[-1] != '\r')
        return -1;
    char line[LINE_MAX];
    memcpy(line, bytes, line_size - 2);
    line[line_size - 2] = '\0';
    *answer = (struct answer){.kind = ANSWER_TEXT};
    snprintf(answer->code, sizeof answer->code, "%.*s", (int)strcspn(line, " "), line);
    uint64_t values[3];
    uint64_t revision = UINT64_MAX;
    answer->stale = take_stale(line, &revision);
    if (numbers(line, "CONTENTS", values, 3)) {
        answer->kind = ANSWER_CONTENTS;
        answer->version = values[0];
        answer->exptime_s = values[2];
        if (answer->version > revision)
            return -1; /* the copy is said to go less far than what it shows */
        return take_contents(bytes, size, line_size, values[1], answer);
    }
    if (parse_more(line, answer) && answer->stale &&
        (answer->version > revision || (answer->kind == ANSWER_LIST && answer->version != revision)))
        return -1;
    if (answer->kind != ANSWER_TEXT)
        return answer->kind == ANSWER_LIST ? take_contents(bytes, size, line_size, answer->size, answer)
                                           : (long)line_size;
    if (numbers(line, "STATUS", values, 1) || numbers(line, "HELP", values, 1))
        return take_contents(bytes, size, line_size, values[0], answer);
    if (numbers(line, "OK", values, 1)) {
        answer->kind = ANSWER_OK_VERSION;
        answer->version = values[0];
    } else if (strcmp(line, "OK") == 0) {
        answer->kind = ANSWER_OK;
    } else if (strcmp(answer->code, "ERR_FILE_NOT_FOUND") == 0) {
        answer->kind = ANSWER_NOT_FOUND;
    } else if (numbers(line, "ERR_VERSION", values, 1)) {
        answer->kind = ANSWER_VERSION;
        answer->version = values[0];
    } else if (strncmp(line, "ERR_", 4) == 0) {
        answer->kind = ANSWER_ERROR;
    } else if (strcmp(line, "PONG") != 0 && strcmp(line, "BYE") != 0 && strcmp(answer->code, "VERSION") != 0) {
        return -1;
    }
    return (long)line_size;
}

/* Any byte may come: line ends and NUL too. */
static uint8_t filler(uint64_t id, size_t at)
{
    uint64_t mixed = (id * 0x9e3779b97f4a7c15u) ^ (at * 0xc2b2ae3d27d4eb4fu);
    return (uint8_t)(mixed >> 32);
}

void value_write(struct buffer *out, uint64_t id, size_t size)
{
    ensure(size >= VALUE_SIZE_MIN);
    char text[VALUE_SIZE_MIN + 1];
    int length = snprintf(text, sizeof text, "%llu:", (unsigned long long)id);
    uint8_t *at = buffer_reserve(out, size);
    ensure(at != NULL);
    memcpy(at, text, (size_t)length);
    for (size_t i = (size_t)length; i < size; i++)
        at[i] = filler(id, i);
    buffer_added(out, size);
}

uint64_t value_read(const uint8_t *bytes, size_t size)
{
    uint64_t id = 0;
    size_t at = 0;
    while (at < size && bytes[at] >= '0' && bytes[at] <= '9')
        id = id * 10 + (uint64_t)(bytes[at++] - '0');
    if (at == 0 || at == size || bytes[at++] != ':' || size < VALUE_SIZE_MIN)
        return 0;
    for (; at < size; at++)
        if (bytes[at] != filler(id, at))
            return 0;
    return id;
}
