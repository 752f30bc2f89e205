/* A request's way through the node: its lines and body go in as they come, the answer is waited for. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "http/inside.h"
#include "http/json.h"
#include "http/txn.h"

static const struct refusal busy = {
    .error = REPLY_BUSY, .message = "too many connections or requests; try again, or another node"};
static const struct refusal ending = {
    .error = REPLY_BUSY, .message = "this node shuts down; try another node"};
/* A change is with the node, which will not tell any more. */
static const struct refusal undecided = {
    .error = REPLY_TIMEOUT, .message = "this node shuts down; it may or may not take effect"};
static const struct refusal too_big = {
    .error = REPLY_TOO_BIG, .message = "the body is larger than this node takes"};

struct exchange *exchange_open(const char *target)
{
    size_t size = target ? strlen(target) : 0;
    struct exchange *exchange = memory_get(sizeof *exchange + size + 1);
    exchange->place = (struct header_place){.target = target, .target_size = size};
    if (size > 0)
        memcpy(exchange->target, target, size);
    return exchange;
}

void exchange_reset_client(struct http_connection *connection)
{
    struct node *node = connection->http->node;
    if (connection->client)
        node_client_close(node, connection->client);
    connection->client = node_client_open(node, &connection->connection);
}

static void body_close(struct exchange *exchange)
{
    struct http *http = exchange->connection->http;
    ensure(http->collected_bytes >= buffer_size(&exchange->body));
    http->collected_bytes -= buffer_size(&exchange->body);
    buffer_close(&exchange->body);
}

void exchange_close(struct exchange *exchange)
{
    struct http_connection *connection = exchange->connection;
    if (connection) {
        body_close(exchange);
        connection->exchange = NULL;
        if (connection->client && exchange->sent && (!exchange->settled || node_client_ends(connection->client))) {
            node_client_close(connection->http->node, connection->client);
            connection->client = NULL; /* the next request, if there is one, gets another */
        }
    }
    plan_close(&exchange->plan);
    free(exchange);
}

/* --- to the node ------------------------------------------------------------------------------------------------ */

static void send_bytes(struct exchange *exchange, const void *bytes, size_t size)
{
    struct http_connection *connection = exchange->connection;
    exchange->sent = true;
    if (size > 0)
        node_client_bytes(connection->http->node, connection->client, bytes, size);
}

static void send_buffer(struct exchange *exchange, struct buffer *buffer)
{
    send_bytes(exchange, buffer_start(buffer), buffer_size(buffer));
}

static bool answered(const struct exchange *exchange)
{
    return exchange->connection->client && node_client_output(exchange->connection->client)->size > 0;
}

/* The lines before contents of SIZE bytes. */
static void send_contents_line(struct exchange *exchange, uint64_t size)
{
    struct plan *plan = &exchange->plan;
    buffer_append_number(&plan->lines, size);
    buffer_append(&plan->lines, buffer_start(&plan->rest), buffer_size(&plan->rest));
    send_buffer(exchange, &plan->lines);
}

static void send_collected(struct exchange *exchange)
{
    struct plan *plan = &exchange->plan;
    if (plan->body == PLAN_BODY_CONTENTS) {
        send_contents_line(exchange, buffer_size(&exchange->body));
        send_buffer(exchange, &exchange->body);
        send_bytes(exchange, plan->end, strlen(plan->end));
    } else {
        struct buffer lines = {0};
        if (txn_lines(buffer_start(&exchange->body), buffer_size(&exchange->body), &plan->once, &lines,
                      exchange->reason))
            send_buffer(exchange, &lines);
        else
            exchange->refusal = (struct refusal){.error = REPLY_CMD_ERR, .message = exchange->reason};
        buffer_close(&lines);
    }
    body_close(exchange);
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

static enum MHD_Result respond_output(struct exchange *exchange)
{
    static const struct refusal bad = {.error = REPLY_INTERNAL, .message = "the answer is not understood"};
    struct http_connection *connection = exchange->connection;
    struct chain *output = node_client_output(connection->client);
    uint8_t line[ANSWER_LINE_MAX + ANSWER_END_SIZE];
    size_t size = output->size < sizeof line ? output->size : sizeof line, consumed;
    struct answer answer;
    chain_copy(output, line, size);
    if (answer_parse(line, size, &answer, &consumed) != ANSWER_LINE)
        return respond_refusal(exchange, &bad);
    chain_consume(output, consumed);
    bool whole = exchange->state == EXCHANGE_ASKED;
    enum MHD_Result result = respond_answer(exchange, &answer, output);
    if (exchange->state == EXCHANGE_ANSWERED) {
        exchange->settled = whole;
        chain_consume(output, output->size);
        node_client_written(connection->http->node, connection->client);
    }
    return result;
}

/* The request is complete: its answer, or waiting for it. */
static enum MHD_Result answer(struct exchange *exchange)
{
    if (exchange->refusal.message)
        return respond_refusal(exchange, &exchange->refusal);
    while (answered(exchange)) {
        enum MHD_Result result = respond_output(exchange);
        if (result == MHD_NO || exchange->state == EXCHANGE_ANSWERED)
            return result;
    }
    if (exchange->connection->http->closing)
        return respond_refusal(exchange, exchange->plan.kind == PLAN_CHANGE ? &undecided : &ending);
    exchange->suspended = true;
    MHD_suspend_connection(exchange->connection->library);
    return MHD_YES;
}

void exchange_flush(struct exchange *exchange)
{
    if (!exchange->suspended || (!answered(exchange) && !exchange->connection->http->closing))
        return;
    exchange->suspended = false;
    MHD_resume_connection(exchange->connection->library);
    http_run_soon(exchange->connection->http);
}

/* --- the library's calls ---------------------------------------------------------------------------------------- */

/* How much of a body may be collected. */
static uint64_t collected_max(const struct exchange *exchange)
{
    uint64_t value_max = exchange->connection->http->options.value_max_bytes;
    /* Contents as Base64 or with escapes are longer than they are. */
    return exchange->plan.body == PLAN_BODY_JSON ? 2 * value_max + HTTP_JSON_ALLOWANCE : value_max;
}

static enum MHD_Result begin_body(struct exchange *exchange, const struct fields *fields)
{
    if (exchange->plan.body == PLAN_BODY_CONTENTS && !fields->chunked) {
        exchange->state = EXCHANGE_STREAM;
        send_contents_line(exchange, fields->length);
        /* Refused before the body was seen: it need not be sent. */
        return answered(exchange) ? respond_output(exchange) : MHD_YES;
    }
    exchange->state = EXCHANGE_COLLECT;
    exchange->collected_max = (size_t)collected_max(exchange);
    if (fields->has_length && fields->length > exchange->collected_max)
        return respond_refusal(exchange, &too_big);
    return MHD_YES;
}

static enum MHD_Result begin(struct exchange *exchange, const char *method, const char *version)
{
    struct http_connection *connection = exchange->connection;
    struct fields fields = {.target = exchange->target};
    const char *problem = header_read(connection->library, &exchange->place, method, version, &fields);
    if (problem) {
        exchange->closes = true;
        exchange->refusal = (struct refusal){.error = REPLY_CMD_ERR, .message = problem};
        return respond_refusal(exchange, &exchange->refusal);
    }
    /* Nothing that comes behind such a body is run: others may see its end elsewhere. */
    exchange->closes = fields.chunked;
    plan_make(&fields, connection->http->options.host_names, &exchange->plan, &exchange->refusal);
    if (!connection->client)
        exchange_reset_client(connection);
    if (!exchange->refusal.message && !connection->client)
        exchange->refusal = busy;
    if (exchange->refusal.message) {
        exchange->state = EXCHANGE_DROP;
        return fields.chunked || fields.length > 0 ? respond_refusal(exchange, &exchange->refusal) : MHD_YES;
    }
    if (exchange->plan.body != PLAN_BODY_NONE)
        return begin_body(exchange, &fields);
    exchange->state = EXCHANGE_ASKED;
    send_buffer(exchange, &exchange->plan.lines);
    return MHD_YES;
}

/* The refusal past the library, to a client that would send on for long; it may hear no more than that. What it has on
 * its way is still read, for closing at once could take the answer from it. */
static void tell_early(struct exchange *exchange)
{
    const struct refusal *refusal = &exchange->refusal;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection->library, MHD_CONNECTION_INFO_CONNECTION_FD);
    json_t *json = json_error(refusal->error, refusal->message, strlen(refusal->message));
    char *text = json_dumps(json, JSON_COMPACT);
    struct buffer answer = {0};
    buffer_append_text(&answer, "HTTP/1.1 ");
    buffer_append_number(&answer, error_row(refusal->error)->http);
    buffer_append_text(&answer, " ");
    buffer_append_text(&answer, MHD_get_reason_phrase_for(error_row(refusal->error)->http));
    buffer_append_text(&answer, "\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n");
    buffer_append_text(&answer, text ? text : "");
    buffer_append_text(&answer, "\n");
    send(info->connect_fd, buffer_start(&answer), buffer_size(&answer), MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(info->connect_fd, SHUT_WR);
    exchange->told = true;
    buffer_close(&answer);
    free(text);
    json_decref(json);
}

static enum MHD_Result collect(struct exchange *exchange, const char *bytes, size_t size)
{
    struct http *http = exchange->connection->http;
    bool fits = buffer_size(&exchange->body) + size <= exchange->collected_max;
    if (exchange->state == EXCHANGE_COLLECT &&
        (!fits || http->collected_bytes + size > HTTP_COLLECTED_BYTES || !buffer_reserve(&exchange->body, size))) {
        exchange->refusal = fits ? busy : too_big;
        exchange->state = EXCHANGE_DROP;
        body_close(exchange);
    }
    if (exchange->state == EXCHANGE_DROP) {
        /* The library can answer at the end only: what is a little too long is waited for. */
        exchange->dropped += size;
        if (exchange->dropped > exchange->collected_max && !exchange->told)
            tell_early(exchange);
        return exchange->dropped <= HTTP_DROPPED_BYTES ? MHD_YES : MHD_NO;
    }
    buffer_append(&exchange->body, bytes, size);
    http->collected_bytes += size;
    return MHD_YES;
}

enum MHD_Result exchange_step(struct exchange *exchange, const char *method, const char *version, const char *bytes,
                              size_t *size)
{
    if (exchange->state == EXCHANGE_HEADER)
        return begin(exchange, method, version);
    if (*size > 0) {
        size_t taken = *size;
        *size = 0;
        if (exchange->state != EXCHANGE_STREAM)
            return collect(exchange, bytes, taken);
        send_bytes(exchange, bytes, taken);
        return MHD_YES;
    }
    if (exchange->state == EXCHANGE_STREAM) {
        send_bytes(exchange, exchange->plan.end, strlen(exchange->plan.end));
        exchange->state = EXCHANGE_ASKED;
    } else if (exchange->state == EXCHANGE_COLLECT) {
        exchange->state = EXCHANGE_ASKED;
        send_collected(exchange);
    }
    return answer(exchange);
}
