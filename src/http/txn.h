/* A transaction as JSON to the text protocol's. Pure, but for the JSON library.
 *
 *      {"if": [{"name": "a", "version": 7}, {"name": "b", "absent": true}, {"name": "c", "present": true}],
 *       "do": [{"op": "write", "name": "a", "text": "hello", "ttl": 60},      or "base64": "aGVsbG8="
 *              {"op": "cas", "name": "d", "version": 0, "text": "x"}, {"op": "append", "name": "e", "text": "y"},
 *              {"op": "delete", "name": "f"}, {"op": "touch", "name": "g", "ttl": 9},
 *              {"op": "incr", "name": "h", "delta": -1},
 *              {"op": "copy", "from": "i", "name": "j"}, {"op": "move", "from": "k", "name": "l", "version": 0}]} */
#ifndef CLEAT_HTTP_TXN_H
#define CLEAT_HTTP_TXN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "http/target.h"

enum {
    TXN_REASON_MAX = 240,
    TXN_VALUES_MAX = 4096,  /* in the JSON: a tree of more would take the loop too long to make, and much memory */
};

/* Appends txn ... commit to LINES. False: REASON says what is wrong with the JSON, and where; LINES is of no use. */
bool txn_lines(const void *json, size_t size, const struct target_text *once, struct buffer *lines,
               char reason[TXN_REASON_MAX]);

#endif
