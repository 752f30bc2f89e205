#include "protocol/request.h"

#include <string.h>

#include "base/ensure.h"

enum { WORDS_MAX = 7 }; /* cas has six with everything; a seventh shows that there are too many */

struct word {
    const uint8_t *bytes;
    size_t size;
};

struct words {
    size_t count; /* the verb included; at most WORDS_MAX, whatever the line holds */
    struct word at[WORDS_MAX];
};

static struct words words_split(const uint8_t *line, size_t size)
{
    struct words words = {0};
    size_t i = 0;
    while (words.count < WORDS_MAX) {
        while (i < size && line[i] == ' ')
            i++;
        if (i == size)
            break;
        size_t start = i;
        while (i < size && line[i] != ' ')
            i++;
        words.at[words.count++] = (struct word){line + start, i - start};
    }
    return words;
}

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

enum number {
    NUMBER_OK,
    NUMBER_BAD,   /* empty, or not all digits */
    NUMBER_LARGE, /* all digits, but 2^64 or more */
};

static enum number number_parse(const uint8_t *digits, size_t size, uint64_t *number)
{
    uint64_t value = 0;
    bool large = false;
    for (size_t i = 0; i < size; i++) {
        uint8_t digit = (uint8_t)(digits[i] - '0');
        if (digit > 9)
            return NUMBER_BAD;
        if (value > (UINT64_MAX - digit) / 10)
            large = true;
        else
            value = value * 10 + digit;
    }
    if (size == 0)
        return NUMBER_BAD;
    if (large)
        return NUMBER_LARGE;
    *number = value;
    return NUMBER_OK;
}

bool request_number(const void *digits, size_t size, uint64_t *number)
{
    return number_parse(digits, size, number) == NUMBER_OK;
}

/* The first of several errors is the one that is told. */
static void request_fail(struct request *request, enum request_error error)
{
    if (request->error == REQUEST_OK)
        request->error = error;
}

static void name_parse(struct request *request, const struct word *word)
{
    if (!request_name(word->bytes, word->size)) {
        request_fail(request, REQUEST_BAD_NAME);
        return;
    }
    request->name = word->bytes;
    request->name_size = word->size;
}

/* NUMBYTES and [EXPTIME], the words from FIRST on. Without a good numbytes the end of the contents is not known. */
static enum request_status contents_parse(struct request *request, const struct words *words, size_t first,
                                          uint64_t value_max_bytes)
{
    const struct word *word = &words->at[first];
    enum number parsed = first < words->count ? number_parse(word->bytes, word->size, &request->numbytes) : NUMBER_BAD;
    if (parsed == NUMBER_BAD) {
        request->error = REQUEST_BAD_NUMBYTES;
        return REQUEST_FATAL;
    }
    if (parsed == NUMBER_LARGE || request->numbytes > value_max_bytes) {
        request->error = REQUEST_TOO_BIG;
        return REQUEST_FATAL;
    }
    request->has_contents = true;
    if (words->count > first + 2)
        request_fail(request, REQUEST_BAD_WORDS);
    if (words->count > first + 1) {
        word = &words->at[first + 1];
        if (!request_number(word->bytes, word->size, &request->exptime_s) || request->exptime_s > REQUEST_EXPTIME_MAX_S)
            request_fail(request, REQUEST_BAD_EXPTIME);
    }
    return REQUEST_LINE;
}

/* The parsers of what comes after a verb. */

static enum request_status parse_plain(struct request *request, const struct words *words, uint64_t value_max_bytes)
{
    (void)value_max_bytes;
    if (words->count != 1)
        request_fail(request, REQUEST_BAD_WORDS);
    return REQUEST_LINE;
}

static enum request_status parse_help(struct request *request, const struct words *words, uint64_t value_max_bytes)
{
    (void)value_max_bytes;
    if (words->count > 2) {
        request_fail(request, REQUEST_BAD_WORDS);
    } else if (words->count == 2) {
        request->name = words->at[1].bytes;
        request->name_size = words->at[1].size;
    }
    return REQUEST_LINE;
}

static enum request_status parse_name(struct request *request, const struct words *words, uint64_t value_max_bytes)
{
    (void)value_max_bytes;
    if (words->count != 2)
        request_fail(request, REQUEST_BAD_WORDS);
    else
        name_parse(request, &words->at[1]);
    return REQUEST_LINE;
}

static enum request_status parse_write(struct request *request, const struct words *words, uint64_t value_max_bytes)
{
    enum request_status status = contents_parse(request, words, 2, value_max_bytes);
    if (status == REQUEST_LINE)
        name_parse(request, &words->at[1]);
    return status;
}

static enum request_status parse_cas(struct request *request, const struct words *words, uint64_t value_max_bytes)
{
    enum request_status status = contents_parse(request, words, 3, value_max_bytes);
    if (status != REQUEST_LINE)
        return status;
    name_parse(request, &words->at[1]);
    if (!request_number(words->at[2].bytes, words->at[2].size, &request->version))
        request_fail(request, REQUEST_BAD_VERSION);
    return status;
}

/* By enum verb. */
static const struct verb_entry {
    const char *name;
    size_t name_size;
    enum request_status (*parse)(struct request *request, const struct words *words, uint64_t value_max_bytes);
} verbs[VERB_COUNT] = {
#define VERB(text, parse) {text, sizeof text - 1, parse}
    [VERB_READ] = VERB("read", parse_name),
    [VERB_WRITE] = VERB("write", parse_write),
    [VERB_CAS] = VERB("cas", parse_cas),
    [VERB_DELETE] = VERB("delete", parse_name),
    [VERB_HELP] = VERB("help", parse_help),
    [VERB_PING] = VERB("ping", parse_plain),
    [VERB_VERSION] = VERB("version", parse_plain),
    [VERB_QUIT] = VERB("quit", parse_plain),
    [VERB_STATUS] = VERB("status", parse_plain),
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
    struct words words = words_split(bytes, line_size);
    if (words.count == 0) {
        request->error = REQUEST_EMPTY_LINE;
        return REQUEST_LINE;
    }
    request->verb = request_verb(words.at[0].bytes, words.at[0].size);
    if (request->verb == VERB_NONE) {
        request->error = REQUEST_UNKNOWN_VERB;
        return REQUEST_FATAL;
    }
    return verbs[request->verb].parse(request, &words, value_max_bytes);
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
        [REQUEST_BAD_VERSION] = "the version is not a plain number; see 'help cas'",
        [REQUEST_BAD_EXPTIME] = "exptime is not a plain number of seconds up to 4294967295",
        [REQUEST_BAD_WORDS] = "too few or too many words; 'help VERB' shows how it is written",
        [REQUEST_EMPTY_LINE] = "empty line; 'help' lists the verbs",
    };
    ensure(error < REQUEST_ERROR_COUNT);
    ensure(texts[error] != NULL);
    return texts[error];
}
