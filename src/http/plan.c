#include "http/making.h"

/* --- reads ------------------------------------------------------------------------------------------------------ */

static bool stale(const struct making *making)
{
    return parameter(making, PARAMETER_STALE) != NULL;
}

/* It stands alone; what else it could be given must not be taken for a yes. */
static bool stale_is_good(struct making *making)
{
    const struct target_text *text = parameter(making, PARAMETER_STALE);
    if (!text || text->size == 0 || strcmp(text->bytes, "1") == 0 || strcmp(text->bytes, "true") == 0)
        return true;
    refuse_bad(making, "stale stands alone, or is 1 or true");
    return false;
}

static void plan_file(struct making *making)
{
    struct plan *plan = making->plan;
    plan->name = making->target.name;
    if (method_is(making, "PUT") || method_is(making, "POST") || method_is(making, "DELETE")) {
        change_plan(making);
        return;
    }
    if (!method_is(making, "GET") && !plan->head) {
        refuse_method(making, "GET, HEAD, PUT, POST, DELETE");
        return;
    }
    if (!takes_only(making, SET(STALE)) || !stale_is_good(making))
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
        enum verb_option option;
    } options[] = {
        {PARAMETER_PREFIX, VERB_OPTION_PREFIX},
        {PARAMETER_AFTER, VERB_OPTION_AFTER},
        {PARAMETER_LIMIT, VERB_OPTION_LIMIT},
        {PARAMETER_DELIMITER, VERB_OPTION_DELIM},
    };
    if (!takes_only(making, SET(STALE) | SET(PREFIX) | SET(AFTER) | SET(LIMIT) | SET(DELIMITER)) ||
        !stale_is_good(making))
        return;
    plan->kind = PLAN_LIST;
    add(&plan->lines, "list");
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const struct target_text *text = parameter(making, options[i].which);
        if (!text || text->size == 0)
            continue;
        if (!request_value(options[i].option, text->bytes, text->size)) {
            refuse_bad(making, "prefix and after are (parts of) names, limit is 1 to 10000, delimiter one byte");
            return;
        }
        add(&plan->lines, " ");
        add(&plan->lines, option_rows[options[i].option].word);
        add_text(&plan->lines, text);
    }
    if (stale(making))
        add(&plan->lines, " stale");
    if (buffer_size(&plan->lines) > REQUEST_LINE_MAX)
        refuse_bad(making, "prefix and after are too long together");
    add(&plan->lines, "\r\n");
}

/* Media types have no case, and parameters of this one mean nothing (RFC 8259 section 11). */
static bool is_json(const char *type)
{
    static const char json[] = "application/json";
    return type && strncasecmp(type, json, sizeof json - 1) == 0 &&
           (type[sizeof json - 1] == '\0' || strchr("; \t", type[sizeof json - 1]));
}

static void plan_txn(struct making *making)
{
    const char *type = making->fields->browser.content_type;
    if (!method_is(making, "POST")) {
        refuse_method(making, "POST");
        return;
    }
    if (!takes_only(making, 0) || !change_begin(making))
        return;
    if (!is_json(type)) {
        refuse(making, REPLY_MEDIA_TYPE, "a transaction is sent as Content-Type: application/json");
        return;
    }
    if (making->fields->if_match || making->fields->if_none_match) {
        refuse_bad(making, "a transaction has its conditions in its JSON");
        return;
    }
    making->plan->body = PLAN_BODY_JSON;
}

static void plan_cluster(struct making *making)
{
    const struct target_text *level = parameter(making, PARAMETER_LEVEL);
    uint64_t number;
    if (!method_is(making, "POST")) {
        refuse_method(making, "POST");
        return;
    }
    if (!takes_only(making, SET(LEVEL)) || !change_begin(making))
        return;
    if (!level || !request_number(level->bytes, level->size, &number) || number == 0 || number > UINT16_MAX) {
        refuse_bad(making, "level is the number that the cluster's level is to be, as in /cluster?level=2");
        return;
    }
    if (making->fields->if_match || making->fields->if_none_match) {
        refuse_bad(making, "the level takes no condition: raised again, it stays as it is");
        return;
    }
    making->plan->of_level = true;
    add(&making->plan->lines, "cluster level");
    add_number(&making->plan->lines, number);
    add(&making->plan->lines, "\r\n");
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
    case ROUTE_CLUSTER:
        plan_cluster(making);
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
        refuse(making, REPLY_PATH, "there is no such path; files are below /files/");
    }
}

/* The target without the scheme and host that one for a proxy has (RFC 9112 section 3.2.2). NULL: it is another's. */
static const char *own_target(const struct fields *fields)
{
    static const char scheme[] = "http://";
    const char *target = fields->target, *host = fields->browser.host;
    if (strncasecmp(target, scheme, sizeof scheme - 1) != 0)
        return target;
    target += sizeof scheme - 1;
    size_t size = strcspn(target, "/?");
    if (!host || strlen(host) != size || strncasecmp(host, target, size) != 0)
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
        refuse(&making, REPLY_HOST, "Host is not a name of this node; --http-hosts makes it one");
        return;
    }
    const char *target = own_target(fields);
    const char *problem = target ? target_parse(target, &making.target) : "the target names another host";
    if (problem)
        refuse_bad(&making, problem);
    else
        plan_route(&making);
    bool body = fields->chunked || (fields->has_length && fields->length > 0);
    if (!refusal->message && plan->body == PLAN_BODY_NONE && body)
        refuse_bad(&making, "this request takes no body");
}

void plan_close(struct plan *plan)
{
    buffer_close(&plan->lines);
    buffer_close(&plan->rest);
}
