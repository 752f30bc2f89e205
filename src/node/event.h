/* Lines for people and scripts, of what happens to a node: "event=NAME key=value ...\n". They wait in env->log until
 * the driver fetches them (node_log). */
#ifndef CLEAT_NODE_EVENT_H
#define CLEAT_NODE_EVENT_H

#include <stdint.h>

#include "base/log_events.h"

struct env;

/* Begins a line, "event=NAME". The next three add " key=value" to it, event_end ends it. */
void event_begin(struct env *env, enum log_event event);
/* In quotes where it must be. */
void event_text(struct env *env, const char *key, const char *value);
void event_number(struct env *env, const char *key, uint64_t value);
void event_hex(struct env *env, const char *key, uint64_t value);
void event_end(struct env *env);

#endif
