#include "node/session/txn.h"

#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/session/client.h"
#include "node/session/session.h"
#include "protocol/asked.h"
#include "protocol/transaction.h"

struct client_txn {
    struct buffer parts;
    size_t held;                /* bytes of it that have come and count as held: heads and names too */
    uint32_t lines;             /* that came, `txn` not counted */
    uint32_t changes;
    size_t growth;              /* what it adds to the files, about */
    enum reply_error refusal;   /* REPLY_ERROR_COUNT: nothing is wrong yet */
    struct buffer reason;       /* text; empty: the error's own */
    bool has_token;
    uint8_t token[COMMAND_TOKEN_SIZE];
};

/* The first that is wrong is told; TEXT is NULL for the error's own words. */
static void spoil(struct client_txn *txn, enum reply_error error, const char *text)
{
    ensure(error < REPLY_ERROR_COUNT);
    if (txn->refusal != REPLY_ERROR_COUNT)
        return;
    txn->refusal = error;
    if (text && txn->lines > 0) {
        buffer_append_text(&txn->reason, "line ");
        buffer_append_number(&txn->reason, txn->lines);
        buffer_append_text(&txn->reason, " of the transaction: ");
    }
    if (text)
        buffer_append(&txn->reason, text, strlen(text) + 1);
}

void txn_free(struct session *session, struct node_client *client)
{
    struct client_txn *txn = client->txn;
    if (!txn)
        return;
    ensure(session->held_bytes >= txn->held);
    session->held_bytes -= txn->held;
    buffer_close(&txn->parts);
    buffer_close(&txn->reason);
    free(txn);
    client->txn = NULL;
}

static void begin(struct node_client *client, const struct request *request)
{
    ensure(!client->txn && !client->in_contents && request->verb == VERB_TXN);
    struct client_txn *txn = memory_get(sizeof *txn);
    txn->refusal = REPLY_ERROR_COUNT;
    txn->has_token = request->token != NULL;
    if (txn->has_token)
        command_token(request->token, request->token_size, txn->token);
    client->txn = txn;
    char text[REQUEST_TEXT_MAX];
    if (request->error != REQUEST_OK) /* what follows was meant to be part of it, and must not be done by itself */
        spoil(txn, REPLY_CMD_ERR, request_error_text(request, text));
}

/* The part that a line stands for. False: the line is wrong. */
static bool part_of(const struct levels *levels, struct client_txn *txn, const struct request *request,
                    struct command *part)
{
    uint8_t token[COMMAND_TOKEN_SIZE];
    char text[REQUEST_TEXT_MAX];
    if (request->error != REQUEST_OK) {
        bool too_big = request->error == REQUEST_TOO_BIG; /* of a set: of other verbs it is the connection's end */
        spoil(txn, too_big ? REPLY_TOO_BIG : REPLY_CMD_ERR, too_big ? NULL : request_error_text(request, text));
        return false;
    }
    if (request->token) {
        spoil(txn, REPLY_CMD_ERR, "once= belongs to txn itself");
        return false;
    }
    *part = asked_command(request, token);
    char reason[LEVELS_TEXT_MAX];
    unsigned level = verb_row(request->verb)->level;
    if (level > levels->reached && !levels_reached(levels, level, reason)) {
        spoil(txn, REPLY_UPGRADE, reason);
        return false;
    }
    if (!verb_row(request->verb)->in_txn) {
        spoil(txn, REPLY_CMD_ERR, "only 'if' and what changes a file can be in it; commit or cancel ends it");
        return false;
    }
    return true;
}

/* One more part: room for its contents too. False: it does not fit. */
static bool add(struct session *session, struct client_txn *txn, const struct command *part, bool has_contents)
{
    size_t size = transaction_part_size(part);
    size_t held = has_contents ? size - part->value_size : size; /* the rest as it comes */
    bool changes = command_changes(part->kind);
    if (txn->lines > TRANSACTION_PARTS_MAX)
        spoil(txn, REPLY_CMD_ERR, "a transaction has at most " TRANSACTION_PARTS_MAX_TEXT " lines");
    else if (buffer_size(&txn->parts) + size > session->env->limits.value_max_bytes + TXN_ALLOWANCE)
        spoil(txn, REPLY_TOO_BIG, "all lines together may be little larger than one file");
    else if (session->held_bytes + size > LIMIT_HELD_BYTES)
        spoil(txn, REPLY_BUSY, NULL);
    else if (changes && transaction_touches(buffer_start(&txn->parts), buffer_size(&txn->parts), part))
        spoil(txn, REPLY_CMD_ERR, "another line has the same file; a file may be in one change only");
    else if (!transaction_append(&txn->parts, part))
        spoil(txn, REPLY_BUSY, "no memory for it now");
    if (txn->refusal == REPLY_ERROR_COUNT) {
        txn->changes += changes;
        txn->growth += store_growth(session->store, part);
        txn->held += held;
        session->held_bytes += held;
        ensure(txn->held <= buffer_size(&txn->parts));
    }
    return txn->refusal == REPLY_ERROR_COUNT;
}

static void take_line(struct session *session, struct node_client *client, const struct request *request)
{
    struct client_txn *txn = client->txn;
    struct command part;
    txn->lines++;
    if (txn->refusal != REPLY_ERROR_COUNT || !part_of(&session->env->levels, txn, request, &part) ||
        !add(session, txn, &part, request->has_contents) || !request->has_contents)
        return;
    ensure(part.value_size == client->contents_left);
    client->contents_to = buffer_start(&txn->parts) + buffer_size(&txn->parts) - part.value_size;
}

void txn_contents(struct node_client *client, size_t size)
{
    client->txn->held += size;
    ensure(client->txn->held <= buffer_size(&client->txn->parts));
}

void txn_contents_refused(struct node_client *client)
{
    spoil(client->txn, REPLY_BUSY, NULL);
}

static void commit(struct session *session, struct node_client *client)
{
    struct client_txn *txn = client->txn;
    struct blob *command = NULL;
    if (txn->refusal == REPLY_ERROR_COUNT && txn->changes == 0)
        spoil(txn, REPLY_CMD_ERR, "nothing is changed by it");
    if (txn->refusal == REPLY_ERROR_COUNT)
        txn->refusal = client_refusal(session, 0, txn->growth);
    if (txn->refusal == REPLY_ERROR_COUNT) {
        struct command transaction = {
            .kind = COMMAND_TXN,
            .value = buffer_start(&txn->parts),
            .value_size = buffer_size(&txn->parts),
            .token = txn->has_token ? txn->token : NULL,
        };
        command = command_encode(&transaction);
        if (!command)
            spoil(txn, REPLY_BUSY, "no memory for it now");
    }
    if (command) {
        ensure(txn->held == buffer_size(&txn->parts)); /* all of it came, and counts */
        client_submit(session, client, command, txn->held);
        txn->held = 0; /* it goes over to the command */
    } else {
        client_refuse(session, client, txn->refusal, (const char *)buffer_start(&txn->reason));
    }
    txn_free(session, client);
}

void txn_line(struct session *session, struct node_client *client, const struct request *request)
{
    bool good = request->error == REQUEST_OK;
    if (!client->txn) {
        begin(client, request);
    } else if (good && request->verb == VERB_COMMIT) {
        commit(session, client);
    } else if (good && request->verb == VERB_CANCEL) {
        txn_free(session, client);
        reply_ok(client_reply_now(session, client));
    } else {
        take_line(session, client, request);
        if (request->verb == VERB_COMMIT || request->verb == VERB_CANCEL)
            commit(session, client); /* a wrong one ends it too, undone: who sent it waits for the answer */
    }
}
