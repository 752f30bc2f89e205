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

/* The next word, up to a blank; "" at the end of the line. */
static size_t take_word(struct source *source, const char **word)
{
    source->at += strspn(source->at, " \t");
    *word = source->at;
    size_t size = strcspn(source->at, " \t");
    source->at += size;
    return size;
}

/* A line has the words of the protocol's line, but for contents and lifetimes: TEXT [ttl=SECONDS] in place of NUMBYTES
 * and EXPTIME. What is a text there already is `write` here. */
static bool is_line(const struct verb_row *row)
{
    return row->in_txn && row->text == 0;
}

/* Says with which words a line begins. */
static const char *tell_verbs(struct script_problem *problem)
{
    char *text = problem->text;
    size_t size = sizeof problem->text;
    snprintf(text, size, "a line begins with if, put");
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
        if (verb != VERB_IF && is_line(verb_row(verb)))
            snprintf(text + strlen(text), size - strlen(text), ", %s", verb_name(verb));
    return text;
}

/* NULL: there is none. *PUTS: it is `put`, a write of what is in a local file. */
static const struct verb_row *take_verb(struct source *source, bool *puts)
{
    const char *word;
    size_t size = take_word(source, &word);
    *puts = size == 3 && memcmp(word, "put", 3) == 0;
    enum verb verb = *puts ? VERB_WRITE : verb_find(word, size);
    if (verb != VERB_NONE && is_line(verb_row(verb)))
        return verb_row(verb);
    source->problem = tell_verbs(source->whole);
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

static const char *operand_problem(enum operand_form form, const char *word, size_t size)
{
    uint64_t number;
    int64_t integer;
    switch (form) {
    case FORM_NAME:
    case FORM_OTHER_NAME:
        return request_name(word, size) ? NULL : "a name is missing, or longer than 250 bytes";
    case FORM_VERSION:
    case FORM_OTHER_VERSION:
        return request_number(word, size, &number) ? NULL : "a version is a number";
    case FORM_CONDITION:
        return (size == 6 && memcmp(word, "absent", 6) == 0) || (size == 7 && memcmp(word, "present", 7) == 0) ||
                       request_number(word, size, &number)
                   ? NULL : "a condition is a version, absent or present";
    case FORM_EXPTIME:
        return request_number(word, size, &number) && number <= REQUEST_EXPTIME_MAX_S
                   ? NULL : "seconds are a number up to 4294967295";
    case FORM_DELTA:
        return integer_parse((const uint8_t *)word, size, &integer)
                   ? NULL : "what is added is a number from -2^63 to 2^63-1";
    case FORM_NONE:
    case FORM_PREFIX:
    case FORM_WORD:
    case FORM_NUMBYTES:
    case FORM_TEXT:
    case FORM_KEYWORD:
    case FORM_LEVEL:
        break;
    }
    return NULL;
}

/* The words of a line that are the same in the protocol's. Returns the place of the first that is not. */
static size_t add_words(struct source *source, const struct verb_row *row, struct buffer *line)
{
    size_t place = 1;
    buffer_append_text(line, row->name);
    for (; !source->problem && place < row->most; place++) {
        const char *word;
        enum operand_form form = verb_form(row, place);
        if (form == FORM_NUMBYTES || (form == FORM_EXPTIME && place >= row->needs))
            break;
        size_t size = take_word(source, &word);
        if (size == 0 && place >= row->needs) {
            if (!verb_takes(row, place))
                source->problem = "the last words of this line are all there, or none";
            return row->most;
        }
        source->problem = operand_problem(form, word, size);
        buffer_append_u8(line, ' ');
        buffer_append(line, word, size);
    }
    return place;
}

static void add_number(struct buffer *line, uint64_t number)
{
    buffer_append_u8(line, ' ');
    buffer_append_number(line, number);
}

/* One line of the script, which is neither empty nor a comment, to CALL. NULL, or what is wrong, perhaps in WHOLE. */
static const char *add_line(struct call *call, const char *text, struct script_problem *whole)
{
    struct source source = {.at = text, .whole = whole};
    struct buffer line = {0}, contents = {0};
    bool puts, has_contents = false;
    uint32_t ttl_s = 0;
    const struct verb_row *row = take_verb(&source, &puts);
    size_t place = row ? add_words(&source, row, &line) : 0;
    if (!source.problem) {
        has_contents = verb_form(row, place) == FORM_NUMBYTES;
        if (has_contents)
            ttl_s = puts ? take_path(&source, &contents) : take_text(&source, &contents);
        else if (place < row->most)
            ttl_s = take_ttl(&source);
        else
            check_end(&source);
    }
    if (!source.problem) {
        if (has_contents)
            add_number(&line, buffer_size(&contents));
        if (ttl_s > 0)
            add_number(&line, ttl_s);
        call_line(call, "%.*s", (int)buffer_size(&line), (const char *)buffer_start(&line));
        if (has_contents)
            call_contents(call, buffer_start(&contents), buffer_size(&contents));
    }
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
