/* What is decoded, encoded again, is the same: commands of the log, configurations, limits. Requests, which can be
 * written in several ways, mean the same when they are written the usual way. Replies say what they were given. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "node/limits.h"
#include "protocol/command.h"
#include "protocol/reply.h"
#include "protocol/request.h"
#include "raft/configuration.h"

enum { VALUE_MAX = 100000, TEXT_MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void command(const uint8_t *bytes, size_t size)
{
    struct command command, origin;
    if (!command_decode(bytes, size, &command))
        return;
    ensure(command_origin(bytes, size, &origin) && origin.kind == command.kind && origin.number == command.number);
    struct blob *blob = command_encode(&command);
    ensure(blob && blob->size == size && memcmp(blob->bytes, bytes, size) == 0);
    ensure(command_value_offset(blob) == size - command.value_size);
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
    case VERB_DELETE:
        return snprintf(text, TEXT_MAX, "delete %.*s\r\n", name_size, name);
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
    ensure(again.numbytes == request.numbytes && again.exptime_s == request.exptime_s);
    ensure(again.name_size == request.name_size && memcmp(again.name, request.name, request.name_size) == 0);
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
    reply_contents(&out, version, exptime_s, blob, 0, left, false);
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
    size_t code = strlen(reply_error_code(error));
    ensure(strncmp(line, reply_error_code(error), code) == 0 && line[code] == ' ');
    ensure(strcmp(line + out.size - 2, "\r\n") == 0 && strchr(line, '\n') == line + out.size - 1);
    chain_close(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static void (*const formats[])(const uint8_t *, size_t) = {command, configuration, request, reply};
    if (size > 0)
        formats[bytes[0] % (sizeof formats / sizeof *formats)](bytes + 1, size - 1);
    return 0;
}
