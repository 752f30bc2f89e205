#include "http/plan.h"

#include <string.h>

/* What a request is made into a plan from. */
struct making {
    const struct fields *fields;
    struct target target;
    struct plan *plan;
    struct refusal *refusal;
};

static void refuse(struct making *making, unsigned status, const char *code, const char *message)
{
    *making->refusal = (struct refusal){.status = status, .code = code, .message = message};
}

static void refuse_bad(struct making *making, const char *message)
{
    refuse(making, 400, "ERR_CMD_ERR", message);
}

static bool method_is(const struct making *making, const char *method)
{
    return strcmp(making->fields->method, method) == 0;
}

static bool refuse_method(struct making *making, const char *allow)
{
    refuse(making, 405, "ERR_METHOD", "this path does not take that method");
    making->refusal->allow = allow;
    return false;
}

static const struct target_text *parameter(const struct making *making, enum parameter which)
{
    const struct target_text *text = &making->target.parameters[which];
    return text->given ? text : NULL;
}

/* Only the parameters of the set (bits by enum parameter) have a meaning here. */
static bool takes_only(struct making *making, unsigned set)
{
    for (unsigned i = 0; i < PARAMETER_COUNT; i++) {
        if (making->target.parameters[i].given && !(set & 1u << i)) {
            refuse_bad(making, "a parameter has no meaning for this request");
            return false;
        }
    }
    return true;
}

#define SET(which) (1u << PARAMETER_##which)

/* --- building lines --------------------------------------------------------------------------------------------- */

static void add(struct buffer *lines, const char *text)
{
    buffer_append_text(lines, text);
}

static void add_text(struct buffer *lines, const struct target_text *text)
{
    buffer_append(lines, text->bytes, text->size);
}

static void add_word(struct buffer *lines, const struct target_text *text)
{
    add(lines, " ");
    add_text(lines, text);
}

static void add_number(struct buffer *lines, uint64_t number)
{
    add(lines, " ");
    buffer_append_number(lines, number);
}

static void add_once(struct making *making, struct buffer *lines)
{
    if (making->plan->once.given) {
        add(lines, " once=");
        add_text(lines, &making->plan->once);
    }
}

static bool is_limit(const struct target_text *text)
{
    uint64_t number;
    return request_number(text->bytes, text->size, &number) && number > 0 && number <= REQUEST_LIST_MAX;
}

/* A signed number of 64 bits. */
static bool is_delta(const struct target_text *text)
{
    bool minus = text->bytes[0] == '-';
    uint64_t number;
    return request_number(text->bytes + minus, (size_t)(text->size - minus), &number) &&
           number <= (uint64_t)INT64_MAX + minus;
}

static bool is_name(const struct target_text *text)
{
    return request_name(text->bytes, text->size);
}

static bool is_delimiter(const struct target_text *text)
{
    return text->size == 1 && is_name(text);
}

/* --- changes ---------------------------------------------------------------------------------------------------- */

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
static void end_line(struct making *making, bool transaction)
{
    if (!transaction)
        add_once(making, &making->plan->lines);
    add(&making->plan->lines, transaction ? "\r\ncommit\r\n" : "\r\n");
}

static void plan_contents(struct making *making, bool append)
{
    struct plan *plan = making->plan;
    enum precondition_kind kind = plan->precondition.kind;
    bool transaction = append ? kind != PRECONDITION_NONE : kind == PRECONDITION_PRESENT;
    bool cas = !append && (kind == PRECONDITION_ABSENT || kind == PRECONDITION_VERSION);
    if (!takes_only(making, append ? SET(OP) : SET(TTL)))
        return;
    if (transaction)
        begin_transaction(making);
    add(&plan->lines, append ? "append" : cas ? "cas" : "write");
    add_word(&plan->lines, &plan->name);
    if (cas)
        add_number(&plan->lines, plan->precondition.version);
    add(&plan->lines, " ");
    if (!append && !add_ttl(making, &plan->rest))
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
    end_line(making, false);
}

static void plan_incr(struct making *making)
{
    static const struct target_text one = {.given = true, .size = 1, .bytes = "1"};
    struct plan *plan = making->plan;
    const struct target_text *delta = parameter(making, PARAMETER_DELTA);
    if (!takes_only(making, SET(OP) | SET(DELTA)))
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
    end_line(making, false);
}

static void plan_touch(struct making *making)
{
    struct plan *plan = making->plan;
    bool transaction = plan->precondition.kind != PRECONDITION_NONE;
    if (!takes_only(making, SET(OP) | SET(TTL)))
        return;
    if (!parameter(making, PARAMETER_TTL)) {
        refuse_bad(making, "op=touch needs ttl=SECONDS, 0 for ever");
        return;
    }
    if (transaction)
        begin_transaction(making);
    add(&plan->lines, "touch");
    add_word(&plan->lines, &plan->name);
    if (add_ttl(making, &plan->lines))
        end_line(making, transaction);
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

/* What all changes have in common. False: it is refused. */
static bool begin_change(struct making *making)
{
    const struct fields *fields = making->fields;
    struct plan *plan = making->plan;
    plan->kind = PLAN_CHANGE;
    if (!browser_may_change(fields->method, &fields->browser)) {
        refuse(making, 403, "ERR_FORBIDDEN", "a change from a web page of another origin, or one that could be");
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

static void plan_file_change(struct making *making)
{
    const struct fields *fields = making->fields;
    struct plan *plan = making->plan;
    if (!begin_change(making))
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

/* --- reads ------------------------------------------------------------------------------------------------------ */

static bool stale(const struct making *making)
{
    return parameter(making, PARAMETER_STALE) != NULL;
}

static void plan_file(struct making *making)
{
    struct plan *plan = making->plan;
    plan->name = making->target.name;
    if (method_is(making, "PUT") || method_is(making, "POST") || method_is(making, "DELETE")) {
        plan_file_change(making);
        return;
    }
    if (!method_is(making, "GET") && !plan->head) {
        refuse_method(making, "GET, HEAD, PUT, POST, DELETE");
        return;
    }
    if (!takes_only(making, SET(STALE)))
        return;
    plan->kind = PLAN_READ;
    add(&plan->lines, "read");
    add_word(&plan->lines, &plan->name);
    add(&plan->lines, stale(making) ? " stale\r\n" : "\r\n");
}

static void plan_list(struct making *making)
{
    struct plan *plan = making->plan;
    static const struct {
        enum parameter which;
        const char *option;
        bool (*good)(const struct target_text *text);
    } options[] = {
        {PARAMETER_PREFIX, "prefix=", is_name},
        {PARAMETER_AFTER, "after=", is_name},
        {PARAMETER_LIMIT, "limit=", is_limit},
        {PARAMETER_DELIMITER, "delim=", is_delimiter},
    };
    if (!takes_only(making, SET(STALE) | SET(PREFIX) | SET(AFTER) | SET(LIMIT) | SET(DELIMITER)))
        return;
    plan->kind = PLAN_LIST;
    add(&plan->lines, "list");
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const struct target_text *text = parameter(making, options[i].which);
        if (!text || text->size == 0)
            continue;
        if (!options[i].good(text)) {
            refuse_bad(making, "prefix and after are (parts of) names, limit is 1 to 10000, delimiter one byte");
            return;
        }
        add(&plan->lines, " ");
        add(&plan->lines, options[i].option);
        add_text(&plan->lines, text);
    }
    if (stale(making))
        add(&plan->lines, " stale");
    if (buffer_size(&plan->lines) > REQUEST_LINE_MAX)
        refuse_bad(making, "prefix and after are too long together");
    add(&plan->lines, "\r\n");
}

static void plan_txn(struct making *making)
{
    const char *type = making->fields->browser.content_type;
    if (!method_is(making, "POST")) {
        refuse_method(making, "POST");
        return;
    }
    if (!takes_only(making, 0) || !begin_change(making))
        return;
    if (!type || strncmp(type, "application/json", strlen("application/json")) != 0) {
        refuse(making, 415, "ERR_MEDIA_TYPE", "a transaction is sent as Content-Type: application/json");
        return;
    }
    if (making->fields->if_match || making->fields->if_none_match) {
        refuse_bad(making, "a transaction has its conditions in its JSON");
        return;
    }
    making->plan->body = PLAN_BODY_JSON;
}

static void plan_fixed(struct making *making, enum plan_kind kind, const char *lines)
{
    making->plan->kind = kind;
    if (!method_is(making, "GET") && !making->plan->head)
        refuse_method(making, "GET, HEAD");
    else if (takes_only(making, 0))
        add(&making->plan->lines, lines);
}

static void plan_route(struct making *making)
{
    switch (making->target.route) {
    case ROUTE_FILE:
        plan_file(making);
        break;
    case ROUTE_LIST:
        if (method_is(making, "GET") || making->plan->head)
            plan_list(making);
        else
            refuse_method(making, "GET, HEAD");
        break;
    case ROUTE_TXN:
        plan_txn(making);
        break;
    case ROUTE_STATUS:
        plan_fixed(making, PLAN_STATUS, "status\r\n");
        break;
    case ROUTE_METRICS:
        plan_fixed(making, PLAN_METRICS, "status\r\n");
        break;
    case ROUTE_LIVEZ:
        plan_fixed(making, PLAN_LIVEZ, "ping\r\n");
        break;
    case ROUTE_READYZ:
        plan_fixed(making, PLAN_READYZ, "ping\r\n");
        break;
    case ROUTE_NONE:
        refuse(making, 404, "ERR_PATH", "there is no such path; files are below /files/");
    }
}

/* The target without the scheme and host that one for a proxy has (RFC 9112 section 3.2.2). NULL: it is another's. */
static const char *own_target(const struct fields *fields)
{
    static const char scheme[] = "http://";
    const char *target = fields->target, *host = fields->browser.host;
    if (strncmp(target, scheme, sizeof scheme - 1) != 0)
        return target;
    target += sizeof scheme - 1;
    size_t size = strcspn(target, "/?");
    if (!host || strlen(host) != size || memcmp(host, target, size) != 0)
        return NULL;
    return target + size;
}

void plan_make(const struct fields *fields, const char *names, struct plan *plan, struct refusal *refusal)
{
    struct making making = {.fields = fields, .plan = plan, .refusal = refusal};
    memset(plan, 0, sizeof *plan);
    memset(refusal, 0, sizeof *refusal);
    plan->head = method_is(&making, "HEAD");
    if (fields->browser.host && !browser_host_known(fields->browser.host, names)) {
        refuse(&making, 421, "ERR_HOST", "Host is not a name of this node; --http-hosts makes it one");
        return;
    }
    const char *target = own_target(fields);
    const char *problem = target ? target_parse(target, &making.target) : "the target names another host";
    if (problem)
        refuse_bad(&making, problem);
    else
        plan_route(&making);
    bool body = fields->chunked || (fields->has_length && fields->length > 0);
    if (refusal->status == 0 && plan->body == PLAN_BODY_NONE && body)
        refuse_bad(&making, "this request takes no body");
}

void plan_close(struct plan *plan)
{
    buffer_close(&plan->lines);
    buffer_close(&plan->rest);
}
