#include "node/event.h"

#include <string.h>

#include "node/state.h"

void event_begin(struct node *node, const char *name)
{
    buffer_append_text(&node->log, "event=");
    buffer_append_text(&node->log, name);
}

void event_text(struct node *node, const char *key, const char *value)
{
    bool quoted = value[0] == '\0' || strpbrk(value, " \"=\\") != NULL;
    buffer_append_text(&node->log, " ");
    buffer_append_text(&node->log, key);
    buffer_append_text(&node->log, quoted ? "=\"" : "=");
    for (const char *at = value; *at; at++)
        buffer_append_u8(&node->log, *at == '"' || *at == '\n' ? '\'' : (uint8_t)*at);
    if (quoted)
        buffer_append_text(&node->log, "\"");
}

void event_number(struct node *node, const char *key, uint64_t value)
{
    buffer_append_text(&node->log, " ");
    buffer_append_text(&node->log, key);
    buffer_append_text(&node->log, "=");
    buffer_append_number(&node->log, value);
}

void event_hex(struct node *node, const char *key, uint64_t value)
{
    buffer_append_text(&node->log, " ");
    buffer_append_text(&node->log, key);
    buffer_append_text(&node->log, "=");
    buffer_append_hex(&node->log, value);
}

void event_end(struct node *node)
{
    buffer_append_text(&node->log, "\n");
}
