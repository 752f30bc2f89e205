/* Settings of the cluster: files whose names begin with COMMAND_SETTING_MARK, which no client can say. They are files
 * in log, snapshot and hash, and none in what clients see. Commands of their own write them (SET, UNSET), and apply
 * refuses what no row of the table knows, or what its row does not take: so whatever a setting holds can be used as it
 * is. */
#ifndef CLEAT_STORE_SETTINGS_H
#define CLEAT_STORE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/command.h"

struct setting {
    const char *name; /* behind the mark; one that ends in '/' is that of all names which begin so and go on. NULL: the
                         end of the table */
    uint16_t level;   /* the cluster's, that brings it: below it the setting is not known to all nodes */
    bool (*judge)(const uint8_t *value, size_t size); /* false: it does not parse */
};

/* The settings that there are. */
extern const struct setting settings_known[];

static inline bool setting_has_name(const uint8_t *name, size_t size)
{
    return size > 0 && name[0] == COMMAND_SETTING_MARK;
}

/* The row of NAME, which has the mark; NULL: SETTINGS has none. */
const struct setting *settings_find(const struct setting *settings, const uint8_t *name, size_t size);

#endif
