/* Answers to HTTP: status codes, headers, bodies. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "http/inside.h"
#include "http/json.h"
#include "http/metrics.h"
#include "json/encode.h"

enum { HEADER_VALUE_MAX = 96, PIECES_MAX = 64 };

static void header(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

static void etag(struct MHD_Response *response, uint64_t version)
{
    char value[HEADER_VALUE_MAX];
    snprintf(value, sizeof value, "\"%" PRIu64 "\"", version);
    header(response, "ETag", value);
}

/* How far an answer goes that comes from this node's own copy. */
static void stale_headers(struct MHD_Response *response, const struct answer *answer)
{
    char value[HEADER_VALUE_MAX];
    header(response, "Cleat-Stale", "true");
    snprintf(value, sizeof value, "%" PRIu64, answer->how_stale.revision);
    header(response, "Cleat-Revision", value);
    if (answer->how_stale.leaderless) {
        snprintf(value, sizeof value, "%" PRIu64, answer->how_stale.leaderless_s);
        header(response, "Cleat-Leaderless", value);
    }
}

/* Queues RESPONSE and gives it up. */
static enum MHD_Result queue(struct exchange *exchange, unsigned status, struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    header(response, "X-Content-Type-Options", "nosniff");
    if (exchange->closes)
        header(response, "Connection", "close");
    if (status == 503)
        header(response, "Retry-After", "1");
    enum MHD_Result result = MHD_queue_response(exchange->connection->library, status, response);
    MHD_destroy_response(response);
    exchange->state = EXCHANGE_ANSWERED;
    return result;
}

/* TEXT's memory becomes the response's. */
static struct MHD_Response *text_response(struct buffer *text, const char *type)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(buffer_size(text), text->bytes, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        buffer_close(text);
        return NULL;
    }
    header(response, "Content-Type", type);
    header(response, "Cache-Control", "no-store");
    return response;
}

static int append_text(const char *bytes, size_t size, void *text)
{
    buffer_append(text, bytes, size);
    return 0;
}

/* JSON's reference is taken. */
static struct MHD_Response *json_response(json_t *json, size_t flags)
{
    struct buffer text = {0};
    json_dump_callback(json, append_text, &text, flags);
    json_decref(json);
    buffer_append_text(&text, "\n");
    return text_response(&text, "application/json");
}

enum MHD_Result respond_refusal(struct exchange *exchange, const struct refusal *refusal)
{
    json_t *json = json_error(refusal->error, refusal->message, strlen(refusal->message));
    if (!error_row(refusal->error)->definite)
        json_object_set_new(json, "outcome", json_string("unknown"));
    struct MHD_Response *response = json_response(json, JSON_COMPACT);
    if (response && refusal->allow)
        header(response, "Allow", refusal->allow);
    return queue(exchange, error_row(refusal->error)->http, response);
}

/* --- conditions ------------------------------------------------------------------------------------------------- */

/* JSON names the file: NAME, or where that is not given the one at which a transaction failed; on 412 its version. */
static enum MHD_Result respond_with_name(struct exchange *exchange, const struct answer *answer, enum reply_error error,
                                         json_t *json, const struct target_text *name)
{
    if (name->given)
        json_add_name(json, name->bytes, name->size);
    else if (answer->name)
        json_add_name(json, answer->name, answer->name_size);
    if (error == REPLY_VERSION)
        json_add_number(json, "version", answer->version);
    if (answer->stale)
        json_add_stale(json, answer);
    struct MHD_Response *response = json_response(json, JSON_COMPACT);
    if (response && error == REPLY_VERSION && name->given && answer->version > 0)
        etag(response, answer->version);
    if (response && answer->stale)
        stale_headers(response, answer);
    return queue(exchange, error_row(error)->http, response);
}

static bool is_named(const struct answer *answer, const struct target_text *name)
{
    return answer->name && answer->name_size == name->size && memcmp(answer->name, name->bytes, name->size) == 0;
}

/* The file is not what the request was to be done on. It may be the source that is not: the answer then names it. */
static enum MHD_Result respond_mismatch(struct exchange *exchange, const struct answer *answer)
{
    static const char message[] = "the file does not have that version; version 0: there is none";
    static const struct target_text as_answered = {.given = false};
    const struct plan *plan = &exchange->plan;
    bool of_source = plan->source.given && is_named(answer, &plan->source);
    json_t *json = json_error(REPLY_VERSION, message, sizeof message - 1);
    return respond_with_name(exchange, answer, REPLY_VERSION, json, of_source ? &as_answered : &plan->name);
}

/* Of a copy whose condition is on NAME, either file may be the one that is not there. */
static enum MHD_Result respond_not_found(struct exchange *exchange, const struct answer *answer)
{
    const char *message = error_row(REPLY_FILE_NOT_FOUND)->reason;
    const struct plan *plan = &exchange->plan;
    bool of_source = plan->source.given && !is_named(answer, &plan->name);
    if (plan->kind == PLAN_CHANGE && plan->only_if && !of_source)
        return respond_mismatch(exchange, answer);
    json_t *json = json_error(REPLY_FILE_NOT_FOUND, message, strlen(message));
    return respond_with_name(exchange, answer, REPLY_FILE_NOT_FOUND, json, of_source ? &plan->source : &plan->name);
}

/* --- contents --------------------------------------------------------------------------------------------------- */

static void close_pieces(void *pieces)
{
    chain_close(pieces);
    free(pieces);
}

/* A response with the first SIZE bytes of OUTPUT, which are taken off it. */
static struct MHD_Response *contents_response(struct chain *output, uint64_t size)
{
    struct iovec pieces[PIECES_MAX];
    struct MHD_IoVec parts[PIECES_MAX];
    if (size <= HTTP_COPY_BYTES) {
        uint8_t copied[HTTP_COPY_BYTES];
        chain_copy(output, copied, (size_t)size);
        return MHD_create_response_from_buffer((size_t)size, copied, MHD_RESPMEM_MUST_COPY);
    }
    struct chain *kept = memory_get(sizeof *kept);
    chain_split(kept, output, (size_t)size);
    size_t count = chain_peek(kept, pieces, PIECES_MAX);
    for (size_t i = 0; i < count; i++)
        parts[i] = (struct MHD_IoVec){.iov_base = pieces[i].iov_base, .iov_len = pieces[i].iov_len};
    struct MHD_Response *response = MHD_create_response_from_iovec(parts, (unsigned)count, close_pieces, kept);
    if (!response)
        close_pieces(kept);
    return response;
}

static const char *request_header(struct exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection->library, MHD_HEADER_KIND, name);
}

/* What is sent of the contents: RANGE_WHOLE where If-Range names another version (RFC 9110 section 13.1.5). */
static enum range_kind select_range(struct exchange *exchange, const struct answer *answer, struct range *range)
{
    /* A Range is for GET alone (RFC 9110 section 14.2). */
    const char *wanted = exchange->plan.head ? NULL : request_header(exchange, "Range");
    const char *only_of = wanted ? request_header(exchange, "If-Range") : NULL;
    if (only_of && !precondition_matches(only_of, answer->version, false))
        wanted = NULL;
    return range_parse(wanted, answer->body_size, range);
}

static void file_headers(struct MHD_Response *response, const struct answer *answer)
{
    char value[HEADER_VALUE_MAX];
    etag(response, answer->version);
    header(response, "Cache-Control", "no-cache");
    if (answer->exptime_s > 0) {
        snprintf(value, sizeof value, "%" PRIu64, answer->exptime_s);
        header(response, "Cleat-Expires-In", value);
    }
    if (answer->stale)
        stale_headers(response, answer);
}

static enum MHD_Result respond_part(struct exchange *exchange, const struct answer *answer, struct chain *output)
{
    struct range range;
    char value[HEADER_VALUE_MAX];
    enum range_kind kind = select_range(exchange, answer, &range);
    if (kind == RANGE_UNSATISFIABLE) {
        static const char message[] = "the file ends before that range";
        json_t *json = json_error(REPLY_RANGE, message, sizeof message - 1);
        struct MHD_Response *response = json_response(json, JSON_COMPACT);
        snprintf(value, sizeof value, "bytes */%" PRIu64, answer->body_size);
        header(response, "Content-Range", value);
        etag(response, answer->version);
        return queue(exchange, error_row(REPLY_RANGE)->http, response);
    }
    chain_consume(output, (size_t)range.first);
    struct MHD_Response *response = contents_response(output, range.size);
    if (!response)
        return MHD_NO;
    header(response, "Content-Type", "application/octet-stream");
    header(response, "Accept-Ranges", "bytes");
    file_headers(response, answer);
    if (kind == RANGE_PART) {
        snprintf(value, sizeof value, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range.first,
                 range.first + range.size - 1, answer->body_size);
        header(response, "Content-Range", value);
    }
    return queue(exchange, kind == RANGE_PART ? 206 : 200, response);
}

static enum MHD_Result respond_contents(struct exchange *exchange, const struct answer *answer, struct chain *output)
{
    const char *if_match = request_header(exchange, "If-Match");
    const char *if_none_match = request_header(exchange, "If-None-Match");
    if (if_match && !precondition_matches(if_match, answer->version, false))
        return respond_mismatch(exchange, answer);
    if (if_none_match && precondition_matches(if_none_match, answer->version, true)) {
        /* The library leaves the body out, but tells its size: it is that of the file. */
        struct MHD_Response *response = contents_response(output, answer->body_size);
        if (!response)
            return MHD_NO;
        file_headers(response, answer);
        return queue(exchange, 304, response);
    }
    return respond_part(exchange, answer, output);
}

/* --- errors ----------------------------------------------------------------------------------------------------- */

static enum MHD_Result respond_error(struct exchange *exchange, const struct answer *answer)
{
    const char *line = (const char *)answer->line;
    const char *space = memchr(line, ' ', answer->line_size);
    const char *message = space ? space + 1 : "";
    size_t size = space ? answer->line_size - (size_t)(message - line) : 0;
    /* An answer of another kind has no meaning here. */
    enum reply_error error = answer->kind == ANSWER_ERROR ? answer->error : REPLY_INTERNAL;
    json_t *json = json_error(error, message, size);
    if (!error_row(error)->definite && exchange->plan.kind == PLAN_CHANGE)
        json_object_set_new(json, "outcome", json_string("unknown"));
    return queue(exchange, error_row(error)->http, json_response(json, JSON_COMPACT));
}

/* --- what else there is ----------------------------------------------------------------------------------------- */

/* 201 where a file came to be (RFC 9110, 9.3.4), by whatever made it. */
static enum MHD_Result respond_change(struct exchange *exchange, const struct answer *answer)
{
    const struct plan *plan = &exchange->plan;
    if (plan->of_level)
        return queue(exchange, 200, json_response(json_level(answer), JSON_COMPACT));
    struct MHD_Response *response = json_response(json_change(answer, &plan->name), JSON_COMPACT);
    if (response && answer->version > 0 && plan->name.given)
        etag(response, answer->version);
    bool created = plan->creates || node_client_created(exchange->connection->client);
    return queue(exchange, created ? 201 : 200, response);
}

static enum MHD_Result respond_ready(struct exchange *exchange, bool ready, const char *reason)
{
    json_t *json = ready ? json_object() : json_error(REPLY_NOT_READY, reason, strlen(reason));
    if (ready)
        json_object_set_new(json, "ok", json_true());
    if (ready && !node_has_room(exchange->connection->http->node))
        json_object_set_new(json, "disk", json_string("full"));
    return queue(exchange, ready ? 200 : error_row(REPLY_NOT_READY)->http, json_response(json, JSON_COMPACT));
}

/* A node is ready when a read would be answered: so one is made, where nothing speaks against it. */
static enum MHD_Result respond_readyz(struct exchange *exchange, const struct answer *answer)
{
    static const char probe[] = "read readyz\r\n";
    struct http_connection *connection = exchange->connection;
    struct node *node = connection->http->node;
    if (exchange->confirmed) {
        bool read = answer->kind == ANSWER_CONTENTS || answer->kind == ANSWER_NOT_FOUND;
        return respond_ready(exchange, read, "a read was not answered: the leader did not confirm it");
    }
    if (!node_ready(node))
        return respond_ready(exchange, false, node_unready(node));
    exchange->confirmed = true;
    node_client_bytes(node, connection->client, (const uint8_t *)probe, sizeof probe - 1);
    return MHD_YES;
}

/* STATUS and LIST: the text behind the line as a whole. */
static enum MHD_Result respond_text(struct exchange *exchange, const struct answer *answer, struct chain *output)
{
    const struct node *node = exchange->connection->http->node;
    struct meter_levels levels;
    struct buffer text = {0}, metrics = {0};
    size_t size = (size_t)answer->body_size;
    uint8_t *at = buffer_reserve(&text, size + 1);
    if (!at)
        return MHD_NO;
    chain_copy(output, at, size);
    chain_consume(output, size + ANSWER_END_SIZE);
    enum MHD_Result result = MHD_NO;
    switch (exchange->plan.kind) {
    case PLAN_LIST:
        result = queue(exchange, 200, json_response(json_list(answer, (char *)at, size), JSON_COMPACT));
        break;
    case PLAN_METRICS:
        node_levels(node, &levels);
        metrics_write(&metrics, (char *)at, size, node_meter(node), &levels);
        result = queue(exchange, 200, text_response(&metrics, "text/plain; version=0.0.4; charset=utf-8"));
        break;
    case PLAN_STATUS:
    case PLAN_CHANGE:
    case PLAN_READ:
    case PLAN_LIVEZ:
    case PLAN_READYZ:
        result = queue(exchange, 200, json_response(json_status((char *)at, size), JSON_INDENT(2)));
        break;
    }
    buffer_close(&text);
    return result;
}

enum MHD_Result respond_answer(struct exchange *exchange, const struct answer *answer, struct chain *output)
{
    if (exchange->plan.kind == PLAN_READYZ)
        return respond_readyz(exchange, answer);
    switch (answer->kind) {
    case ANSWER_OK:
        return respond_change(exchange, answer);
    case ANSWER_CONTENTS:
        return respond_contents(exchange, answer, output);
    case ANSWER_NOT_FOUND:
        return respond_not_found(exchange, answer);
    case ANSWER_VERSION_MISMATCH:
        return respond_mismatch(exchange, answer);
    case ANSWER_STATUS:
    case ANSWER_LIST:
        return respond_text(exchange, answer, output);
    case ANSWER_PONG:
        return respond_ready(exchange, true, NULL);
    case ANSWER_ERROR:
    case ANSWER_VERSION:
    case ANSWER_HELP:
    case ANSWER_BYE:
    case ANSWER_STAT:
        break;
    }
    return respond_error(exchange, answer);
}
