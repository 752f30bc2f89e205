#include "protocol/asked.h"

#define COMMAND_NONE ((enum command_kind)0)

static const uint8_t kinds[VERB_COUNT] = {
#define VERB(id, name, class, right, level, kind, ...) [VERB_##id] = (uint8_t)COMMAND_##kind,
#include "protocol/verbs.def"
#undef VERB
};

/* A transaction's command is made of all its lines, by `commit`. */
enum verb asked_verb(enum command_kind kind)
{
    if (kind == COMMAND_TXN)
        return VERB_TXN;
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
        if (kinds[verb] == kind && kind != COMMAND_NONE)
            return verb;
    return VERB_NONE;
}

struct command asked_command(const struct request *request, uint8_t token[COMMAND_TOKEN_SIZE])
{
    enum command_kind kind = (enum command_kind)kinds[request->verb];
    if (kind == COMMAND_IF_PRESENT && request->has_version)
        kind = COMMAND_IF_VERSION;
    if (kind == 0)
        return (struct command){0};
    const struct command_row *row = command_row(kind);
    struct command command = {
        .kind = kind,
        .version = request->version,
        .source_version = request->other_version,
        .delta = request->delta,
        .exptime_s = request->exptime_s,
        .level = request->level,
        .guarded = request->has_version && (row->body & BODY_GUARDED) != 0,
        .name = request->name,
        .name_size = request->name_size,
        .value_size = (size_t)request->numbytes,
    };
    if (request->text) {
        command.value = request->text;
        command.value_size = request->text_size;
    }
    if (row->contents == COMMAND_CONTENTS_SOURCE) {
        command.source = request->other;
        command.source_size = request->other_size;
    }
    if (request->token) {
        command_token(request->token, request->token_size, token);
        command.token = token;
    }
#ifdef CLEAT_TEST_LEVEL
    if (kind == COMMAND_MARK)
        command.note = (const uint8_t *)&request->note; /* little-endian, as on the wire */
#endif
    return command;
}
