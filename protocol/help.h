/* What `help` answers: one text for all verbs, and one for each. */
#ifndef CLEAT_PROTOCOL_HELP_H
#define CLEAT_PROTOCOL_HELP_H

#include "protocol/request.h"

/* The text, of CRLF lines, without the last line's end. VERB_NONE: the overview. Never NULL. */
const char *help_text(enum verb verb);

#endif
