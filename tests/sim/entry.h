/* A command's bytes in the log to what was asked, by docs/FORMATS.md. Written apart from
 * protocol/, to check it: what that loses on the way to the log is not in these bytes, and what it loses on the way
 * back is. */
#ifndef CLEAT_TESTS_SIM_ENTRY_H
#define CLEAT_TESTS_SIM_ENTRY_H

#include "sim/change.h"

struct entry {
    enum command_kind kind;  /* TICK, OPEN, SKIP; or what is asked for, as in the log */
    uint32_t gateway;
    uint64_t epoch;          /* OPEN: its nonce */
    uint64_t number;
    struct asked asked;      /* of what is neither TICK nor OPEN nor SKIP */
    struct change changes[CHANGE_PARTS_MAX];
};

/* False: it is not as that has it. Borrows BYTES. */
bool entry_parse(const uint8_t *bytes, size_t size, struct entry *entry);

#endif
