#include "http/json.h"

#include <string.h>

#include "json/encode.h"
#include "protocol/request.h"

json_t *json_change(const struct answer *answer, const struct target_text *name)
{
    json_t *object = json_object();
    json_object_set_new(object, "ok", json_true());
    if (name->given)
        json_add_name(object, name->bytes, name->size);
    if (answer->version > 0)
        json_add_number(object, "version", answer->version);
    if (answer->has_value)
        json_object_set_new(object, "value", json_integer(answer->value));
    return object;
}

json_t *json_level(const struct answer *answer)
{
    json_t *object = json_object();
    json_object_set_new(object, "ok", json_true());
    json_add_number(object, "level", answer->version);
    return object;
}

json_t *json_error(enum reply_error error, const char *message, size_t message_size)
{
    json_t *object = json_object();
    json_object_set_new(object, "ok", json_false());
    json_object_set_new(object, "error", json_string(error_row(error)->code));
    if (message_size > 0)
        json_add_message(object, message, message_size);
    return object;
}

/* --- listings --------------------------------------------------------------------------------------------------- */

static void add_line(json_t *files, json_t *folders, const char *line, const char *end)
{
    static const char *const keys[] = {"version", "size", "expires_in"};
    const char *space = memchr(line, ' ', (size_t)(end - line));
    json_t *object = json_object();
    json_add_name(object, line, (size_t)((space ? space : end) - line));
    if (!space) {
        json_array_append_new(folders, object);
        return;
    }
    for (unsigned i = 0; i < 3 && space; i++) {
        const char *word = space + 1;
        uint64_t number = 0;
        space = memchr(word, ' ', (size_t)(end - word));
        if (request_number(word, (size_t)((space ? space : end) - word), &number) && (i < 2 || number > 0))
            json_add_number(object, keys[i], number);
    }
    json_array_append_new(files, object);
}

void json_add_stale(json_t *object, const struct answer *answer)
{
    json_object_set_new(object, "stale", json_true());
    json_add_number(object, "revision", answer->how_stale.revision);
    if (answer->how_stale.leaderless)
        json_add_number(object, "leaderless_s", answer->how_stale.leaderless_s);
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
    json_add_number(object, "revision", answer->version);
    json_object_set_new(object, "files", files);
    json_object_set_new(object, "folders", folders);
    json_object_set_new(object, "more", json_boolean(answer->more));
    if (answer->more && last) {
        const char *space = memchr(last, ' ', (size_t)(last_end - last));
        json_add_bytes(object, "after", "after_base64", last, (size_t)((space ? space : last_end) - last));
    }
    if (answer->stale)
        json_add_stale(object, answer);
    return object;
}
