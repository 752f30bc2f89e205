/* What people and programs get to see of a load. */
#ifndef CLEAT_BENCH_REPORT_H
#define CLEAT_BENCH_REPORT_H

#include <stdint.h>

#include "bench/load.h"

/* Lines on stderr, one a second. BEGIN_NS may be later than NOW_NS: it warms up. */
void report_progress(const struct tally *second, uint64_t elapsed_ns, uint64_t now_ns, uint64_t begin_ns,
                     uint32_t connected);
void report_fill_progress(uint32_t done, uint32_t keys);

/* All of it, on stdout. */
void report_text(const struct bench_options *options, const struct load_figures *figures);
/* False: it could not be written. */
bool report_json(const struct bench_options *options, const struct load_figures *figures);

#endif
