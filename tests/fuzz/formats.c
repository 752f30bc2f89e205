/* What is decoded, encoded again, is the same: commands of the log, configurations, limits. Requests, which can be
 * written in several ways, mean the same when they are written the usual way. Replies say what they were given. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "node/limits.h"
#include "protocol/answer.h"
#include "protocol/command.h"
#include "protocol/reply.h"
#include "protocol/request.h"
#include "protocol/transaction.h"
#include "raft/configuration.h"

enum { VALUE_MAX = 100000, TEXT_MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void command(const uint8_t *bytes, size_t size)
{
    struct command command, origin;
    const uint8_t *name;
    size_t name_size;
    (void)command_level(bytes, size);
    (void)command_name(bytes, size, &name, &name_size);
    if (!command_decode(bytes, size, &command))
        return;
    ensure(command_level(bytes, size) >= LEVEL_BASE && command_level(bytes, size) <= LEVEL_KNOWN);
    ensure(command_origin(bytes, size, &origin) && origin.kind == command.kind && origin.number == command.number);
    ensure(command_is(bytes, size, command.gateway, command.epoch, command.number));
    struct blob *blob = command_encode(&command);
    ensure(blob && blob->size == size && memcmp(blob->bytes, bytes, size) == 0);
    size_t contents = command_contents_size(&command);
    ensure(command_name_size(blob) == command.name_size && command_value_size(blob) == contents);
    ensure(command_value_offset(blob) + contents + (command.token ? COMMAND_EXTRAS_MAX : 0) == size);
    blob_release(blob);
}

static void configuration(const uint8_t *bytes, size_t size)
{
    struct raft_configuration configuration, again;
    struct buffer out = {0};
    struct limits limits;
    if (!raft_configuration_decode(bytes, size, &configuration))
        return;
    raft_configuration_encode(&configuration, &out);
    ensure(buffer_size(&out) == size && memcmp(buffer_start(&out), bytes, size) == 0);
    ensure(raft_configuration_quorum(&configuration) * 2 > raft_configuration_voters(&configuration));
    buffer_close(&out);
    if (!limits_decode(&configuration, &limits))
        return;
    limits_encode(&limits, &again);
    ensure(again.extra_size == configuration.extra_size);
    ensure(memcmp(again.extra, configuration.extra, again.extra_size) == 0);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static int request_write(const struct request *request, char text[TEXT_MAX])
{
    int name_size = (int)request->name_size;
    const char *name = (const char *)request->name;
    switch (request->verb) {
    case VERB_READ:
        return snprintf(text, TEXT_MAX, "read %.*s\r\n", name_size, name);
    case VERB_STAT:
        return snprintf(text, TEXT_MAX, "stat %.*s%s\r\n", name_size, name, request->stale ? " stale" : "");
    case VERB_DELETE:
        return request->has_version ? 0 : snprintf(text, TEXT_MAX, "delete %.*s\r\n", name_size, name);
    case VERB_TOUCH:
        return request->has_version ? snprintf(text, TEXT_MAX, "touch %.*s %" PRIu64 " %" PRIu64 "\r\n", name_size,
                                               name, request->exptime_s, request->version)
                                    : snprintf(text, TEXT_MAX, "touch %.*s %" PRIu64 "\r\n", name_size, name,
                                               request->exptime_s);
    case VERB_APPEND:
        return snprintf(text, TEXT_MAX, "append %.*s %" PRIu64 " %" PRIu64 "\r\n", name_size, name,
                        request->numbytes, request->exptime_s);
    case VERB_CLUSTER:
        return snprintf(text, TEXT_MAX, "cluster level %u\r\n", request->level);
    case VERB_INCR:
        return snprintf(text, TEXT_MAX, "incr %.*s %" PRId64 " %" PRIu64 "\r\n", name_size, name, request->delta,
                        request->exptime_s);
    case VERB_COPY:
    case VERB_MOVE:
        return request->has_version ? 0
                                    : snprintf(text, TEXT_MAX, "%s %.*s %.*s\r\n", verb_name(request->verb),
                                               (int)request->other_size, (const char *)request->other, name_size, name);
    case VERB_SET:
        memcpy(text, "set ", 4);
        memcpy(text + 4, name, request->name_size);
        text[4 + request->name_size] = ' ';
        memcpy(text + 5 + request->name_size, request->text, request->text_size);
        memcpy(text + 5 + request->name_size + request->text_size, "\r\n", 2);
        return 5 + name_size + (int)request->text_size + 2;
    case VERB_LIST:
        return snprintf(text, TEXT_MAX, "list prefix=%.*s after=%.*s limit=%" PRIu64 "%s\r\n", name_size, name,
                        (int)request->other_size, (const char *)request->other, request->limit,
                        request->stale ? " stale" : "");
    case VERB_WRITE:
        return snprintf(text, TEXT_MAX, "write %.*s %" PRIu64 " %" PRIu64 "\r\n", name_size, name, request->numbytes,
                        request->exptime_s);
    case VERB_CAS:
        return snprintf(text, TEXT_MAX, "cas %.*s %" PRIu64 " %" PRIu64 " %" PRIu64 "\r\n", name_size, name,
                        request->version, request->numbytes, request->exptime_s);
    default:
        return 0;
    }
}

static void request(const uint8_t *bytes, size_t size)
{
    struct request request, again;
    size_t consumed;
    char text[TEXT_MAX];
    if (request_parse(bytes, size, VALUE_MAX, &request, &consumed) != REQUEST_LINE || request.error != REQUEST_OK)
        return;
    int written = request_write(&request, text);
    ensure(written >= 0 && written < TEXT_MAX);
    /* Written without leading zeros and with an exptime, the line may be longer than it was by that, and too long. */
    if (written == 0 || written > REQUEST_LINE_MAX)
        return;
    ensure(request_parse((const uint8_t *)text, (size_t)written, VALUE_MAX, &again, &consumed) == REQUEST_LINE);
    ensure(consumed == (size_t)written && again.error == REQUEST_OK && again.verb == request.verb);
    ensure(again.has_contents == request.has_contents && again.version == request.version);
    ensure(again.has_version == request.has_version);
    ensure(again.numbytes == request.numbytes && again.exptime_s == request.exptime_s);
    ensure(again.delta == request.delta && again.limit == request.limit && again.level == request.level);
    ensure(again.other_size == request.other_size);
    ensure(request.other_size == 0 || memcmp(again.other, request.other, request.other_size) == 0);
    ensure(again.text_size == request.text_size);
    ensure(request.text_size == 0 || memcmp(again.text, request.text, request.text_size) == 0);
    ensure(again.name_size == request.name_size);
    ensure(request.name_size == 0 || memcmp(again.name, request.name, request.name_size) == 0);
}

/* --- replies ------------------------------------------------------------------------------------------------------ */

static void reply(const uint8_t *bytes, size_t size)
{
    struct reader reader = reader_of(bytes, size);
    uint64_t version = reader_u64(&reader), exptime_s = reader_u64(&reader);
    enum reply_error error = reader_u8(&reader) % REPLY_ERROR_COUNT;
    uint64_t version_read, value_size, exptime_read;
    struct chain out = {0};
    char line[TEXT_MAX] = "";
    size_t left = reader_left(&reader);
    struct blob *blob = blob_new(left + 1);
    ensure(blob != NULL);
    memcpy(blob->bytes, bytes + size - left, left);
    reply_contents(&out, version, exptime_s, blob, 0, left, NULL);
    blob_release(blob);
    size_t total = out.size;
    chain_copy(&out, line, total < sizeof line - 1 ? total : sizeof line - 1);
    ensure(sscanf(line, "CONTENTS %" SCNu64 " %" SCNu64 " %" SCNu64 "\r\n", &version_read, &value_size,
                  &exptime_read) == 3);
    ensure(version_read == version && value_size == left && exptime_read == exptime_s);
    size_t head = (size_t)(strchr(line, '\n') + 1 - line);
    ensure(total == head + left + 2);
    uint8_t *all = malloc(total);
    ensure(all != NULL);
    chain_copy(&out, all, total);
    ensure(memcmp(all + head, bytes + size - left, left) == 0 && memcmp(all + total - 2, "\r\n", 2) == 0);
    free(all);
    chain_close(&out);
    reply_error(&out, error, NULL);
    memset(line, 0, sizeof line);
    ensure(out.size < sizeof line);
    chain_copy(&out, line, out.size);
    size_t code = strlen(error_row(error)->code);
    ensure(strncmp(line, error_row(error)->code, code) == 0 && line[code] == ' ');
    ensure(strcmp(line + out.size - 2, "\r\n") == 0 && strchr(line, '\n') == line + out.size - 1);
    chain_close(&out);
}

/* What clients make of the replies that came with transactions is what was put into them. */
static void answers(const uint8_t *bytes, size_t size)
{
    struct reader reader = reader_of(bytes, size);
    struct reply_stat stat = {reader_u64(&reader), reader_u64(&reader), reader_u64(&reader), reader_u64(&reader), 0};
    stat.hash = reader_u64(&reader);
    int64_t value = (int64_t)reader_u64(&reader);
    bool stale = reader_u8(&reader) % 2 == 1;
    const struct reply_stale how = {.revision = stat.size, .leaderless = stat.version % 2 == 1,
                                    .leaderless_s = stat.version % 2 == 1 ? stat.hash : 0};
    size_t left = reader_left(&reader);
    const uint8_t *name = bytes + size - left;
    bool named = request_name(name, left);
    struct chain out = {0};
    reply_stat(&out, &stat, stale ? &how : NULL);
    reply_ok_value(&out, stat.version, value);
    reply_version_mismatch(&out, stat.version, named ? name : NULL, left);
    reply_list(&out, stat.version, stale, name, left, stale ? &how : NULL);
    uint8_t *all = malloc(out.size);
    ensure(all != NULL);
    chain_copy(&out, all, out.size);
    struct answer answer;
    size_t at = 0, consumed;
    ensure(answer_parse(all, out.size, &answer, &consumed) == ANSWER_LINE && answer.kind == ANSWER_STAT);
    ensure(answer.version == stat.version && answer.size == stat.size && answer.exptime_s == stat.exptime_s);
    ensure(answer.created == stat.created && answer.hash == stat.hash && answer.stale == stale);
    ensure(!stale || (answer.how_stale.revision == how.revision && answer.how_stale.leaderless == how.leaderless &&
                      answer.how_stale.leaderless_s == how.leaderless_s));
    at += consumed;
    ensure(answer_parse(all + at, out.size - at, &answer, &consumed) == ANSWER_LINE && answer.kind == ANSWER_OK);
    ensure(answer.version == stat.version && answer.has_value && answer.value == value);
    at += consumed;
    ensure(answer_parse(all + at, out.size - at, &answer, &consumed) == ANSWER_LINE);
    ensure(answer.kind == ANSWER_VERSION_MISMATCH && answer.version == stat.version);
    ensure(named ? answer.name_size == left && memcmp(answer.name, name, left) == 0 : !answer.name);
    at += consumed;
    ensure(answer_parse(all + at, out.size - at, &answer, &consumed) == ANSWER_LINE && answer.kind == ANSWER_LIST);
    ensure(answer.body_size == left && answer.more == stale && answer.stale == stale);
    ensure(at + consumed + left + 2 == out.size);
    free(all);
    chain_close(&out);
}

/* Bytes that a client takes for an answer. */
static void answer(const uint8_t *bytes, size_t size)
{
    struct answer answer;
    size_t consumed = 0;
    if (answer_parse(bytes, size, &answer, &consumed) != ANSWER_LINE)
        return;
    ensure(consumed <= size && answer.line_size < consumed && answer.error <= REPLY_ERROR_COUNT);
    ensure(!answer.name || request_name(answer.name, answer.name_size));
}

/* Parts of a transaction, one by one, make the same bytes again. */
static void transaction(const uint8_t *bytes, size_t size)
{
    struct buffer parts = {0};
    struct command part;
    if (!transaction_valid(bytes, size))
        return;
    for (const uint8_t *at = bytes; at < bytes + size;)
        ensure(transaction_next(&at, bytes + size, &part) && transaction_append(&parts, &part));
    ensure(buffer_size(&parts) == size && memcmp(buffer_start(&parts), bytes, size) == 0);
    buffer_close(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static void (*const formats[])(const uint8_t *, size_t) = {command, configuration, request, reply,
                                                                answers, answer, transaction};
    if (size > 0)
        formats[bytes[0] % (sizeof formats / sizeof *formats)](bytes + 1, size - 1);
    return 0;
}
