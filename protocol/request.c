#include "protocol/request.h"

#include <string.h>

#include "base/ensure.h"
#include "protocol/words.h"

bool request_name(const void *name, size_t size)
{
    const uint8_t *bytes = name;
    if (size == 0 || size > REQUEST_NAME_MAX)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] <= ' ' || bytes[i] == 0x7f)
            return false;
    }
    return true;
}

bool request_number(const void *digits, size_t size, uint64_t *number)
{
    return number_parse(digits, size, number) == NUMBER_OK;
}

/* A line that is being parsed. */
struct parsing {
    struct request *request;
    struct words words;
    const uint8_t *line_end;
    uint64_t value_max_bytes;
};

/* The first of several errors is the one that is told. */
static void request_fail(struct request *request, enum request_error error)
{
    if (request->error == REQUEST_OK)
        request->error = error;
}

/* The word at PLACE. */
static void name_parse(struct parsing *parsing, size_t place)
{
    struct request *request = parsing->request;
    const struct word *word = &parsing->words.at[place];
    if (!request_name(word->bytes, word->size)) {
        request_fail(request, REQUEST_BAD_NAME);
        return;
    }
    request->name = word->bytes;
    request->name_size = word->size;
}

static void version_parse(struct parsing *parsing, size_t place)
{
    struct request *request = parsing->request;
    const struct word *word = &parsing->words.at[place];
    if (!request_number(word->bytes, word->size, &request->version))
        request_fail(request, REQUEST_BAD_VERSION);
    request->has_version = true;
}

static void exptime_parse(struct parsing *parsing, size_t place)
{
    struct request *request = parsing->request;
    const struct word *word = &parsing->words.at[place];
    if (!request_number(word->bytes, word->size, &request->exptime_s) || request->exptime_s > REQUEST_EXPTIME_MAX_S)
        request_fail(request, REQUEST_BAD_EXPTIME);
}

/* Takes once=TOKEN off the end of the words, of which the first NEEDED are something else. */
static void token_take(struct parsing *parsing, size_t needed)
{
    struct request *request = parsing->request;
    struct words *words = &parsing->words;
    struct word token;
    if (words->count <= needed || !word_begins(&words->at[words->count - 1], "once=", &token))
        return;
    words->count--;
    if (token.size > REQUEST_TOKEN_MAX || !request_name(token.bytes, token.size))
        request_fail(request, REQUEST_BAD_TOKEN);
    request->token = token.bytes;
    request->token_size = token.size;
}

/* From LOW to HIGH words: true. Otherwise an error is set. */
static bool words_between(struct parsing *parsing, size_t low, size_t high)
{
    if (parsing->words.count >= low && parsing->words.count <= high)
        return true;
    request_fail(parsing->request, REQUEST_BAD_WORDS);
    return false;
}

/* NUMBYTES, the word at PLACE, and perhaps EXPTIME behind it. Without a good numbytes the end of the contents is not
 * known. */
static enum request_status contents_parse(struct parsing *parsing, size_t place)
{
    struct request *request = parsing->request;
    const struct words *words = &parsing->words;
    const struct word *word = &words->at[place];
    enum number parsed = place < words->count ? number_parse(word->bytes, word->size, &request->numbytes) : NUMBER_BAD;
    if (parsed == NUMBER_BAD) {
        request->error = REQUEST_BAD_NUMBYTES;
        return REQUEST_FATAL;
    }
    if (parsed == NUMBER_LARGE || request->numbytes > parsing->value_max_bytes) {
        request->error = REQUEST_TOO_BIG;
        return REQUEST_FATAL;
    }
    request->has_contents = true;
    token_take(parsing, place + 1);
    words_between(parsing, place + 1, place + 2);
    if (words->count > place + 1)
        exptime_parse(parsing, place + 1);
    name_parse(parsing, 1);
    return REQUEST_LINE;
}

/* The parsers of what comes after a verb. */

static enum request_status parse_plain(struct parsing *parsing)
{
    words_between(parsing, 1, 1);
    return REQUEST_LINE;
}

static enum request_status parse_help(struct parsing *parsing)
{
    struct request *request = parsing->request;
    const struct words *words = &parsing->words;
    if (words_between(parsing, 1, 2) && words->count == 2) {
        request->name = words->at[1].bytes;
        request->name_size = words->at[1].size;
    }
    return REQUEST_LINE;
}

/* read and stat: NAME [stale] */
static enum request_status parse_read(struct parsing *parsing)
{
    struct request *request = parsing->request;
    const struct words *words = &parsing->words;
    if (!words_between(parsing, 2, 3))
        return REQUEST_LINE;
    name_parse(parsing, 1);
    request->stale = words->count == 3;
    if (request->stale && !word_is(&words->at[2], "stale"))
        request_fail(request, REQUEST_BAD_WORDS);
    return REQUEST_LINE;
}

static enum request_status parse_delete(struct parsing *parsing)
{
    token_take(parsing, 2);
    if (!words_between(parsing, 2, 3))
        return REQUEST_LINE;
    name_parse(parsing, 1);
    if (parsing->words.count == 3)
        version_parse(parsing, 2);
    return REQUEST_LINE;
}

static enum request_status parse_touch(struct parsing *parsing)
{
    token_take(parsing, 3);
    if (!words_between(parsing, 3, 4))
        return REQUEST_LINE;
    name_parse(parsing, 1);
    exptime_parse(parsing, 2);
    if (parsing->words.count == 4)
        version_parse(parsing, 3);
    return REQUEST_LINE;
}

static enum request_status parse_incr(struct parsing *parsing)
{
    struct request *request = parsing->request;
    const struct words *words = &parsing->words;
    token_take(parsing, 3);
    if (!words_between(parsing, 3, 4))
        return REQUEST_LINE;
    name_parse(parsing, 1);
    if (!integer_parse(words->at[2].bytes, words->at[2].size, &request->delta))
        request_fail(request, REQUEST_BAD_DELTA);
    if (words->count == 4)
        exptime_parse(parsing, 3);
    return REQUEST_LINE;
}

/* copy and move: SRC DST [VERSION], which is the target's. */
static enum request_status parse_copy(struct parsing *parsing)
{
    struct request *request = parsing->request;
    const struct words *words = &parsing->words;
    token_take(parsing, 3);
    if (!words_between(parsing, 3, 4))
        return REQUEST_LINE;
    const struct word *source = &words->at[1];
    name_parse(parsing, 1);
    request->other = source->bytes;
    request->other_size = source->size;
    name_parse(parsing, 2);
    if (words->count == 4)
        version_parse(parsing, 3);
    if (source->size == words->at[2].size && memcmp(source->bytes, words->at[2].bytes, source->size) == 0)
        request_fail(request, REQUEST_SAME_NAME);
    return REQUEST_LINE;
}

/* write and append: NAME NUMBYTES [EXPTIME] */
static enum request_status parse_write(struct parsing *parsing)
{
    return contents_parse(parsing, 2);
}

/* What is contents begins behind one blank: others behind that are part of it, and so is what looks like an option. */
static enum request_status parse_set(struct parsing *parsing)
{
    struct request *request = parsing->request;
    const struct words *words = &parsing->words;
    const uint8_t *behind = words->count > 1 ? words->at[1].bytes + words->at[1].size : parsing->line_end;
    if (behind == parsing->line_end) {
        request_fail(request, REQUEST_NO_TEXT);
        return REQUEST_LINE;
    }
    name_parse(parsing, 1);
    request->text = behind + 1;
    request->text_size = (size_t)(parsing->line_end - request->text);
    if (request->text_size > parsing->value_max_bytes)
        request_fail(request, REQUEST_TOO_BIG);
    return REQUEST_LINE;
}

static enum request_status parse_cas(struct parsing *parsing)
{
    enum request_status status = contents_parse(parsing, 3);
    if (status == REQUEST_LINE)
        version_parse(parsing, 2);
    return status;
}

static enum request_status parse_txn(struct parsing *parsing)
{
    token_take(parsing, 1);
    words_between(parsing, 1, 1);
    return REQUEST_LINE;
}

static enum request_status parse_if(struct parsing *parsing)
{
    struct request *request = parsing->request;
    const struct words *words = &parsing->words;
    if (!words_between(parsing, 3, 3))
        return REQUEST_LINE;
    name_parse(parsing, 1);
    if (word_is(&words->at[2], "present"))
        return REQUEST_LINE;
    request->has_version = true;
    if (!word_is(&words->at[2], "absent") &&
        !request_number(words->at[2].bytes, words->at[2].size, &request->version))
        request_fail(request, REQUEST_BAD_CONDITION);
    return REQUEST_LINE;
}

/* --- list --------------------------------------------------------------------------------------------------------- */

/* A name that list looks for; an empty one is none. */
static bool list_name(const struct word *word, const uint8_t **name, size_t *size)
{
    if (*name || (word->size > 0 && !request_name(word->bytes, word->size)))
        return false;
    *name = word->bytes;
    *size = word->size;
    return true;
}

static bool list_limit(struct request *request, const struct word *word)
{
    uint64_t limit;
    if (request->limit > 0 || !request_number(word->bytes, word->size, &limit) || limit < 1 ||
        limit > REQUEST_LIST_MAX)
        return false;
    request->limit = (uint32_t)limit;
    return true;
}

static bool list_delimiter(struct request *request, const struct word *word)
{
    if (request->delimiter >= 0 || word->size != 1 || !request_name(word->bytes, 1))
        return false;
    request->delimiter = word->bytes[0];
    return true;
}

/* Only the first word may be a prefix without `prefix=`; and not one with a `=`, which may be an option mistyped. */
static bool list_option(struct request *request, const struct word *word, bool first)
{
    struct word rest;
    if (word_begins(word, "after=", &rest))
        return list_name(&rest, &request->other, &request->other_size);
    if (word_begins(word, "limit=", &rest))
        return list_limit(request, &rest);
    if (word_begins(word, "delim=", &rest))
        return list_delimiter(request, &rest);
    if (word_begins(word, "prefix=", &rest))
        return list_name(&rest, &request->name, &request->name_size);
    if (word_is(word, "stale"))
        return request->stale ? false : (request->stale = true);
    return first && !memchr(word->bytes, '=', word->size) && list_name(word, &request->name, &request->name_size);
}

static enum request_status parse_list(struct parsing *parsing)
{
    struct request *request = parsing->request;
    const struct words *words = &parsing->words;
    request->delimiter = -1;
    for (size_t i = 1; i < words->count; i++)
        if (!list_option(request, &words->at[i], i == 1))
            request_fail(request, REQUEST_BAD_OPTION);
    if (request->limit == 0)
        request->limit = REQUEST_LIST_DEFAULT;
    return REQUEST_LINE;
}

/* By enum verb. */
static const struct verb_entry {
    const char *name;
    size_t name_size;
    enum request_status (*parse)(struct parsing *parsing);
} verbs[VERB_COUNT] = {
#define VERB(text, parse) {text, sizeof text - 1, parse}
    [VERB_READ] = VERB("read", parse_read),
    [VERB_WRITE] = VERB("write", parse_write),
    [VERB_SET] = VERB("set", parse_set),
    [VERB_CAS] = VERB("cas", parse_cas),
    [VERB_DELETE] = VERB("delete", parse_delete),
    [VERB_HELP] = VERB("help", parse_help),
    [VERB_PING] = VERB("ping", parse_plain),
    [VERB_VERSION] = VERB("version", parse_plain),
    [VERB_QUIT] = VERB("quit", parse_plain),
    [VERB_STATUS] = VERB("status", parse_plain),
    [VERB_LIST] = VERB("list", parse_list),
    [VERB_STAT] = VERB("stat", parse_read),
    [VERB_TOUCH] = VERB("touch", parse_touch),
    [VERB_COPY] = VERB("copy", parse_copy),
    [VERB_MOVE] = VERB("move", parse_copy),
    [VERB_APPEND] = VERB("append", parse_write),
    [VERB_INCR] = VERB("incr", parse_incr),
    [VERB_TXN] = VERB("txn", parse_txn),
    [VERB_IF] = VERB("if", parse_if),
    [VERB_COMMIT] = VERB("commit", parse_plain),
    [VERB_CANCEL] = VERB("cancel", parse_plain),
#undef VERB
};

enum verb request_verb(const void *name, size_t size)
{
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        if (verbs[verb].name_size == size && memcmp(verbs[verb].name, name, size) == 0)
            return verb;
    }
    return VERB_NONE;
}

const char *request_verb_name(enum verb verb)
{
    ensure(verb < VERB_COUNT);
    return verbs[verb].name;
}

/* Finds the line at the start of BYTES: its size without and, in *CONSUMED, with its end. REQUEST_FATAL as soon as no
 * byte that can follow would make it short enough. */
static enum request_status line_find(const uint8_t *bytes, size_t size, size_t *line_size, size_t *consumed)
{
    size_t looked = size < REQUEST_LINE_MAX + 2 ? size : REQUEST_LINE_MAX + 2;
    const uint8_t *end = looked > 0 ? memchr(bytes, '\n', looked) : NULL;
    if (!end) {
        bool cr_may_end_it = looked == REQUEST_LINE_MAX + 1 && bytes[REQUEST_LINE_MAX] == '\r';
        return looked <= REQUEST_LINE_MAX || cr_may_end_it ? REQUEST_MORE : REQUEST_FATAL;
    }
    *line_size = (size_t)(end - bytes);
    *consumed = *line_size + 1;
    if (*line_size > 0 && end[-1] == '\r')
        --*line_size;
    return *line_size <= REQUEST_LINE_MAX ? REQUEST_LINE : REQUEST_FATAL;
}

enum request_status request_parse(const uint8_t *bytes, size_t size, uint64_t value_max_bytes,
                                  struct request *request, size_t *consumed)
{
    size_t line_size = 0;
    *request = (struct request){.verb = VERB_NONE, .error = REQUEST_OK};
    *consumed = 0;
    enum request_status status = line_find(bytes, size, &line_size, consumed);
    if (status == REQUEST_MORE)
        return status;
    if (status == REQUEST_FATAL) {
        request->error = REQUEST_LINE_TOO_LONG;
        return status;
    }
    ensure(line_size < *consumed && *consumed <= size);
    struct parsing parsing = {request, words_split(bytes, line_size), bytes + line_size, value_max_bytes};
    if (parsing.words.count == 0) {
        request->error = REQUEST_EMPTY_LINE;
        return REQUEST_LINE;
    }
    request->verb = request_verb(parsing.words.at[0].bytes, parsing.words.at[0].size);
    if (request->verb == VERB_NONE) {
        request->error = REQUEST_UNKNOWN_VERB;
        request->name = parsing.words.at[0].bytes;
        request->name_size = parsing.words.at[0].size;
        return REQUEST_FATAL;
    }
    return verbs[request->verb].parse(&parsing);
}

int request_end(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    if (bytes[0] == '\n')
        return 1;
    if (bytes[0] != '\r')
        return -1;
    if (size == 1)
        return 0;
    return bytes[1] == '\n' ? 2 : -1;
}

const char *request_error_text(enum request_error error)
{
    static const char *const texts[REQUEST_ERROR_COUNT] = {
        [REQUEST_OK] = "no error",
        [REQUEST_UNKNOWN_VERB] = "unknown verb (they are lower case); 'help' lists them; closing",
        [REQUEST_LINE_TOO_LONG] = "line of 500 bytes or more; closing",
        [REQUEST_BAD_NUMBYTES] = "numbytes is missing or not a plain number; see 'help write', 'help cas'; closing",
        [REQUEST_TOO_BIG] = "numbytes is above this cluster's limit for a file; closing",
        [REQUEST_BAD_END] = "no line end after numbytes bytes of contents; closing",
        [REQUEST_BAD_NAME] = "a file name has 1 to 250 bytes, no space and no control character",
        [REQUEST_BAD_VERSION] = "the version is not a plain number; 'help VERB' shows how it is written",
        [REQUEST_BAD_EXPTIME] = "exptime is not a plain number of seconds up to 4294967295",
        [REQUEST_BAD_WORDS] = "too few or too many words; 'help VERB' shows how it is written",
        [REQUEST_BAD_DELTA] = "delta is not a whole number from -2^63 to 2^63-1; see 'help incr'",
        [REQUEST_BAD_OPTION] = "not an option of list, or not a value that it can have; see 'help list'",
        [REQUEST_BAD_TOKEN] = "a token has 1 to 64 bytes, no space and no control character; see 'help'",
        [REQUEST_BAD_CONDITION] = "a condition is a version, absent or present; see 'help if'",
        [REQUEST_SAME_NAME] = "from a file to itself",
        [REQUEST_NO_TEXT] = "the text is missing: set NAME TEXT; see 'help set'",
        [REQUEST_EMPTY_LINE] = "empty line; 'help' lists the verbs",
    };
    ensure(error < REQUEST_ERROR_COUNT);
    ensure(texts[error] != NULL);
    return texts[error];
}
