#include "cli/script.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/contents.h"
#include "cli/quote.h"
#include "protocol/request.h"
#include "protocol/transaction.h"
#include "protocol/words.h"

/* One line while it is taken apart. */
struct source {
    const char *at;
    const char *problem;      /* NULL: none so far */
    struct script_problem *whole; /* for a problem that is not told in fixed words */
};

/* The kinds of words in a line, in their order. */
enum operand {
    OPERAND_END,
    OPERAND_NAME,
    OPERAND_VERSION,
    OPERAND_VERSION_OPTIONAL,
    OPERAND_CONDITION,
    OPERAND_SECONDS,
    OPERAND_DELTA,
    OPERAND_TTL,       /* ttl=SECONDS or nothing, to the end of the line, as all that follow */
    OPERAND_TEXT_TTL,  /* may have ttl=SECONDS behind its quotes */
    OPERAND_PATH_TTL,
};

enum { OPERANDS_MAX = 4 };

static const struct form {
    const char *verb;
    const char *wire;         /* the protocol's verb */
    enum operand words[OPERANDS_MAX];
} forms[] = {
    {"if", "if", {OPERAND_NAME, OPERAND_CONDITION}},
    {"write", "write", {OPERAND_NAME, OPERAND_TEXT_TTL}},
    {"put", "write", {OPERAND_NAME, OPERAND_PATH_TTL}},
    {"cas", "cas", {OPERAND_NAME, OPERAND_VERSION, OPERAND_TEXT_TTL}},
    {"append", "append", {OPERAND_NAME, OPERAND_TEXT_TTL}},
    {"delete", "delete", {OPERAND_NAME, OPERAND_VERSION_OPTIONAL}},
    {"touch", "touch", {OPERAND_NAME, OPERAND_SECONDS, OPERAND_VERSION_OPTIONAL}},
    {"incr", "incr", {OPERAND_NAME, OPERAND_DELTA, OPERAND_TTL}},
    {"copy", "copy", {OPERAND_NAME, OPERAND_NAME, OPERAND_VERSION_OPTIONAL}},
    {"move", "move", {OPERAND_NAME, OPERAND_NAME, OPERAND_VERSION_OPTIONAL}},
};

/* The next word, up to a blank; "" at the end of the line. */
static size_t take_word(struct source *source, const char **word)
{
    source->at += strspn(source->at, " \t");
    *word = source->at;
    size_t size = strcspn(source->at, " \t");
    source->at += size;
    return size;
}

static const struct form *take_form(struct source *source)
{
    const char *word;
    size_t size = take_word(source, &word);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strlen(forms[i].verb) == size && memcmp(forms[i].verb, word, size) == 0)
            return &forms[i];
    source->problem = "a line begins with if, write, put, cas, append, delete, touch, incr, copy or move";
    return NULL;
}

static void check_end(struct source *source)
{
    const char *word;
    if (!source->problem && take_word(source, &word) > 0)
        source->problem = "there is too much in the line";
}

/* Nothing, or ttl=SECONDS, then the end of the line. */
static uint32_t take_ttl(struct source *source)
{
    const char *word;
    uint64_t seconds = 0;
    size_t size = take_word(source, &word);
    if (size > 0 && (size <= 4 || memcmp(word, "ttl=", 4) != 0 || !request_number(word + 4, size - 4, &seconds) ||
                     seconds > REQUEST_EXPTIME_MAX_S))
        source->problem = "at the end of the line there may be ttl=SECONDS only";
    check_end(source);
    return (uint32_t)seconds;
}

/* The rest of the line, or what is in quotes there. */
static uint32_t take_text(struct source *source, struct buffer *contents)
{
    source->at += strspn(source->at, " \t");
    if (*source->at != '"') {
        buffer_append_text(contents, source->at);
        return 0;
    }
    source->problem = quote_take(&source->at, contents);
    return source->problem ? 0 : take_ttl(source);
}

static uint32_t take_path(struct source *source, struct buffer *contents)
{
    struct buffer path = {0};
    const char *word;
    size_t size;
    source->at += strspn(source->at, " \t");
    if (*source->at == '"')
        source->problem = quote_take(&source->at, &path);
    else if ((size = take_word(source, &word)) > 0)
        buffer_append(&path, word, size);
    buffer_append_u8(&path, 0);
    const char *failure = NULL;
    if (!source->problem && buffer_size(&path) == 1)
        source->problem = "a path is missing";
    if (!source->problem)
        failure = contents_read(AT_FDCWD, (const char *)buffer_start(&path), true, contents);
    if (failure) {
        snprintf(source->whole->text, sizeof source->whole->text, "%.200s: %s", (const char *)buffer_start(&path),
                 failure);
        source->whole->local = true;
        source->problem = source->whole->text;
    }
    buffer_close(&path);
    return source->problem ? 0 : take_ttl(source);
}

static const char *operand_problem(enum operand kind, const char *word, size_t size)
{
    uint64_t number;
    int64_t integer;
    switch (kind) {
    case OPERAND_NAME:
        return request_name(word, size) ? NULL : "a name is missing, or longer than 250 bytes";
    case OPERAND_VERSION:
    case OPERAND_VERSION_OPTIONAL:
        return request_number(word, size, &number) ? NULL : "a version is a number";
    case OPERAND_CONDITION:
        return (size == 6 && memcmp(word, "absent", 6) == 0) || (size == 7 && memcmp(word, "present", 7) == 0) ||
                       request_number(word, size, &number)
                   ? NULL : "a condition is a version, absent or present";
    case OPERAND_SECONDS:
        return request_number(word, size, &number) && number <= REQUEST_EXPTIME_MAX_S
                   ? NULL : "seconds are a number up to 4294967295";
    case OPERAND_DELTA:
        return integer_parse((const uint8_t *)word, size, &integer)
                   ? NULL : "what is added is a number from -2^63 to 2^63-1";
    case OPERAND_END:
    case OPERAND_TTL:
    case OPERAND_TEXT_TTL:
    case OPERAND_PATH_TTL:
        break;
    }
    return NULL;
}

/* One line of the script, which is neither empty nor a comment, to CALL. NULL, or what is wrong, perhaps in WHOLE. */
static const char *add_line(struct call *call, const char *text, struct script_problem *whole)
{
    struct source source = {.at = text, .whole = whole};
    struct buffer line = {0}, contents = {0};
    const struct form *form = take_form(&source);
    bool has_contents = false, ended = false;
    uint32_t ttl_s = 0;
    if (form)
        buffer_append_text(&line, form->wire);
    for (size_t i = 0; !source.problem && i < OPERANDS_MAX && form->words[i] != OPERAND_END; i++) {
        const char *word;
        enum operand kind = form->words[i];
        ended = kind >= OPERAND_TTL;
        has_contents = kind >= OPERAND_TEXT_TTL;
        if (kind == OPERAND_PATH_TTL) {
            ttl_s = take_path(&source, &contents);
        } else if (has_contents) {
            ttl_s = take_text(&source, &contents);
        } else if (ended) {
            ttl_s = take_ttl(&source);
        } else {
            size_t size = take_word(&source, &word);
            if (size == 0 && kind == OPERAND_VERSION_OPTIONAL)
                break;
            source.problem = operand_problem(kind, word, size);
            buffer_append_u8(&line, ' ');
            buffer_append(&line, word, size);
        }
    }
    if (!ended)
        check_end(&source);
    if (!source.problem && has_contents) {
        buffer_append_u8(&line, ' ');
        buffer_append_number(&line, buffer_size(&contents));
    }
    if (!source.problem && ttl_s > 0) {
        buffer_append_u8(&line, ' ');
        buffer_append_number(&line, ttl_s);
    }
    if (!source.problem)
        call_line(call, "%.*s", (int)buffer_size(&line), (const char *)buffer_start(&line));
    if (!source.problem && has_contents)
        call_contents(call, buffer_start(&contents), buffer_size(&contents));
    buffer_close(&line);
    buffer_close(&contents);
    return call->bad ? "the line is too long" : source.problem;
}

static bool refuse(struct script_problem *problem, unsigned line, const char *text)
{
    problem->line = line;
    if (text != problem->text)
        snprintf(problem->text, sizeof problem->text, "%s", text);
    return false;
}

bool script_parse(struct call *call, const char *text, size_t size, struct script_problem *problem)
{
    unsigned number = 0, lines = 0;
    const char *end = text + size;
    *problem = (struct script_problem){0};
    if (size > 0 && memchr(text, '\0', size))
        return refuse(problem, 0, "it has a zero byte: contents of that kind are for put NAME PATH");
    call_change(call, "txn");
    while (text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((line_end ? line_end : end) - text);
        size_t used = length > 0 && text[length - 1] == '\r' ? length - 1 : length;
        size_t blanks = 0;
        number++;
        while (blanks < used && (text[blanks] == ' ' || text[blanks] == '\t'))
            blanks++;
        if (blanks < used && text[blanks] != '#') {
            char *line = memory_get(used + 1);
            memcpy(line, text, used);
            const char *wrong = ++lines > TRANSACTION_PARTS_MAX
                                    ? "a transaction has at most " TRANSACTION_PARTS_MAX_TEXT " lines"
                                    : add_line(call, line, problem);
            free(line);
            if (wrong)
                return refuse(problem, number, wrong);
        }
        text += length + (line_end != NULL);
    }
    call_line(call, "commit");
    return true;
}
