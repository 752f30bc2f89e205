#include "node/env.h"

#include <string.h>

#include "node/event.h"

void env_stop(struct env *env, enum log_event event, const char *reason)
{
    if (env->stopping)
        return;
    if (reason != env->stop_reason) {
        strncpy(env->stop_reason, reason, sizeof env->stop_reason - 1);
        env->stop_reason[sizeof env->stop_reason - 1] = '\0';
    }
    env->stopping = true;
    event_begin(env, event);
    event_text(env, "reason", env->stop_reason);
    event_end(env);
}
