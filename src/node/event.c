#include "node/event.h"

#include <string.h>

#include "base/ensure.h"
#include "node/env.h"

/* A line is begun that has not ended. */
static bool in_line(const struct env *env)
{
    return buffer_size(&env->log) > 0 && env->log.bytes[env->log.end - 1] != '\n';
}

void event_begin(struct env *env, enum log_event event)
{
    ensure(!in_line(env));
    log_event_begin(&env->log, event);
}

void event_text(struct env *env, const char *key, const char *value)
{
    ensure(in_line(env));
    bool quoted = value[0] == '\0' || strpbrk(value, " \"=\\") != NULL;
    buffer_append_text(&env->log, " ");
    buffer_append_text(&env->log, key);
    buffer_append_text(&env->log, quoted ? "=\"" : "=");
    for (const char *at = value; *at; at++)
        buffer_append_u8(&env->log, *at == '"' || *at == '\n' ? '\'' : (uint8_t)*at);
    if (quoted)
        buffer_append_text(&env->log, "\"");
}

void event_number(struct env *env, const char *key, uint64_t value)
{
    ensure(in_line(env));
    buffer_append_text(&env->log, " ");
    buffer_append_text(&env->log, key);
    buffer_append_text(&env->log, "=");
    buffer_append_number(&env->log, value);
}

void event_hex(struct env *env, const char *key, uint64_t value)
{
    ensure(in_line(env));
    buffer_append_text(&env->log, " ");
    buffer_append_text(&env->log, key);
    buffer_append_text(&env->log, "=");
    buffer_append_hex(&env->log, value);
}

void event_end(struct env *env)
{
    ensure(in_line(env));
    buffer_append_text(&env->log, "\n");
}
