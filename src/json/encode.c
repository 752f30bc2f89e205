#include "json/encode.h"

#include <stdbool.h>
#include <string.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "protocol/request.h"

enum { KEY_MAX = 63 };

void json_add_bytes(json_t *object, const char *key, const char *coded_key, const void *bytes, size_t size)
{
    json_t *text = json_stringn(size > 0 ? bytes : "", size);
    if (text) {
        json_object_set_new(object, key, text);
        return;
    }
    struct buffer coded = {0};
    base64_encode(&coded, bytes, size);
    json_object_set_new(object, coded_key, json_stringn((const char *)buffer_start(&coded), buffer_size(&coded)));
    buffer_close(&coded);
}

void json_add_name(json_t *object, const void *name, size_t size)
{
    json_add_bytes(object, "name", "name_base64", name, size);
}

void json_add_message(json_t *object, const char *text, size_t size)
{
    json_t *message = json_stringn(text, size);
    if (!message) {
        struct buffer ascii = {0};
        for (size_t i = 0; i < size; i++)
            buffer_append_u8(&ascii, (uint8_t)text[i] < 0x80 ? (uint8_t)text[i] : '?');
        message = json_stringn((const char *)buffer_start(&ascii), size);
        buffer_close(&ascii);
    }
    json_object_set_new(object, "message", message);
}

void json_add_number(json_t *object, const char *key, uint64_t number)
{
    json_object_set_new(object, key, json_integer(number < INT64_MAX ? (json_int_t)number : INT64_MAX));
}

/* --- status ------------------------------------------------------------------------------------------------------ */

/* KEY=VALUE: a number where it is one, unless it is an id in hex, which may happen to have no letters. */
static void add_pair(json_t *object, const char *pair, size_t size)
{
    char key[KEY_MAX + 1];
    uint64_t number;
    const char *equals = memchr(pair, '=', size);
    size_t key_size = equals ? (size_t)(equals - pair) : 0;
    if (key_size == 0 || key_size > KEY_MAX)
        return;
    memcpy(key, pair, key_size);
    key[key_size] = '\0';
    const char *value = equals + 1;
    size_t value_size = size - key_size - 1;
    if (strcmp(key, "cluster_id") != 0 && request_number(value, value_size, &number) && number <= INT64_MAX)
        json_add_number(object, key, number);
    else
        json_object_set_new(object, key, json_stringn(value, value_size));
}

static json_t *node_object(const char *line, size_t size)
{
    json_t *object = json_object();
    for (const char *at = line, *end = line + size; at < end;) {
        const char *space = memchr(at, ' ', (size_t)(end - at));
        const char *stop = space ? space : end;
        add_pair(object, at, (size_t)(stop - at));
        at = space ? space + 1 : end;
    }
    return object;
}

json_t *json_status(const char *text, size_t size)
{
    static const char node[] = "node=";
    json_t *object = json_object(), *nodes = json_array();
    const char *at = size > 0 ? text : "", *end = at + size;
    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        const char *stop = lf ? lf : end;
        const char *next = lf ? lf + 1 : end;
        if (stop > at && stop[-1] == '\r')
            stop--;
        if ((size_t)(stop - at) >= sizeof node && memcmp(at, node, sizeof node - 1) == 0)
            json_array_append_new(nodes, node_object(at, (size_t)(stop - at)));
        else
            add_pair(object, at, (size_t)(stop - at));
        at = next;
    }
    const char *role = json_string_value(json_object_get(object, "role"));
    json_object_set_new(object, "is_leader", json_boolean(role && strcmp(role, "leader") == 0));
    json_object_set_new(object, "nodes", nodes);
    return object;
}
