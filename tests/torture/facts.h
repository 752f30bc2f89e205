/* What replies tell without a search, over all files: versions are numbers of one counter, so they order the changes of
 * the whole cluster. Finds what a search of one file cannot see, and says more plainly what is wrong.
 *
 *   values       what is read was written, to that file, not refused, not later, and has one version only; EXPTIME
 *                runs from the write's beginning at the earliest
 *   order        who begins after a reply that told of version N makes a higher one, and sees every file as it was at N
 *                or later; so does who comes later on the same connection
 *   the end      all nodes hold the same then, and nothing whose time is long over */
#ifndef CLEAT_TESTS_TORTURE_FACTS_H
#define CLEAT_TESTS_TORTURE_FACTS_H

#include "torture/history.h"

struct facts_rules {
    uint64_t early_us; /* so much earlier than EXPTIME says may time seem to be over, for clocks count in ms */
};

/* Sets `made` of every operation where it is known. Says on OUT what is impossible, the first few of each kind; returns
 * how much it was. */
size_t facts_check(struct history *history, const struct facts_rules *rules, FILE *out);

#endif
