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
    const struct verb_row *row;
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

/* --- options ------------------------------------------------------------------------------------------------------ */

/* Where the options' values go. Of BYTES that is two fields: the bytes and their size. */
static const struct {
    uint16_t offset;
    uint16_t size_offset;
} fields[VERB_OPTION_COUNT] = {
#define FLAG(field) 0
#define NUMBER(field) 0
#define CHAR(field) 0
#define BYTES(field) offsetof(struct request, field##_size)
#define OPTION(id, word, value, form, field, ...) [VERB_OPTION_##id] = {offsetof(struct request, field), form(field)},
#include "protocol/options.def"
#undef OPTION
#undef FLAG
#undef NUMBER
#undef CHAR
#undef BYTES
};

/* The VALUE of an option that was not there before. False: it cannot have that. */
static bool option_set(struct request *request, enum verb_option option, const struct word *value)
{
    const struct option_row *row = &option_rows[option];
    void *field = (uint8_t *)request + fields[option].offset;
    uint64_t number;
    switch ((enum verb_option_form)row->form) {
    case OPTION_FORM_FLAG:
        *(bool *)field = true;
        return value->size == 0;
    case OPTION_FORM_BYTES:
        *(const uint8_t **)field = value->bytes;
        *(size_t *)((uint8_t *)request + fields[option].size_offset) = value->size;
        return value->size >= row->low && value->size <= row->high &&
               (value->size == 0 || request_name(value->bytes, value->size));
    case OPTION_FORM_NUMBER:
        if (!request_number(value->bytes, value->size, &number) || number < row->low || number > row->high)
            return false;
        *(uint64_t *)field = number;
        return true;
    case OPTION_FORM_CHAR:
        if (value->size != 1 || !request_name(value->bytes, 1))
            return false;
        *(int16_t *)field = value->bytes[0];
        return true;
    }
    return false;
}

bool request_value(enum verb_option option, const void *value, size_t size)
{
    struct request request = {.verb = VERB_NONE};
    return option_set(&request, option, &(struct word){value, size});
}

/* The option among those of SET that WORD is; what follows its `=` is in *VALUE. VERB_OPTION_COUNT: none. */
static enum verb_option option_find(uint32_t set, const struct word *word, struct word *value)
{
    for (; set > 0; set &= set - 1) {
        enum verb_option option = (enum verb_option)__builtin_ctz(set);
        const struct option_row *row = &option_rows[option];
        if (word->size < row->word_size || memcmp(word->bytes, row->word, row->word_size) != 0)
            continue;
        *value = (struct word){word->bytes + row->word_size, word->size - row->word_size};
        if (row->value || value->size == 0)
            return option;
    }
    return VERB_OPTION_COUNT;
}

/* Takes the options off the end of the words, of which the first that the verb needs are something else. */
static uint32_t options_take(struct parsing *parsing)
{
    struct request *request = parsing->request;
    struct words *words = &parsing->words;
    uint32_t taken = 0;
    while (words->count > parsing->row->needs) {
        struct word value;
        enum verb_option option = option_find(parsing->row->options, &words->at[words->count - 1], &value);
        if (option == VERB_OPTION_COUNT)
            break;
        if (taken & 1u << option)
            request_fail(request, REQUEST_OPTION_TWICE);
        else if (!option_set(request, option, &value) && request->error == REQUEST_OK) {
            request->error = REQUEST_BAD_VALUE;
            request->option = (uint8_t)option;
        }
        taken |= 1u << option;
        words->count--;
    }
    return taken;
}

/* KEY=..., of which no number, and no word that options may be mistaken for, has the looks. */
static bool looks_like_option(const struct word *word)
{
    size_t size = 0;
    while (size < word->size && (word->bytes[size] | 32) >= 'a' && (word->bytes[size] | 32) <= 'z')
        size++;
    return size > 0 && size < word->size && word->bytes[size] == '=';
}

/* --- operands ----------------------------------------------------------------------------------------------------- */

static void number_take(struct parsing *parsing, size_t place, uint64_t max, uint64_t *number,
                        enum request_error error)
{
    const struct word *word = &parsing->words.at[place];
    if (request_number(word->bytes, word->size, number) && *number <= max)
        return;
    bool option = place >= parsing->row->needs && looks_like_option(word);
    request_fail(parsing->request, option ? REQUEST_BAD_OPTION : error);
}

static void name_take(struct request *request, const struct word *word, const uint8_t **name, size_t *size)
{
    if (!request_name(word->bytes, word->size)) {
        request_fail(request, REQUEST_BAD_NAME);
        return;
    }
    *name = word->bytes;
    *size = word->size;
}

/* The start of names. One with a `=`, which may be an option mistyped, is written as an option itself. */
static void prefix_take(struct request *request, const struct word *word)
{
    if (memchr(word->bytes, '=', word->size))
        request_fail(request, REQUEST_BAD_OPTION);
    else if (request->name)
        request_fail(request, REQUEST_OPTION_TWICE);
    else
        name_take(request, word, &request->name, &request->name_size);
}

static void condition_take(struct request *request, const struct word *word)
{
    if (word_is(word, "present"))
        return;
    request->has_version = true;
    if (!word_is(word, "absent") && !request_number(word->bytes, word->size, &request->version))
        request_fail(request, REQUEST_BAD_CONDITION);
}

static void level_take(struct parsing *parsing, size_t place)
{
    uint64_t level = 0;
    number_take(parsing, place, UINT16_MAX, &level, REQUEST_BAD_LEVEL);
    if (level == 0)
        request_fail(parsing->request, REQUEST_BAD_LEVEL);
    parsing->request->level = (uint16_t)level;
}

static void operand_take(struct parsing *parsing, size_t place)
{
    struct request *request = parsing->request;
    const struct word *word = &parsing->words.at[place];
    switch ((enum operand_form)operand_rows[parsing->row->operands[place]].form) {
    case FORM_NAME:
        name_take(request, word, &request->name, &request->name_size);
        break;
    case FORM_OTHER_NAME:
        name_take(request, word, &request->other, &request->other_size);
        break;
    case FORM_VERSION:
        number_take(parsing, place, UINT64_MAX, &request->version, REQUEST_BAD_VERSION);
        request->has_version = place >= parsing->row->needs;
        break;
    case FORM_OTHER_VERSION:
        number_take(parsing, place, UINT64_MAX, &request->other_version, REQUEST_BAD_VERSION);
        break;
    case FORM_EXPTIME:
        number_take(parsing, place, REQUEST_EXPTIME_MAX_S, &request->exptime_s, REQUEST_BAD_EXPTIME);
        break;
    case FORM_DELTA:
        if (!integer_parse(word->bytes, word->size, &request->delta))
            request_fail(request, REQUEST_BAD_DELTA);
        break;
    case FORM_CONDITION:
        condition_take(request, word);
        break;
    case FORM_PREFIX:
        prefix_take(request, word);
        break;
    case FORM_LEVEL:
        level_take(parsing, place);
        break;
    case FORM_KEYWORD:
        if (!word_is(word, operand_rows[parsing->row->operands[place]].label))
            request_fail(request, REQUEST_BAD_KEYWORD);
        break;
    case FORM_WORD:
        request->name = word->bytes;
        request->name_size = word->size;
        break;
    case FORM_NUMBYTES: /* numbytes_take was first */
    case FORM_TEXT:     /* text_take */
    case FORM_NONE:
        break;
    }
}

/* NUMBYTES, the word at PLACE. Without a good one the end of the contents is not known: false. */
static bool numbytes_take(struct parsing *parsing, size_t place)
{
    struct request *request = parsing->request;
    const struct words *words = &parsing->words;
    const struct word *word = &words->at[place];
    enum number parsed = place < words->count ? number_parse(word->bytes, word->size, &request->numbytes) : NUMBER_BAD;
    if (parsed == NUMBER_OK && request->numbytes <= parsing->value_max_bytes) {
        request->has_contents = true;
        return true;
    }
    request->error = parsed == NUMBER_BAD ? REQUEST_BAD_NUMBYTES : REQUEST_TOO_BIG;
    return false;
}

/* A name, and a text behind one blank: others behind that are part of it, and so is what looks like an option. */
static void text_take(struct parsing *parsing)
{
    struct request *request = parsing->request;
    const struct words *words = &parsing->words;
    const uint8_t *behind = words->count > 1 ? words->at[1].bytes + words->at[1].size : parsing->line_end;
    if (behind == parsing->line_end) {
        request_fail(request, REQUEST_NO_TEXT);
        return;
    }
    operand_take(parsing, 1);
    request->text = behind + 1;
    request->text_size = (size_t)(parsing->line_end - request->text);
    if (request->text_size > parsing->value_max_bytes)
        request_fail(request, REQUEST_TOO_BIG);
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static bool is_one_file(const struct request *request)
{
    return request->other && request->name && request->name_size == request->other_size &&
           memcmp(request->name, request->other, request->name_size) == 0;
}

/* The words behind the verb, as its row has them. */
static enum request_status words_parse(struct parsing *parsing)
{
    struct request *request = parsing->request;
    const struct verb_row *row = parsing->row;
    struct words *words = &parsing->words;
    if (row->text > 0) {
        text_take(parsing);
        return REQUEST_LINE;
    }
    if (row->contents > 0 && !numbytes_take(parsing, row->contents))
        return REQUEST_FATAL;
    uint32_t taken = words->count > row->needs ? options_take(parsing) : 0;
    if (!verb_takes(row, words->count)) {
        bool option = words->count > row->most && looks_like_option(&words->at[words->count - 1]);
        request_fail(request, option ? REQUEST_BAD_OPTION : REQUEST_BAD_WORDS);
        return REQUEST_LINE;
    }
    for (size_t place = 1; place < words->count; place++)
        operand_take(parsing, place);
    if (row->options & 1u << VERB_OPTION_LIMIT && !(taken & 1u << VERB_OPTION_LIMIT))
        request->limit = REQUEST_LIST_DEFAULT;
    if (row->class == CLASS_CHANGE && is_one_file(request))
        request_fail(request, REQUEST_SAME_NAME);
    return REQUEST_LINE;
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
    *request = (struct request){.verb = VERB_NONE, .error = REQUEST_OK, .delimiter = -1};
    *consumed = 0;
    enum request_status status = line_find(bytes, size, &line_size, consumed);
    if (status == REQUEST_MORE)
        return status;
    if (status == REQUEST_FATAL) {
        request->error = REQUEST_LINE_TOO_LONG;
        return status;
    }
    ensure(line_size < *consumed && *consumed <= size);
    struct parsing parsing;
    parsing.request = request;
    parsing.line_end = bytes + line_size;
    parsing.value_max_bytes = value_max_bytes;
    words_split(bytes, line_size, &parsing.words);
    if (parsing.words.count == 0) {
        request->error = REQUEST_EMPTY_LINE;
        return REQUEST_LINE;
    }
    request->verb = verb_find(parsing.words.at[0].bytes, parsing.words.at[0].size);
    if (request->verb == VERB_NONE) {
        request->error = REQUEST_UNKNOWN_VERB;
        request->name = parsing.words.at[0].bytes;
        request->name_size = parsing.words.at[0].size;
        return REQUEST_FATAL;
    }
    parsing.row = &verb_rows[request->verb];
    return words_parse(&parsing);
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

static void text_add(char text[REQUEST_TEXT_MAX], const char *more)
{
    size_t used = strlen(text), size = strlen(more) + 1;
    ensure(size <= REQUEST_TEXT_MAX - used);
    memcpy(text + used, more, size);
}

/* "no such option; list takes prefix=PREFIX, after=NAME, ...; see 'help list'" */
static const char *option_text(const struct verb_row *row, char text[REQUEST_TEXT_MAX])
{
    text[0] = '\0';
    text_add(text, "no such option; ");
    text_add(text, row->name);
    text_add(text, row->options > 0 ? " takes" : " takes none");
    for (uint32_t set = row->options; set > 0; set &= set - 1) {
        const struct option_row *option = &option_rows[__builtin_ctz(set)];
        text_add(text, set == row->options ? " " : ", ");
        text_add(text, option->word);
        text_add(text, option->value ? option->value : "");
    }
    text_add(text, "; see 'help ");
    text_add(text, row->name);
    text_add(text, "'");
    return text;
}

const char *request_error_text(const struct request *request, char text[REQUEST_TEXT_MAX])
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
        [REQUEST_OPTION_TWICE] = "an option is there twice; 'help VERB' shows how it is written",
        [REQUEST_BAD_CONDITION] = "a condition is a version, absent or present; see 'help if'",
        [REQUEST_SAME_NAME] = "both names are those of one file",
        [REQUEST_BAD_KEYWORD] = "what can be changed of the cluster is its level; see 'help cluster'",
        [REQUEST_BAD_LEVEL] = "a level is a number from 1 to 65535; see 'help cluster'",
        [REQUEST_NO_TEXT] = "the text is missing: set NAME TEXT; see 'help set'",
        [REQUEST_EMPTY_LINE] = "empty line; 'help' lists the verbs",
    };
    if (request->error == REQUEST_BAD_OPTION)
        return option_text(verb_row(request->verb), text);
    if (request->error == REQUEST_BAD_VALUE)
        return option_rows[request->option].rule;
    ensure(request->error < REQUEST_ERROR_COUNT);
    ensure(texts[request->error] != NULL);
    return texts[request->error];
}
