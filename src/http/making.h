/* What a request is made into a plan from, and how: for plan.c and plan_change.c. */
#ifndef CLEAT_HTTP_MAKING_H
#define CLEAT_HTTP_MAKING_H

#include <string.h>
#include <strings.h>

#include "http/plan.h"
#include "protocol/request.h"

struct making {
    const struct fields *fields;
    struct target target;
    struct plan *plan;
    struct refusal *refusal;
};

static inline void refuse(struct making *making, enum reply_error error, const char *message)
{
    *making->refusal = (struct refusal){.error = error, .message = message};
}

static inline void refuse_bad(struct making *making, const char *message)
{
    refuse(making, REPLY_CMD_ERR, message);
}

static inline bool method_is(const struct making *making, const char *method)
{
    return strcmp(making->fields->method, method) == 0;
}

static inline bool refuse_method(struct making *making, const char *allow)
{
    refuse(making, REPLY_METHOD, "this path does not take that method");
    making->refusal->allow = allow;
    return false;
}

static inline const struct target_text *parameter(const struct making *making, enum parameter which)
{
    const struct target_text *text = &making->target.parameters[which];
    return text->given ? text : NULL;
}

/* Only the parameters of the set (bits by enum parameter) have a meaning here. */
static inline bool takes_only(struct making *making, unsigned set)
{
    for (unsigned i = 0; i < PARAMETER_COUNT; i++) {
        if (making->target.parameters[i].given && !(set & 1u << i)) {
            refuse_bad(making, "a parameter has no meaning for this request");
            return false;
        }
    }
    return true;
}

/* A set of one. */
#define SET(which) (1u << PARAMETER_##which)

/* --- building lines --------------------------------------------------------------------------------------------- */

static inline void add(struct buffer *lines, const char *text)
{
    buffer_append_text(lines, text);
}

static inline void add_text(struct buffer *lines, const struct target_text *text)
{
    buffer_append(lines, text->bytes, text->size);
}

static inline void add_word(struct buffer *lines, const struct target_text *text)
{
    add(lines, " ");
    add_text(lines, text);
}

static inline void add_number(struct buffer *lines, uint64_t number)
{
    add(lines, " ");
    buffer_append_number(lines, number);
}

static inline void add_once(struct making *making, struct buffer *lines)
{
    if (making->plan->once.given) {
        add(lines, " once=");
        add_text(lines, &making->plan->once);
    }
}

static inline bool is_name(const struct target_text *text)
{
    return request_name(text->bytes, text->size);
}

/* --- plan_change.c --- */
/* What all changes have in common. False: it is refused. */
bool change_begin(struct making *making);
/* PUT, POST or DELETE of a file. */
void change_plan(struct making *making);

#endif
