/* What Prometheus reads (text exposition format 0.0.4). */
#ifndef CLEAT_HTTP_METRICS_H
#define CLEAT_HTTP_METRICS_H

#include <stddef.h>

#include "base/buffer.h"
#include "node/meter.h"

/* STATUS: what the node answers to `status`. */
void metrics_write(struct buffer *out, const char *status, size_t size, const struct meter *meter,
                   const struct meter_levels *levels);

#endif
