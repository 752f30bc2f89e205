/* What `help` answers: one text for all verbs, and one for each, made of their rows (verbs.def). */
#ifndef CLEAT_PROTOCOL_HELP_H
#define CLEAT_PROTOCOL_HELP_H

#include "base/buffer.h"
#include "protocol/verb.h"

/* Appends the text, of CRLF lines, without the last line's end. VERB_NONE: the overview. */
void help_write(struct buffer *out, enum verb verb);

/* Appends how VERB is written: `touch NAME EXPTIME [VERSION] [once=TOKEN]`. */
void help_usage(struct buffer *out, enum verb verb);

#endif
