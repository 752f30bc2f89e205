/* Lines for people and scripts, of what happens to a node: "event=NAME key=value ...\n". They wait in node->log until
 * the driver fetches them (node_log). */
#ifndef CLEAT_NODE_EVENT_H
#define CLEAT_NODE_EVENT_H

#include <stdint.h>

struct node;

/* Begins a line, "event=NAME". The next three add " key=value" to it, event_end ends it. */
void event_begin(struct node *node, const char *name);
/* In quotes where it must be. */
void event_text(struct node *node, const char *key, const char *value);
void event_number(struct node *node, const char *key, uint64_t value);
void event_hex(struct node *node, const char *key, uint64_t value);
void event_end(struct node *node);

#endif
