/* The cluster's level: one number in the replicated state, the lowest program that can follow this log. A RAISE entry
 * raises it, and it never falls. Every kind of command and every extra names the level that brought it, and says so in
 * its bytes: so a program that does not know it can still name what it needs. docs/FORMATS.md lists the levels.
 *
 * With CLEAT_TEST_LEVEL defined a program knows one level more, for tests of upgrades: it brings the verb `mark`, a
 * command kind, an extra, a part of the state and a flag of members. */
#ifndef CLEAT_PROTOCOL_LEVEL_H
#define CLEAT_PROTOCOL_LEVEL_H

/* X(number, version): the levels, and the first version that knows each. */
#ifdef CLEAT_TEST_LEVEL
#define LEVELS(X) X(1, "0.2") X(2, "0.3-test")
#else
#define LEVELS(X) X(1, "0.2")
#endif

enum {
    LEVEL_BASE = 1, /* format 2 of everything */
#ifdef CLEAT_TEST_LEVEL
    LEVEL_TEST = 2,
#endif
#define LEVEL_COUNT(number, version) +1
    LEVEL_KNOWN = 0 LEVELS(LEVEL_COUNT), /* the highest that this program can follow */
#undef LEVEL_COUNT
};

/* The first version of cleatd that knows LEVEL; NULL: this program does not know it. */
const char *level_version(unsigned level);

#endif
