/* libFuzzer: the client's bytes as a connection sees them, request after request with their contents, and each command,
 * and all of them as one transaction, to the log's bytes and back. */
#include <string.h>

#include "base/ensure.h"
#include "protocol/asked.h"
#include "protocol/command.h"
#include "protocol/request.h"
#include "protocol/transaction.h"

enum { VALUE_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What REQUEST, with its CONTENTS, is in the log; TOKEN has room for its token. */
static struct command command_of(const struct request *request, const uint8_t *contents, uint8_t *token)
{
    struct command command = asked_command(request, token);
    command.gateway = 1;
    command.epoch = 2;
    command.number = command.lowest = 3;
    if (!command.value && !command.source)
        command.value = contents;
    return command;
}

static void same(const struct command *a, const struct command *b)
{
    ensure(a->kind == b->kind && a->version == b->version && a->exptime_s == b->exptime_s);
    ensure(a->delta == b->delta && a->source_size == b->source_size);
    ensure(a->source_size == 0 || memcmp(a->source, b->source, a->source_size) == 0);
    ensure(a->guarded == b->guarded && (a->token == NULL) == (b->token == NULL));
    ensure(a->name_size == b->name_size && a->value_size == b->value_size);
    ensure(a->name_size == 0 || memcmp(a->name, b->name, a->name_size) == 0);
    ensure(a->value_size == 0 || memcmp(a->value, b->value, a->value_size) == 0);
    ensure(!a->token || memcmp(a->token, b->token, COMMAND_TOKEN_SIZE) == 0);
}

static void round_trip(const struct command *command)
{
    struct command decoded;
    struct blob *blob = command_encode(command);
    ensure(blob != NULL);
    ensure(command_decode(blob->bytes, blob->size, &decoded));
    same(&decoded, command);
    ensure(command_value_size(blob) == command_contents_size(command));
    blob_release(blob);
}

/* All lines that can be, put together as a transaction. */
static void add_part(struct buffer *parts, const struct command *command)
{
    struct command part = *command, again;
    part.token = NULL;
    bool changes = command_changes(part.kind);
    if (changes && transaction_touches(buffer_start(parts), buffer_size(parts), &part))
        return;
    size_t before = buffer_size(parts);
    ensure(transaction_append(parts, &part));
    const uint8_t *at = buffer_start(parts) + before, *end = buffer_start(parts) + buffer_size(parts);
    ensure(transaction_next(&at, end, &again) && at == end);
    same(&again, &part);
    ensure(!changes || transaction_touches(buffer_start(parts), buffer_size(parts), &part));
}

static void use_line(struct buffer *parts, const struct request *request, const uint8_t *contents)
{
    uint8_t token[COMMAND_TOKEN_SIZE];
    if (request->error != REQUEST_OK)
        return;
    struct command command = command_of(request, contents, token);
    if (command.kind == 0)
        return;
    if (request->level > LEVEL_KNOWN)
        return; /* such a command is refused before it is made */
    if (request->verb != VERB_IF)
        round_trip(&command);
    if (!verb_row(request->verb)->in_txn)
        return;
    add_part(parts, &command);
}

static void use_all(struct buffer *parts)
{
    struct command transaction = {
        .kind = COMMAND_TXN, .value = buffer_start(parts), .value_size = buffer_size(parts)};
    if (buffer_size(parts) > 0 && transaction_valid(buffer_start(parts), buffer_size(parts)))
        round_trip(&transaction);
}

/* Line after line. */
static void use_text(struct buffer *parts, const uint8_t *bytes, size_t size)
{
    struct request request;
    size_t consumed;
    while (request_parse(bytes, size, VALUE_MAX, &request, &consumed) == REQUEST_LINE) {
        ensure(consumed > 0 && consumed <= size && request.error < REQUEST_ERROR_COUNT);
        bytes += consumed;
        size -= consumed;
        const uint8_t *contents = bytes;
        if (request.has_contents) {
            ensure(request.numbytes <= VALUE_MAX);
            if (size < request.numbytes)
                return;
            int end = request_end(bytes + request.numbytes, size - request.numbytes);
            if (end <= 0)
                return;
            bytes += request.numbytes + (size_t)end;
            size -= request.numbytes + (size_t)end;
        }
        use_line(parts, &request, contents);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct command command;
    struct buffer parts = {0};
    (void)command_decode(bytes, size, &command);
    use_text(&parts, bytes, size);
    use_all(&parts);
    buffer_close(&parts);
    return 0;
}
