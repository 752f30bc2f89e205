/* Answers of the node as JSON. What is returned is the caller's (json_decref).
 *
 * A name that is no UTF-8 is given as "name_base64" instead of "name". */
#ifndef CLEAT_HTTP_JSON_H
#define CLEAT_HTTP_JSON_H

#include <jansson.h>

#include "http/plan.h"
#include "protocol/answer.h"

/* {"ok":true,"name":"x","version":7,"value":3}: ANSWER_OK on a change of NAME (not given: of several). */
json_t *json_change(const struct answer *answer, const struct target_text *name);

/* {"ok":true,"level":2}: ANSWER_OK on `cluster level`. */
json_t *json_level(const struct answer *answer);

/* {"ok":false,"error":"ERR_VERSION","message":"..."} */
json_t *json_error(enum reply_error error, const char *message, size_t message_size);

/* {"ok":true,"revision":9,"files":[{"name":"x","version":7,"size":5,"expires_in":60}],"folders":[{"name":"a/"}],
 *  "more":false}; where there is more, "after" is what to ask for next. */
json_t *json_list(const struct answer *answer, const char *text, size_t size);
/* That ANSWER is stale, and how far it goes. */
void json_add_stale(json_t *object, const struct answer *answer);

#endif
