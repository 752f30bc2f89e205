/* A client's bytes to pending commands: lines, contents, and what is refused before it is taken. */
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/state.h"
#include "protocol/command.h"
#include "protocol/help.h"

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

static struct pending *pending_add(struct node *node, struct node_client *client, enum pending_state state,
                                   const uint8_t *name, size_t name_size)
{
    struct pending *pending = memory_get(sizeof *pending + name_size);
    pending->client = client;
    pending->state = state;
    pending->deadline_ms = node->now_ms + node->options.command_timeout_ms;
    pending->name_size = name_size;
    if (name_size > 0)
        memcpy(pending->name, name, name_size);
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

/* Where to put a reply that is known at once: straight out, or behind what is not answered yet. */
static struct chain *reply_now(struct node *node, struct node_client *client)
{
    client_touch(node, client);
    if (!client->head)
        return &client->output;
    return &pending_add(node, client, PENDING_DONE, NULL, 0)->reply;
}

static void refuse(struct node *node, struct node_client *client, enum reply_error error, const char *reason)
{
    reply_error(reply_now(node, client), error, reason);
}

static void answer_text(struct node *node, struct node_client *client, const struct request *request)
{
    if (request->verb == VERB_STATUS) {
        struct buffer text = {0};
        status_write(node, &text);
        reply_text(reply_now(node, client), "STATUS", buffer_start(&text), buffer_size(&text));
        buffer_close(&text);
        return;
    }
    enum verb verb = request->name ? request_verb(request->name, request->name_size) : VERB_NONE;
    if (request->name && verb == VERB_NONE) {
        refuse(node, client, REPLY_CMD_ERR, "no such verb; 'help' alone lists them");
        return;
    }
    const char *text = help_text(verb);
    reply_text(reply_now(node, client), "HELP", text, strlen(text));
}

/* A change is complete: it waits for a number. COMMAND's reference becomes the pending's. */
static void submit(struct node *node, struct node_client *client, struct blob *command, size_t bytes)
{
    struct pending *pending = pending_add(node, client, PENDING_WAITING, NULL, 0);
    pending->command = command;
    pending->bytes = bytes;
    client->bytes += bytes;
    list_add_last(&node->waiting, &pending->queue);
}

/* Why a change with SIZE bytes of contents is not taken now, or REPLY_ERROR_COUNT. All of these are definite. */
static enum reply_error refusal(const struct node *node, size_t size, bool grows)
{
    if (node->held_bytes + size > LIMIT_HELD_BYTES)
        return REPLY_BUSY;
    if (!node->gateway.writable || persist_is_behind(node))
        return REPLY_DISK_FULL;
    if (grows && store_memory_bytes(node->store) + size > node->limits.memory_max_bytes)
        return REPLY_STORE_FULL;
    return REPLY_ERROR_COUNT;
}

static struct blob *encode(const struct request *request)
{
    struct command command = {
        .kind = request->verb == VERB_WRITE ? COMMAND_WRITE : request->verb == VERB_CAS ? COMMAND_CAS : COMMAND_DELETE,
        .version = request->version,
        .exptime_s = request->exptime_s,
        .name = request->name,
        .name_size = request->name_size,
        .value_size = (size_t)request->numbytes,
    };
    return command_encode(&command);
}

static void begin_delete(struct node *node, struct node_client *client, const struct request *request)
{
    enum reply_error error = refusal(node, 0, false);
    struct blob *command = error == REPLY_ERROR_COUNT ? encode(request) : NULL;
    if (command)
        submit(node, client, command, 0);
    else
        refuse(node, client, error == REPLY_ERROR_COUNT ? REPLY_BUSY : error, NULL);
}

/* A line with contents: they are filled in, or dropped if there is something to refuse. */
static void begin_contents(struct node *node, struct node_client *client, const struct request *request)
{
    client->in_contents = true;
    client->request = *request;
    client->request.name = NULL; /* it was borrowed */
    client->contents_left = request->numbytes;
    client->refusal_reason = NULL;
    if (request->error != REQUEST_OK) {
        client->refusal = REPLY_CMD_ERR;
        client->refusal_reason = request_error_text(request->error);
        return;
    }
    client->refusal = refusal(node, (size_t)request->numbytes, true);
    if (client->refusal != REPLY_ERROR_COUNT)
        return;
    client->command = encode(request);
    if (!client->command) {
        client->refusal = REPLY_BUSY;
        client->refusal_reason = "no memory for it now";
        return;
    }
    node->held_bytes += request->numbytes;
    client->contents_at = command_value_offset(client->command);
}

static void begin_read(struct node *node, struct node_client *client, const struct request *request)
{
    if (persist_is_behind(node)) {
        refuse(node, client, REPLY_DISK_FULL, "this node's disk is full and it has fallen behind; ask another node");
        return;
    }
    reads_add(&node->reads, pending_add(node, client, PENDING_READ, request->name, request->name_size));
}

static void begin_request(struct node *node, struct node_client *client, const struct request *request)
{
    if (request->has_contents) {
        begin_contents(node, client, request);
        return;
    }
    if (request->error != REQUEST_OK) {
        refuse(node, client, REPLY_CMD_ERR, request_error_text(request->error));
        return;
    }
    switch (request->verb) {
    case VERB_READ:
        begin_read(node, client, request);
        break;
    case VERB_DELETE:
        begin_delete(node, client, request);
        break;
    case VERB_HELP:
    case VERB_STATUS:
        answer_text(node, client, request);
        break;
    case VERB_PING:
        reply_line(reply_now(node, client), "PONG");
        break;
    case VERB_VERSION:
        reply_line(reply_now(node, client), "VERSION " CLEAT_VERSION);
        break;
    case VERB_QUIT:
        reply_line(reply_now(node, client), "BYE");
        client->closing = true;
        break;
    case VERB_WRITE:
    case VERB_CAS:
    case VERB_NONE:
    case VERB_COUNT:
        ensure(request->verb == VERB_COUNT); /* a line without contents cannot be one of these */
    }
}

static void fatal(struct node *node, struct node_client *client, enum request_error error)
{
    refuse(node, client, error == REQUEST_TOO_BIG ? REPLY_TOO_BIG : REPLY_CMD_ERR,
           error == REQUEST_TOO_BIG ? NULL : request_error_text(error));
    client->closing = true;
}

/* Contents, and the line end behind them. False: more bytes are needed. */
static bool take_contents(struct node *node, struct node_client *client, struct span *span)
{
    size_t part = span->left < client->contents_left ? span->left : (size_t)client->contents_left;
    if (client->command && part > 0) {
        memcpy(client->command->bytes + client->contents_at, span->at, part);
        client->contents_at += part;
    }
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
        fatal(node, client, REQUEST_BAD_END);
        return false;
    }
    span_take(span, (size_t)end);
    if (command)
        submit(node, client, command, (size_t)client->request.numbytes);
    else
        refuse(node, client, client->refusal, client->refusal_reason);
    return true;
}

static bool at_limit(const struct node_client *client)
{
    return client->count >= LIMIT_PIPELINE || client->bytes >= LIMIT_PIPELINE_BYTES ||
           client->output.size >= LIMIT_OUTPUT_BYTES;
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
        if (at_limit(client)) {
            if (!list_linked(&client->stalled))
                list_add_last(&node->stalled, &client->stalled);
            client_touch(node, client);
            return;
        }
        struct request request;
        size_t consumed = 0;
        enum request_status status =
            request_parse(span->at, span->left, node->limits.value_max_bytes, &request, &consumed);
        if (status == REQUEST_MORE)
            return;
        if (status == REQUEST_FATAL) {
            fatal(node, client, request.error);
            return;
        }
        begin_request(node, client, &request);
        span_take(span, consumed);
    }
}

void client_parse(struct node *node, struct node_client *client)
{
    if (list_linked(&client->stalled)) {
        if (at_limit(client))
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

void node_client_bytes(struct node *node, struct node_client *client, const uint8_t *bytes, size_t size)
{
    if (client->closing || client->input_ended)
        return;
    if (buffer_size(&client->input) > 0) {
        buffer_append(&client->input, bytes, size);
        client_parse(node, client);
        return;
    }
    /* The usual case: whole commands in one read are parsed where they lie; only a rest is copied. */
    struct span span = {.at = bytes, .left = size};
    parse_span(node, client, &span);
    if (!client->closing)
        buffer_append(&client->input, span.at, span.left);
}
