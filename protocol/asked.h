/* What is asked for, as the log's command, and back: the verbs' column `kind` (verbs.def). Pure. */
#ifndef CLEAT_PROTOCOL_ASKED_H
#define CLEAT_PROTOCOL_ASKED_H

#include "protocol/command.h"
#include "protocol/request.h"

/* What REQUEST, a good one, asks for: a change or a condition (kind 0: it is neither). Borrows its names and text.
 * Where contents follow, value is NULL. TOKEN is where a token is put together. */
struct command asked_command(const struct request *request, uint8_t token[COMMAND_TOKEN_SIZE]);

/* The verb that makes commands of that kind, of several the first; VERB_NONE: none does. */
enum verb asked_verb(enum command_kind kind);

#endif
