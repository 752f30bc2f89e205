#include "cli/report.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "protocol/request.h"

static void set(json_t *object, const char *key, size_t key_size, const char *value, size_t size)
{
    char name[64];
    uint64_t number;
    if (key_size == 0 || key_size >= sizeof name)
        return;
    memcpy(name, key, key_size);
    name[key_size] = '\0';
    if (size >= 2 && value[0] == '"' && value[size - 1] == '"') {
        value++;
        size -= 2;
    }
    /* An id in hex may happen to have no letters; and JSON readers have 63 bits at most. */
    bool is_number = strcmp(name, "cluster_id") != 0 && request_number(value, size, &number) && number <= INT64_MAX;
    json_object_set_new(object, name, is_number ? json_integer((json_int_t)number) : json_stringn(value, size));
}

static void set_pair(json_t *object, const char *pair, size_t size)
{
    const char *equals = memchr(pair, '=', size);
    if (equals)
        set(object, pair, (size_t)(equals - pair), equals + 1, size - (size_t)(equals - pair) - 1);
}

static json_t *parse_node(const char *line, size_t size)
{
    json_t *node = json_object();
    const char *end = line + size;
    while (line < end) {
        const char *space = memchr(line, ' ', (size_t)(end - line));
        size_t pair = (size_t)((space ? space : end) - line);
        set_pair(node, line, pair);
        line += pair + (space != NULL);
    }
    return node;
}

json_t *report_parse(const char *text, size_t size)
{
    json_t *object = json_object();
    json_t *nodes = json_array();
    const char *end = text + size;
    while (text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((line_end ? line_end : end) - text);
        size_t used = length > 0 && text[length - 1] == '\r' ? length - 1 : length;
        if (used > 5 && memcmp(text, "node=", 5) == 0)
            json_array_append_new(nodes, parse_node(text, used));
        else
            set_pair(object, text, used);
        text += length + (line_end != NULL);
    }
    json_object_set_new(object, "nodes", nodes);
    return object;
}
