/* Names as paths: a folder is what names share up to a '/'. */
#ifndef CLEAT_CLI_FOLDER_H
#define CLEAT_CLI_FOLDER_H

#include <stdbool.h>

#include "base/buffer.h"

/* Why PATH (relative, parts separated by '/') must not be made below a local folder: NULL if it may. Every part must be
 * there and be neither "." nor "..". */
const char *folder_path_problem(const char *path);

/* The folder that TEXT names, with one '/' at its end: "a", "a/" give "a/"; "" stays "": everything. To be given back
 * with free(). */
char *folder_prefix(const char *text);

/* A copy of A followed by B, to be given back with free(). */
char *folder_join(const char *a, const char *b);

/* The last part of NAME, slashes at its end aside ("" for "/"); to be given back with free(). */
char *folder_last(const char *name);

#endif
