#include "http/txn.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "protocol/transaction.h"

/* Members of a condition or change. */
enum member {
    MEMBER_OP,
    MEMBER_NAME,
    MEMBER_VERSION,
    MEMBER_ABSENT,
    MEMBER_PRESENT,
    MEMBER_TEXT,
    MEMBER_BASE64,
    MEMBER_TTL,
    MEMBER_DELTA,
    MEMBER_FROM,
    MEMBER_FROM_VERSION,
    MEMBER_COUNT,
};

struct members {
    json_t *at[MEMBER_COUNT]; /* borrowed; NULL: not there */
};

#define SET(which) (1u << MEMBER_##which)

static const char *take_members(json_t *object, struct members *members)
{
    static const char *const names[MEMBER_COUNT] = {
        [MEMBER_OP] = "op",           [MEMBER_NAME] = "name", [MEMBER_VERSION] = "version", [MEMBER_ABSENT] = "absent",
        [MEMBER_PRESENT] = "present", [MEMBER_TEXT] = "text", [MEMBER_BASE64] = "base64",   [MEMBER_TTL] = "ttl",
        [MEMBER_DELTA] = "delta",     [MEMBER_FROM] = "from", [MEMBER_FROM_VERSION] = "from_version",
    };
    memset(members, 0, sizeof *members);
    size_t known = 0;
    for (unsigned i = 0; i < MEMBER_COUNT; i++) {
        members->at[i] = json_object_get(object, names[i]);
        known += members->at[i] != NULL;
    }
    if (!json_is_object(object))
        return "this is no object";
    return known == json_object_size(object) ? NULL : "it has a member that is not known";
}

/* All of NEEDED (bits by enum member) and none but these and ALLOWED. */
static bool has(const struct members *members, unsigned needed, unsigned allowed)
{
    for (unsigned i = 0; i < MEMBER_COUNT; i++) {
        bool given = members->at[i] != NULL;
        if ((given && !((needed | allowed) & 1u << i)) || (!given && (needed & 1u << i)))
            return false;
    }
    return true;
}

static bool add_name(struct buffer *lines, json_t *name)
{
    if (!json_is_string(name) || !request_name(json_string_value(name), json_string_length(name)))
        return false;
    buffer_append_text(lines, " ");
    buffer_append(lines, json_string_value(name), json_string_length(name));
    return true;
}

/* A number that is not negative, as a word; nothing where it is not there. */
static bool add_number(struct buffer *lines, json_t *number)
{
    if (!number)
        return true;
    if (!json_is_integer(number) || json_integer_value(number) < 0)
        return false;
    buffer_append_text(lines, " ");
    buffer_append_number(lines, (uint64_t)json_integer_value(number));
    return true;
}

static bool add_delta(struct buffer *lines, json_t *delta)
{
    if (!json_is_integer(delta))
        return false;
    json_int_t value = json_integer_value(delta);
    buffer_append_text(lines, value < 0 ? " -" : " ");
    buffer_append_number(lines, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    return true;
}

/* NUMBYTES and EXPTIME, and the contents behind them. */
static bool add_contents(struct buffer *lines, const struct members *members)
{
    json_t *text = members->at[MEMBER_TEXT], *coded = members->at[MEMBER_BASE64];
    json_t *contents = text ? text : coded;
    if ((text && coded) || !json_is_string(contents))
        return false;
    struct buffer decoded = {0};
    bool good = !coded || base64_decode(&decoded, json_string_value(coded), json_string_length(coded));
    const void *bytes = text ? (const void *)json_string_value(text) : buffer_start(&decoded);
    size_t size = text ? json_string_length(text) : buffer_size(&decoded);
    if (good) {
        buffer_append_text(lines, " ");
        buffer_append_number(lines, size);
        good = add_number(lines, members->at[MEMBER_TTL]);
        buffer_append_text(lines, "\r\n");
        if (size > 0)
            buffer_append(lines, bytes, size);
    }
    buffer_close(&decoded);
    return good;
}

static const char *add_condition(struct buffer *lines, json_t *condition, char reason[TXN_REASON_MAX])
{
    struct members members;
    const char *problem = take_members(condition, &members);
    (void)reason;
    if (problem)
        return problem;
    buffer_append_text(lines, "if");
    bool good = add_name(lines, members.at[MEMBER_NAME]);
    if (has(&members, SET(NAME) | SET(VERSION), 0)) {
        good &= add_number(lines, members.at[MEMBER_VERSION]);
    } else if (has(&members, SET(NAME) | SET(ABSENT), 0) && json_is_true(members.at[MEMBER_ABSENT])) {
        buffer_append_text(lines, " absent");
    } else if (has(&members, SET(NAME) | SET(PRESENT), 0) && json_is_true(members.at[MEMBER_PRESENT])) {
        buffer_append_text(lines, " present");
    } else {
        good = false;
    }
    buffer_append_text(lines, "\r\n");
    return good ? NULL : "a condition is a name with one of version, absent: true and present: true";
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

/* The words of a line, as members. */
static const struct {
    unsigned members;     /* a set; of several one is given */
    const char *phrase;
} forms[] = {
    [FORM_NAME] = {SET(NAME), "a name"},
    [FORM_OTHER_NAME] = {SET(FROM), "from"},
    [FORM_VERSION] = {SET(VERSION), "a version"},
    [FORM_OTHER_VERSION] = {SET(FROM_VERSION), "a from_version"},
    [FORM_NUMBYTES] = {SET(TEXT) | SET(BASE64), "text or base64"},
    [FORM_EXPTIME] = {SET(TTL), "a ttl"},
    [FORM_DELTA] = {SET(DELTA), "a delta, which is a whole number"},
    [FORM_TEXT] = {0, NULL},
};

static bool is_operation(enum verb verb)
{
    const struct verb_row *row = verb_row(verb);
    return row->class == CLASS_CHANGE && row->in_txn && row->text == 0;
}

static void append(char reason[TXN_REASON_MAX], const char *text)
{
    size_t used = strlen(reason);
    snprintf(reason + used, TXN_REASON_MAX - used, "%s", text);
}

static const char *tell_operations(char reason[TXN_REASON_MAX])
{
    snprintf(reason, TXN_REASON_MAX, "op is one of these:");
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        if (is_operation(verb)) {
            append(reason, " ");
            append(reason, verb_name(verb));
        }
    }
    return reason;
}

/* "copy has a name, from, and perhaps a version" */
static const char *tell_form(const struct verb_row *row, char reason[TXN_REASON_MAX])
{
    snprintf(reason, TXN_REASON_MAX, "%s has %s", row->name, forms[FORM_NAME].phrase);
    for (size_t place = 1; place < row->most; place++) {
        if (verb_form(row, place) == FORM_NAME)
            continue;
        append(reason, place < row->needs ? ", " : row->together && place > row->needs ? " with " : ", and perhaps ");
        append(reason, forms[verb_form(row, place)].phrase);
    }
    return reason;
}

/* The members that ROW needs, and those that it may have: contents have a choice, so they are looked at later. */
static bool has_members(const struct members *members, const struct verb_row *row)
{
    unsigned needed = SET(OP), allowed = 0;
    bool given = false;
    for (size_t place = 1; place < row->most; place++) {
        enum operand_form form = verb_form(row, place);
        if (place < row->needs && form != FORM_NUMBYTES)
            needed |= forms[form].members;
        else
            allowed |= forms[form].members;
    }
    for (unsigned i = 0; i < MEMBER_COUNT; i++)
        given |= members->at[i] != NULL && (allowed & 1u << i);
    return has(members, row->together && given ? needed | allowed : needed, allowed);
}

/* The words behind the verb, in the order in which the line has them, and contents. */
static bool add_words(struct buffer *lines, const struct members *members, const struct verb_row *row)
{
    for (size_t place = 1; place < row->most; place++) {
        bool good = true;
        switch (verb_form(row, place)) {
        case FORM_NAME:
            good = add_name(lines, members->at[MEMBER_NAME]);
            break;
        case FORM_OTHER_NAME:
            good = add_name(lines, members->at[MEMBER_FROM]);
            break;
        case FORM_VERSION:
            good = add_number(lines, members->at[MEMBER_VERSION]);
            break;
        case FORM_OTHER_VERSION:
            good = add_number(lines, members->at[MEMBER_FROM_VERSION]);
            break;
        case FORM_EXPTIME:
            good = add_number(lines, members->at[MEMBER_TTL]);
            break;
        case FORM_DELTA:
            good = add_delta(lines, members->at[MEMBER_DELTA]);
            break;
        case FORM_NUMBYTES:
            return add_contents(lines, members); /* and what is behind it */
        case FORM_NONE:
        case FORM_PREFIX:
        case FORM_WORD:
        case FORM_CONDITION:
        case FORM_KEYWORD:
        case FORM_LEVEL:
        case FORM_TEXT:
            break;
        }
        if (!good)
            return false;
    }
    return true;
}

static const char *add_change(struct buffer *lines, json_t *change, char reason[TXN_REASON_MAX])
{
    struct members members;
    const char *problem = take_members(change, &members);
    if (problem)
        return problem;
    json_t *op = members.at[MEMBER_OP];
    enum verb verb = json_is_string(op) ? verb_find(json_string_value(op), json_string_length(op)) : VERB_NONE;
    if (verb == VERB_NONE || !is_operation(verb))
        return tell_operations(reason);
    const struct verb_row *row = verb_row(verb);
    if (!has_members(&members, row))
        return tell_form(row, reason);
    json_t *ttl = members.at[MEMBER_TTL], *from = members.at[MEMBER_FROM];
    if (json_is_integer(ttl) && json_integer_value(ttl) > (json_int_t)REQUEST_EXPTIME_MAX_S)
        return "ttl is at most 4294967295 seconds";
    if (from && json_equal(from, members.at[MEMBER_NAME]))
        return "from is the file itself";
    size_t start = buffer_size(lines);
    buffer_append_text(lines, row->name);
    bool good = add_words(lines, &members, row);
    if (good && row->contents == 0 && buffer_size(lines) - start > REQUEST_LINE_MAX)
        return "the two names are too long together";
    buffer_append_text(lines, "\r\n");
    return good ? NULL : tell_form(row, reason);
}

static bool refuse(char reason[TXN_REASON_MAX], const char *text)
{
    snprintf(reason, TXN_REASON_MAX, "%s", text);
    return false;
}

/* The elements of ARRAY (NULL: none), which is KEY's, each by ADD. */
static bool add_each(struct buffer *lines, const char *key, json_t *array,
                     const char *(*add)(struct buffer *lines, json_t *item, char reason[TXN_REASON_MAX]),
                     char reason[TXN_REASON_MAX])
{
    char text[TXN_REASON_MAX];
    size_t i;
    json_t *item;
    if (array && !json_is_array(array))
        return refuse(reason, "\"if\" and \"do\" are arrays");
    json_array_foreach(array, i, item) {
        const char *problem = add(lines, item, text);
        if (problem) {
            snprintf(reason, TXN_REASON_MAX, "%s[%zu]: %s", key, i, problem);
            return false;
        }
    }
    return true;
}

static bool add_all(struct buffer *lines, json_t *root, const struct target_text *once, char reason[TXN_REASON_MAX])
{
    json_t *conditions = json_object_get(root, "if"), *changes = json_object_get(root, "do");
    size_t known = (size_t)(conditions != NULL) + (changes != NULL);
    if (!json_is_object(root) || json_object_size(root) != known)
        return refuse(reason, "a transaction is an object with \"if\" and \"do\"");
    if (json_array_size(conditions) + json_array_size(changes) > TRANSACTION_PARTS_MAX)
        return refuse(reason, "a transaction has at most " TRANSACTION_PARTS_MAX_TEXT " conditions and changes");
    buffer_append_text(lines, "txn");
    if (once->given) {
        buffer_append_text(lines, " once=");
        buffer_append(lines, once->bytes, once->size);
    }
    buffer_append_text(lines, "\r\n");
    bool good = add_each(lines, "if", conditions, add_condition, reason) &&
                add_each(lines, "do", changes, add_change, reason);
    buffer_append_text(lines, "commit\r\n");
    return good;
}

/* Without what is near to where it went wrong, which need not be text. */
static bool refuse_json(char reason[TXN_REASON_MAX], const json_error_t *error)
{
    const char *near = strstr(error->text, " near ");
    int size = near ? (int)(near - error->text) : (int)strlen(error->text);
    snprintf(reason, TXN_REASON_MAX, "JSON, line %d, column %d: %.*s", error->line, error->column, size, error->text);
    return false;
}

/* Roughly how many values JSON has, read or not: its commas, colons and opening brackets outside strings. */
static size_t count_values(const char *json, size_t size)
{
    size_t count = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        if (json[i] == '"')
            quoted = !quoted;
        else if (json[i] == '\\' && quoted)
            i++;
        else if (!quoted)
            count += json[i] == ',' || json[i] == ':' || json[i] == '[' || json[i] == '{';
    }
    return count;
}

bool txn_lines(const void *json, size_t size, const struct target_text *once, struct buffer *lines,
               char reason[TXN_REASON_MAX])
{
    json_error_t error;
    if (count_values(json, size) > TXN_VALUES_MAX)
        return refuse(reason, "there are more values in it than any transaction has");
    json_t *root = json_loadb(json ? json : "", size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!root)
        return refuse_json(reason, &error);
    bool good = add_all(lines, root, once, reason);
    json_decref(root);
    return good;
}
