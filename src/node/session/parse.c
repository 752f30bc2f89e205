/* A client's bytes to pending commands: lines, contents, and what is refused before it is taken. */
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/state.h"
#include "protocol/asked.h"
#include "protocol/command.h"
#include "protocol/help.h"
#include "protocol/suggest.h"
#include "protocol/words.h"

/* Input that is being parsed: borrowed. */
struct span {
    const uint8_t *at;
    size_t left;
};

static void span_take(struct span *span, size_t size)
{
    ensure(size <= span->left);
    span->at += size;
    span->left -= size;
}

/* With room for NAMES_SIZE bytes of names. */
static struct pending *pending_add(struct node *node, struct node_client *client, enum pending_state state,
                                   size_t names_size)
{
    struct pending *pending = memory_get(sizeof *pending + names_size);
    pending->client = client;
    pending->state = state;
    pending->deadline_ms = node->env.now_ms + node->env.options.command_timeout_ms;
    if (client->tail)
        client->tail->next = pending;
    else
        client->head = pending;
    client->tail = pending;
    client->count++;
    if (state != PENDING_DONE)
        list_add_last(&node->ages, &pending->age);
    return pending;
}

struct chain *client_reply_now(struct node *node, struct node_client *client)
{
    client_touch(node, client);
    if (!client->head)
        return &client->output;
    return &pending_add(node, client, PENDING_DONE, 0)->reply;
}

void client_refuse(struct node *node, struct node_client *client, enum reply_error error, const char *reason)
{
    node->env.meter.errors[error]++;
    reply_error(client_reply_now(node, client), error, reason);
}

static void answer_text(struct node *node, struct node_client *client, const char *code, struct buffer *text)
{
    reply_text(client_reply_now(node, client), code, buffer_start(text), buffer_size(text));
    buffer_close(text);
}

static void answer_help(struct node *node, struct node_client *client, const struct request *request)
{
    struct buffer text = {0};
    enum verb verb = request->name ? verb_find(request->name, request->name_size) : VERB_NONE;
    if (request->name && verb == VERB_NONE) {
        char suggestion[SUGGEST_TEXT_MAX];
        client_refuse(node, client, REPLY_CMD_ERR, suggest_help(request->name, request->name_size, suggestion));
        return;
    }
    help_write(&text, verb);
    answer_text(node, client, "HELP", &text);
}

/* What is asked about this node, or to it. */
static void answer_by_itself(struct node *node, struct node_client *client, const struct request *request)
{
    struct buffer text = {0};
    switch ((unsigned)request->verb) {
    case VERB_HELP:
        answer_help(node, client, request);
        break;
    case VERB_STATUS:
        facts_status(node, &text);
        answer_text(node, client, "STATUS", &text);
        break;
    case VERB_PING:
        reply_line(client_reply_now(node, client), "PONG");
        break;
    case VERB_VERSION:
        reply_line(client_reply_now(node, client), "VERSION " CLEAT_VERSION);
        break;
    case VERB_QUIT:
        reply_line(client_reply_now(node, client), "BYE");
        client->closing = true;
        break;
    default:
        ensure(request->verb == VERB_HELP); /* there is no other of that class */
    }
}

void client_submit(struct node *node, struct node_client *client, struct blob *command, size_t bytes)
{
    struct pending *pending = pending_add(node, client, PENDING_WAITING, 0);
    pending->verb = meter_verb(command);
    pending->command = command;
    pending->bytes = bytes;
    client->bytes += bytes;
    list_add_last(&node->waiting, &pending->queue);
}

enum reply_error client_refusal(const struct node *node, size_t held, size_t growth)
{
    if (node->held_bytes + held > LIMIT_HELD_BYTES)
        return REPLY_BUSY;
    if (!node->gateway.writable || persist_is_behind(&node->persist, &node->env, node->raft))
        return REPLY_DISK_FULL;
    if (growth > 0 && store_memory_bytes(node->store) + growth > node->env.limits.memory_max_bytes)
        return REPLY_STORE_FULL;
    return REPLY_ERROR_COUNT;
}

size_t client_held_contents(const struct node_client *client)
{
    return (size_t)(client->request.numbytes - client->contents_left);
}

size_t client_growth(struct node *node, const struct command *change)
{
    struct store_file source;
    switch (change->kind) {
    case COMMAND_WRITE:
    case COMMAND_CAS:
    case COMMAND_APPEND:
        return change->name_size + change->value_size;
    case COMMAND_INCR:
        return change->name_size + INTEGER_TEXT_MAX;
    case COMMAND_COPY:
        return store_read(node->store, change->source, change->source_size, &source)
                   ? change->name_size + source.value_size
                   : 0;
    default:
        return 0;
    }
}

/* A change that is all in its line. */
static void begin_change(struct node *node, struct node_client *client, const struct request *request)
{
    uint8_t token[COMMAND_TOKEN_SIZE];
    struct command change = asked_command(request, token);
    enum reply_error error = client_refusal(node, 0, client_growth(node, &change));
    struct blob *command = error == REPLY_ERROR_COUNT ? command_encode(&change) : NULL;
    if (command)
        client_submit(node, client, command, 0);
    else
        client_refuse(node, client, error == REPLY_ERROR_COUNT ? REPLY_BUSY : error, NULL);
}

/* A line with contents: they are filled in, or dropped if there is something to refuse. */
static void begin_contents(struct node *node, struct node_client *client, const struct request *request)
{
    client->in_contents = true;
    client->request = *request;
    client->request.name = client->request.other = client->request.token = NULL; /* they were borrowed */
    client->contents_left = request->numbytes;
    client->refusal_reason = NULL;
    client->contents_to = NULL;
    if (client->txn) {
        txn_line(node, client, request);
        return;
    }
    if (request->error != REQUEST_OK) {
        client->refusal = REPLY_CMD_ERR;
        return; /* why is told by the request */
    }
    uint8_t token[COMMAND_TOKEN_SIZE];
    struct command change = asked_command(request, token);
    client->refusal = client_refusal(node, change.value_size, client_growth(node, &change));
    if (client->refusal != REPLY_ERROR_COUNT)
        return;
    client->command = command_encode(&change);
    if (!client->command) {
        client->refusal = REPLY_BUSY;
        client->refusal_reason = "no memory for it now";
        return;
    }
    client->contents_to = client->command->bytes + command_value_offset(client->command);
}

static void copy_names(const struct request *request, const struct query *query, uint8_t *names)
{
    if (query->name_size > 0)
        memcpy(names, request->name, query->name_size);
    if (query->other_size > 0)
        memcpy(names + query->name_size, request->other, query->other_size);
}

/* Bytes of contents that are hashed to answer it. */
static size_t hashed_bytes(struct node *node, const struct request *request)
{
    struct store_file file;
    bool hashes = request->verb == VERB_STAT && store_read(node->store, request->name, request->name_size, &file);
    return hashes ? file.value_size : 0;
}

static void answer_now(struct node *node, struct node_client *client, const struct request *request)
{
    struct query query = query_of(request);
    uint8_t names[2 * REQUEST_NAME_MAX];
    size_t size_before = client->output.size;
    copy_names(request, &query, names);
    client_touch(node, client);
    query_answer(node, &query, names, &client->output);
    node->answered_bytes += client->output.size - size_before + hashed_bytes(node, request);
}

/* Bytes that count as held until the answer is written: a listing can be long, and a hash takes its time. */
static size_t answer_bytes(struct node *node, const struct request *request)
{
    return request->verb == VERB_LIST ? (size_t)request->limit * LIMIT_LIST_LINE : hashed_bytes(node, request);
}

/* read, stat, list. */
static void begin_query(struct node *node, struct node_client *client, const struct request *request)
{
    if (request->stale && !client->head) {
        answer_now(node, client, request);
        return;
    }
    if (!request->stale && persist_is_behind(&node->persist, &node->env, node->raft)) {
        client_refuse(node, client, REPLY_DISK_FULL,
                      "this node's disk is full and it has fallen behind; ask another node");
        return;
    }
    size_t bytes = answer_bytes(node, request);
    if (node->held_bytes + bytes > LIMIT_HELD_BYTES) {
        client_refuse(node, client, REPLY_BUSY, NULL);
        return;
    }
    struct query query = query_of(request);
    struct pending *pending = pending_add(node, client, request->stale ? PENDING_CONFIRMED : PENDING_READ,
                                          (size_t)query.name_size + query.other_size);
    pending->verb = request->verb;
    pending->query = query;
    pending->bytes = bytes;
    client->bytes += bytes;
    node->held_bytes += bytes;
    copy_names(request, &query, pending->names);
    if (!request->stale)
        reads_add(&node->reads, pending);
}

/* REQUEST cannot be taken: says why. */
static void refuse_request(struct node *node, struct node_client *client, const struct request *request)
{
    char suggestion[SUGGEST_TEXT_MAX], text[REQUEST_TEXT_MAX];
    if (request->error == REQUEST_TOO_BIG)
        client_refuse(node, client, REPLY_TOO_BIG, NULL);
    else if (request->error == REQUEST_UNKNOWN_VERB)
        client_refuse(node, client, REPLY_CMD_ERR, suggest_unknown(request->name, request->name_size, suggestion));
    else
        client_refuse(node, client, REPLY_CMD_ERR, request_error_text(request, text));
}

static void begin_request(struct node *node, struct node_client *client, const struct request *request)
{
    if (request->has_contents) {
        begin_contents(node, client, request);
        return;
    }
    bool quits = request->verb == VERB_QUIT && request->error == REQUEST_OK;
    if (request->verb == VERB_TXN || (client->txn && !quits)) {
        txn_line(node, client, request);
        return;
    }
    if (request->error != REQUEST_OK) {
        refuse_request(node, client, request);
        return;
    }
    switch ((enum verb_class)verb_row(request->verb)->class) {
    case CLASS_QUESTION:
        begin_query(node, client, request);
        break;
    case CLASS_CHANGE:
        begin_change(node, client, request);
        break;
    case CLASS_TRANSACTION:
        client_refuse(node, client, REPLY_CMD_ERR, "no transaction is under way; 'txn' begins one");
        break;
    case CLASS_NODE:
        answer_by_itself(node, client, request);
        break;
    case CLASS_STREAM:
    case CLASS_BLOCKING:
        ensure(request->verb == VERB_NONE); /* there is none of these yet */
    }
}

/* The end of REQUEST is not known. */
static void fatal(struct node *node, struct node_client *client, const struct request *request)
{
    refuse_request(node, client, request);
    client->closing = true;
}

/* SIZE more bytes of contents came. They count as held from now on, not from their line on, which may promise what
 * never comes; so there may no longer be room for them. */
static void keep_contents(struct node *node, struct node_client *client, const uint8_t *bytes, size_t size)
{
    if (node->held_bytes + size <= LIMIT_HELD_BYTES) {
        node->held_bytes += size;
        if (client->txn)
            txn_contents(client, size);
        memcpy(client->contents_to, bytes, size);
        client->contents_to += size;
        return;
    }
    client->contents_to = NULL;
    if (client->txn) {
        txn_contents_refused(client);
        return;
    }
    node->held_bytes -= client_held_contents(client);
    blob_release(client->command);
    client->command = NULL;
    client->refusal = REPLY_BUSY;
}

/* Contents, and the line end behind them. False: more bytes are needed. */
static bool take_contents(struct node *node, struct node_client *client, struct span *span)
{
    size_t part = span->left < client->contents_left ? span->left : (size_t)client->contents_left;
    if (client->contents_to && part > 0)
        keep_contents(node, client, span->at, part);
    client->contents_left -= part;
    span_take(span, part);
    if (client->contents_left > 0)
        return false;
    int end = request_end(span->at, span->left);
    if (end == 0)
        return false;
    client->in_contents = false;
    struct blob *command = client->command;
    client->command = NULL;
    if (end < 0) {
        if (command)
            node->held_bytes -= client->request.numbytes;
        blob_release(command);
        client->request.error = REQUEST_BAD_END;
        fatal(node, client, &client->request);
        return false;
    }
    span_take(span, (size_t)end);
    if (client->txn)
        return true; /* one answer, to commit */
    if (command)
        client_submit(node, client, command, (size_t)client->request.numbytes);
    else if (client->request.error != REQUEST_OK)
        refuse_request(node, client, &client->request);
    else
        client_refuse(node, client, client->refusal, client->refusal_reason);
    return true;
}

static bool at_limit(const struct node_client *client)
{
    return client->count >= LIMIT_PIPELINE || client->bytes >= LIMIT_PIPELINE_BYTES ||
           client->output.size >= LIMIT_OUTPUT_BYTES;
}

/* A line of a few bytes may be answered by megabytes: the rest waits for the next turn. */
static bool answered_enough(struct node *node)
{
    bool enough = node->answered_bytes >= LIMIT_ANSWER_BYTES;
    node->env.more |= enough;
    return enough;
}

static void parse_span(struct node *node, struct node_client *client, struct span *span)
{
    while (!client->closing) {
        if (client->in_contents) {
            if (!take_contents(node, client, span))
                return;
            continue;
        }
        if (span->left == 0)
            return;
        if (at_limit(client) || answered_enough(node)) {
            if (!list_linked(&client->stalled))
                list_add_last(&node->stalled, &client->stalled);
            client_touch(node, client);
            return;
        }
        struct request request;
        size_t consumed = 0;
        enum request_status status =
            request_parse(span->at, span->left, node->env.limits.value_max_bytes, &request, &consumed);
        if (status == REQUEST_MORE)
            return;
        if (status == REQUEST_FATAL) {
            fatal(node, client, &request);
            return;
        }
        begin_request(node, client, &request);
        span_take(span, consumed);
    }
}

void client_parse(struct node *node, struct node_client *client)
{
    if (list_linked(&client->stalled)) {
        if (at_limit(client) || answered_enough(node))
            return;
        list_remove(&client->stalled);
        client_touch(node, client);
    }
    struct span span = {.at = buffer_start(&client->input), .left = buffer_size(&client->input)};
    parse_span(node, client, &span);
    if (client->closing)
        buffer_close(&client->input);
    else
        buffer_consume(&client->input, buffer_size(&client->input) - span.left);
    if (buffer_size(&client->input) == 0)
        buffer_clear(&client->input, 0);
}

/* SIZE bytes wait to be parsed. False: there is no memory for them, and what follows means nothing without them. */
static bool input_keep(struct node *node, struct node_client *client, const uint8_t *bytes, size_t size)
{
    uint8_t *at = buffer_reserve(&client->input, size);
    if (!at) {
        client_refuse(node, client, REPLY_BUSY, "no memory for it now; closing");
        client->closing = true;
        return false;
    }
    memcpy(at, bytes, size);
    buffer_added(&client->input, size);
    return true;
}

void node_client_bytes(struct node *node, struct node_client *client, const uint8_t *bytes, size_t size)
{
    if (client->closing || client->input_ended)
        return;
    if (buffer_size(&client->input) > 0) {
        if (input_keep(node, client, bytes, size))
            client_parse(node, client);
        return;
    }
    /* The usual case: whole commands in one read are parsed where they lie; only a rest is copied. */
    struct span span = {.at = bytes, .left = size};
    parse_span(node, client, &span);
    if (!client->closing && span.left > 0)
        (void)input_keep(node, client, span.at, span.left);
}
