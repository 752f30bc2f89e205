/* libFuzzer: the client's bytes as a connection sees them, request after request with their contents, and each command
 * to the log's bytes and back. */
#include <string.h>

#include "base/ensure.h"
#include "protocol/command.h"
#include "protocol/request.h"

enum { VALUE_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void round_trip(const struct request *request, const uint8_t *contents)
{
    static const enum command_kind kinds[VERB_COUNT] = {
        [VERB_WRITE] = COMMAND_WRITE, [VERB_CAS] = COMMAND_CAS, [VERB_DELETE] = COMMAND_DELETE,
    };
    struct command command = {
        .kind = kinds[request->verb], .gateway = 1, .epoch = 2, .number = 3, .lowest = 3,
        .version = request->version, .exptime_s = request->exptime_s,
        .name = request->name, .name_size = request->name_size, .value = contents, .value_size = request->numbytes,
    };
    struct command decoded;
    struct blob *blob = command_encode(&command);
    ensure(blob != NULL);
    ensure(command_decode(blob->bytes, blob->size, &decoded));
    ensure(decoded.kind == command.kind);
    ensure(decoded.version == command.version && decoded.exptime_s == command.exptime_s);
    ensure(decoded.name_size == command.name_size && memcmp(decoded.name, command.name, command.name_size) == 0);
    ensure(decoded.value_size == command.value_size);
    ensure(command.value_size == 0 || memcmp(decoded.value, contents, command.value_size) == 0);
    blob_release(blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct command command;
    struct request request;
    size_t consumed;
    if (command_decode(bytes, size, &command))
        ensure(!command_is_newer(bytes, size));
    while (request_parse(bytes, size, VALUE_MAX, &request, &consumed) == REQUEST_LINE) {
        ensure(consumed > 0 && consumed <= size && request.error < REQUEST_ERROR_COUNT);
        bytes += consumed;
        size -= consumed;
        const uint8_t *contents = bytes;
        if (request.has_contents) {
            ensure(request.numbytes <= VALUE_MAX);
            if (size < request.numbytes)
                return 0;
            int end = request_end(bytes + request.numbytes, size - request.numbytes);
            if (end <= 0)
                return 0;
            bytes += request.numbytes + (size_t)end;
            size -= request.numbytes + (size_t)end;
        }
        if (request.error == REQUEST_OK && (request.has_contents || request.verb == VERB_DELETE))
            round_trip(&request, contents);
    }
    return 0;
}
