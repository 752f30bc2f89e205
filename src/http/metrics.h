/* What Prometheus reads (text exposition format 0.0.4): a metric is a row of metrics.def. */
#ifndef CLEAT_HTTP_METRICS_H
#define CLEAT_HTTP_METRICS_H

#include <stddef.h>

#include "base/buffer.h"
#include "node/meter.h"

struct reading;

struct metric {
    const char *name;
    const char *type;   /* gauge, counter or histogram */
    const char *labels; /* their names, for people */
    const char *help;
    void (*write)(struct buffer *out, const char *name, const struct reading *reading); /* its values */
};

extern const struct metric metric_rows[];
extern const size_t metric_rows_count;

/* STATUS: what the node answers to `status`. */
void metrics_write(struct buffer *out, const char *status, size_t size, const struct meter *meter,
                   const struct meter_levels *levels);

#endif
