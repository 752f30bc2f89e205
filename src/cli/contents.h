/* Contents of files: from a path, stdin or the command line, and to a path or stdout. */
#ifndef CLEAT_CLI_CONTENTS_H
#define CLEAT_CLI_CONTENTS_H

#include "base/buffer.h"
#include "cli/cli.h"

enum { CONTENTS_MAX = 8 * 1024 * 1024 }; /* no server takes more; most take less */

/* Into CONTENTS: what --text says, or what is in PATH; NULL and "-" are stdin. An exit status; what is
 * not STATUS_OK has been said. */
int contents_take(struct cli *cli, const char *path, struct buffer *contents);

/* Into CONTENTS: the regular file PATH, seen from FOLDER (a descriptor). FOLLOW: if it is a symbolic link, what that
 * leads to. NULL, or why not. */
const char *contents_read(int folder, const char *path, bool follow, struct buffer *contents);

/* As file NAME in FOLDER: first under another name, then renamed, so that NAME has all or what it had before. NULL, or
 * why not. */
const char *contents_write_at(int folder, const char *name, const void *bytes, size_t size);

/* To PATH; NULL and "-" are stdout. What PATH has is replaced at once, unless it is no regular file. In a folder, as
 * the last part of file NAME. False: it said why. */
bool contents_put(struct cli *cli, const char *path, const char *name, const void *bytes, size_t size);

#endif
