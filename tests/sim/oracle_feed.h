/* What the committed log makes known to whoever watches files: each change in its order, those of one revision side by
 * side; to be compared with what the nodes' feeds hold. */
#ifndef CLEAT_TESTS_SIM_ORACLE_FEED_H
#define CLEAT_TESTS_SIM_ORACLE_FEED_H

#include "sim/oracle.h"
#include "store/feed.h"

/* The newest revision changed FILE to what it is now; or took it away, because its time was over or not. */
void oracle_tell_changed(struct oracle *oracle, const struct oracle_file *file);
void oracle_tell_removed(struct oracle *oracle, const struct oracle_file *file, uint64_t version, bool expired);

/* Whether FEED, of a node whose store is at REVISION, holds just what came after *CHECKED and all that it does not say
 * it has lost; *CHECKED becomes REVISION. NULL, or what is wrong. */
const char *oracle_compare_feed(const struct oracle *oracle, const struct feed *feed, uint64_t revision,
                                uint64_t *checked);

#endif
