/* What a server's STATUS says: lines of key=value; those that begin with node= have several pairs, and speak of one
 * node of the cluster each. */
#ifndef CLEAT_CLI_REPORT_H
#define CLEAT_CLI_REPORT_H

#include <jansson.h>
#include <stddef.h>

/* As JSON: an object of all keys, numbers as such, and "nodes", an array of objects. Owned by the caller. */
json_t *report_parse(const char *text, size_t size);

#endif
