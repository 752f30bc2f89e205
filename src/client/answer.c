#include "client/answer.h"

#include <string.h>

/* What is left of a line while it is taken apart. */
struct words {
    const uint8_t *at;
    const uint8_t *end;
};

/* The decimal number at the start of WORDS. False: there is none, or it is 2^64 or more. */
static inline bool take_number(struct words *words, uint64_t *number)
{
    const uint8_t *at = words->at;
    uint64_t value = 0;
    for (; at < words->end && (unsigned)(*at - '0') <= 9; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (at == words->at)
        return false;
    words->at = at;
    *number = value;
    return true;
}

static inline bool take(struct words *words, const char *text, size_t size)
{
    if ((size_t)(words->end - words->at) < size || memcmp(words->at, text, size) != 0)
        return false;
    words->at += size;
    return true;
}

/* Of a string in quotes, whose size the compiler knows. */
#define take_literal(words, text) take((words), (text), sizeof(text) - 1)

static bool at_end(const struct words *words)
{
    return words->at == words->end;
}

static bool parse_contents(struct words *words, struct answer *answer)
{
    answer->kind = ANSWER_CONTENTS;
    answer->has_body = true;
    return take_number(words, &answer->version) && take_literal(words, " ") &&
           take_number(words, &answer->body_size) && take_literal(words, " ") &&
           take_number(words, &answer->exptime_s) && at_end(words);
}

/* Behind "ERR_". What is not known is an error all the same: there may be more of them one day. */
static bool parse_error(struct words *words, struct answer *answer)
{
    if (take_literal(words, "VERSION ")) {
        answer->kind = ANSWER_VERSION_MISMATCH;
        return take_number(words, &answer->version) && at_end(words);
    }
    if (take_literal(words, "FILE_NOT_FOUND") && at_end(words)) {
        answer->kind = ANSWER_NOT_FOUND;
        return true;
    }
    const uint8_t *space = memchr(answer->line, ' ', answer->line_size);
    size_t size = space ? (size_t)(space - answer->line) : answer->line_size;
    answer->kind = ANSWER_ERROR;
    for (unsigned i = 0; i < REPLY_ERROR_COUNT; i++) {
        const char *code = reply_error_code((enum reply_error)i);
        answer->error = (enum reply_error)i;
        if (strlen(code) == size && memcmp(code, answer->line, size) == 0)
            return true;
    }
    answer->error = REPLY_ERROR_COUNT;
    return true;
}

static bool parse_text(struct words *words, enum answer_kind kind, struct answer *answer)
{
    answer->kind = kind;
    answer->has_body = true;
    return take_number(words, &answer->body_size) && at_end(words);
}

/* The most frequent ones first. */
static bool parse_line(struct words *words, struct answer *answer)
{
    if (take_literal(words, "OK")) {
        answer->kind = ANSWER_OK;
        return at_end(words) || (take_literal(words, " ") && take_number(words, &answer->version) && at_end(words));
    }
    if (take_literal(words, "CONTENTS "))
        return parse_contents(words, answer);
    if (take_literal(words, "ERR_"))
        return parse_error(words, answer);
    if (take_literal(words, "STATUS "))
        return parse_text(words, ANSWER_STATUS, answer);
    if (take_literal(words, "HELP "))
        return parse_text(words, ANSWER_HELP, answer);
    if (take_literal(words, "VERSION ")) {
        answer->kind = ANSWER_VERSION;
        return true;
    }
    answer->kind = ANSWER_PONG;
    if (take_literal(words, "PONG"))
        return at_end(words);
    answer->kind = ANSWER_BYE;
    return take_literal(words, "BYE") && at_end(words);
}

enum answer_status answer_parse(const uint8_t *bytes, size_t size, struct answer *answer, size_t *consumed)
{
    size_t searched = size < ANSWER_LINE_MAX + 2 ? size : ANSWER_LINE_MAX + 2;
    const uint8_t *end = searched > 0 ? memchr(bytes, '\n', searched) : NULL;
    if (!end)
        return searched < ANSWER_LINE_MAX + 2 ? ANSWER_MORE : ANSWER_BAD;
    *consumed = (size_t)(end - bytes) + 1;
    if (end > bytes && end[-1] == '\r')
        end--;
    *answer = (struct answer){.line = bytes, .line_size = (size_t)(end - bytes)};
    struct words words = {.at = bytes, .end = end};
    return answer->line_size <= ANSWER_LINE_MAX && parse_line(&words, answer) ? ANSWER_LINE : ANSWER_BAD;
}
