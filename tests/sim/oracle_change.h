/* What a change makes of the oracle's files. For the oracle alone. */
#ifndef CLEAT_TESTS_SIM_ORACLE_CHANGE_H
#define CLEAT_TESTS_SIM_ORACLE_CHANGE_H

#include "sim/change.h"
#include "sim/oracle.h"

/* Does what is ASKED for, as the present entry, or fails; sets the entry's `failed` where that is a transaction. */
struct decision oracle_change(struct oracle *oracle, const struct asked *asked);

#endif
