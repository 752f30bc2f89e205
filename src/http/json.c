#include "http/json.h"

#include <string.h>

#include "base/base64.h"
#include "base/buffer.h"

void json_add_name(json_t *object, const char *key, const void *name, size_t size)
{
    json_t *text = json_stringn(name, size);
    if (text) {
        json_object_set_new(object, key, text);
        return;
    }
    struct buffer coded = {0}, coded_key = {0};
    base64_encode(&coded, name, size);
    buffer_append_text(&coded_key, key);
    buffer_append(&coded_key, "_base64", sizeof "_base64");
    json_object_set_new(object, (const char *)buffer_start(&coded_key),
                        json_stringn((const char *)buffer_start(&coded), buffer_size(&coded)));
    buffer_close(&coded);
    buffer_close(&coded_key);
}

static void add_number(json_t *object, const char *key, uint64_t number)
{
    json_object_set_new(object, key, json_integer((json_int_t)number));
}

json_t *json_change(const struct answer *answer, const struct target_text *name)
{
    json_t *object = json_object();
    json_object_set_new(object, "ok", json_true());
    if (name->given)
        json_add_name(object, "name", name->bytes, name->size);
    if (answer->version > 0)
        add_number(object, "version", answer->version);
    if (answer->has_value)
        json_object_set_new(object, "value", json_integer(answer->value));
    return object;
}

json_t *json_error(const char *code, const char *message, size_t message_size)
{
    json_t *object = json_object();
    json_object_set_new(object, "ok", json_false());
    json_object_set_new(object, "error", json_string(code));
    if (message_size > 0)
        json_object_set_new(object, "message", json_stringn(message, message_size));
    return object;
}

/* --- status ----------------------------------------------------------------------------------------------------- */

/* KEY=VALUE of SIZE bytes into OBJECT: a number where it is one, and no id. */
static void add_pair(json_t *object, const char *pair, size_t size)
{
    char key[64];
    const char *equals = memchr(pair, '=', size);
    size_t key_size = equals ? (size_t)(equals - pair) : 0;
    if (key_size == 0 || key_size >= sizeof key)
        return;
    memcpy(key, pair, key_size);
    key[key_size] = '\0';
    const char *value = equals + 1;
    size_t value_size = size - key_size - 1;
    uint64_t number;
    if (strcmp(key, "cluster_id") != 0 && request_number(value, value_size, &number) && number <= INT64_MAX)
        add_number(object, key, number);
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
    for (const char *at = text, *end = text + size; at < end;) {
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

/* --- listings --------------------------------------------------------------------------------------------------- */

static void add_line(json_t *files, json_t *folders, const char *line, const char *end)
{
    static const char *const keys[] = {"version", "size", "expires_in"};
    const char *space = memchr(line, ' ', (size_t)(end - line));
    json_t *object = json_object();
    json_add_name(object, "name", line, (size_t)((space ? space : end) - line));
    if (!space) {
        json_array_append_new(folders, object);
        return;
    }
    for (unsigned i = 0; i < 3 && space; i++) {
        const char *word = space + 1;
        uint64_t number = 0;
        space = memchr(word, ' ', (size_t)(end - word));
        if (request_number(word, (size_t)((space ? space : end) - word), &number) && (i < 2 || number > 0))
            add_number(object, keys[i], number);
    }
    json_array_append_new(files, object);
}

json_t *json_list(const struct answer *answer, const char *text, size_t size)
{
    json_t *object = json_object(), *files = json_array(), *folders = json_array();
    const char *last = NULL, *last_end = NULL;
    for (const char *at = text, *end = text + size; at < end;) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        last = at;
        last_end = lf ? lf : end;
        add_line(files, folders, at, last_end);
        at = lf ? lf + 1 : end;
    }
    json_object_set_new(object, "ok", json_true());
    add_number(object, "revision", answer->version);
    json_object_set_new(object, "files", files);
    json_object_set_new(object, "folders", folders);
    json_object_set_new(object, "more", json_boolean(answer->more));
    if (answer->more && last) {
        const char *space = memchr(last, ' ', (size_t)(last_end - last));
        json_add_name(object, "after", last, (size_t)((space ? space : last_end) - last));
    }
    if (answer->stale)
        json_object_set_new(object, "stale", json_true());
    return object;
}
