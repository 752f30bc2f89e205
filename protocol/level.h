/* The cluster's level: one number in the replicated state, the lowest program that can follow this log. A RAISE entry
 * raises it, and it never falls. Every kind of command and every extra names the level that brought it, and says so in
 * its bytes: so a program that does not know it can still name what it needs. docs/FORMATS.md lists the levels. */
#ifndef CLEAT_PROTOCOL_LEVEL_H
#define CLEAT_PROTOCOL_LEVEL_H

enum {
    LEVEL_BASE = 1,           /* format 2 of everything */
    LEVEL_KNOWN = LEVEL_BASE, /* the highest that this program can follow */
};

#endif
