/* What a fuzzer's input does to files: bits flip, sectors are lost, swapped or old, ends are missing. Or checksums are
 * made to fit what is there, as no accident does: then anything may be read from it, but nothing may break. */
#ifndef CLEAT_TESTS_FUZZ_SPOIL_H
#define CLEAT_TESTS_FUZZ_SPOIL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "fuzz/shared/past.h"

/* Does the steps that INPUT tells to the files PATHS of the current disk MEMORY. True: something was sealed. */
bool spoil(struct fs_memory *memory, char paths[PAST_FILES_MAX][DISK_PATH_MAX], size_t count, struct reader *input);

#endif
