/* Changes over HTTP, as lines. */
#include <stdio.h>

#include "http/making.h"

/* A signed number of 64 bits. */
static bool is_delta(const struct target_text *text)
{
    bool minus = text->bytes[0] == '-';
    uint64_t number;
    return request_number(text->bytes + minus, (size_t)(text->size - minus), &number) &&
           number <= (uint64_t)INT64_MAX + minus;
}

/* The life of the file, as a word: "0" where none is given. */
static bool add_ttl(struct making *making, struct buffer *lines)
{
    const struct target_text *ttl = parameter(making, PARAMETER_TTL);
    uint64_t seconds = 0;
    if (ttl && (!request_number(ttl->bytes, ttl->size, &seconds) || seconds > REQUEST_EXPTIME_MAX_S)) {
        refuse_bad(making, "ttl is a number of seconds, 0 for ever");
        return false;
    }
    add_number(lines, seconds);
    return true;
}

/* Likewise, where the change does without a word for it. */
static bool add_ttl_if_given(struct making *making, struct buffer *lines)
{
    return !parameter(making, PARAMETER_TTL) || add_ttl(making, lines);
}

/* Begins a change whose own words cannot hold the precondition: as a transaction of one line. What follows ends in
 * "\r\ncommit\r\n". */
static void begin_transaction(struct making *making)
{
    struct plan *plan = making->plan;
    add(&plan->lines, "txn");
    add_once(making, &plan->lines);
    add(&plan->lines, "\r\nif");
    add_word(&plan->lines, &plan->name);
    if (plan->precondition.kind == PRECONDITION_VERSION)
        add_number(&plan->lines, plan->precondition.version);
    else
        add(&plan->lines, plan->precondition.kind == PRECONDITION_PRESENT ? " present" : " absent");
    add(&plan->lines, "\r\n");
}

static void plan_contents(struct making *making, bool append)
{
    struct plan *plan = making->plan;
    enum precondition_kind kind = plan->precondition.kind;
    bool transaction = append ? kind != PRECONDITION_NONE : kind == PRECONDITION_PRESENT;
    bool cas = !append && (kind == PRECONDITION_ABSENT || kind == PRECONDITION_VERSION);
    if (!takes_only(making, append ? SET(OP) | SET(TTL) : SET(TTL)))
        return;
    if (transaction)
        begin_transaction(making);
    add(&plan->lines, append ? "append" : cas ? "cas" : "write");
    add_word(&plan->lines, &plan->name);
    if (cas)
        add_number(&plan->lines, plan->precondition.version);
    add(&plan->lines, " ");
    if (!(append ? add_ttl_if_given(making, &plan->rest) : add_ttl(making, &plan->rest)))
        return;
    if (!transaction)
        add_once(making, &plan->rest);
    add(&plan->rest, "\r\n");
    plan->end = transaction ? "\r\ncommit\r\n" : "\r\n";
    plan->body = PLAN_BODY_CONTENTS;
}

static void plan_delete(struct making *making)
{
    struct plan *plan = making->plan;
    if (!takes_only(making, 0))
        return;
    if (plan->precondition.kind == PRECONDITION_ABSENT) {
        refuse_bad(making, "DELETE takes no If-None-Match");
        return;
    }
    add(&plan->lines, "delete");
    add_word(&plan->lines, &plan->name);
    if (plan->precondition.kind == PRECONDITION_VERSION)
        add_number(&plan->lines, plan->precondition.version);
    add_once(making, &plan->lines);
    add(&plan->lines, "\r\n");
}

/* --- op= ---------------------------------------------------------------------------------------------------------- */

/* The word at PLACE of an operation's line: from the path, a parameter or the precondition. False: it is refused. */
static bool add_operand(struct making *making, const struct verb_row *row, size_t place)
{
    static const struct target_text one = {.given = true, .size = 1, .bytes = "1"};
    struct plan *plan = making->plan;
    enum precondition_kind kind = plan->precondition.kind;
    const struct target_text *text;
    switch (verb_form(row, place)) {
    case FORM_NAME:
        add_word(&plan->lines, &plan->name);
        return true;
    case FORM_OTHER_NAME:
        add_word(&plan->lines, &plan->source);
        return true;
    case FORM_EXPTIME:
        return place < row->needs ? add_ttl(making, &plan->lines) : add_ttl_if_given(making, &plan->lines);
    case FORM_VERSION:
        if (kind == PRECONDITION_ABSENT || kind == PRECONDITION_VERSION)
            add_number(&plan->lines, plan->precondition.version);
        return true;
    case FORM_OTHER_VERSION:
        text = parameter(making, PARAMETER_FROM_VERSION);
        if (text)
            add_word(&plan->lines, text);
        return true;
    case FORM_DELTA:
        text = parameter(making, PARAMETER_DELTA);
        text = text ? text : &one;
        if (!is_delta(text)) {
            refuse_bad(making, "delta is a decimal number, such as 1 or -20");
            return false;
        }
        add_word(&plan->lines, text);
        return true;
    case FORM_NONE:
    case FORM_PREFIX:
    case FORM_WORD:
    case FORM_NUMBYTES:
    case FORM_CONDITION:
    case FORM_TEXT:
    case FORM_KEYWORD:
    case FORM_LEVEL:
        break;
    }
    return true;
}

static bool refuse_op(struct making *making, const struct verb_row *row, const char *text)
{
    snprintf(making->plan->reason, sizeof making->plan->reason, "op=%s %s", row->name, text);
    refuse_bad(making, making->plan->reason);
    return false;
}

/* The source's version, beside that of the file, or neither. */
static bool takes_from_version(struct making *making, const struct verb_row *row)
{
    const struct target_text *from_version = parameter(making, PARAMETER_FROM_VERSION);
    enum precondition_kind kind = making->plan->precondition.kind;
    bool exact = kind == PRECONDITION_ABSENT || kind == PRECONDITION_VERSION;
    uint64_t version;
    if (from_version && !request_number(from_version->bytes, from_version->size, &version))
        return refuse_op(making, row, "takes a version as from_version=");
    if (row->together && exact != (from_version != NULL))
        return refuse_op(making, row, "takes If-Match: \"VERSION\" and from_version=VERSION together, or neither");
    return true;
}

/* The parameters are those that the operation takes, and those that it needs are there. */
static bool takes_parameters(struct making *making, const struct verb_row *row)
{
    size_t from_place = verb_place(row, FORM_OTHER_NAME), ttl_place = verb_place(row, FORM_EXPTIME);
    bool has_delta = verb_place(row, FORM_DELTA) > 0, has_from_version = verb_place(row, FORM_OTHER_VERSION) > 0;
    const struct target_text *from = parameter(making, PARAMETER_FROM);
    if (!takes_only(making, SET(OP) | (from_place > 0 ? SET(FROM) : 0) | (ttl_place > 0 ? SET(TTL) : 0) |
                                (has_delta ? SET(DELTA) : 0) | (has_from_version ? SET(FROM_VERSION) : 0)))
        return false;
    if (has_from_version && !takes_from_version(making, row))
        return false;
    if (has_delta && making->plan->precondition.kind != PRECONDITION_NONE) /* a transaction would not tell the sum */
        return refuse_op(making, row, "takes no condition");
    if (ttl_place > 0 && ttl_place < row->needs && !parameter(making, PARAMETER_TTL))
        return refuse_op(making, row, "needs ttl=SECONDS, 0 for ever");
    if (from_place == 0)
        return true;
    if (!from || !is_name(from))
        return refuse_op(making, row, "needs from=NAME");
    if (from->size == making->plan->name.size && memcmp(from->bytes, making->plan->name.bytes, from->size) == 0) {
        refuse_bad(making, "from is the file itself");
        return false;
    }
    making->plan->source = *from;
    return true;
}

/* An operation whose line has no contents. */
static void plan_operation(struct making *making, const struct verb_row *row)
{
    struct plan *plan = making->plan;
    if (!takes_parameters(making, row))
        return;
    /* That NAME must be there needs no words where nothing creates it. */
    bool transaction = plan->source.given && plan->precondition.kind == PRECONDITION_PRESENT;
    if (transaction)
        begin_transaction(making);
    size_t start = buffer_size(&plan->lines);
    add(&plan->lines, row->name);
    for (size_t place = 1; place < row->most; place++)
        if (!add_operand(making, row, place))
            return;
    if (!transaction)
        add_once(making, &plan->lines);
    if (buffer_size(&plan->lines) - start > REQUEST_LINE_MAX) {
        refuse_bad(making, "the two names are too long together");
        return;
    }
    add(&plan->lines, transaction ? "\r\ncommit\r\n" : "\r\n");
}

/* True for what is asked for as op=VERB: changes that no method stands for. */
static bool is_operation(enum verb verb)
{
    const struct verb_row *row = verb_row(verb);
    bool method = verb == VERB_WRITE || verb == VERB_CAS || verb == VERB_DELETE;
    return row->class == CLASS_CHANGE && !method && row->text == 0;
}

static void refuse_unknown(struct making *making)
{
    char *text = making->plan->reason;
    size_t size = sizeof making->plan->reason;
    snprintf(text, size, "op is one of these:");
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
        if (is_operation(verb))
            snprintf(text + strlen(text), size - strlen(text), " %s", verb_name(verb));
    refuse_bad(making, text);
}

/* POST /files/NAME?op=...: NAME is what is changed, and what conditions speak of. */
static void plan_post(struct making *making)
{
    const struct target_text *op = parameter(making, PARAMETER_OP);
    enum verb verb = op ? verb_find(op->bytes, op->size) : VERB_WRITE;
    if (op && (verb == VERB_NONE || !is_operation(verb)))
        refuse_unknown(making);
    else if (verb_row(verb)->contents > 0)
        plan_contents(making, verb == VERB_APPEND);
    else
        plan_operation(making, verb_row(verb));
}

bool change_begin(struct making *making)
{
    const struct fields *fields = making->fields;
    struct plan *plan = making->plan;
    plan->kind = PLAN_CHANGE;
    if (!browser_may_change(fields->method, &fields->browser)) {
        refuse(making, REPLY_FORBIDDEN, "a change from a web page of another origin, or one that could be");
        return false;
    }
    if (fields->content_range) {
        refuse_bad(making, "a part of a file cannot be replaced (Content-Range)"); /* RFC 9110 section 14.5 */
        return false;
    }
    if (fields->content_encoding && strcasecmp(fields->content_encoding, "identity") != 0) {
        refuse(making, REPLY_MEDIA_TYPE, "contents are kept as they come, without a Content-Encoding");
        return false;
    }
    if (!fields->idempotency_key)
        return true;
    size_t size = strlen(fields->idempotency_key);
    if (!request_value(VERB_OPTION_ONCE, fields->idempotency_key, size)) {
        refuse_bad(making, "Idempotency-Key has 1 to 64 bytes, none of them a space or control character");
        return false;
    }
    plan->once.given = true;
    plan->once.size = (uint8_t)size;
    memcpy(plan->once.bytes, fields->idempotency_key, size + 1);
    return true;
}

void change_plan(struct making *making)
{
    const struct fields *fields = making->fields;
    struct plan *plan = making->plan;
    if (!change_begin(making))
        return;
    const char *problem = precondition_parse(fields->if_match, fields->if_none_match, &plan->precondition);
    if (problem) {
        refuse_bad(making, problem);
        return;
    }
    plan->only_if = plan->precondition.kind == PRECONDITION_PRESENT || plan->precondition.kind == PRECONDITION_VERSION;
    plan->creates = plan->precondition.kind == PRECONDITION_ABSENT;
    if (method_is(making, "DELETE"))
        plan_delete(making);
    else if (method_is(making, "POST"))
        plan_post(making);
    else
        plan_contents(making, false);
}
