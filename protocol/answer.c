#include "protocol/answer.h"

#include <string.h>

#include "protocol/request.h"
#include "protocol/words.h"

/* What is left of a line while it is taken apart. */
struct rest {
    const uint8_t *at;
    const uint8_t *end;
};

/* The decimal number at the start of REST. False: there is none, or it is 2^64 or more. */
static inline bool take_number(struct rest *rest, uint64_t *number)
{
    const uint8_t *at = rest->at;
    uint64_t value = 0;
    for (; at < rest->end && (unsigned)(*at - '0') <= 9; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (at == rest->at)
        return false;
    rest->at = at;
    *number = value;
    return true;
}

static inline bool take(struct rest *rest, const char *text, size_t size)
{
    if ((size_t)(rest->end - rest->at) < size || memcmp(rest->at, text, size) != 0)
        return false;
    rest->at += size;
    return true;
}

/* Of a string in quotes, whose size the compiler knows. */
#define take_literal(rest, text) take((rest), (text), sizeof(text) - 1)

static bool at_end(const struct rest *rest)
{
    return rest->at == rest->end;
}

/* " KEY=VALUE" that is not known here: there may be more of them one day. False: it is something else. */
static bool pass_over_pair(struct rest *rest)
{
    const uint8_t *at = rest->at + 1;
    while (at < rest->end && *at != ' ')
        at++;
    if (at_end(rest) || *rest->at != ' ' || at == rest->at + 1 || !memchr(rest->at, '=', (size_t)(at - rest->at)))
        return false;
    rest->at = at;
    return true;
}

/* " KEY=VALUE", as often as there are some. */
static bool take_how_stale(struct rest *rest, struct reply_stale *stale)
{
    while (!at_end(rest)) {
        struct rest known = *rest;
        if (take_literal(&known, " revision=") && take_number(&known, &stale->revision)) {
            *rest = known;
        } else if (take_literal(&known, " leaderless_s=") && take_number(&known, &stale->leaderless_s)) {
            stale->leaderless = true;
            *rest = known;
        } else if (!pass_over_pair(rest)) {
            return false;
        }
        if (!at_end(rest) && *rest->at != ' ')
            return false;
    }
    return true;
}

/* The end of the line, with or without " stale ..." before it. */
static bool at_end_or_stale(struct rest *rest, struct answer *answer)
{
    answer->stale = take_literal(rest, " stale");
    return answer->stale ? take_how_stale(rest, &answer->how_stale) : at_end(rest);
}

/* Likewise, with " KEY=VALUE"s before it that are not known here. */
static bool at_end_or_pairs(struct rest *rest, struct answer *answer)
{
    while (pass_over_pair(rest))
        continue;
    return at_end_or_stale(rest, answer);
}

static bool parse_contents(struct rest *rest, struct answer *answer)
{
    answer->kind = ANSWER_CONTENTS;
    answer->has_body = true;
    return take_number(rest, &answer->version) && take_literal(rest, " ") &&
           take_number(rest, &answer->body_size) && take_literal(rest, " ") &&
           take_number(rest, &answer->exptime_s) && at_end_or_stale(rest, answer);
}

static bool take_hex(struct rest *rest, uint64_t *number)
{
    enum { DIGITS = 16 };
    if (rest->end - rest->at < DIGITS)
        return false;
    *number = 0;
    for (int i = 0; i < DIGITS; i++) {
        uint8_t digit = *rest->at++;
        bool letter = digit >= 'a' && digit <= 'f';
        if (!letter && (digit < '0' || digit > '9'))
            return false;
        *number = *number << 4 | (uint64_t)(letter ? digit - 'a' + 10 : digit - '0');
    }
    return true;
}

static bool parse_stat(struct rest *rest, struct answer *answer)
{
    answer->kind = ANSWER_STAT;
    return take_literal(rest, "version=") && take_number(rest, &answer->version) && take_literal(rest, " size=") &&
           take_number(rest, &answer->size) && take_literal(rest, " exptime=") &&
           take_number(rest, &answer->exptime_s) && take_literal(rest, " created=") &&
           take_number(rest, &answer->created) && take_literal(rest, " xxh3=") && take_hex(rest, &answer->hash) &&
           at_end_or_pairs(rest, answer);
}

static bool parse_list(struct rest *rest, struct answer *answer)
{
    answer->kind = ANSWER_LIST;
    answer->has_body = true;
    if (!take_number(rest, &answer->version) || !take_literal(rest, " ") || !take_number(rest, &answer->body_size))
        return false;
    answer->more = take_literal(rest, " more");
    return (answer->more || take_literal(rest, " end")) && at_end_or_stale(rest, answer);
}

/* Behind "OK". */
static bool parse_ok(struct rest *rest, struct answer *answer)
{
    answer->kind = ANSWER_OK;
    if (at_end(rest))
        return true;
    if (!take_literal(rest, " ") || !take_number(rest, &answer->version))
        return false;
    if (at_end(rest))
        return true;
    answer->has_value = take_literal(rest, " ") &&
                        integer_parse(rest->at, (size_t)(rest->end - rest->at), &answer->value);
    return answer->has_value;
}

/* The end of the line, or a file's name before it. */
static bool at_end_or_name(struct rest *rest, struct answer *answer)
{
    if (at_end(rest))
        return true;
    if (!take_literal(rest, " "))
        return false;
    answer->name = rest->at;
    answer->name_size = (size_t)(rest->end - rest->at);
    return request_name(answer->name, answer->name_size);
}

static bool parse_mismatch(struct rest *rest, struct answer *answer)
{
    answer->kind = ANSWER_VERSION_MISMATCH;
    return take_literal(rest, " ") && take_number(rest, &answer->version) && at_end_or_name(rest, answer);
}

static bool parse_not_found(struct rest *rest, struct answer *answer)
{
    answer->kind = ANSWER_NOT_FOUND;
    struct rest name = *rest;
    if (take_literal(rest, " stale") && !at_end(rest)) { /* by itself it may be a file's name */
        answer->stale = true;
        return take_how_stale(rest, &answer->how_stale);
    }
    *rest = name;
    return at_end_or_name(rest, answer);
}

static bool is_code(const struct answer *answer, size_t size, enum reply_error error)
{
    const struct error_row *row = error_row(error);
    return row->code_size == size && memcmp(row->code, answer->line, size) == 0;
}

/* From "ERR_" on. What is not known is an error all the same: there may be more of them one day. */
static bool parse_error(struct rest *rest, struct answer *answer)
{
    const uint8_t *space = memchr(answer->line, ' ', answer->line_size);
    size_t size = space ? (size_t)(space - answer->line) : answer->line_size;
    rest->at = answer->line + size;
    if (is_code(answer, size, REPLY_FILE_NOT_FOUND))
        return parse_not_found(rest, answer);
    if (is_code(answer, size, REPLY_VERSION) && space)
        return parse_mismatch(rest, answer);
    answer->kind = ANSWER_ERROR;
    answer->error = error_find(answer->line, size);
    return true;
}

static bool parse_text(struct rest *rest, enum answer_kind kind, struct answer *answer)
{
    answer->kind = kind;
    answer->has_body = true;
    return take_number(rest, &answer->body_size) && at_end(rest);
}

/* The most frequent ones first. */
static bool parse_line(struct rest *rest, struct answer *answer)
{
    if (take_literal(rest, "OK"))
        return parse_ok(rest, answer);
    if (take_literal(rest, "CONTENTS "))
        return parse_contents(rest, answer);
    if (take_literal(rest, "ERR_"))
        return parse_error(rest, answer);
    if (take_literal(rest, "LIST "))
        return parse_list(rest, answer);
    if (take_literal(rest, "STAT "))
        return parse_stat(rest, answer);
    if (take_literal(rest, "STATUS "))
        return parse_text(rest, ANSWER_STATUS, answer);
    if (take_literal(rest, "HELP "))
        return parse_text(rest, ANSWER_HELP, answer);
    if (take_literal(rest, "VERSION ")) {
        answer->kind = ANSWER_VERSION;
        return true;
    }
    answer->kind = ANSWER_PONG;
    if (take_literal(rest, "PONG"))
        return at_end(rest);
    answer->kind = ANSWER_BYE;
    return take_literal(rest, "BYE") && at_end(rest);
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
    struct rest rest = {.at = bytes, .end = end};
    if (end > bytes && *bytes == '+' && answer->line_size <= ANSWER_LINE_MAX)
        return ANSWER_PUSHED;
    return answer->line_size <= ANSWER_LINE_MAX && parse_line(&rest, answer) ? ANSWER_LINE : ANSWER_BAD;
}
