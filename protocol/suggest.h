/* What may have been meant by a word that is no verb: another system's word for it, one in capitals, or one mistyped.
 *
 *      get, cat, READ, raed   ->  read          frobnicate   ->  no idea
 *
 * For people alone: nothing is done because of it. Pure. */
#ifndef CLEAT_PROTOCOL_SUGGEST_H
#define CLEAT_PROTOCOL_SUGGEST_H

#include <stddef.h>

#include "protocol/verb.h"

/* The verb that WORD may stand for; VERB_NONE: no idea. */
enum verb suggest_verb(const void *word, size_t size);

/* Why WORD as the first of a line is wrong, with the verb that may have been meant. What follows it is closed to. */
enum { SUGGEST_TEXT_MAX = 120 };
const char *suggest_unknown(const void *word, size_t size, char text[SUGGEST_TEXT_MAX]);
/* Likewise where help is asked for: the connection goes on. */
const char *suggest_help(const void *word, size_t size, char text[SUGGEST_TEXT_MAX]);

#endif
