/* The commands of a load as text that is ready but for the key's number and, for cas, the version:
 *
 *      write PREFIX0000042 256\r\n<256 bytes>\r\n             cas PREFIX0000042 00000000000000000007 256\r\n...
 *            key digits ^                                       version digits, always 20 of them ^
 *
 * All commands of an operation are of the same size, so the text of any of them can be made anew at any time from its
 * key and version, and nothing that was sent needs to be kept. A small value is part of the text; a large one is never
 * copied: it is written from where it is. */
#ifndef CLEAT_BENCH_TEMPLATE_H
#define CLEAT_BENCH_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "bench/workload.h"

enum {
    TEMPLATE_INLINE_MAX = 1024,     /* bytes of a value that is copied with its command */
    TEMPLATE_PIECES_MAX = 64,       /* of one batch */
    TEMPLATE_BATCH_BYTES = 64 * 1024,
};

struct template {
    uint8_t *text;
    size_t size;
    size_t key_end;      /* the key's last digit is right before it */
    size_t version_end;  /* 0: it has none */
    bool has_value;      /* the value and its CRLF follow from elsewhere */
};

struct templates {
    struct template of[OPERATION_COUNT];
    uint32_t key_digits;
    uint8_t *value;      /* and CRLF */
    size_t value_size;   /* with CRLF */
};

/* What goes out with one writev(). */
struct batch {
    struct iovec pieces[TEMPLATE_PIECES_MAX];
    int count;
    size_t size;         /* of all pieces */
    size_t used;         /* of bytes */
    uint8_t bytes[TEMPLATE_BATCH_BYTES];
};

/* Names are PREFIX and as many digits as the largest of KEYS keys needs; the value is VALUE_SIZE letters drawn from
 * SEED. */
void templates_init(struct templates *templates, const char *prefix, uint32_t keys, size_t value_size,
                    uint32_t exptime_s, uint64_t seed);
void templates_close(struct templates *templates);

/* How many digits the largest of KEYS keys has. */
uint32_t templates_key_digits(uint32_t keys);

/* Bytes of a command. */
static inline size_t templates_size(const struct templates *templates, enum operation operation)
{
    const struct template *template = &templates->of[operation];
    return template->size + (template->has_value ? templates->value_size : 0);
}

void batch_clear(struct batch *batch);
/* False: it is full. */
bool batch_add(struct batch *batch, const struct templates *templates, enum operation operation, uint32_t key,
               uint64_t version);
/* Takes SIZE bytes off the front, less than all there are. */
void batch_skip(struct batch *batch, size_t size);

#endif
