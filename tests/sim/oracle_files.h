/* The oracle's files: their states from entry to entry, and when they expire. For the oracle alone. */
#ifndef CLEAT_TESTS_SIM_ORACLE_FILES_H
#define CLEAT_TESTS_SIM_ORACLE_FILES_H

#include "sim/oracle.h"

/* The file of that name, which is made where no entry named it before. */
struct oracle_file *oracle_file_of(struct oracle *oracle, const uint8_t *name, size_t size);
/* Likewise; it expires now if it is due. */
struct oracle_file *oracle_look_up(struct oracle *oracle, const uint8_t *name, size_t size);
/* The file's last state; changes to it are made to a copy that oracle_put adds. */
struct oracle_state oracle_last(const struct oracle_file *file);
/* From the present entry on FILE is in STATE: of several in one entry the last counts. */
void oracle_put(struct oracle *oracle, struct oracle_file *file, struct oracle_state state);

uint64_t oracle_take_revision(struct oracle *oracle);
/* Behind each entry: up to STORE_SWEEP_MAX files that are due expire. */
void oracle_sweep(struct oracle *oracle);

#endif
