/* Changes over HTTP, as lines. */
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

/* Ends a change without contents. */
static void end_line(struct making *making)
{
    add_once(making, &making->plan->lines);
    add(&making->plan->lines, "\r\n");
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
    end_line(making);
}

static void plan_incr(struct making *making)
{
    static const struct target_text one = {.given = true, .size = 1, .bytes = "1"};
    struct plan *plan = making->plan;
    const struct target_text *delta = parameter(making, PARAMETER_DELTA);
    if (!takes_only(making, SET(OP) | SET(DELTA) | SET(TTL)))
        return;
    delta = delta ? delta : &one;
    if (!is_delta(delta)) {
        refuse_bad(making, "delta is a decimal number, such as 1 or -20");
        return;
    }
    if (plan->precondition.kind != PRECONDITION_NONE) {
        refuse_bad(making, "op=incr takes no condition");
        return;
    }
    add(&plan->lines, "incr");
    add_word(&plan->lines, &plan->name);
    add_word(&plan->lines, delta);
    if (add_ttl_if_given(making, &plan->lines))
        end_line(making);
}

static void plan_touch(struct making *making)
{
    struct plan *plan = making->plan;
    enum precondition_kind kind = plan->precondition.kind;
    if (!takes_only(making, SET(OP) | SET(TTL)))
        return;
    if (!parameter(making, PARAMETER_TTL)) {
        refuse_bad(making, "op=touch needs ttl=SECONDS, 0 for ever");
        return;
    }
    add(&plan->lines, "touch");
    add_word(&plan->lines, &plan->name);
    if (!add_ttl(making, &plan->lines))
        return;
    /* That it must be there needs no words: a touch creates nothing. */
    if (kind == PRECONDITION_ABSENT || kind == PRECONDITION_VERSION)
        add_number(&plan->lines, plan->precondition.version);
    end_line(making);
}

static void plan_copy(struct making *making, const char *verb)
{
    struct plan *plan = making->plan;
    const struct target_text *from = parameter(making, PARAMETER_FROM);
    bool transaction = plan->precondition.kind == PRECONDITION_PRESENT;
    if (!takes_only(making, SET(OP) | SET(FROM)))
        return;
    if (!from || !is_name(from)) {
        refuse_bad(making, "op=copy and op=move need from=NAME");
        return;
    }
    if (from->size == plan->name.size && memcmp(from->bytes, plan->name.bytes, from->size) == 0) {
        refuse_bad(making, "from is the file itself");
        return;
    }
    plan->source = *from;
    if (transaction)
        begin_transaction(making);
    size_t start = buffer_size(&plan->lines);
    add(&plan->lines, verb);
    add_word(&plan->lines, from);
    add_word(&plan->lines, &plan->name);
    if (plan->precondition.kind == PRECONDITION_ABSENT || plan->precondition.kind == PRECONDITION_VERSION)
        add_number(&plan->lines, plan->precondition.version);
    if (!transaction)
        add_once(making, &plan->lines);
    if (buffer_size(&plan->lines) - start > REQUEST_LINE_MAX) {
        refuse_bad(making, "the two names are too long together");
        return;
    }
    add(&plan->lines, transaction ? "\r\ncommit\r\n" : "\r\n");
}

/* POST /files/NAME?op=...: NAME is what is changed, and what conditions speak of. */
static void plan_post(struct making *making)
{
    const struct target_text *op = parameter(making, PARAMETER_OP);
    if (!op)
        plan_contents(making, false);
    else if (strcmp(op->bytes, "append") == 0)
        plan_contents(making, true);
    else if (strcmp(op->bytes, "incr") == 0)
        plan_incr(making);
    else if (strcmp(op->bytes, "touch") == 0)
        plan_touch(making);
    else if (strcmp(op->bytes, "copy") == 0 || strcmp(op->bytes, "move") == 0)
        plan_copy(making, op->bytes);
    else
        refuse_bad(making, "op is one of append, incr, touch, copy and move");
}

bool change_begin(struct making *making)
{
    const struct fields *fields = making->fields;
    struct plan *plan = making->plan;
    plan->kind = PLAN_CHANGE;
    if (!browser_may_change(fields->method, &fields->browser)) {
        refuse(making, 403, "ERR_FORBIDDEN", "a change from a web page of another origin, or one that could be");
        return false;
    }
    if (fields->content_range) {
        refuse_bad(making, "a part of a file cannot be replaced (Content-Range)"); /* RFC 9110 section 14.5 */
        return false;
    }
    if (fields->content_encoding && strcasecmp(fields->content_encoding, "identity") != 0) {
        refuse(making, 415, "ERR_MEDIA_TYPE", "contents are kept as they come, without a Content-Encoding");
        return false;
    }
    if (!fields->idempotency_key)
        return true;
    size_t size = strlen(fields->idempotency_key);
    if (size > REQUEST_TOKEN_MAX || !request_name(fields->idempotency_key, size)) {
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
