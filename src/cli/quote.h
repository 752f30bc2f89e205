/* Lines to words: at the prompt as shells have it, without their other powers.
 *
 *      put a/b 'two words' "with \n \t \\ \" \x41" # and so on
 *
 * Quotes may begin inside of a word. Outside of them, a backslash takes the next character as it is. */
#ifndef CLEAT_CLI_QUOTE_H
#define CLEAT_CLI_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

struct quote_words {
    char **list;  /* NULL behind the last; owned */
    size_t count;
};

/* Nothing for an empty line, or one that begins with '#'. NULL, or what is wrong; close WORDS in either case. */
const char *quote_split(struct quote_words *words, const char *line);
void quote_close(struct quote_words *words);

/* Which quote is open where a line ends. */
enum quote_state { QUOTE_NONE, QUOTE_SINGLE, QUOTE_DOUBLE };

/* As quote_split, of a line that is not typed to its end: its last word, which may be "", may go on, and STATE says in
 * which quote. False: no word goes on there. */
bool quote_split_begun(struct quote_words *words, const char *line, enum quote_state *state);

/* What is to be typed in STATE so that TEXT is added to a word: with FIRST, to one that has nothing yet; with LAST, the
 * quote is closed behind it. What a terminal could not show is told by its bytes. To be given back with free(). */
char *quote_typed(const char *text, enum quote_state state, bool first, bool last);

/* What is in the double quotes that begin at *AT, into TEXT; *AT is then behind them. NULL, or what is wrong. */
const char *quote_take(const char **at, struct buffer *text);

#endif
