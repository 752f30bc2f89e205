/* What the shim and the client both write as JSON: bytes that may be no text, and what a node says of itself. */
#ifndef CLEAT_JSON_ENCODE_H
#define CLEAT_JSON_ENCODE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Adds "KEY": the SIZE bytes, where they are UTF-8; else "CODED_KEY": the bytes in Base64. */
void json_add_bytes(json_t *object, const char *key, const char *coded_key, const void *bytes, size_t size);

/* Likewise under "name" or "name_base64". */
void json_add_name(json_t *object, const void *name, size_t size);

/* Adds "message": the text, in which a name may be that is no UTF-8: then every byte that is not ASCII is a "?". */
void json_add_message(json_t *object, const char *text, size_t size);

/* JSON's numbers are signed here: what is larger than INT64_MAX comes out as that. */
void json_add_number(json_t *object, const char *key, uint64_t number);

/* STATUS's text (SPEC.md section 1), lines of key=value, as an object of all keys, numbers as numbers, with
 * "is_leader"; lines that begin with node= have several pairs and speak of one node each: they are objects in the array
 * "nodes". The caller's (json_decref). */
json_t *json_status(const char *text, size_t size);

#endif
