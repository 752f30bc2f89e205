/* Work that can rest in its middle and go on later, on a stack of its own. It stands in for a thread where every run
 * must be the same to the letter: one strand or what started it runs at a time, and they change in strand_rest alone.
 *
 *      strand_begin ----> work ... strand_rest --+
 *      false <-----------------------------------+
 *      strand_go_on ----> ... the end of work ---+
 *      true  <-----------------------------------+ */
#ifndef CLEAT_TESTS_STRAND_H
#define CLEAT_TESTS_STRAND_H

#include <stdbool.h>

struct strand;

struct strand *strand_open(void);
/* NULL is no strand. One that rests in its middle is gone with all that its stack holds. */
void strand_close(struct strand *strand);
/* Runs WORK(CONTEXT). True: it is done; false: it rests. Not from within a strand. */
bool strand_begin(struct strand *strand, void (*work)(void *), void *context);
/* Likewise, from where it rests. */
bool strand_go_on(struct strand *strand);
/* Whether it rests. NULL: no. */
bool strand_rests(const struct strand *strand);
/* From within a strand: back to who began it, or let it go on. */
void strand_rest(void);

#endif
