/* Lines to words: at the prompt as shells have it, without their other powers.
 *
 *      put a/b 'two words' "with \n \t \\ \" \x41" # and so on
 *
 * Quotes may begin inside of a word. Outside of them, a backslash takes the next character as it is. */
#ifndef CLEAT_CLI_QUOTE_H
#define CLEAT_CLI_QUOTE_H

#include <stddef.h>

#include "base/buffer.h"

struct quote_words {
    char **list;  /* NULL behind the last; owned */
    size_t count;
};

/* Nothing for an empty line, or one that begins with '#'. NULL, or what is wrong; close WORDS in either case. */
const char *quote_split(struct quote_words *words, const char *line);
void quote_close(struct quote_words *words);

/* What is in the double quotes that begin at *AT, into TEXT; *AT is then behind them. NULL, or what is wrong. */
const char *quote_take(const char **at, struct buffer *text);

#endif
