/* The keys that a load has written, or may have, and the removal of their files when it is over. */
#ifndef CLEAT_BENCH_WRITTEN_H
#define CLEAT_BENCH_WRITTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/options.h"

struct written {
    uint64_t *bits;      /* one for each key; owned */
    uint32_t keys;
};

void written_init(struct written *written, uint32_t keys);
void written_close(struct written *written);

static inline void written_add(struct written *written, uint32_t key)
{
    written->bits[key / 64] |= (uint64_t)1 << key % 64;
}

uint64_t written_count(const struct written *written);
/* The first one that is written from KEY on; the number of keys: there is none. */
uint32_t written_next(const struct written *written, uint32_t key);

/* Deletes the files of these keys, whose names are those of OPTIONS, over one connection. Files that are not there any
 * more are no failure. False: some are left, which was said on stderr; also after session_interrupt(). */
bool written_remove(const struct written *written, const struct bench_options *options);

#endif
