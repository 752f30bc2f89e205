/* What a word at the prompt may become: verbs, options, names that the server has, local paths. */
#ifndef CLEAT_CLI_COMPLETE_H
#define CLEAT_CLI_COMPLETE_H

#include <stddef.h>

#include "cli/cli.h"
#include "cli/quote.h"

enum { COMPLETE_MAX = 200 };

struct choices {
    char **list;   /* in order; owned */
    size_t count;
    size_t typed;  /* bytes of each that the line has already, */
    enum quote_state state; /* and in which quote they go on */
};

/* The whole words that the last word of LINE (up to the cursor) may become. Asks the server for a second at most, and
 * says nothing where it does not answer. */
void complete_find(const struct cli *base, const char *line, struct choices *choices);
void complete_close(struct choices *choices);

/* How many bytes all choices begin with alike, in whole characters of UTF-8. */
size_t complete_common(const struct choices *choices);

#endif
